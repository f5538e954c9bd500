"""The Internet checksum over an IPv6 pseudo-header (RFC 1071, RFC 8200 §8.1)."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lowpan.wire.checksum import checksum, verifies, with_checksum
from lowpan.wire.ipv6 import ICMPV6, UDP
from tests.wire.sixlowpan_samples import octets

PRINTED = {  # RFC 7400 appendix A: source and destination, message with its checksum
    "figure 8": (
        "fe80000000000000021cdafffe002024ff02000000000000000000000000001a",
        "9b006bde00000000",
    ),
    "figure 9": (
        "fe80000000000000021cdafffe003023ff02000000000000000000000000001a",
        "9b017a5f00f001008800000020020db800000000000000fffe00face040e001409ff0000010000000000"
        "0000081e8020ffffffffffffffff0000000020020db800000000000000fffe00face030e4000ffffffff"
        "20020db800000000",
    ),
    "figure 10": (
        "20020db800000000000000fffe00334420020db800000000000000fffe001122",
        "9b02587d018000f10512008020020db800000000000000fffe00334406140080f100fe80000000000000"
        "000000fffe001122",
    ),
    "figure 11": (
        "20020db800000000000000fffe003bd3fe80000000000000021cdafffe003023",
        "8700a76800000000fe80000000000000021cdafffe00302301013bd3000000001f02000000000006001c"
        "dafffe002024",
    ),
    "figure 13": (
        "fe80000000000000aede480000000001ff020000000000000000000000000002",
        "85009065000000000102acde480000000001000000000000",
    ),
}


@pytest.mark.parametrize("figure", PRINTED)
def test_printed_checksums(figure: str) -> None:
    ends, message = (bytes.fromhex(text) for text in PRINTED[figure])
    assert verifies(ends[:16], ends[16:], ICMPV6, message)
    assert with_checksum(ends[:16], ends[16:], ICMPV6, message, 2) == message
    spoilt = message[:-1] + bytes((message[-1] ^ 1,))
    assert not verifies(ends[:16], ends[16:], ICMPV6, spoilt)


def folded(words: bytes) -> int:
    """Return the checksum as RFC 1071 §4.1 computes it, word by word."""
    words += b"\0" * (len(words) % 2)
    total = 0
    for at in range(0, len(words), 2):
        total += int.from_bytes(words[at : at + 2], "big")
        total = (total & 0xFFFF) + (total >> 16)
    return total ^ 0xFFFF


@given(octets(16), octets(16), st.integers(0, 255), st.binary(max_size=200))
def test_sum_word_by_word_is_the_same(
    source: bytes, destination: bytes, next_header: int, message: bytes
) -> None:
    pseudo_header = source + destination + len(message).to_bytes(4, "big")
    pseudo_header += next_header.to_bytes(4, "big")
    wanted = folded(pseudo_header + message)
    empty = not any(pseudo_header + message)
    assert checksum(source, destination, next_header, message) == (0 if empty else wanted)


@given(octets(16), octets(16), st.integers(1, 255), st.binary(min_size=8, max_size=200))
def test_what_is_written_verifies(
    source: bytes, destination: bytes, next_header: int, message: bytes
) -> None:
    whole = with_checksum(source, destination, next_header, message, 6)
    assert whole[:6] + whole[8:] == message[:6] + message[8:]
    assert verifies(source, destination, next_header, whole)


def test_udp_checksum_is_never_zero() -> None:
    message = bytes.fromhex("ffe6") + bytes(6)  # with length 8 and next header 17: sum FFFF
    assert checksum(bytes(16), bytes(16), UDP, message) == 0
    assert with_checksum(bytes(16), bytes(16), UDP, message, 6)[6:] == b"\xff\xff"
    assert verifies(bytes(16), bytes(16), UDP, message[:6] + b"\xff\xff")


@pytest.mark.parametrize("size", range(5))
def test_length_counts(size: int) -> None:
    assert checksum(bytes(16), bytes(16), UDP, bytes(size)) == 0xFFFF - UDP - size
