"""Routes that somebody wrote down."""

from ipaddress import IPv6Address, IPv6Network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lowpan.errors import FieldOutOfRange
from lowpan.node.routes import StaticRoutes, mesh_routes

NEIGHBOURS = [IPv6Address(f"fe80::{number}") for number in range(1, 5)]
TABLE = {
    IPv6Network("::/0"): NEIGHBOURS[0],
    IPv6Network("2001:db8::/32"): NEIGHBOURS[1],
    IPv6Network("2001:db8::/64"): NEIGHBOURS[2],
    IPv6Network("2001:db8::7/128"): NEIGHBOURS[3],
}


@pytest.mark.parametrize(
    ("destination", "number"),
    [("2001:db8::7", 3), ("2001:db8::8", 2), ("2001:db8:1::7", 1), ("2001:db9::", 0), ("::1", 0)],
)
def test_the_longest_prefix_decides(destination: str, number: int) -> None:
    assert StaticRoutes(TABLE)(IPv6Address(destination).packed) == NEIGHBOURS[number].packed


def test_where_no_prefix_fits_there_is_no_route() -> None:
    assert StaticRoutes({})(bytes(16)) is None
    assert StaticRoutes({IPv6Network("2001:db8::/32"): NEIGHBOURS[0]})(bytes(16)) is None


@given(st.dictionaries(st.tuples(st.integers(0, 255), st.integers(120, 128)), st.integers(0, 3)))
def test_it_is_what_a_search_through_all_prefixes_finds(
    table: dict[tuple[int, int], int],
) -> None:
    prefixes = {
        IPv6Network((number, length), strict=False): NEIGHBOURS[which]
        for (number, length), which in table.items()
    }
    routes = StaticRoutes(prefixes)
    for number in range(0, 256, 5):
        fitting = [prefix for prefix in prefixes if IPv6Address(number) in prefix]
        longest = max(fitting, key=lambda prefix: prefix.prefixlen, default=None)
        expected = None if longest is None else prefixes[longest].packed
        assert routes(number.to_bytes(16, "big")) == expected


def test_a_group_is_no_next_hop() -> None:
    with pytest.raises(FieldOutOfRange):
        StaticRoutes({IPv6Network("::/0"): IPv6Address("ff02::1")})


def test_in_a_mesh_who_is_not_listed_is_a_neighbour() -> None:
    route = mesh_routes({b"\0\3": b"\0\2"})
    assert [route(final) for final in (b"\0\3", b"\0\2", bytes(8))] == [b"\0\2", b"\0\2", bytes(8)]


@pytest.mark.parametrize("listed", [{b"": b"\0\1"}, {b"\0\1": b"\0\1\2"}])
def test_link_layer_addresses_have_two_or_eight_octets(listed: dict[bytes, bytes]) -> None:
    with pytest.raises(FieldOutOfRange):
        mesh_routes(listed)
