"""What a node is told once."""

from dataclasses import dataclass, field

from lowpan.adaptation.contexts import ContextTable
from lowpan.adaptation.flood_jitter import MOST_JITTER
from lowpan.adaptation.mesh_under import HOPS_LEFT, MeshRoute
from lowpan.adaptation.neighbour_discovery.engine import NdSettings
from lowpan.adaptation.recovery_parameters import RecoveryParameters
from lowpan.mac.link_layer import LinkSettings
from lowpan.mac.management_service import ManagementSettings
from lowpan.node.routes import IpRoute


@dataclass(frozen=True, slots=True)
class ForwardingSettings:
    """How a node passes on what is not for it, below IPv6 (docs/forwarding.md)."""

    mesh_under: MeshRoute | None = None
    """Next hops by link-layer address: payloads go over several hops by a mesh header."""
    hops_left: int = HOPS_LEFT
    """Hops that our payloads may take by mesh header."""
    multicast_addresses: bool = False
    """Short addresses 0x8000 .. 0x9fff are groups (RFC 4944 §9)."""
    flood_jitter: int = MOST_JITTER
    """Microseconds that a payload to all waits at most before it is passed on; 0: not at all."""
    fragment_forwarding: bool = False
    """Pass on fragments as they come (RFC 8930), by what NodeSettings.next_hops says."""
    fragment_recovery: RecoveryParameters | None = None
    """Send large datagrams in recoverable fragments and pass on those of others (RFC 8931): all
    nodes of a network do, or none."""


@dataclass(frozen=True, slots=True)
class NodeSettings:
    """What a node is told once."""

    for_host: bool = False
    """The operating system has our addresses (TUN): datagrams go up to it as they are."""
    derive: bool = True
    """Read link-layer addresses off link-local ones instead of asking (RFC 6775 §5.6)."""
    link: LinkSettings = field(default_factory=LinkSettings)
    contexts: ContextTable | None = None
    """6LoWPAN contexts known from the start."""
    routers: bool = True
    """Look for routers, and take what they say: prefixes, contexts, a way out of the link."""
    next_hops: IpRoute | None = None
    """Routes, which come before prefixes on the link and default routers; with them the node passes
    on datagrams of others (a router, RFC 8200 §2)."""
    forwarding: ForwardingSettings | None = None
    """Pass on payloads below IPv6 too."""
    discovery: NdSettings = field(default_factory=NdSettings)
    management: ManagementSettings = field(default_factory=ManagementSettings)
    """Whether the node joins a PAN or lets others join, and sleeps."""
