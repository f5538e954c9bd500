"""Contiki's slip-radio and Zephyr's wpan_serial at the end of a pty."""

import struct

from lowpan.radio import ReceivedFrame
from tests.peers.pty import Pty

ADDRESS = bytes.fromhex("00124b000a0b0c0d")


def escaped(packet: bytes) -> bytes:
    """Return `packet` octet by octet as RFC 1055 says, without END."""
    escapes = {0xC0: b"\xdb\xdc", 0xDB: b"\xdb\xdd"}
    return b"".join(escapes.get(octet, bytes([octet])) for octet in packet)


def unescaped(packet: bytes) -> bytes:
    return packet.replace(b"\xdb\xdc", b"\xc0").replace(b"\xdb\xdd", b"\xdb")


class SlipFirmware:
    """Counterpart of `slip:`, written from the protocol's table and known ways to misbehave."""

    def __init__(self, *, zephyr: bool = False) -> None:
        self.zephyr = zephyr
        self.shows = frozenset({"lqi"}) if zephyr else frozenset[str]()
        self.acknowledges = not zephyr
        self.deaf = False
        """Nobody acknowledges; the firmware reports that, if it is Contiki's."""
        self.mute = False
        """The firmware answers nothing."""
        self.status = 0
        """What a successful transmission is reported as."""
        self.chatty = False
        """The firmware prints what it is told to do."""
        self.lazy = 0
        """Settings that it takes no notice of."""
        self.on_air = list[tuple[int, bytes]]()
        self.attributes = list[list[tuple[int, int]]]()
        self.values = self.fresh()
        self._half = b""
        self.pty = Pty(self._take)
        self.uri = f"slip:{self.pty.path}" + ("?lqi=1" if zephyr else "")

    @staticmethod
    def fresh() -> dict[int, int]:
        """Return the parameters of a boot."""
        return {1: 26, 2: 0xABCD, 3: 0, 4: 3, 6: 0}

    def close(self) -> None:
        self.pty.close()

    @property
    def channel(self) -> int:
        return self.values[1]

    def framed(self, packet: bytes) -> bytes:
        """Zephyr's has an octet behind each message, and no END before."""
        if self.zephyr:
            return escaped(packet) + b"\xc0"
        return b"\xc0" + escaped(packet) + b"\xc0"

    def say(self, packet: bytes) -> None:
        """Send a message or text soon."""
        self.pty.write_soon(self.framed(packet + b"\x00" * self.zephyr))

    async def hear(self, frame: ReceivedFrame) -> None:
        trailer = bytes([frame.lqi or 0]) if self.zephyr else b""
        await self.pty.write(self.framed(frame.psdu + trailer))

    async def garbage(self, octets: bytes) -> None:
        await self.pty.write(octets)

    async def half_a_message(self) -> None:
        await self.pty.write(b"\xc0\x41\x88\x2a\xdb")

    async def unplug(self) -> None:
        self.pty.unplug()

    async def plug_in(self) -> None:
        self.values = self.fresh()
        self._half = b""
        self.pty.plug_in()

    def _take(self, octets: bytes) -> None:
        *packets, self._half = (self._half + octets).split(b"\xc0")
        for packet in packets:
            if packet and not self.mute:
                self._obey(unescaped(packet))

    def _obey(self, message: bytes) -> None:
        match message[:2]:
            case b"?M":
                self.say(b"!M" + ADDRESS)
            case b"!C" if self.zephyr:
                self.values[1] = message[2]
            case b"!V" if not self.zephyr:
                parameter, value = struct.unpack(">HH", message[2:])
                if self.chatty:
                    self.say(f"\rradio: setting param {parameter}\n".encode())
                if self.lazy:
                    self.lazy -= 1
                elif parameter in self.values:
                    self.values[parameter] = value
            case b"?V" if not self.zephyr:
                (parameter,) = struct.unpack(">H", message[2:])
                self.say(struct.pack(">2sHH", b"!V", parameter, self.values.get(parameter, 0x7777)))
            case b"!S":
                self._send(message[2], message[3], message[4:])
            case _:
                self.say(b"EUnknown command")

    def _send(self, sid: int, count: int, rest: bytes) -> None:
        attributes = list(struct.iter_unpack(">BH", rest[: 3 * count]))
        psdu = rest[3 * count :]
        self.attributes.append(attributes)
        lonely = self.deaf and bool(psdu[0] & 0x20) and not self.zephyr
        most = dict(attributes).get(5, 1) if lonely else 1
        self.on_air += [(self.channel, psdu)] * most
        self.say(bytes([0x21, 0x52, sid, 2 if lonely else self.status, most]))
