"""The neighbour table under any inputs."""

from hypothesis import given
from hypothesis import strategies as st

from lowpan.mesh.neighbour import NeighbourForgotten, Standing
from lowpan.mesh.neighbour_table import NeighbourTable
from tests.mesh.neighbours import SECOND, restored, saved, standings

INPUTS = st.lists(
    st.tuples(
        st.sampled_from(
            ["authentic", "forged", "establish", "pin", "report", "sent", "drop", "wait"]
        ),
        st.integers(1, 12),
        st.integers(-110, 0),
        st.integers(0, 60),
    ),
    max_size=120,
)


@given(INPUTS)
def test_whatever_happens_bounds_hold_and_deadlines_come(
    inputs: list[tuple[str, int, int, int]],
) -> None:
    table, now = NeighbourTable(most_established=3, most_authentic=2), 0
    for what, who, value, seconds in inputs:
        name = bytes(7) + bytes([who])
        before, events = standings(table), list[object]()
        match what:
            case "authentic" | "forged":
                authentic = what == "authentic"
                events += table.frame_received(name, rss=value, authentic=authentic, now=now)
            case "establish" | "pin":
                short = bytes([4, who // 2])
                pinned = what == "pin"
                events += table.establish(name, now=now, short_address=short, pinned=pinned)
            case "report":
                events += table.quality_reported(name, value % 5, now=now)
            case "sent":
                acked = bool(value % 2)
                events += table.frame_sent(
                    name, transmissions=seconds % 5, acknowledged=acked, secured=acked, now=now
                )
            case "drop":
                table.drop(name)
                before.pop(name, None)
            case _:
                now += seconds * SECOND
                events += table.handle_deadline(now=now)
                deadline = table.next_deadline()
                assert deadline is None or deadline > now
        after = standings(table)
        assert list(after.values()).count(Standing.ESTABLISHED) <= 3
        assert list(after.values()).count(Standing.AUTHENTIC) <= 2
        gone = {event.neighbour for event in events if isinstance(event, NeighbourForgotten)}
        assert gone == before.keys() - after.keys()
        shorts = [neighbour.short_address for neighbour in table if neighbour.short_address]
        assert len(set(shorts)) == len(shorts)
        assert all(after[held] >= before.get(held, Standing.AUTHENTIC) for held in after)
        assert (table.next_deadline() is None) == (not after and not len(table.strangers))
    store = saved(table)
    expected = {name for name, s in standings(table).items() if s is Standing.ESTABLISHED}
    assert set(standings(restored(store, most=3))) == expected
