"""The table that `make bench` prints: what was measured, and whether it is what was wanted."""

import sys
from collections.abc import Iterable
from dataclasses import dataclass

COLUMNS = ("what", "measured", "target", "")


@dataclass(frozen=True, slots=True)
class Row:
    """One thing that was measured."""

    what: str
    measured: str
    target: str = ""
    """Empty where it is only for comparison."""
    met: bool | None = None
    """None where there is no target."""

    @property
    def cells(self) -> tuple[str, str, str, str]:
        """Return the texts of the columns."""
        verdict = "" if self.met is None else "met" if self.met else "NOT MET"
        return self.what, self.measured, self.target, verdict


def at_most(what: str, value: float, target: float, form: str) -> Row:
    """Return the row of a number that is to be small; `form` is how both are written."""
    return Row(what, form.format(value), f"<= {form.format(target)}", value <= target)


def at_least(what: str, value: float, target: float, form: str) -> Row:
    """Return the row of a number that is to be large; `form` is how both are written."""
    return Row(what, form.format(value), f">= {form.format(target)}", value >= target)


def show(title: str, rows: Iterable[Row]) -> None:
    """Print one section: with colours on a terminal, in plain columns elsewhere."""
    found = list(rows)
    if sys.stdout.isatty():
        _show_rich(title, found)
    else:
        _show_plain(title, found)


def _show_plain(title: str, rows: list[Row]) -> None:
    cells = [COLUMNS, *(row.cells for row in rows)]
    widths = [max(map(len, column)) for column in zip(*cells, strict=True)]
    print(f"\n{title}")  # noqa: T201
    for what, *others in cells:
        texts = [f"{text:>{width}}" for text, width in zip(others, widths[1:], strict=True)]
        print(f"  {what:<{widths[0]}}  {'  '.join(texts)}".rstrip(), flush=True)  # noqa: T201


def _show_rich(title: str, rows: list[Row]) -> None:
    from rich.console import Console  # noqa: PLC0415  (keeps the measuring process small)
    from rich.table import Table  # noqa: PLC0415

    table = Table(title=title, title_justify="left", min_width=78)
    for name in COLUMNS:
        table.add_column(name, justify="left" if name == "what" else "right")
    for row in rows:
        style = None if row.met is None else "green" if row.met else "bold red"
        table.add_row(*row.cells, style=style)
    Console().print(table)
