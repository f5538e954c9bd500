"""The neighbour table: what neighbours prove and say, and by what names they go."""

import pytest

from lowpan.errors import FieldOutOfRange
from lowpan.mesh.estimators import BayesEstimator
from lowpan.mesh.neighbour import LinkQualityChanged, Standing
from lowpan.mesh.neighbour_table import NeighbourTable
from tests.mesh.neighbours import ALICE, BOB, established, heard, standings


def test_a_neighbour_becomes_what_it_proves() -> None:
    table = NeighbourTable()
    assert table.frame_received(ALICE, rss=-80, authentic=False, now=0) == []
    assert ALICE in table.strangers
    assert table.get(ALICE) is None
    heard(table, ALICE)
    assert ALICE not in table.strangers
    assert standings(table) == {ALICE: Standing.AUTHENTIC}
    assert table.establish(ALICE, now=0) == []
    assert standings(table) == {ALICE: Standing.ESTABLISHED}


def test_quality_is_told_when_it_changes() -> None:
    table = NeighbourTable()
    first = table.frame_received(ALICE, rss=-80, authentic=True, now=0)
    assert first == [LinkQualityChanged(ALICE, 3, 0)]
    assert table.frame_received(ALICE, rss=-81, authentic=True, now=1) == []
    assert table.quality_reported(ALICE, 2, now=2) == [LinkQualityChanged(ALICE, 3, 2)]
    assert table.quality_reported(ALICE, 2, now=3) == []
    alice = table.get(ALICE)
    assert alice is not None
    assert alice.two_way_quality == 2
    assert alice.link_cost == 2


def test_delivery_is_reported_in_the_drafts_octets() -> None:
    table = established(ALICE)
    alice = table.get(ALICE)
    assert alice is not None
    table.delivery_reported(ALICE, 64, now=0)
    assert (alice.reported_ratio, alice.quality_out) == (0.5, 2)
    table.delivery_reported(ALICE, 32 * 10 // 7, now=0)  # 0.71: above the threshold, not enough
    assert alice.quality_out == 2
    table.delivery_reported(ALICE, 32, now=0)
    assert alice.quality_out == 3
    table.delivery_reported(ALICE, 255, now=0)
    assert alice.quality_out == 0


def test_reports_of_those_who_have_proven_nothing_are_ignored() -> None:
    table = NeighbourTable()
    assert table.quality_reported(ALICE, 3, now=0) == []
    assert table.delivery_reported(ALICE, 32, now=0) == []
    assert table.frame_sent(ALICE, transmissions=1, acknowledged=True, secured=True, now=0) == []
    assert len(table) == 0


def test_missed_advertisements_lower_what_counts_them() -> None:
    table = NeighbourTable(BayesEstimator)
    for number in range(0, 200, 2):  # every other one is lost
        table.frame_received(ALICE, rss=-50, authentic=True, now=0, number=number)
    alice = table.get(ALICE)
    assert alice is not None
    assert alice.incoming is not None
    assert alice.incoming.delivery_ratio == pytest.approx(0.5, abs=0.02)
    assert alice.quality_in == 2


def test_losses_of_ours_limit_both_directions_together() -> None:
    table = established(ALICE)
    alice = table.get(ALICE)
    assert alice is not None
    table.quality_reported(ALICE, 3, now=0)
    for _ in range(3):
        table.frame_sent(ALICE, transmissions=4, acknowledged=True, secured=False, now=0)
        assert alice.two_way_quality == 3
    table.frame_sent(ALICE, transmissions=4, acknowledged=True, secured=False, now=0)
    assert alice.two_way_quality == alice.worth == alice.most_quality == 1
    assert (alice.quality_in, alice.quality_out) == (3, 3), "what was measured at either end"


def test_etx_is_of_both_directions_until_acknowledgments_prove_it() -> None:
    table = established(ALICE)
    alice = table.get(ALICE)
    assert alice is not None
    assert alice.expected_transmissions(now=0) is None
    table.delivery_reported(ALICE, 64, now=0)
    assert alice.expected_transmissions(now=0) == 2
    for _ in range(100):
        table.frame_sent(ALICE, transmissions=3, acknowledged=True, secured=True, now=0)
    assert alice.expected_transmissions(now=0) == pytest.approx(3, abs=0.2)


def test_who_was_dropped_is_gone() -> None:
    table = established(ALICE)
    table.establish(ALICE, now=0, short_address=b"\x04\x00")
    table.drop(ALICE)
    table.drop(ALICE)
    assert table.get(ALICE) is None
    assert table.by_short(b"\x04\x00") is None
    assert table.next_deadline() is None


def test_short_addresses_lead_to_neighbours() -> None:
    table = established(ALICE, BOB)
    table.establish(ALICE, now=0, short_address=b"\x04\x00")
    assert table.by_short(b"\x04\x00") is table.get(ALICE)
    table.establish(ALICE, now=0)
    assert table.by_short(b"\x04\x00") is table.get(ALICE)
    table.establish(BOB, now=0, short_address=b"\x04\x00")
    assert table.by_short(b"\x04\x00") is table.get(BOB)
    alice = table.get(ALICE)
    assert alice is not None
    assert alice.short_address is None
    table.establish(BOB, now=0, short_address=b"\xff\xfe")
    assert table.by_short(b"\x04\x00") is None
    assert table.by_short(b"\xff\xfe") is None


@pytest.mark.parametrize(("name", "short"), [(b"\x00" * 2, None), (ALICE, b"\x00" * 8)])
def test_addresses_have_their_length(name: bytes, short: bytes | None) -> None:
    with pytest.raises(FieldOutOfRange):
        NeighbourTable().establish(name, now=0, short_address=short)
