"""The state of an engine in values that JSON has: for people, logs and monitoring."""

from collections.abc import Mapping
from enum import Enum
from typing import Any

from lowpan.node.node import Node
from lowpan.wire.addresses import format_ipv6


def shown_link_address(address: bytes | None) -> str | None:
    """Return `02:00:00:00:00:00:00:01` of an extended address, `0x0001` of a short one."""
    if address is None:
        return None
    return f"0x{address.hex()}" if len(address) == 2 else address.hex(":")


def counted(counter: Mapping[Any, int]) -> dict[str, int]:
    """Return the numbers that are not zero, by the texts of what was counted."""
    return {
        str(what.value) if isinstance(what, Enum) else str(what): number
        for what, number in counter.items()
        if number
    }


def engine_counters(engine: Node) -> dict[str, Any]:
    """Return what an engine has counted since it began."""
    counters: dict[str, Any] = {
        "frames_dropped": counted(engine.link.dropped),
        "datagrams": counted(engine.adaptation.counts),
        "datagrams_discarded": counted(engine.ipv6.discarded),
        "neighbour_discovery_refused": counted(engine.discovery.refused),
    }
    counters |= {name: counted(counts) for name, counts in engine.lowpan.forwarded.items()}
    pan = engine.management.pan
    if pan is not None:
        counters["association_ignored"] = counted(pan.coordinating.ignored)
    if engine.link.unacknowledged:
        counters["acknowledgments"] = {
            "not sent, for they could not be secured": engine.link.unacknowledged
        }
    return counters


def engine_state(engine: Node) -> dict[str, Any]:
    """Return who an engine is, and what it knows."""
    radio, security = engine.link.radio, engine.link.security
    return {
        "channel": radio.channel,
        "pan_id": radio.pan_id,
        "extended_address": shown_link_address(engine.link.extended_address),
        "short_address": shown_link_address(engine.link.short_address),
        "acknowledged": engine.link.settings.acknowledged is not False,
        "security_level": 0 if security is None else security.level,
        "addresses": [
            {
                "address": format_ipv6(own.address),
                "prefix_length": own.prefix_length,
                "ready": own.ready,
            }
            for own in engine.own
        ],
        "neighbours": [
            {
                "address": format_ipv6(neighbour.address),
                "link_address": shown_link_address(neighbour.link_address),
                "state": neighbour.state.value,
            }
            for neighbour in engine.discovery.cache.table
        ],
        **_place_of(engine),
        **_network_of(engine),
        "waiting": engine.waiting,
    }


def _place_of(engine: Node) -> dict[str, Any]:
    """Return what we are to our PAN, if that is not only what we were told."""
    membership, pan = engine.management.membership, engine.management.pan
    if membership is not None:
        coordinator = membership.association.coordinator if membership.is_in else None
        parent = None if coordinator is None else shown_link_address(coordinator.address)
        return {"role": "device", "coordinator": parent, "sleeps": membership.sleeps}
    if pan is None:
        return {}
    return {
        "role": "coordinator",
        "permits_joining": pan.coordinating.permit,
        "devices": [
            {
                "extended_address": shown_link_address(extended),
                "short_address": shown_link_address(pan.coordinating.short_address_of(extended)),
                "sleeps": extended in pan.sleepers,
            }
            for extended in pan.coordinating
        ],
    }


def _network_of(engine: Node) -> dict[str, Any]:
    """Return what routers have told, and who is registered with whom."""
    discovery, contexts = engine.discovery, engine.adaptation.contexts.known
    registering, router = discovery.registering, discovery.router
    told: dict[str, Any] = {
        "routers": [format_ipv6(address) for address in discovery.routers.routers],
        "contexts": {
            str(identifier): f"{format_ipv6(context.prefix)}/{context.length}"
            for identifier, context in sorted(contexts.items())
        },
    }
    if registering is not None:
        told["registered"] = {
            format_ipv6(address): [format_ipv6(router) for router in routers]
            for address, routers in registering.registered().items()
        }
    if router is not None:
        told["registered_with_us"] = [format_ipv6(each) for each in router.registrar.registered]
    return told
