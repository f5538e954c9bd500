"""What a node tells, as lines of text or as JSON."""

import json
import re
from dataclasses import asdict, is_dataclass
from datetime import datetime
from enum import Enum
from typing import Any

from lowpan.adaptation.neighbour_discovery.actions import (
    NeighbourDeregistered,
    NeighbourRegistered,
    Registered,
    RegistrationRefused,
    RouterLearnt,
    RouterLost,
)
from lowpan.aio.endpoint import udp_ends
from lowpan.aio.events import EventsMissed, InterfaceNotice, NodeEvent, RadioFailed
from lowpan.aio.node import Node
from lowpan.cli.mle_lines import (
    ParameterNews,
    links_lines,
    parameter_values,
    said_of_parameter,
)
from lowpan.cli.place_lines import said_of_place
from lowpan.cli.thread_lines import said_of_mesh, values_of
from lowpan.mac.management_service import PlaceChange
from lowpan.mac.service import BeaconReceived, CommandReceived, FrameDropped
from lowpan.mesh.neighbour import NeighbourEvent
from lowpan.mesh.service import MeshNews
from lowpan.node.service import (
    AddressChanged,
    DatagramDiscarded,
    ErrorReceived,
    NeighbourChanged,
    RouterNews,
)
from lowpan.node.state import shown_link_address
from lowpan.radio import Radio, RadioNotice, neighbours_acknowledge
from lowpan.wire.addresses import format_ipv6
from lowpan.wire.ipv6 import IPV6_HEADER_OCTETS
from lowpan.wire.mac_command import CommandId
from lowpan.wire.nd_options import AddressRegistrationStatus

_ADDRESSES = {"address", "source", "destination", "router"}
_LINK_ADDRESSES = {
    *("link_address", "short_address", "extended_address"),
    *("coordinator", "parent"),
    *("neighbour", "sender", "responder", "rloc16", "parent_rloc16"),
}


def identity_lines(radio: Radio, node: Node) -> list[str]:
    """Return who a node is."""
    settings, engine = node.radio_settings, node.engine
    security = engine.link.security
    secured = "in clear"
    if security is not None:
        key = security.keys.find(security.key, None)
        fingerprint = "unknown" if key is None else key.fingerprint
        secured = f"secured at level {security.level} with key {fingerprint}"
    short = engine.link.short_address
    link = [shown_link_address(engine.link.extended_address)]
    link += [] if short is None else [shown_link_address(short)]
    where = f"channel {settings.channel}, PAN 0x{settings.pan_id:04x}"
    unasked = "no acknowledgments are asked for"
    if not neighbours_acknowledge(radio):
        unasked += ": on this virtual radio nobody gives any"
    return [
        f"{radio.description}, {where}, {secured}",
        f"link-layer addresses {', '.join(str(address) for address in link)}",
        *([] if engine.link.settings.acknowledged else [unasked]),
        *([f"interface {node.options.tun}"] if node.options.tun else []),
        *(f"address {address}" for address in node.addresses),
    ]


def identity_json(radio: Radio, node: Node) -> str:
    """Return who a node is, as an object."""
    state = {name: value for name, value in node.state().items() if name != "counters"}
    return _line("started", {"description": radio.description, "tun": node.options.tun, **state})


def last_lines(state: dict[str, Any]) -> list[str]:
    """Return the links at the end, and what was counted, a line for each kind."""
    lines = links_lines(state["mle"]) if "mle" in state else []
    lines.append("--- counters ---")
    for name, values in state["counters"].items():
        shown = ", ".join(f"{what} {number}" for what, number in values.items())
        lines.append(f"{name.replace('_', ' ')}: {shown or 'none'}")
    return lines


def last_json(state: dict[str, Any]) -> str:
    """Return the same as an object."""
    return _line("ended", {name: state[name] for name in ("mle", "counters") if name in state})


def event_json(event: NodeEvent) -> str:
    """Return an event as an object: its kind, when it was told, and its fields."""
    values = parameter_values(event) if isinstance(event, ParameterNews) else values_of(event)
    shown = {name: _plain(name, value) for name, value in values.items()}
    return _line(re.sub(r"(?<!^)(?=[A-Z])", "_", type(event).__name__).lower(), shown)


def event_line(event: NodeEvent) -> str:
    """Return the time and what happened."""
    return f"{datetime.now().astimezone():%H:%M:%S.%f} {said(event)}"


def said(event: NodeEvent) -> str:  # noqa: PLR0911  (a kind each)
    """Return what happened."""
    match event:
        case AddressChanged(address, ready, reason):
            what = "is ready" if ready else "is gone"
            return _with(f"address {format_ipv6(address)} {what}", reason)
        case NeighbourChanged(address, link_address, reachable):
            where = f" at {shown_link_address(link_address)}" if link_address else ""
            what = "is there" if reachable else "does not answer"
            return f"neighbour {format_ipv6(address)}{where} {what}"
        case ErrorReceived(source, kind, code):
            return f"ICMPv6 error from {format_ipv6(source)}: type {kind} code {code}"
        case DatagramDiscarded(discard, datagram, reason):
            return _with(f"datagram {_ends(datagram)}discarded: {discard.value}", reason)
        case FrameDropped(drop, reason, psdu, source):
            sender = f" from {shown_link_address(source)}" if source else ""
            return _with(f"frame of {len(psdu)} octets{sender} dropped: {drop.value}", reason)
        case CommandReceived(source, payload):
            sender = f" from {shown_link_address(source)}" if source else ""
            return f"{_command(payload)}{sender}"
        case BeaconReceived(psdu):
            return f"beacon of {len(psdu)} octets"
        case RadioNotice(happening, text):
            return f"radio {happening.value}: {text}"
        case RadioFailed(cause, cure) | InterfaceNotice(cause, cure):
            return f"{cause}; {cure}" if cure else cause
        case EventsMissed(count):
            return f"{count} events missed"
        case _:
            return _said_of_others(event)


def _said_of_others(news: RouterNews | PlaceChange | MeshNews | NeighbourEvent) -> str:
    if isinstance(news, PlaceChange):
        return said_of_place(news)
    if isinstance(news, ParameterNews):
        return said_of_parameter(news)
    if isinstance(news, MeshNews | NeighbourEvent):
        return said_of_mesh(news)
    return _said_of_routers(news)


def _said_of_routers(news: RouterNews) -> str:
    match news:
        case RouterLearnt(router):
            return f"router {format_ipv6(router)} is there"
        case RouterLost(router):
            return f"router {format_ipv6(router)} is gone"
        case Registered(address, router, lifetime):
            where = f"registered with {format_ipv6(router)}"
            return f"address {format_ipv6(address)} {where} for {lifetime // 1_000_000} s"
        case RegistrationRefused(address, router, status):
            where = f"not registered with {format_ipv6(router)}"
            why = "it does not answer" if status is None else _status(status)
            return _with(f"address {format_ipv6(address)} {where}, which is asked again", why)
        case NeighbourRegistered(address, link_address):
            where = f"at {shown_link_address(link_address)}"
            return f"neighbour {format_ipv6(address)} {where} registered with us"
        case NeighbourDeregistered(address):
            return f"neighbour {format_ipv6(address)} no longer registered with us"


def _command(payload: bytes) -> str:
    """Return the name of a MAC command."""
    try:
        name = CommandId(payload[0]).name.lower().replace("_", " ")
    except (IndexError, ValueError):
        return f"command {payload[:1].hex() or 'empty'}"
    return name.replace("pan id", "PAN ID")


def _status(status: int) -> str:
    """Return the name of an AddressRegistrationStatus."""
    try:
        return AddressRegistrationStatus(status).name.lower().replace("_", " ")
    except ValueError:
        return f"status {status}"


def _ends(datagram: bytes) -> str:
    """Return whose datagram it was, as far as it says."""
    if len(datagram) < IPV6_HEADER_OCTETS:
        return ""
    source, destination = format_ipv6(datagram[8:24]), format_ipv6(datagram[24:40])
    ends = udp_ends(datagram)
    if ends is not None:
        source, destination = f"[{source}]:{ends[0].port}", f"[{destination}]:{ends[1].port}"
    return f"{source} > {destination} "


def _with(text: str, reason: str) -> str:
    return f"{text} ({reason})" if reason else text


def _plain(name: str, value: object) -> object:
    """Return a value that JSON has."""
    if isinstance(value, Enum):
        return value.value
    if is_dataclass(value) and not isinstance(value, type):
        return asdict(value)
    if not isinstance(value, bytes):
        return value
    if name in _ADDRESSES | _LINK_ADDRESSES and len(value) in (2, 8, 16):
        return format_ipv6(value) if len(value) == 16 else shown_link_address(value)
    return value.hex()


def _line(event: str, values: dict[str, object]) -> str:
    time = datetime.now().astimezone().timestamp()
    return json.dumps({"event": event, "time": round(time, 6), **values})
