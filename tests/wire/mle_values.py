"""Strategies for values of every MLE format, and where two formats share a class, for each."""

from collections.abc import Mapping
from typing import Any, TypeVar

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from lowpan.wire import link_metrics, meshcop, mle_draft, mle_tlvs, network_data, route64
from lowpan.wire.dataset import (
    COMMISSIONING_DATA,
    DATASET,
    DISCOVERY,
    CommissioningData,
    Dataset,
    Discovery,
    MeshCopTlv,
    MeshCopType,
)
from lowpan.wire.link_metrics import LinkMetricsTlv, LinkMetricsType
from lowpan.wire.mle import MLE_MESSAGE, MleMessage, Tlv, TlvType
from lowpan.wire.network_data import NetworkDataTlv, NetworkDataType

Item = TypeVar("Item")
Strategies = Mapping[int, SearchStrategy[Any]]


def bits(count: int) -> SearchStrategy[int]:
    """Return numbers of `count` bits."""
    return st.integers(0, (1 << count) - 1)


def octets(count: int) -> SearchStrategy[bytes]:
    """Return exactly `count` octets."""
    return st.binary(min_size=count, max_size=count)


def some(item: SearchStrategy[Item], most: int = 4) -> SearchStrategy[tuple[Item, ...]]:
    """Return tuples of up to `most` items."""
    return st.lists(item, max_size=most).map(tuple)


def text(most: int) -> SearchStrategy[str]:
    """Return text of at most `most` octets of UTF-8."""
    return st.text(max_size=most).filter(lambda name: len(name.encode()) <= most)


FLAG = st.booleans()
PREFERENCE = st.integers(-2, 1)

MODE = st.builds(mle_draft.Mode, FLAG, FLAG, FLAG, FLAG, bits(4))


def neighbours(address_octets: int) -> SearchStrategy[mle_draft.LinkQuality]:
    """Return Link Quality whose neighbours have addresses of that many octets."""
    flags = st.builds(mle_draft.NeighbourFlags, FLAG, FLAG, FLAG, bits(5))
    one = st.builds(mle_draft.NeighbourLinkQuality, flags, bits(8), octets(address_octets))
    size = st.just(address_octets - 1)
    control = st.builds(mle_draft.LinkQualityControl, FLAG, size, bits(3))
    return st.builds(mle_draft.LinkQuality, control, some(one))


NETWORK_PARAMETER = st.one_of(
    st.builds(mle_draft.NetworkParameter, st.integers(0, 1), bits(32), bits(16)),
    st.builds(mle_draft.NetworkParameter, st.just(2), bits(32), bits(8)),
    st.builds(mle_draft.NetworkParameter, st.integers(3, 255), bits(32), st.binary(max_size=9)),
)


@st.composite
def routes(draw: st.DrawFn) -> route64.Route64:
    """Draw a Route64 of up to 32 routers."""
    ids = draw(st.sets(st.integers(0, 63), max_size=32))
    one = st.builds(route64.Route, bits(2), bits(2), bits(4))
    return route64.Route64(
        draw(bits(8)), tuple(sorted(ids)), tuple(draw(one) for _ in range(len(ids)))
    )


CONNECTIVITY = st.builds(
    route64.Connectivity,
    st.builds(route64.ParentPriority, PREFERENCE, bits(6)),
    *[bits(8)] * 6,
    st.none() | st.builds(route64.SedBuffering, bits(16), bits(8)),
)


@st.composite
def registered_addresses(draw: st.DrawFn) -> mle_tlvs.RegisteredAddress:
    """Draw an address, compressed or not."""
    compressed = draw(FLAG)
    control = mle_tlvs.RegisteredAddressControl(compressed, draw(bits(4)), draw(bits(3)))
    return mle_tlvs.RegisteredAddress(control, draw(octets(8 if compressed else 16)))


CHANNEL = st.builds(meshcop.Channel, bits(8), bits(16))
PAN_ID = st.builds(meshcop.PanId, bits(16))
TIMESTAMP = st.builds(meshcop.Timestamp, bits(48), bits(15), FLAG)
STATUS = st.builds(mle_tlvs.Status, bits(8))
UDP_PORT = st.builds(meshcop.UdpPort, bits(16))
MASK_ENTRY = st.builds(meshcop.ChannelMaskEntry, bits(8), st.binary(max_size=6))

MESHCOP: Strategies = {
    MeshCopType.CHANNEL: CHANNEL,
    MeshCopType.PAN_ID: PAN_ID,
    MeshCopType.EXTENDED_PAN_ID: st.builds(meshcop.ExtendedPanId, octets(8)),
    MeshCopType.NETWORK_NAME: st.builds(meshcop.NetworkName, text(16)),
    MeshCopType.PSKC: st.builds(meshcop.Pskc, octets(16)),
    MeshCopType.NETWORK_KEY: st.builds(meshcop.NetworkKey, octets(16)),
    MeshCopType.MESH_LOCAL_PREFIX: st.builds(meshcop.MeshLocalPrefix, octets(8)),
    MeshCopType.STEERING_DATA: st.builds(meshcop.SteeringData, st.binary(min_size=1, max_size=16)),
    MeshCopType.BORDER_AGENT_LOCATOR: st.builds(meshcop.BorderAgentLocator, octets(2)),
    MeshCopType.COMMISSIONER_SESSION_ID: st.builds(meshcop.CommissionerSessionId, bits(16)),
    MeshCopType.SECURITY_POLICY: st.builds(
        meshcop.SecurityPolicy, bits(16), st.binary(min_size=1, max_size=2)
    ),
    MeshCopType.ACTIVE_TIMESTAMP: TIMESTAMP,
    MeshCopType.COMMISSIONER_UDP_PORT: UDP_PORT,
    MeshCopType.JOINER_UDP_PORT: UDP_PORT,
    MeshCopType.JOINER_ROUTER_KEK: octets(16),
    MeshCopType.PENDING_TIMESTAMP: TIMESTAMP,
    MeshCopType.DELAY_TIMER: st.builds(meshcop.DelayTimer, bits(32)),
    MeshCopType.CHANNEL_MASK: st.builds(meshcop.ChannelMask, some(MASK_ENTRY)),
    MeshCopType.DOMAIN_NAME: st.builds(meshcop.DomainName, text(20)),
    MeshCopType.WAKE_UP_CHANNEL: CHANNEL,
    MeshCopType.DISCOVERY_REQUEST: st.builds(meshcop.DiscoveryRequest, bits(4), FLAG, bits(11)),
    MeshCopType.DISCOVERY_RESPONSE: st.builds(
        meshcop.DiscoveryResponse, bits(4), FLAG, FLAG, bits(10)
    ),
}


def tlvs(made: Any, contents: Strategies) -> SearchStrategy[Any]:
    """Return TLVs of class `made`: known ones, and unknown ones of either length form."""
    known = [st.builds(made, st.just(int(kind)), value) for kind, value in contents.items()]
    kind = bits(8).filter(lambda number: number not in contents)
    return st.one_of(*known, st.builds(made, kind, st.binary(max_size=9), FLAG))


MESHCOP_TLVS = some(tlvs(MeshCopTlv, MESHCOP))

TYPE_ID = st.builds(link_metrics.MetricTypeId, FLAG, FLAG, bits(3), bits(3))
SERIES_FLAGS = st.builds(link_metrics.SeriesFlags, FLAG, FLAG, FLAG, FLAG, bits(4))


@st.composite
def reports(draw: st.DrawFn) -> link_metrics.MetricReport:
    """Draw a measured value of one octet or four."""
    kind = link_metrics.MetricTypeId(False, draw(FLAG), draw(bits(3)), draw(bits(3)))
    return link_metrics.MetricReport(kind, draw(bits(32 if kind.four_octets else 8)))


LINK_METRICS: Strategies = {
    LinkMetricsType.REPORT: reports(),
    LinkMetricsType.QUERY_ID: st.builds(link_metrics.QueryId, bits(8)),
    LinkMetricsType.QUERY_OPTIONS: st.builds(link_metrics.QueryOptions, some(TYPE_ID)),
    LinkMetricsType.FORWARD_PROBING_REGISTRATION: st.builds(
        link_metrics.ForwardProbingRegistration, bits(8), SERIES_FLAGS, some(TYPE_ID)
    ),
    LinkMetricsType.STATUS: STATUS,
    LinkMetricsType.ENHANCED_ACK_CONFIGURATION: st.builds(
        link_metrics.EnhancedAckConfiguration, bits(8), some(TYPE_ID)
    ),
}
LINK_METRICS_LIST = st.builds(link_metrics.LinkMetrics, some(tlvs(LinkMetricsTlv, LINK_METRICS)))

ROUTE_ENTRY = st.builds(
    network_data.RouteEntry,
    octets(2),
    st.builds(network_data.RouteFlags, PREFERENCE, FLAG, FLAG, bits(4)),
)
BORDER_ROUTER_ENTRY = st.builds(
    network_data.BorderRouterEntry,
    octets(2),
    st.builds(network_data.BorderRouterFlags, PREFERENCE, *[FLAG] * 8, bits(6)),
)
CONTEXT = st.builds(
    network_data.LowpanContext,
    st.builds(network_data.ContextControl, FLAG, bits(4), bits(3)),
    st.integers(0, 128),
)
PREFIX_SUB_TLVS: Strategies = {
    NetworkDataType.HAS_ROUTE: st.builds(network_data.HasRoute, some(ROUTE_ENTRY)),
    NetworkDataType.BORDER_ROUTER: st.builds(network_data.BorderRouter, some(BORDER_ROUTER_ENTRY)),
    NetworkDataType.CONTEXT: CONTEXT,
}
SERVICE_SUB_TLVS: Strategies = {
    NetworkDataType.SERVER: st.builds(network_data.Server, octets(2), st.binary(max_size=9))
}


def network_data_tlvs(contents: Strategies) -> SearchStrategy[NetworkDataTlv]:
    """Return network data TLVs, known where they stand and unknown."""
    known = [
        st.builds(NetworkDataTlv, st.just(int(kind)), FLAG, contents[kind]) for kind in contents
    ]
    kind = bits(7).filter(lambda number: number not in contents)
    return st.one_of(*known, st.builds(NetworkDataTlv, kind, FLAG, st.binary(max_size=9)))


@st.composite
def prefixes(draw: st.DrawFn) -> network_data.Prefix:
    """Draw a prefix of any length."""
    length = draw(st.integers(0, 128))
    inside = draw(some(network_data_tlvs(PREFIX_SUB_TLVS)))
    return network_data.Prefix(draw(bits(8)), length, draw(octets((length + 7) // 8)), inside)


@st.composite
def services(draw: st.DrawFn) -> network_data.Service:
    """Draw a service, of the Thread Group or another enterprise."""
    thread = draw(FLAG)
    control = network_data.ServiceControl(thread, draw(bits(4)), draw(bits(3)))
    identity = network_data.ServiceIdentity(
        control, None if thread else draw(bits(32)), draw(st.binary(max_size=9))
    )
    return network_data.Service(identity, draw(some(network_data_tlvs(SERVICE_SUB_TLVS))))


NETWORK_DATA: Strategies = {
    NetworkDataType.PREFIX: prefixes(),
    NetworkDataType.COMMISSIONING_DATA: st.builds(CommissioningData, MESHCOP_TLVS),
    NetworkDataType.SERVICE: services(),
}
NETWORK_DATA_LIST = st.builds(
    network_data.NetworkData, some(network_data_tlvs(NETWORK_DATA), most=2)
)
DATASET_VALUES = st.builds(Dataset, MESHCOP_TLVS)

MLE: Strategies = {
    TlvType.SOURCE_ADDRESS: st.builds(mle_draft.SourceAddress, octets(2) | octets(8)),
    TlvType.MODE: MODE,
    TlvType.TIMEOUT: st.builds(mle_draft.Timeout, bits(32)),
    TlvType.CHALLENGE: st.builds(mle_draft.Challenge, st.binary(min_size=4, max_size=9)),
    TlvType.RESPONSE: st.builds(mle_draft.Response, st.binary(min_size=4, max_size=9)),
    TlvType.LINK_LAYER_FRAME_COUNTER: st.builds(mle_draft.LinkLayerFrameCounter, bits(32)),
    TlvType.LINK_QUALITY: neighbours(2) | neighbours(8),
    TlvType.NETWORK_PARAMETER: NETWORK_PARAMETER,
    TlvType.MLE_FRAME_COUNTER: st.builds(mle_draft.MleFrameCounter, bits(32)),
    TlvType.ROUTE64: routes(),
    TlvType.ADDRESS16: st.builds(mle_tlvs.Address16, octets(2)),
    TlvType.LEADER_DATA: st.builds(mle_tlvs.LeaderData, bits(32), *[bits(8)] * 4),
    TlvType.NETWORK_DATA: NETWORK_DATA_LIST,
    TlvType.TLV_REQUEST: st.builds(mle_tlvs.TlvRequest, some(bits(8))),
    TlvType.SCAN_MASK: st.builds(mle_tlvs.ScanMask, FLAG, FLAG, bits(6)),
    TlvType.CONNECTIVITY: CONNECTIVITY,
    TlvType.LINK_MARGIN: st.builds(mle_tlvs.LinkMargin, bits(8)),
    TlvType.STATUS: STATUS,
    TlvType.VERSION: st.builds(mle_tlvs.Version, bits(16)),
    TlvType.ADDRESS_REGISTRATION: st.builds(
        mle_tlvs.AddressRegistration, some(registered_addresses())
    ),
    TlvType.CHANNEL: CHANNEL,
    TlvType.PAN_ID: PAN_ID,
    TlvType.ACTIVE_TIMESTAMP: TIMESTAMP,
    TlvType.PENDING_TIMESTAMP: TIMESTAMP,
    TlvType.ACTIVE_OPERATIONAL_DATASET: DATASET_VALUES,
    TlvType.PENDING_OPERATIONAL_DATASET: DATASET_VALUES,
    TlvType.THREAD_DISCOVERY: st.builds(Discovery, MESHCOP_TLVS),
    TlvType.SUPERVISION_INTERVAL: st.builds(mle_tlvs.SupervisionInterval, bits(16)),
    TlvType.WAKE_UP_CHANNEL: CHANNEL,
    TlvType.CSL_CHANNEL: CHANNEL,
    TlvType.CSL_TIMEOUT: st.builds(mle_tlvs.CslTimeout, bits(32)),
    TlvType.CSL_CLOCK_ACCURACY: st.builds(
        mle_tlvs.CslClockAccuracy, bits(8), bits(8).map(lambda tens: 10 * tens)
    ),
    TlvType.LINK_METRICS_QUERY: LINK_METRICS_LIST,
    TlvType.LINK_METRICS_MANAGEMENT: LINK_METRICS_LIST,
    TlvType.LINK_METRICS_REPORT: LINK_METRICS_LIST,
    TlvType.LINK_PROBE: st.builds(mle_tlvs.LinkProbe, bits(8), st.binary(max_size=64)),
    TlvType.TIME_REQUEST: st.just(mle_tlvs.TimeRequest()),
    TlvType.TIME_PARAMETER: st.builds(mle_tlvs.TimeParameter, bits(16), bits(16)),
    TlvType.XTAL_ACCURACY: st.builds(mle_tlvs.XtalAccuracy, bits(16)),
}

MESSAGES = st.builds(MleMessage, bits(8), some(tlvs(Tlv, MLE)))

LISTS = [
    (MLE_MESSAGE, MESSAGES),
    (DATASET, DATASET_VALUES),
    (DISCOVERY, st.builds(Discovery, MESHCOP_TLVS)),
    (COMMISSIONING_DATA, st.builds(CommissioningData, MESHCOP_TLVS)),
    (network_data.NETWORK_DATA, NETWORK_DATA_LIST),
    (link_metrics.LINK_METRICS, LINK_METRICS_LIST),
]
"""Formats that hold the others, with values of theirs."""
