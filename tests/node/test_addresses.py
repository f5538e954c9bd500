"""Which addresses are ours, and which of them a datagram is sent from (RFC 6724 §5)."""

import pytest

from lowpan.errors import FieldOutOfRange
from lowpan.node.addresses import (
    MOST_ADDRESSES,
    MOST_CHOSEN,
    MOST_GROUPS,
    OwnAddress,
    OwnAddresses,
)
from lowpan.wire.addresses import format_ipv6, parse_ipv6, solicited_node

EXTENDED, SHORT = bytes.fromhex("0200000000000001"), b"\x00\x01"


def addresses(*texts: str, deprecated: str = "", unready: str = "") -> OwnAddresses:
    """Return a node's, each with a prefix of 64 bits."""
    own = OwnAddresses()
    for text in texts:
        link_address = SHORT if "ff:fe00" in text else EXTENDED
        made = OwnAddress(parse_ipv6(text), 64, link_address)
        made.deprecated, made.ready = text == deprecated, text != unready
        own.add(made)
    return own


def source(own: OwnAddresses, destination: str) -> str | None:
    found = own.source_for(parse_ipv6(destination))
    return None if found is None else format_ipv6(found.address)


LOCAL, GLOBAL, OTHER, UNIQUE = "fe80::1", "2001:db8:1::1", "2001:db8:2::1", "fd00:db8::1"

CHOSEN: dict[tuple[str, tuple[str, ...]], str] = {
    # rule 1: the address itself
    ("2001:db8:1::1", (OTHER, GLOBAL, LOCAL)): GLOBAL,
    # rule 2: the scope that reaches, and no larger one
    ("2001:db8:9::9", (LOCAL, GLOBAL)): GLOBAL,
    ("fe80::9", (GLOBAL, LOCAL)): LOCAL,
    ("ff02::1", (GLOBAL, LOCAL)): LOCAL,
    ("ff05::fd", (LOCAL, GLOBAL)): GLOBAL,
    ("ff0e::fd", (LOCAL, GLOBAL)): GLOBAL,
    ("ff01::1", (GLOBAL, LOCAL)): LOCAL,
    # the largest there is where none reaches
    ("2001:db8:9::9", (LOCAL,)): LOCAL,
    # rule 6: of the same kind; unique local addresses are one
    ("fd00:1::9", (GLOBAL, UNIQUE)): UNIQUE,
    ("fc00::9", (GLOBAL, UNIQUE)): UNIQUE,
    ("2001:db8:9::9", (UNIQUE, GLOBAL)): GLOBAL,
    ("ff0e::fd", (UNIQUE, GLOBAL)): GLOBAL,
    ("ff05::fd", (UNIQUE, GLOBAL)): GLOBAL,
    # rule 8: the longest prefix in common
    ("2001:db8:2::9", (GLOBAL, OTHER)): OTHER,
    ("2001:db8:1::9", (OTHER, GLOBAL)): GLOBAL,
    # which for link-local ones is that of the same form: nothing of either is in line then
    ("fe80::ff:fe00:9", ("fe80::1", "fe80::ff:fe00:1")): "fe80::ff:fe00:1",
    ("fe80::9", ("fe80::ff:fe00:1", "fe80::1")): "fe80::1",
    # without any difference, the first
    ("3fff::1", (GLOBAL, OTHER)): GLOBAL,
}


@pytest.mark.parametrize(("destination", "own"), CHOSEN)
def test_the_address_to_send_from(destination: str, own: tuple[str, ...]) -> None:
    assert source(addresses(*own), destination) == CHOSEN[destination, own]


def test_a_deprecated_address_is_the_last_resort_and_weighs_less_than_scope() -> None:
    assert source(addresses(GLOBAL, OTHER, deprecated=GLOBAL), "2001:db8:1::9") == OTHER
    assert source(addresses(GLOBAL, UNIQUE, deprecated=GLOBAL), "2001:db8:1::9") == UNIQUE  # 3, 6
    assert source(addresses(GLOBAL, LOCAL, deprecated=GLOBAL), "2001:db8:1::9") == GLOBAL  # 2, 3
    assert source(addresses(GLOBAL, OTHER, deprecated=GLOBAL), GLOBAL) == GLOBAL  # 1, 3


def test_what_is_not_ready_is_never_sent_from() -> None:
    own = addresses(LOCAL, GLOBAL, unready=GLOBAL)
    assert source(own, "2001:db8:1::9") == LOCAL
    assert not own.is_ours(parse_ipv6(GLOBAL))
    assert source(addresses(LOCAL, unready=LOCAL), "fe80::9") is None


def test_neighbours_are_on_the_link_as_their_prefix_says() -> None:
    own = addresses(LOCAL, GLOBAL)
    own.add(OwnAddress(parse_ipv6(UNIQUE), 128, EXTENDED))
    for destination, on_link in (
        ("fe80::9", True),
        ("ff0e::9", True),
        ("2001:db8:1::9", True),
        ("2001:db8:2::9", False),
        ("fd00:db8::9", False),
    ):
        assert own.is_on_link(parse_ipv6(destination)) is on_link


def test_groups_are_left_as_often_as_they_were_joined() -> None:
    own, group = addresses(LOCAL, GLOBAL), solicited_node(parse_ipv6(LOCAL))
    assert solicited_node(parse_ipv6(GLOBAL)) == group
    own.remove(parse_ipv6(LOCAL))
    assert own.is_ours(group)
    own.remove(parse_ipv6(GLOBAL))
    own.remove(parse_ipv6(GLOBAL))
    assert not own.is_ours(group)


@pytest.mark.parametrize("text", ["::", "::1", "ff02::1"])
def test_nobody_has_such_an_address(text: str) -> None:
    with pytest.raises(FieldOutOfRange, match="no address"):
        addresses(text)


def test_there_is_always_room_for_the_addresses_of_the_link() -> None:
    own = addresses(*(f"2001:db8::{number:x}" for number in range(1, MOST_ADDRESSES + 1)))
    own.rename(EXTENDED, b"\0\1", 0xBEEF)
    gone, made = own.rename(EXTENDED, b"\0\2", 0xBEEF)
    told = [format_ipv6(address) for address in (*gone, *made)]
    assert told == ["fe80::ff:fe00:1", "fe80::ff:fe00:2"]
    assert own.is_ours(solicited_node(made[0]))


def test_addresses_and_groups_are_bounded() -> None:
    own = addresses(*(f"2001:db8::{number:x}" for number in range(1, MOST_ADDRESSES + 1)))
    with pytest.raises(FieldOutOfRange, match="16 addresses"):
        own.add(OwnAddress(parse_ipv6(LOCAL), 64, EXTENDED))
    groups = OwnAddresses()
    for number in range(MOST_GROUPS):
        groups.join(parse_ipv6(f"ff02::{0x1000 + number:x}"))
    with pytest.raises(FieldOutOfRange, match="64 multicast groups"):
        groups.join(parse_ipv6("ff02::9"))
    groups.join(parse_ipv6("ff02::1000"))
    with pytest.raises(FieldOutOfRange, match="no multicast"):
        groups.join(parse_ipv6(LOCAL))


def test_a_choice_that_is_remembered_is_made_anew_when_our_addresses_change() -> None:
    own, destination = OwnAddresses(), bytes.fromhex("20010db8000000000000000000000009")
    ours = [
        OwnAddress(bytes.fromhex(f"20010db800000000000000000000000{number}"), 64, bytes(8))
        for number in (8, 1)
    ]
    assert own.source_for(destination) is None
    for each in ours:
        own.add(each)
    assert own.source_for(destination) is ours[0]
    ours[0].deprecated = True
    assert own.source_for(destination) is ours[1]
    ours[1].ready = False
    assert own.source_for(destination) is ours[0]
    own.remove(ours[0].address)
    assert own.source_for(destination) is None
    for number in range(3 * MOST_CHOSEN):
        assert own.source_for(number.to_bytes(16, "big")) is None
