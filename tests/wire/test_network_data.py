import pytest

from lowpan.errors import FieldOutOfRange, MalformedFrame
from lowpan.wire.dataset import CommissioningData, MeshCopTlv, MeshCopType
from lowpan.wire.meshcop import CommissionerSessionId
from lowpan.wire.mle import MLE_MESSAGE, TlvType
from lowpan.wire.network_data import (
    NETWORK_DATA,
    SERVICE,
    THREAD_ENTERPRISE_NUMBER,
    BorderRouter,
    BorderRouterEntry,
    BorderRouterFlags,
    ContextControl,
    HasRoute,
    LowpanContext,
    NetworkData,
    NetworkDataTlv,
    NetworkDataType,
    Prefix,
    PrefixContext,
    RouteEntry,
    RouteFlags,
    Server,
    Service,
    ServiceControl,
    ServiceIdentity,
    contexts_of,
)
from tests.wire.mle_captures import captured

# OpenThread, tests/unit/test_network_data.cpp
PARTLY_MALFORMED = bytes.fromhex(
    "ff03010203031d0081fd112233445566778899aabbccddeeff000003b80040010314000003010003"
    "02004003140040fd001234000000000003c800400103540000"
)
WELL_FORMED = bytes.fromhex(
    "08040b020000031e0040fd001234567800000702114000031000400103540000050454003100020f"
    "0040fd00abbacddc00000003100020030e0020fd00abba0106540000040100"
)

HIGH, MEDIUM = RouteFlags(1), RouteFlags(0)


def route(stable: bool, *entries: tuple[str, RouteFlags]) -> NetworkDataTlv:
    """Return a Has Route TLV."""
    made = tuple(RouteEntry(bytes.fromhex(server), flags) for server, flags in entries)
    return NetworkDataTlv(NetworkDataType.HAS_ROUTE, stable, HasRoute(made))


def test_malformed_tlvs_stay_octets_beside_a_good_one() -> None:
    *malformed, good = NETWORK_DATA.decode(PARTLY_MALFORMED).tlvs
    assert [(tlv.type, tlv.stable, type(tlv.value)) for tlv in malformed] == [
        (127, True, bytes),
        (1, True, bytes),  # prefix of 129 bits
        (1, True, bytes),  # too short
        (1, True, bytes),  # no prefix
    ]
    inside = (route(False, ("c800", HIGH)), route(True, ("5400", MEDIUM)))
    prefix = Prefix(0, 64, bytes.fromhex("fd00123400000000"), inside)
    assert good == NetworkDataTlv(NetworkDataType.PREFIX, True, prefix)


WELL_FORMED_VALUE = NetworkData(
    (
        NetworkDataTlv(
            NetworkDataType.COMMISSIONING_DATA,
            False,
            CommissioningData(
                (MeshCopTlv(MeshCopType.COMMISSIONER_SESSION_ID, CommissionerSessionId(0)),)
            ),
        ),
        NetworkDataTlv(
            NetworkDataType.PREFIX,
            True,
            Prefix(
                0,
                64,
                bytes.fromhex("fd00123456780000"),
                (
                    NetworkDataTlv(
                        NetworkDataType.CONTEXT, True, LowpanContext(ContextControl(True, 1), 64)
                    ),
                    route(False, ("1000", HIGH)),
                    route(True, ("5400", MEDIUM)),
                    NetworkDataTlv(
                        NetworkDataType.BORDER_ROUTER,
                        True,
                        BorderRouter(
                            (
                                BorderRouterEntry(
                                    b"\x54\x00",
                                    BorderRouterFlags(0, preferred=True, slaac=True, on_mesh=True),
                                ),
                            )
                        ),
                    ),
                ),
            ),
        ),
        NetworkDataTlv(
            NetworkDataType.PREFIX,
            False,
            Prefix(
                0,
                64,
                bytes.fromhex("fd00abbacddc0000"),
                (route(False, ("1000", RouteFlags(0, nat64=True))),),
            ),
        ),
        NetworkDataTlv(
            NetworkDataType.PREFIX,
            True,
            Prefix(
                0,
                32,
                bytes.fromhex("fd00abba"),
                (route(True, ("5400", MEDIUM), ("0401", MEDIUM)),),
            ),
        ),
    )
)


def test_well_formed() -> None:
    assert NETWORK_DATA.decode(WELL_FORMED) == WELL_FORMED_VALUE
    assert NETWORK_DATA.encode(WELL_FORMED_VALUE) == WELL_FORMED


@pytest.mark.parametrize("octets", [PARTLY_MALFORMED, WELL_FORMED])
def test_every_truncation(octets: bytes) -> None:
    for size in range(len(octets)):
        try:
            value = NETWORK_DATA.decode(octets[:size])
        except MalformedFrame:
            continue
        assert NETWORK_DATA.encode(value) == octets[:size]


SERVICES = {  # worked out by hand
    "80 01 5c 0d 04 5400 0102": Service(
        ServiceIdentity(ServiceControl(True, 0), None, b"\x5c"),
        (NetworkDataTlv(NetworkDataType.SERVER, True, Server(b"\x54\x00", b"\1\2")),),
    ),
    "1f 00003039 00": Service(ServiceIdentity(ServiceControl(False, 15, 1), 12345, b"")),
}


@pytest.mark.parametrize(("octets", "value"), SERVICES.items())
def test_service(octets: str, value: Service) -> None:
    assert SERVICE.decode(bytes.fromhex(octets)) == value
    assert SERVICE.encode(value) == bytes.fromhex(octets)


def test_enterprise_number_of_a_thread_service() -> None:
    numbers = [service.enterprise_number() for service in SERVICES.values()]
    assert numbers == [THREAD_ENTERPRISE_NUMBER, 12345]


@pytest.mark.parametrize("octets", ["", "80", "80 02 5c", "00 0000", "80 01 5c 0d 04 5400"])
def test_malformed_service(octets: str) -> None:
    with pytest.raises(MalformedFrame):
        SERVICE.decode(bytes.fromhex(octets))


@pytest.mark.parametrize(
    "value",
    [
        Prefix(0, 129, bytes(17)),
        Prefix(0, 64, bytes(7)),
        Prefix(0, 64, bytes(8), (NetworkDataTlv(128, True, b""),)),
        Service(ServiceIdentity(ServiceControl(True, 0), 12345, b"")),
        Service(ServiceIdentity(ServiceControl(False, 0), None, b"")),
        Service(ServiceIdentity(ServiceControl(True, 0), None, bytes(256))),
        LowpanContext(ContextControl(True, 1), 129),
    ],
)
def test_value_that_does_not_fit(value: Prefix | Service | LowpanContext) -> None:
    kind = {Prefix: 1, Service: 5, LowpanContext: 3}[type(value)]
    with pytest.raises(FieldOutOfRange):
        NETWORK_DATA.encode(NetworkData((NetworkDataTlv(kind, True, value),)))


def with_context(prefix: str, length: int, context_length: int) -> NetworkData:
    """Return network data of one prefix with context 5, which may not be used to compress."""
    context = LowpanContext(ContextControl(False, 5), context_length)
    inside = (NetworkDataTlv(NetworkDataType.CONTEXT, True, context),)
    made = Prefix(0, length, bytes.fromhex(prefix), inside)
    return NetworkData((NetworkDataTlv(NetworkDataType.PREFIX, True, made),))


def test_contexts_of_well_formed_network_data() -> None:
    prefix = bytes.fromhex("fd001234567800000000000000000000")
    assert list(contexts_of(WELL_FORMED_VALUE)) == [PrefixContext(1, prefix, 64, True)]


@pytest.mark.parametrize(
    ("network_data", "prefix"),
    [
        (with_context("20010db8ffff", 48, 32), "20010db8"),
        (with_context("20010db8ff", 36, 40), "20010db8f0"),  # the prefix has no more
        (with_context("20010db8" + "ff" * 12, 128, 128), "20010db8" + "ff" * 12),
        (with_context("", 0, 0), ""),
    ],
)
def test_context_takes_the_bits_that_both_have(network_data: NetworkData, prefix: str) -> None:
    (context,) = contexts_of(network_data)
    assert context.prefix == bytes.fromhex(prefix).ljust(16, b"\0")
    assert (context.context_id, context.compress) == (5, False)


def test_contexts_that_a_capture_announces() -> None:
    found = set[PrefixContext]()
    for whole in captured("vii-long-8nodes"):
        message = MLE_MESSAGE.decode(whole.message)
        network_data = message.find(TlvType.NETWORK_DATA, NetworkData)
        found |= set(contexts_of(network_data)) if network_data else set()
    texts = {(context.context_id, context.prefix.hex()[:16], context.length) for context in found}
    assert texts == {(1, "20010db800010000", 64), (2, "20010db800030000", 64)}
