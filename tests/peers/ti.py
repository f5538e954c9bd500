"""A TI SmartRF Packet Sniffer 2 on a pty, as its guide and its users describe it; faults too."""

import asyncio
from dataclasses import dataclass, field

from lowpan.radio import Fcs, ReceivedFrame
from lowpan.wire.fcs import append_fcs16
from lowpan_radios.ti_format import (
    FREQUENCY,
    PING_RESPONSE,
    SNIFFED_PACKET,
    Info,
    PingResponse,
    SniffedPacket,
    TiMessage,
    TiStream,
    encode_message,
)
from tests.peers.listener import PtyListener

OK, INVALID_COMMAND, INVALID_STATE = 0, 3, 4


@dataclass
class TiFirmware:
    """How versions differ."""

    baudrate: int = 3_000_000
    phys: tuple[int, ...] = (0x12, 0x13)
    length_octet: bool = True
    """Before each frame is its length with the FCS: found, not documented."""
    gives_fcs: bool = True
    checks_data: bool = False
    """Data has a check octet too."""
    repeats_answers: bool = False
    ignores_first: int = 0
    """Commands after a boot that are lost."""
    silent_to: set[Info] = field(default_factory=set[Info])
    refuses: set[Info] = field(default_factory=set[Info])


DOCUMENTED = TiFirmware(921_600, (0x11,), length_octet=False, gives_fcs=False, checks_data=True)


class TiSniffer(PtyListener):
    """The firmware behind a pty; see Counterpart."""

    shows = frozenset({"rssi", "channel", "radio_time_us", "fcs"})

    def __init__(self, firmware: TiFirmware | None = None) -> None:
        self.firmware = firmware or TiFirmware()
        self.commands: list[int] = []
        super().__init__("ti")

    def _boot(self) -> None:
        self.channel = 0
        self.phy: int | None = None
        self._octets = TiStream()
        self._started = asyncio.Event()

    async def hear(self, frame: ReceivedFrame) -> None:
        """Tell of `frame` once we were started."""
        await self._started.wait()
        await super().hear(frame)

    def octets(self, frame: ReceivedFrame) -> bytes:
        body = append_fcs16(frame.psdu) if self.firmware.gives_fcs else frame.psdu
        if self.firmware.length_octet:
            body = bytes([len(frame.psdu) + 2]) + body
        status = 0 if frame.fcs is Fcs.BAD else 0x80
        packet = SniffedPacket(frame.radio_time_us or 0, body, round(frame.rssi or 0), status)
        message = TiMessage(Info.DATA, SNIFFED_PACKET.encode(packet))
        return encode_message(message, check=self.firmware.checks_data)

    def _take(self, octets: bytes) -> None:
        if not self._pty.runs_at(self.firmware.baudrate):
            return  # nothing but framing errors
        for message in self._octets.take(octets):
            self.commands.append(message.info)
            ignored = len(self.commands) <= self.firmware.ignores_first
            if not ignored and message.info not in self.firmware.silent_to:
                answer = encode_message(TiMessage(Info.RESPONSE, self._answer(message)))
                self._answer_with(answer * (2 if self.firmware.repeats_answers else 1))

    def _answer(self, command: TiMessage) -> bytes:
        """Do what `command` says; return status, and who we are."""
        if command.info in self.firmware.refuses:
            return bytes([INVALID_STATE])
        if command.info == Info.PING:
            return PING_RESPONSE.encode(PingResponse(OK, 0x5313, 0x21, 0x50, 0xA1))
        return bytes([self._status(command.info, command.payload)])

    def _status(self, info: int, payload: bytes) -> int:
        if info == Info.STOP:
            status = OK if self._started.is_set() else INVALID_STATE
            self._started.clear()
            return status
        if info == Info.CFG_PHY and payload[0] in self.firmware.phys:
            self.phy = payload[0]
        elif info == Info.CFG_FREQUENCY and self.phy is not None:
            self.channel = (FREQUENCY.decode(payload).megahertz - 2405) // 5 + 11
        elif info == Info.START and self.channel:
            self._started.set()
        else:
            return INVALID_COMMAND
        return OK
