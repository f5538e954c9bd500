"""What `lowpan join` does: a node on its way into a Thread network, step by step."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, replace

from lowpan.aio.events import Events
from lowpan.aio.node import Node
from lowpan.cli.interrupts import until_interrupted
from lowpan.cli.node_identity import IdentityOptions
from lowpan.cli.node_lines import event_json, said
from lowpan.cli.node_making import node_on
from lowpan.cli.output import Output
from lowpan.cli.thread_making import joins_thread
from lowpan.mesh.service import MeshNews
from lowpan.mesh.thread.events import Attached
from lowpan.node.service import AddressChanged


@dataclass(frozen=True, slots=True, kw_only=True)
class JoinOptions:
    """The options of `lowpan join` besides who joins which network; times in seconds."""

    poll_interval: float | None = None
    once: bool = False
    most: float | None = None
    as_json: bool = False


@dataclass(slots=True)
class _Session:
    options: JoinOptions
    output: Output
    begun: float = 0.0
    was_in: bool = False


def join(uri: str, identity: IdentityOptions, options: JoinOptions) -> int:
    """Do it and return the exit status; raise CommandError and what a node raises."""
    if not joins_thread(identity):
        identity = replace(identity, role="med")  # of --keys, or the environment
    session = _Session(options, output := Output())
    with output:
        output.most_lines = 1  # somebody watches
        asyncio.run(until_interrupted(_run(uri, identity, session)))
    return 0 if session.was_in else 1


async def _run(uri: str, identity: IdentityOptions, session: _Session) -> None:
    options = session.options
    async with node_on(uri, identity, poll_interval=options.poll_interval) as (_, node):
        events = node.events()
        session.begun = asyncio.get_running_loop().time()
        async with node:
            with suppress(TimeoutError):
                async with asyncio.timeout(options.most) as limit:
                    await _follow(node, events, session, limit)
            if node.failure is not None:
                raise node.failure


async def _follow(node: Node, events: Events, session: _Session, limit: asyncio.Timeout) -> None:
    """Print each step; from the moment that we are in there is no limit to the time."""
    async for event in events:
        if isinstance(event, MeshNews | AddressChanged):
            _tell(event, session)
        if isinstance(event, Attached):
            limit.reschedule(None)
            session.was_in = True
            if session.options.once:
                break
    for event in events.take_waiting():
        if isinstance(event, MeshNews | AddressChanged):
            _tell(event, session)


def _tell(event: MeshNews | AddressChanged, session: _Session) -> None:
    if session.options.as_json:
        session.output.line(event_json(event))
        return
    passed = asyncio.get_running_loop().time() - session.begun
    session.output.line(f"{passed:9.3f} s  {said(event)}")
