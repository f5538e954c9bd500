"""Times on the command line: `250ms`, `2s`, `1min`, or seconds without a unit."""

import re
from collections.abc import Callable

import click

_SECONDS = {"us": 1e-6, "ms": 1e-3, "s": 1.0, "": 1.0, "min": 60.0}


def within(
    shortest: float, longest: float
) -> Callable[[click.Context, click.Parameter, str | None], float | None]:
    """Return the callback of an option that is a time, as seconds; it raises BadParameter."""

    def seconds(context: click.Context, option: click.Parameter, text: str | None) -> float | None:
        if text is None:
            return None
        match = re.fullmatch(r"(\d{1,9}(?:\.\d{0,9})?)\s*(us|ms|s|min|)", text.strip(), re.ASCII)
        value = float(match[1]) * _SECONDS[match[2]] if match else -1.0
        if not shortest <= value <= longest:
            bounds = f"{shortest:g}s to {longest:g}s"
            reason = f"{text!r} is no time such as 250ms or 2s, {bounds}"
            raise click.BadParameter(reason, context, option)
        return value

    return seconds
