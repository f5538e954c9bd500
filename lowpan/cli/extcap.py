"""`lowpan extcap`: Wireshark's interface to capture programs; the work is done elsewhere."""

from importlib import import_module
from typing import Any

import click


@click.command(short_help="Let Wireshark list radios and capture from them.")
@click.option("--install", is_flag=True, help="Put lowpan into Wireshark's list of interfaces.")
@click.option("--uninstall", is_flag=True, help="Take it out again.")
@click.option("--path", metavar="DIR", help="Wireshark's extcap folder; default: your own one.")
@click.option("--extcap-interfaces", "interfaces", is_flag=True, help="Wireshark: list radios.")
@click.option(
    "--extcap-version",
    "version",
    is_flag=False,
    flag_value="",
    metavar="[VERSION]",
    help="Wireshark: its version.",
)
@click.option("--extcap-interface", "interface", metavar="RADIO", help="Wireshark: the radio.")
@click.option("--extcap-dlts", "link_types", is_flag=True, help="Wireshark: list link types.")
@click.option("--extcap-config", "config", is_flag=True, help="Wireshark: list settings.")
@click.option("--capture", is_flag=True, help="Wireshark: capture from the radio.")
@click.option("--fifo", metavar="FIFO", help="Wireshark: where the capture goes.")
@click.option(
    "--extcap-capture-filter",
    "capture_filter",
    metavar="FILTER",
    help="Wireshark: taken, not evaluated.",
)
@click.option("--channel", metavar="N|N-N|N,N", help="Channels to listen on.")
@click.option("--hop", metavar="TIME", help="Time on each of several channels.")
@click.option("--page", metavar="N", help="Channel page.")
def extcap(**options: Any) -> int:
    """Let Wireshark list radios and capture from them.

    `lowpan extcap --install` is for you; the options that name Wireshark are for Wireshark.
    Radios beside those that are plugged in are named in the environment variable
    LOWPAN_EXTCAP_RADIOS, with spaces between their URIs.
    """
    if options["install"] or options["uninstall"]:
        work = import_module("lowpan.cli.extcap_installing")
        do = work.install if options["install"] else work.uninstall
        for line in do(options["path"]):
            click.echo(line)
        return 0
    work = import_module("lowpan.cli.extcap_answers")
    status: int = work.answer(work.ExtcapOptions(**_for_wireshark(options)))
    return status


def _for_wireshark(options: dict[str, Any]) -> dict[str, Any]:
    return {key: options[key] for key in options if key not in ("install", "uninstall", "path")}
