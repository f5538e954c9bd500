"""What a Follower stores has an end, however many senders, PANs and datagrams are forged."""

import gc
import os
import sys
import tracemalloc
from collections.abc import Callable, Iterator

import pytest

from lowpan.capture.addresses import MOST_ADDRESSES
from lowpan.capture.follower import MOST_AWAITED, Follower
from lowpan.capture.ip_following import MOST_DATAGRAMS, MOST_FRAGMENTS, MOST_PAIRS, MOST_PANS
from lowpan.capture.links import MOST_LINKS
from lowpan.capture.unsealing import MOST_MLE_SENDERS, MOST_ROAMERS
from lowpan.radio import Fcs, ReceivedFrame
from lowpan.wire.addresses import Context
from lowpan.wire.fragment import FRAGMENT_HEADER, FragmentHeader
from lowpan.wire.mesh_header import MESH_HEADER, MeshHeader
from tests.capture.network import (
    BOB,
    EVERYBODY,
    PAN,
    PREFIX,
    THREAD,
    A,
    B,
    air,
    echo,
    frame,
    local,
    lowpan,
    thread_seal,
)
from tests.capture.test_teaching import ADVERTISED, NS, SOURCE, link_layer, solicitation
from tests.capture.test_teaching import icmpv6 as icmpv6_message

FRAMES = int(os.environ.get("LOWPAN_FORGERIES", "20000"))
"""Frames of each kind; 100,000 fill all that there is."""
LIMITS = {
    "_links": MOST_LINKS,
    "_awaited": MOST_AWAITED,
    "_contexts": MOST_PANS,
    "_told": MOST_PANS,
    "_pairs": MOST_PAIRS,
    "_partials": MOST_DATAGRAMS,
    "_lone": MOST_DATAGRAMS,
    "_of_sender": MOST_DATAGRAMS,
    "_roamers": MOST_ROAMERS,
    "_members": MOST_ROAMERS,
    "_mle": MOST_MLE_SENDERS,
    "_mle_counters": MOST_MLE_SENDERS,
    "_hearsay": MOST_ADDRESSES,
    "_certain": MOST_ADDRESSES,
    "_usual": 4096,
    "_wanted": 256,
    "_seen": 256,
    "secured": 4096,
}


def stores(follower: Follower) -> Iterator[tuple[str, int]]:
    """Yield the name and size of every dict and set below a Follower, by what it refers to."""
    waiting: list[object] = [follower]
    met = set[int]()
    while waiting:
        owner = waiting.pop()
        for name in [*getattr(owner, "__dict__", ()), *getattr(owner, "__slots__", ())]:
            value = getattr(owner, name, None)
            if id(value) in met:
                continue
            met.add(id(value))
            if isinstance(value, dict | set):
                yield name, len(value)  # pyright: ignore[reportUnknownArgumentType]
            elif type(value).__module__.startswith("lowpan."):
                waiting.append(value)


def address(number: int) -> bytes:
    return b"\x06" + number.to_bytes(7, "big")


def short(number: int) -> bytes:
    return (number % 0xFFF0).to_bytes(2, "big")


PING = lowpan(echo(local(A), local(B)), A, B)
UNKNOWN_CONTEXT = {4: Context(PREFIX, 64)}
COMPRESSED = lowpan(echo(PREFIX + bytes(8), PREFIX + bytes(8)), contexts=UNKNOWN_CONTEXT)
TEMPLATE = frame(A, B, PING, seal=thread_seal(BOB, 1))


def senders(number: int) -> bytes:
    return frame(address(number), BOB, b"\x41", number=number & 0xFF, ack=True)


def secured_senders(number: int) -> bytes:
    return TEMPLATE.replace(A, short(number))


def pans(number: int) -> bytes:
    return frame(A, B, COMPRESSED, pan_id=number % 0xFFFF)


def receivers(number: int) -> bytes:
    return frame(A, address(number), b"\x41", ack=True, number=number & 0xFF)


def first_fragments(number: int) -> bytes:
    header = FRAGMENT_HEADER.encode(FragmentHeader(1280, number & 0xFFFF, None))
    return frame(address(number), BOB, header + b"\x41\x60" + bytes(71))


def small_fragments(number: int) -> bytes:
    offset = 8 * (1 + number % 100)
    header = FRAGMENT_HEADER.encode(FragmentHeader(1280, number // 100, offset))
    return frame(address(number // 6400), BOB, header + bytes(8))


def repeated_fragments(number: int) -> bytes:
    header = FRAGMENT_HEADER.encode(FragmentHeader(1280, 7, 64))
    return frame(A, BOB, header + bytes(8), number=number & 0xFF)


def mesh_ends(number: int) -> bytes:
    mesh = MESH_HEADER.encode(MeshHeader.between(address(number), address(number + 1), 3))
    return frame(A, B, mesh + PING)


def rumours(number: int) -> bytes:
    told = solicitation(*link_layer(SOURCE, short(number), address(number)))
    datagram = icmpv6_message(local(A), local(B), NS, told)
    return frame(A, EVERYBODY, lowpan(datagram, A), pan_id=PAN + number // 0xFFF0)


FORGERIES: dict[Callable[[int], bytes], int] = {
    senders: FRAMES,
    receivers: FRAMES,
    pans: FRAMES // 5,
    secured_senders: FRAMES // 10,
    first_fragments: FRAMES // 5,
    small_fragments: FRAMES,
    repeated_fragments: FRAMES,
    mesh_ends: FRAMES // 2,
    rumours: FRAMES,
}


@pytest.mark.parametrize("forged", FORGERIES, ids=lambda forged: forged.__name__)
def test_forgeries_fill_no_memory(forged: Callable[[int], bytes]) -> None:
    network = air(THREAD)
    follower, grown = network.follower, dict[str, int]()
    for number in range(FORGERIES[forged]):
        psdu = forged(number)
        follower.follow(number + 1, ReceivedFrame(psdu, Fcs.GOOD), len(psdu))
        if number % 1000 == 0:
            for name, size in stores(follower):
                grown[name] = max(size, grown.get(name, 0))
    assert grown.keys() >= LIMITS.keys()
    assert {name: size for name, size in grown.items() if size > LIMITS.get(name, 16)} == {}


def test_fragments_held_are_bounded_in_number_and_memory() -> None:
    follower = air().follower
    gc.collect()
    tracemalloc.start()
    try:
        for number in range(MOST_FRAGMENTS):
            psdu = small_fragments(number)
            follower.follow(number + 1, ReceivedFrame(psdu, Fcs.GOOD), len(psdu))
        full = tracemalloc.get_traced_memory()[0]
        for number in range(MOST_FRAGMENTS, 2 * MOST_FRAGMENTS):
            psdu = small_fragments(number)
            follower.follow(number + 1, ReceivedFrame(psdu, Fcs.GOOD), len(psdu))
        later = tracemalloc.get_traced_memory()[0]
    finally:
        tracemalloc.stop()
    assert full < 40 << 20
    assert later < 1.2 * full


def test_learnt_contexts_survive_forged_pans() -> None:
    network = air()
    contexts = network.follower._ip.contexts(PAN)  # pyright: ignore[reportPrivateUsage]
    network.follower._ip._tell(PAN, 4, Context(PREFIX, 64))  # pyright: ignore[reportPrivateUsage]
    assert contexts[4].network == PREFIX
    for number in range(1000):
        network.hear(pans(number))
    heard = network.hear(frame(A, B, COMPRESSED))
    assert heard.datagram is not None
    assert heard.datagram.source[:8] == PREFIX


def test_pan_that_was_forgotten_learns_its_contexts_anew() -> None:
    network, told = air(), frame(A, EVERYBODY, lowpan(ADVERTISED, A, EVERYBODY))
    lacking = network.hear(frame(A, B, COMPRESSED)).datagram
    for number in range(2 * MOST_PANS):
        network.hear(pans(number))
    network.hear(told)
    complete = network.hear(frame(A, B, COMPRESSED)).datagram
    assert lacking is not None
    assert complete is not None
    assert (lacking.source[:8], complete.source[:8]) == (bytes(8), PREFIX)


def test_nothing_else_grows() -> None:
    assert sys.getsizeof(air().follower.unsealer.secured) < 1000
    assert set(dict(stores(air(THREAD).follower))) >= LIMITS.keys()
