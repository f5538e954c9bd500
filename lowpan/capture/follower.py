"""Follower: reads one network's traffic frame by frame and remembers what later frames need."""

from lowpan.capture.addresses import AddressBook, Knowledge
from lowpan.capture.decoded import DecodedFrame
from lowpan.capture.ip_following import IpFollower
from lowpan.capture.key_sources import Given
from lowpan.capture.keyring import Keyring
from lowpan.capture.links import MOST_LINKS, Link, LinkKey
from lowpan.capture.teaching import learn_from_command
from lowpan.capture.unsealing import Unsealer
from lowpan.errors import MalformedFrame
from lowpan.radio import Fcs, ReceivedFrame
from lowpan.wire.beacon import BEACON, THREAD_BEACON
from lowpan.wire.ieee802154 import FRAME, Frame, FrameType, OpaqueFrame, decode_frame
from lowpan.wire.information_elements import has_payload_ies, split_payload
from lowpan.wire.mac_command import COMMAND
from lowpan.wire.multipurpose import Multipurpose

ACK_WINDOW_NS = 1_000_000_000
"""An acknowledgment answers a frame of the last second: slow peers and clocks fit, old news not."""
_BAD = Fcs.BAD
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
        self._links: dict[LinkKey, Link] = {}
        self._awaited: dict[int | None, tuple[int, int, Link]] = {}
        """Sequence number -> number, time and link of the last frame that wants an ack."""

    def expect(self, other: "Follower") -> None:
        """Take for granted what `other` learnt of the same networks, until told otherwise."""
        self._ip.expect(other._ip.told())
        self.book.expect(other.book)

    def follow(self, number: int, received: ReceivedFrame, length: int) -> DecodedFrame:
        """Return the frame `number` with every layer that can be reached."""
        decoded = DecodedFrame(number, received, length)
        if received.fcs is _BAD and not self._ignore_fcs:
            return decoded
        psdu = received.psdu
        try:
            frame = FRAME.decode(psdu) if psdu and not psdu[0] & 4 else decode_frame(psdu)
            decoded.frame = frame
            if isinstance(frame, Frame):
                control = frame.control
                secured, wants_ack = control.security_enabled, control.acknowledgment_request
            elif isinstance(frame, OpaqueFrame):
                return decoded
            else:
                secured, more = frame.security is not None, frame.long_control
                wants_ack = more is not None and more.acknowledgment_request
            link = self._ends(decoded, frame, psdu, wants_ack=wants_ack)
            if link is not None:
                self._inside(decoded, frame, link, psdu, secured=secured)
        except MalformedFrame as fault:
            decoded.faults = (*decoded.faults, fault)
        return decoded

    def _ends(
        self,
        decoded: DecodedFrame,
        frame: Frame | Multipurpose,
        psdu: bytes,
        *,
        wants_ack: bool,
    ) -> Link | None:
        """Name both ends of `frame`; return its link if there is more in it to be read."""
        if frame.control.frame_type == _ACK:
            return self._acknowledged(decoded, frame)
        link = self._link(frame, frame.source)
        decoded.extended_source = link.extended_source
        decoded.extended_destination = link.extended_destination
        if link.last_psdu == psdu:
            decoded.duplicate_of = link.last_number
        else:
            link.last_number, link.last_psdu = decoded.number, psdu
            if wants_ack:
                when = decoded.received.time_ns or 0
                self._awaited[frame.sequence_number] = (decoded.number, when, link)
        return link

    def _inside(
        self,
        decoded: DecodedFrame,
        frame: Frame | Multipurpose,
        link: Link,
        psdu: bytes,
        *,
        secured: bool,
    ) -> None:
        """Take the protection off and read the payload."""
        payload: bytes | None = frame.payload
        if secured:
            payload, decoded.protection = self.unsealer.open_frame(link, frame, psdu)
            if payload is None:
                self._open_part(decoded, frame)
                return
            if decoded.extended_source is None:
                decoded.extended_source = decoded.protection.nonce_address
        if frame.header_ies and has_payload_ies(frame.header_ies):
            private = split_payload(frame.header_ies, payload)
            decoded.payload_ies, payload = private.payload_ies, private.payload
        decoded.payload = payload
        kind = frame.control.frame_type
        if not payload:
            return
        if kind == _DATA:
            self._ip.follow(decoded, link, payload)
        elif kind == _COMMAND:
            decoded.command = COMMAND.decode(payload)
            learn_from_command(self.book, frame, decoded.command)
        elif kind == _BEACON and isinstance(frame, Frame) and frame.control.frame_version < 2:
            self._beacon(decoded, payload)

    def _link(self, frame: Frame | Multipurpose, source: bytes | None) -> Link:
        """Return the link of `frame`, with the addresses known today."""
        told = frame.source_pan_id if isinstance(frame, Frame) else None
        key = (source, frame.destination, frame.destination_pan_id, told)
        link = self._links.get(key)
        if link is None:
            if len(self._links) >= MOST_LINKS:
                self._links.clear()
            link = self._links[key] = Link(key, self._ip.contexts(frame.destination_pan_id))
            if source is not None and len(source) == 8:
                self.unsealer.heard(source)
        if link.learnt != self.book.changes:
            link.refresh(self.book)
        return link

    def _open_part(self, decoded: DecodedFrame, frame: Frame | Multipurpose) -> None:
        """Show what travels in clear even in a frame that stays closed."""
        old = isinstance(frame, Frame) and frame.control.frame_version < 2
        if old and frame.control.frame_type == _COMMAND:
            decoded.command = COMMAND.decode(frame.payload[:1]) if frame.payload else None

    def _beacon(self, decoded: DecodedFrame, payload: bytes) -> None:
        decoded.beacon = beacon = BEACON.decode(payload)
        if beacon.payload[:1] == bytes((_THREAD_PROTOCOL_ID,)):
            try:
                decoded.thread_beacon = THREAD_BEACON.decode(beacon.payload)
            except MalformedFrame as fault:
                decoded.notes += (f"no Thread beacon after all: {fault}",)

    def _acknowledged(self, decoded: DecodedFrame, frame: Frame | Multipurpose) -> Link | None:
        """Find the frame that an acknowledgment answers; return its link if more is to be done."""
        sent = self._awaited.get(frame.sequence_number)
        acker: bytes | None = frame.source
        if sent is not None and (decoded.received.time_ns or 0) - sent[1] <= ACK_WINDOW_NS:
            link = sent[2]
            decoded.acknowledges, decoded.acker = sent[0], link.destination
            decoded.extended_source = link.extended_destination
            acker = acker or link.extended_destination or link.destination
        if frame.security is None and not frame.payload:
            return None
        return self._link(frame, acker)
