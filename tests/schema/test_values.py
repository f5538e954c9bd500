"""A value is encoded if it would come back, and refused if it would not."""

from dataclasses import replace
from typing import Any

import pytest
from construct import Computed, Int8ub, Pass, Struct, Switch, this

from lowpan.errors import FieldOutOfRange
from lowpan.schema import Layout
from lowpan.wire.header_ies import Csl, ElementId, HeaderIe
from lowpan.wire.ieee802154 import FRAME, Frame, FrameControl
from lowpan.wire.information_elements import PRIVATE_PAYLOAD, PrivatePayload
from lowpan.wire.payload_ies import GroupId, PayloadIe
from tests.schema.bent import check_value
from tests.schema.small import (
    FIXED,
    OF_BITS,
    OF_LISTS,
    OF_NUMBERS,
    OF_OCTETS,
    Control,
    Fixed,
    One,
    Three,
    Two,
)

LAST, MORE = Two(0, 5), Two(1, 5)
COMPUTED = Layout(Two, Struct("x" / Int8ub, "y" / Computed(this.x + 1)))
NOTHING = Layout(Two, Struct("x" / Int8ub, "y" / Switch(this.x, {1: Int8ub}, default=Pass)))

COMES_BACK: list[tuple[Layout[Any], Any, str]] = [
    (FIXED, Fixed(5, 3), "53"),
    (OF_BITS["kept constant"], Two(5, 3), "53"),
    (OF_BITS["rebuilt"], Control(-3, flag=True), "fb"),
    (OF_LISTS["run to the last"], Two((MORE, LAST), b"rest"), "010500" + "000500" + b"rest".hex()),
    (OF_LISTS["run to the last"], Two((MORE,), b""), "010500"),
    (OF_LISTS["run to the last before"], Three(1, (Two(0, b""),), b"z"), "010000" + "7a07"),
    (COMPUTED, Two(1, 2), "01"),
    (NOTHING, Two(2, None), "02"),
    (OF_OCTETS["all"], One(bytearray(b"ab")), "6162"),
    (OF_NUMBERS["constant"], Two(3, 1), "0102030101"),
]


@pytest.mark.parametrize(("layout", "value", "octets"), COMES_BACK)
def test_value_comes_back(layout: Layout[Any], value: Any, octets: str) -> None:
    encoded = check_value(layout, value)
    assert encoded is not None
    assert encoded.hex() == octets


DOES_NOT: list[tuple[str, Layout[Any], Any]] = [
    ("another constant", FIXED, Fixed(4, 3)),
    ("no constant", FIXED, Fixed(None, 3)),  # type: ignore[arg-type]
    ("another constant", OF_BITS["kept constant"], Two(4, 3)),
    ("another constant", OF_NUMBERS["constant"], Two(4, 1)),
    ("no constant", OF_NUMBERS["constant"], Two(None, 1)),
    ("another form", OF_OCTETS["sized in one of two forms"], Two(3, b"")),
    ("too large for its bits", FIXED, Fixed(5, 16)),
    ("too small for its bits", OF_BITS["rebuilt"], Control(-33)),
    ("another number than computed", COMPUTED, Two(1, 3)),
    ("a number of which nothing is written", NOTHING, Two(2, 7)),
    ("an item behind the last", OF_LISTS["run to the last"], Two((LAST, MORE), b"")),
    ("octets behind a run without its last", OF_LISTS["run to the last"], Two((MORE,), b"x")),
    ("octets behind a run without items", OF_LISTS["run to the last"], Two((), b"x")),
    (
        "octets behind a run inside",
        OF_LISTS["run to the last in sized"],
        Two(7, Two((MORE,), b"x")),
    ),
    ("a list", OF_LISTS["run of octets"], One([1, 2])),
    ("octets for numbers", OF_LISTS["run of octets"], One(b"ab")),
    ("an iterator", OF_LISTS["run of octets"], One(iter((1, 2)))),
    ("a list of none", OF_LISTS["fixed array"], Two((1, 2), [])),
    ("an item of no octets", OF_LISTS["run of what may be empty"], One((One(None),))),
    ("text for all octets", OF_OCTETS["all"], One("ab")),
    ("text for some octets", OF_OCTETS["alone"], One("ab")),
    ("a number for octets", OF_OCTETS["alone"], One(258)),
    ("nothing for octets", OF_OCTETS["all"], One(None)),
]


@pytest.mark.parametrize(("what", "layout", "value"), DOES_NOT)
def test_value_would_not_come_back(what: str, layout: Layout[Any], value: Any) -> None:
    with pytest.raises(FieldOutOfRange, match=layout.value_type.__name__):
        layout.encode(value)
    assert check_value(layout, value) is None, what


CSL = HeaderIe(ElementId.CSL, Csl(1, 2))
END = HeaderIe(ElementId.HEADER_TERMINATION_2)


def test_a_frame_ends_its_header_ies_before_a_payload() -> None:
    control = FrameControl(1, frame_version=2, ie_present=True)
    frame = Frame(control, 1, header_ies=(CSL, END), payload=b"payload")
    assert FRAME.decode(FRAME.encode(frame)) == frame
    assert FRAME.encode(replace(frame, header_ies=(CSL,), payload=b""))
    for header_ies in ((CSL,), (), (END, CSL)):
        with pytest.raises(FieldOutOfRange, match="Frame"):
            FRAME.encode(replace(frame, header_ies=header_ies))


def test_payload_ies_may_be_left_out_as_the_header_ies_tell() -> None:
    assert PRIVATE_PAYLOAD.encode(PrivatePayload((), b"payload")) == b"payload"
    ie = PayloadIe(GroupId.IETF, b"\xc9")
    with pytest.raises(FieldOutOfRange, match="PrivatePayload"):
        PRIVATE_PAYLOAD.encode(PrivatePayload((ie,), b"payload"))
