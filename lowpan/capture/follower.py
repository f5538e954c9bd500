"""Follower: reads one network's traffic frame by frame and remembers what later frames need."""

from lowpan.capture.addresses import AddressBook, Knowledge
from lowpan.capture.decoded import DecodedFrame
from lowpan.capture.ip_following import IpFollower
from lowpan.capture.key_sources import Given
from lowpan.capture.keyring import Keyring
from lowpan.capture.teaching import learn_from_command
from lowpan.capture.unsealing import Unsealer
from lowpan.errors import MalformedFrame
from lowpan.mac.frame_security import source_pan_id
from lowpan.radio import Fcs, ReceivedFrame
from lowpan.wire.beacon import BEACON, THREAD_BEACON
from lowpan.wire.ieee802154 import FRAME, Frame, FrameType, OpaqueFrame, decode_frame
from lowpan.wire.information_elements import has_payload_ies, split_payload
from lowpan.wire.mac_command import COMMAND
from lowpan.wire.multipurpose import Multipurpose

ACK_WINDOW_NS = 1_000_000_000
"""An acknowledgment answers a frame of the last second: slow peers and clocks fit, old news not."""
MOST_SENDERS = 4096
"""Senders whose last frame is kept, to know a retransmission."""

_ACK, _DATA = int(FrameType.ACKNOWLEDGMENT), int(FrameType.DATA)
_BEACON, _COMMAND = int(FrameType.BEACON), int(FrameType.MAC_COMMAND)
_THREAD_PROTOCOL_ID = 3


class Follower:
    """Decodes captured frames, in their order, as far as keys and earlier frames allow.

    All that it stores is bounded, so that it can run for years; no input makes it raise.
    """

    def __init__(self, given: Given | None = None) -> None:
        self.given = given or Given()
        self.keyring = Keyring(self.given.keys)
        self.book = AddressBook()
        for address in self.given.addresses:
            self.book.learn(address.pan_id, address.short, address.extended, Knowledge.GIVEN)
        self.unsealer = Unsealer(self.keyring, self.book)
        self._ip = IpFollower(self.given, self.book, self.unsealer)
        self._ignore_fcs = self.given.ignore_fcs
        self._awaited: dict[int, tuple[int, int, bytes, bytes | None]] = {}
        """Sequence number -> number, time, receiver of the last frame that wants an ack."""
        self._last: dict[bytes, tuple[int, bytes]] = {}
        """Sender -> number and octets of its last frame."""

    def expect(self, other: "Follower") -> None:
        """Take for granted what `other` learnt of the same networks, until told otherwise."""
        self._ip.expect(other._ip.told())
        self.book.expect(other.book)

    def follow(self, number: int, received: ReceivedFrame, length: int) -> DecodedFrame:
        """Return the frame `number` with every layer that can be reached."""
        decoded = DecodedFrame(number, received, length)
        if received.fcs is Fcs.BAD and not self._ignore_fcs:
            return decoded
        psdu = received.psdu
        try:
            frame = FRAME.decode(psdu) if psdu and psdu[0] & 4 == 0 else decode_frame(psdu)
        except MalformedFrame as fault:
            decoded.faults = (fault,)
            return decoded
        decoded.frame = frame
        if isinstance(frame, OpaqueFrame):
            return decoded
        try:
            self._follow_frame(decoded, frame, psdu)
        except MalformedFrame as fault:
            decoded.faults = (*decoded.faults, fault)
        return decoded

    def _follow_frame(
        self, decoded: DecodedFrame, frame: Frame | Multipurpose, psdu: bytes
    ) -> None:
        kind = frame.control.frame_type
        if kind == _ACK and isinstance(frame, Frame):
            acker = self._acknowledged(decoded, frame)
        else:
            acker = None
            self._note_sender(decoded, frame, psdu)
        payload: bytes | None = frame.payload
        if isinstance(frame, Frame) and frame.control.security_enabled or frame.security:
            payload, decoded.protection = self.unsealer.open_frame(frame, psdu, acker)
            if payload is None:
                self._open_part(decoded, frame)
                return
            if acker is None and decoded.extended_source is None:
                decoded.extended_source = decoded.protection.nonce_address
        if has_payload_ies(frame.header_ies):
            private = split_payload(frame.header_ies, payload)
            decoded.payload_ies, payload = private.payload_ies, private.payload
        decoded.payload = payload
        if not payload:
            return
        if kind == _DATA:
            self._ip.follow(decoded, frame, payload)
        elif kind == _COMMAND:
            decoded.command = COMMAND.decode(payload)
            learn_from_command(self.book, frame, decoded.command)
        elif kind == _BEACON and frame.control.frame_version < 2:
            self._beacon(decoded, payload)

    def _open_part(self, decoded: DecodedFrame, frame: Frame | Multipurpose) -> None:
        """Show what travels in clear even in a frame that stays closed."""
        if frame.control.frame_type == _COMMAND and frame.control.frame_version < 2:
            decoded.command = COMMAND.decode(frame.payload[:1]) if frame.payload else None

    def _beacon(self, decoded: DecodedFrame, payload: bytes) -> None:
        decoded.beacon = beacon = BEACON.decode(payload)
        if beacon.payload[:1] == bytes((_THREAD_PROTOCOL_ID,)):
            try:
                decoded.thread_beacon = THREAD_BEACON.decode(beacon.payload)
            except MalformedFrame as fault:
                decoded.notes += (f"no Thread beacon after all: {fault}",)

    def _acknowledged(self, decoded: DecodedFrame, frame: Frame) -> bytes | None:
        """Find the frame that an acknowledgment answers; return its receiver's extended address."""
        sent = self._awaited.get(-1 if frame.sequence_number is None else frame.sequence_number)
        if sent is None:
            return None
        number, when, receiver, extended = sent
        if (decoded.received.time_ns or 0) - when > ACK_WINDOW_NS:
            return None
        decoded.acknowledges, decoded.acker = number, receiver
        decoded.extended_source = extended
        return extended

    def _note_sender(
        self, decoded: DecodedFrame, frame: Frame | Multipurpose, psdu: bytes
    ) -> None:
        """Name both ends, know a retransmission, expect an acknowledgment."""
        source, destination = frame.source, frame.destination
        pan_id = source_pan_id(frame)
        if source is not None:
            if len(source) == 8:
                decoded.extended_source = source
                self.unsealer.heard(source)
            elif pan_id is not None:
                decoded.extended_source = self.book.extended(pan_id, source)
            last = self._last.get(source)
            if last is not None and last[1] == psdu:
                decoded.duplicate_of = last[0]
            else:
                if last is None and len(self._last) >= MOST_SENDERS:
                    self._last.clear()
                self._last[source] = (decoded.number, psdu)
        if destination is None:
            return
        if len(destination) == 8:
            decoded.extended_destination = destination
        elif destination != b"\xff\xff" and frame.destination_pan_id is not None:
            decoded.extended_destination = self.book.extended(frame.destination_pan_id, destination)
        if isinstance(frame, Frame) and frame.control.acknowledgment_request:
            key = -1 if frame.sequence_number is None else frame.sequence_number
            when = decoded.received.time_ns or 0
            self._awaited[key] = (decoded.number, when, destination, decoded.extended_destination)
