import pytest

from lowpan.errors import FieldOutOfRange, MalformedFrame
from lowpan.wire.route64 import (
    CONNECTIVITY,
    ROUTE64,
    Connectivity,
    ParentPriority,
    Route,
    Route64,
    SedBuffering,
)

ROUTES = {
    # pyspinel, test_sniffer: only its own entry
    "0e 0800000000000000 01": Route64(0x0E, (4,), (Route(0, 0, 1),)),
    # worked out by hand: ids 0, 7, 8 and 62
    "ff 8180000000000002 01 f1 62 90": Route64(
        0xFF, (0, 7, 8, 62), (Route(0, 0, 1), Route(3, 3, 1), Route(1, 2, 2), Route(2, 1, 0))
    ),
    "00 0000000000000000": Route64(0, (), ()),
}


@pytest.mark.parametrize(("octets", "value"), ROUTES.items())
def test_route64(octets: str, value: Route64) -> None:
    assert ROUTE64.decode(bytes.fromhex(octets)) == value
    assert ROUTE64.encode(value) == bytes.fromhex(octets)


def test_route_to_each_router() -> None:
    value = ROUTE64.decode(bytes.fromhex("00 8100000000000000 01 f2"))
    assert value.by_router_id() == {0: Route(0, 0, 1), 7: Route(3, 3, 2)}


@pytest.mark.parametrize(
    "octets",
    [
        "0e 08000000000000",  # no whole mask
        "0e 0800000000000000",  # an entry is missing
        "0e 0800000000000000 01 01",  # one too many
        "0e ffffffff80000000" + "01" * 33,  # more routers than a partition may have
        "0e ffffffffffffffff" + "01" * 64,
    ],
)
def test_malformed_route64(octets: str) -> None:
    with pytest.raises(MalformedFrame):
        ROUTE64.decode(bytes.fromhex(octets))


def test_route64_of_32_routers() -> None:
    octets = bytes.fromhex("0e ffffffff00000000" + "01" * 32)
    assert ROUTE64.decode(octets).router_ids == tuple(range(32))


SELF = Route(0, 0, 1)


@pytest.mark.parametrize(
    "value",
    [
        Route64(0, (1, 2), (SELF,)),
        Route64(0, (2, 1), (SELF, SELF)),
        Route64(0, (1, 1), (SELF, SELF)),
        Route64(0, (64,), (SELF,)),
        Route64(0, (-1,), (SELF,)),
        Route64(0, tuple(range(33)), (SELF,) * 33),
        Route64(0, (1,), (Route(4, 0, 1),)),
        Route64(0, (1,), (Route(0, 0, 16),)),
        Route64(256, (), ()),
    ],
)
def test_route64_that_does_not_fit(value: Route64) -> None:
    with pytest.raises(FieldOutOfRange):
        ROUTE64.encode(value)


CONNECTIVITIES = {  # worked out by hand; 10 octets as OpenThread sends, 7 as Thread 1.0 may
    "00 01 00 00 01 0e 02 0500 01": Connectivity(
        ParentPriority(0), 1, 0, 0, 1, 0x0E, 2, SedBuffering(1280, 1)
    ),
    "40 03 02 01 04 ff 20": Connectivity(ParentPriority(1), 3, 2, 1, 4, 255, 32),
    "ff 00 00 00 00 00 00": Connectivity(ParentPriority(-1, reserved=63), 0, 0, 0, 0, 0, 0),
}


@pytest.mark.parametrize(("octets", "value"), CONNECTIVITIES.items())
def test_connectivity(octets: str, value: Connectivity) -> None:
    assert CONNECTIVITY.decode(bytes.fromhex(octets)) == value
    assert CONNECTIVITY.encode(value) == bytes.fromhex(octets)


@pytest.mark.parametrize("size", [0, 6, 8, 9, 11, 13])
def test_connectivity_has_7_or_10_octets(size: int) -> None:
    with pytest.raises(MalformedFrame):
        CONNECTIVITY.decode(bytes(size))
