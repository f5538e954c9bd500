"""Captures read and followed: from a file to typed frames, in constant memory."""

import os
from collections.abc import Iterable, Iterator
from itertools import islice
from types import TracebackType
from typing import Self

from lowpan.capture.decoded import DecodedFrame
from lowpan.capture.follower import Follower
from lowpan.capture.key_sources import Given
from lowpan.capture.keys import Key
from lowpan.capture.reader import Readable, Records, open_records
from lowpan.errors import CaptureError, MalformedFrame
from lowpan.radio import Fcs, ReceivedFrame


LOOK_AHEAD = 3_000
"""Frames of a file that are read once before it is read: what they teach is known from frame 1."""


class Capture:
    """An open capture: iterate over it once for its frames, decoded, in their order.

    A damaged file gives the frames before the damage; then the iteration ends and `damage` says
    where and why.
    """

    def __init__(self, records: Records, given: Given) -> None:
        self.records = records
        self.given = given
        self.follower = Follower(given)
        self.damage: CaptureError | None = None

    def look_ahead(self, records: Records, frames: int) -> None:
        """Learn from the first `frames` of `records`, the same file opened once more."""
        scout = Capture(records, self.given)
        for decoded in islice(scout, frames):
            del decoded
        self.follower.expect(scout.follower)
        scout.close()

    def __iter__(self) -> Iterator[DecodedFrame]:
        """Yield each frame."""
        follow = self.follower.follow
        try:
            for record in self.records:
                try:
                    received = record.interface.frame_of(record)
                except MalformedFrame as fault:
                    yield _unreadable(record.number, record.octets, record.time_ns, fault)
                    continue
                yield follow(record.number, received, record.original_length)
        except CaptureError as damage:
            self.damage = damage

    def close(self) -> None:
        """Close the file."""
        self.records.close()

    def __enter__(self) -> Self:
        """Return the capture itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close the file."""
        self.close()


def open_capture(
    source: str | os.PathLike[str] | Readable,
    given: Given | None = None,
    *,
    keys: Iterable[Key] = (),
    look_ahead: int = LOOK_AHEAD,
) -> Capture:
    """Open a pcap or pcapng file, gzipped or not: a path, `-` for standard input, or a file.

    `keys` are ThreadKey or RawKey objects; `given` tells more (contexts, addresses, datasets).
    Of a path to a regular file the first `look_ahead` frames are read twice, so that contexts and
    addresses told later in them serve from the first frame on.  Raises CaptureError if there is
    no such file or it is no capture.
    """
    told = Given()
    if given is not None:
        told.add(given)
    told.keys += keys
    capture = Capture(open_records(source), told)
    if look_ahead and capture.records.size is not None and isinstance(source, str | os.PathLike):
        if source != "-":
            capture.look_ahead(open_records(source), look_ahead)
    return capture


def decode(octets: bytes, given: Given | None = None) -> DecodedFrame:
    """Return one MAC frame, without its FCS, decoded as far as it goes by itself."""
    return Follower(given).follow(1, ReceivedFrame(octets, Fcs.ABSENT), len(octets))


def _unreadable(
    number: int, octets: bytes, time_ns: int | None, fault: MalformedFrame
) -> DecodedFrame:
    decoded = DecodedFrame(number, ReceivedFrame(b"", Fcs.ABSENT, time_ns=time_ns), len(octets))
    decoded.faults = (fault,)
    return decoded
