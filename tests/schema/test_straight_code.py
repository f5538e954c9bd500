"""What makes compiled code short: one bounds check, constants put in, one pack for each arm."""

from dataclasses import dataclass
from typing import Any

import pytest
from construct import Computed, Int8ub, Int16ub, Rebuild, Struct, Switch, obj_, this

from lowpan.errors import FieldOutOfRange, MalformedFrame
from lowpan.schema import Derived, Layout, Require, when
from lowpan.schema.terms import Code, Const, Term, fold
from tests.schema.agreement import check_agreement


def folded(expression: Any) -> Term:
    return fold(expression, lambda names: Code(".".join(names)), repr)


_NONE = None


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        ((this.x != _NONE) << 3, "(8 if (x is not None) else 0)"),
        (((this.x != _NONE) << 3) + 16, "(24 if (x is not None) else 16)"),
        ((((this.x == 1) * 5) - 1) << 1, "(8 if (x == 1) else -2)"),
        (((this.x == _NONE) << 3) + this.y, "((8 if (x is None) else 0) + y)"),
        ((this.x & 1) << 3, "((x & 1) << 3)"),
        (obj_.x == 0, "(x == 0)"),
    ],
)
def test_a_condition_and_constants_make_one_of_two_numbers(expression: Any, text: str) -> None:
    term = folded(expression)
    assert isinstance(term, Code)
    assert term.text == text


def test_constants_alone_are_folded() -> None:
    assert fold(this.x << 3, lambda names: Const(True), repr) == Const(8)


@dataclass(slots=True)
class Arms:
    head: int
    kind: int
    body: int | None


def _plus(raw: int, surroundings: Any) -> int:
    return raw + 1


def _minus(value: int, surroundings: Any) -> int:
    return value - 1


ARMS = Layout(
    Arms,
    Struct(
        "head" / Derived(Int16ub, _plus, _minus),
        "kind" / Int8ub,
        Require(this.kind < 3, "no such kind"),
        "body" / Switch(this.kind, {1: Int8ub, 2: Int16ub}, when(this.kind > 2, Int8ub)),
    ),
)


@pytest.mark.parametrize(
    "text", ["0007 00", "0007 01 05", "0007 02 0005", "0007 03 05", "0007 01", "0007", "00", ""]
)
def test_arms_say_what_the_schema_says(text: str) -> None:
    octets = bytes.fromhex(text)
    value = check_agreement(ARMS, octets)
    if value is not None:
        assert ARMS.encode(value) == octets


def test_each_arm_is_one_pack() -> None:
    ARMS.encode(Arms(8, 1, 5))
    lines = vars(ARMS.codec("encode"))["source"].splitlines()
    assert not [line for line in lines if "+=" in line]
    assert len([line for line in lines if " = pack_" in line]) == 4  # kinds 1, 2, above, the rest


@pytest.mark.parametrize("value", [Arms(8, 0, 5), Arms(8, 1, None), Arms(8, 2, 65536)])
def test_arms_refuse_what_they_have_no_room_for(value: Arms) -> None:
    with pytest.raises(FieldOutOfRange):
        ARMS.encode(value)


@dataclass(slots=True)
class Straight:
    a: int
    b: int
    c: int


STRAIGHT = Layout(
    Straight,
    Struct(
        "a" / Derived(Int8ub, _plus, _minus),
        "b" / Derived(Int16ub, _plus, _minus),
        "c" / Derived(Int8ub, _plus, _minus),
    ),
)


def test_straight_code_checks_its_bounds_once() -> None:
    assert STRAIGHT.decode(bytes.fromhex("01000203")) == Straight(2, 3, 4)
    source = vars(STRAIGHT.codec("decode"))["source"]
    assert source.count("if n < ") == 1


@pytest.mark.parametrize(
    ("octets", "field"), [("", "a"), ("01", "b"), ("0100", "b"), ("010002", "c")]
)
def test_what_is_short_is_told_all_the_same(octets: str, field: str) -> None:
    with pytest.raises(MalformedFrame) as caught:
        STRAIGHT.decode(bytes.fromhex(octets))
    assert caught.value.field == field
    assert caught.value.offset == len(octets) // 2


@dataclass(slots=True)
class Word:
    number: int
    more: int | None


WORD = Layout(
    Word,
    Struct(
        "word" / Rebuild(Int8ub, ((this.more != _NONE) << 7) + this.number),
        Require(this.word & 0x40 == 0, "bit 6", implied=True),
        "number" / Computed(this.word & 0x3F),
        "more" / when(this.word >= 0x80, Int8ub),
    ),
)


@pytest.mark.parametrize("text", ["3f", "bf07", "40", "c007", "80"])
def test_a_requirement_that_every_value_fulfils_holds_for_octets(text: str) -> None:
    check_agreement(WORD, bytes.fromhex(text))


@pytest.mark.parametrize("number", [-1, 64, 128, 256])
@pytest.mark.parametrize("more", [None, 7])
def test_a_requirement_is_implied_by_what_the_fields_let_pass(
    number: int, more: int | None
) -> None:
    with pytest.raises(FieldOutOfRange):
        WORD.encode(Word(number, more))
