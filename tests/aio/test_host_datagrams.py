"""What an operating system sends for the link's own sake."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lowpan.aio.host_datagrams import GroupChange, groups_in, is_link_business
from lowpan.wire.addresses import parse_ipv6
from tests.wire.mac_samples import bent

GROUP, SOURCE = parse_ipv6("ff02::fd"), parse_ipv6("2001:db8::1")

REPORT = bytes.fromhex(  # as Linux 6.18 sends it over TUN when a socket joins ff02::fd
    "6000000000240001fe800000000000000000000000000001ff020000000000000000000000000016"
    "3a000502000001008f006f0d0000000104000000ff0200000000000000000000000000fd"
)
SOLICITATION = bytes.fromhex(  # and when the interface comes up
    "6000000000083afffe800000000000000000000000000001ff02000000000000000000000000000285007d3600000000"
)
ECHO = SOLICITATION[:40] + bytes.fromhex("8000 0000 0001 0001")
UDP = SOLICITATION[:6] + b"\x11" + SOLICITATION[7:]


@pytest.mark.parametrize(
    ("datagram", "is_business"),
    [(REPORT, True), (SOLICITATION, True), (ECHO, False), (UDP, False), (b"", False)],
)
def test_discovery_of_neighbours_and_listeners_stays_here(
    datagram: bytes, is_business: bool
) -> None:
    assert is_link_business(datagram) is is_business


def record(kind: int, *sources: bytes, group: bytes = GROUP) -> bytes:
    """Return a report of one record."""
    octets = bytes([kind, 0]) + len(sources).to_bytes(2, "big") + group + b"".join(sources)
    return REPORT[:56] + octets


@pytest.mark.parametrize(
    ("report", "wanted"),
    [
        (REPORT, True),
        (record(2), True),
        (record(1), False),
        (record(1, SOURCE), True),
        (record(3), False),
        (record(3, SOURCE), True),
        (record(4, SOURCE), True),
        (record(5, SOURCE), True),
        (record(6, SOURCE), None),
        (record(4, group=SOURCE), None),
        (REPORT[:-1], None),
        (ECHO, None),
    ],
)
def test_reports_tell_which_groups_are_wanted(report: bytes, wanted: bool | None) -> None:
    assert list(groups_in(report)) == ([] if wanted is None else [GroupChange(GROUP, wanted)])


@given(st.binary(max_size=100) | bent([REPORT, SOLICITATION, record(4, SOURCE)]))
def test_any_octets_do_no_harm(datagram: bytes) -> None:
    for change in groups_in(datagram):
        assert change.group[0] == 0xFF
        assert is_link_business(datagram)
