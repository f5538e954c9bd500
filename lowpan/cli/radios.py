"""`lowpan radios`: which radios may be here, and with --probe who answers."""

import asyncio
import json
import sys
from collections.abc import Iterable, Sequence

import click

from lowpan.capture.formats import printable
from lowpan.errors import RadioError
from lowpan.radio.finding import FoundRadio, find_radios, probe_radio

COLUMNS = ("radio", "now", "USB id", "what it is")

Row = dict[str, str]
"""What is known of one radio, as `-T json` has it."""


@click.command(short_help="List the radios that may be here.")
@click.argument("ports", nargs=-1, metavar="[PORT]...")
@click.option("--probe", is_flag=True, help="Ask each port, one at a time, which firmware it has.")
@click.option(
    "-T", "form", type=click.Choice(["text", "json"]), default="text", help="Form of the list."
)
def radios(ports: Sequence[str], probe: bool, form: str) -> int:
    """List serial ports and wpan interfaces, and what they probably are.

    --probe sends each port on USB, or each PORT that is named, a few octets that change nothing
    in any radio's firmware; a port that a process has open is left alone.  Other machines than
    radios may take them for something else: name the ports if any are connected.
    """
    found = chosen(find_radios(), ports)
    rows = asyncio.run(probed(found, named=bool(ports))) if probe else [row(each) for each in found]
    if form == "json":
        click.echo(json.dumps(rows, indent=2))
    else:
        show(rows)
    return 0


def chosen(found: list[FoundRadio], ports: Sequence[str]) -> list[FoundRadio]:
    """Return those that are named, or all; a port that nobody found is taken as it is named."""
    if not ports:
        return found
    known = {name: radio for radio in found for name in (radio.uri, radio.name)}
    return [known.get(port) or FoundRadio(port, "", "serial", port) for port in ports]


def row(radio: FoundRadio) -> Row:
    """Return what is known of a radio without asking it."""
    fields = {
        "uri": radio.uri,
        "name": radio.name,
        "hardware": radio.hardware,
        "description": radio.description,
        "held_by": radio.held_by,
        "trouble": radio.trouble,
        "cure": radio.cure,
    }
    return {name: text for name, text in fields.items() if text}


async def probed(found: list[FoundRadio], *, named: bool) -> list[Row]:
    """Return what is known of radios after asking them, one after the other."""
    rows = list[Row]()
    for radio in found:
        known = row(radio)
        rows.append(known)
        if radio.held_by or radio.trouble or radio.kind != "serial":
            continue
        if not radio.hardware and not named:
            known["unprobed"] = f"name it to probe it: lowpan radios --probe {radio.uri}"
            continue
        try:
            firmware = await probe_radio(radio)
        except RadioError as error:
            known["error"], known["cure"] = str(error), error.cure
        else:
            if firmware is not None:
                known["opened_by"], known["firmware"] = firmware.uri, firmware.description
    return rows


def cells(known: Row) -> tuple[str, str, str, str]:
    """Return the texts of one line of the table."""
    said = [known[name] for name in ("firmware", "description", "unprobed") if name in known]
    if "held_by" in known:
        said.append(f"in use by {known['held_by']}")
    if "trouble" in known:
        said.append(known["trouble"])
    if "error" in known:
        said.append(known["error"].removeprefix(f"{known['uri']}: "))
    uri = known.get("opened_by") or known["uri"]
    name = known.get("name", "")
    return uri, "" if name == uri else name, known.get("hardware", ""), "; ".join(said)


def show(rows: list[Row]) -> None:
    """Print the table, and below it what to do about each port that cannot be used."""
    show_table(rows)
    for known in rows:
        if "cure" in known:
            click.echo(printable(f"{known.get('name') or known['uri']}: {known['cure']}"))


def show_table(rows: list[Row]) -> None:
    """Print the table: with lines on a terminal, in plain columns elsewhere."""
    if not rows:
        click.echo("no serial port and no wpan interface: plug a radio in")
        return
    lines = [tuple(printable(cell) for cell in cells(known)) for known in rows]
    if sys.stdout.isatty():
        show_rich(lines)
        return
    widths = [max(map(len, column)) for column in zip(COLUMNS, *lines, strict=True)]
    for line in (COLUMNS, *lines):
        texts = [f"{text:<{width}}" for text, width in zip(line, widths, strict=True)]
        click.echo("  ".join(texts).rstrip())


def show_rich(lines: Iterable[tuple[str, ...]]) -> None:
    """Print the table with lines."""
    from rich.console import Console  # noqa: PLC0415  (on terminals only)
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    table = Table()
    for name in COLUMNS:
        table.add_column(name, overflow="fold")
    for line in lines:
        table.add_row(*(Text(cell) for cell in line))
    Console(highlight=False).print(table)
