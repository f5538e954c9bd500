"""A sensniff firmware on a pty, as host tool and Contiki-NG's example describe it; faults too."""

import re
from dataclasses import dataclass

from lowpan.radio import Fcs, ReceivedFrame
from lowpan_radios.sensniff_format import (
    SNIFFED_FRAME,
    Command,
    SensniffMessage,
    SniffedFrame,
    encode_reply,
)
from tests.peers.listener import PtyListener

_QUESTION = re.compile(
    rb"\xc1\x1f\xfe\x72\x02(?:([\x81-\x83])|(\x84)\x00\x01(.))", re.DOTALL
)  # only these have no length


@dataclass
class SensniffFirmware:
    """How versions differ."""

    channels: range = range(11, 27)
    legacy: bool = False
    """Tells frames only, in the old form."""
    silent: bool = False
    supports_limits: bool = True
    stuck_on: int | None = None
    """A channel that it never leaves."""
    ignores_first: int = 0
    """Questions that it misses."""
    stale: bytes = b""
    """Sent before each answer."""


class SensniffSniffer(PtyListener):
    """The firmware behind a pty; see Counterpart."""

    def __init__(self, firmware: SensniffFirmware | None = None) -> None:
        self.firmware = firmware = firmware or SensniffFirmware()
        self.shows = frozenset(
            {"lqi", "fcs"} if firmware.legacy else {"rssi", "lqi", "channel", "fcs"}
        )
        self.questions = 0
        super().__init__("sensniff", "?legacy=1" if firmware.legacy else "")

    def _boot(self) -> None:
        self.channel = self.firmware.channels[-1]
        self._unfinished = b""

    def octets(self, frame: ReceivedFrame) -> bytes:
        quality = (frame.lqi or 0) & 0x7F | (0 if frame.fcs is Fcs.BAD else 0x80)
        told = SniffedFrame(frame.psdu, round(frame.rssi or 0), quality)
        payload = SNIFFED_FRAME.encode(told)
        return encode_reply(SensniffMessage(Command.FRAME, payload, self.firmware.legacy))

    def _take(self, octets: bytes) -> None:
        data = self._unfinished + octets
        done = 0
        for question in _QUESTION.finditer(data):
            done = question.end()
            self.questions += 1
            if self.questions <= self.firmware.ignores_first:
                continue
            asked, set_channel, channel = question.groups()
            answer = self._answer((asked or set_channel)[0], channel)
            if not (self.firmware.legacy or self.firmware.silent):
                self._answer_with(self.firmware.stale + encode_reply(answer))
        self._unfinished = data[done:][-8:]

    def _answer(self, command: int, channel: bytes | None) -> SensniffMessage:
        firmware = self.firmware
        if command == Command.SET_CHANNEL and channel is not None:
            if channel[0] not in firmware.channels:
                return SensniffMessage(Command.NOT_SUPPORTED, b"")
            self.channel = firmware.stuck_on or channel[0]
        if command in (Command.SET_CHANNEL, Command.GET_CHANNEL):
            return SensniffMessage(Command.CHANNEL, bytes([self.channel]))
        if not firmware.supports_limits:
            return SensniffMessage(Command.NOT_SUPPORTED, b"")
        lowest = command == Command.GET_CHANNEL_MIN
        limit = firmware.channels[0 if lowest else -1]
        return SensniffMessage(command - 0x80, bytes([limit]))
