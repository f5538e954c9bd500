from typing import Any

import pytest

from lowpan.errors import FieldOutOfRange, MalformedFrame
from lowpan.schema import Layout
from lowpan.wire.meshcop import CHANNEL, TIMESTAMP, Channel, Timestamp
from lowpan.wire.mle_tlvs import (
    ADDRESS16,
    ADDRESS_REGISTRATION,
    CSL_CLOCK_ACCURACY,
    CSL_TIMEOUT,
    LEADER_DATA,
    LINK_PROBE,
    SCAN_MASK,
    SUPERVISION_INTERVAL,
    TIME_PARAMETER,
    TIME_REQUEST,
    TLV_REQUEST,
    XTAL_ACCURACY,
    Address16,
    AddressRegistration,
    CslClockAccuracy,
    CslTimeout,
    LeaderData,
    LinkProbe,
    RegisteredAddress,
    RegisteredAddressControl,
    ScanMask,
    SupervisionInterval,
    TimeParameter,
    TimeRequest,
    TlvRequest,
    XtalAccuracy,
)

IID = bytes.fromhex("b9c88ceb162749c8")
ADDRESS = bytes.fromhex("20010db8000100000000000000000001")

VECTORS: list[tuple[Layout[Any], str, Any]] = [
    # from messages of OpenThread that lowpan's captures hold
    (ADDRESS16, "d801", Address16(b"\xd8\x01")),
    (LEADER_DATA, "5d96192b 40 aa 4c 04", LeaderData(0x5D96192B, 0x40, 0xAA, 0x4C, 4)),
    (TLV_REQUEST, "0a 0c 09", TlvRequest((10, 12, 9))),
    (SCAN_MASK, "80", ScanMask(routers=True, end_devices=False)),
    (SCAN_MASK, "c0", ScanMask(routers=True, end_devices=True)),
    (CHANNEL, "00 000b", Channel(0, 11)),
    (TIMESTAMP, "000000000001 0000", Timestamp(1)),
    (SUPERVISION_INTERVAL, "0081", SupervisionInterval(129)),
    (CSL_TIMEOUT, "00000064", CslTimeout(100)),
    (CSL_CLOCK_ACCURACY, "00 ff", CslClockAccuracy(0, 2550)),
    (LINK_PROBE, "01 02aabbccdd", LinkProbe(1, bytes.fromhex("02aabbccdd"))),
    (
        ADDRESS_REGISTRATION,
        "80 b9c88ceb162749c8",
        AddressRegistration((RegisteredAddress(RegisteredAddressControl(True), IID),)),
    ),
    (ADDRESS_REGISTRATION, "", AddressRegistration(())),
    # worked out by hand from the layouts
    (TIMESTAMP, "ffffffffffff 0003", Timestamp((1 << 48) - 1, 1, authoritative=True)),
    (
        ADDRESS_REGISTRATION,
        "82 b9c88ceb162749c8 00 20010db8000100000000000000000001",
        AddressRegistration(
            (
                RegisteredAddress(RegisteredAddressControl(True, 2), IID),
                RegisteredAddress(RegisteredAddressControl(False), ADDRESS),
            )
        ),
    ),
    (TIME_REQUEST, "", TimeRequest()),
    (TIME_PARAMETER, "001e 0014", TimeParameter(30, 20)),
    (XTAL_ACCURACY, "000a", XtalAccuracy(10)),
]


@pytest.mark.parametrize(("layout", "octets", "value"), VECTORS)
def test_vector(layout: Layout[Any], octets: str, value: Any) -> None:
    assert layout.decode(bytes.fromhex(octets)) == value
    assert layout.encode(value) == bytes.fromhex(octets)


MALFORMED: list[tuple[Layout[Any], str]] = [
    (ADDRESS16, "d8"),
    (ADDRESS16, "d80100"),
    (LEADER_DATA, "5d96192b40aa4c"),
    (SCAN_MASK, ""),
    (ADDRESS_REGISTRATION, "80 b9c88ceb162749"),
    (ADDRESS_REGISTRATION, "00 b9c88ceb162749c8"),
    (LINK_PROBE, ""),
    (TIME_REQUEST, "00"),
]


@pytest.mark.parametrize(("layout", "octets"), MALFORMED)
def test_malformed(layout: Layout[Any], octets: str) -> None:
    with pytest.raises(MalformedFrame):
        layout.decode(bytes.fromhex(octets))


UNFIT: list[tuple[Layout[Any], Any]] = [
    (ADDRESS16, Address16(b"\xd8")),
    (LEADER_DATA, LeaderData(1 << 32, 0, 0, 0, 0)),
    (TLV_REQUEST, TlvRequest((256,))),
    (SCAN_MASK, ScanMask(True, True, reserved=64)),
    (TIMESTAMP, Timestamp(1 << 48)),
    (TIMESTAMP, Timestamp(0, 1 << 15)),
    (CSL_CLOCK_ACCURACY, CslClockAccuracy(0, 255)),
    (
        ADDRESS_REGISTRATION,
        AddressRegistration((RegisteredAddress(RegisteredAddressControl(True), ADDRESS),)),
    ),
]


@pytest.mark.parametrize(("layout", "value"), UNFIT)
def test_value_that_does_not_fit(layout: Layout[Any], value: Any) -> None:
    with pytest.raises(FieldOutOfRange):
        layout.encode(value)
