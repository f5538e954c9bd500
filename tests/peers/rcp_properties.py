"""Properties of a real ot-rcp as it was recorded: RCP API version 11."""

from lowpan_radios.spinel_names import Property

HARDWARE_ADDRESS = bytes.fromhex("18b4300000000009")
CHANNELS = bytes(range(11, 27))
CAPS = bytes.fromhex("050c1822810440418604")

READ_ONLY = {
    Property.PROTOCOL_VERSION: bytes([4, 3]),
    Property.NCP_VERSION: b"OPENTHREAD/double; TEST\0",
    Property.INTERFACE_TYPE: b"\x03",
    Property.CAPS: CAPS,
    Property.HWADDR: HARDWARE_ADDRESS,
    Property.PHY_CHAN_SUPPORTED: CHANNELS,
    Property.PHY_RSSI: b"\x9e",
    Property.PHY_RX_SENSITIVITY: b"\x9c",
    Property.RCP_API_VERSION: b"\x0b",
    Property.RCP_MIN_HOST_API_VERSION: b"\x04",
    Property.RADIO_CAPS: b"\x7f",
}
AFTER_BOOT: dict[int, bytes] = {
    Property.PHY_ENABLED: b"\0",
    Property.PHY_CHAN: b"\x0b",
    Property.PHY_CCA_THRESHOLD: b"\xb6",
    Property.PHY_TX_POWER: b"\0",
    Property.MAC_SCAN_STATE: b"\0",
    Property.MAC_SCAN_MASK: b"",
    Property.MAC_SCAN_PERIOD: b"\0\0",
    Property.MAC_15_4_LADDR: bytes(8),
    Property.MAC_15_4_SADDR: b"\xfe\xff",
    Property.MAC_15_4_PANID: b"\xff\xff",
    Property.MAC_RAW_STREAM_ENABLED: b"\0",
    Property.MAC_PROMISCUOUS_MODE: b"\0",
    Property.MAC_SRC_MATCH_ENABLED: b"\0",
    Property.DEBUG_NCP_LOG_LEVEL: b"\5",
}
WRITE_ONLY = (
    Property.RCP_MAC_KEY,
    Property.RCP_MAC_FRAME_COUNTER,
    Property.MAC_SRC_MATCH_SHORT_ADDRESSES,
    Property.MAC_SRC_MATCH_EXTENDED_ADDRESSES,
)
LISTS = {
    Property.MAC_SRC_MATCH_SHORT_ADDRESSES: 2,
    Property.MAC_SRC_MATCH_EXTENDED_ADDRESSES: 8,
}
NEEDS_PHY = (Property.PHY_CHAN, Property.STREAM_RAW, Property.MAC_SCAN_STATE)
