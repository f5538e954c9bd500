"""Corpus: inputs that once failed, kept as files that every run of the tests reads again.

Frames are pcap files of link type 230 (without FCS), in their order; files are as they were.
"""

from collections.abc import Callable, Sequence
from hashlib import sha256
from pathlib import Path
from struct import pack

from lowpan.radio import ReceivedFrame

CORPUS = Path(__file__).parent / "corpus"
FRAMES, FILES = CORPUS / "frames", CORPUS / "files"

_PCAP_HEADER = pack("<IHHIIII", 0xA1B23C4D, 2, 4, 0, 0, 1 << 18, 230)


def pcap_of(frames: Sequence[ReceivedFrame]) -> bytes:
    """Return `frames` as a capture file; what is no time of 32 bits of seconds becomes 1970."""
    parts = [_PCAP_HEADER]
    for frame in frames:
        seconds, rest = divmod(frame.time_ns or 0, 1_000_000_000)
        if not 0 <= seconds < 1 << 32:
            seconds = rest = 0
        parts += pack("<IIII", seconds, rest, len(frame.psdu), len(frame.psdu)), frame.psdu
    return b"".join(parts)


def keep(octets: bytes, folder: Path) -> Path:
    """Write a failing input where test_corpus finds it; return its path."""
    folder.mkdir(parents=True, exist_ok=True)
    name = f"{sha256(octets).hexdigest()[:16]}{'.pcap' if folder == FRAMES else '.bin'}"
    path = folder / name
    path.write_bytes(octets)
    return path


def fewest(
    frames: Sequence[ReceivedFrame], fails: Callable[[Sequence[ReceivedFrame]], bool]
) -> list[ReceivedFrame]:
    """Return few of `frames`, the last one included, with which `fails` is still true.

    Where even all of them do not fail, what came long before matters: all are returned.
    """
    if fails(frames[-1:]):
        return [frames[-1]]
    kept = list(frames)
    if not fails(kept):
        return kept
    size = len(kept) // 2
    while size:
        at = 0
        while at < len(kept) - 1:
            fewer = kept[:at] + kept[min(at + size, len(kept) - 1) :]
            if fails(fewer):
                kept = fewer
            else:
                at += size
        size //= 2
    return kept
