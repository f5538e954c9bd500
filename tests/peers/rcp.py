"""A double of OpenThread's ot-rcp: what the recorded sessions of a real one show, and its faults.

It holds no radio: `hear` puts a frame on the air for it, `on_air` is what it has sent.
"""

import asyncio
from collections.abc import AsyncGenerator, Awaitable, Callable
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from struct import pack, unpack_from
from time import monotonic_ns

from lowpan.radio import Fcs, ReceivedFrame
from lowpan.wire.fcs import append_fcs16
from lowpan_radios.hdlc import HdlcDecoder, hdlc_encode
from lowpan_radios.spinel import (
    SpinelMessage,
    decode_spinel,
    encode_pui,
    encode_spinel,
)
from lowpan_radios.spinel_names import Command, Property, Status
from tests.peers.pty import Pty
from tests.peers.rcp_properties import (
    AFTER_BOOT,
    LISTS,
    NEEDS_PHY,
    READ_ONLY,
    WRITE_ONLY,
)


@dataclass
class Faults:
    """What it does wrong; by default nothing."""

    silent: set[int] = field(default_factory=set[int])
    """Properties that it never answers for."""
    mute: bool = False
    """It answers nothing at all, not even a reset."""
    deaf_to_stack_reset: bool = False
    """It knows only a reset of the whole platform."""
    twice: bool = False
    """Every answer comes twice."""
    logs: bool = False
    """A log before each answer, whatever level was asked for."""
    tuned_to: int | None = None
    """The channel that it reads back, whatever was set."""
    refuses: dict[int, Status] = field(default_factory=dict[int, Status])
    reset_at: set[int] = field(default_factory=set[int])
    """Properties whose next getting or setting makes it restart, once each."""
    reset_after: set[int] = field(default_factory=set[int])
    """Properties after whose next answer it restarts, in one breath, once each."""


def form_today(frame: ReceivedFrame, time_us: int) -> bytes:
    """Return metadata as RCP API version 11 has them."""
    flags = 0x0004 if frame.fcs is Fcs.BAD else 0
    rssi = -20 if frame.rssi is None else int(frame.rssi)
    head = pack("<bbHHBBQ", rssi, -128, flags, 10, frame.channel or 11, frame.lqi or 0, time_us)
    return head + pack("<HB", 1, 0) + pack("<HBL", 5, 0, 0)


class RcpDouble:
    """The firmware, and the line it is at; a Counterpart."""

    shows = frozenset({"rssi", "lqi", "channel", "radio_time_us", "fcs"})
    acknowledges = True

    def __init__(self) -> None:
        self.uri = ""
        self.deaf = False
        self.on_air: list[tuple[int, bytes]] = []
        self.faults = Faults()
        self.read_only = dict(READ_ONLY)
        self.form: Callable[[ReceivedFrame, int], bytes] = form_today
        self.asked: list[SpinelMessage] = []
        """Everything that the host has sent since it was opened."""
        self.write: Callable[[bytes], Awaitable[None]] = nowhere
        self.delay = 0.0
        """Seconds from STREAM_RAW to its result."""
        self._out: asyncio.Queue[bytes] = asyncio.Queue()
        self._decoder = HdlcDecoder()
        self.plug: Pty | None = None
        self._transmitting: asyncio.TimerHandle | None = None
        self.boot()

    def boot(self) -> None:
        """Forget everything, as after power on."""
        self.properties = dict(AFTER_BOOT)
        self.lists: dict[int, set[bytes]] = {number: set() for number in LISTS}
        self.secrets: list[tuple[int, bytes]] = []
        self.frame_counter = 0
        if self._transmitting is not None:
            self._transmitting.cancel()

    @property
    def channel(self) -> int:
        """Return the channel that it is tuned to."""
        return self.properties[Property.PHY_CHAN][0]

    # The line

    def take(self, octets: bytes) -> None:
        """Take what the host has sent."""
        for message in self._decoder.decode(octets):
            self._asked(decode_spinel(message))

    def say(self, message: SpinelMessage) -> None:
        """Send a message."""
        self._out.put_nowait(hdlc_encode(encode_spinel(message)))

    def tell(self, number: int, value: bytes, tid: int = 0) -> None:
        """Send the value of a property."""
        self.say(SpinelMessage(tid, Command.PROP_VALUE_IS, number, value))

    def said(self) -> list[bytes]:
        """Return what is to be said, for whoever has no event loop."""
        octets = list[bytes]()
        while not self._out.empty():
            octets.append(self._out.get_nowait())
        return octets

    async def run(self) -> None:
        """Write what is to be said, in its order."""
        while True:
            octets = await self._out.get()
            await self.write(octets)
            self._out.task_done()

    # What the contract asks

    async def hear(self, frame: ReceivedFrame) -> None:
        """Let it receive a frame."""
        if not self.properties[Property.MAC_RAW_STREAM_ENABLED][0]:
            return
        if self.properties[Property.MAC_PROMISCUOUS_MODE] == b"\0" and not self._for_us(frame.psdu):
            return
        psdu = append_fcs16(frame.psdu)
        if frame.fcs is Fcs.BAD:
            psdu = psdu[:-1] + bytes([psdu[-1] ^ 1])
        time_us = monotonic_ns() // 1000 if frame.radio_time_us is None else frame.radio_time_us
        value = len(psdu).to_bytes(2, "little") + psdu + self.form(frame, time_us)
        self.tell(Property.STREAM_RAW, value)
        await self._out.join()

    def _for_us(self, psdu: bytes) -> bool:
        """Tell whether a frame with a short destination address is for this radio."""
        pan, short = self.properties[Property.MAC_15_4_PANID], psdu[5:7]
        wanted = (b"\xff\xff", self.properties[Property.MAC_15_4_SADDR])
        return psdu[3:5] in (b"\xff\xff", pan) and short in wanted

    async def garbage(self, octets: bytes) -> None:
        """Send octets that are no message."""
        self._out.put_nowait(octets)
        await self._out.join()

    async def half_a_message(self) -> None:
        """Begin a message and do not end it."""
        await self.garbage(b"\x7e\x80\x06\x71\x30\x00\x41\xd8")

    async def unplug(self) -> None:
        """Go away."""
        assert self.plug is not None
        self.plug.unplug()

    async def plug_in(self) -> None:
        """Come back as after power on."""
        assert self.plug is not None
        self.boot()
        self.plug.plug_in()
        self.tell(Property.LAST_STATUS, bytes([Status.RESET_POWER_ON]))

    # The firmware

    def restart(self, status: Status = Status.RESET_WATCHDOG) -> None:
        """Forget everything and say so."""
        self.boot()
        self.tell(Property.LAST_STATUS, bytes([status]))

    def _asked(self, message: SpinelMessage) -> None:
        self.asked.append(message)
        if self.faults.mute or message.property in self.faults.silent:
            return
        if message.command == Command.RESET:
            if message.value != b"\x02" or not self.faults.deaf_to_stack_reset:
                self.restart(Status.RESET_POWER_ON)
        elif message.property in self.faults.reset_at:
            self.faults.reset_at.remove(message.property)
            self.restart()
        else:
            self._answer(message)

    def _answer(self, message: SpinelMessage) -> None:
        if self.faults.logs:
            self.tell(Property.STREAM_LOG, b"[D] SubMac: a log\0\x07\0")
        for command, number, value in self._answers(message):
            for _ in range(2 if self.faults.twice else 1):
                self.say(SpinelMessage(message.tid, command, number, value))
        if message.property in self.faults.reset_after:
            self.faults.reset_after.remove(message.property)
            self.boot()
            reset = SpinelMessage(
                0, Command.PROP_VALUE_IS, Property.LAST_STATUS, bytes([Status.RESET_WATCHDOG])
            )
            answer = self._out.get_nowait()
            self._out.put_nowait(answer + hdlc_encode(encode_spinel(reset)))
            self._out.task_done()

    def _answers(self, message: SpinelMessage) -> list[tuple[int, int, bytes]]:
        """Return command, property and value of what answers a request."""
        number = message.property
        if number is None or number in self.faults.refuses:
            return [status(self.faults.refuses.get(number or -1, Status.INVALID_COMMAND))]
        if number in NEEDS_PHY and self.properties[Property.PHY_ENABLED] != b"\1":
            return [status(Status.INVALID_STATE)]
        match message.command:
            case Command.PROP_VALUE_GET:
                return [self._get(number)]
            case Command.PROP_VALUE_SET:
                return self._set(number, message)
            case Command.PROP_VALUE_INSERT | Command.PROP_VALUE_REMOVE if number in LISTS:
                return [self._change_list(message.command, number, message.value)]
            case _:
                return [status(Status.INVALID_COMMAND)]

    def _change_list(self, command: int, number: int, value: bytes) -> tuple[int, int, bytes]:
        if command == Command.PROP_VALUE_INSERT:
            self.lists[number].add(value)
            return Command.PROP_VALUE_INSERTED, number, value
        self.lists[number].discard(value)
        return Command.PROP_VALUE_REMOVED, number, value

    def _get(self, number: int) -> tuple[int, int, bytes]:
        if number == Property.RCP_TIMESTAMP:
            return value_is(number, (monotonic_ns() // 1000).to_bytes(8, "little"))
        if number == Property.PHY_CHAN and self.faults.tuned_to is not None:
            return value_is(number, bytes([self.faults.tuned_to]))
        value = self.properties.get(number, self.read_only.get(Property(number)))
        return status(Status.PROP_NOT_FOUND) if value is None else value_is(number, value)

    def _set(self, number: int, message: SpinelMessage) -> list[tuple[int, int, bytes]]:
        value = message.value
        if number == Property.STREAM_RAW:
            return self._transmit(message)
        if number in WRITE_ONLY:
            return [self._set_write_only(number, value)]
        if number not in self.properties:
            return [status(Status.PROP_NOT_FOUND)]
        if number == Property.MAC_SCAN_STATE and value != b"\0":
            return self._scan(value)
        self.properties[number] = value
        return [value_is(number, value)]

    def _set_write_only(self, number: int, value: bytes) -> tuple[int, int, bytes]:
        if number in LISTS:
            size = LISTS[Property(number)]
            self.lists[number] = {value[at : at + size] for at in range(0, len(value), size)}
        elif number == Property.RCP_MAC_KEY and value[0] != 0x08:
            return status(Status.INVALID_ARGUMENT)
        else:
            self.secrets.append((number, value))
            if number == Property.RCP_MAC_FRAME_COUNTER:
                self.frame_counter = int.from_bytes(value[:4], "little")
            else:
                self.frame_counter = 0  # as the real one does
        return status(Status.OK)

    def _scan(self, value: bytes) -> list[tuple[int, int, bytes]]:
        mask = self.properties[Property.MAC_SCAN_MASK]
        if value != b"\2":
            return [status(Status.UNIMPLEMENTED)]
        if len(mask) != 1:
            return [status(Status.INVALID_ARGUMENT)]
        period = int.from_bytes(self.properties[Property.MAC_SCAN_PERIOD], "little") / 1000
        asyncio.get_running_loop().call_later(period, self._scanned, mask)
        return [value_is(Property.MAC_SCAN_STATE, value)]

    def _scanned(self, channel: bytes) -> None:
        self.tell(Property.MAC_ENERGY_SCAN_RESULT, channel + b"\xe2")
        self.tell(Property.MAC_SCAN_STATE, b"\0")

    def _transmit(self, message: SpinelMessage) -> list[tuple[int, int, bytes]]:
        """Begin to send; a frame that is still on its way is lost, and so is its result."""
        (length,) = unpack_from("<H", message.value)
        psdu, metadata = message.value[2 : 2 + length], message.value[2 + length :]
        if length > 127 or not metadata:
            return [status(Status.PARSE_ERROR)]
        if self._transmitting is not None:
            self._transmitting.cancel()
        loop = asyncio.get_running_loop()
        self._transmitting = loop.call_later(self.delay, self._sent, message.tid, psdu, metadata)
        return []

    def _sent(self, tid: int, psdu: bytes, metadata: bytes) -> None:
        self._transmitting = None
        wants_ack, secured = psdu[0] & 0x20, psdu[0] & 0x08
        retries = metadata[2] if len(metadata) > 2 else 15
        copies = retries + 1 if wants_ack and self.deaf else 1
        self.on_air += [(metadata[0], psdu[:-2])] * copies
        trailer = b""
        if secured and len(metadata) > 6 and not metadata[6]:
            trailer = b"\1" + self.frame_counter.to_bytes(4, "little")
            self.frame_counter += 1
        updated = bytes([bool(trailer)])
        if wants_ack and self.deaf:
            self.tell(Property.LAST_STATUS, bytes([Status.NO_ACK, 0]) + updated + trailer, tid)
            return
        ack = append_fcs16(bytes([0x02, 0, psdu[2]])) if wants_ack else b""
        frame = ReceivedFrame(ack, Fcs.GOOD, rssi=-20 if ack else 0, channel=metadata[0])
        record = len(ack).to_bytes(2, "little") + ack + self.form(frame, monotonic_ns() // 1000)
        head = bytes([Status.OK, 0]) + updated
        self.tell(Property.LAST_STATUS, head + record + trailer, tid)


async def nowhere(octets: bytes) -> None:
    """Drop what is said before there is a line."""


def status(code: Status) -> tuple[int, int, bytes]:
    """Return an answer that is only a status."""
    return value_is(Property.LAST_STATUS, encode_pui(code))


def value_is(number: int, value: bytes) -> tuple[int, int, bytes]:
    """Return an answer that is the value of a property."""
    return Command.PROP_VALUE_IS, number, value


@asynccontextmanager
async def rcp_on_pty() -> AsyncGenerator[RcpDouble]:
    """Yield a double at the end of a serial line."""
    double = RcpDouble()
    double.plug = plug = Pty(double.take)
    double.uri = f"spinel:{plug.path}"
    double.write = plug.write
    running = asyncio.create_task(double.run())
    try:
        yield double
    finally:
        running.cancel()
        await asyncio.wait([running])
        double.boot()
        plug.close()


@asynccontextmanager
async def rcp_on_tcp() -> AsyncGenerator[RcpDouble]:
    """Yield a double behind a TCP port, for one connection at a time."""
    double = RcpDouble()
    over = asyncio.Event()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async def write(octets: bytes) -> None:
            writer.write(octets)
            await writer.drain()

        double.write = write
        while octets := await reader.read(65_536):
            double.take(octets)
        writer.close()
        over.set()

    server = await asyncio.start_server(serve, "127.0.0.1", 0)
    double.uri = f"spinel:tcp://127.0.0.1:{server.sockets[0].getsockname()[1]}"
    running = asyncio.create_task(double.run())
    try:
        yield double
        await over.wait()
    finally:
        running.cancel()
        await asyncio.wait([running])
        server.close()
        await server.wait_closed()
