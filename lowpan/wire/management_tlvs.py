"""TLVs of Thread's management messages: payloads of CoAP such as a/aq, a/an and a/as."""

from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from construct import Bytes, Int8ub, Int32ub, Struct

from lowpan.schema import Layout, Run
from lowpan.wire.tlv import TlvList, tlv_schema


class ManagementType(IntEnum):
    """Types of management TLV whose content is known here."""

    TARGET_EID = 0
    EXTENDED_ADDRESS = 1
    RLOC16 = 2
    MESH_LOCAL_EID = 3
    STATUS = 4
    LAST_TRANSACTION_TIME = 6


@dataclass(frozen=True, slots=True)
class TargetEid:
    """The IPv6 address that is asked for."""

    address: bytes
    """16 octets."""


TARGET_EID = Layout(TargetEid, Struct("address" / Bytes(16)))


@dataclass(frozen=True, slots=True)
class ExtendedAddress:
    """Who asks for a router id."""

    address: bytes
    """8 octets."""


EXTENDED_ADDRESS = Layout(ExtendedAddress, Struct("address" / Bytes(8)))


@dataclass(frozen=True, slots=True)
class Rloc16:
    """Where the address is in the mesh, or which RLOC16 is assigned."""

    rloc16: bytes
    """2 octets."""


RLOC16 = Layout(Rloc16, Struct("rloc16" / Bytes(2)))


@dataclass(frozen=True, slots=True)
class MeshLocalEid:
    """Interface identifier by which its owner is known for good."""

    iid: bytes
    """8 octets."""


MESH_LOCAL_EID = Layout(MeshLocalEid, Struct("iid" / Bytes(8)))


@dataclass(frozen=True, slots=True)
class ManagementStatus:
    """Outcome of a request, or the reason for one."""

    status: int
    """0..255."""


MANAGEMENT_STATUS = Layout(ManagementStatus, Struct("status" / Int8ub))


@dataclass(frozen=True, slots=True)
class LastTransactionTime:
    """When a parent has last heard the child that has the address."""

    ago: int
    """Seconds, 32 bits."""


LAST_TRANSACTION_TIME = Layout(LastTransactionTime, Struct("ago" / Int32ub))

_CONTENTS: dict[int, Layout[Any]] = {
    ManagementType.TARGET_EID: TARGET_EID,
    ManagementType.EXTENDED_ADDRESS: EXTENDED_ADDRESS,
    ManagementType.RLOC16: RLOC16,
    ManagementType.MESH_LOCAL_EID: MESH_LOCAL_EID,
    ManagementType.STATUS: MANAGEMENT_STATUS,
    ManagementType.LAST_TRANSACTION_TIME: LAST_TRANSACTION_TIME,
}

ManagementContent = (
    TargetEid | ExtendedAddress | Rloc16 | MeshLocalEid | ManagementStatus | LastTransactionTime
)


@dataclass(frozen=True, slots=True)
class ManagementTlv:
    """One TLV of a management message."""

    type: int
    value: ManagementContent | bytes
    """Octets where the type is unknown or the content malformed."""
    long_form: bool = False
    """The length takes three octets although it is below 255."""


MANAGEMENT_TLV = Layout(ManagementTlv, tlv_schema(_CONTENTS))


@dataclass(frozen=True, slots=True)
class ManagementTlvs(TlvList):
    """Payload of a management message."""

    tlvs: tuple[ManagementTlv, ...]


MANAGEMENT_TLVS = Layout(ManagementTlvs, Struct("tlvs" / Run(MANAGEMENT_TLV)))
