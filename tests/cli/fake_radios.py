"""Runs commands in this process, with a radio of the test behind the URI `air:`."""

from collections.abc import Callable
from importlib.metadata import EntryPoint
from typing import Any

import pytest

import lowpan.radio.opening
from lowpan.cli import run
from lowpan.radio import Radio, RadioUri


class _Point(EntryPoint):
    """An entry point that gives a function of the test."""

    def load(self) -> Any:
        return _opened[self.value]


_opened: dict[str, Any] = {}


def behind_air(monkeypatch: pytest.MonkeyPatch, make: Callable[[], Radio]) -> None:
    """Let `air:` open what `make` makes, on the loop that asks for it."""

    async def open_air(_: RadioUri) -> Radio:
        return make()

    _opened["tests:air"] = open_air
    schemes = lowpan.radio.opening.radio_schemes()
    point = _Point("air", "tests:air", "lowpan.radios")
    monkeypatch.setattr(lowpan.radio.opening, "radio_schemes", lambda: {**schemes, "air": point})


def command(capsys: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    """Run lowpan in this process; return its exit status, output and complaints."""
    status = run(arguments)
    told = capsys.readouterr()
    return status, told.out, told.err
