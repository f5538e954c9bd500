"""How datagrams are cut into recoverable fragments, and the parameters and labels of it."""

from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lowpan.adaptation.contexts import ContextTable
from lowpan.adaptation.forwarding import Hop
from lowpan.adaptation.labels import MOST_LABELS, Labels
from lowpan.adaptation.recoverable_pieces import Pieces, recoverable_pieces
from lowpan.adaptation.recovery_parameters import RecoveryParameters
from lowpan.errors import FieldOutOfRange, MalformedFrame
from lowpan.wire.ipv6 import IPV6_HEADER, UDP, Ipv6Header
from tests.adaptation.hops import OUTSIDE, A, B, contexts, datagram


def pieces(octets: bytes, room: int = 102, most: int = 511) -> Pieces:
    return recoverable_pieces(octets, Hop(B, A, room), contexts(), max_fragment_size=most)


def sizes(cut: Pieces) -> list[int]:
    return [cut.bounds[at + 1] - cut.bounds[at] for at in range(cut.fragments)]


def test_the_first_fragment_leaves_room_for_headers_that_grow() -> None:
    # behind A: 8 octets of A's address, and the hop limit is no longer 64; D's are there already
    for hop_limit in (1, 64, 255):
        octets = datagram(bytes(250), hop_limit=hop_limit)
        assert sizes(pieces(octets))[:2] == [96 - 9, 96]
    assert sizes(pieces(datagram(bytes(250), hop_limit=63)))[:2] == [96 - 8, 96]
    # nothing can grow: addresses of elsewhere, and no context
    there = OUTSIDE[:15] + b"\2"
    cut = pieces(datagram(bytes(250), source=OUTSIDE, destination=there, hop_limit=63))
    assert sizes(cut)[0] == 96


def test_what_fits_one_frame_is_not_cut() -> None:
    cut = pieces(datagram(bytes(88)))
    assert (cut.bounds, cut.fragments, len(cut.octets)) == ((), 0, 102)
    assert pieces(datagram(bytes(89))).fragments == 2


@given(st.integers(100, 1232), st.integers(64, 127), st.integers(50, 511))
def test_fragments_follow_each_other_and_are_as_large_as_they_may(
    size: int, room: int, most: int
) -> None:
    octets = datagram(Random(size).randbytes(size))
    cut = pieces(octets, room, most)
    if cut.fragments:
        largest = min(room - 6, most)
        first, *middle, _ = sizes(cut)
        assert set(middle) <= {largest}
        assert largest - 9 <= first <= largest
        assert (cut.bounds[0], cut.bounds[-1]) == (0, len(cut.octets))
        assert max(sizes(cut)) <= largest


def test_headers_that_do_not_fit_the_first_fragment_stay_uncompressed() -> None:
    options = b"\x3c\x02" + b"\x05\x14" + bytes(20)  # of 24 octets, three in a row
    chain = options * 2 + b"\x11" + options[1:]
    plain = datagram(bytes(120), OUTSIDE, OUTSIDE[:15] + b"\2")
    header = IPV6_HEADER.decode_prefix(plain)[0]
    ends = header.source, header.destination
    length = len(plain) - 40 + len(chain)
    octets = IPV6_HEADER.encode(Ipv6Header(0, 0, length, 60, 63, *ends)) + chain + plain[40:]
    cut = pieces(octets, room=64)
    assert cut.bounds[1] == 58
    assert cut.octets.endswith(octets[40 + len(options) :])
    with pytest.raises(FieldOutOfRange, match="no room for IPv6 headers"):
        pieces(octets, most=30)


def test_what_cannot_be_cut_is_the_callers_fault() -> None:
    assert pieces(datagram(bytes(1232), OUTSIDE, OUTSIDE[:15] + b"\2"), most=40).fragments == 32
    with pytest.raises(FieldOutOfRange, match="33 fragments, 32 at most"):
        pieces(datagram(bytes(1232), OUTSIDE, OUTSIDE[:15] + b"\2"), most=39)
    with pytest.raises(FieldOutOfRange, match="1281 octets"):
        pieces(datagram(bytes(1233)))
    with pytest.raises(MalformedFrame):
        recoverable_pieces(bytes(200), Hop(B, A, 102), ContextTable(), max_fragment_size=511)
    assert UDP == 17


BAD: list[dict[str, Any]] = [
    {"min_window_size": 0},
    {"max_window_size": 33},
    {"opt_window_size": 2, "min_window_size": 3},
    {"opt_arq_timeout": 1},
    {"max_arq_timeout": 1},
    {"min_arq_timeout": 0},
    {"max_fragment_size": 0},
    {"max_fragment_size": 1024},
    {"max_frag_retries": -1},
    {"inter_frame_gap": -1},
]


@pytest.mark.parametrize("given", BAD, ids=str)
def test_parameters_keep_the_bounds_of_the_rfc(given: dict[str, Any]) -> None:
    with pytest.raises(FieldOutOfRange):
        RecoveryParameters(**given)


def test_a_label_comes_again_as_late_as_can_be() -> None:
    labels = Labels[str](Random(1))
    given = [labels.give(B, "x") for _ in range(MOST_LABELS)]
    assert sorted(given) == list(range(MOST_LABELS))
    assert given != sorted(given)
    with pytest.raises(FieldOutOfRange):
        labels.give(B, "x")
    assert labels.give(A, "y") == given[0]
    labels.free(B, given[7])
    assert labels.owner(B, given[7]) is None
    assert labels.give(B, "z") == given[7]
    assert labels.owner(B, given[7]) == "z"
    assert len(labels) == MOST_LABELS + 1
