"""Contexts found by checksum: when, from whom, and how much is kept for it."""

from itertools import permutations
from typing import NamedTuple

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lowpan.capture.context_search import (
    MOST_CANDIDATES,
    MOST_SOUGHT,
    MOST_SUMS,
    USUAL_PREFIXES,
    ContextSearch,
)
from lowpan.capture.datagram import Datagram, datagram_of_octets
from lowpan.wire.addresses import Context, iid_of
from tests.capture.network import (
    ALICE,
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
    udp,
)

CONTEXTS = {5: Context(PREFIX, 64)}


def at(prefix: bytes, address: bytes) -> bytes:
    return prefix + iid_of(address)


class Lacking(NamedTuple):
    """Which addresses lack their prefix."""

    source: bool
    destination: bool


EITHER = Lacking(source=True, destination=False)
BOTH = Lacking(source=True, destination=True)


def datagram(number: int, lacks: Lacking, prefix: bytes = PREFIX) -> Datagram:
    """Return datagram `number` with the prefix zero where it is not known."""
    made = datagram_of_octets(echo(at(prefix, A), at(prefix, B), number))
    if lacks.source:
        made.source = bytes(8) + made.source[8:]
    if lacks.destination:
        made.destination = bytes(8) + made.destination[8:]
    made.unknown_contexts = (5,)
    return made


def tell(
    search: ContextSearch, number: int, lacks: Lacking, prefix: bytes = PREFIX
) -> Context | None:
    made = datagram(number, lacks, prefix)
    return search.examine(made, PAN, source=lacks.source, destination=lacks.destination)


@pytest.mark.parametrize("lacks", [EITHER, BOTH, Lacking(source=False, destination=True)])
def test_second_datagram_makes_it_certain(lacks: Lacking) -> None:
    search = ContextSearch()
    search.offer(at(PREFIX, ALICE))
    assert tell(search, 1, lacks) is None
    assert tell(search, 1, lacks) is None  # the same one again proves nothing
    assert tell(search, 2, lacks) == Context(PREFIX, 64)


@given(st.binary(min_size=7, max_size=7), st.booleans())
def test_any_unique_local_prefix_is_found(rest: bytes, both: bool) -> None:
    search, prefix, lacks = ContextSearch(), b"\xfd" + rest, BOTH if both else EITHER
    tell(search, 1, lacks, prefix)
    search.offer_all(b"\x00\x01" + prefix + b"\x02")
    found = tell(search, 2, lacks, prefix)
    assert found is not None
    sums = {int.from_bytes(octets, "big") % 0xFFFF for octets in (found.network, prefix)}
    assert (found.network[0], len(sums)) == (0xFD, 1)


def test_prefix_may_be_seen_after_the_datagrams() -> None:
    search, lacks = ContextSearch(), BOTH
    for number in range(5):
        assert tell(search, number, lacks) is None
    search.offer_all(b"mesh local " + PREFIX + b"/64")
    assert tell(search, 6, lacks) == Context(PREFIX, 64)


def test_usual_prefix_need_not_be_seen() -> None:
    for prefix in USUAL_PREFIXES:
        search = ContextSearch()
        assert tell(search, 1, EITHER, prefix) is None
        assert tell(search, 2, EITHER, prefix) == Context(prefix, 64)


def test_of_prefixes_with_one_sum_the_one_seen_most_is_taken() -> None:
    words = [PREFIX[at : at + 2] for at in range(2, 8, 2)]
    alike = [PREFIX[:2] + b"".join(order) for order in permutations(words)]
    search, lacks = ContextSearch(), EITHER
    for prefix in [*alike, PREFIX, *alike, PREFIX]:
        search.offer(at(prefix, ALICE))
    tell(search, 1, lacks)
    assert tell(search, 2, lacks) == Context(PREFIX, 64)


def test_corrupted_datagrams_do_not_hide_the_prefix() -> None:
    search, lacks = ContextSearch(), EITHER
    search.offer(at(PREFIX, ALICE))
    for number in range(20):
        corrupted = datagram(number, lacks)
        corrupted.payload = corrupted.payload[:-1] + bytes((number,))
        assert search.examine(corrupted, PAN, source=True, destination=False) is None
    tell(search, 1, lacks)
    assert tell(search, 2, lacks) == Context(PREFIX, 64)


def test_prefix_of_random_octets_is_forgotten_before_one_that_comes_again() -> None:
    search, lacks = ContextSearch(), EITHER
    for noise in range(10 * MOST_CANDIDATES):
        search.offer_all(b"\xfd" + noise.to_bytes(7, "big"))
        if noise % 100 == 0:
            search.offer(at(PREFIX, ALICE))
    tell(search, 1, lacks)
    assert tell(search, 2, lacks) == Context(PREFIX, 64)


def test_what_is_kept_is_bounded() -> None:
    search, forged = ContextSearch(), datagram(1, BOTH)
    for number in range(5_000):
        forged.payload = number.to_bytes(4, "big") + forged.payload[4:]
        search.offer_all(b"\xfd" + number.to_bytes(7, "big"))
        search.examine(forged, number % 1000, source=True, destination=True)
    seen, wanted = search._seen, search._wanted  # pyright: ignore[reportPrivateUsage]
    assert len(seen) == MOST_CANDIDATES
    assert len(wanted) == MOST_SOUGHT
    assert max(map(len, wanted.values())) <= MOST_SUMS


# -- inside a Follower


def compressed(number: int) -> bytes:
    """Return a ping from A to B whose addresses leave context 5 to the network."""
    octets = lowpan(echo(at(PREFIX, A), at(PREFIX, B), number), A, B, CONTEXTS)
    assert octets[2] == 0x55  # both contexts
    return octets


def revealing() -> bytes:
    """Return the payload of a frame whose datagram has the prefix in it."""
    return lowpan(udp(local(A), local(B), b"our prefix is " + PREFIX), A, B)


def test_context_is_found_and_fills_the_addresses_in() -> None:
    network = air()
    heard = network.hear_all(
        [
            frame(A, B, compressed(1)),
            frame(A, B, revealing(), number=2),
            frame(A, B, compressed(2), number=3),
            frame(A, B, compressed(3), number=4),
        ]
    )
    first, _, second, third = (decoded.datagram for decoded in heard)
    assert first is not None
    assert (first.unknown_contexts, first.source) == ((5,), bytes(8) + iid_of(A))
    for later in (second, third):
        assert later is not None
        assert later.unknown_contexts == ()
        assert (later.source, later.destination) == (at(PREFIX, A), at(PREFIX, B))
        assert later.checksum_good


def test_context_found_between_two_fragments_completes_the_datagram() -> None:
    network = air()
    plain = echo(at(PREFIX, A), at(PREFIX, B), 9, bytes(48))
    octets = lowpan(plain, A, B, CONTEXTS)
    size, head = len(plain), len(octets) - 48
    first = (0xC000 | size).to_bytes(2, "big") + b"\0\1" + octets[:head]
    rest = (0xE000 | size).to_bytes(2, "big") + b"\0\1\6" + octets[head:]
    network.hear(frame(A, B, compressed(1)))
    network.hear(frame(A, B, first, number=2))
    network.hear(frame(A, B, revealing(), number=3))
    network.hear(frame(A, B, compressed(2), number=4))  # by now it is known
    whole = network.hear(frame(A, B, rest, number=5)).datagram
    assert whole is not None
    assert whole.payload_length + 40 == size
    assert (whole.source, whole.destination) == (at(PREFIX, A), at(PREFIX, B))
    assert whole.checksum_good


def test_forged_frames_cannot_plant_a_context_in_a_secured_network() -> None:
    network = air(THREAD)
    network.follower.book.learn(PAN, A, ALICE)
    network.hear(frame(A, B, compressed(1), seal=thread_seal(ALICE, 1)))
    forged = {5: Context(b"\xfd" + b"\xee" * 7, 64)}
    evil = forged[5].network
    for number in range(5):
        plain = echo(at(evil, A), at(evil, B), number, b"from " + evil)
        heard = network.hear(frame(A, B, lowpan(plain, A, B, forged), number=number))
        assert heard.datagram is not None
        assert heard.datagram.unknown_contexts == (5,)
    for counter in (2, 3):
        payload = revealing() if counter == 2 else compressed(counter)
        heard = network.hear(frame(A, B, payload, seal=thread_seal(ALICE, counter)))
    assert heard.datagram is not None
    assert heard.datagram.source == at(PREFIX, A)
