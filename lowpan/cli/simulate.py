"""`lowpan simulate`: the options; lowpan.cli.simulating does the work."""

from importlib import import_module
from typing import Any

import click

from lowpan.cli.durations import within

LONGEST_S = 10 * 365 * 86400


@click.command(short_help="Run a network that a scenario describes, in virtual time.")
@click.argument("scenario", type=click.Path(dir_okay=False))
@click.option("--seed", type=click.IntRange(min=0), metavar="N", help="Instead of the scenario's.")
@click.option(
    "--duration",
    callback=within(0.001, LONGEST_S),
    metavar="TIME",
    help="Instead of the scenario's, such as 10min.",
)
@click.option(
    "-w", "--write", metavar="FILE", help="Write every frame to a capture (.pcapng or .pcap)."
)
@click.option("--topology", metavar="FILE.svg", help="Draw nodes and links when it ends.")
@click.option("--states", metavar="FILE.jsonl", help="Write the state of each node, as JSON lines.")
@click.option(
    "--every",
    callback=within(0.001, LONGEST_S),
    default="10s",
    metavar="TIME",
    help="Simulated time between --states; default: 10s.",
)
@click.option("--log", is_flag=True, help="Print what happens, with the time.")
@click.option("-T", "form", type=click.Choice(["text", "json"]), default="text", help="Summary.")
def simulate(scenario: str, **options: Any) -> int:
    """Run the network of SCENARIO (a TOML file) to its end, and say what was seen.

    The same scenario and seed give the same run to the octet, which the digest shows.
    """
    work = import_module("lowpan.cli.simulating")
    status: int = work.simulate(scenario, work.SimulateOptions(**options))
    return status
