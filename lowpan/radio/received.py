"""Frames as the antenna got them."""

from dataclasses import dataclass
from enum import Enum


class Fcs(Enum):
    """What is known of the frame check sequence of a frame that came in."""

    GOOD = "good"
    """It fits the frame: whoever received the frame, or we, have checked it."""
    BAD = "bad"
    """It does not fit: some octet of the frame is not what was sent."""
    ABSENT = "absent"
    """It did not come with the frame, and nobody said that it was good."""


@dataclass(slots=True)
class ReceivedFrame:
    """A frame as the antenna got it (IEEE 802.15.4-2020 §8.3.3, MCPS-DATA.indication).

    What the radio or the capture does not tell is None, never a number made up.
    """

    psdu: bytes
    """MAC frame without its FCS, 0..2047 octets; as received, not yet found to be well formed."""
    fcs: Fcs
    fcs_octets: bytes = b""
    """The FCS as it was received, 2 or 4 octets; empty where only its state is known."""
    time_ns: int | None = None
    """Nanoseconds since 1970-01-01 00:00 UTC."""
    channel: int | None = None
    """Channel number, 0..65535; 11..26 in the 2450 MHz band."""
    page: int | None = None
    """Channel page, 0..255."""
    rssi: float | None = None
    """Received signal strength, dBm."""
    lqi: int | None = None
    """Link quality indication, 0 (worst) .. 255 (best)."""
    radio_time_us: int | None = None
    """The radio's own clock at the end of the SFD, microseconds, unwrapped to 64 bit."""
    acked_with_pending: bool = False
    """The radio has acknowledged it, and said that more waits for the sender."""
