"""What `lowpan node` does: a node on air, and a line for each thing that happens."""

import asyncio
from dataclasses import dataclass

from lowpan.cli.interrupts import until_interrupted
from lowpan.cli.mle_making import parameter_of
from lowpan.cli.node_identity import IdentityOptions
from lowpan.cli.node_lines import (
    event_json,
    event_line,
    identity_json,
    identity_lines,
    last_json,
    last_lines,
)
from lowpan.cli.node_making import node_on
from lowpan.cli.output import Output
from lowpan.cli.report import CommandError
from lowpan.cli.thread_making import joins_thread

AFTER_S = 60.0
"""Seconds until a network parameter changes: as long as the longest pause between announcements."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeCommandOptions:
    """The options of `lowpan node` besides who it is."""

    tun: str | None = None
    routes: tuple[str, ...] = ()
    associate: bool = False
    poll_interval: float | None = None
    """Seconds."""
    coordinator: bool = False
    permit: bool = False
    parameters: tuple[str, ...] = ()
    after: float | None = None
    """Seconds."""
    as_json: bool = False


def run_node(uri: str, identity: IdentityOptions, options: NodeCommandOptions) -> int:
    """Run until interrupted; raise CommandError and what a node raises."""
    if options.routes and options.tun is None:
        raise CommandError("--route without --tun", "add --tun lowpan0")
    joins = options.associate or joins_thread(identity) or identity.mle
    if options.poll_interval is not None and not joins:
        raise CommandError("--poll-interval without --associate", "a sleeper needs a coordinator")
    if options.permit and not options.coordinator:
        raise CommandError("--permit without --coordinator", "add --coordinator")
    if options.associate and (options.coordinator or identity.short is not None):
        cause = "--associate with --coordinator or --short"
        raise CommandError(cause, "who joins gets its short address from a coordinator")
    if (options.parameters and not identity.mle) or (options.after and not options.parameters):
        raise CommandError("--set without --mle, or --after without --set", "they go together")
    with Output() as output:
        output.most_lines = 1  # somebody watches, or waits for the first line
        asyncio.run(until_interrupted(_be_node(uri, identity, options, output)))
    return 0


async def _be_node(
    uri: str, identity: IdentityOptions, options: NodeCommandOptions, output: Output
) -> None:
    more = {
        name: getattr(options, name)
        for name in ("tun", "routes", "associate", "poll_interval", "coordinator")
    }
    changes = [parameter_of(text) for text in options.parameters]
    shown = event_json if options.as_json else event_line
    async with node_on(uri, identity, **more) as (radio, node):
        events = node.events()
        async with node:
            if options.permit:
                node.permit_joining()
            for parameter, value in changes:
                node.mle.change_parameter(parameter, value, delay=options.after or AFTER_S)
            first = [identity_json(radio, node)] if options.as_json else identity_lines(radio, node)
            _print(output, first)
            try:
                async for event in events:
                    output.line(shown(event))
            finally:
                _print(output, [shown(event) for event in events.take_waiting()])
                state = node.state()
                _print(output, [last_json(state)] if options.as_json else last_lines(state))
            if node.failure is not None:  # the events have ended before anybody interrupted
                raise node.failure


def _print(output: Output, lines: list[str]) -> None:
    for line in lines:
        output.line(line)
