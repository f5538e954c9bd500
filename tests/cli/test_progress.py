"""The bar on standard error."""

import sys

import pytest

from lowpan.cli.progress import bar


def test_without_a_standard_error_nothing_is_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", None)  # as with 2>&-
    with bar("work", 10) as advance:
        advance(10)
