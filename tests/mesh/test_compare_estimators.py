"""The comparison that the documentation quotes."""

from pathlib import Path

import pytest

from tests.mesh.compare_estimators import MOMENTS, Link, compare, main

DOCS = Path(__file__).parent.parent.parent / "docs"


def test_the_documentation_quotes_what_comes_out(capsys: pytest.CaptureFixture[str]) -> None:
    main([])
    assert capsys.readouterr().out in (DOCS / "link-quality.md").read_text()


def test_estimates_of_those_who_count_get_better_with_each_moment() -> None:
    for name, (steady, changed, right, near) in compare(links=100, seed=1).items():
        if "margin" in name:
            continue
        for errors in (steady, changed):
            after = [errors[moment - 1] for moment in MOMENTS]
            assert after == sorted(after, reverse=True), name
            assert after[-1] < 0.06, name
        assert right > 0.75, name
        assert near == 1, name


def test_one_seed_gives_one_comparison() -> None:
    assert compare(links=5, seed=7) == compare(links=5, seed=7)
    assert compare(links=5, seed=7) != compare(links=5, seed=8)


@pytest.mark.parametrize(
    ("margin", "interference", "ratio"), [(30, 0, 1), (30, 0.4, 0.6), (0, 0, 0.5), (-30, 0, 0)]
)
def test_the_true_ratio_is_what_the_frames_have(
    margin: float, interference: float, ratio: float
) -> None:
    assert Link(margin, interference).delivery_ratio == pytest.approx(ratio, abs=1e-9)


def test_the_picture_is_drawn(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    path = tmp_path / "errors.svg"
    main(["--links", "2", "--plot", str(path)])
    picture = path.read_text()
    assert picture.startswith("<?xml")
    assert "worst of margin, Bayes" in picture
