"""Every format by itself: its compiled, branching and interpreted form say the same of octets."""

from collections.abc import Callable
from random import Random
from time import process_time
from typing import Any

import pytest

from lowpan.schema import Layout
from lowpan.schema.compiler import VARIANTS, Codec
from lowpan.wire.ieee802154 import FRAME
from lowpan.wire.nhc import COMPRESSED_HEADERS
from tests.fuzz.plan import EXAMPLES, SEED, SHARDS
from tests.schema.agreement import MALFORMED, check_agreement, decoded
from tests.schema.flood import flood
from tests.schema.inputs import inputs, layouts

GROWTH = 2 << 20
"""Octets that a codec may still take when it has met a quarter of a flood of headers."""


@pytest.mark.parametrize("name", layouts())
@pytest.mark.parametrize("shard", range(SHARDS))
def test_formats(name: str, shard: int, tried: Callable[[str, int, float], None]) -> None:
    layout, count = layouts()[name], EXAMPLES // SHARDS
    branching = Codec(layout, "decode").branching()
    began = process_time()
    for octets, surroundings in inputs(name, Random(f"{name} {SEED} {shard}"), count):
        check_agreement(layout, octets, surroundings)
        whole = decoded(layout.decode, octets, surroundings)
        assert decoded(branching, octets, surroundings) == whole, octets.hex()
        if whole != MALFORMED:
            again = layout.encode(whole, surroundings)
            assert decoded(layout.decode, again, surroundings) != MALFORMED, octets.hex()
    tried("octets for the formats, by compiled and interpreted code", count, process_time() - began)


@pytest.mark.parametrize("layout", [FRAME, COMPRESSED_HEADERS], ids=["Frame", "CompressedHeaders"])
def test_floods_of_headers(layout: Layout[Any], tried: Callable[[str, int, float], None]) -> None:
    began, count = process_time(), max(EXAMPLES, 20_000)
    flooded = flood(layout, "decode_prefix", count, f"{SEED}")
    tried("random headers for one codec", count, process_time() - began)
    assert flooded.growth < GROWTH
    specialised = [name for name in flooded.compiled if name.count("_") > 2]
    assert len(specialised) <= VARIANTS * 4  # of the format and of those nested in it
