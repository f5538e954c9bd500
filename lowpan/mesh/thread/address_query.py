"""Thread's questions for addresses: "who has it?", asked of all routers, answered by its owner.

A minimal end device leaves that to its parent.  CoAP (RFC 7252) over UDP port 61631.
"""

from dataclasses import dataclass

from lowpan.adaptation.pace import Allowance
from lowpan.errors import MalformedFrame
from lowpan.mesh.service import MeshAction, MeshUdpReceived, SendUdp
from lowpan.mesh.thread.child_addresses import ChildAddresses
from lowpan.mesh.thread.locators import REALM_LOCAL_ALL_ROUTERS
from lowpan.mesh.thread.station import Station
from lowpan.wire.coap import (
    COAP_MESSAGE,
    CoapCode,
    CoapMessage,
    CoapType,
    coap_message,
    uri_path,
)
from lowpan.wire.management_tlvs import (
    MANAGEMENT_TLVS,
    ManagementTlv,
    ManagementTlvs,
    ManagementType,
    MeshLocalEid,
    Rloc16,
    TargetEid,
)

MANAGEMENT_PORT = 61631
"""UDP port of Thread's management messages."""

_QUERY, _NOTIFY = b"a/aq", b"a/an"
_TOKEN_OCTETS = 2
_RETRANSMIT_AFTER, _MOST_TRANSMISSIONS = 2_000_000, 4
"""ACK_TIMEOUT, and MAX_RETRANSMIT + 1 (RFC 7252 §4.8), without its random factor."""


@dataclass(slots=True)
class _Notification:
    """An answer that is to be acknowledged."""

    send: SendUdp
    due: int
    transmissions: int


class AddressQueries:
    """Answers for the addresses of a full end device; bounded, and at a bounded pace."""

    def __init__(
        self, station: Station, addresses: ChildAddresses, *, most_unacknowledged: int = 16
    ) -> None:
        self._station, self._addresses = station, addresses
        self._most = most_unacknowledged
        self._waiting: dict[int, _Notification] = {}
        """By message identifier, those sent first in front."""
        self._message_id = station.random.randrange(0x10000)
        self._pace = Allowance(each=50_000, burst=20)

    def stop(self) -> None:
        """Wait for no acknowledgment any more."""
        self._waiting.clear()

    def receive(self, received: MeshUdpReceived, *, now: int) -> list[MeshAction]:
        """Take a datagram to MANAGEMENT_PORT that was secured on its way."""
        try:
            message = COAP_MESSAGE.decode(received.payload)
        except MalformedFrame:
            return []
        if message.control.type in {CoapType.ACKNOWLEDGEMENT, CoapType.RESET}:
            waiting = self._waiting.get(message.message_id)
            if waiting is not None and waiting.send.destination == received.source:
                del self._waiting[message.message_id]
            return []
        if received.destination == REALM_LOCAL_ALL_ROUTERS and message.uri_path == _QUERY:
            return self._answer(message, received, now)
        return self._not_found(message, received)

    def next_deadline(self) -> int | None:
        """Return when to call handle_deadline(), None while nothing waits."""
        return min((waiting.due for waiting in self._waiting.values()), default=None)

    def handle_deadline(self, *, now: int) -> list[MeshAction]:
        """Say again what nobody has acknowledged, or give it up."""
        actions: list[MeshAction] = []
        for message_id, waiting in list(self._waiting.items()):
            if waiting.due > now:
                continue
            if waiting.transmissions >= _MOST_TRANSMISSIONS:
                del self._waiting[message_id]
                continue
            waiting.due = now + (_RETRANSMIT_AFTER << waiting.transmissions)
            waiting.transmissions += 1
            actions.append(waiting.send)
        return actions

    def _answer(
        self, message: CoapMessage, received: MeshUdpReceived, now: int
    ) -> list[MeshAction]:
        """Tell who asks where we are, if it asks for us."""
        station, locator = self._station, self._addresses.locator
        if message.code != CoapCode.POST or locator is None or station.rloc16 is None:
            return []
        target = _target(message.payload)
        if target is None or not self._addresses.is_ours(target) or not self._pace.take(now=now):
            return []
        notification = ManagementTlvs(
            (
                ManagementTlv(ManagementType.TARGET_EID, TargetEid(target)),
                ManagementTlv(
                    ManagementType.MESH_LOCAL_EID, MeshLocalEid(self._addresses.mesh_local_iid)
                ),
                ManagementTlv(ManagementType.RLOC16, Rloc16(station.rloc16)),
            )
        )
        self._message_id = self._message_id + 1 & 0xFFFF
        told = coap_message(
            CoapType.CONFIRMABLE,
            CoapCode.POST,
            self._message_id,
            station.random.randbytes(_TOKEN_OCTETS),
            uri_path(_NOTIFY),
            payload=MANAGEMENT_TLVS.encode(notification),
        )
        octets = COAP_MESSAGE.encode(told)
        send = SendUdp(locator, received.source, MANAGEMENT_PORT, received.source_port, octets)
        while len(self._waiting) >= self._most:
            del self._waiting[next(iter(self._waiting))]
        self._waiting[self._message_id] = _Notification(send, now + _RETRANSMIT_AFTER, 1)
        return [send]

    def _not_found(self, message: CoapMessage, received: MeshUdpReceived) -> list[MeshAction]:
        """Say that there is nothing of that name, where an answer is wanted (RFC 7252 §8.2)."""
        asked, ours = message.control.type == CoapType.CONFIRMABLE, received.destination
        if not asked or not self._addresses.is_ours(ours):
            return []
        answer = coap_message(
            CoapType.ACKNOWLEDGEMENT, CoapCode.NOT_FOUND, message.message_id, message.token
        )
        octets = COAP_MESSAGE.encode(answer)
        return [SendUdp(ours, received.source, MANAGEMENT_PORT, received.source_port, octets)]


def _target(payload: bytes) -> bytes | None:
    try:
        found = MANAGEMENT_TLVS.decode(payload).find(ManagementType.TARGET_EID, TargetEid)
    except MalformedFrame:
        return None
    return None if found is None else found.address
