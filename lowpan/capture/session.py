"""Captures read and followed: from a file to typed frames, in constant memory."""

import os
from collections.abc import Iterator
from itertools import islice
from types import TracebackType
from typing import Self

from lowpan.capture.decoded import DecodedFrame
from lowpan.capture.files import Readable
from lowpan.capture.follower import Follower
from lowpan.capture.key_sources import Given, Keys, given_by
from lowpan.capture.linktype import LINK_TYPES
from lowpan.capture.reader import Records, open_records
from lowpan.capture.record import Record
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
        with Capture(records, self.given) as scout:
            for _ in islice(scout, frames):
                pass
            self.follower.expect(scout.follower)

    def __iter__(self) -> Iterator[DecodedFrame]:
        """Yield each frame."""
        follow = self.follower.follow
        try:
            for record in self.records:
                try:
                    received = record.interface.frame_of(record)
                except (MalformedFrame, CaptureError) as error:
                    yield self._unreadable(record, error)
                    continue
                yield follow(record.number, received, record.original_length)
        except CaptureError as damage:
            self.damage = damage

    def _unreadable(self, record: Record, error: MalformedFrame | CaptureError) -> DecodedFrame:
        """Return the frame of a record that cannot be read, though others of the file can."""
        received = ReceivedFrame(b"", Fcs.ABSENT, time_ns=record.time_ns)
        decoded = DecodedFrame(record.number, received, record.original_length)
        if isinstance(error, MalformedFrame):
            decoded.faults = (error,)
        elif any(interface.link_type in LINK_TYPES for interface in self.records.interfaces):
            decoded.notes = (str(error),)
        else:
            raise error  # there is nothing in this file for us
        return decoded

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
    keys: Keys = (),
    look_ahead: int = LOOK_AHEAD,
) -> Capture:
    """Open a pcap or pcapng file, gzipped or not: a path, `-` for standard input, or a file.

    `keys` is a key or several: ThreadKey, RawKey, or text as in a key file; 32 hex digits alone
    are a Thread network key.  `given` tells more (contexts, addresses, datasets).  Of a path to a
    regular file the first `look_ahead` frames are read twice, so that contexts and addresses told
    later in them serve from the first frame on.  Raises CaptureError if there is no such file or
    it is no capture, KeyFormatError if a text is no key.
    """
    told = given_by(keys)
    if given is not None:
        told.add(given)
    capture = Capture(open_records(source), told)
    named = isinstance(source, str | os.PathLike) and source != "-"
    if look_ahead and named and capture.records.size is not None:
        capture.look_ahead(open_records(source), look_ahead)
    return capture


def decode(octets: bytes, given: Given | None = None, *, keys: Keys = ()) -> DecodedFrame:
    """Return one MAC frame, without its FCS, decoded as far as it goes by itself.

    `given` and `keys` are those of open_capture().  For frames that belong together, as a radio
    gives them, make a Follower.
    """
    told = given_by(keys)
    if given is not None:
        told.add(given)
    return Follower(told).follow(1, ReceivedFrame(octets, Fcs.ABSENT), len(octets))
