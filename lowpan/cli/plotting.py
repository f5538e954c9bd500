"""Pictures: matplotlib, which is imported only when one is asked for."""

from collections.abc import Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

from lowpan.cli.report import CommandError

_LOWEST = -105.0


def plotting() -> Any:
    """Return matplotlib's figure module; raise CommandError if it is not installed."""
    try:
        return import_module("matplotlib.figure")
    except ImportError:
        cure = "pip install 'lowpan[plot]'"
        raise CommandError("-o draws with matplotlib, which is not installed", cure) from None


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
    try:
        figure.savefig(path, format=Path(path).suffix[1:].lower() or "png")
    except (OSError, ValueError) as error:  # ValueError: a format that it does not know
        raise CommandError(f"-o {path}: {error}", "give a path that ends in .png") from error
