import pytest

from lowpan.errors import FieldOutOfRange
from lowpan.wire.link_metrics import (
    LINK_METRICS,
    METRIC_TYPE_ID,
    EnhancedAckConfiguration,
    ForwardProbingRegistration,
    LinkMetrics,
    LinkMetricsTlv,
    LinkMetricsType,
    MetricReport,
    MetricTypeId,
    QueryId,
    QueryOptions,
    SeriesFlags,
)
from lowpan.wire.mle_tlvs import Status

PDU_COUNT = MetricTypeId(False, True, 0, 0)
LQI = MetricTypeId(False, False, 1, 1)
LINK_MARGIN = MetricTypeId(False, False, 1, 2)
RSSI = MetricTypeId(False, False, 1, 3)


def test_usual_type_ids() -> None:
    octets = [METRIC_TYPE_ID.encode(kind) for kind in (PDU_COUNT, LQI, LINK_MARGIN, RSSI)]
    assert octets == [b"\x40", b"\x09", b"\x0a", b"\x0b"]


VECTORS = {  # contents of messages of OpenThread, capture viii-b-linkmetrics-enhack
    "01 01 00 02 03 09 0a 0b": (
        LinkMetricsTlv(LinkMetricsType.QUERY_ID, QueryId(0)),
        LinkMetricsTlv(LinkMetricsType.QUERY_OPTIONS, QueryOptions((LQI, LINK_MARGIN, RSSI))),
    ),
    "00 05 40 00000007 00 02 09 00 00 02 0a 9d 00 02 0b d8": (
        LinkMetricsTlv(LinkMetricsType.REPORT, MetricReport(PDU_COUNT, 7)),
        LinkMetricsTlv(LinkMetricsType.REPORT, MetricReport(LQI, 0)),
        LinkMetricsTlv(LinkMetricsType.REPORT, MetricReport(LINK_MARGIN, 157)),
        LinkMetricsTlv(LinkMetricsType.REPORT, MetricReport(RSSI, 216)),
    ),
    "03 06 01 0e 40 09 0a 0b": (
        LinkMetricsTlv(
            LinkMetricsType.FORWARD_PROBING_REGISTRATION,
            ForwardProbingRegistration(
                1, SeriesFlags(False, True, True, True), (PDU_COUNT, LQI, LINK_MARGIN, RSSI)
            ),
        ),
    ),
    "05 01 03": (LinkMetricsTlv(LinkMetricsType.STATUS, Status(3)),),
    "07 03 01 09 0a": (
        LinkMetricsTlv(
            LinkMetricsType.ENHANCED_ACK_CONFIGURATION,
            EnhancedAckConfiguration(1, (LQI, LINK_MARGIN)),
        ),
    ),
}


@pytest.mark.parametrize(("octets", "tlvs"), VECTORS.items())
def test_vector(octets: str, tlvs: tuple[LinkMetricsTlv, ...]) -> None:
    assert LINK_METRICS.decode(bytes.fromhex(octets)) == LinkMetrics(tlvs)
    assert LINK_METRICS.encode(LinkMetrics(tlvs)) == bytes.fromhex(octets)


@pytest.mark.parametrize("octets", ["00 02 40 07", "00 05 09 00000007", "00 02 89 00", "01 00"])
def test_malformed_content_stays_octets(octets: str) -> None:
    whole = bytes.fromhex(octets)
    (tlv,) = LINK_METRICS.decode(whole).tlvs
    assert tlv == LinkMetricsTlv(whole[0], whole[2:])


def test_extended_type_id_is_not_reported() -> None:
    extended = MetricReport(MetricTypeId(True, False, 1, 1), 0)
    with pytest.raises(FieldOutOfRange):
        LINK_METRICS.encode(LinkMetrics((LinkMetricsTlv(LinkMetricsType.REPORT, extended),)))
