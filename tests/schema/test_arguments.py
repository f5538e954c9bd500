"""What callers hand in by mistake is taken as what it must mean, or refused by one exception."""

from array import array
from typing import Any

import pytest
from construct import Bytes, Int8ub, Struct

from lowpan.errors import FieldOutOfRange
from lowpan.schema import Layout
from lowpan.wire.addresses import Context, Surroundings
from lowpan.wire.ieee802154 import FRAME
from lowpan.wire.mle import MLE_MESSAGE
from lowpan.wire.nhc import COMPRESSED_HEADERS
from lowpan.wire.secret import Secret
from tests.schema.small import CONTROL, SCHEMAS, Control, One, Two

PSDU = bytes.fromhex("69a88ecefa022400240d02000000016b64600855b81018c7402efbf3daf94e5870")
OCTET_AND_TWO = Layout(Two, Struct("x" / Int8ub, "y" / Bytes(2)))
OTHER_OCTETS = [
    bytearray(PSDU),
    memoryview(PSDU),
    memoryview(bytes(octet for octet in PSDU for _ in range(2)))[::2],
    array("B", PSDU),
    Secret(PSDU),
]


@pytest.mark.parametrize("octets", OTHER_OCTETS, ids=lambda octets: type(octets).__name__)
def test_other_kinds_of_octets_are_taken_as_bytes(octets: Any) -> None:
    frame = FRAME.decode(octets)
    assert frame == FRAME.decode(PSDU)
    assert all(type(part) is bytes for part in (frame.destination, frame.payload, frame.mic))
    assert FRAME.decode_prefix(octets) == (frame, len(PSDU))


def test_octets_that_change_later_do_not_change_the_value() -> None:
    octets: Any = bytearray(b"abc")
    everything = SCHEMAS["octets: all"].decode(octets)
    octets[0] = 0
    assert everything == One(b"abc")


@pytest.mark.parametrize("octets", ["4188", 5, None, [0x41, 0x88], PSDU.hex(), 1.5, object(), {}])
@pytest.mark.parametrize("layout", [FRAME, MLE_MESSAGE, COMPRESSED_HEADERS, CONTROL])
def test_what_is_no_octets_is_refused(layout: Layout[Any], octets: Any) -> None:
    for decode in (layout.decode, layout.decode_prefix):
        with pytest.raises(FieldOutOfRange, match=f"octets wanted, not {type(octets).__name__}"):
            decode(octets)


def test_octets_that_are_gone_are_refused() -> None:
    octets: Any = memoryview(bytearray(PSDU))
    octets.release()
    with pytest.raises(FieldOutOfRange, match="octets wanted"):
        FRAME.decode(octets)


@pytest.mark.parametrize("surroundings", [5, "x", object(), Surroundings, {"contexts": {}}])
@pytest.mark.parametrize(
    "octets", ["7e33f012345678aabb", "7e77f012345678aabb", "7eb300f012345678aabb"]
)
def test_surroundings_of_another_kind_are_refused(octets: str, surroundings: Any) -> None:
    datagram = bytes.fromhex(octets)
    around = Surroundings(bytes(8), bytes(range(8)), {0: Context(bytes(8), 64)})
    headers, _ = COMPRESSED_HEADERS.decode_prefix(datagram, around)
    with pytest.raises(FieldOutOfRange, match="surroundings of the wrong kind"):
        COMPRESSED_HEADERS.decode_prefix(datagram, surroundings)
    with pytest.raises(FieldOutOfRange, match="CompressedHeaders"):
        COMPRESSED_HEADERS.encode(headers, surroundings)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        (Two(256, b"ab"), "Two: .*-> x"),
        (Two(None, b"ab"), "Two: .*-> x"),
        (Two(1, b"abc"), "Two: .*-> y"),
        (Two(1, "ab"), "Two: .*-> y"),
        (Two(1, None), "Two: .*-> y"),
        (Two(1, 258), "Two: y does not fit"),
        (5, "Two wanted"),
        (Two, "Two: "),
        (None, "Two wanted"),
    ],
)
def test_a_refused_value_is_told_by_its_field(value: Any, reason: str) -> None:
    with pytest.raises(FieldOutOfRange, match=reason):
        OCTET_AND_TWO.encode(value)


@pytest.mark.parametrize("flag", [2, -1, "yes", None, 0.5, b"", ()])
def test_a_flag_that_is_no_boolean_is_refused(flag: Any) -> None:
    with pytest.raises(FieldOutOfRange, match=r"^Control: flag"):
        CONTROL.encode(Control(1, flag))


@pytest.mark.parametrize("flag", [True, 1])
def test_a_flag_may_be_what_is_equal_to_a_boolean(flag: Any) -> None:
    assert CONTROL.decode(CONTROL.encode(Control(1, flag))) == Control(1, flag=True)


def test_a_value_without_end_is_refused() -> None:
    frame: Any = FRAME.decode(PSDU)
    frame.security = frame
    with pytest.raises(FieldOutOfRange):
        FRAME.encode(frame)


def test_no_key_is_told_with_a_refused_value() -> None:
    key = bytes(range(16))
    with pytest.raises(FieldOutOfRange) as caught:
        OCTET_AND_TWO.encode(Two(300, Secret(key)))
    assert key.hex() not in str(caught.value)
    assert repr(key) not in str(caught.value)
