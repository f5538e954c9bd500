"""`lowpan send`: the options; lowpan.cli.sending does the work."""

from importlib import import_module
from typing import Any

import click

from lowpan.cli.durations import within


@click.command(short_help="Send frames and tell what became of them.")
@click.argument("radio")
@click.argument("frames", metavar="[HEX]...", nargs=-1)
@click.option(
    "--file", metavar="FILE", help="A capture, or lines of hexadecimal; - for standard input."
)
@click.option("--channel", type=click.IntRange(0, 0xFFFF), help="Default: the radio's.")
@click.option("--page", type=click.IntRange(0, 255), help="Channel page.")
@click.option(
    "-c", "--count", type=click.IntRange(min=1), default=1, metavar="N", help="Send all N times."
)
@click.option(
    "--interval",
    callback=within(0, 3600),
    metavar="TIME",
    help="Between two frames; default: 1s, none with --file.",
)
@click.option("--no-csma", is_flag=True, help="Do not wait for a free channel.")
@click.option(
    "--retries",
    type=click.IntRange(0, 15),
    default=3,
    help="Repetitions of what is not acknowledged; default: 3.",
)
@click.option("--fcs", is_flag=True, help="HEX ends with the FCS, which is checked and left out.")
def send(radio: str, frames: tuple[str, ...], **options: Any) -> int:
    """Send the MAC frames HEX with RADIO, and print of each what became of it.

    Exit status: 0 if all went well, 1 if some frame was not sent or not acknowledged, 2 for
    anything that can be mended.
    """
    work = import_module("lowpan.cli.sending")
    status: int = work.send(radio, work.SendOptions(frames, **options))
    return status
