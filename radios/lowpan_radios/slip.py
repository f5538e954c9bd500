"""`slip:`: Contiki's slip-radio, and with `lqi=1` Zephyr's wpan_serial."""

import asyncio
from dataclasses import replace
from time import time_ns

from lowpan.errors import MalformedFrame, RadioError
from lowpan.radio import (
    Fcs,
    Happening,
    RadioCapability,
    RadioSettings,
    RadioUri,
    ReceivedFrame,
    TransmitOutcome,
    TransmitParameters,
    TransmitStatus,
)
from lowpan_radios.slip_framing import SlipFraming, slip_encoded
from lowpan_radios.slip_messages import (
    ADDRESS_REQUEST,
    MAX_MAC_TRANSMISSIONS,
    PARAMETER_REQUEST,
    PARAMETER_VALUE,
    RX_MODE_ADDRESS_FILTER,
    RX_MODE_AUTOACK,
    SEND_FRAME,
    SET_CHANNEL,
    Attribute,
    FromRadio,
    Parameter,
    ParameterRequest,
    ParameterValue,
    RadioAddress,
    SendFrame,
    SendReport,
    SetChannel,
    Status,
    decode_message,
    is_text,
    shown_text,
)
from lowpan_radios.stream import STREAM_PARAMETERS
from lowpan_radios.stream_radio import StreamRadio

BAUDRATE = 115_200

ATTEMPTS = 3
"""How often a question is asked: log text can spoil an answer, a stale one can come first."""

ANSWER_TIMEOUT, REPORT_TIMEOUT = 1.0, 5.0
"""Seconds: answers take milliseconds; a report comes after all back-offs and retransmissions."""

SHORTEST_FRAME, LONGEST_FRAME = 3, 127
"""Octets of what can be a frame; one that is longer than 125 has its FCS, as some builds do."""

CONTIKI_CAPABILITIES = (
    RadioCapability.TRANSMIT
    | RadioCapability.CSMA
    | RadioCapability.ACK_TIMEOUT
    | RadioCapability.RETRIES
    | RadioCapability.ACKNOWLEDGE
    | RadioCapability.PROMISCUOUS
)
ZEPHYR_CAPABILITIES = RadioCapability.TRANSMIT | RadioCapability.PROMISCUOUS | RadioCapability.LQI

_STATUS = {
    Status.OK: TransmitStatus.SUCCESS,
    Status.COLLISION: TransmitStatus.CHANNEL_ACCESS_FAILURE,
    Status.NO_ACK: TransmitStatus.NO_ACK,
}

_Question = tuple[type[FromRadio], int]
"""Kind of the answer, and which parameter or sid it is about."""


async def open_slip(uri: RadioUri) -> "SlipRadio":
    """Open `slip:/dev/ttyUSB0?lqi=1`; raise RadioError."""
    uri.only("lqi", *STREAM_PARAMETERS)
    radio = SlipRadio(uri)
    await radio.start()
    return radio


class SlipRadio(StreamRadio):
    """A radio whose firmware speaks Contiki's slip-radio protocol.

    `lqi`: it is Zephyr's wpan_serial, which ends frames with an octet of LQI, is tuned by `!C`,
    and neither tells its parameters nor whether a frame was acknowledged.
    """

    def __init__(self, uri: RadioUri) -> None:
        self._is_zephyr = uri.flag("lqi", default=False)
        capabilities = ZEPHYR_CAPABILITIES if self._is_zephyr else CONTIKI_CAPABILITIES
        super().__init__(uri, capabilities, baudrate=BAUDRATE)
        self._framing = SlipFraming()
        self._asked: tuple[_Question, asyncio.Future[FromRadio | RadioError]] | None = None
        self._ready = False
        self._sid = 0
        self._own_extended_address: bytes | None = None

    # What comes in

    def _heard(self, octets: bytes) -> None:
        framing, statistics = self._framing, self.statistics
        now = time_ns()
        for packet in framing.feed(octets):
            try:
                message = decode_message(packet)
            except MalformedFrame:
                statistics.damaged += 1
                continue
            if message is not None:
                self._take_message(message)
            elif is_text(packet):
                self._notice(Happening.SAID, shown_text(packet))
            else:
                self._take_frame(packet, now)
        statistics.garbage += framing.garbage
        statistics.damaged += framing.damaged
        framing.garbage = framing.damaged = 0

    def _take_frame(self, packet: bytes, now: int) -> None:
        psdu, lqi = (packet[:-1], packet[-1]) if self._is_zephyr else (packet, None)
        if not self._ready or not SHORTEST_FRAME <= len(psdu) <= LONGEST_FRAME:
            self.statistics.garbage += len(packet)  # not tuned yet, or no frame
            return
        channel = self.settings.channel
        self._deliver(ReceivedFrame(psdu, Fcs.ABSENT, b"", now, channel, 0, lqi=lqi))

    def _take_message(self, message: FromRadio) -> None:
        """Give an answer to who asked; others are stale."""
        if self._asked is None:
            return
        question, answer = self._asked
        if question == (type(message), _subject(message)) and not answer.done():
            answer.set_result(message)

    def _forget(self, why: RadioError) -> None:
        self._framing = SlipFraming()
        self._ready = False
        if self._asked is not None and not self._asked[1].done():
            self._asked[1].set_result(why)

    # What is asked

    async def _ask(self, message: bytes, question: _Question, timeout: float) -> FromRadio | None:  # noqa: ASYNC109
        """Send `message` and return what answers `question`, None if nothing did in time."""
        answer: asyncio.Future[FromRadio | RadioError] = asyncio.get_running_loop().create_future()
        self._asked = (question, answer)
        try:
            self._write(slip_encoded(message))
            await asyncio.wait((answer,), timeout=timeout)
        finally:
            self._asked = None
        if not answer.done():
            return None
        result = answer.result()
        if isinstance(result, RadioError):
            raise result
        return result

    async def _bring_up(self) -> None:
        address = await self._ask_address()
        if address is None:
            cure = "check that its firmware is slip-radio or wpan_serial, and the baudrate"
            raise RadioError(f"{self.uri}: no answer to ?M", cure)
        self._own_extended_address = address
        firmware = "Zephyr wpan_serial" if self._is_zephyr else "Contiki slip-radio"
        self.description = f"{firmware}, address {address.hex(':')}"

    async def _ask_address(self) -> bytes | None:
        for _ in range(ATTEMPTS):
            answer = await self._ask(ADDRESS_REQUEST, (RadioAddress, 0), ANSWER_TIMEOUT)
            if isinstance(answer, RadioAddress):
                return answer.extended_address
        return None

    async def _apply(self, settings: RadioSettings) -> RadioSettings:
        own = self._own_extended_address
        if not settings.promiscuous and settings.extended_address not in (None, own):
            cure = "use the one it has, settings.extended_address"
            raise RadioError(f"{self.uri}: its extended address cannot be changed", cure)
        if self._is_zephyr:
            if not settings.promiscuous:
                cure = "configure it with promiscuous=True and filter what it gives"
                raise RadioError(f"{self.uri}: its filter cannot be set", cure)
            await self._tune_zephyr(settings.channel)
        else:
            await self._set_all(settings)
        self._ready = True
        return replace(settings, extended_address=own)

    async def _tune_zephyr(self, channel: int) -> None:
        """Tune it, which is not answered: that a later question is, tells that it was read."""
        self._write(slip_encoded(SET_CHANNEL.encode(SetChannel(channel))))
        if await self._ask_address() is None:
            cure = "unplug it and plug it in again: its firmware hangs"
            raise RadioError(f"{self.uri}: no answer to ?M after !C {channel}", cure)

    async def _set_all(self, settings: RadioSettings) -> None:
        """Set what slip-radio knows of `settings`, and read it back."""
        await self._set(Parameter.CHANNEL, settings.channel)
        if settings.transmit_power is not None:
            await self._set(Parameter.TXPOWER, settings.transmit_power)
        if settings.promiscuous:
            await self._set(Parameter.RX_MODE, 0, needed=False)
        else:
            await self._set(Parameter.PAN_ID, settings.pan_id)
            await self._set(Parameter.SHORT_ADDRESS, settings.short_address)
            await self._set(Parameter.RX_MODE, RX_MODE_ADDRESS_FILTER | RX_MODE_AUTOACK)

    async def _set(self, parameter: Parameter, value: int, *, needed: bool = True) -> None:
        """Set a parameter and read it back; raise RadioError if it is `needed` and differs."""
        wanted = value & 0xFFFF
        setting = PARAMETER_VALUE.encode(ParameterValue(parameter, wanted))
        request = PARAMETER_REQUEST.encode(ParameterRequest(parameter))
        told: int | None = None
        for _ in range(ATTEMPTS):
            self._write(slip_encoded(setting))
            answer = await self._ask(request, (ParameterValue, parameter), ANSWER_TIMEOUT)
            if isinstance(answer, ParameterValue):
                told = answer.value
                if told == wanted:
                    return
        name = parameter.name.lower().replace("_", " ")
        what = "does not say" if told is None else f"says {told}"
        if needed:
            cure = "its radio may lack it; if it runs Zephyr's wpan_serial, add lqi=1"
            raise RadioError(f"{self.uri}: {name} set to {value}, it {what}", cure)
        self._notice(Happening.SAID, f"{name} set to {value}, it {what}")

    # Sending

    async def _transmit(self, psdu: bytes, parameters: TransmitParameters) -> TransmitOutcome:
        channel, home = parameters.channel, self.settings
        if channel is None or channel == home.channel:
            return await self._send(psdu, parameters)
        if channel not in self.channels:
            known = f"{self.channels[0]}-{self.channels[-1]}"
            raise RadioError(f"{self.uri}: no channel {channel}", f"it has {known}")
        self.settings = await self._apply(replace(home, channel=channel))
        try:
            return await self._send(psdu, parameters)
        finally:
            self.settings = home  # also if the radio is lost just now
            await self._apply(home)

    async def _send(self, psdu: bytes, parameters: TransmitParameters) -> TransmitOutcome:
        self._sid = self._sid + 1 & 0xFF
        most = min(1 + max(parameters.max_frame_retries, 0), 0xFF)
        attributes = (Attribute(MAX_MAC_TRANSMISSIONS, most),)
        message = SEND_FRAME.encode(SendFrame(self._sid, len(attributes), attributes, psdu))
        report = await self._ask(message, (SendReport, self._sid), REPORT_TIMEOUT)
        if not isinstance(report, SendReport):
            cure = "unplug it and plug it in again: its firmware hangs"
            raise RadioError(f"{self.uri}: no report of what became of a frame", cure)
        return self._outcome(report)

    def _outcome(self, report: SendReport) -> TransmitOutcome:
        if self._is_zephyr:  # the octet is what its driver returned
            status = TransmitStatus.ABORTED if report.status else TransmitStatus.SUCCESS
            reason = f"driver status {report.status}" if report.status else ""
            return TransmitOutcome(status=status, reason=reason)
        try:
            told = Status(report.status)
        except ValueError:
            reason = f"status {report.status}"
            return TransmitOutcome(status=TransmitStatus.ABORTED, reason=reason)
        return TransmitOutcome(
            status=_STATUS.get(told, TransmitStatus.ABORTED),
            transmissions=report.transmissions,
            reason="" if told is Status.OK else told.name.lower().replace("_", " "),
        )


def _subject(message: FromRadio) -> int:
    match message:
        case SendReport():
            return message.sid
        case ParameterValue():
            return message.parameter
        case RadioAddress():
            return 0
