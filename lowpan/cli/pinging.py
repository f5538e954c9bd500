"""What `lowpan ping` does: echo requests at an interval, answers and statistics as ping's."""

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field

from lowpan.adaptation.neighbour_discovery.derived import derived_link_address
from lowpan.aio.events import Events
from lowpan.aio.node import Node
from lowpan.aio.pinging import Pinger
from lowpan.aio.socket_addresses import octets_of
from lowpan.cli.interrupts import until_interrupted
from lowpan.cli.node_identity import IdentityOptions
from lowpan.cli.node_making import node_on
from lowpan.cli.output import Output
from lowpan.cli.ping_advice import advice, wait_for_way
from lowpan.cli.ping_report import Tally, line_of
from lowpan.cli.report import CommandError, report
from lowpan.errors import FieldOutOfRange
from lowpan.mesh.service import LinkUp
from lowpan.wire.addresses import format_ipv6, is_multicast

ATTACH_S, LINK_S = 30.0, 10.0
"""Seconds to find a parent in a Thread network: where there is one, it takes less than one; and
to establish a link by MLE, which takes two to five."""


@dataclass(frozen=True, slots=True, kw_only=True)
class PingOptions:
    """The options of `lowpan ping` besides who asks; times in seconds."""

    count: int | None = None
    size: int = 56
    interval: float = 1.0
    timeout: float = 10.0
    deadline: float | None = None
    ttl: int | None = None
    quiet: bool = False


@dataclass(slots=True)
class _Session:
    """One run: what is asked for, and what came of it."""

    destination: bytes
    options: PingOptions
    output: Output
    tally: Tally = field(default_factory=Tally)

    @property
    def to_group(self) -> bool:
        """Tell whether several may answer."""
        return is_multicast(self.destination)

    @property
    def is_silent(self) -> bool:
        """Tell whether nobody has said anything at all."""
        tally = self.tally
        return bool(tally.transmitted) and not tally.times and not tally.failures

    @property
    def status(self) -> int:
        """Return the exit status: with both count and deadline, all have to answer."""
        options = self.options
        wanted = options.count if options.count and options.deadline is not None else 1
        return 0 if len(self.tally.answered) >= wanted else 1


def ping(uri: str, address: str, identity: IdentityOptions, options: PingOptions) -> int:
    """Do it and return the exit status; raise CommandError and what a node raises."""
    name, percent, zone = address.partition("%")
    if percent:
        report(f"the zone %{zone} is ignored: a radio has one link")
    try:
        destination = octets_of(name)
    except FieldOutOfRange as error:
        cure = "give an IPv6 address such as fe80::1; there are no names on this network"
        raise CommandError(str(error), cure) from None
    session = _Session(destination, options, output := Output())
    with output:
        output.most_lines = 1
        asyncio.run(until_interrupted(_run(uri, identity, session)))
    return session.status  # also if nobody reads the output any more


async def _run(uri: str, identity: IdentityOptions, session: _Session) -> None:
    name, output = format_ipv6(session.destination), session.output
    async with node_on(uri, identity) as (_, node):
        events, news = node.events(), node.events()
        async with node:
            if node.options.thread is not None:
                await _attached(node)
            elif node.options.mle is not None:
                await _linked(news, session.destination)
            await wait_for_way(node, events, session.destination)
            output.line(f"PING {name}({name}) {session.options.size} data bytes")
            try:
                await _ping(node, session)
            finally:
                for line in session.tally.lines(name):
                    output.line(line)
                if session.is_silent:
                    report(*advice(node))


async def _attached(node: Node) -> None:
    """Wait until we are in the Thread network; raise CommandError."""
    try:
        async with asyncio.timeout(ATTACH_S):
            await node.attached()
    except TimeoutError:
        cause = f"no parent was found in the Thread network within {ATTACH_S:g} s"
        raise CommandError(cause, "`lowpan join` tells each step of the way") from None


async def _linked(events: Events, destination: bytes) -> None:
    """Wait until there is a link to whom `destination` names, or to anybody; CommandError."""
    wanted = derived_link_address(destination, None)
    try:
        async with asyncio.timeout(LINK_S):
            async for event in events:
                if isinstance(event, LinkUp) and (
                    wanted is None or wanted in (event.neighbour, event.short_address)
                ):
                    return
    except TimeoutError:
        cause = f"no link to {format_ipv6(destination)} was established within {LINK_S:g} s"
        cure = "check network key, --channel and --pan; `lowpan node --mle` tells what comes"
        raise CommandError(cause, cure) from None


async def _ping(node: Node, session: _Session) -> None:
    loop, options, tally = asyncio.get_running_loop(), session.options, session.tally
    tally.begun = tally.ended = loop.time()
    with node.pinger(session.destination, size=options.size, hop_limit=options.ttl) as pinger:
        listening = loop.create_task(_listen(pinger, session))
        sending = loop.create_task(_send(pinger, session))
        tasks = {listening, sending}
        try:
            with suppress(TimeoutError):
                async with asyncio.timeout(options.deadline):
                    await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
                    if sending.done() and not listening.done():
                        await asyncio.wait({listening}, timeout=_patience(session))
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.wait(tasks)
        for task in tasks:
            if not task.cancelled():
                task.result()


async def _send(pinger: Pinger, session: _Session) -> None:
    """Send a request each interval, as many as wanted."""
    loop, options, tally = asyncio.get_running_loop(), session.options, session.tally
    begun = loop.time()
    while options.count is None or pinger.sent < options.count:
        await asyncio.sleep(begun + pinger.sent * options.interval - loop.time())
        pinger.send()
        tally.transmitted, tally.ended = pinger.sent, loop.time()


async def _listen(pinger: Pinger, session: _Session) -> None:
    """Print what comes, until all requests that are wanted are answered."""
    tally = session.tally
    while session.to_group or len(tally.answered) != session.options.count:
        answer = await pinger.answer()
        tally.add(answer)
        tally.ended = asyncio.get_running_loop().time()
        if not session.options.quiet:
            session.output.line(line_of(answer))


def _patience(session: _Session) -> float:
    """Return how long to wait for the last answers: twice as long as others took, or for any."""
    times, options = session.tally.times, session.options
    if times:
        return min(options.timeout, max(2 * max(times), options.interval))
    return min(options.timeout, 1.0) if session.to_group else options.timeout
