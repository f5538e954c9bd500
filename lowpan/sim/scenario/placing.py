"""Where the nodes of a group stand."""

from math import ceil, cos, pi, sin, sqrt
from random import Random

from lowpan.sim.propagation import Position
from lowpan.sim.scenario.table import ScenarioError, Table

Place = Position
"""Where a node stands: metres east and north."""
SHAPES = ("line", "grid", "circle", "random")


def placed(table: Table, seed: str) -> tuple[Place, ...]:
    """Return the places of `count` nodes around or from `at`, in metres; raise ScenarioError.

    `place` is a line eastwards, a grid as square as can be, a circle of radius `spacing`, or
    random within an `area` of so many metres east and north.  Millimetres count, no more.
    """
    count, at = table.number("count", 1, 20_000, 1), table.pair("at", (0.0, 0.0))
    shape = table.take("place", str, "line")
    if shape not in SHAPES:
        raise ScenarioError(f"{table.name}: place = {shape!r} is none of {', '.join(SHAPES)}")
    if shape == "random":
        area, random = table.pair("area"), Random(seed)
        offsets = [(random.random() * area[0], random.random() * area[1]) for _ in range(count)]
    else:
        spacing = table.within("spacing", 0.001, 100_000, 20.0)
        offsets = [_offset(shape, number, count, spacing) for number in range(count)]
    return tuple((round(at[0] + east, 3), round(at[1] + north, 3)) for east, north in offsets)


def _offset(shape: str, number: int, count: int, spacing: float) -> Position:
    if shape == "line":
        return number * spacing, 0.0
    if shape == "grid":
        width = ceil(sqrt(count))
        return number % width * spacing, number // width * spacing
    angle = 2 * pi * number / count
    return spacing * cos(angle), spacing * sin(angle)
