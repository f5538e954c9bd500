"""What a radio co-processor was told to be, so that it can be told again after a reset."""

from dataclasses import dataclass

from lowpan.errors import FieldOutOfRange, RadioError
from lowpan.radio import RadioSettings
from lowpan_radios.rcp_identity import RcpIdentity
from lowpan_radios.rcp_requests import RadioRefused, Requests
from lowpan_radios.rcp_source_match import NOBODY, SourceMatch, check_senders
from lowpan_radios.spinel_keys import RCP_MAC_KEY, RcpMacKey
from lowpan_radios.spinel_names import PROMISCUOUS_FULL, PROMISCUOUS_OFF, Command, Property

COUNTER_MARGIN = 1000
"""Frame counters left out after a reset: of Enh-Acks that the radio secured and could not tell."""

LARGEST_COUNTER = 0xFFFFFFFF
EXTENDED_OCTETS = 8


@dataclass(slots=True)
class RcpState:
    """All that is applied again when the radio has forgotten it, apart from RadioSettings."""

    keys: RcpMacKey | None = None
    next_frame_counter: int = 0
    """The lowest counter that no frame has gone out with, as far as the radio told."""

    def used(self, frame_counter: int) -> None:
        """Take note that a frame went out with this counter."""
        self.next_frame_counter = max(self.next_frame_counter, frame_counter + 1)

    def check_unused(self, keys: RcpMacKey, frame_counter: int) -> None:
        """Raise FieldOutOfRange if `frame_counter` would be used twice with a key."""
        if not 0 <= frame_counter <= LARGEST_COUNTER:
            raise FieldOutOfRange(f"frame_counter is {frame_counter}, not 0..{LARGEST_COUNTER}")
        same = self.keys is not None and self.keys.current == keys.current
        if same and frame_counter < self.next_frame_counter:
            least = self.next_frame_counter
            raise FieldOutOfRange(
                f"frame_counter is {frame_counter}; with this key, {least} is next"
            )


def check_settings(uri: str, settings: RadioSettings) -> None:
    """Raise FieldOutOfRange or RadioError for what no radio co-processor can be."""
    for name in ("pan_id", "short_address"):
        if not 0 <= getattr(settings, name) <= 0xFFFF:
            raise FieldOutOfRange(f"{name} is {getattr(settings, name)}, not 0..65535")
    address = settings.extended_address
    if address is not None and len(address) != EXTENDED_OCTETS:
        raise FieldOutOfRange(f"extended_address has {len(address)} octets, not 8")
    check_senders(settings.source_match or NOBODY)
    power = settings.transmit_power
    if power is not None and not -128 <= power <= 126:
        raise FieldOutOfRange(f"transmit_power is {power} dBm, not -128..126")
    if settings.page:
        raise RadioError(f"{uri}: no channel page {settings.page}", "it has page 0")


class Applying:
    """Tells the radio its settings: only what has changed, until the radio has forgotten all."""

    def __init__(self, uri: str, requests: Requests, state: RcpState) -> None:
        self._uri, self._requests, self._state = uri, requests, state
        self._known: dict[Property, bytes] = {}
        self._source_match = SourceMatch(requests)

    def forget(self) -> None:
        """Take it that the radio knows nothing, whatever it answers to what it was told before."""
        self._known = {}
        self._source_match.forget()

    async def apply(self, settings: RadioSettings, identity: RcpIdentity, log_level: int) -> None:
        """Make the radio be `settings`; raise RadioError.  Its PHY comes first, reception last."""
        fresh = not self._known
        if fresh:
            await self._log(log_level)
        await self._set(Property.PHY_ENABLED, b"\1")
        for number, value in _values(settings, identity):
            await self._set(number, value)
        await self._tell_senders(settings)
        if fresh:
            await self.security(COUNTER_MARGIN)
        await self.tune(settings.channel)
        await self._set(Property.MAC_RAW_STREAM_ENABLED, b"\1")

    async def tune(self, channel: int) -> None:
        """Set the channel, and read it back."""
        value = bytes([channel])
        if self._known.get(Property.PHY_CHAN) == value:
            return
        await self._set(Property.PHY_CHAN, value)
        found = await self._requests.ask(Command.PROP_VALUE_GET, Property.PHY_CHAN)
        if found != value:
            self._known.pop(Property.PHY_CHAN, None)
            cause = (
                f"{self._uri}: set to channel {channel}, the radio is on {found[:1].hex() or '?'}"
            )
            raise RadioError(cause, "take a channel of its region")

    async def _tell_senders(self, settings: RadioSettings) -> None:
        """Tell it for whom frames wait; to everybody who asks, if its table has no room for all."""
        room = await self._source_match.apply(settings.source_match or NOBODY)
        only_these = room if settings.source_match is not None else not settings.ack_pending
        await self._set(Property.MAC_SRC_MATCH_ENABLED, bytes([only_these]))

    async def security(self, margin: int = 0, *, counter_first: bool = True) -> None:
        """Give it the frame counter, `margin` ahead of what was used, and the keys.

        The counter goes before the keys, so that no frame has a new key and a counter of before,
        unless it is lower: then frames with the old key would repeat counters.  It always goes
        behind them, because a new key sets the counter of some radios to 0.
        """
        state = self._state
        if state.keys is None:
            return
        number = state.next_frame_counter + margin
        if number > LARGEST_COUNTER:
            raise RadioError(f"{self._uri}: its frame counters are used up", "change the key")
        state.next_frame_counter = number
        counter = (Property.RCP_MAC_FRAME_COUNTER, number.to_bytes(4, "little"))
        keys = (Property.RCP_MAC_KEY, RCP_MAC_KEY.encode(state.keys))
        for name, value in (counter, keys, counter) if counter_first else (keys, counter):
            await self._requests.ask(Command.PROP_VALUE_SET, name, value)

    async def _log(self, level: int) -> None:
        """Ask for little log; many radios have no such property."""
        number, known = Property.DEBUG_NCP_LOG_LEVEL, self._known
        try:
            await self._requests.ask(Command.PROP_VALUE_SET, number, bytes([level]))
        except RadioRefused as refused:
            known[number] = bytes([refused.status])  # known to have none

    async def _set(self, number: Property, value: bytes) -> None:
        """Set a property unless the radio has that value."""
        known = self._known
        if known.get(number) == value:
            return
        known.pop(number, None)
        await self._requests.ask(Command.PROP_VALUE_SET, number, value)
        known[number] = value


def _values(settings: RadioSettings, identity: RcpIdentity) -> list[tuple[Property, bytes]]:
    """Return the properties that settings are, in the order of a host's bring-up."""
    address = settings.extended_address or identity.hardware_address
    power = settings.transmit_power
    if power is None:
        power = identity.transmit_power
    mode = PROMISCUOUS_FULL if settings.promiscuous else PROMISCUOUS_OFF
    values = [
        (Property.MAC_15_4_PANID, settings.pan_id.to_bytes(2, "little")),
        (Property.MAC_15_4_SADDR, settings.short_address.to_bytes(2, "little")),
        (Property.MAC_15_4_LADDR, address),
        (Property.MAC_PROMISCUOUS_MODE, bytes([mode])),
    ]
    if power is not None:
        values.append((Property.PHY_TX_POWER, power.to_bytes(1, "little", signed=True)))
    return values
