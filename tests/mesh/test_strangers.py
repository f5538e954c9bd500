from hypothesis import given
from hypothesis import strategies as st

from lowpan.mesh.strangers import Strangers

NAMES = [bytes([number]) * 8 for number in range(10)]


def test_strangers_are_forgotten_after_a_while() -> None:
    strangers = Strangers(heard_for=100)
    strangers.heard(NAMES[0], now=0)
    strangers.heard(NAMES[1], now=50)
    strangers.heard(NAMES[0], now=60)
    assert strangers.next_deadline() == 150
    strangers.handle_deadline(now=149)
    assert list(strangers) == [NAMES[1], NAMES[0]]
    strangers.handle_deadline(now=150)
    assert list(strangers) == [NAMES[0]]
    strangers.handle_deadline(now=1000)
    assert strangers.next_deadline() is None


def test_who_has_proven_itself_is_a_stranger_no_more() -> None:
    strangers = Strangers()
    strangers.heard(NAMES[0], now=0)
    assert NAMES[0] in strangers
    strangers.forget(NAMES[0])
    strangers.forget(NAMES[0])
    assert NAMES[0] not in strangers


@given(st.lists(st.sampled_from(NAMES)))
def test_the_last_ones_are_remembered(names: list[bytes]) -> None:
    strangers = Strangers(most=3)
    for now, name in enumerate(names):
        strangers.heard(name, now=now)
    assert len(strangers) <= 3
    assert list(strangers) == list(dict.fromkeys(reversed(names)))[:3][::-1]
