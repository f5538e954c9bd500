"""Record: one frame of a capture file as it stands there, and the interface that it came from."""

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from lowpan.capture.linktype import frame_reader
from lowpan.errors import FieldOutOfRange

if TYPE_CHECKING:
    from collections.abc import Callable

    from lowpan.radio import ReceivedFrame

LONGEST_RECORD = 1 << 18
"""Octets of one record at most, 256 KiB as in Wireshark; a longer one is damage, not a frame."""


@dataclass(frozen=True, slots=True)
class Interface:
    """Where records come from: a pcap file has one interface, a pcapng section any number."""

    link_type: int
    """How the octets of a record begin and end: 195, 230, 283 ..., tcpdump's registry."""
    number: int = 0
    """Place among the interfaces of the section, from 0."""
    name: str = ""
    """Such as `wpan0`, at most 256 characters of it; empty if the file does not tell."""
    description: str = ""
    """At most 256 characters of it; empty if the file does not tell."""
    resolution: int = 1_000_000
    """Ticks of its clock in a second: a power of 10 or of 2."""
    time_offset: int = 0
    """Seconds that were added to the times in the file."""
    snap_length: int = 0
    """Octets of a frame that were kept at most; 0 for no limit."""
    fcs_length: int | None = None
    """Octets of the FCS at the end of each frame, 0, 2 or 4; None if the file does not tell."""
    frame_of: "Callable[[Record], ReceivedFrame]" = field(init=False, repr=False, compare=False)
    """Turns a record of this interface into the frame that it holds.

    Raises MalformedFrame for a record that ends before its frame begins, and CaptureError for
    every record if lowpan does not read the link type.
    """

    def __post_init__(self) -> None:
        """Choose `frame_of` once, so that no frame needs to be asked for its link type."""
        if self.fcs_length not in (None, 0, 2, 4):
            raise FieldOutOfRange(f"no FCS has {self.fcs_length} octets")
        object.__setattr__(self, "frame_of", frame_reader(self.link_type, self.fcs_length))


@dataclass(slots=True)
class Record:
    """One frame of a capture file, with what the file says of it."""

    number: int
    """Place in the file, from 1: tshark's frame.number."""
    time_ns: int | None
    """Nanoseconds since 1970-01-01 00:00 UTC, any integer; None in blocks without a time."""
    octets: bytes
    """The octets that were captured, at most LONGEST_RECORD of them."""
    original_length: int
    """Octets that the frame had, with its FCS and any TAP header; more than came if it was cut."""
    interface: Interface
    comments: tuple[str, ...] = ()
    """What people wrote beside the frame."""
