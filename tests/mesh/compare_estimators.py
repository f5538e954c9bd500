"""How far estimators are off the true delivery ratio: `python -m tests.mesh.compare_estimators`.

Frames of a link reach the receiver at a mean margin above its noise floor, 0..30 dB, varied by
fading, normally distributed with 4 dB.  Those below the noise floor are lost, of the others a share
of 0..50 % to interference.  So the true ratio is known.  After 200 frames the link is another one.
"""

import sys
from argparse import ArgumentParser
from collections.abc import Callable, Mapping, Sequence
from importlib import import_module
from math import erf, sqrt
from random import Random
from typing import Any, NamedTuple, Protocol

from lowpan.mesh.estimators import (
    BatchEstimator,
    BayesEstimator,
    LinkEstimator,
    MarginEstimator,
    MovingAverageEstimator,
    WindowEstimator,
    WorstOf,
)
from lowpan.mesh.link_quality import DELIVERY_SCALE, NOISE_FLOOR

ESTIMATORS: dict[str, Callable[[], LinkEstimator]] = {
    "margin": MarginEstimator,
    "window": WindowEstimator,
    "moving average": MovingAverageEstimator,
    "batches": BatchEstimator,
    "Bayes": BayesEstimator,
    "worst of margin, Bayes": lambda: WorstOf(MarginEstimator(), BayesEstimator()),
}
LINKS, FRAMES, SEED = 250, 200, 2026
MOMENTS = (10, 50, 200)
FADING = 4.0


class AnyLink(Protocol):
    """One direction of a link whose truth is known."""

    @property
    def delivery_ratio(self) -> float: ...


class Link(NamedTuple):
    """One direction of a link as it is."""

    margin: float
    interference: float

    @property
    def delivery_ratio(self) -> float:
        audible = (1 + erf(self.margin / FADING / sqrt(2))) / 2
        return audible * (1 - self.interference)

    def transmit(self, random: Random) -> float | None:
        """Return the strength of a frame in dBm, None if it is lost."""
        margin = random.gauss(self.margin, FADING)
        disturbed = random.random() < self.interference
        return None if disturbed or margin <= 0 else NOISE_FLOOR + margin


class Comparison(NamedTuple):
    """Mean absolute errors of one estimator, and how often its quality was the right one."""

    steady: list[float]
    """After 1, 2 .. FRAMES frames of a link."""
    changed: list[float]
    """After as many since the link became another one."""
    right: float
    """Share of links with the quality of their true ratio, after FRAMES."""
    near: float
    """Share of links whose quality is off by one at most."""


def compare(links: int = LINKS, seed: int = SEED) -> dict[str, Comparison]:
    """Return how the estimators do on the same frames."""
    random = Random(seed)
    pairs = [(random_link(random), random_link(random)) for _ in range(links)]
    runs = [[[link.transmit(random) for _ in range(FRAMES)] for link in pair] for pair in pairs]
    return {name: judge(new, pairs, runs) for name, new in ESTIMATORS.items()}


def random_link(random: Random) -> Link:
    return Link(random.uniform(0, 30), random.uniform(0, 0.5))


def judge(
    new: Callable[[], LinkEstimator],
    pairs: Sequence[tuple[AnyLink, AnyLink]],
    runs: Sequence[Sequence[Sequence[float | None]]],
) -> Comparison:
    errors, distances = [[0.0] * FRAMES, [0.0] * FRAMES], list[int]()
    for pair, strengths in zip(pairs, runs, strict=True):
        estimator = new()
        for phase, link in enumerate(pair):
            truth = link.delivery_ratio
            for frame, strength in enumerate(strengths[phase]):
                feed(estimator, strength)
                errors[phase][frame] += abs((estimator.delivery_ratio or 0) - truth) / len(pairs)
            if phase == 0:
                expected = DELIVERY_SCALE.quality(truth, None)
                distances.append(abs((estimator.quality or 0) - expected))
    right = distances.count(0) / len(pairs)
    steady, changed = errors
    return Comparison(steady, changed, right, right + distances.count(1) / len(pairs))


def feed(estimator: LinkEstimator, strength: float | None) -> None:
    if strength is None:
        estimator.lost(1)
    else:
        estimator.received(strength)


def table(comparisons: Mapping[str, Comparison]) -> str:
    """Return the errors after MOMENTS, and the qualities."""
    numbers = "".join(f"{moment:>7}" for moment in MOMENTS)
    lines = [
        f"{'error of the ratio':<23}{'after frames':>22}{'after a change':>21}  quality",
        f"{'':<24}{numbers}{numbers}  right  ±1",
    ]
    for name, (steady, changed, right, near) in comparisons.items():
        errors = [phase[moment - 1] for phase in (steady, changed) for moment in MOMENTS]
        cells = "".join(f"{error:>7.3f}" for error in errors)
        lines.append(f"{name:<24}{cells}  {right:>5.0%} {near:>4.0%}")
    return "\n".join(lines) + "\n"


def plot(path: str, comparisons: Mapping[str, Comparison]) -> None:
    """Draw errors over frames into an SVG, the same octets each time."""
    matplotlib: Any = import_module("matplotlib")
    matplotlib.rcParams["svg.hashsalt"] = "lowpan"
    matplotlib.rcParams["svg.fonttype"] = "none"
    figure = import_module("matplotlib.figure").Figure(figsize=(9, 4.1), layout="constrained")
    left, right = figure.subplots(1, 2, sharey=True)
    shown = [*range(1, 20), *range(20, 60, 3), *range(60, FRAMES, 10), FRAMES]
    for axes, title in ((left, "a new link"), (right, "a link that has changed")):
        for name, comparison in comparisons.items():
            style = "--" if name == "margin" else "-"
            errors = comparison.steady if axes is left else comparison.changed
            at = [errors[frame - 1] for frame in shown]
            axes.plot(shown, at, style, label=name, linewidth=1.4)
        axes.set(xscale="log", xlabel="frames", title=title, ylim=(0, None))
        axes.set_xticks([1, *MOMENTS], labels=["1", *map(str, MOMENTS)])
        axes.minorticks_off()
        axes.grid(visible=True, alpha=0.3)
    left.set_ylabel("mean error of the delivery ratio")
    figure.legend(*left.get_legend_handles_labels(), loc="outside lower center", ncols=6)
    figure.savefig(path, format="svg", metadata={"Date": None})


def main(arguments: Sequence[str] | None = None) -> None:
    parser = ArgumentParser(description="Compare link estimators with the true delivery ratio.")
    parser.add_argument("--plot", metavar="FILE.svg", help="draw the errors")
    parser.add_argument("--links", type=int, default=LINKS)
    parser.add_argument("--seed", type=int, default=SEED)
    options = parser.parse_args(arguments)
    comparisons = compare(options.links, options.seed)
    sys.stdout.write(table(comparisons))
    if options.plot:
        plot(options.plot, comparisons)


if __name__ == "__main__":
    main()
