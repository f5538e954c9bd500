"""Inputs that failed once, and must not again."""

from pathlib import Path

import pytest

from lowpan.capture.session import open_capture
from lowpan.errors import CaptureError
from tests.fuzz.corpus import FILES, FRAMES
from tests.fuzz.printers import Printers
from tests.fuzz.seeds import given


def inputs() -> list[Path]:
    return sorted([*FRAMES.glob("*.pcap"), *FILES.glob("*.bin")])


def test_there_is_a_corpus() -> None:
    assert inputs()


@pytest.mark.parametrize("path", inputs(), ids=lambda path: path.name)
def test_input_that_failed_once(path: Path) -> None:
    printers = Printers()
    try:
        with open_capture(path, given()) as capture:
            for decoded in capture:
                printers.look_at(decoded)
    except CaptureError:
        assert path.parent == FILES
