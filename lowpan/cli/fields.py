"""`lowpan fields`: what -e can name."""

from importlib import import_module
from typing import TYPE_CHECKING, cast

import click

from lowpan.cli.report import CommandError

if TYPE_CHECKING:
    from collections.abc import Callable

    from lowpan.capture.field import Field
    from lowpan.cli.output import Output


@click.command(short_help="List the fields that `sniff -T fields -e FIELD` can show.")
@click.argument("filter", required=False, default="")
def fields(filter: str) -> int:  # noqa: A002  (what users see in --help)
    """List the fields: name, form of the values, what it is.

    With FILTER, only those with this text in name or description.  All names are Wireshark's but
    those that begin with `lowpan.`, which Wireshark lacks.
    """
    find = cast("Callable[[str], list[Field]]", import_module("lowpan.capture.fields").fields_like)
    found = find(filter)
    if not found:
        raise CommandError(f"no field has {filter!r} in it", "`lowpan fields` lists them all")
    widths = [max(len(field.name) for field in found), max(len(f.format.name) for f in found)]
    output: Output = import_module("lowpan.cli.output").Output()
    with output:
        for field in found:
            name, form = field.name, field.format.name
            output.line(f"{name:<{widths[0]}}  {form:<{widths[1]}}  {field.description}")
    return 0
