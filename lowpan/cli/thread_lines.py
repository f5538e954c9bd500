"""What happens on the way into a mesh, and in it, as lines of text."""

import re
from dataclasses import fields, is_dataclass

from lowpan.mesh.key_sequence import KeySequenceChanged
from lowpan.mesh.neighbour import (
    LinkQualityChanged,
    NeighbourEvent,
    NeighbourForgotten,
    NeighbourRefused,
)
from lowpan.mesh.service import LinkDown, LinkUp, MeshNews, MleRefused, ReplayRejected
from lowpan.mesh.thread import events
from lowpan.node.state import shown_link_address

_SECOND = 1_000_000


def said_of_mesh(news: MeshNews | NeighbourEvent) -> str:
    """Return what happened; of news that are not known here, their name and fields."""
    return _said_of_joining(news) or _said_of_network(news) or _said_of_links(news) or _plain(news)


def _said_of_joining(news: MeshNews | NeighbourEvent) -> str:  # noqa: PLR0911  (a kind each)
    match news:
        case events.Discovering(channel):
            return f"asks on channel {channel} which networks are there"
        case events.NetworkFound(channel, pan_id, extended_pan_id, name):
            pan = "" if pan_id is None else f", PAN 0x{pan_id:04x}"
            extended = "" if extended_pan_id is None else f" ({extended_pan_id.hex()})"
            return f"found {name or 'a network'}{extended} on channel {channel}{pan}"
        case events.Restoring(parent, rloc16):
            return f"asks its last parent {_shown(parent)} whether it is still 0x{rloc16.hex()}"
        case events.ParentRequested(attempt, end_devices_too):
            whom = "routers, and who may become one," if end_devices_too else "routers"
            return f"asks {whom} to be its parent (attempt {attempt})"
        case events.ParentHeard(parent, rloc16, margin, quality, priority, cost):
            who = f"{_shown(parent)} (0x{rloc16.hex()})"
            link = f"link quality {quality}, margin {margin} dB"
            return f"{who} offers to: {link}, priority {priority}, {cost} to the leader"
        case events.ChildIdRequested(parent):
            return f"asks {_shown(parent)} for an address"
        case events.Attached(role, rloc16, parent, parent_rloc16, partition, _, restored):
            how = "is still" if restored else "attached:"
            whose = f"child of {_shown(parent)} (0x{parent_rloc16.hex()})"
            return f"{how} {role.value} 0x{rloc16.hex()}, {whose}, partition {partition:08x}"
        case events.NobodyAnswered(attempt, again_in):
            return f"attempt {attempt} was in vain, the next is in {again_in / _SECOND:.1f} s"
        case events.Detached(loss, parent):
            return f"lost its parent {_shown(parent)}: {loss.value}"
        case _:
            return ""


def _said_of_network(news: MeshNews | NeighbourEvent) -> str:  # noqa: PLR0911  (a kind each)
    match news:
        case events.PartitionChanged(partition, router):
            return f"partition {partition:08x} now, whose leader is router {router}"
        case events.NetworkDataChanged(version, stable):
            return f"network data of version {version}, stable {stable}"
        case events.DatasetChanged(seconds, channel, pan_id):
            return f"dataset {seconds} holds now: channel {channel}, PAN 0x{pan_id:04x}"
        case events.DatasetScheduled(seconds, delay):
            return f"dataset {seconds} will hold in {delay / _SECOND:.0f} s"
        case events.DatasetRefused(reason):
            return f"dataset refused: {reason}"
        case events.AnnounceHeard(channel, pan_id):
            return f"heard that the network is on channel {channel}, PAN 0x{pan_id:04x}"
        case KeySequenceChanged(key_sequence, previous, cause):
            return f"key sequence {key_sequence} after {previous}: {cause.value}"
        case events.SendingFailed(reason):
            return f"a message was not sent: {reason}"
        case _:
            return ""


def _said_of_links(news: MeshNews | NeighbourEvent) -> str:  # noqa: PLR0911  (a kind each)
    match news:
        case LinkUp(neighbour, short):
            name = "" if short is None else f" (0x{short.hex()})"
            return f"link to {_shown(neighbour)}{name}"
        case LinkDown(neighbour, reason):
            return f"no link to {_shown(neighbour)} any more: {reason}"
        case LinkQualityChanged(neighbour, quality_in, quality_out):
            return f"link quality of {_shown(neighbour)}: {quality_in} in, {quality_out} out"
        case NeighbourForgotten(neighbour, _, cause):
            return f"neighbour {_shown(neighbour)} forgotten: {cause.value}"
        case NeighbourRefused(neighbour):
            return f"no room for neighbour {_shown(neighbour)}"
        case ReplayRejected(sender, counter):
            return f"message of {_shown(sender)} came before: frame counter {counter}"
        case MleRefused(sender, reason):
            return f"message of {_shown(sender)} refused: {reason}"
        case _:
            return ""


def _plain(news: MeshNews | NeighbourEvent) -> str:
    name = re.sub(r"(?<!^)(?=[A-Z])", " ", type(news).__name__).lower()
    shown = [
        f"{key.replace('_', ' ')} {value.hex() if isinstance(value, bytes) else value}"
        for key, value in values_of(news).items()
    ]
    return f"{name}: {', '.join(shown)}" if shown else name


def values_of(event: object) -> dict[str, object]:
    """Return the fields of an event by name."""
    assert is_dataclass(event)
    return {field.name: getattr(event, field.name) for field in fields(event)}


def _shown(address: bytes) -> str:
    return shown_link_address(address) or ""
