"""The link layer of a node: one radio below, 6LoWPAN above (IEEE 802.15.4-2020 §6, §8)."""

from collections import Counter
from dataclasses import dataclass, field, replace
from random import Random

from lowpan.errors import MalformedFrame
from lowpan.mac.acknowledging import AddressFilter, enhanced_ack, immediate_ack, is_data_request
from lowpan.mac.duplicates import DuplicateFilter
from lowpan.mac.framing import (
    A_MAX_PHY_PACKET_SIZE,
    FCS_OCTETS,
    data_frame,
    data_request,
    header_octets,
    own_short_address,
    with_frame_pending,
)
from lowpan.mac.indirect import IndirectQueue
from lowpan.mac.security import LinkSecurity, Opened, Refusal
from lowpan.mac.service import (
    BROADCAST,
    Acknowledge,
    BeaconReceived,
    CommandReceived,
    Configure,
    DataReceived,
    DataSent,
    Drop,
    FrameDropped,
    LinkAction,
    Transmit,
)
from lowpan.mac.timing import O_QPSK_2450, PhyTiming
from lowpan.mac.transmission import Action, Finished, Outgoing, Transmitter, TransmitterSettings
from lowpan.radio import (
    Fcs,
    RadioCapability,
    RadioSettings,
    ReceivedFrame,
    TransmitOutcome,
    TransmitStatus,
)
from lowpan.wire.ieee802154 import Frame, FrameType, decode_frame, encode_frame
from lowpan.wire.information_elements import has_payload_ies, split_payload
from lowpan.wire.mac_command import CommandId


@dataclass(frozen=True, slots=True)
class LinkSettings:
    """What a link layer is told once."""

    timing: PhyTiming = O_QPSK_2450
    transmitter: TransmitterSettings = field(default_factory=TransmitterSettings)
    longest_frame: int = A_MAX_PHY_PACKET_SIZE
    """Octets of a PSDU with its FCS: 127, or 2047 where all neighbours take them."""
    beacon: bytes | None = None
    """Payload of the beacon frame that answers beacon requests; None: they are not answered."""


class LinkLayer:
    """Sends and receives frames for the layers above; see service.py for what it returns.

    `radio` says who we are; `capabilities` what the radio does by itself.  `sequence_number` starts
    at random.  Everything stored is bounded by the queues' own limits.
    """

    def __init__(
        self,
        radio: RadioSettings,
        capabilities: RadioCapability,
        random: Random,
        *,
        security: LinkSecurity | None = None,
        settings: LinkSettings | None = None,
    ) -> None:
        self.settings = settings = settings or LinkSettings()
        self.security = security
        self.dropped: Counter[Drop] = Counter()
        """How many frames went no further, by why."""
        self._capabilities = capabilities
        self._sequence_number = random.randrange(256)
        self._transmitter = Transmitter(
            self._encode, capabilities, settings.timing, random, settings.transmitter
        )
        self._duplicates = DuplicateFilter()
        self._indirect = IndirectQueue(settings.timing.transaction_persistence)
        self._sleepers: set[bytes] = set()
        self._polls: dict[int, bytes] = {}
        self._handle = -1
        self._room: dict[tuple[int, int], int] = {}
        self._now = 0
        self.radio = radio
        self._become(radio)

    def _become(self, radio: RadioSettings) -> None:
        self.radio = radio
        self.extended_address = radio.extended_address
        self.short_address = own_short_address(radio)
        self._filter = AddressFilter(radio)

    # What the layer above asks

    def configure(self, radio: RadioSettings) -> list[LinkAction]:
        """Be known by other addresses, or on another channel."""
        self._become(radio)
        return [Configure(radio)]

    def largest_payload(self, source: bytes, destination: bytes) -> int:
        """Return how many octets one frame carries between these addresses."""
        key = (len(source), len(destination))
        room = self._room.get(key)
        if room is None:
            octets = header_octets(self._data_frame(b"", source, destination)) + FCS_OCTETS
            if self.security is not None and self.security.wants_sealed(FrameType.DATA):
                octets += self.security.overhead(destination, self.radio.pan_id)
            room = self._room[key] = self.settings.longest_frame - octets
        return room

    def send_data(
        self,
        payload: bytes,
        source: bytes,
        destination: bytes,
        *,
        handle: int,
        now: int,
    ) -> list[LinkAction]:
        """Send `payload` (MCPS-DATA.request); DataSent with `handle` (0 or above) tells the end.

        `source` is one of our addresses.  What is for a sleeping neighbour waits until it asks.
        """
        self._now = now
        frame = self._data_frame(payload, source, destination)
        outgoing = Outgoing(self._numbered(frame), handle)
        if destination not in self._sleepers:
            return self._actions(self._transmitter.send(outgoing, now=now))
        before = self._indirect.receivers
        if not self._indirect.hold(destination, outgoing, now=now):
            aborted = TransmitStatus.ABORTED
            return [DataSent(handle, aborted, 0, reason="too many frames wait for this sleeper")]
        return self._pending_changed(before)

    def send_command(
        self, frame: Frame, *, now: int, channel: int | None = None
    ) -> list[LinkAction]:
        """Send a frame of the layer management's own, such as a beacon request."""
        self._now = now
        self._handle -= 1
        outgoing = Outgoing(self._numbered(frame), self._handle, channel)
        return self._actions(self._transmitter.send(outgoing, now=now))

    def poll(self, parent: bytes, *, now: int) -> list[LinkAction]:
        """Ask `parent` for what waits for us (MLME-POLL.request)."""
        source = self.short_address or self.extended_address
        if source is None:
            return []
        return self.send_command(data_request(source, parent, self.radio.pan_id), now=now)

    def set_sleepers(self, sleepers: set[bytes], *, now: int) -> list[LinkAction]:
        """Say which neighbours (2 or 8 octets) sleep and ask for what waits for them."""
        self._now = now
        self._sleepers = set(sleepers)
        return []

    # What the radio reports

    def receive_frame(self, received: ReceivedFrame, *, now: int) -> list[LinkAction]:
        """Take a frame as it came from the radio."""
        self._now = now
        psdu = received.psdu
        if received.fcs is Fcs.BAD:
            return self._drop(Drop.BAD_FCS, "", psdu)
        try:
            frame = decode_frame(psdu)
        except MalformedFrame as error:
            return self._drop(Drop.MALFORMED, str(error), psdu)
        if not isinstance(frame, Frame):
            return self._drop(Drop.UNEXPECTED, "a frame type without use here", psdu)
        if frame.control.frame_type == FrameType.ACKNOWLEDGMENT:
            return self._actions(self._transmitter.receive_acknowledgment(received, now=now))
        if not self._filter.accepts(frame):
            return self._drop(Drop.NOT_FOR_US, "", psdu, frame.source)
        return [*self._acknowledge(received, frame), *self._accept(received, frame)]

    def transmit_done(self, outcome: TransmitOutcome, *, now: int) -> list[LinkAction]:
        """Take what became of the last Transmit."""
        self._now = now
        return self._actions(self._transmitter.transmit_done(outcome, now=now))

    def next_deadline(self) -> int | None:
        """Return when to call handle_deadline(), None while nothing is due."""
        mine, indirect = self._transmitter.next_deadline(), self._indirect.next_deadline()
        if mine is None or indirect is None:
            return indirect if mine is None else mine
        return min(mine, indirect)

    def handle_deadline(self, *, now: int) -> list[LinkAction]:
        """Do what is due."""
        self._now = now
        before = self._indirect.receivers
        expired = self._indirect.handle_deadline(now=now)
        actions: list[LinkAction] = [
            DataSent(outgoing.handle, TransmitStatus.ABORTED, 0, reason="nobody asked for it")
            for outgoing in expired
        ]
        if expired:
            actions += self._pending_changed(before)
        return actions + self._actions(self._transmitter.handle_deadline(now=now))

    # Receiving

    def _acknowledge(self, received: ReceivedFrame, frame: Frame) -> list[LinkAction]:
        """Answer for a radio that does not."""
        if RadioCapability.ACKNOWLEDGE in self._capabilities and not self.radio.promiscuous:
            return []
        asks = frame.control.acknowledgment_request and self._filter.is_ours(frame.destination)
        if not asks:
            return []
        pending = frame.source is not None and self._indirect.waits_for(frame.source)
        pending = pending and is_data_request(frame)
        make = enhanced_ack if frame.control.frame_version == 2 else immediate_ack
        if make is enhanced_ack and frame.control.security_enabled:
            return []  # an unsecured answer would be worth nothing to its receiver
        psdu = make(frame, frame_pending=pending)
        return [] if psdu is None else [Acknowledge(psdu)]

    def _accept(self, received: ReceivedFrame, frame: Frame) -> list[LinkAction]:
        psdu, source = received.psdu, frame.source
        opened = self._open(frame, psdu)
        if isinstance(opened, Refusal):
            return self._drop(opened.drop, opened.reason, psdu, source)
        if source is not None and frame.sequence_number is not None:
            name = (frame.source_pan_id, source)
            if self._duplicates.is_duplicate(name, frame.sequence_number, now=self._now):
                return self._drop(Drop.DUPLICATE, "", psdu, source)
        return self._opened(received, frame, opened)

    def _open(self, frame: Frame, psdu: bytes) -> Opened | Refusal:
        if self.security is not None:
            return self.security.open(frame, psdu, now=self._now)
        if frame.control.security_enabled:
            return Refusal(Drop.NO_KEY, "secured, and we have no keys")
        extended = frame.source if frame.source is not None and len(frame.source) == 8 else None
        return Opened(frame.payload, extended)

    def _opened(self, received: ReceivedFrame, frame: Frame, opened: Opened) -> list[LinkAction]:
        payload, kind = opened.payload, frame.control.frame_type
        if kind == FrameType.BEACON:
            return [BeaconReceived(received.psdu, received.channel, received.rssi, received.lqi)]
        if frame.header_ies and has_payload_ies(frame.header_ies):
            try:
                payload = split_payload(frame.header_ies, payload).payload
            except MalformedFrame as error:
                return self._drop(Drop.MALFORMED, str(error), received.psdu, frame.source)
        if kind == FrameType.MAC_COMMAND:
            return self._command(received, frame, replace(opened, payload=payload))
        if not payload:
            return []  # an answer to a poll that says: nothing waits
        return [
            DataReceived(
                frame.source,
                frame.destination_pan_id if frame.source_pan_id is None else frame.source_pan_id,
                frame.destination,
                frame.destination_pan_id,
                payload,
                opened.security_level,
                opened.key_sequence,
                opened.extended_source,
                received.rssi,
                received.lqi,
            )
        ]

    def _command(self, received: ReceivedFrame, frame: Frame, opened: Opened) -> list[LinkAction]:
        command = opened.payload[0] if opened.payload else None
        if command == CommandId.DATA_REQUEST and frame.source is not None:
            return self._answer_poll(frame.source)
        if command == CommandId.BEACON_REQUEST and self.settings.beacon is not None:
            return self._send_beacon(self.settings.beacon)
        return [CommandReceived(frame.source, opened.payload, opened.security_level)]

    def _answer_poll(self, sleeper: bytes) -> list[LinkAction]:
        """Send the first frame that waits, before anything else: the sleeper listens now."""
        before = self._indirect.receivers
        taken = self._indirect.take(sleeper)
        if taken is None:
            return []
        outgoing, more = taken
        if more:
            outgoing.frame = with_frame_pending(outgoing.frame)
        sent = self._actions(self._transmitter.send(outgoing, now=self._now, first=True))
        return [*sent, *self._pending_changed(before)]

    def _send_beacon(self, payload: bytes) -> list[LinkAction]:
        source = self.short_address or self.extended_address
        if source is None:
            return []
        frame = data_frame(
            payload, source, BROADCAST, self.radio.pan_id, acknowledged=False, kind=FrameType.BEACON
        )
        control = replace(frame.control, pan_id_compression=False, destination_addressing_mode=0)
        beacon = replace(
            frame,
            control=control,
            destination_pan_id=None,
            destination=None,
            source_pan_id=self.radio.pan_id,
        )
        return self.send_command(beacon, now=self._now)

    # Sending

    def _data_frame(self, payload: bytes, source: bytes, destination: bytes) -> Frame:
        return data_frame(
            payload,
            source,
            destination,
            self.radio.pan_id,
            acknowledged=True,
        )

    def _numbered(self, frame: Frame) -> Frame:
        frame.sequence_number = self._sequence_number
        self._sequence_number = self._sequence_number + 1 & 0xFF
        return frame

    def _encode(self, frame: Frame) -> bytes:
        security, kind = self.security, frame.control.frame_type
        command = frame.payload[0] if kind == FrameType.MAC_COMMAND else None
        if security is None or not security.wants_sealed(kind, command):
            return encode_frame(frame)
        return security.seal(frame, now=self._now)

    def _actions(self, actions: list[Action]) -> list[LinkAction]:
        made: list[LinkAction] = []
        for action in actions:
            if isinstance(action, Transmit):
                made.append(action)
            elif action.outgoing.handle >= 0:
                made.append(_data_sent(action))
        return made

    def _pending_changed(self, before: frozenset[bytes]) -> list[LinkAction]:
        """Let the radio's acknowledgments say for whom frames wait."""
        pending = self._indirect.receivers
        if pending == before or RadioCapability.ACKNOWLEDGE not in self._capabilities:
            return []
        self.radio = replace(self.radio, source_match=pending, ack_pending=bool(pending))
        return [Configure(self.radio)]

    def _drop(
        self, drop: Drop, reason: str, psdu: bytes, source: bytes | None = None
    ) -> list[LinkAction]:
        self.dropped[drop] += 1
        return [FrameDropped(drop, reason, psdu, source)]


def _data_sent(finished: Finished) -> DataSent:
    ack, secured, pending = finished.ack, False, False
    if ack is not None and len(ack.psdu) >= 2:
        secured, pending = bool(ack.psdu[0] & 0x08), bool(ack.psdu[0] & 0x10)
    return DataSent(
        finished.outgoing.handle,
        finished.status,
        finished.transmissions,
        secured,
        pending,
        finished.reason,
    )
