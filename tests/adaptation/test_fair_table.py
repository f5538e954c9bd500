from hypothesis import given
from hypothesis import strategies as st

from lowpan.adaptation.fair_table import FairTable, Standing, Timeouts

ALICE, BOB = b"alice", b"bob"


def table(most: int = 4, most_per_owner: int = 2) -> FairTable[int, str]:
    return FairTable(most=most, most_per_owner=most_per_owner, timeouts=Timeouts(1, 10, 100))


def test_each_standing_has_its_timeout() -> None:
    entries = table()
    for key in (1, 2, 3):
        entries.add(key, bytes([key]), str(key), now=0)
    assert entries.next_deadline() == 10
    entries.proceed(2, now=5)
    entries.finish(3, now=5)
    assert entries.next_deadline() == 6
    assert entries.expire(now=5) == []
    assert entries.expire(now=6) == [(3, "3", Standing.OVER)]
    assert entries.expire(now=104) == [(1, "1", Standing.NEW)]
    assert entries.next_deadline() == 105
    assert entries.expire(now=105) == [(2, "2", Standing.PROVEN)]
    assert (entries.next_deadline(), len(entries)) == (None, 0)


def test_what_proceeds_waits_anew() -> None:
    entries = table()
    entries.add(1, ALICE, "", now=0)
    for now in (10, 100, 190):
        entries.proceed(1, now=now)
    assert entries.next_deadline() == 290


def test_a_full_share_costs_its_owner_the_least_proven_and_longest_idle() -> None:
    entries = table(most=9, most_per_owner=3)
    for key in (1, 2, 3):
        entries.add(key, ALICE, "", now=key)
    entries.proceed(1, now=4)
    assert entries.add(4, ALICE, "", now=5) == [(2, "", Standing.NEW)]
    entries.finish(4, now=6)
    assert entries.add(5, ALICE, "", now=7) == [(4, "", Standing.OVER)]
    assert entries.add(6, BOB, "", now=8) == []


def test_a_full_table_loses_what_is_over_then_the_oldest_beginning() -> None:
    entries = table()
    for key in (1, 2, 3, 4):
        entries.add(key, bytes([key]), "", now=key)
    entries.proceed(1, now=5)
    entries.finish(4, now=5)
    evicted = [entries.add(key, bytes([key]), "", now=6)[0][0] for key in (5, 6, 7, 8)]
    assert evicted == [4, 2, 3, 5]
    assert entries.standing(1) is Standing.PROVEN


def test_proven_ones_make_room_when_nothing_else_is_left() -> None:
    entries = table()
    for key in (1, 2, 3, 4):
        entries.add(key, bytes([key]), "", now=0)
        entries.proceed(key, now=key)
    entries.proceed(1, now=5)
    assert entries.add(5, b"5", "", now=6) == [(2, "", Standing.PROVEN)]


def test_an_entry_of_the_same_key_takes_the_place_of_the_old_one() -> None:
    entries = table()
    entries.add(1, ALICE, "old", now=0)
    entries.finish(1, now=0)
    assert entries.add(1, BOB, "new", now=3) == []
    assert (len(entries), entries.get(1), entries.next_deadline()) == (1, "new", 13)
    for key in (2, 3):  # the old one counts no longer, neither for its owner nor for its time
        assert entries.add(key, ALICE, "", now=3) == []
    assert entries.expire(now=4) == []
    assert entries.remove(1) == "new"
    assert entries.remove(1) is None
    assert (entries.get(1), entries.standing(1)) == (None, None)


STEPS = st.lists(
    st.tuples(st.sampled_from("aapfre"), st.integers(0, 9), st.integers(0, 5), st.integers(0, 12))
)


@given(STEPS)
def test_whatever_happens_bounds_hold_and_nothing_outlives_its_deadline(
    steps: list[tuple[str, int, int, int]],
) -> None:
    entries, now = table(), 0
    owners = dict[int, bytes]()
    for step, key, owner, passed in steps:
        now += passed
        if step == "a":
            for lost, _, _ in entries.add(key, bytes([owner]), "", now=now):
                del owners[lost]
            owners[key] = bytes([owner])
        elif step == "p" and key in owners:
            entries.proceed(key, now=now)
        elif step == "f" and key in owners:
            entries.finish(key, now=now)
        elif step == "r":
            entries.remove(key)
            owners.pop(key, None)
        elif step == "e":
            for lost, _, _ in entries.expire(now=now):
                del owners[lost]
            deadline = entries.next_deadline()
            assert deadline is None or deadline > now
        assert len(entries) == len(owners) <= 4
        assert all(list(owners.values()).count(name) <= 2 for name in owners.values())
        assert all(entries.get(held) == "" for held in owners)
    entries.expire(now=now + 100)
    assert len(entries) == 0
