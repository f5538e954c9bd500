"""Virtual time: everything happens when it is due, in order."""

from hypothesis import given
from hypothesis import strategies as st

from lowpan.sim.schedule import Event, Schedule


@given(st.lists(st.integers(0, 20)))
def test_events_happen_in_order_of_time_and_then_of_asking(times: list[int]) -> None:
    schedule, happened = Schedule(), list[tuple[int, int]]()

    def happen(time: int, number: int) -> None:
        happened.append((time, number))

    for number, time in enumerate(times):
        schedule.at(time, happen, time, number)
    schedule.run_until(20)
    assert happened == sorted(happened)
    assert len(happened) == len(times) == schedule.happened
    assert schedule.now == 20


def test_what_is_cancelled_does_not_happen() -> None:
    schedule, happened = Schedule(), list[str]()
    events: list[Event] = [schedule.after(5, happened.append, name) for name in "abc"]
    events[1].cancel()
    schedule.after(3, events[2].cancel)
    schedule.run_for(10)
    events[0].cancel()
    assert happened == ["a"]


def test_an_event_can_ask_for_others_even_at_once_or_in_the_past() -> None:
    schedule, happened = Schedule(), list[tuple[str, int]]()

    def note(name: str) -> None:
        happened.append((name, schedule.now))

    def begin() -> None:
        schedule.after(0, note, "at once")
        schedule.at(1, note, "past")
        schedule.after(2, note, "later")

    schedule.at(5, begin)
    schedule.run_until(6)
    assert happened == [("at once", 5), ("past", 5)]
    assert (schedule.now, len(schedule)) == (6, 1)
    schedule.run_until(7)
    assert happened[-1] == ("later", 7)
