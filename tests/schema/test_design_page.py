"""The page on the design shows the source that the compiler writes."""

import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from lowpan.schema.compiler import compile_codec
from lowpan.schema.source import Source
from lowpan.wire.security_header import AUXILIARY_SECURITY_HEADER as HEADER

PAGE = (Path(__file__).parents[2] / "docs" / "design.md").read_text()


def plain(source: str) -> str:
    """Return source without the numbers of its names, which any new rule changes."""
    return re.sub(r"_\d+\b", "_", source).strip()


def test_source_on_the_page_is_what_is_generated(monkeypatch: pytest.MonkeyPatch) -> None:
    made: set[str] = set()
    compiled = Source.function

    def function(source: Source, name: str) -> Callable[..., Any]:
        generated: Any = compiled(source, name)
        made.add(plain(generated.source))
        return generated

    monkeypatch.setattr(Source, "function", function)
    value = compile_codec(HEADER, "decode")(bytes.fromhex("0d0100000002"))
    assert compile_codec(HEADER, "encode")(value).hex() == "0d0100000002"
    shown = re.findall(r"^```text\n(def .*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    assert len(shown) == 3
    assert {plain(source) for source in shown} <= made
