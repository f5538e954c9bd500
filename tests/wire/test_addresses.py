"""Interface identifiers, contexts and the text of addresses."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lowpan.errors import FieldOutOfRange
from lowpan.wire.addresses import (
    Context,
    Surroundings,
    format_ipv6,
    iid_of,
    is_multicast,
    link_local,
    parse_ipv6,
)

IIDS = {
    "166e0a0000000001": "146e0a0000000001",
    "00005eef10221100": "02005eef10221100",
    "c003": "000000fffe00c003",
    "": "",
}


@pytest.mark.parametrize(("address", "iid"), IIDS.items())
def test_interface_identifier(address: str, iid: str) -> None:
    assert iid_of(bytes.fromhex(address)).hex() == iid


@pytest.mark.parametrize("size", [1, 3, 6, 16])
def test_no_interface_identifier_of_other_addresses(size: int) -> None:
    with pytest.raises(FieldOutOfRange):
        iid_of(bytes(size))


def test_what_is_remembered_is_bounded() -> None:
    for memory in (iid_of, format_ipv6):
        assert memory.cache_info().maxsize == 4096


TEXTS = ["::", "::1", "fe80::ff:fe00:c003", "2001:db8::1:0:0:1", "ff02::1", "fd00:db8:0:1::"]


@pytest.mark.parametrize("text", TEXTS)
def test_text_of_addresses(text: str) -> None:
    assert format_ipv6(parse_ipv6(text)) == text
    assert parse_ipv6(text.upper()) == parse_ipv6(text)


@pytest.mark.parametrize("text", ["", "1", "fe80::1::", "::g", "1.2.3.4", "::1\0", "fe80::1/64"])
def test_what_is_no_address(text: str) -> None:
    with pytest.raises(FieldOutOfRange):
        parse_ipv6(text)


@pytest.mark.parametrize("size", [0, 4, 15, 17])
def test_addresses_have_16_octets(size: int) -> None:
    with pytest.raises(FieldOutOfRange):
        format_ipv6(bytes(size))


def test_link_local_and_multicast() -> None:
    assert format_ipv6(link_local(iid_of(b"\xc0\x03"))) == "fe80::ff:fe00:c003"
    assert is_multicast(parse_ipv6("ff02::1"))
    assert not is_multicast(parse_ipv6("fe80::1"))


COMPLETED = [  # prefix, length, interface identifier, address
    ("2001:db8::", 64, "0011223344556677", "2001:db8::11:2233:4455:6677"),
    ("2001:db8:ffff::", 32, "0011223344556677", "2001:db8::11:2233:4455:6677"),
    ("2001:db8::ffff:0:0:0", 80, "0011223344556677", "2001:db8::ffff:2233:4455:6677"),
    ("2001:db8::8000:0:0:0", 65, "0011223344556677", "2001:db8::8011:2233:4455:6677"),
    ("2001:db8::8000:0:0:0", 65, "f011223344556677", "2001:db8::f011:2233:4455:6677"),
    ("2001:db8::5", 128, "0011223344556677", "2001:db8::5"),
    ("::", 0, "0011223344556677", "::11:2233:4455:6677"),
]


@pytest.mark.parametrize(("prefix", "length", "iid", "address"), COMPLETED)
def test_context_bits_go_before_those_of_the_identifier(
    prefix: str, length: int, iid: str, address: str
) -> None:
    context = Context(parse_ipv6(prefix), length)
    assert format_ipv6(context.complete(bytes.fromhex(iid))) == address


@given(st.binary(min_size=16, max_size=16), st.integers(0, 128), st.binary(min_size=8, max_size=8))
def test_context_covers_exactly_its_length(prefix: bytes, length: int, iid: bytes) -> None:
    context = Context(prefix, length)
    bits = [f"{int.from_bytes(part, 'big'):0128b}" for part in (prefix, context.complete(iid))]
    assert bits[0][:length] == bits[1][:length]
    rest = f"{int.from_bytes(iid, 'big'):0128b}"
    assert bits[1][length:] == rest[length:]


def test_context_keeps_16_octets_and_drops_what_does_not_count() -> None:
    context = Context(bytes.fromhex("20010db8ffff"), 33)
    assert context.prefix.hex() == "20010db88000" + 20 * "0"
    assert context == Context(bytes.fromhex("20010db88000"), 33)


@pytest.mark.parametrize(("octets", "length"), [(17, 64), (16, 129), (16, -1)])
def test_no_such_context(octets: int, length: int) -> None:
    with pytest.raises(FieldOutOfRange):
        Context(bytes(octets), length)


def test_tunnels_take_identifiers_from_the_outer_header_or_from_the_link_layer() -> None:
    outer, inner = parse_ipv6("fe80::1"), parse_ipv6("fe80::2")
    around = Surroundings(b"s" * 8, b"d" * 8, {0: Context(b"", 0)})
    assert around.inside(outer, inner) == Surroundings(outer[8:], inner[8:], around.contexts)
    around.tunnel_from_link_layer = True
    assert around.inside(outer, inner) is around
