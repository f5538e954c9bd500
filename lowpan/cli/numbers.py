"""Numbers on the command line: decimal, or hexadecimal with 0x."""

import re
from collections.abc import Callable

import click

_NUMBER = re.compile(r"0[xX][0-9A-Fa-f]{1,16}|[0-9]{1,19}")


def number(
    lowest: int, highest: int
) -> Callable[[click.Context, click.Parameter, str | None], int | None]:
    """Return the callback of an option that is a number in these bounds; BadParameter if not."""

    def value(context: click.Context, option: click.Parameter, text: str | None) -> int | None:
        if text is None:
            return None
        found = int(text, 0) if _NUMBER.fullmatch(text) and not _octal(text) else -1
        if not lowest <= found <= highest:
            reason = f"{text!r} is no number from {lowest:#x} to {highest:#x}"
            raise click.BadParameter(reason, context, option)
        return found

    return value


def _octal(text: str) -> bool:
    """Tell whether Python would take `text` for a spelling of C's octal numbers."""
    return text.startswith("0") and text.isdigit() and int(text) != 0
