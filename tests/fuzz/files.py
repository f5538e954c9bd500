"""Capture files to damage, as lists of pieces: headers, blocks, records."""

import gzip
import struct
from collections.abc import Iterator
from functools import cache
from random import Random

from tests.capture.octets import (
    CAPTURES,
    block,
    enhanced,
    interface,
    pcap_header,
    pcap_record,
    section,
)
from tests.fuzz.mutation import Mutator
from tests.wire.mac_samples import captured

Pieces = list[bytes]

_TAP_HEADER = bytes.fromhex("00001c00 00000100 01000000 03000300 0b000000 01000400 000080bf")
_COMMENT = [(1, b"a comment"), (0, b"")]
_ENDLESS = (0xFFFFFFFF, 0x7FFFFFFF, 0x80000000, 0x40001, 0x40000, 0xFFFF, 0)
_MODIFIED = 0xA1B2CD34


@cache
def whole_files() -> tuple[Pieces, ...]:
    """Return sound files of every format: pcap in five forms, pcapng of several sections."""
    frames = captured(CAPTURES / "openthread" / "i-attach-router.pcap")[:24]
    frames += captured(CAPTURES / "linux" / "ext-5-udp-600-fragmented.pcap")[:8]
    return (
        [pcap_header(), *(pcap_record(frame) for frame in frames)],
        [pcap_header(">"), *(pcap_record(frame, ">") for frame in frames)],
        [pcap_header(magic=0xA1B23C4D), *(pcap_record(frame, fraction=7) for frame in frames)],
        [
            pcap_header(magic=_MODIFIED),
            *(pcap_record(frame)[:16] + bytes(8) + frame for frame in frames),
        ],
        [pcap_header(link_type=283), *(pcap_record(_TAP_HEADER + frame) for frame in frames)],
        list(_pcapng(frames)),
    )


def _pcapng(frames: list[bytes]) -> Iterator[bytes]:
    yield section(pairs=[(4, b"a program"), (0, b"")])
    yield interface(195, pairs=[(2, b"wpan0"), (9, b"\x09"), (13, b"\x10"), (0, b"")])
    yield interface(283, pairs=[(9, b"\x86"), (14, bytes(8)), (0, b"")])
    for at, frame in enumerate(frames[:16]):
        odd = at % 2
        yield enhanced((_TAP_HEADER if odd else b"") + frame, number=odd, pairs=_COMMENT)
    yield block(4, struct.pack("<HH", 1, 12) + bytes(12))
    yield section(">")
    yield interface(230, ">")
    for frame in frames[16:]:
        yield enhanced(frame[:-2], ">")
        yield block(3, struct.pack(">I", len(frame) - 2) + frame[:-2], ">")
    yield block(2, struct.pack(">HHIIII", 0, 0, 0, 0, 11, 11) + frames[0][:11], ">")
    yield block(0x0BAD, b"a block of a vendor", ">")


class Damage:
    """Damages whole files; the same Random gives the same files."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self._mutated = Mutator(random).mutated

    def file(self) -> bytes:
        """Return a damaged file, one of four compressed by gzip before or after the damage."""
        random = self._random
        pieces = list(random.choice(whole_files()))
        packed = random.getrandbits(3)
        if packed == 0:  # the damage is in the compressed octets
            return self._struck(gzip.compress(b"".join(pieces), 1, mtime=0))
        for _ in range(random.choice((1, 1, 2, 3))):
            self._damage(pieces)
        octets = b"".join(pieces)
        if packed == 1:
            middle = random.randrange(len(octets) + 1)
            members = octets[:middle], octets[middle:]
            return b"".join(gzip.compress(member, 1, mtime=0) for member in members)
        return octets

    def _damage(self, pieces: Pieces) -> None:
        random = self._random
        kind, at = random.randrange(8), random.randrange(len(pieces))
        if kind == 0:
            pieces[at:] = [pieces[at][: random.randrange(len(pieces[at]) + 1)]]
        elif kind == 1:  # repeated, a header in the middle of the file perhaps
            pieces[at:at] = [random.choice(pieces)] * random.choice((1, 2, 50))
        elif kind == 2:
            random.shuffle(pieces)
        elif kind == 3:
            pieces[at : at + 1] = []
        elif kind in {4, 5}:
            pieces[at] = self._with_odd_number(pieces[at])
        else:
            pieces[at] = self._struck(pieces[at])
        if not pieces:
            pieces.append(b"")

    def _with_odd_number(self, piece: bytes) -> bytes:
        """Return `piece` with a length, or what stands where lengths do, that cannot be."""
        random = self._random
        number = random.choice(_ENDLESS) + random.choice((-1, 0, 0, 1)) & 0xFFFFFFFF
        at = 4 * random.randrange(max(1, min(8, len(piece) // 4)))
        form = random.choice("<>")
        return piece[:at] + struct.pack(form + "I", number) + piece[at + 4 :]

    def _struck(self, octets: bytes) -> bytes:
        """Return `octets` with changes in a stretch of them."""
        at = self._random.randrange(len(octets) + 1)
        return octets[:at] + self._mutated(octets[at : at + 200]) + octets[at + 200 :]
