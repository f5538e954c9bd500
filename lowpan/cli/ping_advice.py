"""What `lowpan ping` finds out about the way to somebody: is there one, and why nothing comes."""

import asyncio
from contextlib import suppress

from lowpan.aio.events import Events
from lowpan.aio.node import Node
from lowpan.cli.report import CommandError
from lowpan.mac.service import Drop
from lowpan.node.service import Discard
from lowpan.wire.addresses import LINK_LOCAL_PREFIX, format_ipv6, is_multicast

WAY_S = 4.0
"""Seconds that a router gets to answer and to give us an address: each takes one or two."""

_OF_KEYS = (Drop.NO_KEY, Drop.MIC_BAD, Drop.UNSECURED, Drop.LEVEL, Drop.NO_ADDRESS, Drop.REPLAYED)


async def wait_for_way(node: Node, events: Events, destination: bytes) -> None:
    """Wait until there is a way beyond the link, if there has to be; raise CommandError if not."""
    if _is_ready(node, destination):
        return
    with suppress(TimeoutError):
        async with asyncio.timeout(WAY_S):
            async for _ in events:
                if _is_ready(node, destination):
                    return
    if not _has_way(node, destination):
        cause = f"Network is unreachable: no router offers a way to {format_ipv6(destination)}"
        raise CommandError(cause, "start the router, or give an --address with its prefix")


def _is_ready(node: Node, destination: bytes) -> bool:
    """Tell whether there is a way, and an address that may be seen at its end."""
    own = node.engine.own.source_for(destination)
    local = own is None or own.address[:8] == LINK_LOCAL_PREFIX
    return is_multicast(destination) or (
        _has_way(node, destination) and (not local or destination[:8] == LINK_LOCAL_PREFIX)
    )


def _has_way(node: Node, destination: bytes) -> bool:
    mesh = node.engine.mesh
    if mesh is not None and mesh.next_link_address(destination) is not None:
        return True
    return node.engine.neighbourhood.next_hop(destination) is not None


def advice(node: Node) -> tuple[str, str]:
    """Return what is known of why nothing came back, and what may help."""
    engine, radio = node.engine, node.radio_settings
    dropped = [f"{drop.value} {engine.link.dropped[drop]}" for drop in _OF_KEYS]
    if any(engine.link.dropped[drop] for drop in _OF_KEYS):
        shown = ", ".join(text for text in dropped if not text.endswith(" 0"))
        cure = "both ends need the same key: --keys, --key-index, --level, --peer, LOWPAN_KEYS"
        return f"frames that came were dropped: {shown}", cure
    if engine.ipv6.discarded[Discard.NOT_DELIVERED]:
        cause = f"no frame got through on channel {radio.channel}, PAN 0x{radio.pan_id:04x}"
        return cause, "check the address, --channel and --pan; `lowpan scan` lists networks"
    cause = "frames were sent, and nothing came back"
    return cause, "`lowpan node` at the other end tells what it drops, such as for its key"
