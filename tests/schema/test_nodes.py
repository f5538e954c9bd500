"""Each node, compiled and interpreted, on octets and on values by chance."""

from collections.abc import Callable, Iterator
from functools import cache
from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from lowpan.schema import Layout, decode_nodes, encode_nodes
from lowpan.schema.bits import bit_layout
from lowpan.schema.compiler import Codec, Kind
from lowpan.schema.constructs import bare
from lowpan.schema.shape import children
from tests.schema.agreement import MALFORMED, check_agreement, decoded
from tests.schema.bent import FLOATS, ODD, bend, check_value
from tests.schema.small import EXAMPLES, SCHEMAS

FEW = b"\0\1\2\3\4\5\7\x09\x51\xff"
"""Octets that the small schemas care about."""


def octets_for(name: str) -> SearchStrategy[bytes]:
    """Return any octets, few different ones, and an example of the format with a change."""
    few = st.lists(st.sampled_from(FEW), max_size=24).map(bytes)
    examples = [bytes.fromhex(text) for text in EXAMPLES.get(name, ())]
    if not examples:
        return st.binary(max_size=24) | few
    pieces = st.tuples(st.sampled_from(examples), st.integers(0, 8), st.binary(max_size=2))
    changed = pieces.map(lambda parts: parts[0][: parts[1]] + parts[2] + parts[0][parts[1] + 1 :])
    return st.one_of(st.binary(max_size=24), few, st.sampled_from(examples), changed)


@pytest.mark.parametrize("name", SCHEMAS)
@given(data=st.data())
def test_compiled_is_interpreted_is_branching(name: str, data: st.DataObject) -> None:
    layout, octets = SCHEMAS[name], data.draw(octets_for(name))
    value = check_agreement(layout, octets)
    found = MALFORMED if value is None else layout.decode_prefix(octets)
    assert decoded(branching(name, "decode_prefix"), octets, None) == found
    if value is not None:
        assert branching(name, "encode")(value) == check_value(layout, value)


@cache
def branching(name: str, kind: Kind) -> Callable[..., Any]:
    return Codec(SCHEMAS[name], kind).branching()


@pytest.mark.parametrize("name", SCHEMAS)
def test_bent_values_are_refused_or_come_back(name: str) -> None:
    layout, random = SCHEMAS[name], Random(name)
    values = list(_values(name, random))
    assert values
    for _ in range(400):
        found = bend(random.choice(values), random, values)
        if found is not None and not any(found[1] is odd for odd in FLOATS):
            check_value(layout, found[0])


def _values(name: str, random: Random) -> Iterator[Any]:
    tries = [bytes.fromhex(text) for text in EXAMPLES.get(name, ())]
    for length in range(24):
        tries += [random.randbytes(length) for _ in range(20)]
        tries += [bytes(random.choices(FEW, k=length)) for _ in range(20)]
    for octets in tries:
        value = decoded(SCHEMAS[name].decode, octets, None)
        if value != MALFORMED:
            yield value


def test_a_whole_value_of_the_wrong_kind_is_refused() -> None:
    for layout in SCHEMAS.values():
        for odd in ODD:
            assert check_value(layout, odd) is None


def test_every_node_is_in_a_small_schema() -> None:
    met = {node.__class__ for layout in SCHEMAS.values() for node in _nodes(layout)}
    assert decode_nodes.EMITTERS.keys() == encode_nodes.EMITTERS.keys()
    assert decode_nodes.EMITTERS.keys() - met == set()


def _nodes(node: Any) -> Iterator[Any]:
    node = bare(node)
    yield node
    if bit_layout(node) is None:
        for child in [node.schema] if isinstance(node, Layout) else children(node):
            yield from _nodes(child)
