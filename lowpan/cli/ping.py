"""`lowpan ping`: the options; lowpan.cli.pinging does the work."""

from importlib import import_module
from typing import Any

import click

from lowpan.cli.durations import within
from lowpan.cli.node_identity import identity_options, taken_from


@click.command(short_help="Ask an IPv6 address for echoes over a radio.")
@click.argument("radio")
@click.argument("address")
@click.option(
    "-c", "--count", type=click.IntRange(min=1), metavar="N", help="Stop after N requests."
)
@click.option(
    "-s",
    "--size",
    type=click.IntRange(0, 1232),
    default=56,
    metavar="N",
    help="Octets of data, 0..1232; default: 56.",
)
@click.option(
    "-i",
    "--interval",
    callback=within(0, 3600),
    default="1s",
    metavar="TIME",
    help="Between two requests; default: 1s.",
)
@click.option(
    "-W",
    "--timeout",
    callback=within(0.001, 3600),
    default="10s",
    metavar="TIME",
    help="To wait for the first answer at the end; default: 10s.",
)
@click.option(
    "-w", "--deadline", callback=within(0.001, 1e6), metavar="TIME", help="Stop after this time."
)
@click.option(
    "-t", "--ttl", type=click.IntRange(1, 255), metavar="N", help="Hop limit; default: 64."
)
@click.option("-q", "--quiet", is_flag=True, help="Print the statistics alone.")
@identity_options
def ping(radio: str, address: str, **options: Any) -> int:
    """Ask ADDRESS for echoes with RADIO, and print what comes as ping does.

    Exit status: 0 if there was an answer, 1 if there was none (or, with -c and -w, too few), 2 for
    anything that can be mended.
    """
    work = import_module("lowpan.cli.pinging")
    identity = taken_from(options)
    status: int = work.ping(radio, address, identity, work.PingOptions(**options))
    return status
