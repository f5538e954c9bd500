import pytest

from lowpan.wire.management_tlvs import (
    MANAGEMENT_TLVS,
    ExtendedAddress,
    ManagementContent,
    ManagementStatus,
    ManagementTlv,
    ManagementTlvs,
    ManagementType,
    MeshLocalEid,
    Rloc16,
    TargetEid,
)

Tlvs = tuple[tuple[ManagementType, ManagementContent], ...]
EID = bytes.fromhex("fd000db800000000adb9fc188516ba31")

VECTORS: dict[str, Tlvs] = {
    # OpenThread, capture iii: an Address Query; an Address Solicit of capture i
    "0010 fd000db800000000adb9fc188516ba31": ((ManagementType.TARGET_EID, TargetEid(EID)),),
    "0108 02aabbccdd000002 0401 02": (
        (ManagementType.EXTENDED_ADDRESS, ExtendedAddress(bytes.fromhex("02aabbccdd000002"))),
        (ManagementType.STATUS, ManagementStatus(2)),
    ),
    # worked out by hand: an Address Notification
    "0010 fd000db800000000adb9fc188516ba31 0308 adb9fc188516ba31 0202 d801": (
        (ManagementType.TARGET_EID, TargetEid(EID)),
        (ManagementType.MESH_LOCAL_EID, MeshLocalEid(EID[8:])),
        (ManagementType.RLOC16, Rloc16(bytes.fromhex("d801"))),
    ),
}


@pytest.mark.parametrize(("octets", "tlvs"), VECTORS.items())
def test_vector(octets: str, tlvs: Tlvs) -> None:
    value = ManagementTlvs(tuple(ManagementTlv(*tlv) for tlv in tlvs))
    assert MANAGEMENT_TLVS.decode(bytes.fromhex(octets)) == value
    assert MANAGEMENT_TLVS.encode(value) == bytes.fromhex(octets)
