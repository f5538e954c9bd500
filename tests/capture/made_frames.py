"""Decoded frames made by hand or read from the captures that come with the source."""

from collections.abc import Iterator
from pathlib import Path

from lowpan.capture.decoded import DecodedFrame
from lowpan.capture.follower import Follower
from lowpan.capture.key_sources import Given, parse_raw_key, parse_thread_key
from lowpan.capture.session import open_capture
from lowpan.radio import Fcs, ReceivedFrame
from lowpan.wire.ieee802154 import AnyFrame, encode_frame

CAPTURES = Path(__file__).parent.parent / "captures"
ATTACH = CAPTURES / "openthread" / "i-attach-router.pcap"
KEY = "00112233445566778899aabbccddeeff"
SECOND_KEY = "ffeeddccbbaa99887766554433221100"
PSKC = "445f2b5ca6f2a93a55ce570a70efeecb"
LINUX_KEY = "c0c1c2c3c4c5c6c7c8c9cacbcccdcecf"
"""Of the lab that made the captures."""


def given() -> Given:
    """Return the keys of all captures."""
    keys = [parse_thread_key(KEY), parse_thread_key(SECOND_KEY), parse_raw_key(LINUX_KEY)]
    return Given(keys=keys)


def frames_of(path: Path = ATTACH, told: Given | None = None) -> Iterator[DecodedFrame]:
    """Yield the frames of a capture, opened with the keys of all of them."""
    with open_capture(path, given() if told is None else told) as capture:
        yield from capture


def decoded(psdu: bytes | AnyFrame, *, number: int = 1, **radio: float) -> DecodedFrame:
    """Return a frame decoded by itself, without keys; `radio` is what a radio tells of it."""
    octets = psdu if isinstance(psdu, bytes) else encode_frame(psdu)
    received = ReceivedFrame(octets, Fcs.GOOD)
    for name, value in radio.items():
        setattr(received, name, value)
    return Follower().follow(number, received, len(octets))
