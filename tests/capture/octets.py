"""Capture files made octet by octet, in either byte order, without lowpan's own writer."""

import os
import struct
from collections.abc import Iterable
from io import FileIO
from pathlib import Path

CAPTURES = Path(__file__).parent.parent / "captures"

PSDU = bytes.fromhex("41 88 01 ce fa ff ff 00 00 aa bb")
FCS = bytes.fromhex("09 af")
"""FCS-16 of PSDU; tshark finds it good too (test_peers)."""

SECOND = 1_700_000_000

ORDERS = ("<", ">")


def pcap_header(
    order: str = "<", *, magic: int = 0xA1B2C3D4, link_type: int = 195, version: int = 2
) -> bytes:
    return struct.pack(order + "IHHIIII", magic, version, 4, 0, 0, 65535, link_type)


def pcap_record(
    octets: bytes, order: str = "<", *, fraction: int = 0, length: int | None = None
) -> bytes:
    original = len(octets) if length is None else length
    return struct.pack(order + "IIII", SECOND, fraction, len(octets), original) + octets


def block(kind: int, body: bytes, order: str = "<") -> bytes:
    body += bytes(-len(body) % 4)
    size = 12 + len(body)
    return struct.pack(order + "II", kind, size) + body + struct.pack(order + "I", size)


def options(pairs: Iterable[tuple[int, bytes]], order: str = "<") -> bytes:
    return b"".join(
        struct.pack(order + "HH", code, len(value)) + value + bytes(-len(value) % 4)
        for code, value in pairs
    )


def section(order: str = "<", *, major: int = 1, pairs: Iterable[tuple[int, bytes]] = ()) -> bytes:
    body = struct.pack(order + "IHHq", 0x1A2B3C4D, major, 0, -1) + options(pairs, order)
    return block(0x0A0D0D0A, body, order)


def interface(
    link_type: int = 195,
    order: str = "<",
    *,
    snap_length: int = 0,
    pairs: Iterable[tuple[int, bytes]] = (),
) -> bytes:
    body = struct.pack(order + "HHI", link_type, 0, snap_length) + options(pairs, order)
    return block(1, body, order)


def enhanced(  # noqa: PLR0913 - one for each part of the block
    octets: bytes,
    order: str = "<",
    *,
    number: int = 0,
    ticks: int = SECOND * 1_000_000,
    original: int | None = None,
    pairs: Iterable[tuple[int, bytes]] = (),
) -> bytes:
    lengths = len(octets), len(octets) if original is None else original
    head = struct.pack(order + "IIIII", number, ticks >> 32, ticks & 0xFFFFFFFF, *lengths)
    return block(6, head + octets + bytes(-len(octets) % 4) + options(pairs, order), order)


def pipe() -> tuple[FileIO, FileIO]:
    """Return the two ends of a pipe, to read and to write, without a buffer."""
    source, target = os.pipe()
    return FileIO(source, "rb"), FileIO(target, "wb")


class Pieces:
    """A file that gives one piece at each read, as a pipe does; it may be endless."""

    def __init__(self, pieces: Iterable[bytes]) -> None:
        self._pieces = iter(pieces)

    def read(self, _: int, /) -> bytes:
        return next(self._pieces, b"")
