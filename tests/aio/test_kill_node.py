"""kill -9 of a whole node that sends: its capture has no frame counter twice."""

import os
import signal
import socket
import time
from collections import Counter
from pathlib import Path
from random import Random

import pytest

from lowpan.capture.decoded import Outcome
from lowpan.capture.key_sources import parse_raw_key
from lowpan.capture.session import open_capture
from lowpan.capture.writer import open_writer
from lowpan.radio import Fcs, ReceivedFrame
from lowpan.wire.ieee802154 import Frame
from lowpan_radios.zep_format import decode_zep
from tests.aio.senders import parent_of_senders
from tests.aio.sending_child import ADDRESS, COUNTERS_AHEAD, KEY

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="kills a forked process")

KILLS = 200
LONGEST = 0.05
"""Seconds that a node lives at most: from its start, or from its first frame, in turn."""
PATIENCE = 10.0
_FCS_OCTETS = 2


def kill_again_and_again(store: str, capture: Path, kills: int) -> int:
    """Start a node and kill it at a random moment, `kills` times; return how many had sent."""
    moments, heard_from = Random(802154), 0
    with (
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as air,
        open_writer(capture) as writer,
    ):
        air.bind(("127.0.0.1", 0))
        port = str(air.getsockname()[1])
        with parent_of_senders("sending_child.py", store, port) as parent:
            for kill in range(kills):
                victim = parent.fork()
                first = receive(air, PATIENCE) if kill % 2 else b""
                time.sleep(moments.uniform(0, LONGEST))
                os.kill(victim, signal.SIGKILL)
                assert int(parent.line()) == -signal.SIGKILL
                datagrams = [first] if first else []
                while datagram := receive(air, 0):
                    datagrams.append(datagram)
                for datagram in datagrams:
                    psdu = decode_zep(datagram)[1][:-_FCS_OCTETS]
                    writer.write(ReceivedFrame(psdu, Fcs.ABSENT, time_ns=time.time_ns()))
                heard_from += bool(datagrams)
    return heard_from


def receive(air: socket.socket, patience: float) -> bytes:
    """Return what was sent next, nothing if there is none within `patience` seconds."""
    air.settimeout(patience)
    try:
        return air.recv(2048)
    except (TimeoutError, BlockingIOError):
        return b""


def counters(capture: Path) -> list[int]:
    """Return the frame counters in `capture`, all of frames that the key opens."""
    found: list[int] = []
    with open_capture(capture, keys=[parse_raw_key(f"{KEY.hex()},mode=1,index=1")]) as frames:
        for decoded in frames:
            assert isinstance(decoded.frame, Frame)
            assert decoded.frame.source == ADDRESS
            assert decoded.frame.security is not None
            assert decoded.frame.security.frame_counter is not None
            assert decoded.protection is not None
            assert decoded.protection.outcome is Outcome.DECRYPTED
            found.append(decoded.frame.security.frame_counter)
    return found


def test_attack_18_a_node_killed_at_any_moment_uses_no_counter_twice(tmp_path: Path) -> None:
    capture = tmp_path / "capture.pcapng"
    heard_from = kill_again_and_again(str(tmp_path / "node.store"), capture, KILLS)
    found = counters(capture)
    assert max(Counter(found).values()) == 1
    assert found == sorted(found)
    assert heard_from >= KILLS // 2  # it goes on after a kill
    assert len(found) > 2 * KILLS
    assert max(found) < len(found) + KILLS * 3 * COUNTERS_AHEAD  # and does not waste them


def test_check_finds_the_counters_that_a_node_without_store_uses_twice(tmp_path: Path) -> None:
    capture = tmp_path / "capture.pcapng"
    kill_again_and_again("-", capture, 6)
    assert max(Counter(counters(capture)).values()) > 1
