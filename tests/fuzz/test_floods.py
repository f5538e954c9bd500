"""What strangers can make the sniffer remember, and compute, has an end."""

import gc
import sys
from collections import deque
from collections.abc import Callable
from time import process_time
from types import BuiltinFunctionType, CodeType, FunctionType, ModuleType
from typing import Any, cast
from weakref import ref

import pytest

from lowpan.capture.follower import Follower
from lowpan.mac.ccm_star import CcmStarKey
from lowpan.radio import Fcs, ReceivedFrame
from tests.fuzz.floods import FLOODS, Flood, foreign_secured, given, links
from tests.fuzz.plan import EXAMPLES

FLOOD = min(max(20_000, EXAMPLES // 4), 200_000)
"""Frames of one flood: more than any table has room for, the address book's aside."""
MOST_ENTRIES, MOST_ADDRESSES = 8_192, 65_536
"""Entries of the largest table, and of the address book."""
MOST_OCTETS = 60 << 20
"""What a follower may hold with its largest table full of the largest entries."""
_TELLING = {"associations", "neighbour_solicitations"}
"""Floods for the address book."""
_SHARED = (type, ModuleType, FunctionType, BuiltinFunctionType, CodeType)


@pytest.mark.parametrize("flood", FLOODS, ids=lambda flood: flood.__name__)
def test_flood_fills_no_memory(flood: Flood, tried: Callable[[str, int, float], None]) -> None:
    follower, began = Follower(given()), process_time()
    pour(follower, flood, 0, FLOOD)
    tried("frames that want to be remembered", FLOOD, process_time() - began)
    octets, entries = held_by(follower)
    assert octets < MOST_OCTETS
    assert entries <= (MOST_ADDRESSES if flood.__name__ in _TELLING else MOST_ENTRIES)


def pour(follower: Follower, flood: Flood, start: int, end: int) -> None:
    """Let `follower` read the frames `start` .. `end` of `flood`, all of them in one minute."""
    for number in range(start, end):
        psdu = flood(number)
        follower.follow(number, ReceivedFrame(psdu, Fcs.GOOD, b"", number * 10), len(psdu))


def held_by(root: Any) -> tuple[int, int]:
    """Return the octets of all objects behind `root`, and the entries of the largest of them."""
    seen, octets, entries, waiting = set[int](), 0, 0, [root]
    while waiting:
        found = waiting.pop()
        if id(found) in seen or isinstance(found, _SHARED):
            continue
        seen.add(id(found))
        octets += sys.getsizeof(found)
        if isinstance(found, dict | list | set | tuple | deque):
            entries = max(entries, len(cast("set[Any]", found)))
        waiting += gc.get_referents(found)
    return octets, entries


def test_forged_senders_cost_no_more_than_others(monkeypatch: pytest.MonkeyPatch) -> None:
    calls, bare = 0, CcmStarKey.open

    def counted(*arguments: Any) -> bytes:
        nonlocal calls
        calls += 1
        return bare(*arguments)

    monkeypatch.setattr(CcmStarKey, "open", counted)
    follower = Follower(given())
    pour(follower, links, 0, 300)  # whose addresses may be behind short ones
    pour(follower, foreign_secured, 300, 20_300)
    assert calls < 20_000 * 2 + 16_384


def test_frame_too_long_for_the_cipher() -> None:
    secured = next(flood for flood in FLOODS if flood.__name__ == "secured_senders")
    follower, psdu = Follower(given()), secured(1)
    follower.follow(1, ReceivedFrame(psdu, Fcs.GOOD), len(psdu))
    longer = ReceivedFrame(psdu[:-7] + bytes(70_000), Fcs.GOOD)
    decoded = follower.follow(2, longer, len(longer.psdu))
    assert decoded.protection is not None
    assert decoded.protection.reason == "70000 octets are too many for CCM*"


def test_malformed_frame_is_freed_with_its_last_reference() -> None:
    follower, psdu = Follower(), bytes.fromhex("41cc01cefa0200000000000002010000000000000260")
    gc.disable()
    try:
        decoded = follower.follow(1, ReceivedFrame(psdu, Fcs.GOOD), len(psdu))
        assert decoded.faults
        freed = ref(decoded)
        del decoded
        assert freed() is None
    finally:
        gc.enable()
