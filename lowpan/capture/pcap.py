"""Pcap: one header, then one record per frame (draft-ietf-opsawg-pcap)."""

import struct
from collections.abc import Generator
from dataclasses import dataclass
from typing import Literal

from construct import Construct, Int16ub, Int16ul, Int32ub, Int32ul, Struct

from lowpan.capture.blocks import Blocks
from lowpan.capture.record import LONGEST_RECORD, Interface, Record
from lowpan.schema import Layout

MICROSECONDS = 0xA1B2C3D4
NANOSECONDS = 0xA1B23C4D
MODIFIED = 0xA1B2CD34
"""As MICROSECONDS, but 8 octets more before each frame: A. Kuznetzov's libpcap, `modpcap`."""

ByteOrder = Literal["little", "big"]

HEADER_LENGTH = 24


@dataclass(frozen=True, slots=True)
class FileHeader:
    """What stands at the start of a pcap file (draft-ietf-opsawg-pcap §4)."""

    magic: int
    link_type: int
    """Link type in the low 16 bits; above, in some files, the length of the FCS."""
    snap_length: int = LONGEST_RECORD
    """Octets of a frame that were kept at most."""
    version_major: int = 2
    version_minor: int = 4
    reserved1: int = 0
    """Once the time zone."""
    reserved2: int = 0
    """Once the accuracy of the times."""


def _file_header(int16: "Construct[int, int]", int32: "Construct[int, int]") -> Layout[FileHeader]:
    schema = Struct(
        "magic" / int32,
        "version_major" / int16,
        "version_minor" / int16,
        "reserved1" / int32,
        "reserved2" / int32,
        "snap_length" / int32,
        "link_type" / int32,
    )
    return Layout(FileHeader, schema)


FILE_HEADERS: dict[ByteOrder, Layout[FileHeader]] = {
    "little": _file_header(Int16ul, Int32ul),
    "big": _file_header(Int16ub, Int32ub),
}

RECORD_HEADERS = {"little": struct.Struct("<IIII"), "big": struct.Struct(">IIII")}
"""Seconds since 1970, micro- or nanoseconds, captured length, original length."""

BYTE_ORDERS: dict[bytes, ByteOrder] = {
    magic.to_bytes(4, order): order
    for magic in (MICROSECONDS, NANOSECONDS, MODIFIED)
    for order in FILE_HEADERS
}
"""The first four octets of every pcap file -> its byte order."""


class PcapReader:
    """Reads the records of a file in order; `blocks` stand at its header.

    Raises CaptureError if the header is not whole.
    """

    def __init__(self, blocks: Blocks) -> None:
        if not blocks.want(HEADER_LENGTH):
            raise blocks.damage(len(blocks.octets), "the file ends inside the pcap header")
        self._byte_order = BYTE_ORDERS[blocks.octets[:4]]
        header = FILE_HEADERS[self._byte_order].decode(blocks.octets[:HEADER_LENGTH])
        if header.version_major != 2:
            version = f"{header.version_major}.{header.version_minor}"
            raise blocks.damage(4, f"pcap version {version} is not read, only 2")
        blocks.skip(HEADER_LENGTH)
        self._blocks = blocks
        self._record_header = 24 if header.magic == MODIFIED else 16
        self.interfaces = [interface_of(header)]

    def records(self) -> Generator[Record]:
        """Yield the records; raise CaptureError where the file is damaged."""
        blocks, size, interface = self._blocks, self._record_header, self.interfaces[0]
        unpack = RECORD_HEADERS[self._byte_order].unpack_from
        tick, at, number = 1_000_000_000 // interface.resolution, 0, 0
        try:
            while True:
                octets = blocks.octets
                end = len(octets)
                while (start := at + size) <= end:
                    seconds, fraction, length, original_length = unpack(octets, at)
                    if length > LONGEST_RECORD:
                        reason = f"record {number + 1} announces {length} octets"
                        raise blocks.damage(blocks.offset + at, reason)
                    if (at_next := start + length) > end:
                        break
                    number += 1
                    time_ns = seconds * 1_000_000_000 + fraction * tick
                    yield Record(number, time_ns, octets[start:at_next], original_length, interface)
                    at = at_next
                if not blocks.advance(at):
                    break
                at = 0
            if left := len(blocks.octets):
                reason = f"the file ends {left} octets into record {number + 1}"
                raise blocks.damage(blocks.offset, reason)
        finally:
            blocks.close()


def interface_of(header: FileHeader) -> Interface:
    """Return the one interface of a file (draft-ietf-opsawg-pcap §4, LinkType and FCS)."""
    fcs_length = (header.link_type >> 28) * 2 if header.link_type >> 26 & 1 else None
    return Interface(
        link_type=header.link_type & 0xFFFF,
        resolution=10**9 if header.magic == NANOSECONDS else 10**6,
        snap_length=header.snap_length,
        fcs_length=fcs_length if fcs_length in (0, 2, 4) else None,
    )
