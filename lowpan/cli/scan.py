"""`lowpan scan`: the options; lowpan.cli.scanning does the work."""

from importlib import import_module
from typing import Any

import click

from lowpan.cli.durations import within


@click.command(short_help="Find the networks on air with a radio.")
@click.argument("radio")
@click.option(
    "--channel", "--channels", "channels", metavar="LIST", help="Default: 11-26, as the radio has."
)
@click.option("--page", type=click.IntRange(0, 255), default=0, help="Channel page; default: 0.")
@click.option(
    "--duration",
    callback=within(0.01, 3600),
    default="300ms",
    metavar="TIME",
    help="Time on each channel; default: 300ms.",
)
@click.option("--passive", is_flag=True, help="Send nothing, only listen.")
@click.option("-T", "form", type=click.Choice(["text", "json"]), default="text", help="Output.")
def scan(radio: str, **options: Any) -> int:
    """Ask on every channel which networks there are, and list them.

    Sends beacon requests and Thread's MLE Discovery Requests; a radio that cannot send listens.
    """
    work = import_module("lowpan.cli.scanning")
    status: int = work.scan(radio, work.ScanOptions(**options))
    return status
