"""Names of a schema, of its value class and of its expressions must fit, or nothing is imported."""

import re
from dataclasses import dataclass, field
from typing import Any

import pytest
from construct import (
    BitsInteger,
    BitStruct,
    Bytes,
    Computed,
    Const,
    Flag,
    GreedyBytes,
    IfThenElse,
    Int8ub,
    Int16ub,
    Pass,
    Rebuild,
    Struct,
    Switch,
    obj_,
    this,
)

from lowpan.schema import (
    ABSENT,
    Before,
    Content,
    Derived,
    Layout,
    Refused,
    Require,
    Run,
    Sized,
    UnsupportedSchema,
    when,
)
from tests.schema.small import CONTROL, PAIR, Fixed, One, Three, Two

X, Y, N = "x" / Int8ub, "y" / Int8ub, "n" / Int8ub
LENGTH = "length" / Int8ub
BITS = BitStruct("x" / BitsInteger(7), "y" / Flag)

UNFIT: list[tuple[type[Any], Any, str]] = [
    # names that only one side has
    (Two, Struct(X), "Two.y: the schema has no part of this name"),
    (Three, BITS, "Three.z: the schema has no part of this name"),
    (Two, Sized(Struct(LENGTH), "x" / GreedyBytes), "Two.y: the schema has no part"),
    (One, Struct(X, Y), "One.y: octets that no field of the value gives"),
    (One, Struct(X, "y" / PAIR), "One.y: octets that no field"),
    (One, Struct(X, "y" / when(this.x, Int8ub)), "One.y: octets that no field"),
    (One, Struct(X, Int8ub), "One: octets that no field"),
    (One, Struct(X, GreedyBytes), "One: octets that no field"),
    (One, BITS, "One.y: bits that no field of the value gives"),
    (One, Sized(Struct(Y, LENGTH), "x" / GreedyBytes), "One.y: octets that no field"),
    (One, Sized(Struct(LENGTH, X), "y" / GreedyBytes), "One.y: octets that no field"),
    # names that are none, or twice there
    (One, Struct(X, "x" / Const(1, Int8ub)), "One.x: two parts of one name"),
    (One, Sized(Struct(LENGTH, X), "x" / GreedyBytes), "One.x: two parts of one name"),
    (One, Struct(X, "a b" / Const(1, Int8ub)), "One.a b: no name for a field"),
    # structures where values are wanted
    (One, Int8ub, "One: a value is a Struct, BitStruct or Sized, no FormatField"),
    (One, Struct("x" / Struct(Y)), "One.x: a Struct here needs a Layout of its own"),
    (One, Struct("x" / BITS), "One.x: a BitStruct here needs a Layout of its own"),
    (One, Struct("x" / Run(Sized(Struct(LENGTH), "y" / GreedyBytes))), "One.x: a Sized here"),
    (One, Struct("x" / when(1, Struct(Y))), "One.x: a Struct here"),
    (One, Struct(X, Struct("n" / Const(1, Int8ub))), "One: octets that no field"),
    # expressions that read what is not there yet, or never
    (Two, Struct("x" / Bytes(this.y), Y), "Two.x: nothing called y is known here"),
    (Two, Struct("x" / Bytes(this.x), Y), "Two.x: nothing called x is known here"),
    (Two, Struct(X, "y" / Bytes(this.z)), "Two.y: nothing called z"),
    (Two, Struct(X, "y" / Bytes(this._.x)), "Two.y: nothing called _.x"),
    (Two, Struct(X, "y" / Bytes(this.x.length)), "Two.y: nothing called x.length"),
    (Two, Struct("x" / PAIR, "y" / Bytes(this.x.z)), "Two.y: nothing called x.z"),
    (Two, Struct("x" / PAIR, "y" / Bytes(this.x.y.z)), "Two.y: nothing called x.y.z"),
    (Two, Struct("x" / CONTROL, "y" / Bytes(this.x.unused)), "Two.y: nothing called x.unused"),
    (Two, Struct("x" / Run(PAIR), "y" / when(this.x.z, Int8ub)), "Two.y: nothing called x.z"),
    (
        Two,
        Struct(
            X,
            "y" / Computed(this.n),
        ),
        "Two.y: nothing called n",
    ),
    (Two, Struct(X, "y" / Rebuild(Int8ub, this.n)), "Two.y: nothing called n"),
    (Two, Struct(X, "y" / Derived(Int8ub, max, max, this.n)), "Two.y: nothing called n"),
    (Two, Struct(X, "y" / Before(this.n, GreedyBytes)), "Two.y: nothing called n"),
    (Two, Struct(X, "y" / Switch(this.x, {1: Bytes(this.n)})), "Two.y: nothing called n"),
    (Two, Struct(X, Require(this.y, "no"), Y), "Two: nothing called y"),
    (Two, Struct(X, "y" / Run(PAIR, last=obj_.z == 0)), "Two.y: no item has a z"),
    (Two, Sized(Struct(X, LENGTH), "y" / Bytes(this.length)), "Two.y: nothing called length"),
    (
        Two,
        Sized(Struct(X, "n" / Const(1, Int8ub), LENGTH), "y" / Content(this.n, {})),
        "Two.y: nothing called n",
    ),
    (
        Two,
        BitStruct("n" / Rebuild(BitsInteger(1), this.z), "x" / BitsInteger(6), "y" / Flag),
        "Two: nothing called z",
    ),
]


@pytest.mark.parametrize(("value_type", "schema", "reason"), UNFIT)
def test_schema_and_value_class_do_not_fit(value_type: type[Any], schema: Any, reason: str) -> None:
    with pytest.raises(UnsupportedSchema, match="^" + re.escape(reason)):
        Layout(value_type, schema)


FIT: list[tuple[type[Any], Any]] = [
    (One, Struct(X, Const(1, Int8ub), "n" / Computed(this.x), Pass, ABSENT)),
    (One, Struct(X, "n" / IfThenElse(this.x, Const(1, Int8ub), Rebuild(Int8ub, this.x)))),
    (One, Struct("n" / Rebuild(Int8ub, this.x + 1), "x" / Computed(this.n - 1))),
    (One, Struct(X, IfThenElse(this.x == 9, Refused("nine"), Pass))),
    (Two, Struct("x" / when(1, PAIR), "y" / Bytes(this.x.y))),
    (Two, Struct("x" / Layout(One, Struct("x" / CONTROL)), "y" / Bytes(this.x.x.kind))),
    (Two, Sized(Struct("n" / Rebuild(Int8ub, this.length), X, LENGTH), "y" / Bytes(this.x))),
    (Fixed, BitStruct("kind" / Const(1, BitsInteger(4)), "rest" / BitsInteger(4))),
]


@pytest.mark.parametrize(("value_type", "schema"), FIT)
def test_schema_and_value_class_fit(value_type: type[Any], schema: Any) -> None:
    layout = Layout(value_type, schema)
    for kind in ("decode", "decode_prefix", "encode"):
        assert layout.codec(kind)


@dataclass
class KeywordOnly:
    x: int = field(kw_only=True)


@dataclass
class MadeLater:
    x: int = field(init=False)


@pytest.mark.parametrize("value_type", [KeywordOnly, MadeLater])
def test_value_that_cannot_be_made_by_giving_its_fields_in_order(value_type: type[Any]) -> None:
    reason = rf"^{value_type.__name__}\.x: a field that cannot be given by its place"
    with pytest.raises(UnsupportedSchema, match=reason):
        Layout(value_type, Struct("x" / Int16ub))
