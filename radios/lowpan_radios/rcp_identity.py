"""Who answers: the firmware of a radio co-processor, and what it does by itself."""

from dataclasses import dataclass

from lowpan.errors import MalformedFrame, RadioError
from lowpan.radio import CHANNELS_2450, RadioCapability
from lowpan_radios.rcp_requests import RadioRefused, Requests
from lowpan_radios.spinel import decode_puis
from lowpan_radios.spinel_names import INTERFACE_BOOTLOADER, Cap, Command, Property, RadioCaps

PROTOCOL_MAJOR = 4
HOST_API_VERSION = 11
"""Of RCP_API_VERSION: the newest that we know."""
OLDEST_API_VERSION = 4
"""OpenThread's hosts refuse older ones."""

_ALWAYS = (
    RadioCapability.TRANSMIT
    | RadioCapability.ACKNOWLEDGE
    | RadioCapability.SOURCE_MATCH
    | RadioCapability.PROMISCUOUS
    | RadioCapability.TIMESTAMPS
    | RadioCapability.RSSI
    | RadioCapability.LQI
)
_BY_BIT = {
    RadioCaps.ACK_TIMEOUT: RadioCapability.ACK_TIMEOUT,
    RadioCaps.ENERGY_SCAN: RadioCapability.ENERGY,
    RadioCaps.TRANSMIT_RETRIES: RadioCapability.RETRIES,
    RadioCaps.CSMA_BACKOFF: RadioCapability.CSMA,
    RadioCaps.TRANSMIT_SEC: RadioCapability.SECURITY,
    RadioCaps.TRANSMIT_TIMING: RadioCapability.TIMED_TRANSMIT,
}
_FLASH = "flash OpenThread's ot-rcp on it"


@dataclass(frozen=True, slots=True)
class RcpIdentity:
    """What a radio co-processor says of itself."""

    version: str
    protocol: tuple[int, ...]
    api_version: int | None
    """None: of before there were numbers."""
    hardware_address: bytes
    """EUI-64, as displayed."""
    radio_caps: RadioCaps
    channels: tuple[int, ...]
    transmit_power: int | None
    """dBm, as it was found; None if it does not tell."""

    @property
    def capabilities(self) -> RadioCapability:
        """Return what it does by itself, in our words."""
        found = _ALWAYS
        for bit, capability in _BY_BIT.items():
            if bit in self.radio_caps:
                found |= capability
        return found

    @property
    def description(self) -> str:
        """Return one line for people to read."""
        api = "unknown" if self.api_version is None else str(self.api_version)
        address = self.hardware_address.hex(":")
        return f"OpenThread RCP {self.version} (API {api}, EUI-64 {address})"


class _Questions:
    """Asks, and says what is wrong if the answer makes no sense."""

    def __init__(self, uri: str, requests: Requests) -> None:
        self._uri, self._requests = uri, requests

    async def octets(self, number: Property) -> bytes:
        return await self._requests.ask(Command.PROP_VALUE_GET, number)

    async def optional(self, number: Property) -> bytes:
        """Return the value; empty if there is none."""
        try:
            return await self.octets(number)
        except RadioRefused:
            return b""

    async def numbers(self, number: Property) -> tuple[int, ...]:
        value = await self.octets(number)
        try:
            found = decode_puis(value)
        except MalformedFrame:
            found = ()
        if not found:
            cause = f"{self._uri}: {number.name} of the radio is {value[:16].hex() or 'empty'}"
            raise RadioError(cause, _FLASH)
        return found


async def identify(uri: str, requests: Requests) -> RcpIdentity:
    """Ask who is there; raise RadioError if it is no radio co-processor that we can work with."""
    ask = _Questions(uri, requests)
    protocol = await ask.numbers(Property.PROTOCOL_VERSION)
    if protocol[0] != PROTOCOL_MAJOR:
        cause = f"{uri}: speaks version {protocol[0]} of Spinel, not {PROTOCOL_MAJOR}"
        raise RadioError(cause, _FLASH)
    await _refuse_bootloader(uri, ask)
    api_version = await _api_version(uri, ask)
    version = await ask.octets(Property.NCP_VERSION)
    caps = await ask.optional(Property.RADIO_CAPS)
    power = await ask.optional(Property.PHY_TX_POWER)
    return RcpIdentity(
        _text(version),
        protocol,
        api_version,
        await _hardware_address(uri, ask),
        RadioCaps(_sum(caps)),
        tuple(await ask.optional(Property.PHY_CHAN_SUPPORTED)) or CHANNELS_2450,
        int.from_bytes(power[:1], "little", signed=True) if power else None,
    )


async def _refuse_bootloader(uri: str, ask: _Questions) -> None:
    interface = await ask.optional(Property.INTERFACE_TYPE)
    if interface == bytes([INTERFACE_BOOTLOADER]):
        raise RadioError(f"{uri}: its bootloader answers, no radio", _FLASH)


async def _api_version(uri: str, ask: _Questions) -> int | None:
    """Return the RCP's API version; raise RadioError unless it and ours fit."""
    caps = await ask.numbers(Property.CAPS)
    if Cap.CONFIG_RADIO not in caps or Cap.MAC_RAW not in caps:
        cause = f"{uri}: speaks Spinel but is no radio co-processor (a whole node: NCP)"
        raise RadioError(cause, _FLASH)
    if Cap.RCP_API_VERSION not in caps:
        return None
    version = (await ask.numbers(Property.RCP_API_VERSION))[0]
    if version < OLDEST_API_VERSION:
        cause = f"{uri}: its RCP API version {version} is older than {OLDEST_API_VERSION}"
        raise RadioError(cause, "flash a newer ot-rcp on it")
    if Cap.RCP_MIN_HOST_API_VERSION in caps:
        wanted = (await ask.numbers(Property.RCP_MIN_HOST_API_VERSION))[0]
        if wanted > HOST_API_VERSION:
            cause = f"{uri}: wants a host of RCP API version {wanted}; ours is {HOST_API_VERSION}"
            raise RadioError(cause, "update lowpan, or flash an older ot-rcp on it")
    return version


async def _hardware_address(uri: str, ask: _Questions) -> bytes:
    address = await ask.octets(Property.HWADDR)
    if len(address) != 8:
        raise RadioError(f"{uri}: HWADDR of the radio has {len(address)} octets", _FLASH)
    return address


def _sum(octets: bytes) -> int:
    """Return the packed integer; 0 if there is none."""
    try:
        return (decode_puis(octets) or (0,))[0]
    except MalformedFrame:
        return 0


def _text(octets: bytes) -> str:
    """Return a version as one printable line of bounded length."""
    text = octets.partition(b"\0")[0].decode(errors="replace")
    return "".join(c if c.isprintable() else "?" for c in text)[:120] or "unknown"
