"""Payloads that wait before they are flooded: how long, in which order, and how many."""

from random import Random

from hypothesis import given
from hypothesis import strategies as st

from lowpan.adaptation.flood_jitter import MOST_FROM_ONE, MOST_WAITING, FloodJitter
from lowpan.adaptation.forwarding import Forward

ALL, ONE, OTHER = b"\xff\xff", b"\x00\x01", b"\x00\x02"


def payload(number: int) -> Forward:
    return Forward(ALL, number.to_bytes(4, "big"))


def test_nothing_waits_at_first() -> None:
    jitter = FloodJitter(Random(1))
    assert jitter.next_deadline() is None
    assert jitter.handle_deadline(now=0) == []


def test_a_payload_waits_for_its_moment_and_goes_once() -> None:
    jitter = FloodJitter(Random(1), most_jitter=1_000)
    assert jitter.put(payload(1), ONE, now=5_000)
    due = jitter.next_deadline()
    assert due is not None
    assert 5_000 <= due <= 6_000
    assert jitter.handle_deadline(now=due - 1) == []
    assert jitter.handle_deadline(now=due) == [(payload(1), ONE)]
    assert (len(jitter), jitter.next_deadline()) == (0, None)


def test_moments_are_spread_over_the_whole_time() -> None:
    jitter = FloodJitter(Random(1), most_jitter=1_000)
    moments: list[int] = []
    for number in range(1_000):
        jitter.put(payload(number), ONE, now=0)
        moments.append(jitter.next_deadline() or 0)
        jitter.handle_deadline(now=1_000)
    for tenth in range(10):
        among = sum(100 * tenth <= moment < 100 * tenth + 100 for moment in moments)
        assert 70 <= among <= 130


def test_without_jitter_it_is_due_at_once() -> None:
    jitter = FloodJitter(Random(1), most_jitter=0)
    jitter.put(payload(1), ONE, now=7)
    assert jitter.next_deadline() == 7


def test_attack_a_neighbour_that_floods_leaves_room_for_others() -> None:
    jitter = FloodJitter(Random(1))
    taken = sum(jitter.put(payload(number), ONE, now=0) for number in range(1_000))
    assert taken == MOST_FROM_ONE
    assert jitter.put(payload(1), OTHER, now=0)


def test_attack_neighbours_that_flood_fill_no_more_than_the_room() -> None:
    jitter = FloodJitter(Random(1))
    for number in range(1_000):
        jitter.put(payload(number), number.to_bytes(2, "big"), now=0)
    assert len(jitter) == MOST_WAITING
    assert len(jitter.handle_deadline(now=10_000_000)) == MOST_WAITING
    assert jitter.put(payload(1), ONE, now=10_000_000)


@given(
    st.lists(st.tuples(st.integers(0, 3), st.integers(0, 40)), max_size=80),
    st.integers(0, 100),
    st.integers(0, 9),
)
def test_each_goes_on_once_within_its_time_and_in_the_order_of_its_sender(
    arrivals: list[tuple[int, int]], most_jitter: int, seed: int
) -> None:
    jitter = FloodJitter(Random(seed), most_jitter=most_jitter)
    now, put, gone = 0, dict[int, int](), list[int]()
    sender: dict[int, bytes] = {}

    def run(until: int) -> None:
        while (due := jitter.next_deadline()) is not None and due <= until:
            for forward, by in jitter.handle_deadline(now=due):
                number = int.from_bytes(forward.payload, "big")
                assert by == sender[number]
                assert put[number] <= due <= put[number] + most_jitter
                gone.append(number)

    for number, (by, gap) in enumerate(arrivals):
        now += gap
        run(now)
        sender[number], put[number] = bytes((by,)), now
        if not jitter.put(payload(number), sender[number], now=now):
            del put[number]
    run(now + most_jitter)
    assert sorted(gone) == sorted(put)
    for by in range(4):
        of_one = [number for number in gone if sender[number] == bytes((by,))]
        assert of_one == sorted(of_one)
