"""The neighbour table in virtual time: silence, reports that expire, deadlines."""

from lowpan.mesh.neighbour import Cause, LinkQualityChanged, NeighbourForgotten, Standing
from lowpan.mesh.neighbour_table import NeighbourTable
from lowpan.mesh.outgoing_delivery import FRESH_FOR
from tests.mesh.neighbours import ALICE, BOB, SECOND, established, heard


def test_a_silent_link_is_unknown_and_its_neighbour_then_forgotten() -> None:
    table = established(ALICE)
    table.quality_reported(ALICE, 3, now=0)
    assert table.next_deadline() == 100 * SECOND
    assert table.handle_deadline(now=100 * SECOND - 1) == []
    assert table.handle_deadline(now=100 * SECOND) == [LinkQualityChanged(ALICE, 0, 0)]
    assert table.next_deadline() == 240 * SECOND
    assert table.handle_deadline(now=240 * SECOND) == [
        NeighbourForgotten(ALICE, Standing.ESTABLISHED, Cause.SILENT)
    ]
    assert table.next_deadline() is None
    assert len(table) == 0


def test_a_late_look_does_both() -> None:
    table = established(ALICE)
    assert table.handle_deadline(now=1000 * SECOND) == [
        LinkQualityChanged(ALICE, 0, 0),
        NeighbourForgotten(ALICE, Standing.ESTABLISHED, Cause.SILENT),
    ]


def test_frames_keep_a_link_fresh() -> None:
    table = established(ALICE)
    for now in range(0, 1000 * SECOND, 50 * SECOND):
        heard(table, ALICE, now=now)
        assert table.handle_deadline(now=now + 49 * SECOND) == []


def test_what_the_neighbour_said_expires_by_itself() -> None:
    table = established(ALICE)
    table.quality_reported(ALICE, 3, now=0)
    heard(table, ALICE, now=99 * SECOND)
    assert table.handle_deadline(now=100 * SECOND) == [LinkQualityChanged(ALICE, 3, 0)]


def test_a_report_expires_in_time_where_no_frame_was_measured() -> None:
    table = NeighbourTable()
    table.establish(ALICE, now=0)
    assert table.next_deadline() == 240 * SECOND
    table.quality_reported(ALICE, 3, now=0)
    assert table.next_deadline() == 100 * SECOND
    assert table.handle_deadline(now=100 * SECOND) == [LinkQualityChanged(ALICE, 0, 0)]


def test_a_link_that_comes_back_is_measured_anew() -> None:
    table = established(ALICE, quality=0)
    heard(table, ALICE, quality=3, now=FRESH_FOR)
    alice = table.get(ALICE)
    assert alice is not None
    assert alice.quality_in == 3


def test_a_sleeping_neighbour_is_waited_for() -> None:
    table = established(ALICE)
    table.establish(ALICE, now=0, timeout=3600 * SECOND)
    assert table.handle_deadline(now=3599 * SECOND) == []
    assert table.handle_deadline(now=3600 * SECOND)[1:] == [
        NeighbourForgotten(ALICE, Standing.ESTABLISHED, Cause.SILENT)
    ]


def test_strangers_have_a_deadline_as_well() -> None:
    table = NeighbourTable()
    table.frame_received(ALICE, rss=-80, authentic=False, now=0)
    assert table.next_deadline() == 5 * SECOND
    heard(table, BOB)
    assert table.next_deadline() == 5 * SECOND
    assert table.handle_deadline(now=5 * SECOND) == []
    assert len(table.strangers) == 0
    assert table.next_deadline() == 100 * SECOND
