"""From STREAM_RAW to ReceivedFrame: block after block, so this is the path that must be short."""

from struct import Struct, error

from lowpan.errors import MalformedFrame
from lowpan.radio import Fcs, ReceivedFrame
from lowpan.wire.fcs import has_good_fcs16
from lowpan_radios.clock import RadioClock
from lowpan_radios.spinel_names import RawFlags
from lowpan_radios.spinel_raw import (
    FCS_OCTETS,
    RSSI_INVALID,
    ReceivedMetadata,
    decode_received,
)

_TODAY = Struct("<bbHHBBQHB")
"""RECEIVED_METADATA without its last struct; a test holds that both tell the same."""

_UNUSUAL = int(RawFlags.TRANSMITTED | RawFlags.BAD_FCS | RawFlags.ACKED_WITH_SECURITY)
_PENDING = int(RawFlags.ACKED_WITH_PENDING)
"""Plain numbers: to test a flag of an IntFlag takes as long as all the rest."""


class RawFrames:
    """Makes frames of the values of STREAM_RAW; keeps the radio's clock and counts."""

    def __init__(self) -> None:
        self.clock = RadioClock(64)
        self.malformed = 0
        """Values that were cut short."""
        self.sent = 0
        """Frames that the radio gave back because it had sent them itself."""
        self.ack_frame_counter = -1
        """The highest counter of an Enh-Ack that the radio has secured; -1: none."""

    def frame(self, message: bytes, at: int, arrival_ns: int) -> ReceivedFrame | None:
        """Return the frame whose value begins at `at` in `message`; None if there is none."""
        try:
            end = at + 2 + (message[at] | message[at + 1] << 8)
            rssi, _, flags, ten, channel, lqi, time, one, fault = _TODAY.unpack_from(message, end)
        except (error, IndexError):
            return self.any_frame(message[at:], arrival_ns)
        psdu = message[at + 2 : end]
        if (
            ten != 10
            or one != 1
            or fault
            or flags & _UNUSUAL
            or rssi == RSSI_INVALID
            or not has_good_fcs16(psdu)
        ):
            return self.any_frame(message[at:], arrival_ns)
        return ReceivedFrame(
            psdu[:-2],
            Fcs.GOOD,
            psdu[-2:],
            self.clock.time_ns(time, arrival_ns),
            channel,
            None,
            rssi,
            lqi,
            time,
            flags & _PENDING != 0,
        )

    def any_frame(self, value: bytes, arrival_ns: int) -> ReceivedFrame | None:
        """Do what frame() does, for whatever a radio of any age may say of a frame."""
        try:
            psdu, metadata = decode_received(value)
        except MalformedFrame:
            self.malformed += 1
            return None
        if metadata.flags & RawFlags.TRANSMITTED:
            self.sent += 1
            return None
        if len(psdu) < FCS_OCTETS:
            self.malformed += 1
            return None
        if metadata.ack is not None and metadata.flags & RawFlags.ACKED_WITH_SECURITY:
            self.ack_frame_counter = max(self.ack_frame_counter, metadata.ack.frame_counter)
        return self.received(psdu, metadata, arrival_ns)

    def received(self, psdu: bytes, metadata: ReceivedMetadata, arrival_ns: int) -> ReceivedFrame:
        """Return the frame that `psdu`, at least 2 octets with the FCS, and `metadata` are."""
        fcs, octets = fcs_of(psdu, metadata)
        time = metadata.timestamp_us
        rssi = metadata.rssi
        return ReceivedFrame(
            psdu[:-FCS_OCTETS],
            fcs,
            octets,
            arrival_ns if time is None else self.clock.time_ns(time, arrival_ns),
            metadata.channel,
            None,
            None if rssi == RSSI_INVALID else rssi,
            metadata.lqi,
            time,
            metadata.flags & _PENDING != 0,
        )


def fcs_of(psdu: bytes, metadata: ReceivedMetadata) -> tuple[Fcs, bytes]:
    """Return what is known of the FCS, and its octets.

    Radios write other things over it, so one that does not fit says nothing by itself.
    """
    octets = psdu[-FCS_OCTETS:]
    if metadata.flags & RawFlags.BAD_FCS:
        return Fcs.BAD, octets
    if metadata.receive_error:
        return Fcs.BAD, octets
    if has_good_fcs16(psdu):
        return Fcs.GOOD, octets
    return Fcs.ABSENT, b""
