"""The neighbour table after a restart."""

import pytest

from lowpan.errors import StoreError
from lowpan.mesh.neighbour import Cause, LinkQualityChanged, NeighbourForgotten, Standing
from lowpan.store import MemoryStore
from tests.mac.secured import FailingStore
from tests.mesh.neighbours import (
    ALICE,
    BOB,
    CAROL,
    SECOND,
    established,
    heard,
    restored,
    saved,
    standings,
)


def test_established_neighbours_survive_a_restart() -> None:
    table = established(ALICE, BOB)
    table.establish(ALICE, now=0, short_address=b"\x04\x00", timeout=3600 * SECOND, pinned=True)
    heard(table, CAROL)
    after = restored(saved(table), now=7)
    assert standings(after) == dict.fromkeys((ALICE, BOB), Standing.ESTABLISHED)
    alice, bob = after.by_short(b"\x04\x00"), after.get(BOB)
    assert alice is not None
    assert bob is not None
    assert (alice.pinned, alice.timeout, alice.fresh_for) == (True, 3600 * SECOND, 3600 * SECOND)
    assert (bob.pinned, bob.short_address, bob.timeout) == (False, None, 240 * SECOND)
    assert not after.unsaved


def test_links_count_once_they_are_heard_again() -> None:
    after = restored(saved(established(ALICE)))
    alice = after.get(ALICE)
    assert alice is not None
    assert alice.two_way_quality == 0
    assert after.frame_received(ALICE, rss=-80, authentic=True, now=1) == [
        LinkQualityChanged(ALICE, 3, 0)
    ]


def test_those_who_do_not_come_back_are_forgotten() -> None:
    after = restored(saved(established(ALICE)), now=1000 * SECOND)
    assert after.next_deadline() == 1240 * SECOND
    assert after.handle_deadline(now=1240 * SECOND) == [
        NeighbourForgotten(ALICE, Standing.ESTABLISHED, Cause.SILENT)
    ]


def test_those_who_are_gone_are_gone_from_the_store() -> None:
    table = established(ALICE, BOB)
    store = saved(table)
    table.drop(ALICE)
    assert table.unsaved
    assert saved(table, store).names() == ["neighbour/" + BOB.hex()]


def test_frames_write_nothing_to_the_store() -> None:
    table = established(ALICE)
    saved(table)
    heard(table, ALICE, BOB)
    table.quality_reported(ALICE, 3, now=0)
    table.frame_sent(ALICE, transmissions=1, acknowledged=True, secured=True, now=0)
    assert not table.unsaved


def test_who_does_not_fit_in_any_more_is_removed() -> None:
    store = saved(established(ALICE, BOB))
    table = restored(store, most=1)
    assert set(standings(table)) == {ALICE}
    assert saved(table, store).names() == ["neighbour/" + ALICE.hex()]


def test_a_store_that_fails_gets_it_the_next_time() -> None:
    table, store = established(ALICE, BOB), FailingStore()
    store.fails = True
    with pytest.raises(StoreError):
        table.save(store)
    assert table.unsaved
    store.fails = False
    assert len(restored(saved(table, store))) == 2


@pytest.mark.parametrize(
    ("name", "octets"),
    [
        ("neighbour/xyz", bytes(18)),
        ("neighbour/0200", bytes(18)),
        ("neighbour/" + ALICE.hex(), b""),
        ("neighbour/" + ALICE.hex(), b"\x02" + bytes(17)),
        ("neighbour/" + ALICE.hex(), b"\x01" + bytes(18)),
    ],
)
def test_what_is_not_from_here_is_not_taken(name: str, octets: bytes) -> None:
    store = MemoryStore()
    store.save(name, octets)
    with pytest.raises(StoreError):
        restored(store)
