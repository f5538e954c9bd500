"""`lowpan energy`: the options; lowpan.cli.measuring does the work."""

from importlib import import_module
from typing import Any

import click

from lowpan.cli.durations import within


@click.command(short_help="Measure how busy each channel is.")
@click.argument("radio")
@click.option(
    "--channel", "--channels", "channels", metavar="LIST", help="Default: 11-26, as the radio has."
)
@click.option(
    "--duration",
    callback=within(0.001, 60),
    default="50ms",
    metavar="TIME",
    help="Time on each channel; default: 50ms.",
)
@click.option(
    "-c",
    "--count",
    type=click.IntRange(min=0),
    metavar="N",
    help="Rounds, 0 for ever; default: for ever on a terminal, else 1.",
)
@click.option("-T", "form", type=click.Choice(["text", "json"]), default="text", help="Output.")
@click.option("-o", "plot", metavar="FILE.png", help="Draw the highest energies when it ends.")
def energy(radio: str, **options: Any) -> int:
    """Measure the energy on every channel, round after round, and draw it as bars."""
    work = import_module("lowpan.cli.measuring")
    status: int = work.energy(radio, work.EnergyOptions(**options))
    return status
