"""FCS-16 and FCS-32 against vectors, against shift registers, and against captured frames."""

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lowpan.wire.fcs import (
    append_fcs16,
    append_fcs32,
    fcs16,
    fcs32,
    has_good_fcs16,
    has_good_fcs32,
)
from tests.wire.mac_samples import capture_paths, captured, printed, standard_vectors

VECTORS_16 = {
    b"123456789".hex(): "8921",  # check value of CRC-16/KERMIT, 0x2189
    "02105e": "d29b",  # an immediate acknowledgment
    printed("MLE Child ID Request").hex(): "d2d4",  # OpenThread test_mac_frame
    printed("MLE Advertisement").hex(): "9017",  # pyspinel test_sniffer
    printed("data request 2006").hex(): "5ae5",  # OpenThread test_mac_frame
    printed("data request 2015, CSL").hex(): "59e1",  # the same, command identifier encrypted
    printed("data 2015, short addresses").hex(): "408c",  # the same; printed as 0x8c40
}


def shift_register(octets: bytes, polynomial: int, register: int) -> int:
    """Return the CRC bit by bit, lowest bit of each octet first; `polynomial` is reflected."""
    for octet in octets:
        register ^= octet
        for _ in range(8):
            register = register >> 1 ^ (polynomial if register & 1 else 0)
    return register


@pytest.mark.parametrize(("octets", "fcs"), VECTORS_16.items())
def test_vector_16(octets: str, fcs: str) -> None:
    assert append_fcs16(bytes.fromhex(octets)).hex() == octets + fcs
    assert has_good_fcs16(bytes.fromhex(octets + fcs))


def test_vector_32() -> None:
    assert fcs32(b"123456789") == 0xCBF43926  # check value of CRC-32
    assert append_fcs32(b"123456789")[9:].hex() == "2639f4cb"


@given(st.binary(max_size=200))
def test_fcs_is_what_a_shift_register_gives(octets: bytes) -> None:
    assert fcs16(octets) == shift_register(octets, 0x8408, 0)
    assert fcs32(octets) == shift_register(octets, 0xEDB88320, 0xFFFFFFFF) ^ 0xFFFFFFFF


@pytest.mark.parametrize(
    ("append", "is_good", "size"),
    [(append_fcs16, has_good_fcs16, 2), (append_fcs32, has_good_fcs32, 4)],
)
@given(octets=st.binary(max_size=60), bit=st.integers(0, 10_000))
def test_one_wrong_bit_is_noticed(
    append: Callable[[bytes], bytes],
    is_good: Callable[[bytes], bool],
    size: int,
    octets: bytes,
    bit: int,
) -> None:
    good = append(octets)
    assert is_good(good)
    assert len(good) == len(octets) + size
    bit %= 8 * len(good)
    bad = bytearray(good)
    bad[bit // 8] ^= 1 << bit % 8
    assert not is_good(bytes(bad))


def test_too_few_octets_have_no_good_fcs() -> None:
    assert not any(has_good_fcs16(bytes(n)) for n in range(2))
    assert not any(has_good_fcs32(bytes(n)) for n in range(4))
    assert has_good_fcs16(bytes(2))


def test_every_captured_frame_but_one_has_a_good_fcs() -> None:
    frames = [octets for path in capture_paths() for octets in captured(path)]
    wrong = [octets for octets in frames if not has_good_fcs16(octets)]
    assert len(frames) > 17_000
    assert [octets[-2:].hex() for octets in wrong] == ["dead"]  # on purpose, says its README


def test_frames_of_the_6tisch_examples_have_a_good_fcs() -> None:
    frames = [vector for vector in standard_vectors() if "fcs_valid" in vector["expect"]]
    assert len(frames) == 14
    assert all(has_good_fcs16(bytes.fromhex(vector["in_hex"])) for vector in frames)
