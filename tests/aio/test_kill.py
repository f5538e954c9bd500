"""kill -9 of a node that sends: no frame counter is used twice with a key."""

import os
import signal
import time
from collections import Counter
from pathlib import Path
from random import Random

import pytest

from lowpan.mac.ccm_star import CcmStarKey
from lowpan.mac.frame_security import open_frame
from lowpan.wire.ieee802154 import Frame, decode_frame
from tests.aio.sealing_child import ADDRESS, KEYS
from tests.aio.senders import parent_of_senders

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="kills a forked process")

KILLS = 200
LONGEST = 0.02
"""Seconds that every other child lives at most, from its start."""
MOST_FRAMES = 12
"""Frames that those between seal at least, as many as chance says, however busy the machine is."""
SEALING = 0.002
"""Seconds that they live at most after that."""
PATIENCE = 10.0


def kill_again_and_again(store: str, capture: Path, kills: int) -> None:
    """Start a sender and kill it at a random moment, `kills` times."""
    moments = Random(802154)
    with parent_of_senders("sealing_child.py", store, str(capture)) as parent:
        for kill in range(kills):
            victim = parent.fork()
            if kill % 2:
                assert parent.line() == "sealing\n"
                wait_for_frames(capture, moments.randrange(MOST_FRAMES))
                time.sleep(moments.uniform(0, SEALING))
            else:
                time.sleep(moments.uniform(0, LONGEST))
            os.kill(victim, signal.SIGKILL)
            said = parent.line().replace("sealing\n", "") or parent.line()
            assert int(said) == -signal.SIGKILL


def wait_for_frames(capture: Path, frames: int) -> None:
    """Wait until `capture` has so many more frames."""
    begin, octets = time.monotonic(), capture.stat().st_size
    octets += frames * len(capture.read_bytes().rpartition(b"\n")[0].rpartition(b"\n")[2])
    while capture.stat().st_size < octets:
        assert time.monotonic() - begin < PATIENCE
        time.sleep(0)


def runs(capture: Path) -> list[list[tuple[str, int]]]:
    """Return key and counter of each frame in `capture`, for each child that got to sealing."""
    keys = {index: CcmStarKey(octets) for index, octets in KEYS.items()}
    found = list[list[tuple[str, int]]]()
    lines = capture.read_text().split("\n")
    whole = max(map(len, lines))
    for line in lines:
        if not line:
            found.append([])
        if len(line) < whole:  # killed within the line: not sent
            continue
        psdu = bytes.fromhex(line)
        frame = decode_frame(psdu)
        assert isinstance(frame, Frame)
        assert frame.security is not None
        assert frame.security.key_index is not None
        assert frame.security.frame_counter is not None
        key = keys[frame.security.key_index]
        assert open_frame(frame, psdu, key, ADDRESS) == bytes(20)
        found[-1].append((key.fingerprint, frame.security.frame_counter))
    return found


def used_twice(found: list[list[tuple[str, int]]]) -> int:
    return sum(count > 1 for count in Counter(pair for run in found for pair in run).values())


def test_attack_18_no_counter_is_used_twice_whenever_the_sender_is_killed(tmp_path: Path) -> None:
    capture = tmp_path / "capture"
    kill_again_and_again(str(tmp_path / "node.store"), capture, KILLS)
    found = runs(capture)
    assert used_twice(found) == 0
    sent = [run for run in found if run]
    assert len(sent) >= KILLS // 2  # it goes on after a kill
    assert sum(map(len, sent)) > 2 * KILLS
    highest = max(counter for run in sent for _, counter in run)
    assert highest < sum(map(len, sent)) + KILLS * 20  # and does not get there by waste


def test_check_finds_the_counters_that_a_forgetful_sender_uses_twice(tmp_path: Path) -> None:
    capture = tmp_path / "capture"
    kill_again_and_again("-", capture, 5)
    assert used_twice(runs(capture)) > 0
