"""Multicast listener reports."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lowpan.errors import MalformedFrame
from lowpan.wire.addresses import parse_ipv6
from lowpan.wire.mld import LISTENER_REPORT, ListenerRecord, ListenerReport, RecordType
from tests.schema.agreement import check_agreement
from tests.wire.mac_samples import bent

GROUP, SOURCE = parse_ipv6("ff02::fd"), parse_ipv6("2001:db8::1")

REPORTS = {
    # as Linux 6.18 sends it when a socket joins ff02::fd
    "0000 0001 04 00 0000" + GROUP.hex(): ListenerReport(1, (ListenerRecord(4, GROUP),)),
    # by hand from RFC 3810 §5.2
    "0000 0000": ListenerReport(0, ()),
    "0000 0002 01 01 0001" + GROUP.hex() + SOURCE.hex() + "01020304 06 00 0000" + GROUP.hex(): (
        ListenerReport(
            2,
            (
                ListenerRecord(1, GROUP, 1, (SOURCE,), 1, b"\x01\x02\x03\x04"),
                ListenerRecord(6, GROUP),
            ),
        )
    ),
}


@pytest.mark.parametrize(("octets", "report"), REPORTS.items())
def test_report(octets: str, report: ListenerReport) -> None:
    assert LISTENER_REPORT.decode(bytes.fromhex(octets)) == report
    assert LISTENER_REPORT.encode(report) == bytes.fromhex(octets)


@pytest.mark.parametrize("octets", ["", "0000 0001", "0000 0001 04 00 0001" + GROUP.hex()])
def test_report_cut_short(octets: str) -> None:
    with pytest.raises(MalformedFrame):
        LISTENER_REPORT.decode(bytes.fromhex(octets))


@given(st.binary(max_size=60) | bent([bytes.fromhex(octets) for octets in REPORTS]))
def test_any_octets_decode_or_are_malformed(octets: bytes) -> None:
    check_agreement(LISTENER_REPORT, octets)


def test_numbers_of_the_registry() -> None:
    assert RecordType.BLOCK_OLD_SOURCES == 6
