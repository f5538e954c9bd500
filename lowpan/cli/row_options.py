"""The settings of -E: how -T fields puts values together, as in tshark."""

from collections.abc import Iterable
from typing import Literal, cast

from lowpan.capture.rows import RowStyle
from lowpan.cli.report import CommandError

_CURE = (
    "-E takes header=y|n, separator=/t|/s|CHARACTER, aggregator=,|/s|CHARACTER,"
    " occurrence=f|l|a, quote=d|s|n"
)
_SPACES = {"/t": "\t", "/s": " "}
_QUOTES = {"d": '"', "s": "'", "n": ""}


def row_settings(settings: Iterable[str]) -> tuple[RowStyle, bool]:
    """Return the style that `settings` ask for, and whether a header comes first.

    Raises CommandError.
    """
    header = False
    style: dict[str, str] = {}
    for setting in settings:
        name, equals, value = setting.partition("=")
        if name == "header" and value in ("y", "n"):
            header = value == "y"
        elif name in ("separator", "aggregator") and value:
            style[name] = _SPACES.get(value, value)
        elif name == "occurrence" and value in ("f", "l", "a"):
            style[name] = value
        elif name == "quote" and value in _QUOTES:
            style[name] = _QUOTES[value]
        else:
            raise CommandError(f"-E {name}{equals}{value}: there is no such setting", _CURE)
    occurrence = cast("Literal['a', 'f', 'l']", style.pop("occurrence", "a"))
    return RowStyle(occurrence=occurrence, **style), header
