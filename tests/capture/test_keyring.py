"""Which keys the keyring tries, in which order, and what it remembers."""

from itertools import islice

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lowpan.capture.keyring import (
    MOST_REMEMBERED,
    MOST_USUAL,
    SEARCH_WIDTH,
    Identifier,
    Keyring,
)
from lowpan.capture.keys import KeyKind, RawKey, ThreadKey

KEY = ThreadKey(bytes.fromhex("00112233445566778899aabbccddeeff"))
OTHER = ThreadKey(bytes.fromhex("ffeeddccbbaa99887766554433221100"))
PAN_ID = 0xFACE


def indexed(index: int, pan_id: int = PAN_ID) -> Identifier:
    return 1, None, index, pan_id


def named(sequence: int, index: int | None = None) -> Identifier:
    return 2, sequence.to_bytes(4, "big"), sequence % 128 + 1 if index is None else index, PAN_ID


def verify(keyring: Keyring, sequence: int) -> None:
    identifier = named(sequence)
    keyring.mle_verified(identifier, next(keyring.mle_choices(identifier)))


def sequences(keyring: Keyring, index: int, most: int | None = None) -> list[int | None]:
    return [choice.sequence for choice in islice(keyring.mac_choices(indexed(index)), most)]


def test_search_begins_at_zero_and_has_an_end() -> None:
    keyring = Keyring([KEY])
    assert sequences(keyring, 2) == [1 + 128 * turn for turn in range(SEARCH_WIDTH)]
    assert sequences(Keyring([KEY], search_width=2), 128, 2) == [127, 255]


def test_search_begins_where_the_user_says() -> None:
    keyring = Keyring([ThreadKey(bytes(16), first_sequence=1000)])
    assert sequences(keyring, 1000 % 128 + 1, 3) == [1000, 1128, 872]


def test_mle_tells_sequences_with_one_key_index_apart() -> None:
    keyring = Keyring([KEY])
    assert [choice.sequence for choice in keyring.mle_choices(named(1))] == [1]
    assert [choice.sequence for choice in keyring.mle_choices(named(129))] == [129]
    assert next(keyring.mle_choices(named(129))).ccm_star is KEY.mle_key(129)
    verify(keyring, 1)
    assert sequences(keyring, 2, 1) == [1]
    verify(keyring, 129)
    assert sequences(keyring, 2, 2) == [129, 257]
    assert keyring.latest_sequence(KEY) == 129


def test_search_continues_near_the_last_sequence_however_large() -> None:
    keyring = Keyring([KEY])
    verify(keyring, 0xFFFFFFFF)
    assert sequences(keyring, 128, 1) == [0xFFFFFFFF]
    assert sequences(keyring, 127, 1) == [0xFFFFFFFE]
    assert sequences(keyring, 1, 2) == [0xFFFFFF80, 0xFFFFFF00]  # none beyond the last


@given(st.integers(0, 0xFFFFFFFF), st.integers(1, 128))
def test_search_names_each_sequence_of_the_index_once(latest: int, index: int) -> None:
    keyring = Keyring([KEY])
    verify(keyring, latest)
    tried = [sequence or 0 for sequence in sequences(keyring, index)]
    assert len(set(tried)) == len(tried) <= SEARCH_WIDTH + 4
    assert all(sequence % 128 == index - 1 for sequence in tried)
    assert min(abs(sequence - latest) for sequence in tried) == abs(tried[0] - latest)
    assert set(range(index - 1, 128 * SEARCH_WIDTH, 128)) <= set(tried)


def test_mac_frame_that_names_its_sequence_gets_that_key() -> None:
    """A Thread wake-up frame: key identifier mode 2 with the key sequence as source."""
    keyring = Keyring([KEY])
    assert [choice.ccm_star for choice in keyring.mac_choices(named(28))] == [KEY.mac_key(28)]
    assert list(keyring.mac_choices(named(28, index=30))) == []
    assert list(keyring.mle_choices(named(28, index=30))) == []


@pytest.mark.parametrize("index", [0, 129, 255])
def test_no_thread_key_has_such_an_index(index: int) -> None:
    assert list(Keyring([KEY]).mac_choices(indexed(index))) == []


def test_every_network_is_tried_once_before_any_is_searched() -> None:
    raw = RawKey(bytes(16), key_index=3)
    keyring = Keyring([KEY, OTHER, raw, RawKey(bytes(16), key_index=4)])
    tried = [(choice.key, choice.sequence) for choice in keyring.mac_choices(indexed(3))]
    assert tried[:4] == [(KEY, 2), (OTHER, 2), (raw, None), (KEY, 130)]
    assert len(tried) == 2 * SEARCH_WIDTH + 1


def test_announce_key_is_always_there_and_never_remembered() -> None:
    keyring, identifier = Keyring(), (2, b"\xff\xff\xff\xff", 0xFF, PAN_ID)
    (choice,) = keyring.mac_choices(identifier)
    assert choice.key.kind is KeyKind.ANNOUNCE
    assert choice.nonce_address == bytes.fromhex("3506feb823d48712")
    keyring.mac_verified(identifier, choice)
    assert keyring.mac.usual(identifier) == ()
    assert list(keyring.mle_choices(identifier)) == []


def test_key_that_fitted_is_remembered_for_its_network_only() -> None:
    keyring = Keyring([KEY, OTHER])
    choice = list(keyring.mac_choices(indexed(1)))[1]
    assert choice.key == OTHER
    keyring.mac_verified(indexed(1), choice)
    assert keyring.mac.usual(indexed(1)) == (choice,)
    assert keyring.mac.usual(indexed(1, pan_id=0xBEEF)) == ()
    assert keyring.mac.usual(indexed(2)) == ()
    assert keyring.mle.usual(indexed(1)) == ()


def test_last_key_that_fitted_comes_first() -> None:
    keyring = Keyring([KEY])
    choices = list(keyring.mac_choices(indexed(1)))
    for choice in (*choices, choices[2]):
        keyring.mac_verified(indexed(1), choice)
    usual = keyring.mac.usual(indexed(1))
    assert usual == (choices[2], choices[-1], choices[-2], choices[-3])
    assert len(usual) == MOST_USUAL


def test_memory_has_an_end() -> None:
    keyring = Keyring([KEY])
    choice = next(keyring.mac_choices(indexed(1)))
    for pan_id in range(MOST_REMEMBERED + 1):
        keyring.mac_verified(indexed(1, pan_id), choice)
    assert keyring.mac.usual(indexed(1, 0)) == ()
    assert all(keyring.mac.usual(indexed(1, pan_id)) for pan_id in range(1, MOST_REMEMBERED + 1))


def test_key_is_added_once() -> None:
    keyring = Keyring([KEY, RawKey(bytes(16))])
    assert not keyring.add(ThreadKey(bytes.fromhex("00112233445566778899aabbccddeeff")))
    assert keyring.add(OTHER)
    assert keyring.keys == (KEY, RawKey(bytes(16)), OTHER)


def test_keyring_shows_fingerprints() -> None:
    keyring = Keyring([KEY, RawKey(bytes(range(16)))])
    assert repr(keyring) == f"Keyring(ThreadKey({KEY.fingerprint}), RawKey(be45cb26))"
