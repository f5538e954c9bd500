import pytest

from lowpan.capture.formats import (
    DATE,
    DECIMAL,
    EXTENDED_ADDRESS,
    FCS_STATE,
    FLAG,
    HEX8,
    HEX16,
    HEX24,
    IPV6_ADDRESS,
    MOST_REMEMBERED,
    OCTETS,
    PRESENT,
    REAL,
    SECONDS,
    SHORT_ADDRESS,
    TEXT,
    Format,
    Json,
    computed,
    printable,
    seconds,
)
from lowpan.radio import Fcs
from lowpan.wire.addresses import parse_ipv6

WRITTEN: list[tuple[Format, object, str, Json]] = [
    (DECIMAL, 0, "0", 0),
    (DECIMAL, 65535, "65535", 65535),
    (FLAG, True, "1", True),
    (FLAG, False, "0", False),
    (FLAG, 1, "1", True),
    (PRESENT, True, "1", True),
    (PRESENT, False, "", None),
    (FCS_STATE, Fcs.GOOD, "1", True),
    (FCS_STATE, Fcs.BAD, "0", False),
    (FCS_STATE, Fcs.ABSENT, "", None),
    (REAL, -62.0, "-62", -62.0),
    (REAL, -62.5, "-62.5", -62.5),
    (HEX8, 5, "0x05", "0x05"),
    (HEX16, 0xFACE, "0xface", "0xface"),
    (HEX24, 0x193F5, "0x0193f5", "0x0193f5"),
    (SHORT_ADDRESS, b"\xd8\x00", "0xd800", "0xd800"),
    (SHORT_ADDRESS, bytes(8), "", None),
    (EXTENDED_ADDRESS, bytes.fromhex("02aabbccdd000001"), "02:aa:bb:cc:dd:00:00:01", None),
    (EXTENDED_ADDRESS, b"\xd8\x00", "", None),
    (IPV6_ADDRESS, parse_ipv6("fe80::1"), "fe80::1", "fe80::1"),
    (IPV6_ADDRESS, bytes.fromhex("20010db8"), "2001:db8::", "2001:db8::"),
    (OCTETS, b"\x00\xff", "00ff", "00ff"),
    (TEXT, "lab", "lab", "lab"),
    (DATE, 1, "Jan  1, 1970 00:00:01.000000000 UTC", None),
    (DATE, 1795334335, "Nov 22, 2026 07:58:55.000000000 UTC", None),
    (SECONDS, 1_795_334_335_294_448_000, "1795334335.294448000", "1795334335.294448000"),
]


@pytest.mark.parametrize(("form", "value", "text", "native"), WRITTEN)
def test_values_are_written_as_by_tshark(
    form: Format, value: object, text: str, native: Json
) -> None:
    assert form.text(value) == text
    if native is not None or not text:
        assert form.native(value) == native
    else:
        assert form.native(value) == text


@pytest.mark.parametrize(
    ("time_ns", "text"),
    [
        (None, ""),
        (0, "0.000000000"),
        (999_999_999, "0.999999999"),
        (1_000_000_000, "1.000000000"),
        (-1, "-0.000000001"),
        (-1_500_000_000, "-1.500000000"),
    ],
)
def test_times_have_nine_decimals(time_ns: int | None, text: str) -> None:
    assert seconds(time_ns) == text


def test_a_date_too_late_for_a_calendar_is_a_number() -> None:
    assert DATE.text((1 << 48) - 1) == "281474976710655 s"


def test_no_value_has_no_text() -> None:
    assert [form.text(None) for form in (DECIMAL, HEX16, FLAG, TEXT, OCTETS)] == [""] * 5


def test_texts_are_remembered_for_so_many_values_and_no_more() -> None:
    for value in range(3 * MOST_REMEMBERED):
        assert HEX24.text(value) == f"0x{value:06x}"
        assert len(HEX24.texts) <= MOST_REMEMBERED
    assert HEX24.text(None) == ""


def test_computed_format_writes_what_it_computes() -> None:
    first = computed(HEX8, lambda octets: octets[0] if octets else None)
    assert (first.text(b"\x07"), first.native(b"\x07")) == ("0x07", "0x07")
    assert (first.text(b""), first.native(b"")) == ("", None)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Küche 1", "Küche 1"),
        ("a\tb\nc", "a\\tb\\nc"),
        ("\x1b[31mred", "\\x1b[31mred"),
        ("\u202eabc", "\\u202eabc"),
        ("back\\slash", "back\\\\slash"),
        ("\x9b1m", "\\x9b1m"),
    ],
)
def test_text_from_outside_gives_no_orders(text: str, shown: str) -> None:
    assert printable(text) == shown
    assert printable(text).isprintable()
