"""Random headers by the hundred thousand through a fresh codec, and what it keeps of them."""

import tracemalloc
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any

import pytest

from lowpan.errors import MalformedFrame
from lowpan.schema import Layout
from lowpan.schema.compiler import Kind, compile_codec
from lowpan.schema.source import Source
from lowpan.wire.addresses import Surroundings
from tests.wire.sixlowpan_samples import MORE_CONTEXTS

AROUND = Surroundings(bytes(8), bytes(range(8)), MORE_CONTEXTS)


@dataclass
class Flooded:
    """What a flood left behind."""

    compiled: Counter[str] = field(default_factory=Counter[str])
    """Functions by their names."""
    decoded: int = 0
    """Headers that were not malformed."""
    growth: int = 0
    """Octets that are held at the end and were not after the first quarter."""


def flood(layout: Layout[Any], kind: Kind, count: int, seed: str) -> Flooded:
    """Decode `count` random headers by a codec of `layout` that has met none before."""
    flooded = Flooded()
    compiled = Source.function

    def function(source: Source, name: str) -> Callable[..., Any]:
        flooded.compiled[name] += 1
        return compiled(source, name)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Source, "function", function)
        decode, random = compile_codec(layout, kind), Random(seed)
        _decode_some(decode, random, count // 4, flooded)
        tracemalloc.start()
        try:
            _decode_some(decode, random, count - count // 4, flooded)
            flooded.growth, _ = tracemalloc.get_traced_memory()
        finally:
            tracemalloc.stop()
    return flooded


def _decode_some(decode: Callable[..., Any], random: Random, count: int, flooded: Flooded) -> None:
    for _ in range(count):
        octets = random.randbytes(random.getrandbits(6))
        if octets and random.getrandbits(1):  # else seven of eight compressed headers are none
            octets = bytes([0x60 | octets[0] & 0x1F]) + octets[1:]
        try:
            decode(octets, AROUND)
        except MalformedFrame:
            continue
        flooded.decoded += 1
