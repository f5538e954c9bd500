"""Link-layer addresses read off IPv6 addresses."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lowpan.adaptation.neighbour_discovery.derived import derived_link_address
from lowpan.wire.addresses import iid_of, link_local, parse_ipv6

PAN = 0xBEEF

CASES = {
    "fe80::1": "0200000000000001",
    "fe80::ff:fe00:2": "0002",  # RFC 6282
    "fe80::bcef:ff:fe00:2": "0002",  # Linux: the PAN ID, its universal/local bit cleared
    "fe80::1234:ff:fe00:2": None,  # another PAN
    "fe80::ff:fe00:8001": None,  # a multicast short address
    "fe80::ff:fe00:fffe": None,
    "fe80::ff:fe00:ffff": None,
    "fe80::": None,
    "fe80::100:0:0:1": None,  # a group of EUI-64
    "fe80::1:0:0:0:1": None,  # not in fe80::/64
    "fd00:1234::1": None,
    "ff02::1": None,
}


@pytest.mark.parametrize(("text", "link_address"), CASES.items())
def test_vector(text: str, link_address: str | None) -> None:
    found = derived_link_address(parse_ipv6(text), PAN)
    assert found == (None if link_address is None else bytes.fromhex(link_address))


def test_without_a_pan_linuxs_form_tells_nothing() -> None:
    assert derived_link_address(parse_ipv6("fe80::bcef:ff:fe00:2"), None) is None


@given(st.binary(min_size=16, max_size=16))
def test_what_is_derived_makes_that_address(address: bytes) -> None:
    found = derived_link_address(link_local(address[8:]), 0)
    assert found is None or link_local(iid_of(found)) == link_local(address[8:])
