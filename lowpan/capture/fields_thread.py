"""Fields of Thread's beacon payload, network data and MeshCoP TLVs; none of them shows a key."""

from collections.abc import Iterator
from typing import Any

from lowpan.capture.decoded import DecodedFrame
from lowpan.capture.field import Field
from lowpan.capture.formats import (
    DATE,
    DECIMAL,
    EXTENDED_ADDRESS,
    FLAG,
    HEX8,
    HEX16,
    HEX_OCTETS,
    IPV6_ADDRESS,
    OCTETS,
    SHORT_ADDRESS,
    TEXT,
    computed,
    textual,
)
from lowpan.capture.layouts import LENGTH
from lowpan.wire.dataset import SECRET_TYPES, MeshCopTlv, MeshCopType
from lowpan.wire.meshcop import (
    ChannelMaskEntry,
    CommissionerSessionId,
    DiscoveryRequest,
    DiscoveryResponse,
    ExtendedPanId,
    UdpPort,
)
from lowpan.wire.network_data import (
    BorderRouterEntry,
    ContextControl,
    LowpanContext,
    NetworkDataTlv,
    Prefix,
    RouteEntry,
    Server,
    ServiceIdentity,
)


def _network_name(decoded: DecodedFrame) -> Iterator[str]:
    if decoded.thread_beacon is not None:
        yield decoded.thread_beacon.network_name.rstrip(b"\0").decode("utf-8", "replace")


def _unknown(tlv: MeshCopTlv) -> bytes | None:
    """Return content that is not decoded, unless it is a key."""
    return tlv.value if isinstance(tlv.value, bytes) and tlv.type not in SECRET_TYPES else None


def _not_decoded(content: Any) -> bytes | None:
    return content if isinstance(content, bytes) else None


def _flags(control: ContextControl) -> int:
    return control.reserved << 5 | control.compress << 4 | control.context_id


_SESSION = textual("octets", lambda session_id: f"{session_id:04x}")


def _of(kind: int) -> tuple[type[Any], int]:
    return MeshCopTlv, int(kind)


BEACON = (
    Field(
        "thread_bcn.protocol",
        DECIMAL,
        "Protocol ID",
        values=lambda d: (3 for beacon in [d.thread_beacon] if beacon is not None),
    ),
    Field("thread_bcn.version", DECIMAL, "Version", "thread_beacon.control.version"),
    Field(
        "thread_bcn.native",
        FLAG,
        "Native commissioner",
        "thread_beacon.control.native_commissioner",
    ),
    Field(
        "thread_bcn.joining", FLAG, "Joining permitted", "thread_beacon.control.joining_permitted"
    ),
    Field("thread_bcn.network_name", TEXT, "Network name", values=_network_name),
    Field("thread_bcn.epid", EXTENDED_ADDRESS, "Extended PAN ID", "thread_beacon.extended_pan_id"),
)

_ROUTER = BorderRouterEntry

NETWORK_DATA = (
    Field("thread_nwd.tlv.type", DECIMAL, "Type", part=NetworkDataTlv, attribute="type"),
    Field("thread_nwd.tlv.stable", FLAG, "Stable", part=NetworkDataTlv, attribute="stable"),
    Field("thread_nwd.tlv.len", LENGTH, "Octets", part=NetworkDataTlv, attribute="value"),
    Field(
        "thread_nwd.tlv.unknown",
        computed(OCTETS, _not_decoded),
        "Not decoded",
        part=NetworkDataTlv,
        attribute="value",
    ),
    Field(
        "thread_nwd.tlv.has_route.br_16",
        SHORT_ADDRESS,
        "Who routes",
        part=RouteEntry,
        attribute="server",
    ),
    Field(
        "thread_nwd.tlv.has_route.pref",
        DECIMAL,
        "Preference",
        part=RouteEntry,
        attribute="control.preference",
    ),
    Field("thread_nwd.tlv.prefix.domain_id", DECIMAL, "Domain", part=Prefix, attribute="domain_id"),
    Field("thread_nwd.tlv.prefix.length", DECIMAL, "Bits", part=Prefix, attribute="prefix_length"),
    Field("thread_nwd.tlv.prefix", IPV6_ADDRESS, "Prefix", part=Prefix, attribute="prefix"),
    Field(
        "thread_nwd.tlv.border_router.16",
        SHORT_ADDRESS,
        "Border router",
        part=BorderRouterEntry,
        attribute="server",
    ),
    Field(
        "thread_nwd.tlv.border_router.pref",
        DECIMAL,
        "Preference",
        part=_ROUTER,
        attribute="control.preference",
    ),
    Field(
        "thread_nwd.tlv.border_router.flag.p",
        FLAG,
        "Preferred",
        part=_ROUTER,
        attribute="control.preferred",
    ),
    Field(
        "thread_nwd.tlv.border_router.flag.s",
        FLAG,
        "SLAAC",
        part=_ROUTER,
        attribute="control.slaac",
    ),
    Field(
        "thread_nwd.tlv.border_router.flag.d",
        FLAG,
        "DHCPv6 addresses",
        part=_ROUTER,
        attribute="control.dhcp",
    ),
    Field(
        "thread_nwd.tlv.border_router.flag.c",
        FLAG,
        "DHCPv6 configuration",
        part=_ROUTER,
        attribute="control.configure",
    ),
    Field(
        "thread_nwd.tlv.border_router.flag.r",
        FLAG,
        "Default route",
        part=_ROUTER,
        attribute="control.default",
    ),
    Field(
        "thread_nwd.tlv.border_router.flag.o",
        FLAG,
        "On-mesh",
        part=_ROUTER,
        attribute="control.on_mesh",
    ),
    Field(
        "thread_nwd.tlv.border_router.flag.n",
        FLAG,
        "DNS",
        part=_ROUTER,
        attribute="control.nd_dns",
    ),
    Field(
        "thread_nwd.tlv.6co.flag",
        computed(HEX8, _flags),
        "Flags and context",
        part=LowpanContext,
        attribute="control",
    ),
    Field(
        "thread_nwd.tlv.6co.flag.c",
        FLAG,
        "For compression",
        part=LowpanContext,
        attribute="control.compress",
    ),
    Field(
        "thread_nwd.tlv.6co.flag.cid",
        DECIMAL,
        "Context",
        part=LowpanContext,
        attribute="control.context_id",
    ),
    Field(
        "thread_nwd.tlv.6co.context_length",
        DECIMAL,
        "Bits",
        part=LowpanContext,
        attribute="context_length",
    ),
    Field(
        "thread_nwd.tlv.service.s_id",
        HEX8,
        "Service",
        part=ServiceIdentity,
        attribute="control.service_id",
    ),
    Field(
        "thread_nwd.tlv.service.s_ent_num",
        DECIMAL,
        "Enterprise number",
        part=ServiceIdentity,
        attribute="enterprise_number",
    ),
    Field(
        "thread_nwd.tlv.service.s_data",
        OCTETS,
        "Service data",
        part=ServiceIdentity,
        attribute="service_data",
    ),
    Field("thread_nwd.tlv.server.16", SHORT_ADDRESS, "Server", part=Server, attribute="server"),
    Field(
        "thread_nwd.tlv.server.data", OCTETS, "Server data", part=Server, attribute="server_data"
    ),
)

MESHCOP = (
    Field("thread_meshcop.tlv.type", DECIMAL, "Type", part=MeshCopTlv, attribute="type"),
    Field("thread_meshcop.tlv.len8", LENGTH, "Octets", part=MeshCopTlv, attribute="value"),
    Field(
        "thread_meshcop.tlv.unknown",
        computed(OCTETS, _unknown),
        "Not decoded",
        part=MeshCopTlv,
    ),
    Field(
        "thread_meshcop.tlv.channel_page",
        DECIMAL,
        "Channel page",
        part=_of(MeshCopType.CHANNEL),
        attribute="page",
    ),
    Field(
        "thread_meshcop.tlv.channel",
        DECIMAL,
        "Channel",
        part=_of(MeshCopType.CHANNEL),
        attribute="channel",
    ),
    Field(
        "thread_meshcop.tlv.pan_id",
        HEX16,
        "PAN ID",
        part=_of(MeshCopType.PAN_ID),
        attribute="pan_id",
    ),
    Field(
        "thread_meshcop.tlv.xpan_id",
        HEX_OCTETS,
        "Extended PAN ID",
        part=ExtendedPanId,
        attribute="extended_pan_id",
    ),
    Field(
        "thread_meshcop.tlv.net_name",
        TEXT,
        "Network name",
        part=_of(MeshCopType.NETWORK_NAME),
        attribute="name",
    ),
    Field(
        "thread_meshcop.tlv.ml_prefix",
        IPV6_ADDRESS,
        "Mesh-local prefix",
        part=_of(MeshCopType.MESH_LOCAL_PREFIX),
        attribute="prefix",
    ),
    Field(
        "thread_meshcop.tlv.steering_data",
        OCTETS,
        "Who may join, a Bloom filter",
        part=_of(MeshCopType.STEERING_DATA),
        attribute="bloom_filter",
    ),
    Field(
        "thread_meshcop.tlv.ba_locator",
        OCTETS,
        "Border agent's RLOC16",
        part=_of(MeshCopType.BORDER_AGENT_LOCATOR),
        attribute="address",
    ),
    Field(
        "thread_meshcop.tlv.commissioner_sess_id",
        _SESSION,
        "Commissioner's session",
        part=CommissionerSessionId,
        attribute="session_id",
    ),
    Field(
        "thread_meshcop.tlv.sec_policy_rot",
        DECIMAL,
        "Hours of a key sequence",
        part=_of(MeshCopType.SECURITY_POLICY),
        attribute="rotation_time",
    ),
    Field(
        "thread_meshcop.tlv.active_tstamp",
        DATE,
        "Active timestamp",
        part=_of(MeshCopType.ACTIVE_TIMESTAMP),
        attribute="seconds",
    ),
    Field(
        "thread_meshcop.tlv.pending_tstamp",
        DATE,
        "Pending timestamp",
        part=_of(MeshCopType.PENDING_TIMESTAMP),
        attribute="seconds",
    ),
    Field("thread_meshcop.tlv.udp_port", DECIMAL, "UDP port", part=UdpPort, attribute="port"),
    Field(
        "thread_meshcop.tlv.delay_timer",
        DECIMAL,
        "Milliseconds",
        part=_of(MeshCopType.DELAY_TIMER),
        attribute="delay",
    ),
    Field(
        "thread_meshcop.tlv.chan_mask_page",
        DECIMAL,
        "Channel page",
        part=ChannelMaskEntry,
        attribute="page",
    ),
    Field(
        "thread_meshcop.tlv.chan_mask_mask",
        OCTETS,
        "Channels",
        part=ChannelMaskEntry,
        attribute="mask",
    ),
    Field(
        "thread_meshcop.tlv.discovery_req_ver",
        DECIMAL,
        "Thread version",
        part=DiscoveryRequest,
        attribute="version",
    ),
    Field(
        "thread_meshcop.tlv.discovery_req_j",
        FLAG,
        "Joiner",
        part=DiscoveryRequest,
        attribute="joiner",
    ),
    Field(
        "thread_meshcop.tlv.discovery_rsp_ver",
        DECIMAL,
        "Thread version",
        part=DiscoveryResponse,
        attribute="version",
    ),
    Field(
        "thread_meshcop.tlv.discovery_rsp_n",
        FLAG,
        "Native commissioning",
        part=DiscoveryResponse,
        attribute="native_commissioner",
    ),
)
