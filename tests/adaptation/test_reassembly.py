from hypothesis import given
from hypothesis import strategies as st

from lowpan.adaptation.reassembly import (
    CROWDED_OUT,
    MADE_ROOM,
    MOST_DATAGRAMS,
    MOST_PER_SENDER,
    OVERLAPPED,
    REASSEMBLY_TIMEOUT,
    TIMED_OUT,
    DatagramLost,
    DatagramReceived,
    Event,
    FragmentRefused,
    Reassembler,
)
from lowpan.wire.fragment import FragmentHeader

ALICE, BOB = bytes.fromhex("00124b0000000001"), bytes.fromhex("00124b0000000002")


def fragment(engine: Reassembler, at: int, piece: bytes, **given: int) -> list[Event]:
    """Give the piece at octet `at` of a datagram of 64 octets with tag 7 to `engine`."""
    size, tag, now = given.get("size", 64), given.get("tag", 7), given.get("now", 0)
    header = FragmentHeader(size, tag, at or None)
    return engine.receive_fragment(ALICE, BOB, header, piece, now=now, mark=at)


@given(st.permutations(range(0, 64, 8)))
def test_fragments_arrive_in_any_order(offsets: list[int]) -> None:
    engine, datagram = Reassembler(), bytes(range(64))
    events = [fragment(engine, at, datagram[at : at + 8]) for at in offsets]
    whole = DatagramReceived(ALICE, BOB, datagram, tuple(offsets))
    assert events == [[]] * 7 + [[whole]]
    assert len(engine) == 0


def test_a_repeated_fragment_never_fills_a_hole() -> None:
    engine = Reassembler()
    for _ in range(20):
        assert fragment(engine, 0, bytes(16)) == []
        assert fragment(engine, 32, bytes(32)) == []
    assert fragment(engine, 16, bytes(16))[0].__class__ is DatagramReceived


def test_datagram_times_out_a_minute_after_its_first_fragment() -> None:
    engine = Reassembler()
    fragment(engine, 0, bytes(8), now=5)
    fragment(engine, 8, bytes(8), now=50)
    assert engine.next_deadline() == 5 + REASSEMBLY_TIMEOUT
    assert engine.handle_deadline(now=4 + REASSEMBLY_TIMEOUT) == []
    lost = DatagramLost(ALICE, 7, TIMED_OUT, (0, 8))
    assert engine.handle_deadline(now=5 + REASSEMBLY_TIMEOUT) == [lost]
    assert engine.next_deadline() is None


def test_overlap_discards_what_came_before_and_begins_anew() -> None:
    engine = Reassembler()
    fragment(engine, 0, bytes(16))
    assert fragment(engine, 8, bytes(56)) == [DatagramLost(ALICE, 7, OVERLAPPED, (0,))]
    whole = DatagramReceived(ALICE, BOB, b"x" * 8 + bytes(56), (8, 0))
    assert fragment(engine, 0, b"x" * 8) == [whole]


def test_the_same_place_with_other_octets_is_an_overlap() -> None:
    engine = Reassembler()
    fragment(engine, 0, bytes(16))
    assert fragment(engine, 0, b"x" * 16) == [DatagramLost(ALICE, 7, OVERLAPPED, (0,))]


def test_tag_and_size_tell_datagrams_apart() -> None:
    engine = Reassembler()
    fragment(engine, 0, bytes(40), tag=1)
    fragment(engine, 0, bytes(40), tag=2)
    fragment(engine, 0, bytes(40), tag=1, size=72)
    assert len(engine) == 3


def test_senders_do_not_share_datagrams() -> None:
    engine, header = Reassembler(), FragmentHeader(64, 7, 32)
    fragment(engine, 0, bytes(32))
    assert engine.receive_fragment(BOB, ALICE, header, bytes(32), now=0) == []


def test_a_flood_of_one_sender_leaves_the_others_alone() -> None:
    engine = Reassembler()
    engine.receive_fragment(BOB, ALICE, FragmentHeader(64, 1, None), bytes(32), now=0)
    lost = [event for tag in range(999) for event in fragment(engine, 0, bytes(32), tag=tag)]
    assert {event.reason for event in lost if isinstance(event, DatagramLost)} == {CROWDED_OUT}
    assert len(engine) == MOST_PER_SENDER + 1
    done = engine.receive_fragment(BOB, ALICE, FragmentHeader(64, 1, 32), bytes(32), now=1)
    assert isinstance(done[0], DatagramReceived)


def test_a_flood_of_forged_senders_is_bounded() -> None:
    engine = Reassembler()
    reasons = set[str]()
    for sender in range(100_000):
        header = FragmentHeader(2047, 1, None)
        source = sender.to_bytes(8, "big")
        events = engine.receive_fragment(source, BOB, header, bytes(96), now=sender)
        reasons |= {event.reason for event in events if not isinstance(event, DatagramReceived)}
    assert (len(engine), reasons) == (MOST_DATAGRAMS, {MADE_ROOM})


def test_fragments_sent_again_and_again_are_bounded() -> None:
    engine = Reassembler(most_fragments=100)
    fragment(engine, 0, bytes(8), tag=1)
    events = [event for _ in range(99) for event in fragment(engine, 0, bytes(8), tag=2)]
    assert events == []
    (lost,) = fragment(engine, 0, bytes(8), tag=2)
    assert lost == DatagramLost(ALICE, 2, MADE_ROOM, (0,) * 100)
    assert len(engine) == 1, "what is not repeated stays"


def test_a_flood_of_first_fragments_displaces_none_that_is_under_way() -> None:
    engine = Reassembler(most_datagrams=8)
    first, second, third = (FragmentHeader(64, 1, at) for at in (None, 16, 32))
    engine.receive_fragment(ALICE, BOB, first, bytes(16), now=0)
    engine.receive_fragment(ALICE, BOB, second, bytes(16), now=1)
    for sender in range(1000):
        engine.receive_fragment(sender.to_bytes(8, "big"), BOB, first, bytes(16), now=2)
    (done,) = engine.receive_fragment(ALICE, BOB, third, bytes(32), now=3)
    assert isinstance(done, DatagramReceived)


def test_fragments_of_many_datagrams_are_bounded() -> None:
    engine = Reassembler(most_fragments=10)
    for sender in range(5):
        header = FragmentHeader(64, 1, None)
        engine.receive_fragment(sender.to_bytes(8, "big"), BOB, header, bytes(8), now=0)
        header = FragmentHeader(64, 1, 16)
        engine.receive_fragment(sender.to_bytes(8, "big"), BOB, header, bytes(8), now=0)
    (lost,) = fragment(engine, 0, bytes(8), tag=1)
    assert lost == DatagramLost(ALICE, 1, MADE_ROOM, (0,)), "it is the least complete"
    assert len(engine) == 5


def test_fragments_that_fit_no_datagram_are_refused() -> None:
    engine = Reassembler()
    bad = [
        (FragmentHeader(39, 7, None), bytes(8), "datagram_size"),
        (FragmentHeader(64, 7, None), b"", "piece"),
        (FragmentHeader(64, 7, 56), bytes(9), "piece"),
        (FragmentHeader(64, 7, 8), bytes(7), "piece"),
        (FragmentHeader(64, 7, 0), bytes(8), "datagram_offset"),
    ]
    for header, piece, field in bad:
        (refused,) = engine.receive_fragment(ALICE, BOB, header, piece, now=0)
        assert isinstance(refused, FragmentRefused), header
        assert refused.field == field
    assert len(engine) == 0


@given(st.lists(st.tuples(st.integers(0, 12), st.integers(1, 40), st.integers(0, 2))))
def test_whatever_comes_only_whole_datagrams_go(pieces: list[tuple[int, int, int]]) -> None:
    engine = Reassembler()
    for at, length, fill in pieces:
        for event in fragment(engine, 8 * at, bytes([fill]) * length):
            if isinstance(event, DatagramReceived):
                assert len(event.datagram) == 64
    assert len(engine) <= 1
