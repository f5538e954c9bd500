"""`spinel:` OpenThread's radio co-processor (RCP): Spinel in HDLC-lite over a line of octets."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass
from time import time_ns

from lowpan.errors import FieldOutOfRange, MalformedFrame, RadioError
from lowpan.radio import (
    RadioUri,
    ReceivedFrame,
    TransmitOutcome,
    TransmitParameters,
    TransmitStatus,
)
from lowpan.wire.secret import Secret
from lowpan_radios.rcp_line import RcpLine
from lowpan_radios.rcp_scan import EnergyScan
from lowpan_radios.spinel import SpinelMessage
from lowpan_radios.spinel_keys import KEY_ID_MODE_1, RcpMacKey, SpinelKey
from lowpan_radios.spinel_names import SCAN_ENERGY, Command, Property, Status, status_name
from lowpan_radios.spinel_raw import FCS_OCTETS, STREAM_RAW, Data, StreamRaw
from lowpan_radios.spinel_transmit import (
    POWER_UNSPECIFIED,
    TRANSMIT_METADATA,
    TransmitMetadata,
    TransmitResult,
    decode_result,
)
from lowpan_radios.stream import STREAM_PARAMETERS

TRANSMIT_TIMEOUT = 5.0
"""Seconds from a frame to what became of it, as OpenThread's host has it."""
SCAN_TIMEOUT = 2.0
"""Seconds that a measurement of energy may take longer than was asked for."""
KEY_OCTETS = 16

_TRANSMITTED: dict[int, TransmitStatus] = {
    Status.OK: TransmitStatus.SUCCESS,
    Status.NO_ACK: TransmitStatus.NO_ACK,
    Status.CCA_FAILURE: TransmitStatus.CHANNEL_ACCESS_FAILURE,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class RcpTransmitParameters(TransmitParameters):
    """What an RCP can do for one frame besides."""

    secure: bool = False
    """Let it fill in frame counter, key index and MIC, by the keys of set_mac_keys()."""
    delay_us: int = 0
    """Send so many microseconds after `delay_base_us`; 0: as soon as possible."""
    delay_base_us: int = 0
    """Low 32 bit of a moment on the radio's clock."""


async def open_spinel(uri: RadioUri) -> "Rcp":
    """Open `spinel:/dev/ttyACM0?baudrate=460800&iid=0&log=0`, or `spinel:tcp://host:port`."""
    uri.only(*STREAM_PARAMETERS, "iid", "log")
    radio = Rcp(uri)
    await radio.start()
    return radio


class Rcp(RcpLine):
    """An OpenThread radio co-processor: a Radio, and what only such a one can be told.

    Whatever it was told holds over resets and losses of the line: it is told again before
    anything else goes on, and a Happening.RESET (or RETURNED) says so.
    """

    def __init__(self, uri: RadioUri) -> None:
        super().__init__(uri)
        self._on_way: asyncio.Future[SpinelMessage] | None = None

    # Sending

    async def _transmit(self, psdu: bytes, parameters: TransmitParameters) -> TransmitOutcome:
        value = STREAM_RAW.encode(self._request(psdu, parameters))
        secured = isinstance(parameters, RcpTransmitParameters) and parameters.secure
        answer = await self._steadily(lambda: self._send(value))
        arrival = time_ns()
        try:
            result = decode_result(answer.value, secured=secured)
        except MalformedFrame as error:
            cause = f"{self.uri}: no transmission result: {error.reason}"
            raise RadioError(cause, "flash a newer ot-rcp on it") from error
        return self._outcome(result, arrival)

    def _request(self, psdu: bytes, parameters: TransmitParameters) -> StreamRaw:
        power = parameters.transmit_power
        extra = parameters if isinstance(parameters, RcpTransmitParameters) else None
        metadata = TransmitMetadata(
            channel=self.settings.channel if parameters.channel is None else parameters.channel,
            max_csma_backoffs=parameters.max_csma_backoffs,
            max_frame_retries=parameters.max_frame_retries,
            csma=int(parameters.csma),
            security_processed=0 if extra is not None and extra.secure else 1,
            tx_delay=0 if extra is None else extra.delay_us,
            tx_delay_base=0 if extra is None else extra.delay_base_us,
            rx_channel_after_tx=self.settings.channel,
            tx_power=POWER_UNSPECIFIED if power is None else power,
        )
        if metadata.channel not in self.channels:
            cause = f"{self.uri}: no channel {metadata.channel}"
            raise RadioError(cause, f"it has {self.channels[0]}-{self.channels[-1]}")
        return StreamRaw(Data(psdu + bytes(FCS_OCTETS)), TRANSMIT_METADATA.encode(metadata))

    async def _send(self, value: bytes) -> SpinelMessage:
        """Send, alone: a second frame would overwrite one that is still on its way."""
        if self._on_way is not None and not self._on_way.done():  # its caller was cancelled
            await asyncio.wait([self._on_way])
        self._on_way = await self.requests.send(
            Command.PROP_VALUE_SET, Property.STREAM_RAW, value, TRANSMIT_TIMEOUT
        )
        return await asyncio.shield(self._on_way)

    def _outcome(self, result: TransmitResult, arrival_ns: int) -> TransmitOutcome:
        if result.frame_counter is not None:
            self.state.used(result.frame_counter)
        status = _TRANSMITTED.get(result.status)
        return TransmitOutcome(
            status=status or TransmitStatus.ABORTED,
            ack=self._ack(result, arrival_ns),
            reason="" if status else status_name(result.status),
        )

    def _ack(self, result: TransmitResult, arrival_ns: int) -> ReceivedFrame | None:
        if result.ack is None or len(result.ack[0]) < FCS_OCTETS:
            return None
        return self._raw.received(*result.ack, arrival_ns)

    # Measuring

    async def _measure_energy(self, channel: int, duration_ms: int) -> float:
        if channel not in self.channels:
            cause = f"{self.uri}: no channel {channel}"
            raise RadioError(cause, f"it has {self.channels[0]}-{self.channels[-1]}")
        if not 1 <= duration_ms <= 0xFFFF:
            raise FieldOutOfRange(f"duration_ms is {duration_ms}, not 1..65535")
        return await self._steadily(lambda: self._energy(channel, duration_ms))

    async def _energy(self, channel: int, duration_ms: int) -> float:
        ask = self.requests.ask
        self._scan = scan = EnergyScan(channel)
        try:
            await ask(Command.PROP_VALUE_SET, Property.MAC_SCAN_MASK, bytes([channel]))
            period = duration_ms.to_bytes(2, "little")
            await ask(Command.PROP_VALUE_SET, Property.MAC_SCAN_PERIOD, period)
            await ask(Command.PROP_VALUE_SET, Property.MAC_SCAN_STATE, bytes([SCAN_ENERGY]))
            await asyncio.wait([scan.done], timeout=duration_ms / 1000 + SCAN_TIMEOUT)
        finally:
            self._scan = None
        energy = scan.done.result() if scan.done.done() else scan.highest
        if energy is None:
            cause = f"{self.uri}: no energy measured within {duration_ms} ms and {SCAN_TIMEOUT:g} s"
            raise RadioError(cause, "plug it in again")
        return float(energy)

    # What only an RCP can be told

    async def get(self, number: Property) -> bytes:
        """Return the octets of a property; raise RadioError."""
        return await self._ask(Command.PROP_VALUE_GET, number)

    async def set(self, number: Property, value: bytes) -> bytes:
        """Set a property; return the octets it has now.  It is not told again after a reset."""
        return await self._ask(Command.PROP_VALUE_SET, number, value)

    async def timestamp_us(self) -> int:
        """Return the radio's clock."""
        return int.from_bytes(await self.get(Property.RCP_TIMESTAMP), "little")

    async def rssi(self) -> int:
        """Return the energy on its channel at this moment, dBm."""
        return int.from_bytes((await self.get(Property.PHY_RSSI))[:1], "little", signed=True)

    async def set_mac_keys(
        self,
        key_index: int,
        previous: bytes,
        current: bytes,
        following: bytes,
        *,
        frame_counter: int,
    ) -> None:
        """Let it secure frames and Enh-Acks with these keys, of 16 octets, by mode 1.

        `key_index`, 1..128, and `frame_counter`, the next to be used, are the current key's.
        Raises FieldOutOfRange for a counter that was used with that key before.
        """
        for key in (previous, current, following):
            if len(key) != KEY_OCTETS:
                raise FieldOutOfRange(f"a key has {len(key)} octets, not {KEY_OCTETS}")
        if not 1 <= key_index <= 128:
            raise FieldOutOfRange(f"key_index is {key_index}, not 1..128")
        three = [SpinelKey(Secret(key)) for key in (previous, current, following)]
        keys = RcpMacKey(KEY_ID_MODE_1, key_index, *three)
        state = self.state
        async with self._sending:
            self._open()
            state.check_unused(keys, frame_counter)
            before = state.keys, state.next_frame_counter
            rises = frame_counter >= state.next_frame_counter
            state.keys, state.next_frame_counter = keys, frame_counter
            tell = self._applying.security
            try:
                await self._steadily(lambda: tell(counter_first=rises), settles=True)
            except RadioError:
                state.keys, state.next_frame_counter = before
                with suppress(RadioError):  # the first refusal is the one to tell
                    await self._steadily(tell, settles=True)
                raise

    @property
    def next_frame_counter(self) -> int:
        """Return the lowest counter that no frame went out with, as far as the radio told.

        Reserve counters far ahead of it in a durable store: frames whose outcome was lost, and
        Enh-Acks that the radio secured, may have used more.
        """
        return self.state.next_frame_counter

    async def _ask(self, command: Command, number: Property, value: bytes = b"") -> bytes:
        async with self._sending:
            self._open()
            return await self._steadily(lambda: self.requests.ask(command, number, value))
