"""Follower: reads one network's traffic frame by frame and remembers what later frames need."""

from lowpan.capture.addresses import AddressBook, Knowledge
from lowpan.capture.decoded import DecodedFrame, Outcome, Protection
from lowpan.capture.ip_following import IpFollower
from lowpan.capture.key_sources import Given
from lowpan.capture.keyring import Keyring
from lowpan.capture.links import MOST_LINKS, Link, LinkKey
from lowpan.capture.teaching import learn_from_command
from lowpan.capture.unsealing import REPEATED, Unsealer
from lowpan.errors import MalformedFrame
from lowpan.radio import Fcs, ReceivedFrame
from lowpan.wire.beacon import BEACON, THREAD_BEACON
from lowpan.wire.ieee802154 import FRAME, Frame, FrameType, decode_frame
from lowpan.wire.information_elements import has_payload_ies, split_payload
from lowpan.wire.mac_command import COMMAND
from lowpan.wire.multipurpose import Multipurpose
from lowpan.wire.security_header import SecurityLevel

ACK_WINDOW_NS = 1_000_000_000
"""An acknowledgment answers a frame of the last second: slow peers and clocks fit, old news not."""
PUBLIC = "under a key that everybody knows, and no MLE message: anybody can have sent it"
"""Note on what must not be there: such frames carry Announce only (CVE-2023-2626)."""
MOST_AWAITED = 8192
"""Acknowledgments waited for: twice the sequence numbers of the 16 channels at 2450 MHz."""
_BAD = Fcs.BAD
_ACK, _DATA = int(FrameType.ACKNOWLEDGMENT), int(FrameType.DATA)
_BEACON, _COMMAND = int(FrameType.BEACON), int(FrameType.MAC_COMMAND)
_ENC = int(SecurityLevel.ENC)
_DECRYPTED = Outcome.DECRYPTED
_NOT_CHECKED = (Outcome.NO_KEY, Outcome.NO_ADDRESS)
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
        self.unsealer = Unsealer(self.keyring, self.book, self.given.networks)
        self._ip = IpFollower(self.given, self.book, self.unsealer)
        self._ignore_fcs = self.given.ignore_fcs
        self._links: dict[LinkKey, Link] = {}
        self._awaited: dict[tuple[int | None, int | None], tuple[int, int, Link]] = {}
        """Channel and sequence number -> number, time and link of the last frame for an ack."""

    def expect(self, other: "Follower") -> None:
        """Take for granted what `other` learnt of the same networks, until told otherwise."""
        self._ip.expect(other._ip)
        self.book.expect(other.book)
        self.unsealer.secured |= other.unsealer.secured

    def follow(self, number: int, received: ReceivedFrame, length: int) -> DecodedFrame:
        """Return the frame `number` with every layer that can be reached."""
        decoded = DecodedFrame(number, received, length)
        psdu = received.psdu
        if received.fcs is _BAD and not self._ignore_fcs:
            _show_damaged(decoded, psdu)
            return decoded
        try:
            frame = FRAME.decode(psdu) if psdu and not psdu[0] & 4 else decode_frame(psdu)
            decoded.frame = frame
            if isinstance(frame, Frame):
                control, pan_id = frame.control, frame.source_pan_id
                if control.frame_type == _ACK:
                    self._acknowledgment(decoded, frame, psdu)
                    return decoded
                secured, wants_ack = control.security_enabled, control.acknowledgment_request
            elif isinstance(frame, Multipurpose):
                secured, more, pan_id = frame.security is not None, frame.long_control, None
                wants_ack = more is not None and more.acknowledgment_request
            else:
                return decoded
            link = self._link((frame.source, frame.destination, frame.destination_pan_id, pan_id))
            decoded.extended_source = link.extended_source
            decoded.extended_destination = link.extended_destination
            if link.last_psdu == psdu and (wants_ack or frame.source is not None):
                decoded.duplicate_of = link.last_number
            else:
                link.last_number, link.last_psdu = number, psdu
            if wants_ack:
                if len(self._awaited) >= MOST_AWAITED:
                    self._awaited.clear()
                sent = (number, received.time_ns or 0, link)
                self._awaited[received.channel, frame.sequence_number] = sent
            if secured:
                self._secured(decoded, frame, link, psdu)
            else:
                self._inside(decoded, frame, link, frame.payload)
        except MalformedFrame as fault:
            # without what hangs on it: its traceback would hold this very frame, in a circle
            fault.__traceback__ = fault.__context__ = fault.__cause__ = None
            decoded.faults = (*decoded.faults, fault)
        return decoded

    def _link(self, key: LinkKey) -> Link:
        """Return a link, with the addresses known today."""
        link = self._links.get(key)
        if link is None:
            if len(self._links) >= MOST_LINKS or not self._ip.has_room(key[2]):
                self._links.clear()  # those of a PAN that is forgotten had its contexts
            link = self._links[key] = Link(key, self._ip.contexts(key[2]))
            if link.source is not None and len(link.source) == 8:
                self.unsealer.heard(link.source)
        if link.learnt != self.book.changes:
            link.refresh(self.book)
        return link

    def _secured(
        self, decoded: DecodedFrame, frame: Frame | Multipurpose, link: Link, psdu: bytes
    ) -> None:
        payload, protection = self.unsealer.open_frame(link, frame, psdu)
        decoded.protection = protection
        if payload is None:
            self._open_part(decoded, frame, link, protection)
            return
        if not protection.well_known:
            decoded.extended_source = protection.nonce_address
        if protection.repeated and decoded.duplicate_of is None:
            decoded.notes += (REPEATED,)
        if payload:
            self._inside(decoded, frame, link, payload)
        else:
            decoded.payload = payload
        if protection.well_known and decoded.mle is None:
            decoded.notes += (PUBLIC,)

    def _inside(
        self, decoded: DecodedFrame, frame: Frame | Multipurpose, link: Link, payload: bytes
    ) -> None:
        """Read the clear `payload`."""
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
            if decoded.protection is None or decoded.protection.outcome is _DECRYPTED:
                learn_from_command(self.book, frame, decoded.command)
        elif kind == _BEACON and isinstance(frame, Frame) and frame.control.frame_version < 2:
            self._beacon(decoded, payload)

    def _open_part(
        self,
        decoded: DecodedFrame,
        frame: Frame | Multipurpose,
        link: Link,
        protection: Protection,
    ) -> None:
        """Show what travels in clear even in a frame that stays closed."""
        security = frame.security
        in_clear = security is not None and 0 < security.control.security_level < _ENC
        if in_clear and protection.outcome in _NOT_CHECKED:
            self._inside(decoded, frame, link, frame.payload)
            return
        old = isinstance(frame, Frame) and frame.control.frame_version < 2
        if old and frame.control.frame_type == _COMMAND and frame.payload:
            decoded.command = COMMAND.decode(frame.payload[:1])

    def _beacon(self, decoded: DecodedFrame, payload: bytes) -> None:
        decoded.beacon = beacon = BEACON.decode(payload)
        if beacon.payload[:1] == bytes((_THREAD_PROTOCOL_ID,)):
            try:
                decoded.thread_beacon = THREAD_BEACON.decode(beacon.payload)
            except MalformedFrame as fault:
                decoded.notes += (f"no Thread beacon after all: {fault}",)

    def _acknowledgment(self, decoded: DecodedFrame, frame: Frame, psdu: bytes) -> None:
        """Find the frame that an acknowledgment answers, and with it who sent it."""
        received, to = decoded.received, frame.destination
        sent = self._awaited.get((received.channel, frame.sequence_number))
        acker, pan_id = frame.source, frame.source_pan_id
        if (
            sent is not None
            and abs((received.time_ns or 0) - sent[1]) <= ACK_WINDOW_NS
            and (to is None or to == sent[2].source)
        ):
            decoded.acknowledges, _, link = sent
            decoded.acker, decoded.extended_source = link.destination, link.extended_destination
            if acker is None:
                acker, pan_id = link.destination, link.destination_pan_id
        if frame.control.security_enabled or frame.payload:
            link = self._link((acker, frame.destination, frame.destination_pan_id, pan_id))
            if frame.control.security_enabled:
                self._secured(decoded, frame, link, psdu)
            else:
                self._inside(decoded, frame, link, frame.payload)


def _show_damaged(decoded: DecodedFrame, psdu: bytes) -> None:
    """Show the MAC header of a frame whose FCS is wrong; nothing in it is believed or learnt."""
    try:
        decoded.frame = decode_frame(psdu)
    except MalformedFrame:
        return  # no wonder: the FCS has said so
