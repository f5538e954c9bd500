"""Small schemas, at least one with each node that the compiler knows."""

from dataclasses import dataclass
from typing import Any

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
    GreedyBytes,
    IfThenElse,
    Int8sb,
    Int8ub,
    Int16sb,
    Int16ub,
    Int16ul,
    Int24ub,
    Int24ul,
    Int32ul,
    Int64sl,
    Int64ub,
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
    EitherForm,
    IfRoom,
    Layout,
    Refused,
    Require,
    Run,
    Scaled,
    Sized,
    little_endian_octets,
    when,
)


@dataclass(slots=True)
class One:
    """A value with one field."""

    x: Any


@dataclass(slots=True)
class Two:
    """A value with two fields."""

    x: Any
    y: Any


@dataclass(slots=True)
class Three:
    """A value with three fields."""

    x: Any
    y: Any
    z: Any


@dataclass(frozen=True, slots=True)
class Control:
    """A header that is interned: it decides shapes."""

    kind: int
    flag: bool = False


@dataclass(frozen=True, slots=True)
class Fixed:
    """An interned header that keeps a constant."""

    kind: int
    rest: int


CONTROL = Layout(
    Control,
    BitStruct("unused" / Const(0, BitsInteger(4)), "kind" / BitsInteger(3), "flag" / Flag),
)
"""One octet, whose upper four bits are zero."""
ANY_CONTROL = Layout(Control, BitStruct("kind" / BitsInteger(7), "flag" / Flag))
FIXED = Layout(Fixed, BitStruct("kind" / Const(5, BitsInteger(4)), "rest" / BitsInteger(4)))
WIDE_CONTROL = Layout(
    Control, ByteSwapped(BitStruct("kind" / BitsInteger(15, signed=True), "flag" / Flag))
)
PAIR = Layout(Two, Struct("x" / Int8ub, "y" / Int16ul))
ITEM = Layout(
    Two,
    Sized(
        Struct("x" / Int8ub, "length" / Int8ub),
        "y" / Content(this.x, {1: PAIR, 2: CONTROL, 3: Layout(One, Struct("x" / GreedyBytes))}),
    ),
)


BY_HEADER = Layout(
    Two,
    Struct("x" / CONTROL, "y" / Switch(this.x.kind, {1: Int16ub, 2: Bytes(3)}, default=ABSENT)),
)
_RUN_AND_REST = Layout(Two, Struct("x" / Run(PAIR, last=obj_.x == 0), "y" / GreedyBytes))


def _to_hundreds(raw: int, surroundings: Any, ones: int) -> int:
    if raw >= 100:
        raise ValueError(f"{raw} is a hundred or more")
    return raw * 100 + ones


def _from_hundreds(value: int, surroundings: Any, ones: int) -> int:
    hundreds, rest = divmod(value - ones, 100)
    if rest:
        raise ValueError(f"{value} does not end with {ones}")
    return hundreds


_kind, _flag = this.x.kind, this.x.flag

_NEVER = Layout(Two, Struct("x" / Int8ub, Refused("never"), "y" / Int8ub))
_COUNTED = Layout(Two, Struct("x" / Int8ub, "y" / Bytes(this.x)))
_IN_EIGHTS = Layout(
    Two,
    Sized(Struct("x" / Int8ub, "length" / Int8ub), "y" / GreedyBytes, unit=4, overhead=2),
)
_IN_BITS = Layout(
    Three,
    Sized(
        BitStruct(
            "x" / BitsInteger(3),
            "y" / Flag,
            Const(1, BitsInteger(1)),
            "length" / BitsInteger(11),
        ),
        "z" / Content(this.x, {1: PAIR, 2: ITEM}),
    ),
)
_EITHER = Layout(
    Three,
    Sized(
        EitherForm(
            BitStruct("x" / Const(True, Flag), "y" / BitsInteger(3), "length" / BitsInteger(12)),
            BitStruct("x" / Const(False, Flag), "y" / BitsInteger(11), "length" / BitsInteger(4)),
        ),
        "z" / GreedyBytes,
    ),
)
_NEITHER = Layout(
    Two,
    Sized(
        EitherForm(
            BitStruct("x" / Const(1, BitsInteger(2)), "length" / BitsInteger(6)),
            BitStruct("x" / Const(2, BitsInteger(2)), "length" / BitsInteger(6)),
        ),
        "y" / GreedyBytes,
    ),
)

OF_NUMBERS: dict[str, Layout[Any]] = {
    "numbers": Layout(Three, Struct("x" / Int8ub, "y" / Int16ub, "z" / Int32ul)),
    "both orders": Layout(Three, Struct("x" / Int16ul, "y" / Int16ub, "z" / Int64sl)),
    "signed": Layout(Three, Struct("x" / Int8sb, "y" / Int16sb, "z" / Int64ub)),
    "three octets": Layout(Three, Struct("x" / Int24ub, "y" / Int24ul, "z" / Int8ub)),
    "odd": Layout(
        Two, Struct("x" / BytesInteger(5, signed=True), "y" / BytesInteger(7, swapped=True))
    ),
    "scaled": Layout(Two, Struct("x" / Scaled(Int8ub, 8), "y" / Scaled(Int16ub, 60))),
    "constant": Layout(
        Two,
        Struct(
            "mark" / Const(b"\x01\x02"),
            "x" / Const(3, Int8ub),
            Const(1, Int8ub),
            "y" / Int8ub,
        ),
    ),
    "computed": Layout(
        Two,
        Struct(
            "word" / Rebuild(Int8ub, this.x << 4 | this.y | this.y >> 4 << 8),
            "x" / Computed(this.word >> 4),
            "y" / Computed(this.word & 15),
        ),
    ),
    "arithmetic": Layout(
        Three,
        Struct(
            "x" / Int8ub,
            "y" / Int8ub,
            "product" / Computed(this.x * this.y - this.x // 3 + this.y % 7),
            Require((this.product != 9) & ~((this.x ^ this.y) == 1), "out of favour"),
            "z" / when((this.x > 3) | (-this.y <= -2), Int8ub),
        ),
    ),
    "of booleans": Layout(
        Three,
        Struct(
            "x" / CONTROL,
            "y" / Int8ub,
            "z" / Computed((this.y | (_kind == 3)) + (this.y & (_kind != 3)) * 256),
        ),
    ),
    "derived": Layout(
        Two, Struct("x" / Int8ub, "y" / Derived(Int8ub, _to_hundreds, _from_hundreds, this.x))
    ),
}

OF_BITS: dict[str, Layout[Any]] = {
    "interned": CONTROL,
    "interned constant": FIXED,
    "interned, wide": WIDE_CONTROL,
    "rebuilt": Layout(
        Control,
        BitStruct(
            "parity" / Rebuild(BitsInteger(1), this.kind & 1),
            "kind" / BitsInteger(6, signed=True),
            "flag" / Flag,
        ),
    ),
    "three octets": Layout(
        Three,
        ByteSwapped(
            BitStruct("x" / BitsInteger(11, signed=True), "y" / Flag, "z" / BitsInteger(12))
        ),
    ),
    "eight octets": Layout(
        Two, BitStruct(Const(2, BitsInteger(2)), "x" / BitsInteger(61), "y" / Flag)
    ),
    "kept constant": Layout(Two, BitStruct("x" / Const(5, BitsInteger(4)), "y" / BitsInteger(4))),
    "headers": Layout(Three, Struct("x" / CONTROL, "y" / FIXED, "z" / WIDE_CONTROL)),
}

OF_OCTETS: dict[str, Layout[Any]] = {
    "fixed": Layout(Three, Struct("x" / Bytes(2), "y" / Bytes(0), "z" / Bytes(3))),
    "alone": Layout(One, Struct("x" / Bytes(2))),
    "swapped": Layout(
        Three,
        Struct("x" / little_endian_octets(2), "y" / Int8ub, "z" / little_endian_octets(8)),
    ),
    "swapped behind counted": Layout(Two, Struct("x" / _COUNTED, "y" / ByteSwapped(Bytes(3)))),
    "counted": Layout(Three, Struct("x" / Int8ub, "y" / Bytes(this.x), "z" / Bytes(this.x - 1))),
    "the rest": Layout(Two, Struct("x" / Int8ub, "y" / GreedyBytes)),
    "all": Layout(One, Struct("x" / GreedyBytes)),
    "before": Layout(Three, Struct("x" / Before(4, GreedyBytes), "y" / Int16ub, "z" / Bytes(2))),
    "before a count": Layout(
        Three, Struct("x" / Int8sb, "y" / Before(this.x, GreedyBytes), "z" / Bytes(this.x))
    ),
    "before nothing": Layout(Two, Struct("x" / Int8ub, "y" / Before(0, GreedyBytes))),
    "if room": Layout(Two, Struct("x" / Int8ub, "y" / IfRoom(PAIR))),
    "sized": ITEM,
    "sized in fours": _IN_EIGHTS,
    "sized in bits": _IN_BITS,
    "sized in either form": _EITHER,
    "sized in one of two forms": _NEITHER,
    "sized twice": Layout(Two, Struct("x" / ITEM, "y" / _IN_EIGHTS)),
}

OF_BRANCHES: dict[str, Layout[Any]] = {
    "either": Layout(Two, Struct("x" / Int8ub, "y" / IfThenElse(this.x < 128, Int16ub, Bytes(3)))),
    "switch": Layout(
        Three,
        Struct(
            "x" / Int8ub,
            "y"
            / Switch(
                this.x & 7,
                {0: ABSENT, 1: Int8ub, 2: PAIR, 3: Refused("three"), 4: CONTROL, 5: Bytes(this.x)},
                Computed(this.x + 1),
            ),
            "z" / Int8ub,
        ),
    ),
    "switch without default": Layout(
        Two, Struct("x" / Int8ub, "y" / Switch(this.x, {1: Int8ub, 2: Int16ub}, Pass))
    ),
    "refused inside": Layout(
        Three,
        Struct("x" / Int8ub, "y" / IfThenElse(this.x == 1, _NEVER, PAIR), "z" / when(this.x, PAIR)),
    ),
    "refused inside of sized": Layout(
        Two,
        Struct(
            "x" / Int8ub,
            "y"
            / IfThenElse(
                this.x == 1,
                Layout(One, Sized(Struct("length" / Int8ub), "x" / Refused("never"))),
                Before(1, Bytes(2)),
            ),
            Const(9, Int8ub),
        ),
    ),
    "by one header": Layout(
        Three,
        Struct(
            "x" / CONTROL,
            Require(_kind != 6, "six"),
            "y" / Switch(_kind, {0: ABSENT, 1: Int16ub, 2: Bytes(_kind), 3: PAIR}, Int8ub),
            "z" / when(_flag | (_kind == 5), Bytes(2)),
        ),
    ),
    "by two headers": Layout(
        Three,
        Struct(
            "x" / CONTROL,
            "y" / IfThenElse(_flag, little_endian_octets(2), Bytes(1)),
            "z" / when(_kind != 0, BY_HEADER),
        ),
    ),
    "by three headers": Layout(
        Three,
        Struct(
            "x" / CONTROL,
            "y" / when(_flag, WIDE_CONTROL),
            "z" / when(_flag, IfThenElse(this.y.kind > 5, BY_HEADER, ABSENT)),
        ),
    ),
    "by a header behind a count": Layout(Two, Struct("x" / _COUNTED, "y" / BY_HEADER)),
}

OF_LISTS: dict[str, Layout[Any]] = {
    "array": Layout(Two, Struct("x" / Int8ub, "y" / Array(this.x & 3, Int16ub))),
    "array of values": Layout(Two, Struct("x" / Int8sb, "y" / Array(this.x, PAIR))),
    "array by header": Layout(Two, Struct("x" / CONTROL, "y" / Array(_kind - 1, BY_HEADER))),
    "fixed array": Layout(Two, Struct("x" / Array(2, Int8ub), "y" / Array(0, PAIR))),
    "run": Layout(Two, Struct("x" / Int8ub, "y" / Run(PAIR))),
    "run of octets": Layout(One, Struct("x" / Run(Int8ub))),
    "run of any octet": Layout(One, Struct("x" / Run(ANY_CONTROL))),
    "run of some octets": Layout(One, Struct("x" / Run(CONTROL))),
    "run of counted": Layout(One, Struct("x" / Run(_COUNTED))),
    "run of what may be empty": Layout(
        One, Struct("x" / Run(Layout(One, Struct("x" / IfRoom(Bytes(3))))))
    ),
    "run of bits that may be empty": Layout(
        One,
        Struct("x" / Run(Layout(Two, Struct("x" / Before(2, GreedyBytes), "y" / ABSENT)))),
    ),
    "run of nothing": Layout(Two, Struct("x" / Bytes(2), "y" / Run(Refused("nobody")))),
    "run to the last": Layout(
        Two, Struct("x" / Run(PAIR, last=(obj_.x == 0) | (obj_.y > 999)), "y" / GreedyBytes)
    ),
    "run to the last before": Layout(
        Three,
        Struct(
            "x" / Int8ub,
            "y" / Before(this.x & 3, Run(ITEM, last=obj_.x == 0)),
            "z" / Before(1, GreedyBytes),
            "end" / Const(7, Int8ub),
        ),
    ),
    "run to the last in sized": Layout(
        Two,
        Sized(Struct("x" / Int8ub, "length" / Int8ub), "y" / _RUN_AND_REST),
    ),
    "run by header": Layout(Two, Struct("x" / CONTROL, "y" / when(_flag, Run(BY_HEADER)))),
}

SCHEMAS: dict[str, Layout[Any]] = {
    f"{kind}: {name}": layout
    for kind, layouts in {
        "numbers": OF_NUMBERS,
        "bits": OF_BITS,
        "octets": OF_OCTETS,
        "branches": OF_BRANCHES,
        "lists": OF_LISTS,
    }.items()
    for name, layout in layouts.items()
}

EXAMPLES: dict[str, tuple[str, ...]] = {
    "numbers: constant": ("0102030107",),
    "bits: eight octets": ("8000000000000003",),
    "bits: kept constant": ("5a",),
    "bits: headers": ("0b570500", "005ffeff"),
    "octets: swapped behind counted": ("02aabb010203",),
    "octets: counted": ("03aabbccddee", "01aa"),
    "octets: sized in bits": ("3803010203", "1802aabb", "480401020903"),
    "octets: sized in either form": ("a002aabb", "0053010203"),
    "octets: sized in one of two forms": ("42aabb", "81cc", "80"),
    "octets: sized twice": ("01030102030701aabb", "000007020102030405 06"),
    "branches: refused inside of sized": ("02aabb09",),
    "branches: by two headers": ("03aabb020005", "00aa"),
    "branches: by three headers": ("010f00020005", "01ffff", "00"),
    "branches: by a header behind a count": ("01aa020005", "0004aabbcc"),
    "lists: array by header": ("0400", "0602000500"),
    "lists: run to the last before": ("010000aa07", "000000bbcc07", "010203aabbcc000007"),
    "lists: run to the last in sized": ("0705000100aabb", "0703 010203", "0700"),
    "lists: run by header": ("0300020005", "00"),
}
"""Octets of the formats that chance finds seldom, in hex."""
