"""Driver of TI's SmartRF Packet Sniffer 2, on CC13xx and CC26xx chips: `ti:PORT`."""

from time import time_ns

from lowpan.errors import MalformedFrame, RadioError
from lowpan.radio import Happening, RadioCapability, RadioSettings, RadioUri, ReceivedFrame
from lowpan_radios.clock import RadioClock
from lowpan_radios.listening import LISTENS, ListeningRadio
from lowpan_radios.stream import STREAM_PARAMETERS
from lowpan_radios.ti_format import (
    FCS_GOOD,
    FREQUENCY,
    PING_RESPONSE,
    SNIFFED_PACKET,
    STATUS_NAMES,
    BodyForm,
    Frequency,
    Info,
    PingResponse,
    TiMessage,
    TiStream,
    encode_message,
)

BAUDRATES = (3_000_000, 921_600)
"""Firmware from 1.9 on, and what the document says; both are tried."""

PHYS = (0x12, 0x11, 0x0D)
"""Index of O-QPSK in the 2450 MHz band: found with CC1352P, documented, found with CC1352R."""

PING_SECONDS = 0.5
COMMAND_SECONDS = 1.0

OK, INVALID_STATE = 0, 4

PING_RESPONSE_OCTETS = 7


class _NobodyAnswers(RadioError):
    """No answer to PING: another firmware, or another speed."""


class TiRadio(ListeningRadio[bytes]):
    """A sniffer that answers each command with a status, and then tells what it hears."""

    def __init__(self, uri: RadioUri) -> None:
        super().__init__(uri, LISTENS | RadioCapability.TIMESTAMPS, baudrate=BAUDRATES[0])
        given = "baudrate" in uri.parameters or uri.target.startswith(("tcp:", "fd:"))
        self._baudrates: tuple[int, ...] = BAUDRATES[:1] if given else BAUDRATES
        given_phy = uri.integer("phy", -1, low=-1, high=255)
        self._phys: tuple[int, ...] = PHYS if given_phy < 0 else (given_phy,)
        self._octets = TiStream()
        self._form = BodyForm()
        self._clock = RadioClock(48)
        self._channel: int | None = None

    # Hearing

    def _heard(self, octets: bytes) -> None:
        now = time_ns()
        for message in self._octets.take(octets):
            if message.info == Info.DATA:
                self._packet(message.payload, now)
            elif message.info == Info.RESPONSE:
                self._answered(message.payload)
            elif message.info == Info.ERROR:
                self._notice(
                    Happening.SAID, f"error {message.payload.hex(' ') or 'without reason'}"
                )
            else:
                self._octets.damaged += 1
        self.statistics.garbage, self.statistics.damaged = (
            self._octets.garbage,
            self._octets.damaged,
        )

    def _packet(self, payload: bytes, now: int) -> None:
        try:
            packet = SNIFFED_PACKET.decode(payload)
        except MalformedFrame:
            self._octets.damaged += 1
            return
        psdu, fcs_octets, fcs = self._form.split(packet.body, good=bool(packet.status & FCS_GOOD))
        clock = self._clock
        ticks = clock.unwrapped(packet.timestamp)
        self._deliver(
            ReceivedFrame(
                psdu,
                fcs,
                fcs_octets,
                clock.time_ns(ticks, now),
                self._channel,
                0,
                packet.rssi,
                None,
                ticks,
            )
        )

    # Opening and tuning

    async def _connect(self) -> None:
        for baudrate in self._baudrates:
            self._baudrate = baudrate
            try:
                await super()._connect()
            except _NobodyAnswers:
                self._disconnect()
                if baudrate == self._baudrates[-1]:
                    raise
            else:
                self._baudrates = tuple(sorted(self._baudrates, key=lambda one: one != baudrate))
                return

    async def _bring_up(self) -> None:
        self._clock.restart()
        # While it tells frames it may answer no PING; the answer to STOP may be lost among them.
        await self._command(Info.STOP, seconds=PING_SECONDS)
        who = await self._ping()
        chip, firmware = f"{who.chip_id:04x}", f"{who.firmware_id:02x}.{who.firmware_revision:04x}"
        self.description = f"TI SmartRF Packet Sniffer 2, chip {chip}, firmware {firmware}"

    async def _ping(self) -> PingResponse:
        octets = encode_message(TiMessage(Info.PING, b""))
        payload = await self._ask(
            octets, lambda one: len(one) >= PING_RESPONSE_OCTETS, PING_SECONDS
        )
        if payload is None:
            cure = "flash SmartRF Packet Sniffer 2, or give its speed, such as ?baudrate=921600"
            raise _NobodyAnswers(f"{self.uri}: nobody answers as a TI sniffer", cure)
        return PING_RESPONSE.decode_prefix(payload)[0]

    async def _apply(self, settings: RadioSettings) -> RadioSettings:
        self._check(settings)
        await self._must(Info.STOP, allowed=(OK, INVALID_STATE))
        await self._choose_phy()
        frequency = Frequency(2405 + 5 * (settings.channel - 11))
        await self._must(Info.CFG_FREQUENCY, FREQUENCY.encode(frequency))
        self._channel = settings.channel
        await self._must(Info.START)
        return settings

    async def _choose_phy(self) -> None:
        for phy in self._phys:
            if await self._command(Info.CFG_PHY, bytes([phy])) == OK:
                self._phys = (phy,)
                return
        tried = ", ".join(f"0x{phy:02x}" for phy in self._phys)
        cure = "give the index that its firmware has for IEEE 802.15.4 O-QPSK: ?phy=0x12"
        raise RadioError(f"{self.uri}: refuses the PHY {tried}", cure)

    async def _must(
        self, info: Info, payload: bytes = b"", allowed: tuple[int, ...] = (OK,)
    ) -> None:
        """Give a command; raise RadioError unless its status is one of `allowed`."""
        status = await self._command(info, payload)
        if status is None:
            raise RadioError(f"{self.uri}: no answer to {info.name}", "plug it in again")
        if status not in allowed:
            name = STATUS_NAMES[status] if status < len(STATUS_NAMES) else f"status {status}"
            raise RadioError(f"{self.uri}: {info.name} refused: {name}", "plug it in again")

    async def _command(
        self, info: Info, payload: bytes = b"", *, seconds: float | None = None
    ) -> int | None:
        """Give a command; return the status of the answer, None if there is none in time."""
        octets = encode_message(TiMessage(info, payload))
        answer = await self._ask(octets, lambda one: len(one) == 1, seconds or COMMAND_SECONDS)
        return None if answer is None else answer[0]

    def _forget(self, why: RadioError) -> None:
        super()._forget(why)
        self._octets.restart()

    async def _close(self) -> None:
        try:
            if self._channel is not None:
                stop = encode_message(TiMessage(Info.STOP, b""))
                await self._quiet(stop, lambda one: len(one) == 1)
        finally:
            await super()._close()


async def open_ti(uri: RadioUri) -> TiRadio:
    """Open the sniffer at `ti:PORT`; raises RadioError."""
    uri.only("phy", *STREAM_PARAMETERS)
    radio = TiRadio(uri)
    await radio.start()
    return radio
