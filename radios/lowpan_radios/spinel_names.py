"""Numbers of Spinel by their names (draft-rquattle-spinel-unified; OpenThread's spinel.h)."""

from enum import IntEnum, IntFlag


class Command(IntEnum):
    """What a message asks or tells."""

    NOOP = 0
    RESET = 1
    PROP_VALUE_GET = 2
    PROP_VALUE_SET = 3
    PROP_VALUE_INSERT = 4
    PROP_VALUE_REMOVE = 5
    PROP_VALUE_IS = 6
    PROP_VALUE_INSERTED = 7
    PROP_VALUE_REMOVED = 8


class ResetKind(IntEnum):
    """Argument of RESET."""

    PLATFORM = 1
    """The whole chip; a USB stick may vanish and return."""
    STACK = 2
    """The radio's software only."""
    BOOTLOADER = 3


class Property(IntEnum):
    """Properties of a radio co-processor."""

    LAST_STATUS = 0
    PROTOCOL_VERSION = 1
    NCP_VERSION = 2
    INTERFACE_TYPE = 3
    CAPS = 5
    HWADDR = 8
    PHY_ENABLED = 0x20
    PHY_CHAN = 0x21
    PHY_CHAN_SUPPORTED = 0x22
    PHY_CCA_THRESHOLD = 0x24
    PHY_TX_POWER = 0x25
    PHY_RSSI = 0x26
    PHY_RX_SENSITIVITY = 0x27
    MAC_SCAN_STATE = 0x30
    MAC_SCAN_MASK = 0x31
    MAC_SCAN_PERIOD = 0x32
    MAC_15_4_LADDR = 0x34
    MAC_15_4_SADDR = 0x35
    MAC_15_4_PANID = 0x36
    MAC_RAW_STREAM_ENABLED = 0x37
    MAC_PROMISCUOUS_MODE = 0x38
    MAC_ENERGY_SCAN_RESULT = 0x39
    STREAM_DEBUG = 0x70
    STREAM_RAW = 0x71
    STREAM_LOG = 0x74
    RCP_API_VERSION = 0xB0
    RCP_MIN_HOST_API_VERSION = 0xB1
    RCP_MAC_KEY = 0x800
    RCP_MAC_FRAME_COUNTER = 0x801
    RCP_TIMESTAMP = 0x802
    RADIO_CAPS = 0x120B
    MAC_SRC_MATCH_ENABLED = 0x1303
    MAC_SRC_MATCH_SHORT_ADDRESSES = 0x1304
    MAC_SRC_MATCH_EXTENDED_ADDRESSES = 0x1305
    DEBUG_NCP_LOG_LEVEL = 0x4001


class Status(IntEnum):
    """Values of LAST_STATUS."""

    OK = 0
    FAILURE = 1
    UNIMPLEMENTED = 2
    INVALID_ARGUMENT = 3
    INVALID_STATE = 4
    INVALID_COMMAND = 5
    INVALID_INTERFACE = 6
    INTERNAL_ERROR = 7
    SECURITY_ERROR = 8
    PARSE_ERROR = 9
    IN_PROGRESS = 10
    NOMEM = 11
    BUSY = 12
    PROP_NOT_FOUND = 13
    DROPPED = 14
    EMPTY = 15
    CMD_TOO_BIG = 16
    NO_ACK = 17
    CCA_FAILURE = 18
    ALREADY = 19
    ITEM_NOT_FOUND = 20
    INVALID_COMMAND_FOR_PROP = 21
    UNKNOWN_NEIGHBOR = 22
    NOT_CAPABLE = 23
    RESPONSE_TIMEOUT = 24
    RESET_POWER_ON = 112
    RESET_EXTERNAL = 113
    RESET_SOFTWARE = 114
    RESET_FAULT = 115
    RESET_CRASH = 116
    RESET_ASSERT = 117
    RESET_OTHER = 118
    RESET_UNKNOWN = 119
    RESET_WATCHDOG = 120


RESETS = range(112, 128)
"""Values of LAST_STATUS that say why the radio has restarted."""


def status_name(status: int) -> str:
    """Return what `status` is called, or its number."""
    try:
        return Status(status).name
    except ValueError:
        return f"status {status}"


class Cap(IntEnum):
    """Items of CAPS."""

    CONFIG_RADIO = 34
    RCP_API_VERSION = 64
    RCP_MIN_HOST_API_VERSION = 65
    MAC_RAW = 513


class RadioCaps(IntFlag):
    """Bits of RADIO_CAPS: what the radio does by itself."""

    ACK_TIMEOUT = 1 << 0
    ENERGY_SCAN = 1 << 1
    TRANSMIT_RETRIES = 1 << 2
    CSMA_BACKOFF = 1 << 3
    SLEEP_TO_TX = 1 << 4
    TRANSMIT_SEC = 1 << 5
    TRANSMIT_TIMING = 1 << 6
    RECEIVE_TIMING = 1 << 7


class RawFlags(IntFlag):
    """Flags of a frame in STREAM_RAW."""

    TRANSMITTED = 0x0001
    """This radio sent it; it was not received."""
    BAD_FCS = 0x0004
    DUPLICATE = 0x0008
    ACKED_WITH_PENDING = 0x0010
    ACKED_WITH_SECURITY = 0x0020


SCAN_IDLE, SCAN_ENERGY = 0, 2
"""Values of MAC_SCAN_STATE."""

PROMISCUOUS_OFF, PROMISCUOUS_FULL = 0, 2
"""Values of MAC_PROMISCUOUS_MODE."""

INTERFACE_BOOTLOADER = 0
"""Value of INTERFACE_TYPE."""
