"""Pictures: matplotlib, which is imported only when one is asked for."""

from collections.abc import Mapping, Sequence
from importlib import import_module
from pathlib import Path
from typing import Any

from lowpan.cli.report import CommandError

_LOWEST = -105.0
_QUALITIES = ("#b0b0b0", "#d1495b", "#edae49", "#2e8b57")
"""Colours of link qualities 0..3."""
_MOST_NAMES = 60
"""Nodes that are named in a picture."""


def plotting() -> Any:
    """Return matplotlib's figure module; raise CommandError if it is not installed."""
    try:
        return import_module("matplotlib.figure")
    except ImportError:
        cure = "pip install 'lowpan[plot]'"
        raise CommandError("pictures need matplotlib, which is not installed", cure) from None


def plot_energies(
    path: str, title: str, last: Mapping[int, float], highest: Mapping[int, float]
) -> None:
    """Draw bars of energies in dBm by channel; raise CommandError if `path` cannot be written."""
    figure = plotting().Figure(figsize=(8, 4), layout="constrained")
    axes = figure.add_subplot()
    channels = [str(channel) for channel in highest]
    for energies, label, colour in ((highest, "highest", "#c8d8e8"), (last, "last", "#33658a")):
        heights = [energies[channel] - _LOWEST for channel in highest]
        axes.bar(channels, heights, bottom=_LOWEST, label=label, color=colour)
    axes.set(xlabel="channel", ylabel="dBm", title=title, ylim=(_LOWEST, -15))
    axes.legend()
    _save(figure, path, "-o", "png")


def plot_topology(
    path: str,
    title: str,
    places: Sequence[tuple[str, tuple[float, float]]],
    links: Sequence[tuple[Any, Any, int, int]],
) -> None:
    """Draw nodes where they stand, and links coloured by the worse quality of both directions.

    Raises CommandError if `path` cannot be written.
    """
    figure = plotting().Figure(figsize=(9, 7), layout="constrained")
    from matplotlib.collections import LineCollection  # noqa: PLC0415

    axes = figure.add_subplot()
    for quality, colour in enumerate(_QUALITIES):
        lines = [
            (one.place, other.place)
            for one, other, inwards, outwards in links
            if min(inwards, outwards) == quality and one.name < other.name
        ]
        label = f"quality {quality}: {len(lines)}"
        axes.add_collection(
            LineCollection(lines, colors=colour, linewidths=0.4 + 0.4 * quality, label=label)
        )
    axes.scatter(
        *zip(*(place for _, place in places), strict=True), s=14, color="#222222", zorder=3
    )
    if len(places) <= _MOST_NAMES:
        for name, place in places:
            axes.annotate(name, place, xytext=(4, 4), textcoords="offset points", fontsize=7)
    axes.set(title=title, xlabel="metres east", ylabel="metres north")
    axes.set_aspect("equal", adjustable="datalim")
    if links:
        axes.legend(loc="upper right", fontsize=8)
    _save(figure, path, "--topology", "svg")


def _save(figure: Any, path: str, option: str, usual: str) -> None:
    """Write it in the format that the path ends in, or the usual one; raise CommandError."""
    try:
        figure.savefig(path, format=Path(path).suffix[1:].lower() or usual)
    except (OSError, ValueError) as error:  # ValueError: a format that it does not know
        raise CommandError(
            f"{option} {path}: {error}", f"give a path that ends in .{usual}"
        ) from error
