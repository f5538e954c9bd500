"""`lowpan sniff`: the options; lowpan.cli.sniffing does the work."""

from importlib import import_module
from typing import Any

import click

from lowpan.cli.radio_names import EXAMPLE_RADIO

_FORMS = click.Choice(["text", "fields", "json"])
_COLOURS = click.Choice(["auto", "always", "never"])


class SniffCommand(click.Command):
    """A command whose help names the drivers that are installed."""

    def format_epilog(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the schemes of radios."""
        schemes = import_module("lowpan.radio").radio_schemes()
        names = ", ".join(f"{scheme}:" for scheme in sorted(schemes) if scheme != "serial")
        formatter.write_paragraph()
        formatter.write_text(
            f"Radios are named SCHEME:WHERE, such as {EXAMPLE_RADIO}; the schemes are {names}. "
            "The path of a serial port alone is asked which firmware is there."
        )


@click.command(
    cls=SniffCommand, short_help="Decode the frames of a capture or a radio and show them."
)
@click.argument("capture", required=False, metavar="CAPTURE|RADIO")
@click.option("-r", "read", metavar="CAPTURE", help="The capture, by tshark's option.")
@click.option("-T", "form", type=_FORMS, default="text", help="What to print; default: text.")
@click.option(
    "-e", "fields", metavar="FIELD", multiple=True, help="Field of -T fields or json; repeatable."
)
@click.option(
    "-E",
    "settings",
    metavar="NAME=VALUE",
    multiple=True,
    help="Form of -T fields: header=y, separator, aggregator, occurrence, quote.",
)
@click.option("-v", "whole_tree", is_flag=True, help="Every field, with its octet's offset.")
@click.option("-x", "octets", is_flag=True, help="The octets in hexadecimal.")
@click.option("--stats", "statistics", is_flag=True, help="Only counts, also as -T json.")
@click.option("-c", "count", type=click.IntRange(min=0), metavar="N", help="Stop after N frames.")
@click.option(
    "-w", "write", metavar="FILE", help="Write the frames as captured: .pcap, else pcapng."
)
@click.option("--key", "keys", metavar="HEX", multiple=True, help="Thread network key.")
@click.option(
    "--raw-key",
    "raw_keys",
    metavar="HEX",
    multiple=True,
    help="Link-layer key as it is: HEX[,mode=N][,index=N][,source=HEX].",
)
@click.option(
    "--dataset", "datasets", metavar="HEX", multiple=True, help="Thread dataset, as TLVs."
)
@click.option("--keys", "key_files", metavar="FILE", multiple=True, help="File of keys.")
@click.option(
    "--profile", "profiles", metavar="DIR", multiple=True, help="Wireshark profile, as it is."
)
@click.option(
    "--context", "contexts", metavar="N=PREFIX", multiple=True, help="6LoWPAN context, by hand."
)
@click.option("--channel", metavar="N|N-N|N,N", help="Radio: channels to listen on.")
@click.option("--page", type=click.IntRange(0, 31), metavar="N", help="Radio: channel page.")
@click.option("--hop", metavar="TIME", help="Radio: time on each channel; default: 250ms.")
@click.option("--wireshark", is_flag=True, help="Radio: start Wireshark on what is heard.")
@click.option("--ignore-fcs", is_flag=True, help="Decode also frames whose FCS is wrong.")
@click.option("--color", "colour", type=_COLOURS, default="auto", help="Default: on a terminal.")
def sniff(capture: str | None, read: str | None, **options: Any) -> int:
    """Decode the frames of CAPTURE or RADIO and show them, one line a frame.

    CAPTURE is a pcap or pcapng file, gzipped or not, or - for standard input.  RADIO is a
    transceiver, listened to until Ctrl-C.  Keys are also taken from the environment variable
    LOWPAN_KEYS, lines as in a file of keys.
    """
    if capture is not None and read is not None:
        raise click.UsageError("Give one CAPTURE or RADIO.", click.get_current_context())
    work = import_module("lowpan.cli.sniffing")
    if capture is None and read is None:
        raise work.nothing_named()
    names = ("keys", "raw_keys", "datasets", "key_files", "profiles", "contexts", "ignore_fcs")
    keys = work.KeyOptions(**{name: options.pop(name) for name in names})
    tuning = work.TuningOptions(**{name: options.pop(name) for name in ("channel", "page", "hop")})
    chosen = work.SniffOptions(capture or read, keys=keys, tuning=tuning, **options)
    status: int = work.sniff(chosen)
    return status
