"""Link Metrics: what one neighbour asks another to measure, and the answer (Thread 1.2)."""

from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from construct import BitsInteger, BitStruct, Flag, IfThenElse, Int8ub, Int32ub, Struct, this

from lowpan.schema import Layout, Require, Run
from lowpan.wire.mle_tlvs import STATUS, Status
from lowpan.wire.tlv import TlvList, describe, tlv_schema


@dataclass(frozen=True, slots=True)
class MetricTypeId:
    """One measure: 40 PDU count, 09 LQI, 0A link margin, 0B RSSI are the usual ones (hex)."""

    extended: bool
    four_octets: bool
    """The value takes four octets, else one."""
    kind: int
    """0 count or sum, 1 exponential moving average."""
    metric: int
    """0 PDU count, 1 LQI, 2 link margin, 3 RSSI."""


METRIC_TYPE_ID = Layout(
    MetricTypeId,
    BitStruct(
        "extended" / Flag,
        "four_octets" / Flag,
        "kind" / BitsInteger(3),
        "metric" / BitsInteger(3),
    ),
)


class LinkMetricsType(IntEnum):
    """Types of Link Metrics sub-TLV."""

    REPORT = 0
    QUERY_ID = 1
    QUERY_OPTIONS = 2
    FORWARD_PROBING_REGISTRATION = 3
    STATUS = 5
    ENHANCED_ACK_CONFIGURATION = 7


@dataclass(frozen=True, slots=True)
class MetricReport:
    """One measured value."""

    control: MetricTypeId
    value: int
    """Link margin, 0..130 dB, and RSSI, -130..0 dBm, are stretched to 0..255."""


METRIC_REPORT = Layout(
    MetricReport,
    Struct(
        "control" / METRIC_TYPE_ID,
        Require(~this.control.extended, "extended type ids have no defined form"),
        "value" / IfThenElse(this.control.four_octets, Int32ub, Int8ub),
    ),
)


@dataclass(frozen=True, slots=True)
class QueryId:
    """Series whose report is wanted."""

    series_id: int
    """0 asks for a single probe."""


QUERY_ID = Layout(QueryId, Struct("series_id" / Int8ub))


@dataclass(frozen=True, slots=True)
class QueryOptions:
    """Measures wanted of a single probe."""

    type_ids: tuple[MetricTypeId, ...]


QUERY_OPTIONS = Layout(QueryOptions, Struct("type_ids" / Run(METRIC_TYPE_ID)))


@dataclass(frozen=True, slots=True)
class SeriesFlags:
    """Frames that a series counts."""

    link_probe: bool
    mac_data: bool
    mac_data_request: bool
    mac_ack: bool
    reserved: int = 0


SERIES_FLAGS = Layout(
    SeriesFlags,
    BitStruct(
        "reserved" / BitsInteger(4),
        "mac_ack" / Flag,
        "mac_data_request" / Flag,
        "mac_data" / Flag,
        "link_probe" / Flag,
    ),
)


@dataclass(frozen=True, slots=True)
class ForwardProbingRegistration:
    """Wish that the receiver measures a series of the sender's frames."""

    series_id: int
    control: SeriesFlags
    """No flag set ends the series."""
    type_ids: tuple[MetricTypeId, ...]


FORWARD_PROBING_REGISTRATION = Layout(
    ForwardProbingRegistration,
    Struct(
        "series_id" / Int8ub,
        "control" / SERIES_FLAGS,
        "type_ids" / Run(METRIC_TYPE_ID),
    ),
)


@dataclass(frozen=True, slots=True)
class EnhancedAckConfiguration:
    """Wish that the receiver writes measures into its enhanced acknowledgements."""

    flags: int
    """1 registers, 0 clears."""
    type_ids: tuple[MetricTypeId, ...]


ENHANCED_ACK_CONFIGURATION = Layout(
    EnhancedAckConfiguration,
    Struct("flags" / Int8ub, "type_ids" / Run(METRIC_TYPE_ID)),
)

LinkMetricsContent = (
    MetricReport
    | QueryId
    | QueryOptions
    | ForwardProbingRegistration
    | Status
    | EnhancedAckConfiguration
)

LINK_METRICS_CONTENTS: dict[int, Layout[Any]] = {
    LinkMetricsType.REPORT: METRIC_REPORT,
    LinkMetricsType.QUERY_ID: QUERY_ID,
    LinkMetricsType.QUERY_OPTIONS: QUERY_OPTIONS,
    LinkMetricsType.FORWARD_PROBING_REGISTRATION: FORWARD_PROBING_REGISTRATION,
    LinkMetricsType.STATUS: STATUS,
    LinkMetricsType.ENHANCED_ACK_CONFIGURATION: ENHANCED_ACK_CONFIGURATION,
}


@dataclass(frozen=True, slots=True, repr=False)
class LinkMetricsTlv:
    """One sub-TLV."""

    type: int
    value: LinkMetricsContent | bytes
    """Octets where the type is unknown or the content malformed."""
    long_form: bool = False
    """The length takes three octets although it is below 255."""

    def __repr__(self) -> str:
        """Mention the long form only where it is taken."""
        return describe(self, secret=False)


LINK_METRICS_TLV = Layout(LinkMetricsTlv, tlv_schema(LINK_METRICS_CONTENTS))


@dataclass(frozen=True, slots=True)
class LinkMetrics(TlvList):
    """Content of Link Metrics Query, Management and Report: their sub-TLVs."""

    tlvs: tuple[LinkMetricsTlv, ...]


LINK_METRICS = Layout(LinkMetrics, Struct("tlvs" / Run(LINK_METRICS_TLV)))
