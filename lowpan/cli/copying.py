"""Writing of frames as they were captured, beside showing them or instead."""

from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

from lowpan.capture.reader import Records
from lowpan.capture.record import Record
from lowpan.capture.writer import CaptureWriter, open_writer
from lowpan.cli.report import CommandError

_PCAP_NAMES = {".pcap", ".cap", ".dmp"}


class Copy:
    """A capture file that gets records as they are.

    It is made when the first record tells what a pcap file has to say of all: the link type.
    """

    def __init__(self, target: str) -> None:
        self._target = target
        self._writer: CaptureWriter | None = None

    def add(self, record: Record) -> None:
        """Write one record; raises what the writer raises."""
        if self._writer is None:
            is_pcap = Path(self._target).suffix.lower() in _PCAP_NAMES
            interface = record.interface if is_pcap else None
            self._writer = open_writer(self._target, interface=interface)
        self._writer.copy(record)

    def __enter__(self) -> Self:
        """Return the copy itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close the file; also a capture without frames is a capture."""
        if self._writer is None and kind is None:
            self._writer = open_writer(self._target)
        if self._writer is not None:
            self._writer.close()


class CopiedRecords(Records):
    """The records of a capture, each copied before it is looked at."""

    def __init__(self, records: Records, copy: Copy) -> None:
        self._original, self._copy = records, copy
        self.name, self.size = records.name, records.size

    @property
    def position(self) -> int:
        """Octets of the file that were read."""
        return self._original.position

    def close(self) -> None:
        """Close the file that is read."""
        self._original.close()

    def __iter__(self) -> Iterator[Record]:
        """Yield each record once it was copied."""
        for record in self._original:
            self._copy.add(record)
            yield record


def refuse_same_file(source: str, target: str) -> None:
    """Raise CommandError if writing `target` would destroy the capture that is read."""
    try:
        same = target != "-" and Path(source).samefile(target)
    except (OSError, ValueError):  # one of them is not there, or is no path
        same = False
    if same:
        raise CommandError(f"{target}: that is the capture that is read", "name another file")
