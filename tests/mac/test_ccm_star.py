"""CCM* against the vectors of Annex C of IEEE 802.15.4-2006, and what it must refuse."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lowpan.errors import FieldOutOfRange, LowpanError, SecurityError
from lowpan.mac.ccm_star import (
    CcmStarKey,
    MicMismatch,
    SecurityLevelRefused,
    nonce,
    nonce_2003,
    nonce_tsch,
    nonce_tsch_short,
)

KEY = CcmStarKey(bytes.fromhex("c0c1c2c3c4c5c6c7c8c9cacbcccdcecf"))
SENDER = bytes.fromhex("acde480000000001")
WITH_MIC = [1, 2, 3, 5, 6, 7]
ANNEX_C = {  # level, a-data, m-data, encrypted m-data, MIC: IEEE 802.15.4-2006 C.2.1 and C.2.3
    "C.2.1": (
        2,
        "08d0842143010000000048deac020500000055cf000051525354",
        "",
        "",
        "223bc1ec841ab553",
    ),
    "C.2.3": (
        6,
        "2bdc842143020000000048deacffff010000000048deac060500000001",
        "ce",
        "d8",
        "4fde529061f9c6f1",
    ),
}


@pytest.mark.parametrize("vector", ANNEX_C.values(), ids=ANNEX_C)
def test_vector(vector: tuple[int, str, str, str, str]) -> None:
    level, *texts = vector
    authenticated, private, encrypted, mic = map(bytes.fromhex, texts)
    sender = nonce(SENDER, 5, level)
    assert KEY.seal(sender, authenticated, private, level) == encrypted + mic
    assert KEY.open(sender, authenticated, encrypted + mic, level) == private


def test_key_stream_is_that_of_annex_c_2_2() -> None:
    clear, encrypted = bytes.fromhex("61626364"), bytes.fromhex("d43e022b")
    assert KEY.apply_key_stream(nonce(SENDER, 5, 4), clear) == encrypted
    assert KEY.apply_key_stream(nonce(SENDER, 5, 4), encrypted) == clear


def test_key_stream_is_what_encryption_with_a_mic_uses_too() -> None:
    sealed = KEY.seal(nonce(SENDER, 5, 5), b"header", bytes(64), 5)
    assert KEY.apply_key_stream(nonce(SENDER, 5, 5), bytes(64)) == sealed[:-4]


@pytest.mark.parametrize("level", [-1, 0, 4, 8, 255])
def test_levels_without_mic_are_refused(level: int) -> None:
    with pytest.raises(SecurityLevelRefused):
        KEY.open(bytes(13), b"", bytes(32), level)
    with pytest.raises(SecurityLevelRefused):
        KEY.seal(bytes(13), b"", b"", level)


@given(st.sampled_from(WITH_MIC), st.binary(max_size=200), st.binary(max_size=200))
def test_what_is_sealed_opens_again(level: int, authenticated: bytes, private: bytes) -> None:
    sender = nonce(SENDER, 7, level)
    sealed = KEY.seal(sender, authenticated, private, level)
    assert len(sealed) - len(private) == {1: 4, 2: 8, 3: 16}[level & 3]
    assert (sealed[: len(private)] == private) or level > 4
    assert KEY.open(sender, authenticated, sealed, level) == private


@given(st.sampled_from(WITH_MIC), st.data())
def test_any_changed_bit_is_noticed(level: int, data: st.DataObject) -> None:
    sender, header = nonce(SENDER, 7, level), b"header"
    parts = [sender, header, KEY.seal(sender, header, b"private", level)]
    part = data.draw(st.sampled_from([0, 1, 2]))
    bit = data.draw(st.integers(0, len(parts[part]) * 8 - 1))
    changed = int.from_bytes(parts[part], "big") ^ 1 << bit
    parts[part] = changed.to_bytes(len(parts[part]), "big")
    with pytest.raises(MicMismatch):
        KEY.open(parts[0], parts[1], parts[2], level)


@given(st.integers(0, 255), st.binary(max_size=30))
def test_octets_that_nobody_sealed_do_not_open(level: int, octets: bytes) -> None:
    with pytest.raises(SecurityError):
        KEY.open(nonce(SENDER, 7, 5), b"", octets, level)


def test_more_octets_than_ccm_star_counts_are_refused() -> None:
    with pytest.raises(SecurityError):
        KEY.seal(bytes(13), b"", bytes(1 << 16), 5)
    with pytest.raises(SecurityError):
        KEY.open(bytes(13), b"", bytes((1 << 16) + 4), 5)


def test_nonces_are_in_display_order() -> None:
    address = bytes.fromhex("166e0a0000000001")
    assert nonce(address, 2, 5).hex() == "166e0a00000000010000000205"
    assert nonce(address, 2, 0xFD).hex() == "166e0a00000000010000000205"
    assert nonce_2003(address, 2, 0xAB).hex() == "166e0a000000000100000002ab"
    assert nonce_tsch(address, 0x0102030405).hex() == "166e0a00000000010102030405"
    short = nonce_tsch_short(0xFACE, bytes.fromhex("2400"), 0x0102030405)
    assert short.hex() == "ba55ec00face24000102030405"


@given(
    st.binary(max_size=10).filter(lambda address: len(address) != 8),
    st.integers(0, 0xFFFFFFFF),
)
def test_address_of_another_length_is_the_callers_mistake(address: bytes, number: int) -> None:
    for build in (nonce, nonce_2003):
        with pytest.raises(FieldOutOfRange):
            build(address, number, 5)
    with pytest.raises(FieldOutOfRange):
        nonce_tsch(address, number)


@pytest.mark.parametrize("number", [-1, 1 << 40])
def test_number_too_large_is_the_callers_mistake(number: int) -> None:
    with pytest.raises(FieldOutOfRange):
        nonce(SENDER, number, 5)
    with pytest.raises(FieldOutOfRange):
        nonce_2003(SENDER, number, 0)
    with pytest.raises(FieldOutOfRange):
        nonce_tsch(SENDER, number)
    with pytest.raises(FieldOutOfRange):
        nonce_tsch_short(0xFACE, b"\x24\x00", number)


@given(st.binary(min_size=16, max_size=16))
def test_key_is_never_shown(octets: bytes) -> None:
    key = CcmStarKey(octets)
    with pytest.raises(LowpanError) as refused:
        key.open(bytes(13), b"", bytes(20), 4)
    with pytest.raises(LowpanError) as mismatch:
        key.open(bytes(13), b"", bytes(20), 5)
    for shown in (repr(key), str(key), repr(refused.value), str(mismatch.value)):
        assert octets.hex() not in shown
        assert repr(octets)[2:-1] not in shown


@given(st.binary(max_size=40).filter(lambda octets: len(octets) != 16))
def test_key_of_another_length_is_refused_and_not_shown(octets: bytes) -> None:
    with pytest.raises(FieldOutOfRange) as error:
        CcmStarKey(octets)
    assert len(octets) < 4 or octets.hex() not in str(error.value)
