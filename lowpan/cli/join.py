"""`lowpan join`: the options; lowpan.cli.joining does the work."""

from importlib import import_module
from typing import Any

import click

from lowpan.cli.durations import within
from lowpan.cli.node_identity import identity_options, taken_from


@click.command(short_help="Join a Thread network, and tell each step with its time.")
@click.argument("radio")
@identity_options
@click.option(
    "--poll-interval",
    callback=within(0.05, 3600),
    metavar="TIME",
    help="With --role sed: between two questions for what waits, such as 500ms; default: 4s.",
)
@click.option("--once", is_flag=True, help="End as soon as we are in.")
@click.option(
    "--within",
    "most",
    callback=within(0.1, 1e6),
    metavar="TIME",
    help="End with status 1 if we are not in by then.",
)
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def join(radio: str, **options: Any) -> int:
    """Join the Thread network of --dataset with RADIO, stay in it, and tell what happens.

    Exit status: 0 if we were in, 1 if not, 2 for anything that can be mended.
    """
    work = import_module("lowpan.cli.joining")
    identity = taken_from(options)
    status: int = work.join(radio, identity, work.JoinOptions(**options))
    return status
