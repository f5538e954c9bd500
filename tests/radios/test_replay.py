import asyncio
import gzip
import os
from collections.abc import AsyncIterator
from dataclasses import replace
from itertools import pairwise
from pathlib import Path
from time import time_ns

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lowpan.capture.reader import open_records
from lowpan.capture.record import Interface
from lowpan.capture.writer import open_writer
from lowpan.errors import RadioClosed, RadioError
from lowpan.radio import Fcs, Radio, RadioNotice, RadioSettings, ReceivedFrame, open_radio
from lowpan_radios.replay import LONGEST_GAP, MOST_AHEAD, Pace
from tests.peers.replay import GrowingCapture
from tests.radios.contract import RadioContract

CAPTURE = Path(__file__).parent.parent / "captures" / "openthread" / "vii-long-8nodes.pcap"
DESCRIPTORS = Path("/proc/self/fd")
SECOND = 1_000_000_000


def frame(number: int, *, time_ns: int = 0, channel: int | None = 15) -> ReceivedFrame:
    psdu = b"\x02\x00" + bytes([number & 0xFF])
    return ReceivedFrame(psdu, Fcs.ABSENT, time_ns=time_ns, channel=channel, page=0, lqi=200)


def capture(path: Path, frames: list[ReceivedFrame]) -> Path:
    with open_writer(path) as writer:
        for each in frames:
            writer.write(each)
    return path


async def heard(radio: Radio) -> list[ReceivedFrame]:
    frames: list[ReceivedFrame] = []
    while True:
        try:
            frames.append(await radio.receive())
        except RadioClosed:
            return frames


async def test_every_frame_of_a_capture_comes_in_its_order_and_then_it_is_closed() -> None:
    expected = [record.interface.frame_of(record) for record in open_records(CAPTURE)]
    async with await open_radio(f"replay:{CAPTURE}?speed=max") as radio:
        assert await heard(radio) == expected
        assert len(expected) > 2 * MOST_AHEAD  # so that it had to wait for room
        assert radio.statistics.frames == len(expected)
        assert radio.statistics.overflowed == 0
        with pytest.raises(RadioClosed):
            await radio.receive()


async def test_a_gzipped_capture_gives_the_same(tmp_path: Path) -> None:
    packed = tmp_path / "capture.pcap.gz"
    packed.write_bytes(gzip.compress(CAPTURE.read_bytes()))
    async with await open_radio(f"replay:{packed}?speed=max") as radio:
        assert len(await heard(radio)) == len(list(open_records(CAPTURE)))


async def test_it_reads_no_further_than_the_frames_are_fetched() -> None:
    async with await open_radio(f"replay:{CAPTURE}?speed=max") as radio:
        await radio.receive()
        for _ in range(50):
            await asyncio.sleep(0)
        assert radio.statistics.frames <= MOST_AHEAD + 1


async def test_its_own_pace_is_kept_and_faster_is_faster(tmp_path: Path) -> None:
    path = capture(tmp_path / "a.pcapng", [frame(n, time_ns=n * SECOND // 10) for n in range(3)])
    loop = asyncio.get_running_loop()
    for speed, least, most in (("1", 0.199, 1.0), ("4", 0.049, 0.19), ("max", 0, 0.19)):
        async with await open_radio(f"replay:{path}?speed={speed}") as radio:
            begin = loop.time()
            assert len(await heard(radio)) == 3
            assert least <= loop.time() - begin < most


async def test_times_are_those_of_the_file_or_of_today(tmp_path: Path) -> None:
    path = capture(tmp_path / "a.pcapng", [frame(n, time_ns=n * SECOND) for n in range(3)])
    async with await open_radio(f"replay:{path}?speed=max") as radio:
        assert [each.time_ns for each in await heard(radio)] == [0, SECOND, 2 * SECOND]
    begin = time_ns()
    async with await open_radio(f"replay:{path}?speed=max&times=now") as radio:
        first, second, third = (each.time_ns or 0 for each in await heard(radio))
        assert begin <= first <= time_ns()
        assert (second - first, third - first) == (SECOND, 2 * SECOND)


async def test_a_gap_of_years_is_told_and_not_waited_for(tmp_path: Path) -> None:
    frames = [frame(0), frame(1, time_ns=LONGEST_GAP * 1000)]
    path = capture(tmp_path / "a.pcapng", frames)
    async with await open_radio(f"replay:{path}") as radio, asyncio.timeout(1):
        assert (await radio.receive()).psdu == frames[0].psdu
        notice = await radio.next_event()
        assert isinstance(notice, RadioNotice)
        assert notice.text == "3600000 s without a frame are left out"
        assert (await radio.receive()).psdu == frames[1].psdu


async def test_only_the_channel_asked_for_is_heard_where_the_capture_tells(tmp_path: Path) -> None:
    channels = (15, 20, None)
    frames = [frame(n, channel=channel) for n, channel in enumerate(channels)]
    path = capture(tmp_path / "a.pcapng", frames)
    for query, numbers in (("", {0, 1, 2}), ("&channel=20", {1, 2}), ("&channel=11", {2})):
        async with await open_radio(f"replay:{path}?speed=max{query}") as radio:
            assert {each.psdu[2] for each in await heard(radio)} == numbers
            assert radio.statistics.filtered == 3 - len(numbers)


async def test_tuning_leaves_out_what_was_read_ahead_of_other_channels(tmp_path: Path) -> None:
    frames = [frame(n, channel=15 + n % 2) for n in range(100)]
    path = capture(tmp_path / "a.pcapng", frames)
    async with await open_radio(f"replay:{path}?speed=max") as radio:
        assert (await radio.receive()).psdu == frames[0].psdu
        await radio.configure(RadioSettings(channel=16))
        assert radio.settings.channel == 16
        assert {each.channel for each in await heard(radio)} == {16}
        assert (radio.statistics.frames, radio.statistics.filtered) == (51, 49)


async def test_a_loop_begins_again_and_its_pace_goes_on(tmp_path: Path) -> None:
    path = capture(tmp_path / "a.pcapng", [frame(n, time_ns=n * SECOND) for n in range(2)])
    async with await open_radio(f"replay:{path}?speed=max&loop=1&times=now") as radio:
        frames = [await radio.receive() for _ in range(6)]
        assert [each.psdu[2] for each in frames] == [0, 1] * 3
        times = [each.time_ns or 0 for each in frames]
        assert times == sorted(times)


@pytest.mark.parametrize("channel", [15, 16])
async def test_a_loop_without_frames_leaves_others_their_time(tmp_path: Path, channel: int) -> None:
    path = capture(tmp_path / "a.pcapng", [frame(0, channel=15)])
    async with await open_radio(f"replay:{path}?speed=max&loop=1") as radio:
        await radio.receive()
        await radio.configure(RadioSettings(channel=16))
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.05):
                await radio.receive()
    if channel == 16:  # nothing at all for the channel: it ends
        async with await open_radio(f"replay:{path}?speed=max&loop=1&channel=16") as radio:
            assert await heard(radio) == []


async def test_damage_is_told_after_the_good_frames_and_once(tmp_path: Path) -> None:
    path = tmp_path / "cut.pcap"
    whole = [record.interface.frame_of(record) for record in open_records(CAPTURE)]
    path.write_bytes(CAPTURE.read_bytes()[:-3])
    uri = f"replay:{path}?speed=max"
    async with await open_radio(uri) as radio:
        assert [await radio.receive() for _ in whole[:-1]] == whole[:-1]
        with pytest.raises(RadioError) as told:
            await radio.receive()
        assert not isinstance(told.value, RadioClosed)
        assert str(told.value).startswith(f"{uri}: {path}: octet ")
        with pytest.raises(RadioClosed):
            await radio.receive()


async def test_records_without_a_frame_are_counted(tmp_path: Path) -> None:
    path = tmp_path / "a.pcapng"
    with open_writer(path) as writer:
        writer.write(frame(0))
        ethernet = Interface(1, number=1)
        record = next(open_records(capture(tmp_path / "b.pcapng", [frame(1)])))
        writer.copy(replace(record, interface=ethernet))
        writer.copy(replace(record, octets=b"\x00\x00\xff\x00", original_length=4))
        writer.write(frame(2))
    async with await open_radio(f"replay:{path}?speed=max") as radio:
        assert [each.psdu[2] for each in await heard(radio)] == [0, 2]
        assert (radio.statistics.filtered, radio.statistics.damaged) == (1, 1)


async def test_a_capture_of_other_networks_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "ethernet.pcapng"
    record = next(open_records(capture(tmp_path / "b.pcapng", [frame(1)])))
    with open_writer(path) as writer:
        writer.copy(replace(record, interface=Interface(1)))
    async with await open_radio(f"replay:{path}?speed=max") as radio:
        with pytest.raises(RadioError, match="Ethernet"):
            await radio.receive()


@pytest.mark.parametrize(
    ("target", "says"),
    [
        ("/nowhere/at-all.pcap", "No such file"),
        (f"{Path(__file__)}", "neither pcap nor pcapng"),
        (f"{Path(__file__).parent}", "Is a directory"),
        (f"{CAPTURE}?speed=0", "speed is 0"),
        (f"{CAPTURE}?speed=nan", "speed is nan"),
        (f"{CAPTURE}?times=never", "times is never"),
        (f"{CAPTURE}?channel=-1", "channel is -1"),
        (f"{CAPTURE}?baudrate=9600", "no parameter baudrate"),
        ("a\0b", "null"),
    ],
)
async def test_mistakes_are_told_with_a_cure(target: str, says: str) -> None:
    with pytest.raises(RadioError, match=says) as told:
        await open_radio(f"replay:{target}")
    assert str(told.value).startswith(f"replay:{target}")
    assert told.value.cure


async def test_it_cannot_send_nor_measure() -> None:
    async with await open_radio(f"replay:{CAPTURE}") as radio:
        with pytest.raises(RadioError):
            await radio.transmit(b"\x02\x00\x07")
        with pytest.raises(RadioError):
            await radio.measure_energy(15, 10)


async def test_closing_ends_who_waits_for_a_frame(tmp_path: Path) -> None:
    path = capture(tmp_path / "a.pcapng", [frame(0), frame(1, time_ns=60 * SECOND)])
    radio = await open_radio(f"replay:{path}")
    await radio.receive()
    waiting = asyncio.create_task(radio.receive())
    await asyncio.sleep(0)
    await radio.close()
    await radio.close()
    with pytest.raises(RadioClosed):
        await waiting


@given(st.lists(st.none() | st.integers(0, 2**63)))
def test_a_pace_never_goes_back(times: list[int | None]) -> None:
    pace = Pace(3.0)
    moments = [pace.due(each)[0] for each in times]
    assert moments == sorted(moments)
    assert all(0 <= later - earlier <= LONGEST_GAP for earlier, later in pairwise(moments))


# Through a pipe


class TestContract(RadioContract):
    tells_bad_fcs = False
    transmits = exclusive = line = unplugged = False

    @pytest.fixture
    async def counterpart(self, tmp_path: Path) -> AsyncIterator[GrowingCapture]:
        async with GrowingCapture(tmp_path) as self.peer:
            yield self.peer

    async def open(self, uri: str) -> Radio:
        self.peer.radio = await super().open(uri)
        return self.peer.radio


@pytest.fixture
async def growing(tmp_path: Path) -> AsyncIterator[GrowingCapture]:
    async with GrowingCapture(tmp_path) as peer:
        yield peer


async def test_frames_come_out_of_a_pipe_one_by_one(growing: GrowingCapture) -> None:
    async with await open_radio(growing.uri) as radio, asyncio.timeout(2):
        for number in range(5):
            await growing.hear(frame(number))
            assert await radio.receive() == frame(number)


async def test_a_pipe_that_nobody_writes_to_any_more_has_ended(tmp_path: Path) -> None:
    path = tmp_path / "fifo"
    os.mkfifo(path)
    async with await open_radio(f"replay:{path}?speed=max") as radio, asyncio.timeout(2):
        waiting = asyncio.create_task(heard(radio))
        await asyncio.to_thread(path.write_bytes, CAPTURE.read_bytes())
        assert len(await waiting) == len(list(open_records(CAPTURE)))


async def test_a_writer_waits_for_who_does_not_read_on(tmp_path: Path) -> None:
    path = tmp_path / "fifo"
    os.mkfifo(path)
    octets = CAPTURE.read_bytes()
    many = octets + octets[24:] * (4_000_000 // len(octets))
    async with await open_radio(f"replay:{path}?speed=max") as radio, asyncio.timeout(2):
        writing = asyncio.create_task(asyncio.to_thread(_write, path, many))
        await radio.receive()
        await asyncio.sleep(0.05)
        assert not writing.done()
        assert radio.statistics.frames <= MOST_AHEAD + 1
        await radio.close()  # the writer finds nobody to read
        await writing


def _write(path: Path, octets: bytes) -> None:
    try:
        path.write_bytes(octets)
    except BrokenPipeError:
        return
    raise AssertionError("everything was read")


async def test_damage_in_a_pipe_is_told(growing: GrowingCapture) -> None:
    async with await open_radio(growing.uri) as radio, asyncio.timeout(2):
        await growing.hear(frame(1))
        assert await radio.receive() == frame(1)
        await growing.damage()
        with pytest.raises(RadioError, match="announced"):
            await radio.receive()


async def test_closing_does_not_wait_for_half_a_frame(growing: GrowingCapture) -> None:
    async with await open_radio(growing.uri) as radio, asyncio.timeout(2):
        await growing.hear(frame(1))
        await growing.half_a_message()
        assert await radio.receive() == frame(1)


def descriptors() -> int:
    return sum(1 for _ in DESCRIPTORS.iterdir())


@pytest.mark.skipif(not DESCRIPTORS.exists(), reason="the system does not list descriptors")
async def test_nothing_is_left_open(tmp_path: Path) -> None:
    fifo = tmp_path / "fifo"
    os.mkfifo(fifo)
    before = descriptors()
    for _ in range(3):
        async with await open_radio(f"replay:{CAPTURE}?speed=max") as radio:
            await radio.receive()
        async with await open_radio(f"replay:{fifo}") as radio:
            with pytest.raises(TimeoutError):
                await asyncio.wait_for(radio.receive(), 0.01)
        await (await open_radio(f"replay:{fifo}")).close()
    assert descriptors() == before
