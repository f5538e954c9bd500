"""Statistics as tables: with lines on a terminal, in plain columns elsewhere."""

from collections.abc import Iterator

from lowpan.capture.formats import printable
from lowpan.capture.statistics import Statistics


def plain_tables(statistics: Statistics) -> Iterator[str]:
    """Yield the lines of all tables in plain columns."""
    for title, names, rows in statistics.tables():
        widths = [max(map(len, column)) for column in zip(names, *rows, strict=True)]
        yield title
        for row in [names, *rows] if any(names[:1]) else rows:
            first, *others = zip(row, widths, strict=True)
            cells = [f"{first[0]:<{first[1]}}", *(f"{cell:>{width}}" for cell, width in others)]
            yield f"  {printable('  '.join(cells))}".rstrip()
        yield ""


def print_rich_tables(statistics: Statistics) -> None:
    """Print all tables on the terminal."""
    from rich.console import Console  # noqa: PLC0415  (on terminals only)
    from rich.table import Table  # noqa: PLC0415
    from rich.text import Text  # noqa: PLC0415

    console = Console(highlight=False)
    for title, names, rows in statistics.tables():
        console.print(Text(title))
        table = Table(show_header=bool(names[0]))
        for place, name in enumerate(names):
            table.add_column(name, justify="right" if place else "left")
        for row in rows:
            table.add_row(*(Text(printable(cell)) for cell in row))
        console.print(table)
