"""Keys of a capture, and that none of them is ever shown."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lowpan.capture.keys import MOST_DERIVED, AnnounceKey, KeyKind, RawKey, ThreadKey
from lowpan.errors import FieldOutOfRange
from lowpan.mac.ccm_star import CcmStarKey
from lowpan.mac.thread_keys import derive

NETWORK_KEY = bytes.fromhex("00112233445566778899aabbccddeeff")
KEYS = st.binary(min_size=16, max_size=16).filter(lambda octets: len(set(octets)) > 4)


@pytest.mark.parametrize("sequence", [0, 1, 2, 129, 0xFFFFFFFF])
def test_thread_key_gives_both_keys_of_a_sequence(sequence: int) -> None:
    key, (mle, mac) = ThreadKey(NETWORK_KEY), derive(NETWORK_KEY, sequence)
    sealed = key.mle_key(sequence).seal(bytes(13), b"", b"private", 5)
    assert CcmStarKey(mle).open(bytes(13), b"", sealed, 5) == b"private"
    sealed = key.mac_key(sequence).seal(bytes(13), b"", b"private", 5)
    assert CcmStarKey(mac).open(bytes(13), b"", sealed, 5) == b"private"


def test_derived_keys_are_kept_but_not_without_end() -> None:
    key = ThreadKey(NETWORK_KEY)
    first = key.mac_key(0)
    assert key.mac_key(0) is first
    for sequence in range(1, MOST_DERIVED):
        key.mac_key(sequence)
    assert key.mac_key(0) is first
    key.mle_key(MOST_DERIVED)
    assert key.mac_key(0) is not first


@pytest.mark.parametrize("sequence", [-1, 1 << 32])
def test_sequence_of_more_than_four_octets_is_the_callers_mistake(sequence: int) -> None:
    with pytest.raises(FieldOutOfRange):
        ThreadKey(NETWORK_KEY).mac_key(sequence)
    with pytest.raises(FieldOutOfRange):
        ThreadKey(NETWORK_KEY, first_sequence=sequence)


def test_raw_key_fits_what_it_names_and_all_that_it_leaves_open() -> None:
    anything = RawKey(NETWORK_KEY)
    assert anything.fits(0, None, None)
    assert anything.fits(3, bytes(8), 7)
    index_3 = RawKey(NETWORK_KEY, key_index=3)
    assert index_3.fits(1, None, 3)
    assert not index_3.fits(1, None, 4)
    assert not index_3.fits(0, None, None)
    implicit = RawKey(NETWORK_KEY, key_identifier_mode=0, key_index=0)
    assert implicit.fits(0, None, None)
    assert not implicit.fits(1, None, 0)
    named = RawKey(NETWORK_KEY, key_identifier_mode=2, key_index=3, key_source=b"\xfa\xce\x24\0")
    assert named.fits(2, b"\xfa\xce\x24\0", 3)
    assert not named.fits(2, b"\xfa\xce\x24\1", 3)


@pytest.mark.parametrize(
    ("mode", "index", "source"),
    [(4, 1, None), (-1, 1, None), (1, 256, None), (0, 1, None), (1, 1, bytes(4)), (2, 1, bytes(8))],
)
def test_raw_key_that_no_frame_can_name_is_refused(
    mode: int, index: int, source: bytes | None
) -> None:
    with pytest.raises(FieldOutOfRange):
        RawKey(NETWORK_KEY, key_identifier_mode=mode, key_index=index, key_source=source)


def test_announce_key_says_that_everybody_has_it() -> None:
    assert AnnounceKey().kind is KeyKind.ANNOUNCE
    assert {ThreadKey(NETWORK_KEY).kind, RawKey(NETWORK_KEY).kind} == {"thread", "raw"}


@given(KEYS, KEYS)
def test_equal_keys_are_equal(first: bytes, second: bytes) -> None:
    for kind in (ThreadKey, RawKey):
        assert (kind(first) == kind(second)) is (first == second)
        assert len({kind(first), kind(bytes(first))}) == 1
    assert ThreadKey(first) != RawKey(first)
    assert RawKey(first, key_index=1) != RawKey(first, key_index=2)


@given(KEYS, st.integers(0, 0xFFFFFFFF))
def test_key_is_never_shown(octets: bytes, sequence: int) -> None:
    thread, raw = ThreadKey(octets), RawKey(octets, key_identifier_mode=1, key_index=3)
    derived = [thread.mle_key(sequence), thread.mac_key(sequence), raw.ccm_star]
    secrets = [octets, *derive(octets, sequence)]
    for shown in (thread, raw, AnnounceKey(), *derived):
        for secret in secrets:
            assert_hidden(secret, f"{shown!r} {shown}")


def assert_hidden(secret: bytes, text: str) -> None:
    """Fail if four octets in a row of `secret` can be read in `text`."""
    for at in range(len(secret) - 3):
        piece = secret[at : at + 4]
        assert piece.hex() not in text.lower().replace(":", "").replace(" ", "")
        assert repr(piece)[2:-1] not in text


@given(st.binary(max_size=40).filter(lambda octets: len(octets) != 16))
def test_key_of_another_length_is_refused_and_not_shown(octets: bytes) -> None:
    for kind in (ThreadKey, RawKey):
        with pytest.raises(FieldOutOfRange) as error:
            kind(octets)
        assert str(error.value) == f"a key of {len(octets)} octets instead of 16"
