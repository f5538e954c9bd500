"""What a node is told once."""

from dataclasses import dataclass, field

from lowpan.adaptation.contexts import ContextTable
from lowpan.adaptation.neighbour_discovery.engine import NdSettings
from lowpan.mac.link_layer import LinkSettings


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
    discovery: NdSettings = field(default_factory=NdSettings)
