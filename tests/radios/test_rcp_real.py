"""The driver against OpenThread's own ot-rcp (its simulation), where LOWPAN_OT_RCP names one.

This one counterpart may be missing in CI: nobody else's program is kept here, nor built.
"""

import asyncio
import os
import shutil
import signal
import subprocess
import tty
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

from lowpan.radio import (
    Fcs,
    Happening,
    Radio,
    RadioCapability,
    RadioNotice,
    RadioSettings,
    ReceivedFrame,
    TransmitParameters,
    TransmitStatus,
    parse_radio_uri,
)
from lowpan_radios.hdlc import hdlc_encode
from lowpan_radios.rcp import Rcp, RcpTransmitParameters, open_spinel
from lowpan_radios.spinel_names import Property

OT_RCP = os.environ.get("LOWPAN_OT_RCP", "")

pytestmark = pytest.mark.skipif(
    not OT_RCP, reason="LOWPAN_OT_RCP names no ot-rcp of OpenThread's simulation"
)

PATIENCE = 10.0
PORT_OFFSET = "37"
"""Its nodes with one offset share one air."""

RESET_PLATFORM = hdlc_encode(bytes([0x80, 1, 1]))
DAMAGED = bytes.fromhex("7e 81 01 ff ff 7e")
KEYS = (b"\1" * 16, b"\2" * 16, b"\3" * 16)
BROADCAST = bytes.fromhex("41 88 01 cd ab ff ff 01 00 aa bb cc")
TO_TWO = bytes.fromhex("61 88 02 cd ab 02 00 01 00 aa bb cc")
TO_NOBODY = bytes.fromhex("61 88 03 cd ab 99 99 01 00 aa bb cc")


class RealRcp:
    """An ot-rcp with its own serial port, at a name that stays."""

    def __init__(self, folder: Path, node: int) -> None:
        self.node, self.path, self.folder = node, folder / f"tty{node}", folder
        self.uri = f"spinel:{self.path}"
        self._open = ExitStack()
        self._slave = -1
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        """Plug it in."""
        master, slave = os.openpty()
        for descriptor in (master, slave):
            self._open.callback(os.close, descriptor)
        tty.setraw(slave)
        self._slave = slave
        self._process = subprocess.Popen(
            [OT_RCP, str(self.node)],
            stdin=master,
            stdout=master,
            stderr=subprocess.DEVNULL,
            cwd=self.folder,
            env={**os.environ, "PORT_OFFSET": PORT_OFFSET},
        )
        self.path.symlink_to(os.ttyname(slave))

    def say(self, octets: bytes) -> None:
        """Say something in the host's place."""
        os.write(self._slave, octets)

    def kill(self) -> None:
        """End it as kill -9 does, and its port with it."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.wait()
            self._process = None
            self.path.unlink()
        self._open.close()


@pytest.fixture
def nodes(tmp_path: Path) -> Iterator[list[RealRcp]]:
    assert shutil.which(OT_RCP), f"LOWPAN_OT_RCP is {OT_RCP}, which cannot be run"
    pair = [RealRcp(tmp_path, node) for node in (31, 32)]
    try:
        for node in pair:
            node.start()
        yield pair
    finally:
        for node in pair:
            node.kill()


async def opened(node: RealRcp, query: str = "") -> Rcp:
    async with asyncio.timeout(PATIENCE):
        return await open_spinel(parse_radio_uri(node.uri + query))


async def heard(radio: Radio, psdu: bytes) -> ReceivedFrame:
    async with asyncio.timeout(PATIENCE):
        while (frame := await radio.receive()).psdu != psdu:
            pass
    return frame


async def notice(radio: Radio, happening: Happening) -> RadioNotice:
    async with asyncio.timeout(PATIENCE):
        while True:
            event = await radio.next_event()
            if isinstance(event, RadioNotice) and event.happening is happening:
                return event


async def test_it_says_what_it_is(nodes: list[RealRcp]) -> None:
    async with await opened(nodes[0]) as radio:
        assert radio.description.startswith("OpenThread RCP OPENTHREAD/")
        assert "EUI-64 18:b4:30:00:00:00:00:" in radio.description
        assert radio.channels == tuple(range(11, 27))
        assert RadioCapability.SECURITY in radio.capabilities


async def test_one_hears_what_the_other_sends(nodes: list[RealRcp]) -> None:
    async with await opened(nodes[0]) as one, await opened(nodes[1]) as other:
        for channel in (15, 26):
            settings = RadioSettings(channel=channel)
            await one.configure(settings)
            await other.configure(settings)
            outcome = await one.transmit(BROADCAST)
            assert outcome.status is TransmitStatus.SUCCESS
            assert outcome.ack is None
            frame = await heard(other, BROADCAST)
            assert (frame.fcs, frame.channel, frame.rssi) == (Fcs.GOOD, channel, -20)
            assert frame.radio_time_us is not None


async def test_other_channels_are_not_heard(nodes: list[RealRcp]) -> None:
    async with await opened(nodes[0]) as one, await opened(nodes[1]) as other:
        await other.configure(RadioSettings(channel=20))
        await one.transmit(BROADCAST, TransmitParameters(channel=12))
        await one.transmit(
            TO_TWO[:2] + b"\x55" + TO_TWO[3:], TransmitParameters(channel=20, max_frame_retries=0)
        )
        async with asyncio.timeout(PATIENCE):
            assert (await other.receive()).psdu[2] == 0x55


async def test_it_acknowledges_what_is_for_it(nodes: list[RealRcp]) -> None:
    async with await opened(nodes[0]) as one, await opened(nodes[1]) as other:
        addressed = RadioSettings(promiscuous=False, pan_id=0xABCD, short_address=2)
        await other.configure(addressed)
        outcome = await one.transmit(TO_TWO)
        assert outcome.status is TransmitStatus.SUCCESS
        assert outcome.ack is not None
        assert outcome.ack.psdu == b"\x02\x00\x02"
        assert not (await heard(other, TO_TWO)).acked_with_pending
        await other.configure(replace(addressed, ack_pending=True))
        outcome = await one.transmit(TO_TWO)
        assert outcome.ack is not None
        assert outcome.ack.psdu == b"\x12\x00\x02"
        assert (await heard(other, TO_TWO)).acked_with_pending


async def test_source_match_says_that_frames_wait(nodes: list[RealRcp]) -> None:
    poll = bytes.fromhex("63 88 07 cd ab 02 00 01 00 04")
    async with await opened(nodes[0]) as one, await opened(nodes[1]) as other:
        addressed = RadioSettings(promiscuous=False, pan_id=0xABCD, short_address=2)
        for senders, wanted in ((frozenset([b"\0\1"]), 0x12), (frozenset[bytes](), 0x02)):
            await other.configure(replace(addressed, source_match=senders))
            outcome = await one.transmit(poll)
            assert outcome.ack is not None
            assert outcome.ack.psdu[0] == wanted


async def test_nobody_acknowledges(nodes: list[RealRcp]) -> None:
    async with await opened(nodes[0]) as one, await opened(nodes[1]) as other:
        outcome = await one.transmit(TO_NOBODY, TransmitParameters(max_frame_retries=2))
        assert outcome.status is TransmitStatus.NO_ACK
        for _ in range(3):
            await heard(other, TO_NOBODY)


async def test_it_secures_with_the_keys_and_counter_it_was_given(nodes: list[RealRcp]) -> None:
    frame = bytes.fromhex("49 d8 17 cd ab ff ff 77 66 55 44 33 22 11 02")
    frame += bytes.fromhex("0d 00 00 00 00 00") + b"hello" + bytes(4)
    async with await opened(nodes[0]) as one, await opened(nodes[1]) as other:
        await one.set_mac_keys(2, *KEYS, frame_counter=1000)
        outcome = await one.transmit(frame, RcpTransmitParameters(secure=True))
        assert outcome.status is TransmitStatus.SUCCESS
        async with asyncio.timeout(PATIENCE):
            secured = (await other.receive()).psdu
        assert secured[:16] == frame[:16]
        assert secured[16:21] == (1000).to_bytes(4, "little") + b"\x02"
        assert b"hello" not in secured
        assert one.next_frame_counter == 1001


async def test_it_sends_at_a_moment_of_its_clock(nodes: list[RealRcp]) -> None:
    async with await opened(nodes[0]) as one, await opened(nodes[1]) as other:
        base = await one.timestamp_us() & 0xFFFFFFFF
        timed = RcpTransmitParameters(delay_us=200_000, delay_base_us=base, csma=False)
        outcome = await one.transmit(BROADCAST, timed)
        assert outcome.status is TransmitStatus.SUCCESS
        assert outcome.duration_us is not None
        assert outcome.duration_us > 150_000
        await heard(other, BROADCAST)


async def test_energy(nodes: list[RealRcp]) -> None:
    async with await opened(nodes[0]) as one, await opened(nodes[1]) as other:
        for channel in (11, 20, 26):
            assert -128 <= await one.measure_energy(channel, 20) < 0
        await other.transmit(BROADCAST)
        assert (await heard(one, BROADCAST)).channel == 11  # it listens where it did


async def test_what_it_says_of_a_damaged_message_is_passed_on(nodes: list[RealRcp]) -> None:
    async with await opened(nodes[0]) as radio:
        nodes[0].say(DAMAGED)
        assert "Framing error" in (await notice(radio, Happening.SAID)).text
        assert (await radio.transmit(BROADCAST)).status is TransmitStatus.SUCCESS


async def test_a_reset_that_nobody_asked_for_is_repaired(nodes: list[RealRcp]) -> None:
    async with await opened(nodes[0]) as one, await opened(nodes[1]) as other:
        settings = RadioSettings(channel=22, promiscuous=False, pan_id=0xABCD, short_address=2)
        await one.configure(settings)
        nodes[0].say(RESET_PLATFORM)
        reset = await notice(one, Happening.RESET)
        assert "RESET" in reset.text
        assert await one.get(Property.PHY_CHAN) == b"\x16"
        await other.configure(RadioSettings(channel=22))
        assert (await other.transmit(TO_TWO)).status is TransmitStatus.SUCCESS
        await heard(one, TO_TWO)


async def test_killed_and_started_again_it_is_as_it_was(nodes: list[RealRcp]) -> None:
    async with await opened(nodes[0]) as one, await opened(nodes[1]) as other:
        await one.configure(RadioSettings(channel=17))
        await other.configure(RadioSettings(channel=17))
        nodes[0].kill()
        await notice(one, Happening.LOST)
        nodes[0].start()
        await notice(one, Happening.RETURNED)
        assert await one.get(Property.PHY_CHAN) == b"\x11"
        await other.transmit(BROADCAST)
        await heard(one, BROADCAST)
        assert (await one.transmit(BROADCAST)).status is TransmitStatus.SUCCESS
