import gzip
import io
import random
import tracemalloc
import zlib

import pytest

from lowpan.capture.blocks import BLOCK, Blocks, decompressed
from lowpan.errors import CaptureError

PLAIN = random.Random(1952).randbytes(40_000) + bytes(700_000) + random.Random(6).randbytes(40_000)
PACKED = gzip.compress(PLAIN)


def blocks_of(octets: bytes, size: int = BLOCK) -> Blocks:
    file = io.BytesIO(octets)
    return Blocks(lambda: file.read(size), name="file", close=file.close)


def drained(blocks: Blocks) -> tuple[bytes, str]:
    """Return all that comes out, and what the end is said to be."""
    octets = b""
    try:
        while blocks.advance(len(blocks.octets)):
            octets += blocks.octets
    except CaptureError as error:
        return octets, str(error)
    return octets, ""


def test_window_moves_and_knows_where_it_is() -> None:
    blocks = blocks_of(bytes(range(100)), 7)
    assert blocks.want(10)
    assert (blocks.octets, blocks.offset) == (bytes(range(14)), 0)
    assert blocks.skip(40)
    assert blocks.want(1)
    assert (blocks.octets[0], blocks.offset) == (40, 40)
    assert blocks.advance(1)
    assert (blocks.octets[0], blocks.offset) == (41, 41)
    assert not blocks.want(60)
    assert not blocks.skip(60)


@pytest.mark.parametrize("size", [1 << 20, 4096, 997])
@pytest.mark.parametrize("rest", [b"", bytes(5), bytes(1 << 20), PACKED])
def test_gzip_members_and_padding(size: int, rest: bytes) -> None:
    expected = PLAIN * (2 if rest == PACKED else 1)
    assert drained(decompressed(blocks_of(PACKED + rest, size))) == (expected, "")


@pytest.mark.parametrize("size", [1 << 20, 997])
def test_gzip_gives_all_before_other_octets(size: int) -> None:
    octets, end = drained(decompressed(blocks_of(PACKED + b"\0\0and more", size)))
    assert octets == PLAIN
    assert f"octet {len(PACKED)}: what follows the compressed data is no gzip member" in end


def test_gzip_of_a_single_octet_more_is_damage_too() -> None:
    assert "is no gzip member" in drained(decompressed(blocks_of(PACKED + b"\x1f")))[1]


@pytest.mark.parametrize("size", [1 << 20, 997])
def test_cut_gzip_gives_all_before_the_cut(size: int) -> None:
    octets, end = drained(decompressed(blocks_of(PACKED[:-9], size)))
    assert len(octets) > len(PLAIN) - 300
    assert PLAIN.startswith(octets)
    assert end == f"file: octet {len(PACKED) - 9}: the compressed file ends early"


@pytest.mark.parametrize("size", [1 << 20, 997])
@pytest.mark.parametrize("place", [-8, -1])
def test_gzip_with_a_wrong_checksum_gives_everything_first(size: int, place: int) -> None:
    damaged = bytearray(PACKED)
    damaged[place] ^= 0x55
    octets, end = drained(decompressed(blocks_of(bytes(damaged), size)))
    assert octets == PLAIN
    assert "compressed data is damaged hereabouts" in end


@pytest.mark.parametrize("size", [1 << 20, 997])
def test_gzip_with_an_impossible_block_gives_everything_before_it(size: int) -> None:
    compressor = zlib.compressobj(wbits=31)
    good = compressor.compress(PLAIN) + compressor.flush(zlib.Z_FULL_FLUSH)
    octets, end = drained(decompressed(blocks_of(good + b"\x07" * 2000, size)))
    assert octets == PLAIN
    assert "invalid block type" in end


def test_damage_is_told_once_and_again() -> None:
    blocks = decompressed(blocks_of(PACKED[:50]))
    drained(blocks)
    with pytest.raises(CaptureError, match="ends early"):
        blocks.advance(0)


def test_a_bomb_is_inflated_a_block_at_a_time() -> None:
    bomb = gzip.compress(bytes(50_000_000))
    blocks = decompressed(blocks_of(bomb))
    tracemalloc.start()
    try:
        total = 0
        while blocks.advance(len(blocks.octets)):
            total += len(blocks.octets)
        peak = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert total == 50_000_000
    assert peak < 4 * BLOCK
