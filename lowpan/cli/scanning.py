"""What `lowpan scan` does: a radio in; a table of networks out."""

import asyncio
import json
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from random import SystemRandom

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.measure import Measurement
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn
from rich.table import Table
from rich.text import Text

from lowpan.aio.scan import Scan, ScanPlan
from lowpan.capture.formats import printable
from lowpan.capture.networks import FoundNetwork
from lowpan.cli.output import Output
from lowpan.cli.radio_channels import channels_to_visit
from lowpan.radio import RadioCapability, open_radio

COLUMNS = (
    *("PAN ID", "extended PAN ID", "name", "channel", "RSSI", "LQI"),
    *("protocol", "joining", "nodes", "nearest"),
)
_RIGHT = {"channel", "RSSI", "LQI", "nodes"}


@dataclass(frozen=True, slots=True)
class ScanOptions:
    """The options of `lowpan scan`."""

    channels: str | None = None
    page: int = 0
    duration: float = 0.3
    """Seconds on each channel."""
    passive: bool = False
    form: str = "text"
    """text or json."""


def scan(uri: str, options: ScanOptions) -> int:
    """Do it and return the exit status; who interrupts has what was found so far."""
    done: list[Scan] = []
    try:
        asyncio.run(_scan(uri, options, done))
    except KeyboardInterrupt:
        if not done:
            raise
    with Output() as output:
        for scanned in done:
            _show(scanned, options, output)
    return 0


async def _scan(uri: str, options: ScanOptions, done: list[Scan]) -> None:
    async with await open_radio(uri) as radio:
        passive = options.passive
        if RadioCapability.TRANSMIT not in radio.capabilities and not passive:
            passive = True
            _say(f"{uri}: {radio.description} cannot send: only listening")
        channels = channels_to_visit(radio, options.channels)
        plan = ScanPlan(channels, options.page, options.duration, passive)
        scanned = Scan(radio, plan, SystemRandom())
        done.append(scanned)
        with _progress() as progress:
            task = progress.add_task("", total=len(channels), networks="")

            def begun(channel: int) -> None:
                networks = f"{len(scanned.networks.found)} networks"
                place = channels.index(channel)
                text = f"channel {channel}"
                progress.update(task, completed=place, description=text, networks=networks)

            await scanned.run(begun)
        if scanned.unsent:
            _say(f"{uri}: {scanned.unsent} requests were not sent: the channel was busy")


def _progress() -> Progress:
    """Return a progress bar on standard error, silent where that is no terminal."""
    terminal = sys.stderr is not None and sys.stderr.isatty()
    columns = (
        TextColumn("{task.description}"),
        BarColumn(),
        MofNCompleteColumn(),
        TextColumn("{task.fields[networks]}"),
    )
    return Progress(*columns, console=Console(stderr=True), transient=True, disable=not terminal)


def _say(text: str) -> None:
    if sys.stderr is not None:
        print(f"lowpan: {text}", file=sys.stderr)


def _show(scanned: Scan, options: ScanOptions, output: Output) -> None:
    networks = sorted(scanned.networks.found, key=_place)
    if options.form == "json":
        for network in networks:
            output.line(json.dumps(as_json(network), ensure_ascii=False))
        return
    rows = [row(network) for network in networks]
    if not rows:
        output.line(f"no networks; {scanned.networks.frames} frames were heard")
    elif output.is_terminal:
        print_table(rows)
    else:
        for line in plain_columns([COLUMNS, *rows]):
            output.line(line)


def _place(network: FoundNetwork) -> tuple[int, int]:
    return (-1 if network.channel is None else network.channel, network.pan_id)


def row(network: FoundNetwork) -> tuple[str, ...]:
    """Return the cells of one network."""
    nearest = network.nearest
    extended = network.extended_pan_id
    rssi = nearest.rssi if nearest is not None else None
    lqi = nearest.lqi if nearest is not None else None
    return (
        f"0x{network.pan_id:04x}",
        extended.hex() if extended is not None else "-",
        printable(network.name) or "-",
        _cell(network.channel),
        "-" if rssi is None else f"{rssi:.0f}",
        _cell(lqi),
        network.protocol,
        {None: "-", True: "yes", False: "no"}[network.joinable],
        str(_fewest_nodes(network)),
        nearest.address.hex(":") if nearest is not None else "-",
    )


def _fewest_nodes(network: FoundNetwork) -> int:
    """Return how many nodes were heard at least: one may speak by two addresses, short and long."""
    lengths = [len(address) for address in network.senders]
    return max(lengths.count(2), lengths.count(8))


def _cell(number: int | None) -> str:
    return "-" if number is None else str(number)


def as_json(network: FoundNetwork) -> dict[str, object]:
    """Return one network for `-T json`; what is not known is left out."""
    extended = network.extended_pan_id
    told: dict[str, object] = {
        "pan_id": f"0x{network.pan_id:04x}",
        "extended_pan_id": extended.hex() if extended is not None else None,
        "name": network.name or None,
        "channel": network.channel,
        "page": network.page,
        "protocol": network.protocol,
        "joinable": network.joinable,
        "frames": network.frames,
        "senders": [
            {
                name: value
                for name, value in (
                    ("address", sender.address.hex(":")),
                    ("rssi", sender.rssi),
                    ("lqi", sender.lqi),
                    ("frames", sender.frames),
                )
                if value is not None
            }
            for sender in network.senders.values()
        ],
    }
    return {name: value for name, value in told.items() if value is not None}


def plain_columns(rows: Iterable[tuple[str, ...]]) -> list[str]:
    """Return the rows as lines whose columns stand below each other."""
    rows = list(rows)
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return [
        "  ".join(
            f"{cell:>{width}}" if name in _RIGHT else f"{cell:<{width}}"
            for name, cell, width in zip(COLUMNS, cells, widths, strict=True)
        ).rstrip()
        for cells in rows
    ]


def print_table(rows: Iterable[tuple[str, ...]]) -> None:
    """Print the rows on the terminal; one that is too narrow wraps lines, and no cell is cut."""
    table = Table(box=SIMPLE_HEAD, pad_edge=False)
    for name in COLUMNS:
        table.add_column(name, justify="right" if name in _RIGHT else "left", no_wrap=True)
    for cells in rows:
        table.add_row(*(Text(cell) for cell in cells))
    console = Console(highlight=False)
    unlimited = console.options.update(max_width=10_000)
    console.width = max(console.width, Measurement.get(console, unlimited, table).maximum)
    console.print(table)
