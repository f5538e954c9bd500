"""Reader: a capture file, pipe or standard input -> its records, in constant memory."""

from collections.abc import Callable, Iterator
from types import TracebackType
from typing import Self

from lowpan.capture.blocks import BLOCK, GZIP, Blocks, decompressed
from lowpan.capture.files import Named, Readable, open_source, regular_size
from lowpan.capture.pcap import BYTE_ORDERS, PcapReader
from lowpan.capture.pcapng import SECTION_HEADER, PcapngReader
from lowpan.capture.record import Interface, Record
from lowpan.errors import CaptureError

_STRANGERS = {
    b"\x28\xb5\x2f\xfd": "is compressed by Zstandard, and only gzip is read",
    b"\x04\x22\x4d\x18": "is compressed by LZ4, and only gzip is read",
    b"BZh": "is compressed by bzip2, and only gzip is read",
    b"\xfd7zXZ": "is compressed by xz, and only gzip is read",
    b"PK\x03\x04": "is a zip archive: unpack it first",
}
"""How files begin that people take for captures."""


class Records:
    """The records of a capture, in order: an iterator that also tells of the file.

    A file that is cut or damaged gives every record before the damage; then CaptureError says
    once where it is, and the iteration is over.  What a pipe has delivered comes out without
    waiting for more.  The file is closed at the end, or at the end of a `with` block.
    """

    def __init__(self, blocks: Blocks, size: int | None) -> None:
        self.name = blocks.name
        """The path; `-` for standard input."""
        self.size = size
        """Octets of the file; None for a pipe."""
        self._file = blocks
        blocks.want(2)
        if blocks.octets.startswith(GZIP):
            blocks = decompressed(blocks)
        self._reader = _reader(blocks)
        self._records = self._reader.records()

    @property
    def format(self) -> str:
        """What the file is: `pcap` or `pcapng`."""
        return "pcap" if isinstance(self._reader, PcapReader) else "pcapng"

    @property
    def interfaces(self) -> tuple[Interface, ...]:
        """Those that the present section of the file has described so far."""
        return tuple(self._reader.interfaces)

    @property
    def position(self) -> int:
        """Octets of the file that were read; the records are a block behind at most."""
        return self._file.offset + len(self._file.octets)

    def close(self) -> None:
        """Close the file; there are no more records then."""
        self._file.close()
        self._records.close()

    def __iter__(self) -> Iterator[Record]:
        """Return the one iterator that there is."""
        return self._records

    def __next__(self) -> Record:
        """Return the next record; raise CaptureError where the file is damaged."""
        return next(self._records)

    def __enter__(self) -> Self:
        """Return the records themselves."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close the file."""
        self.close()


def open_records(source: Named | Readable) -> Records:
    """Open a pcap or pcapng file, gzipped or not: a path, `-` for standard input, or a file.

    Raises CaptureError if there is no such file or it is no capture.  A file that the caller
    opened stays open.
    """
    file, name, close = open_source(source)
    try:
        return Records(Blocks(_reading(file, name), name=name, close=close), regular_size(file))
    except CaptureError:
        close()
        raise


def _reading(file: Readable, name: str) -> Callable[[], bytes]:
    """Return the function that gives the next octets of `file`, as many as are there."""
    read: Callable[[int], bytes | None] = getattr(file, "read1", file.read)

    def read_block() -> bytes:
        try:
            octets = read(BLOCK)
        except (OSError, EOFError) as error:
            raise CaptureError(f"{name}: cannot be read on: {error}") from error
        if octets is None:
            raise CaptureError(f"{name}: cannot be read: it is in non-blocking mode")
        return octets

    return read_block


def _reader(blocks: Blocks) -> PcapReader | PcapngReader:
    """Choose the reader by the first octets."""
    blocks.want(4)
    magic = blocks.octets[:4]
    if magic in BYTE_ORDERS:
        return PcapReader(blocks)
    if magic == SECTION_HEADER:
        return PcapngReader(blocks)
    if not magic:
        raise CaptureError(f"{blocks.name}: the file is empty")
    for start, what in _STRANGERS.items():
        if blocks.octets.startswith(start):
            raise CaptureError(f"{blocks.name}: the file {what}")
    raise CaptureError(f"{blocks.name}: neither pcap nor pcapng: it begins with {magic.hex(' ')}")
