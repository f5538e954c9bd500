"""How often neighbours are asked at most, whoever makes us want to."""

from itertools import pairwise
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from lowpan.adaptation.neighbour_discovery.actions import NdAction, SendMessage, Unreachable
from lowpan.adaptation.neighbour_discovery.cache import (
    MOST_SOLICITATIONS_AT_ONCE,
    SOLICITATION_PACE,
    NeighbourCache,
)
from lowpan.adaptation.neighbour_discovery.own import LinkAddresses
from lowpan.adaptation.neighbour_discovery.table import Standing, State
from lowpan.wire.neighbour_discovery import NeighbourSolicitation
from tests.adaptation.neighbour_discovery.caches import advertisement
from tests.adaptation.neighbour_discovery.link import (
    SECOND,
    OwnTable,
    address,
    extended,
    other_address,
    sent,
)

HONEST = 64
"""Neighbours that are looked for at one moment: as many as there is room for."""


class Asking:
    """A cache and all solicitations that it has sent: when, and about whom."""

    def __init__(self) -> None:
        own, link = OwnTable(address(1)), LinkAddresses(extended(1), None, 0xBEEF)
        self.cache = NeighbourCache(own, link, Random(1))
        self.asked: list[tuple[int, bytes]] = []
        self.lost: list[tuple[int, bytes]] = []
        self.now = 0

    def take(self, actions: list[NdAction]) -> None:
        for action in actions:
            if isinstance(action, SendMessage):
                body = action.message.body
                assert isinstance(body, NeighbourSolicitation)
                self.asked.append((self.now, body.target_address))
            elif isinstance(action, Unreachable):
                self.lost.append((self.now, action.address))

    def resolve(self, neighbour: bytes) -> None:
        self.take(self.cache.resolve(neighbour, now=self.now)[1])

    def run(self, until: int) -> None:
        while (due := self.cache.next_deadline()) is not None and due <= until:
            self.now = max(due, self.now)
            self.take(self.cache.handle_deadline(now=self.now))
        self.now = until

    def met(self, number: int) -> bytes:
        """Return a neighbour that we have asked, and that has answered."""
        neighbour = other_address(number)
        self.resolve(neighbour)
        answer = advertisement(neighbour, LinkAddresses(extended(number)))
        self.take(self.cache.receive_advertisement(answer, extended(number), now=self.now))
        known = self.cache.table.get(neighbour)
        assert known is not None
        assert known.standing is Standing.CONFIRMED
        return neighbour

    def times(self, neighbour: bytes) -> list[int]:
        return [now for now, asked in self.asked if asked == neighbour]


def test_honest_use_is_not_delayed() -> None:
    """As many as we look for at once are asked at once, and answer."""
    asking = Asking()
    for number in range(2, 2 + HONEST):
        asking.met(number)
    assert [now for now, _ in asking.asked] == [0] * HONEST


def test_who_does_not_answer_is_given_up_after_three_seconds_as_ever() -> None:
    asking = Asking()
    for number in range(2, 12):
        asking.resolve(other_address(number))
    asking.run(60 * SECOND)
    assert asking.times(other_address(2)) == [0, SECOND, 2 * SECOND]
    assert {now for now, _ in asking.lost} == {3 * SECOND}


def test_two_hundred_neighbours_are_asked_again_every_half_minute_without_delay() -> None:
    """Where there are no acknowledgments, each is probed as its answer gets old."""
    asking = Asking()
    met: list[bytes] = []
    for number in range(2, 202):
        met.append(asking.met(number))
        asking.run(asking.now + 150_000)
    asking.asked.clear()
    for second in range(30, 100):
        asking.run(second * SECOND)
        for neighbour in met:
            asking.resolve(neighbour)
            known = asking.cache.table.get(neighbour)
            assert known is not None
            if known.state is State.PROBE:
                assert known.solicitations == 1, "asked at the moment when it was due"
                link = LinkAddresses(known.link.extended)
                assert link.extended is not None
                answer = advertisement(neighbour, link)
                asking.cache.receive_advertisement(answer, link.extended, now=asking.now)
    assert len(asking.asked) > 200
    assert asking.lost == []


def test_attack_invented_neighbours_are_asked_for_at_a_pace() -> None:
    asking = Asking()
    for number in range(20_000):
        asking.resolve(other_address(100 + number))
        asking.run(asking.now + 1_000)
    spent = MOST_SOLICITATIONS_AT_ONCE + 20 * SECOND // SOLICITATION_PACE
    assert spent - 5 <= len(asking.asked) <= spent


def test_attack_invented_neighbours_do_not_delay_the_question_to_a_known_one() -> None:
    asking = Asking()
    known = asking.met(2)
    asking.run(2 * SECOND)
    for number in range(1_000):
        asking.resolve(other_address(100 + number))
    asking.take(asking.cache.suspect(known, now=asking.now))
    assert asking.times(known)[-1] == 2 * SECOND


def test_attack_a_neighbour_that_is_spoken_for_is_asked_once_a_second() -> None:
    """Whatever is claimed about it, and although it answers each time at once."""
    asking = Asking()
    known = asking.met(2)
    for _ in range(1_000):
        asking.run(asking.now + 10_000)
        false = advertisement(known, LinkAddresses(extended(666)))
        asking.take(asking.cache.receive_advertisement(false, extended(666), now=asking.now))
        true = advertisement(known, LinkAddresses(extended(2)))
        asking.take(asking.cache.receive_advertisement(true, extended(2), now=asking.now))
    times = asking.times(known)
    assert 9 <= len(times) <= 11
    assert all(later - sooner >= SECOND for sooner, later in pairwise(times))


def test_attack_an_answer_to_a_question_that_was_put_off_confirms_nobody() -> None:
    asking = Asking()
    for number in range(MOST_SOLICITATIONS_AT_ONCE):
        asking.resolve(other_address(100 + number))
    wanted = other_address(7)
    asking.resolve(wanted)
    assert asking.times(wanted) == []
    false = advertisement(wanted, LinkAddresses(extended(666)))
    asking.take(asking.cache.receive_advertisement(false, extended(666), now=0))
    neighbour = asking.cache.table.get(wanted)
    assert neighbour is not None
    assert neighbour.standing is Standing.ASKED


def test_what_was_put_off_is_asked_when_there_is_room() -> None:
    asking = Asking()
    many = [other_address(100 + number) for number in range(MOST_SOLICITATIONS_AT_ONCE)]
    for neighbour in many:
        asking.resolve(neighbour)
        answer = advertisement(neighbour, LinkAddresses(extended(int.from_bytes(neighbour[8:]))))
        asking.cache.receive_advertisement(answer, extended(1), now=0)
    wanted = other_address(7)
    asking.resolve(wanted)
    asking.run(60 * SECOND)
    first = SOLICITATION_PACE
    assert asking.times(wanted) == [first, first + SECOND, first + 2 * SECOND]


STEPS = st.lists(
    st.tuples(st.sampled_from(["resolve", "suspect", "answer", "claim"]), st.integers(2, 90)),
    max_size=300,
)


@given(STEPS, st.lists(st.sampled_from([0, 1_000, 50_000, 700_000]), min_size=1, max_size=20))
def test_the_paces_hold_whatever_happens(steps: list[tuple[str, int]], gaps: list[int]) -> None:
    asking = Asking()
    for at, (step, number) in enumerate(steps):
        neighbour, now = other_address(number), asking.now
        match step:
            case "resolve":
                asking.resolve(neighbour)
            case "suspect":
                asking.take(asking.cache.suspect(neighbour, now=now))
            case _:
                link = extended(number if step == "answer" else 666)
                said = advertisement(neighbour, LinkAddresses(link))
                asking.take(asking.cache.receive_advertisement(said, link, now=now))
        asking.run(now + gaps[at % len(gaps)])
    most = 2 * (MOST_SOLICITATIONS_AT_ONCE + 1 + asking.now // SOLICITATION_PACE)
    assert len(asking.asked) <= most
    for number in range(2, 91):
        times = asking.times(other_address(number))
        lost = {now for now, one in asking.lost if one == other_address(number)}
        for sooner, later in pairwise(times):
            assert later - sooner >= SECOND or any(sooner <= now <= later for now in lost)


def test_a_solicitation_is_what_it_was() -> None:
    """The first one goes to the group of the neighbour, with our link-layer address."""
    asking = Asking()
    (message,) = sent(asking.cache.resolve(other_address(2), now=0)[1])
    assert message.destination == bytes.fromhex("ff0200000000000000000001ff000002")
