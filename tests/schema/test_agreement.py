"""Every format: the compiled codec, its branching form and interpreted Construct say the same."""

from functools import cache
from random import Random
from typing import Any

import pytest

from lowpan.schema.compiler import Codec
from lowpan.wire.information_elements import PrivatePayload
from tests.schema.agreement import MALFORMED, check_agreement, decoded
from tests.schema.bent import FLOATS, bend, check_value
from tests.schema.inputs import inputs, layouts, real_inputs

INPUTS = 100_000 // len(layouts()) + 1
"""Inputs for each format; `make fuzz` tries more, see tests/fuzz/test_formats.py."""
VALUES = 100
"""Values of each format with one field bent."""


@pytest.mark.parametrize("name", layouts())
def test_compiled_is_interpreted(name: str) -> None:
    layout = layouts()[name]
    values = 0
    for octets, surroundings in inputs(name, Random(name), INPUTS):
        values += check_agreement(layout, octets, surroundings) is not None
    assert values > INPUTS // 20


@pytest.mark.parametrize("name", layouts())
def test_branching_form_is_specialised_form(name: str) -> None:
    layout = layouts()[name]
    branching = Codec(layout, "decode_prefix").branching()
    encode = Codec(layout, "encode").branching()
    for octets, surroundings in inputs(name, Random(name), INPUTS // 4):
        found = decoded(layout.decode_prefix, octets, surroundings)
        assert decoded(branching, octets, surroundings) == found, octets.hex()
        if found != MALFORMED:
            again = layout.encode(found[0], surroundings)
            assert encode(found[0], surroundings) == again, octets.hex()


@cache
def real_values(name: str) -> list[tuple[Any, Any]]:
    """Return values of a format, with what surrounds them."""
    found = [(decoded(layouts()[name].decode, *one), one.surroundings) for one in real_inputs(name)]
    return [pair for pair in found if pair[0] != MALFORMED]


@pytest.mark.parametrize("name", layouts())
def test_bent_values_are_refused_or_come_back(name: str) -> None:
    random, values = Random(name), real_values(name)
    others = [
        value for other in random.sample(sorted(layouts()), 5) for value, _ in real_values(other)
    ]
    for _ in range(VALUES):
        value, surroundings = random.choice(values)
        found = bend(value, random, others)
        if found is None or any(found[1] is odd for odd in FLOATS):
            continue
        if found[0].__class__ is PrivatePayload and not found[0].payload_ies:
            continue  # their absence is told elsewhere
        check_value(layouts()[name], found[0], surroundings)
