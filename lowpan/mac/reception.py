"""Receiving: what a frame has to pass before it is believed (IEEE 802.15.4-2020 §6.6.2, §9.2)."""

from collections import Counter, OrderedDict

from lowpan.errors import MalformedFrame
from lowpan.mac.acknowledging import AddressFilter
from lowpan.mac.duplicates import DUPLICATE_WINDOW, DuplicateFilter
from lowpan.mac.security import LinkSecurity, Opened, Refusal
from lowpan.mac.service import CommandReceived, DataReceived, Drop, FrameDropped
from lowpan.radio import Fcs, RadioSettings, ReceivedFrame
from lowpan.wire.ieee802154 import Frame, FrameType, decode_frame
from lowpan.wire.information_elements import has_payload_ies, split_payload

MOST_OPENED_EARLY = 256
"""Frames that were opened to be acknowledged, and are still on their way from the radio: what
comes in within a second; 50 kB."""


class Reception:
    """Filters, opens and tells duplicates; `dropped` counts what does not pass, by why."""

    def __init__(
        self,
        radio: RadioSettings,
        security: LinkSecurity | None,
        *,
        duplicate_window: int = DUPLICATE_WINDOW,
    ) -> None:
        self.security = security
        self.dropped: Counter[Drop] = Counter()
        self.filter = AddressFilter(radio)
        self._duplicates = DuplicateFilter(window=duplicate_window)
        self._early: OrderedDict[bytes, Opened | Refusal] = OrderedDict()

    def become(self, radio: RadioSettings) -> None:
        """Have other addresses from now on."""
        self.filter = AddressFilter(radio)

    def decode(self, received: ReceivedFrame) -> Frame | FrameDropped:
        """Return the frame if it is for us, or an acknowledgment, which names nobody."""
        psdu = received.psdu
        if received.fcs is Fcs.BAD:
            return self.drop(Drop.BAD_FCS, "", psdu)
        try:
            frame = decode_frame(psdu)
        except MalformedFrame as error:
            return self.drop(Drop.MALFORMED, str(error), psdu)
        if not isinstance(frame, Frame):
            return self.drop(Drop.UNEXPECTED, "a frame type without use here", psdu)
        if frame.control.frame_type != FrameType.ACKNOWLEDGMENT and not self.filter.accepts(frame):
            return self.drop(Drop.NOT_FOR_US, "", psdu, frame.source)
        return frame

    def open(self, frame: Frame, psdu: bytes, *, now: int) -> Opened | Refusal:
        """Return `frame` in clear, without its payload IEs, if security lets it pass."""
        early = self._early.pop(psdu, None)
        return early if early is not None else self._open(frame, psdu, now)

    def open_early(self, frame: Frame, psdu: bytes, *, now: int) -> Opened | Refusal:
        """Do the same for a frame that the radio is to acknowledge before it gives it to us.

        What comes of it is kept, since opening it again would find a replay.
        """
        opened = self._early.get(psdu)
        if opened is None:
            opened = self._open(frame, psdu, now)
            if isinstance(opened, Opened):
                self._early[psdu] = opened
                if len(self._early) > MOST_OPENED_EARLY:
                    self._early.popitem(last=False)
        return opened

    def accept(
        self, frame: Frame, psdu: bytes, opened: Opened | Refusal, *, now: int
    ) -> Opened | FrameDropped:
        """Return `opened` if it is new."""
        source = frame.source
        if isinstance(opened, Refusal):
            return self.drop(opened.drop, opened.reason, psdu, source)
        # one that is secured has a counter, which nobody else can have used
        in_clear = not opened.security_level
        if in_clear and source is not None and frame.sequence_number is not None:
            sender = (frame.source_pan_id, source)
            if self._duplicates.is_duplicate(sender, frame.sequence_number, now=now):
                return self.drop(Drop.DUPLICATE, "", psdu, source)
        return opened

    def drop(
        self, drop: Drop, reason: str, psdu: bytes, source: bytes | None = None
    ) -> FrameDropped:
        """Count a frame that goes no further."""
        self.dropped[drop] += 1
        return FrameDropped(drop, reason, psdu, source)

    def _open(self, frame: Frame, psdu: bytes, now: int) -> Opened | Refusal:
        opened = self._unseal(frame, psdu, now)
        if isinstance(opened, Refusal) or not has_payload_ies(frame.header_ies):
            return opened
        try:
            opened.payload = split_payload(frame.header_ies, opened.payload).payload
        except MalformedFrame as error:
            return Refusal(Drop.MALFORMED, str(error))
        return opened

    def _unseal(self, frame: Frame, psdu: bytes, now: int) -> Opened | Refusal:
        if self.security is not None:
            return self.security.open(frame, psdu, now=now)
        if frame.control.security_enabled:
            return Refusal(Drop.NO_KEY, "secured, and we have no keys")
        extended = frame.source if frame.source is not None and len(frame.source) == 8 else None
        return Opened(frame.payload, extended)


def data_received(received: ReceivedFrame, frame: Frame, opened: Opened) -> DataReceived:
    """Return what the layer above gets of a data frame."""
    return DataReceived(
        frame.source,
        sender_pan_id(frame),
        frame.destination,
        frame.destination_pan_id,
        opened.payload,
        opened.security_level,
        opened.key_sequence,
        opened.extended_source,
        received.rssi,
        received.lqi,
        frame.control.frame_pending,
    )


def command_received(frame: Frame, opened: Opened) -> CommandReceived:
    """Return what the layer management gets of a MAC command."""
    return CommandReceived(
        frame.source,
        opened.payload,
        opened.security_level,
        sender_pan_id(frame),
        frame.destination,
        opened.extended_source,
        frame.control.frame_pending,
    )


def sender_pan_id(frame: Frame) -> int | None:
    """Return the PAN ID of the sender, None if the frame says none."""
    return frame.destination_pan_id if frame.source_pan_id is None else frame.source_pan_id
