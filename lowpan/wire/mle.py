"""Mesh Link Establishment: envelope, message and TLVs (draft-kelsey-...-06 §5-§8, and Thread)."""

from dataclasses import dataclass
from enum import IntEnum
from typing import Any

from construct import Bytes, Computed, GreedyBytes, IfThenElse, Int8ub, Struct, this

from lowpan.schema import Before, Layout, Require, Run, when
from lowpan.wire import mle_draft, mle_tlvs
from lowpan.wire.dataset import DATASET, DISCOVERY, Dataset, Discovery
from lowpan.wire.link_metrics import LINK_METRICS, LinkMetrics
from lowpan.wire.meshcop import CHANNEL, PAN_ID, TIMESTAMP, Channel, PanId, Timestamp
from lowpan.wire.network_data import NETWORK_DATA, NetworkData
from lowpan.wire.route64 import CONNECTIVITY, ROUTE64, Connectivity, Route64
from lowpan.wire.security_header import AUXILIARY_SECURITY_HEADER, AuxiliarySecurityHeader
from lowpan.wire.tlv import TlvList, describe, tlv_schema

MLE_PORT = 19788
"""UDP port of both ends (§8)."""
MLE_HOP_LIMIT = 255
"""Of all messages on a link: nobody has forwarded them (§9)."""
SECURED, UNSECURED = 0, 255
"""Security suites: CCM* as in IEEE 802.15.4, and none."""


class MleCommand(IntEnum):
    """Commands of MLE messages; 0 to 6 are the draft's."""

    LINK_REQUEST = 0
    LINK_ACCEPT = 1
    LINK_ACCEPT_AND_REQUEST = 2
    LINK_REJECT = 3
    ADVERTISEMENT = 4
    UPDATE = 5
    UPDATE_REQUEST = 6
    DATA_REQUEST = 7
    DATA_RESPONSE = 8
    PARENT_REQUEST = 9
    PARENT_RESPONSE = 10
    CHILD_ID_REQUEST = 11
    CHILD_ID_RESPONSE = 12
    CHILD_UPDATE_REQUEST = 13
    CHILD_UPDATE_RESPONSE = 14
    ANNOUNCE = 15
    DISCOVERY_REQUEST = 16
    DISCOVERY_RESPONSE = 17
    LINK_METRICS_MANAGEMENT_REQUEST = 18
    LINK_METRICS_MANAGEMENT_RESPONSE = 19
    LINK_PROBE = 20
    TIME_SYNC = 99
    P2P_LINK_REQUEST = 100
    P2P_LINK_ACCEPT = 101
    P2P_LINK_ACCEPT_AND_REQUEST = 102
    P2P_LINK_TEAR_DOWN = 103


class TlvType(IntEnum):
    """Types of MLE TLV; LINK_QUALITY and NETWORK_PARAMETER are the draft's alone."""

    SOURCE_ADDRESS = 0
    MODE = 1
    TIMEOUT = 2
    CHALLENGE = 3
    RESPONSE = 4
    LINK_LAYER_FRAME_COUNTER = 5
    LINK_QUALITY = 6
    NETWORK_PARAMETER = 7
    MLE_FRAME_COUNTER = 8
    ROUTE64 = 9
    ADDRESS16 = 10
    LEADER_DATA = 11
    NETWORK_DATA = 12
    TLV_REQUEST = 13
    SCAN_MASK = 14
    CONNECTIVITY = 15
    LINK_MARGIN = 16
    STATUS = 17
    VERSION = 18
    ADDRESS_REGISTRATION = 19
    CHANNEL = 20
    PAN_ID = 21
    ACTIVE_TIMESTAMP = 22
    PENDING_TIMESTAMP = 23
    ACTIVE_OPERATIONAL_DATASET = 24
    PENDING_OPERATIONAL_DATASET = 25
    THREAD_DISCOVERY = 26
    SUPERVISION_INTERVAL = 27
    WAKE_UP_CHANNEL = 74
    CSL_CHANNEL = 80
    CSL_TIMEOUT = 85
    CSL_CLOCK_ACCURACY = 86
    LINK_METRICS_QUERY = 87
    LINK_METRICS_MANAGEMENT = 88
    LINK_METRICS_REPORT = 89
    LINK_PROBE = 90
    TIME_REQUEST = 252
    TIME_PARAMETER = 253
    XTAL_ACCURACY = 254


TlvContent = (
    mle_draft.SourceAddress
    | mle_draft.Mode
    | mle_draft.Timeout
    | mle_draft.Challenge
    | mle_draft.Response
    | mle_draft.LinkLayerFrameCounter
    | mle_draft.LinkQuality
    | mle_draft.NetworkParameter
    | mle_draft.MleFrameCounter
    | Route64
    | mle_tlvs.Address16
    | mle_tlvs.LeaderData
    | NetworkData
    | mle_tlvs.TlvRequest
    | mle_tlvs.ScanMask
    | Connectivity
    | mle_tlvs.LinkMargin
    | mle_tlvs.Status
    | mle_tlvs.Version
    | mle_tlvs.AddressRegistration
    | Channel
    | PanId
    | Timestamp
    | Dataset
    | Discovery
    | mle_tlvs.SupervisionInterval
    | mle_tlvs.CslTimeout
    | mle_tlvs.CslClockAccuracy
    | LinkMetrics
    | mle_tlvs.LinkProbe
    | mle_tlvs.TimeRequest
    | mle_tlvs.TimeParameter
    | mle_tlvs.XtalAccuracy
)

MLE_CONTENTS: dict[int, Layout[Any]] = {
    TlvType.SOURCE_ADDRESS: mle_draft.SOURCE_ADDRESS,
    TlvType.MODE: mle_draft.MODE,
    TlvType.TIMEOUT: mle_draft.TIMEOUT,
    TlvType.CHALLENGE: mle_draft.CHALLENGE,
    TlvType.RESPONSE: mle_draft.RESPONSE,
    TlvType.LINK_LAYER_FRAME_COUNTER: mle_draft.LINK_LAYER_FRAME_COUNTER,
    TlvType.LINK_QUALITY: mle_draft.LINK_QUALITY,
    TlvType.NETWORK_PARAMETER: mle_draft.NETWORK_PARAMETER,
    TlvType.MLE_FRAME_COUNTER: mle_draft.MLE_FRAME_COUNTER,
    TlvType.ROUTE64: ROUTE64,
    TlvType.ADDRESS16: mle_tlvs.ADDRESS16,
    TlvType.LEADER_DATA: mle_tlvs.LEADER_DATA,
    TlvType.NETWORK_DATA: NETWORK_DATA,
    TlvType.TLV_REQUEST: mle_tlvs.TLV_REQUEST,
    TlvType.SCAN_MASK: mle_tlvs.SCAN_MASK,
    TlvType.CONNECTIVITY: CONNECTIVITY,
    TlvType.LINK_MARGIN: mle_tlvs.LINK_MARGIN,
    TlvType.STATUS: mle_tlvs.STATUS,
    TlvType.VERSION: mle_tlvs.VERSION,
    TlvType.ADDRESS_REGISTRATION: mle_tlvs.ADDRESS_REGISTRATION,
    TlvType.CHANNEL: CHANNEL,
    TlvType.PAN_ID: PAN_ID,
    TlvType.ACTIVE_TIMESTAMP: TIMESTAMP,
    TlvType.PENDING_TIMESTAMP: TIMESTAMP,
    TlvType.ACTIVE_OPERATIONAL_DATASET: DATASET,
    TlvType.PENDING_OPERATIONAL_DATASET: DATASET,
    TlvType.THREAD_DISCOVERY: DISCOVERY,
    TlvType.SUPERVISION_INTERVAL: mle_tlvs.SUPERVISION_INTERVAL,
    TlvType.WAKE_UP_CHANNEL: CHANNEL,
    TlvType.CSL_CHANNEL: CHANNEL,
    TlvType.CSL_TIMEOUT: mle_tlvs.CSL_TIMEOUT,
    TlvType.CSL_CLOCK_ACCURACY: mle_tlvs.CSL_CLOCK_ACCURACY,
    TlvType.LINK_METRICS_QUERY: LINK_METRICS,
    TlvType.LINK_METRICS_MANAGEMENT: LINK_METRICS,
    TlvType.LINK_METRICS_REPORT: LINK_METRICS,
    TlvType.LINK_PROBE: mle_tlvs.LINK_PROBE,
    TlvType.TIME_REQUEST: mle_tlvs.TIME_REQUEST,
    TlvType.TIME_PARAMETER: mle_tlvs.TIME_PARAMETER,
    TlvType.XTAL_ACCURACY: mle_tlvs.XTAL_ACCURACY,
}

_DATASETS = frozenset({TlvType.ACTIVE_OPERATIONAL_DATASET, TlvType.PENDING_OPERATIONAL_DATASET})


@dataclass(slots=True, repr=False)
class Tlv:
    """One TLV of an MLE message."""

    type: int
    """0..255, see TlvType."""
    value: TlvContent | bytes
    """Octets where the type is unknown or the content malformed."""
    long_form: bool = False
    """The length takes three octets although it is below 255."""

    def __repr__(self) -> str:
        """Show nothing of a dataset that is malformed: there are keys in it."""
        return describe(self, secret=self.type in _DATASETS)


TLV = Layout(Tlv, tlv_schema(MLE_CONTENTS))


@dataclass(slots=True)
class MleMessage(TlvList):
    """What an MLE message says once its protection is off."""

    command: int
    """0..255, see MleCommand."""
    tlvs: tuple[Tlv, ...]


MLE_MESSAGE = Layout(MleMessage, Struct("command" / Int8ub, "tlvs" / Run(TLV)))


@dataclass(slots=True)
class MleEnvelope:
    """Payload of a UDP datagram to MLE_PORT: a message as it travels.

    The authenticated octets of a secured one are the IPv6 source, the IPv6 destination and
    `security`, encoded (§8).
    """

    suite: int
    """SECURED or UNSECURED."""
    security: AuxiliarySecurityHeader | None
    """None if unsecured."""
    payload: bytes
    """The message, MLE_MESSAGE, encrypted if secured at a level that encrypts."""
    mic: bytes = b""
    """0, 4, 8 or 16 octets."""


MLE_ENVELOPE = Layout(
    MleEnvelope,
    Struct(
        "suite" / Int8ub,
        Require((this.suite == SECURED) | (this.suite == UNSECURED), "unknown security suite"),
        "security" / when(this.suite == SECURED, AUXILIARY_SECURITY_HEADER),
        "mic_octets"
        / IfThenElse(
            this.suite == SECURED,
            Computed((2 << (this.security.control.security_level & 3)) & 0x1C),
            Computed(0),
        ),
        "payload" / Before(this.mic_octets, GreedyBytes),
        "mic" / Bytes(this.mic_octets),
    ),
)
