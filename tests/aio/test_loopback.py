"""Two nodes over the radios that this machine has by itself: what they show beside Linux, too."""

import asyncio
import subprocess
from collections.abc import Callable
from pathlib import Path
from random import Random
from typing import Any

import pytest

from lowpan import Node, NodeSecurity
from lowpan.capture.writer import open_writer
from lowpan.radio import Radio, TransmitOutcome, TransmitParameters
from lowpan.store import MemoryStore
from lowpan_radios.openthread_air import OpenThreadAir
from lowpan_radios.tee import Tee
from lowpan_radios.wrapper import Wrapper
from lowpan_radios.zep import ZepRadio
from tests.aio.media import EXTENDED, SHORT, node_on, nodes, radios

LOOPBACK_MEDIA = ["zep", "openthread-air"]
SIZES = (56, 200, 500, 1000, 1232)
PINGS = 50
PATIENCE_S = 10.0
"""Of one ping: machines can be busy."""
QUIET_S = 0.3
"""Long enough for an answer, if there were one."""
WRONG = (
    "_ws.malformed || _ws.expert.severity >= 8388608"
    " || udp.checksum.status == 0 || icmpv6.checksum.status == 0"
)
"""What tshark must not find in any frame."""


async def answered(node: Node, address: str, size: int, count: int = PINGS) -> int:
    """Return how many of `count` pings came back as they were."""
    came = 0
    for _ in range(count):
        try:
            answer = await node.ping(address, size=size, timeout=PATIENCE_S)
        except TimeoutError:
            continue
        came += answer.octets == size + 8 and not answer.is_altered
    return came


async def both_ways(one: Node, other: Node, size: int, count: int = PINGS) -> list[int]:
    """Return how many pings were answered, there and back, short and extended, at once."""
    ways = [(one, SHORT[1]), (other, SHORT[0]), (one, EXTENDED[1]), (other, EXTENDED[0])]
    return await asyncio.gather(*(answered(node, address, size, count) for node, address in ways))


@pytest.mark.parametrize("medium", LOOPBACK_MEDIA)
async def test_none_of_fifty_pings_of_any_size_is_lost(
    medium: str, tmp_path: Path, require_peer: Callable[[str], str]
) -> None:
    tshark, path = require_peer("tshark"), tmp_path / "pings.pcapng"
    with open_writer(path) as writer:
        async with (
            radios(medium) as (near, far),
            Tee(near, writer) as heard,
            node_on(heard, 0) as one,
            node_on(far, 1) as other,
        ):
            for size in SIZES:
                assert await both_ways(one, other, size) == [PINGS] * 4, size
    assert shown_by(tshark, path, WRONG) == []
    for size in SIZES:
        for kind in (128, 129):
            echoes = shown_by(tshark, path, f"icmpv6.type == {kind} && data.len == {size}")
            assert len(echoes) >= 4 * PINGS


def shown_by(tshark: str, path: Path, condition: str) -> list[str]:
    """Return a line for each frame of the capture that meets the condition."""
    command = [tshark, "-n", "-r", str(path), "-Y", condition, "-o", "udp.check_checksum:TRUE"]
    done = subprocess.run(command, check=False, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.mark.parametrize("driver", [ZepRadio, OpenThreadAir], ids=LOOPBACK_MEDIA)
async def test_a_tenth_of_all_frames_lost_is_made_good_by_repetitions(
    driver: type[ZepRadio] | type[OpenThreadAir], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Frames and acknowledgments are lost below the radio, which has to repeat."""
    random, take, lost = Random(10), driver.take_datagram, 0

    def lose_some(*datagram: Any) -> None:
        nonlocal lost
        if random.random() < 0.1:
            lost += 1
        else:
            take(*datagram)

    monkeypatch.setattr(driver, "take_datagram", lose_some)
    medium = LOOPBACK_MEDIA[driver is OpenThreadAir]
    async with nodes(medium, parameters="&ack_timeout_ms=20") as (one, other):
        came = [await both_ways(one, other, size, 3) for size in SIZES]
    assert lost > 100
    # of the frames one in 10,000 is lost four times, of which a ping of 1232 octets takes 26
    assert sum(map(sum, came)) >= 4 * 3 * len(SIZES) - 2


class Recorder(Wrapper):
    """Keeps what is sent; turns a bit of each frame while it `spoils`."""

    def __init__(self, radio: Radio) -> None:
        super().__init__(radio)
        self.sent: list[bytes] = []
        self.spoils = False

    async def transmit(
        self,
        psdu: bytes,
        parameters: TransmitParameters = TransmitParameters(),  # noqa: B008  (frozen)
    ) -> TransmitOutcome:
        self.sent.append(psdu)
        return await super().transmit(spoilt(psdu) if self.spoils else psdu, parameters)


def spoilt(psdu: bytes) -> bytes:
    """Return the frame with the last bit of its MIC turned."""
    return psdu[:-1] + bytes([psdu[-1] ^ 1])


def secured(number: int) -> dict[str, Any]:
    """Return the options of node 0 or 1 that knows the other's addresses."""
    other = bytes.fromhex("02000000000000") + bytes([2 - number])
    peer = (other, bytes((0, 2 - number)))
    return {"security": NodeSecurity(key=bytes(16), peers=(peer,)), "store": MemoryStore()}


def dropped(node: Node) -> dict[str, int]:
    counted: dict[str, int] = node.state()["counters"]["frames_dropped"]
    return {what: number for what, number in counted.items() if what != "not for us"}


@pytest.mark.parametrize("medium", LOOPBACK_MEDIA)
async def test_secured_nodes_lose_nothing_and_refuse_replays_and_forgeries(medium: str) -> None:
    async with (
        radios(medium) as (near, far),
        Recorder(near) as recorder,
        node_on(recorder, 0, **secured(0)) as one,
        node_on(far, 1, **secured(1)) as other,
    ):
        for size in (56, 1000):
            assert await both_ways(one, other, size, 10) == [10] * 4
        assert (dropped(one), dropped(other)) == ({}, {})

        sent = [psdu for psdu in recorder.sent if psdu[0] & 7 == 1]
        assert all(psdu[0] & 8 for psdu in sent)
        replayed, heard = sent[:20], len(recorder.sent)
        before = datagrams_of(other)
        for psdu in replayed:
            await near.transmit(psdu)
        await asyncio.sleep(QUIET_S)
        assert dropped(other) == {"replayed": len(replayed)}
        assert datagrams_of(other) == before
        assert len(recorder.sent) == heard

        recorder.spoils = True
        with pytest.raises(TimeoutError):
            await one.ping(EXTENDED[1], timeout=QUIET_S)
        recorder.spoils = False
        counted = dropped(other)
        assert counted.pop("MIC bad") >= 1
        assert counted == {"replayed": len(replayed)}
        assert datagrams_of(other) == before
        assert await both_ways(one, other, 56, 2) == [2] * 4


def datagrams_of(node: Node) -> int:
    counted: int = node.state()["counters"]["datagrams"]["DatagramReceived"]
    return counted
