"""The comparison of link estimators in the simulator that the documentation quotes."""

from pathlib import Path

import pytest

from lowpan.sim.world import World
from tests.sim.estimators import FRAMES, SimLink, main, strengths

DOCS = Path(__file__).parent.parent.parent / "docs"


def test_the_documentation_quotes_what_comes_out(capsys: pytest.CaptureFixture[str]) -> None:
    main([])
    assert capsys.readouterr().out in (DOCS / "link-quality.md").read_text()


@pytest.mark.parametrize(
    ("rssi", "loss"), [(-60.0, 0.0), (-60.0, 0.3), (-99.5, 0.0), (-110.0, 0.0)]
)
def test_the_true_ratio_is_what_the_medium_lets_through(rssi: float, loss: float) -> None:
    link, world = SimLink(rssi, loss), World(1)
    heard = [each is not None for _ in range(5) for each in strengths(world, link)]
    assert sum(heard) / (5 * FRAMES) == pytest.approx(link.delivery_ratio, abs=0.05)
