"""What is outside the compiled subset is refused when a format is imported, with its path."""

import re
from collections.abc import Callable
from typing import Any

import construct
import pytest
from construct import (
    Array,
    BitsInteger,
    BitStruct,
    Bytes,
    BytesInteger,
    ByteSwapped,
    Computed,
    Const,
    Flag,
    FormatField,
    GreedyBytes,
    GreedyRange,
    IfThenElse,
    Int8ub,
    Int16ub,
    Rebuild,
    Struct,
    Switch,
    len_,
    list_,
    obj_,
    this,
)

from lowpan.schema import (
    ABSENT,
    Before,
    Content,
    Derived,
    EitherForm,
    IfRoom,
    Layout,
    Require,
    Run,
    Scaled,
    Sized,
    UnsupportedSchema,
    when,
)
from tests.schema.small import One, Two

OUTSIDE: list[tuple[Any, str]] = [
    (GreedyRange(Int8ub), "GreedyRange is outside the compiled subset"),
    (construct.PrefixedArray(Int8ub, Int8ub), "is outside the compiled subset"),
    (construct.ExprAdapter(Int8ub, obj_ + 1, obj_ - 1), "ExprAdapter is outside"),
    (construct.Enum(Int8ub, one=1), "Enum is outside"),
    (construct.FlagsEnum(Int8ub, one=1), "FlagsEnum is outside"),
    (construct.Padding(2), "Padded is outside"),
    (construct.GreedyString("utf8"), "StringEncoded is outside"),
    (construct.VarInt, "VarInt is outside"),
    (construct.Terminated, "Terminated is outside"),
    (construct.Bitwise(Array(8, Flag)), "Transformed is outside"),
    (Flag, "Flag is outside"),
    (BitsInteger(8), "BitsInteger is outside"),
    (construct.Float32b, "FormatField >f"),
    (FormatField("=", "B"), "FormatField =B"),
    (BytesInteger(this.n), "BytesInteger of a computed length or order"),
    (BytesInteger(3, swapped=this.n), "BytesInteger of a computed length or order"),
    (Array(2, Int8ub, discard=True), "Array that discards its items"),
    (Array(2, ABSENT), "an item that may take no octets in an Array"),
    (Array(this.n, Run(Int8ub)), "an item that may take no octets in an Array"),
    (Array(2, when(this.n, Int8ub)), "an item that may take no octets in an Array"),
    (Scaled(Int8ub, 0), "a unit that is no count"),
    (Int8ub * print, "a function to call with the parsed value"),
]
EXPRESSIONS: list[tuple[Any, str]] = [
    (int, "is no `this` expression"),
    (len_(this.n), "is no `this` expression"),
    (list_[0], "is no `this` expression"),
    (this, "is no path of names"),
    (this["a b"], "is no path of names"),
    (this.n**2, "operator ** is outside the compiled subset"),
    (this.n / 2, "operator / is outside the compiled subset"),
    (8 // this.n, "the divisor must be a constant above zero"),
    (this.n % 0, "the divisor must be a constant above zero"),
    (1 << this.n, "shifts by a constant"),
    (this.n >> -1, "shifts by a constant"),
    (1 << (this.n & 127), "at most 64 bits"),
    ((this.n == 1) & (this.n ** (this.n + 1)), "operator **"),
]
READERS: dict[str, Callable[[Any], Any]] = {
    "Computed": Computed,
    "Bytes": Bytes,
    "Rebuild": lambda it: Rebuild(Int8ub, it),
    "IfThenElse": lambda it: IfThenElse(it, Int8ub, Int16ub),
    "Switch": lambda it: Switch(it, {1: Int8ub}),
    "Array": lambda it: Array(it, Int8ub),
    "Before": lambda it: Before(it, GreedyBytes),
    "Content": lambda it: Content(it, {}),
    "Derived": lambda it: Derived(Int8ub, max, max, it),
    "Run": lambda it: Run(Struct(), last=it),
}
IN_BITS: list[tuple[Any, str]] = [
    ("n" / construct.Padding(8), "n: Padded in a BitStruct"),
    ("n" / IfThenElse(this.x, BitsInteger(8), BitsInteger(8)), "n: IfThenElse in a BitStruct"),
    ("n" / construct.Enum(BitsInteger(8), one=1), "n: Enum in a BitStruct"),
    ("n" / construct.Bytewise(Int8ub), "in a BitStruct"),
    ("n" / Computed(1), "n: Computed in a BitStruct"),
    ("n" / BitsInteger(8, swapped=True), "n: BitsInteger in a BitStruct"),
    ("n" / BitsInteger(7), "15 bits are no whole octets"),
    (BitsInteger(8), "bits without a name that are not Const either"),
]


@pytest.mark.parametrize(("node", "reason"), OUTSIDE)
def test_node_outside_the_subset(node: Any, reason: str) -> None:
    with pytest.raises(UnsupportedSchema, match=r"^Two\.y: .*" + re.escape(reason)):
        Layout(Two, Struct("x" / Int8ub, "y" / node))


@pytest.mark.parametrize(("node", "reason"), OUTSIDE)
def test_path_leads_to_it(node: Any, reason: str) -> None:
    inside = Derived(
        IfThenElse(this.x, Switch(this.x, {1: Before(2, IfRoom(node))}), Int8ub), max, max
    )
    with pytest.raises(UnsupportedSchema, match=r"^Two\.y: ") as caught:
        Layout(Two, Struct("x" / Int8ub, "y" / inside))
    assert caught.value.path == ("Two", "y")
    assert reason in caught.value.reason


@pytest.mark.parametrize(("expression", "reason"), EXPRESSIONS)
@pytest.mark.parametrize("reader", READERS)
def test_expression_outside_the_subset(reader: str, expression: Any, reason: str) -> None:
    schema = Struct("n" / Const(1, Int8ub), "x" / READERS[reader](expression))
    with pytest.raises(UnsupportedSchema, match=r"^One\.x: .*" + re.escape(reason)):
        Layout(One, schema)


@pytest.mark.parametrize(("field", "reason"), IN_BITS)
def test_field_outside_the_subset_in_a_bit_struct(field: Any, reason: str) -> None:
    with pytest.raises(UnsupportedSchema, match=re.escape(reason)):
        Layout(Two, BitStruct("x" / BitsInteger(8), field))


def test_field_outside_the_subset_in_a_swapped_bit_struct() -> None:
    bits = ByteSwapped(BitStruct("x" / BitsInteger(8), "y" / construct.Padding(8)))
    with pytest.raises(UnsupportedSchema, match=r"^Two\.y: Padded in a BitStruct"):
        Layout(Two, bits)


def test_condition_that_is_a_function() -> None:
    with pytest.raises(UnsupportedSchema, match=r"^One: <class 'bool'> is no `this` expression"):
        Layout(One, Struct("x" / Int8ub, Require(bool, "no")))


_LENGTH, _REST = "length" / BitsInteger(7), "x" / GreedyBytes


@pytest.mark.parametrize(
    ("one", "other", "reason"),
    [
        (
            Struct("length" / Int8ub),
            BitStruct(_LENGTH, Const(True, Flag)),
            "other than two BitStructs",
        ),
        (
            BitStruct("y" / Const(1, BitsInteger(9)), _LENGTH),
            BitStruct("y" / Const(0, BitsInteger(1)), _LENGTH),
            "of different size or order",
        ),
        (
            BitStruct("y" / Const(1, BitsInteger(1)), _LENGTH),
            BitStruct("z" / Const(0, BitsInteger(1)), _LENGTH),
            "with different names",
        ),
        (
            BitStruct("y" / Const(1, BitsInteger(1)), _LENGTH),
            BitStruct("y" / BitsInteger(1), _LENGTH),
            "that no constant tells apart",
        ),
        (
            BitStruct("y" / Const(1, BitsInteger(1)), _LENGTH),
            BitStruct("y" / Const(1, BitsInteger(1)), _LENGTH),
            "that no constant tells apart",
        ),
    ],
)
def test_either_form_that_cannot_be_told(one: Any, other: Any, reason: str) -> None:
    with pytest.raises(UnsupportedSchema, match=reason):
        Layout(Two, Sized(EitherForm(one, other), _REST))


@pytest.mark.parametrize(
    ("sized", "reason"),
    [
        (Sized(Struct("length" / Int8ub), GreedyBytes), "the body of Sized has no name"),
        (Sized(Struct("length" / Int8ub), _REST, unit=0), "unit and overhead"),
        (Sized(Struct("length" / Int8ub), _REST, overhead=True), "unit and overhead"),
        (Sized(Struct("n" / Const(1, Int8ub)), _REST), "has a `length`"),
    ],
)
def test_sized_that_cannot_be(sized: Any, reason: str) -> None:
    with pytest.raises(UnsupportedSchema, match=reason):
        Layout(One, sized)


def test_a_message_that_ends_with_a_reason_names_the_node() -> None:
    with pytest.raises(UnsupportedSchema) as caught:
        Layout(Two, Struct("x" / Int8ub, "y" / Layout(One, Struct("x" / GreedyRange(Int8ub)))))
    assert str(caught.value) == "One.x: GreedyRange is outside the compiled subset"
    assert caught.value.path == ("One", "x")
