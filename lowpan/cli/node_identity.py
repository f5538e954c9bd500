"""The options that say who a node is; those of `lowpan node` and `lowpan ping` alike."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

import click

from lowpan.cli.numbers import number

Command = TypeVar("Command", bound=Callable[..., object])

_OPTIONS = (
    click.option(
        "--channel", callback=number(0, 0xFFFF), metavar="N", help="Default: the radio's."
    ),
    click.option("--page", callback=number(0, 255), metavar="N", help="Channel page."),
    click.option(
        "--pan",
        callback=number(0, 0xFFFF),
        metavar="ID",
        help="Such as 0xbeef; default: the radio's.",
    ),
    click.option(
        "--eui64", metavar="ADDRESS", help="Extended address, 02:..:01; default: the radio's."
    ),
    click.option(
        "--short",
        callback=number(0, 0xFFFE),
        metavar="ADDRESS",
        help="Such as 0x0001; 0xfffe: none.",
    ),
    click.option(
        "--ack/--no-ack",
        default=None,
        help="Ask for acknowledgments, or not; default: unless the radio is virtual.",
    ),
    click.option(
        "--address",
        "addresses",
        metavar="PREFIX/64",
        multiple=True,
        help="A further IPv6 address, or its prefix.",
    ),
    click.option(
        "--register",
        is_flag=True,
        help="Register addresses with routers (RFC 8505) instead of asking all neighbours.",
    ),
    click.option(
        "--mesh-under",
        is_flag=True,
        help="Pass on what comes for others with a mesh header, and send with one.",
    ),
    click.option(
        "--mesh-route",
        "mesh_routes",
        metavar="ADDRESS=NEXT-HOP",
        multiple=True,
        help="Link-layer addresses, 0x0003=0x0002; all others are neighbours. With --mesh-under.",
    ),
    click.option(
        "--raw-key",
        metavar="HEX",
        help="Secure all frames with this key; others can see it in the list of processes.",
    ),
    click.option(
        "--keys", "key_files", metavar="FILE", multiple=True, help="File with a line `raw HEX`."
    ),
    click.option(
        "--level",
        type=click.Choice(["0", "1", "2", "3", "5", "6", "7"]),
        help="Security level of all frames; 0 leaves them in clear. Default with a key: 5.",
    ),
    click.option(
        "--key-index", callback=number(1, 255), metavar="N", help="What frames call the key."
    ),
    click.option(
        "--peer",
        "peers",
        metavar="EUI64[=SHORT]",
        multiple=True,
        help="A peer whose secured frames come from its short address.",
    ),
    click.option(
        "--dataset",
        metavar="HEX",
        help="Join the Thread network of this dataset; others can see it in the list of processes.",
    ),
    click.option(
        "--role",
        type=click.Choice(["fed", "med", "sed"]),
        help="Join a Thread network, that of --dataset or --keys, as full, minimal or sleepy end "
        "device; default with --dataset: med.",
    ),
    click.option(
        "--mle", is_flag=True, help="Establish links with all who have the same network key."
    ),
    click.option(
        "--network-key",
        metavar="HEX",
        help="Of --mle; better a line `thread HEX` in --keys, where others do not see it.",
    ),
    click.option(
        "--store",
        metavar="FILE",
        help="Where frame counters survive; default: in ~/.local/state/lowpan.",
    ),
)


@dataclass(frozen=True, slots=True, kw_only=True)
class IdentityOptions:
    """As they were written; see `lowpan node --help`."""

    channel: int | None = None
    page: int | None = None
    pan: int | None = None
    eui64: str | None = None
    short: int | None = None
    ack: bool | None = None
    addresses: tuple[str, ...] = ()
    register: bool = False
    mesh_under: bool = False
    mesh_routes: tuple[str, ...] = ()
    raw_key: str | None = None
    key_files: tuple[str, ...] = ()
    level: str | None = None
    key_index: int | None = None
    peers: tuple[str, ...] = ()
    dataset: str | None = None
    role: str | None = None
    mle: bool = False
    network_key: str | None = None
    store: str | None = None


NAMES = tuple(IdentityOptions.__dataclass_fields__)


def identity_options(command: Command) -> Command:
    """Give `command` these options."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


def taken_from(options: dict[str, object]) -> IdentityOptions:
    """Take these options out of all that a command was given."""
    return IdentityOptions(**{name: options.pop(name) for name in NAMES})  # type: ignore[arg-type]
