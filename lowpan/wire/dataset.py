"""Operational datasets and discovery: lists of MeshCoP TLVs."""

from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from construct import Struct

from lowpan.errors import KeyFormatError, MalformedFrame
from lowpan.schema import Layout, Run
from lowpan.wire import meshcop
from lowpan.wire.tlv import TlvList, describe, tlv_schema


class MeshCopType(IntEnum):
    """Types of MeshCoP TLV whose content is known here, and one more that holds a key."""

    CHANNEL = 0
    PAN_ID = 1
    EXTENDED_PAN_ID = 2
    NETWORK_NAME = 3
    PSKC = 4
    NETWORK_KEY = 5
    MESH_LOCAL_PREFIX = 7
    STEERING_DATA = 8
    BORDER_AGENT_LOCATOR = 9
    COMMISSIONER_SESSION_ID = 11
    SECURITY_POLICY = 12
    ACTIVE_TIMESTAMP = 14
    COMMISSIONER_UDP_PORT = 15
    JOINER_UDP_PORT = 18
    JOINER_ROUTER_KEK = 21
    PENDING_TIMESTAMP = 51
    DELAY_TIMER = 52
    CHANNEL_MASK = 53
    DOMAIN_NAME = 59
    WAKE_UP_CHANNEL = 74
    DISCOVERY_REQUEST = 128
    DISCOVERY_RESPONSE = 129


MESHCOP_NAMES: dict[int, str] = {
    MeshCopType.CHANNEL: "Channel",
    MeshCopType.PAN_ID: "PAN ID",
    MeshCopType.EXTENDED_PAN_ID: "Extended PAN ID",
    MeshCopType.NETWORK_NAME: "Network Name",
    MeshCopType.PSKC: "PSKc",
    MeshCopType.NETWORK_KEY: "Network Key",
    MeshCopType.MESH_LOCAL_PREFIX: "Mesh-Local Prefix",
    MeshCopType.STEERING_DATA: "Steering Data",
    MeshCopType.BORDER_AGENT_LOCATOR: "Border Agent Locator",
    MeshCopType.COMMISSIONER_SESSION_ID: "Commissioner Session ID",
    MeshCopType.SECURITY_POLICY: "Security Policy",
    MeshCopType.ACTIVE_TIMESTAMP: "Active Timestamp",
    MeshCopType.COMMISSIONER_UDP_PORT: "Commissioner UDP Port",
    MeshCopType.JOINER_UDP_PORT: "Joiner UDP Port",
    MeshCopType.JOINER_ROUTER_KEK: "Joiner Router KEK",
    MeshCopType.PENDING_TIMESTAMP: "Pending Timestamp",
    MeshCopType.DELAY_TIMER: "Delay Timer",
    MeshCopType.CHANNEL_MASK: "Channel Mask",
    MeshCopType.DOMAIN_NAME: "Thread Domain Name",
    MeshCopType.WAKE_UP_CHANNEL: "Wake-up Channel",
    MeshCopType.DISCOVERY_REQUEST: "Discovery Request",
    MeshCopType.DISCOVERY_RESPONSE: "Discovery Response",
}

SECRET_TYPES = frozenset({MeshCopType.PSKC, MeshCopType.NETWORK_KEY, MeshCopType.JOINER_ROUTER_KEK})

MeshCopContent = (
    meshcop.Channel
    | meshcop.PanId
    | meshcop.ExtendedPanId
    | meshcop.NetworkName
    | meshcop.Pskc
    | meshcop.NetworkKey
    | meshcop.MeshLocalPrefix
    | meshcop.SteeringData
    | meshcop.BorderAgentLocator
    | meshcop.CommissionerSessionId
    | meshcop.SecurityPolicy
    | meshcop.Timestamp
    | meshcop.UdpPort
    | meshcop.DelayTimer
    | meshcop.ChannelMask
    | meshcop.DomainName
    | meshcop.DiscoveryRequest
    | meshcop.DiscoveryResponse
)

MESHCOP_CONTENTS: dict[int, Layout[Any]] = {
    MeshCopType.CHANNEL: meshcop.CHANNEL,
    MeshCopType.PAN_ID: meshcop.PAN_ID,
    MeshCopType.EXTENDED_PAN_ID: meshcop.EXTENDED_PAN_ID,
    MeshCopType.NETWORK_NAME: meshcop.NETWORK_NAME,
    MeshCopType.PSKC: meshcop.PSKC,
    MeshCopType.NETWORK_KEY: meshcop.NETWORK_KEY,
    MeshCopType.MESH_LOCAL_PREFIX: meshcop.MESH_LOCAL_PREFIX,
    MeshCopType.STEERING_DATA: meshcop.STEERING_DATA,
    MeshCopType.BORDER_AGENT_LOCATOR: meshcop.BORDER_AGENT_LOCATOR,
    MeshCopType.COMMISSIONER_SESSION_ID: meshcop.COMMISSIONER_SESSION_ID,
    MeshCopType.SECURITY_POLICY: meshcop.SECURITY_POLICY,
    MeshCopType.ACTIVE_TIMESTAMP: meshcop.TIMESTAMP,
    MeshCopType.COMMISSIONER_UDP_PORT: meshcop.UDP_PORT,
    MeshCopType.JOINER_UDP_PORT: meshcop.UDP_PORT,
    MeshCopType.PENDING_TIMESTAMP: meshcop.TIMESTAMP,
    MeshCopType.DELAY_TIMER: meshcop.DELAY_TIMER,
    MeshCopType.CHANNEL_MASK: meshcop.CHANNEL_MASK,
    MeshCopType.DOMAIN_NAME: meshcop.DOMAIN_NAME,
    MeshCopType.WAKE_UP_CHANNEL: meshcop.CHANNEL,
    MeshCopType.DISCOVERY_REQUEST: meshcop.DISCOVERY_REQUEST,
    MeshCopType.DISCOVERY_RESPONSE: meshcop.DISCOVERY_RESPONSE,
}


@dataclass(frozen=True, slots=True, repr=False)
class MeshCopTlv:
    """One MeshCoP TLV."""

    type: int
    value: MeshCopContent | bytes
    """Octets where the type is unknown or the content malformed."""
    long_form: bool = False
    """The length takes three octets although it is below 255."""

    def __repr__(self) -> str:
        """Show a key that is malformed as little as one that is not."""
        return describe(self, secret=self.type in SECRET_TYPES)


MESHCOP_TLV = Layout(MeshCopTlv, tlv_schema(MESHCOP_CONTENTS))


@dataclass(frozen=True, slots=True)
class Dataset(TlvList):
    """An operational dataset, active or pending: what every member of a network knows."""

    tlvs: tuple[MeshCopTlv, ...]


DATASET = Layout(Dataset, Struct("tlvs" / Run(MESHCOP_TLV)))


@dataclass(frozen=True, slots=True)
class Discovery(TlvList):
    """Content of MLE's Thread Discovery TLV."""

    tlvs: tuple[MeshCopTlv, ...]


DISCOVERY = Layout(Discovery, Struct("tlvs" / Run(MESHCOP_TLV)))


@dataclass(frozen=True, slots=True)
class CommissioningData(TlvList):
    """Content of the network data's Commissioning Data: who may join, and through whom."""

    tlvs: tuple[MeshCopTlv, ...]


COMMISSIONING_DATA = Layout(CommissioningData, Struct("tlvs" / Run(MESHCOP_TLV)))


def dataset_from_hex(text: str) -> Dataset:
    """Return the dataset that other tools print as hex digits; white space does not matter.

    Raises KeyFormatError, which never quotes `text`: it holds keys.
    """
    try:
        dataset = DATASET.decode(bytes.fromhex(text))
    except ValueError:
        raise KeyFormatError("a dataset is written in pairs of hex digits") from None
    except MalformedFrame as error:
        where = "" if error.offset is None else f" after {error.offset} octets"
        raise KeyFormatError(f"no list of dataset TLVs: cut or damaged{where}") from None
    if not dataset.tlvs:
        raise KeyFormatError("a dataset without any TLV")
    for tlv in dataset.tlvs:
        if isinstance(tlv.value, bytes) and tlv.type in (MeshCopType.PSKC, MeshCopType.NETWORK_KEY):
            name = MESHCOP_NAMES[tlv.type]
            raise KeyFormatError(f"{name} in the dataset has {len(tlv.value)} octets, not 16")
    return dataset
