"""A host registers its addresses with our own border router (RFC 6775, RFC 8505), over a radio."""

import asyncio
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import pytest

from lowpan import FieldOutOfRange, Node
from lowpan.adaptation.neighbour_discovery.actions import (
    NeighbourRegistered,
    Registered,
    RegistrationRefused,
    RouterLearnt,
)
from lowpan.adaptation.neighbour_discovery.engine import NdSettings
from lowpan.adaptation.neighbour_discovery.information import Prefix
from lowpan.adaptation.neighbour_discovery.router_side import RouterSettings
from lowpan.aio.events import Events, NodeEvent
from lowpan.node.service import AddressChanged
from lowpan.node.settings import NodeSettings
from lowpan.wire.addresses import Context, parse_ipv6
from tests.aio.media import SHORT, node_on, radios
from tests.aio.virtual_time import virtually

PREFIX, BORDER, HOST = (parse_ipv6(text) for text in ("fd00:db8::", "fd00:db8::1", "fd00:db8::2"))

ROUTER = NodeSettings(
    routers=False, discovery=NdSettings(router=RouterSettings(border_address=BORDER, hop_limit=77))
)
REGISTERING = NodeSettings(discovery=NdSettings(register=True, registration_lifetime=120))


@asynccontextmanager
async def network(medium: str, **host: Any) -> AsyncGenerator[tuple[Node, Node, Events, Events]]:
    """Let a border router with a prefix and a context live beside a host that registers."""
    async with radios(medium) as (near, far):
        border = node_on(near, 0, settings=ROUTER, addresses=["fd00:db8::/64"])
        other = node_on(far, 1, settings=REGISTERING, **host)
        told_border, told_host = border.events(), other.events()
        async with border:
            announce(border)
            async with other:
                yield border, other, told_border, told_host


def announce(border: Node) -> None:
    running = border._live  # pyright: ignore[reportPrivateUsage]
    prefix = Prefix(PREFIX, 64, on_link=False, autonomous=True)
    running.put(border.engine.announce_prefix(prefix, now=running.now()))
    context = Context(PREFIX, 64)
    running.put(border.engine.announce_context(1, context, now=running.now()))


async def until(events: Events, event: NodeEvent) -> None:
    """Wait for `event`."""
    async with asyncio.timeout(20):
        async for told in events:
            if told == event:
                return
    raise AssertionError(event)


@pytest.mark.parametrize("medium", ["zep", "openthread-air"])
async def test_a_host_registers_with_our_border_router(medium: str) -> None:
    async with network(medium) as (border, host, told_border, told_host):
        router = parse_ipv6(SHORT[0])
        await until(told_host, RouterLearnt(router))
        await until(told_host, Registered(HOST, router, 120_000_000))
        await until(told_host, AddressChanged(HOST, ready=True))
        await until(told_border, NeighbourRegistered(HOST, b"\0\2"))
        assert host.engine.adaptation.contexts.known[1].network == PREFIX[:8]
        assert (await host.ping("fd00:db8::1", size=200, timeout=5)).octets == 208
        back = await border.ping("fd00:db8::2", size=200, timeout=5)
        assert (back.octets, back.hop_limit) == (208, 77)  # as the router says
        state = host.state()
        assert state["routers"] == [SHORT[0]]
        assert state["contexts"] == {"1": "fd00:db8::/64"}
        assert state["registered"] == {"fd00:db8::2": [SHORT[0]]}
        assert border.state()["registered_with_us"] == ["fd00:db8::2"]


def test_registrations_are_refreshed_in_time_and_end_without() -> None:
    async def live() -> tuple[list[NodeEvent], list[str], list[str]]:
        async with network("cable") as (border, host, _, told_host):
            await asyncio.sleep(600)
            there = border.state()["registered_with_us"]
            await host.__aexit__(None, None, None)
            await asyncio.sleep(150)
            return told_host.take_waiting(), there, border.state()["registered_with_us"]

    events, there, gone = virtually(live())
    registered = [event for event in events if isinstance(event, Registered)]
    assert 600 / 90 <= len(registered) <= 600 / 60 + 2  # half to three quarters of 120 s
    assert not [event for event in events if isinstance(event, RegistrationRefused)]
    assert (there, gone) == (["fd00:db8::2"], [])


def test_an_address_that_was_given_is_registered_too_before_it_is_used() -> None:
    async def live() -> list[list[str]]:
        async with network("cable", addresses=["fd00:db8::77/64"]) as (border, host, _, _):
            first = host.addresses
            await asyncio.sleep(30)
            return [first, host.addresses, border.state()["registered_with_us"]]

    first, later, registered = virtually(live())
    assert "fd00:db8::77" not in first
    assert {"fd00:db8::77", "fd00:db8::2"} <= set(later)
    assert set(registered) == {"fd00:db8::77", "fd00:db8::2"}


def test_an_address_of_somebody_else_is_refused() -> None:
    async def live() -> list[NodeEvent]:
        async with network("cable", addresses=["fd00:db8::1/64"]) as (_, _, _, told):
            await asyncio.sleep(30)
            return told.take_waiting()

    events = virtually(live())
    assert AddressChanged(BORDER, False, "somebody else has it") in events


async def test_only_a_border_router_announces() -> None:
    async with radios("cable") as (near, _), node_on(near, 0) as node:
        with pytest.raises(FieldOutOfRange, match="no border router"):
            announce(node)
