"""Fields of MLE: the envelope, commands and TLVs."""

from collections.abc import Iterator
from typing import Any

from lowpan.capture.decoded import DecodedFrame
from lowpan.capture.field import Field
from lowpan.capture.formats import (
    DATE,
    DECIMAL,
    FLAG,
    HEX8,
    HEX16,
    HEX32,
    IPV6_ADDRESS,
    OCTETS,
    Format,
    computed,
)
from lowpan.capture.layouts import LENGTH
from lowpan.wire.link_metrics import EnhancedAckConfiguration, LinkMetricsTlv, MetricReport
from lowpan.wire.mle import Tlv, TlvType
from lowpan.wire.mle_draft import LinkQualityControl, Mode, NeighbourLinkQuality, NetworkParameter
from lowpan.wire.mle_tlvs import (
    CslClockAccuracy,
    CslTimeout,
    LeaderData,
    LinkProbe,
    RegisteredAddress,
    ScanMask,
    SupervisionInterval,
    TlvRequest,
)
from lowpan.wire.route64 import ROUTE, Connectivity, Route, Route64, SedBuffering

_DATASETS = (TlvType.ACTIVE_OPERATIONAL_DATASET, TlvType.PENDING_OPERATIONAL_DATASET)


def _tlvs(decoded: DecodedFrame) -> tuple[Tlv, ...]:
    mle = decoded.mle
    return () if mle is None or mle.message is None else mle.message.tlvs


def _types(decoded: DecodedFrame) -> Iterator[int]:
    """Yield the types of TLVs, and as tshark does behind a TLV Request those it asks for."""
    for tlv in _tlvs(decoded):
        yield tlv.type
        if isinstance(tlv.value, TlvRequest):
            yield from tlv.value.types


def _unknown(tlv: Tlv) -> bytes | None:
    """Return content that is not decoded, but no dataset's, which holds keys."""
    return tlv.value if isinstance(tlv.value, bytes) and tlv.type not in _DATASETS else None


def _parameter(form: Format, number: int | None) -> Format:
    """Return the format of the network parameter `number`, None for those of no known one."""

    def value(parameter: NetworkParameter) -> int | bytes | None:
        known = parameter.parameter if parameter.parameter < 4 else None
        return parameter.value if known == number else None

    return computed(form, value)


def _id_mask(route64: Route64) -> bytes:
    return sum(1 << 63 - router_id for router_id in route64.router_ids).to_bytes(8, "big")


def _address_of(form: Format, octets: int) -> Format:
    """Return the format of registered addresses of so many octets."""

    def value(registered: RegisteredAddress) -> bytes | None:
        return registered.address if len(registered.address) == octets else None

    return computed(form, value)


def _context(registered: RegisteredAddress) -> int | None:
    return registered.control.context_id if registered.control.compressed else None


def _suite(decoded: DecodedFrame) -> Iterator[int]:
    if decoded.mle is not None:
        yield decoded.mle.envelope.suite


def _of(tlv_type: int) -> tuple[type[Any], int]:
    return Tlv, int(tlv_type)


_CHANNEL, _CSL_CHANNEL = _of(TlvType.CHANNEL), _of(TlvType.CSL_CHANNEL)
_ROUTE = computed(HEX8, lambda route: ROUTE.encode(route)[0])
_MANNER = LinkQualityControl
_NEAR = NeighbourLinkQuality

MESSAGE = (
    Field("mle.sec_suite", HEX8, "Security suite", values=_suite),
    Field("mle.cmd", DECIMAL, "Command", "mle.message.command"),
    Field("mle.tlv.type", DECIMAL, "Type of TLV; also those asked for", values=_types),
    Field("mle.tlv.len", LENGTH, "Octets of content", part=Tlv, attribute="value"),
    Field("mle.tlv.unknown", computed(OCTETS, _unknown), "Content not decoded", part=Tlv),
)

DRAFT = (
    Field(
        "mle.tlv.source_addr",
        OCTETS,
        "Source address",
        part=_of(TlvType.SOURCE_ADDRESS),
        attribute="address",
    ),
    Field("mle.tlv.mode.idle_rx", FLAG, "Receiver on", part=Mode, attribute="rx_on_when_idle"),
    Field(
        "mle.tlv.mode.sec_data_req",
        FLAG,
        "Secure data requests",
        part=Mode,
        attribute="secure_data_requests",
    ),
    Field(
        "mle.tlv.mode.device_type",
        FLAG,
        "Full Thread device",
        part=Mode,
        attribute="full_thread_device",
    ),
    Field(
        "mle.tlv.mode.nwk_data",
        FLAG,
        "Full network data",
        part=Mode,
        attribute="full_network_data",
    ),
    Field("mle.tlv.timeout", DECIMAL, "Seconds", part=_of(TlvType.TIMEOUT), attribute="timeout"),
    Field(
        "mle.tlv.challenge",
        OCTETS,
        "Challenge",
        part=_of(TlvType.CHALLENGE),
        attribute="challenge",
    ),
    Field("mle.tlv.response", OCTETS, "Response", part=_of(TlvType.RESPONSE), attribute="response"),
    Field(
        "mle.tlv.ll_frm_cntr",
        DECIMAL,
        "Link-layer frame counter",
        part=_of(TlvType.LINK_LAYER_FRAME_COUNTER),
        attribute="frame_counter",
    ),
    Field(
        "mle.tlv.mle_frm_cntr",
        DECIMAL,
        "MLE frame counter",
        part=_of(TlvType.MLE_FRAME_COUNTER),
        attribute="frame_counter",
    ),
    Field("mle.tlv.lqi.complete", FLAG, "All neighbours", part=_MANNER, attribute="complete"),
    Field("mle.tlv.lqi.size", DECIMAL, "Octets of addresses - 1", part=_MANNER, attribute="size"),
    Field("mle.tlv.neighbor.flagI", FLAG, "Incoming", part=_NEAR, attribute="control.incoming"),
    Field("mle.tlv.neighbor.flagO", FLAG, "Outgoing", part=_NEAR, attribute="control.outgoing"),
    Field("mle.tlv.neighbor.flagP", FLAG, "Priority", part=_NEAR, attribute="control.priority"),
    Field(
        "mle.tlv.neighbor.idr",
        DECIMAL,
        "Inverse delivery ratio",
        part=_NEAR,
        attribute="incoming_idr",
    ),
    Field("mle.tlv.neighbor.addr", OCTETS, "Address", part=_NEAR, attribute="address"),
    Field(
        "mle.tlv.network.param_id",
        DECIMAL,
        "Network parameter",
        part=NetworkParameter,
        attribute="parameter",
    ),
    Field(
        "mle.tlv.network.delay",
        DECIMAL,
        "Milliseconds",
        part=NetworkParameter,
        attribute="delay",
    ),
    Field("mle.tlv.network.channel", _parameter(DECIMAL, 0), "Channel", part=NetworkParameter),
    Field("mle.tlv.network.pan_id", _parameter(HEX16, 1), "PAN ID", part=NetworkParameter),
    Field("mle.tlv.network.pmt_join", _parameter(FLAG, 2), "Permit joining", part=NetworkParameter),
    Field(
        "mle.tlv.network.bcn_payload",
        _parameter(OCTETS, 3),
        "Beacon payload",
        part=NetworkParameter,
    ),
    Field(
        "mle.tlv.network.unknown",
        _parameter(OCTETS, None),
        "Of an unknown one",
        part=NetworkParameter,
    ),
)

THREAD = (
    Field("mle.tlv.route64.id_seq", DECIMAL, "ID sequence", part=Route64, attribute="id_sequence"),
    Field("mle.tlv.route64.id_mask", computed(OCTETS, _id_mask), "Router ids", part=Route64),
    Field("mle.tlv.route64", _ROUTE, "Route, as one octet", part=Route),
    Field(
        "mle.tlv.route64.nbr_out",
        DECIMAL,
        "Link quality out",
        part=Route,
        attribute="link_quality_out",
    ),
    Field(
        "mle.tlv.route64.nbr_in",
        DECIMAL,
        "Link quality in",
        part=Route,
        attribute="link_quality_in",
    ),
    Field("mle.tlv.route64.cost", DECIMAL, "Cost", part=Route, attribute="cost"),
    Field("mle.tlv.addr16", OCTETS, "Address16", part=_of(TlvType.ADDRESS16), attribute="address"),
    Field(
        "mle.tlv.leader_data.partition_id",
        HEX32,
        "Partition ID",
        part=LeaderData,
        attribute="partition_id",
    ),
    Field(
        "mle.tlv.leader_data.weighting",
        DECIMAL,
        "Weighting",
        part=LeaderData,
        attribute="weighting",
    ),
    Field(
        "mle.tlv.leader_data.data_version",
        DECIMAL,
        "Data version",
        part=LeaderData,
        attribute="data_version",
    ),
    Field(
        "mle.tlv.leader_data.stable_data_version",
        DECIMAL,
        "Stable data version",
        part=LeaderData,
        attribute="stable_data_version",
    ),
    Field(
        "mle.tlv.leader_data.router_id",
        DECIMAL,
        "Leader's router id",
        part=LeaderData,
        attribute="leader_router_id",
    ),
    Field("mle.tlv.scan_mask.r", FLAG, "Routers", part=ScanMask, attribute="routers"),
    Field("mle.tlv.scan_mask.e", FLAG, "End devices", part=ScanMask, attribute="end_devices"),
    Field(
        "mle.tlv.conn.flags.pp",
        DECIMAL,
        "Parent priority",
        part=Connectivity,
        attribute="control.parent_priority",
    ),
    Field("mle.tlv.conn.lq3", DECIMAL, "Links of 3", part=Connectivity, attribute="link_quality_3"),
    Field("mle.tlv.conn.lq2", DECIMAL, "Links of 2", part=Connectivity, attribute="link_quality_2"),
    Field("mle.tlv.conn.lq1", DECIMAL, "Links of 1", part=Connectivity, attribute="link_quality_1"),
    Field(
        "mle.tlv.conn.leader_cost",
        DECIMAL,
        "Cost to the leader",
        part=Connectivity,
        attribute="leader_cost",
    ),
    Field(
        "mle.tlv.conn.id_seq", DECIMAL, "ID sequence", part=Connectivity, attribute="id_sequence"
    ),
    Field(
        "mle.tlv.conn.active_rtrs",
        DECIMAL,
        "Active routers",
        part=Connectivity,
        attribute="active_routers",
    ),
    Field(
        "mle.tlv.conn.sed_buf_size",
        DECIMAL,
        "Octets for a sleeping child",
        part=SedBuffering,
        attribute="buffer_size",
    ),
    Field(
        "mle.tlv.conn.sed_dgram_cnt",
        DECIMAL,
        "Datagrams for a sleeping child",
        part=SedBuffering,
        attribute="datagram_count",
    ),
    Field(
        "mle.tlv.link_margin",
        DECIMAL,
        "dB",
        part=_of(TlvType.LINK_MARGIN),
        attribute="link_margin",
    ),
    Field("mle.tlv.status", DECIMAL, "Status", part=_of(TlvType.STATUS), attribute="status"),
    Field("mle.tlv.version", DECIMAL, "Version", part=_of(TlvType.VERSION), attribute="version"),
    Field(
        "mle.tlv.addr_reg_iid_type",
        FLAG,
        "Compressed",
        part=RegisteredAddress,
        attribute="control.compressed",
    ),
    Field(
        "mle.tlv.addr_reg_cid",
        computed(DECIMAL, _context),
        "Context",
        part=RegisteredAddress,
    ),
    Field(
        "mle.tlv.addr_reg_iid",
        _address_of(OCTETS, 8),
        "Interface identifier",
        part=RegisteredAddress,
    ),
    Field(
        "mle.tlv.addr_reg_ipv6", _address_of(IPV6_ADDRESS, 16), "Address", part=RegisteredAddress
    ),
    Field("mle.tlv.channel_page", DECIMAL, "Channel page", part=_CHANNEL, attribute="page"),
    Field("mle.tlv.channel", DECIMAL, "Channel", part=_CHANNEL, attribute="channel"),
    Field("mle.tlv.pan_id", HEX16, "PAN ID", part=_of(TlvType.PAN_ID), attribute="pan_id"),
    Field(
        "mle.tlv.active_tstamp",
        DATE,
        "Active timestamp",
        part=_of(TlvType.ACTIVE_TIMESTAMP),
        attribute="seconds",
    ),
    Field(
        "mle.tlv.pending_tstamp",
        DATE,
        "Pending timestamp",
        part=_of(TlvType.PENDING_TIMESTAMP),
        attribute="seconds",
    ),
)

NEWER = (
    Field(
        "lowpan.mle.supervision_interval",
        DECIMAL,
        "Seconds",
        part=SupervisionInterval,
        attribute="interval",
    ),
    Field("lowpan.mle.csl_channel", DECIMAL, "Channel", part=_CSL_CHANNEL, attribute="channel"),
    Field("lowpan.mle.csl_timeout", DECIMAL, "Seconds", part=CslTimeout, attribute="timeout"),
    Field("lowpan.mle.csl_accuracy", DECIMAL, "ppm", part=CslClockAccuracy, attribute="accuracy"),
    Field(
        "lowpan.mle.csl_uncertainty",
        DECIMAL,
        "Microseconds",
        part=CslClockAccuracy,
        attribute="uncertainty",
    ),
    Field(
        "lowpan.mle.link_metrics.type", DECIMAL, "Sub-TLV", part=LinkMetricsTlv, attribute="type"
    ),
    Field(
        "lowpan.mle.link_metrics.metric",
        DECIMAL,
        "0 count, 1 LQI, 2 margin, 3 RSSI",
        part=MetricReport,
        attribute="control.metric",
    ),
    Field(
        "lowpan.mle.link_metrics.value",
        DECIMAL,
        "What was measured, as sent",
        part=MetricReport,
        attribute="value",
    ),
    Field(
        "lowpan.mle.link_metrics.enhanced_ack",
        DECIMAL,
        "1 wants measures in acknowledgments",
        part=EnhancedAckConfiguration,
        attribute="flags",
    ),
    Field("lowpan.mle.link_probe.series", DECIMAL, "Series", part=LinkProbe, attribute="series_id"),
)
