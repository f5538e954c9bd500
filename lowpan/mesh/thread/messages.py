"""The MLE messages that a Thread child sends, TLVs in OpenThread's order."""

from collections.abc import Iterable

from lowpan.mesh.discovery import THREAD_VERSION
from lowpan.mesh.thread.network import ThreadNetwork
from lowpan.mesh.thread.parent_choice import Candidate
from lowpan.mesh.thread.settings import ChildSettings
from lowpan.wire.meshcop import Channel, PanId, Timestamp
from lowpan.wire.mle import MleCommand, MleMessage, Tlv, TlvContent, TlvType
from lowpan.wire.mle_draft import (
    Challenge,
    LinkLayerFrameCounter,
    MleFrameCounter,
    Response,
    SourceAddress,
    Timeout,
)
from lowpan.wire.mle_tlvs import (
    AddressRegistration,
    LeaderData,
    RegisteredAddress,
    RegisteredAddressControl,
    ScanMask,
    Status,
    SupervisionInterval,
    TlvRequest,
    Version,
)

MESH_LOCAL_CONTEXT = 0
ORPHAN = Timestamp(0, 0, True)
"""Active timestamp of an Announce whose sender has lost its network."""
LONGEST_CLEAR = 76
"""Octets of a message, command and TLVs, to an extended address in one frame.

127 less FCS (2), MAC header (21), IPv6 and UDP compressed (9), suite (1), security header (10) and
MIC (4): 80.  Four are left for an addressing that is not compressed as well."""


def _message(command: MleCommand, *tlvs: tuple[TlvType, TlvContent] | None) -> MleMessage:
    return MleMessage(command, tuple(Tlv(*tlv) for tlv in tlvs if tlv is not None))


def parent_request(
    settings: ChildSettings, challenge: bytes, *, end_devices_too: bool
) -> MleMessage:
    """Ask routers, and perhaps those that may become one, to be our parent."""
    return _message(
        MleCommand.PARENT_REQUEST,
        (TlvType.MODE, settings.role.mode),
        (TlvType.CHALLENGE, Challenge(challenge)),
        (TlvType.SCAN_MASK, ScanMask(True, end_devices_too)),
        (TlvType.VERSION, Version(THREAD_VERSION)),
    )


def child_id_request(  # noqa: PLR0913  (all that it says)
    settings: ChildSettings,
    candidate: Candidate,
    link_counter: int,
    mle_counter: int,
    *,
    registered: AddressRegistration | None,
    active: Timestamp | None,
    pending: Timestamp | None,
) -> MleMessage:
    """Ask the chosen parent for an address, and for all that a member knows."""
    wanted = [TlvType.ADDRESS16, TlvType.NETWORK_DATA]
    if settings.role.is_full_thread_device:
        wanted.append(TlvType.ROUTE64)
    return _message(
        MleCommand.CHILD_ID_REQUEST,
        (TlvType.RESPONSE, Response(candidate.challenge)),
        (TlvType.LINK_LAYER_FRAME_COUNTER, LinkLayerFrameCounter(link_counter)),
        (TlvType.MLE_FRAME_COUNTER, MleFrameCounter(mle_counter)),
        (TlvType.MODE, settings.role.mode),
        (TlvType.TIMEOUT, Timeout(settings.timeout)),
        (TlvType.VERSION, Version(THREAD_VERSION)),
        _supervision(settings),
        None if registered is None else (TlvType.ADDRESS_REGISTRATION, registered),
        (TlvType.TLV_REQUEST, TlvRequest(tuple(wanted))),
        None if active is None else (TlvType.ACTIVE_TIMESTAMP, active),
        None if pending is None else (TlvType.PENDING_TIMESTAMP, pending),
    )


def child_update_request(  # noqa: PLR0913  (all that it says)
    settings: ChildSettings,
    *,
    challenge: bytes | None = None,
    rloc16: bytes | None = None,
    leader_data: LeaderData | None = None,
    registered: AddressRegistration | None = None,
    timeout: int | None = None,
) -> MleMessage:
    """Tell the parent that we are there; `timeout` is ours in seconds, 0 to take our leave.

    After a restart there are a challenge and neither `rloc16` nor `leader_data`.
    """
    is_child = rloc16 is not None
    seconds = settings.timeout if timeout is None else timeout
    return _message(
        MleCommand.CHILD_UPDATE_REQUEST,
        (TlvType.MODE, settings.role.mode),
        None if challenge is None else (TlvType.CHALLENGE, Challenge(challenge)),
        None if rloc16 is None else (TlvType.SOURCE_ADDRESS, SourceAddress(rloc16)),
        None if leader_data is None else (TlvType.LEADER_DATA, leader_data),
        (TlvType.TIMEOUT, Timeout(seconds)) if is_child else None,
        _supervision(settings) if is_child else None,
        None if registered is None else (TlvType.ADDRESS_REGISTRATION, registered),
    )


def child_update_response(
    rloc16: bytes, leader_data: LeaderData, *tlvs: tuple[TlvType, TlvContent]
) -> MleMessage:
    """Answer a Child Update Request with `tlvs`, which it asked for."""
    return _message(
        MleCommand.CHILD_UPDATE_RESPONSE,
        (TlvType.SOURCE_ADDRESS, SourceAddress(rloc16)),
        (TlvType.LEADER_DATA, leader_data),
        *tlvs,
    )


def no_child_of_yours(rloc16: bytes, leader_data: LeaderData) -> MleMessage:
    """Answer a Child Update Request of somebody who is not our parent."""
    return child_update_response(rloc16, leader_data, (TlvType.STATUS, Status(1)))


def data_request(
    wanted: Iterable[TlvType], active: Timestamp | None, pending: Timestamp | None
) -> MleMessage:
    """Ask the parent for network data, and for datasets that are not of these timestamps."""
    return _message(
        MleCommand.DATA_REQUEST,
        (TlvType.TLV_REQUEST, TlvRequest(tuple(wanted))),
        None if active is None else (TlvType.ACTIVE_TIMESTAMP, active),
        None if pending is None else (TlvType.PENDING_TIMESTAMP, pending),
    )


def announce(network: ThreadNetwork, channel: int, pan_id: int, *, orphan: bool) -> MleMessage:
    """Say where the network is, or as an orphan where it was, for others to tell."""
    timestamp = ORPHAN if orphan or network.active_timestamp is None else network.active_timestamp
    return _message(
        MleCommand.ANNOUNCE,
        (TlvType.CHANNEL, Channel(0, channel)),
        (TlvType.ACTIVE_TIMESTAMP, timestamp),
        (TlvType.PAN_ID, PanId(pan_id)),
    )


def without(message: MleMessage, tlv_type: TlvType) -> MleMessage:
    """Return `message` without its TLVs of one type."""
    kept = tuple(tlv for tlv in message.tlvs if tlv.type != tlv_type)
    return MleMessage(message.command, kept)


def registered_address(address: bytes, contexts: dict[int, bytes]) -> RegisteredAddress:
    """Return an entry for `address`, short if one of `contexts`, prefixes of 8 octets, fits."""
    for context_id, prefix in contexts.items():
        if address[:8] == prefix:
            return RegisteredAddress(RegisteredAddressControl(True, context_id), address[8:])
    return RegisteredAddress(RegisteredAddressControl(False), address)


def _supervision(settings: ChildSettings) -> tuple[TlvType, TlvContent] | None:
    if not settings.role.sleeps:
        return None
    return TlvType.SUPERVISION_INTERVAL, SupervisionInterval(settings.supervision_interval)
