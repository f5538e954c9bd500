"""Octets that announce more than there is: nothing is counted, nested or kept without end."""

from dataclasses import dataclass
from time import process_time
from typing import Any

import pytest
from construct import (
    Array,
    Bytes,
    Computed,
    GreedyBytes,
    Int8sb,
    Int8ub,
    Int32sb,
    Int32ub,
    Int64ub,
    Struct,
    this,
)

from lowpan.errors import FieldOutOfRange
from lowpan.schema import Before, Content, IfRoom, Layout, Run, Sized, when
from lowpan.schema.compiler import Codec
from tests.schema.agreement import MALFORMED, check_agreement, decoded
from tests.schema.small import CONTROL, PAIR, One, Three, Two

ARRAYS: dict[str, Any] = {
    "numbers": Array(this.x, Int8ub),
    "values": Array(this.x * 1000, PAIR),
    "runs": Array(this.x, Layout(Two, Struct("x" / Int8ub, "y" / Run(Int8ub)))),
    "numbers in a branch": when(this.x != 7, Array(this.x, Int8ub)),
    "octets": Bytes(this.x),
    "more octets": Bytes(this.x * 1000),
    "octets before octets": Before(this.x, GreedyBytes),
}


def in_both_forms(layout: Layout[Any], octets: bytes) -> Any:
    """Return what the specialised form and the branching form make of `octets`."""
    found = decoded(layout.decode, octets, None)
    assert decoded(Codec(layout, "decode").branching(), octets, None) == found
    return found


@pytest.mark.parametrize("name", ARRAYS)
@pytest.mark.parametrize("head", [Int32ub, Int32sb, Int64ub])
def test_a_count_beyond_the_octets_is_refused_before_counting(name: str, head: Any) -> None:
    layout = Layout(Two, Struct("x" / head, "y" / ARRAYS[name]))
    began = process_time()
    for count in (b"\xff", b"\x7f\xff", b"\x80"):
        octets = count.ljust(head.sizeof(), b"\xff")
        assert in_both_forms(layout, octets + bytes(100)) == MALFORMED
    assert process_time() - began < 0.5


@pytest.mark.parametrize(("head", "count"), [(Int8ub, this.x - 1), (CONTROL, this.x.kind - 1)])
def test_a_negative_count_is_malformed(head: Any, count: Any) -> None:
    for part in (Bytes(count), Array(count, Int8ub), Before(count, GreedyBytes)):
        layout = Layout(Two, Struct("x" / head, "y" / part))
        assert in_both_forms(layout, bytes(4)) == MALFORMED
        for octets in (bytes(4), b"\4abc", b"\2abc"):
            check_agreement(layout, octets)


@pytest.mark.parametrize("overhead", [0, 2, -2])
@pytest.mark.parametrize("unit", [1, 8])
def test_a_length_too_small_for_its_head_is_malformed(unit: int, overhead: int) -> None:
    head = Struct("length" / Int8sb)
    layout = Layout(One, Sized(head, "x" / GreedyBytes, unit=unit, overhead=overhead))
    for length in range(256):
        value = check_agreement(layout, bytes([length]) + bytes(2050))
        octets = (length - 256 if length > 127 else length) * unit - overhead
        assert value == (One(bytes(octets)) if octets >= 0 else None)


def test_items_of_no_octets_end_a_run() -> None:
    counted = Layout(Two, Struct("x" / Before(1, GreedyBytes), "y" / IfRoom(Bytes(9))))
    layout = Layout(One, Struct("x" / Run(counted)))
    assert in_both_forms(layout, b"a") == MALFORMED
    assert in_both_forms(layout, b"") == One(())
    with pytest.raises(FieldOutOfRange):
        layout.encode(One((Two(b"", None),)))


@dataclass(slots=True)
class Nested:
    """A TLV that tries to hold itself."""

    x: int
    y: Any


def test_a_format_cannot_be_put_into_itself() -> None:
    contents: dict[int, Any] = {1: PAIR}
    layout = Layout(
        Nested, Sized(Struct("x" / Int8ub, "length" / Int8ub), "y" / Content(this.x, contents))
    )
    contents[2] = layout
    octets = b""
    for _ in range(120):
        octets = bytes([2, len(octets)]) + octets
    assert in_both_forms(layout, octets) == Nested(2, octets[2:])
    check_agreement(layout, octets)


def test_formats_inside_each_other_nest_as_deep_as_they_were_made() -> None:
    inner: Any = PAIR
    for _ in range(60):
        head = Struct("x" / Int8ub, "length" / Int32ub)
        inner = Layout(Nested, Sized(head, "y" / Content(this.x, {1: inner})))
    octets = bytes(3)
    for _ in range(300):
        octets = b"\1" + len(octets).to_bytes(4, "big") + octets
    value, depth = inner.decode(octets), 0
    while isinstance(value, Nested):
        value, depth = value.y, depth + 1
    assert depth == 60
    assert value == octets[5 * 60 :]


def test_numbers_do_not_grow_with_what_is_shifted() -> None:
    layout = Layout(
        Three,
        Struct("x" / Int64ub, "y" / Computed(this.x << (this.x & 63)), "z" / Computed(1 << 64)),
    )
    assert layout.decode(b"\xff" * 8).y.bit_length() == 127
