"""How far estimators are off in the simulator: `python -m tests.sim.estimators`.

Each link is two simulated radios on a channel of their own; the medium decides frame by frame what
arrives, by level and loss.  So the true ratio is the medium's own.  After 200 frames the link is
another one.
"""

import sys
from argparse import ArgumentParser
from collections.abc import Sequence
from random import Random
from typing import NamedTuple

from lowpan.radio import RadioSettings, ReceivedFrame, TransmitParameters
from lowpan.sim.medium import MediumSettings
from lowpan.sim.world import World
from tests.mesh.compare_estimators import (
    ESTIMATORS,
    FRAMES,
    LINKS,
    SEED,
    Comparison,
    judge,
    plot,
    table,
)

FRAME = bytes.fromhex("01880fefbeffff0100") + bytes(50)
"""A broadcast of data."""
INTERVAL = 10_000
LEVELS = -101.0, -80.0
"""dBm: from too faint for most frames to plenty."""


class SimLink(NamedTuple):
    """One direction of a link, as the medium is told."""

    rssi: float
    loss: float

    @property
    def delivery_ratio(self) -> float:
        """Return the share of FRAME that the medium lets through."""
        settings = MediumSettings()
        understood = settings.delivery_ratio(self.rssi - settings.noise_floor, len(FRAME))
        return understood * (1 - self.loss)


def compare(links: int = LINKS, seed: int = SEED) -> dict[str, Comparison]:
    """Return how the estimators do on the same frames of the same links."""
    random = Random(seed)
    pairs = [(random_link(random), random_link(random)) for _ in range(links)]
    world = World(seed)
    runs = [[strengths(world, link) for link in pair] for pair in pairs]
    return {name: judge(new, pairs, runs) for name, new in ESTIMATORS.items()}


def random_link(random: Random) -> SimLink:
    """Return a link of any quality; levels have a tenth of a dB."""
    return SimLink(round(random.uniform(*LEVELS), 1), random.uniform(0, 0.5))


def strengths(world: World, link: SimLink) -> list[float | None]:
    """Return what FRAMES frames over `link` arrive with, None for those that do not."""
    sender, receiver = (world.add_radio(bare=True) for _ in range(2))
    for radio in (sender, receiver):
        radio.configure(RadioSettings(channel=15, promiscuous=True))
    world.medium.set_link(sender, receiver, link.rssi, loss=link.loss)
    heard: list[ReceivedFrame] = []
    receiver.received = heard.append
    arrived: list[float | None] = []
    for _ in range(FRAMES):
        heard.clear()
        sender.transmit(FRAME, TransmitParameters(csma=False))
        world.run_for(INTERVAL)
        arrived.append(heard[0].rssi if heard else None)
    return arrived


def main(arguments: Sequence[str] | None = None) -> None:
    parser = ArgumentParser(description="Compare link estimators with the simulator's medium.")
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
