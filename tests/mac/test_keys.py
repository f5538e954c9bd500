"""Keys are found by what frames call them."""

import pytest

from lowpan.errors import FieldOutOfRange
from lowpan.mac.keys import KeyIdentifier, KeyTable
from lowpan.mac.thread_keys import ANNOUNCE_KEY, derive
from lowpan.wire.secret import fingerprint
from lowpan.wire.security_header import AuxiliarySecurityHeader, SecurityControl

KEY, OTHER_KEY = bytes(range(16)), bytes(range(1, 17))
DEFAULT, SOURCE_4 = bytes.fromhex("0123456789abcdef"), bytes.fromhex("beef0001")
PEER, STRANGER = bytes.fromhex("020000000000000b"), bytes.fromhex("020000000000000c")
NETWORK_KEY = bytes.fromhex("00112233445566778899aabbccddeeff")


def found(table: KeyTable, identifier: KeyIdentifier, peer: bytes | None = None) -> str | None:
    """Return the fingerprint of the key that a frame with this identifier is under."""
    header = AuxiliarySecurityHeader(
        SecurityControl(5, identifier.mode), 0, identifier.source, identifier.index
    )
    key = table.find(header, peer)
    assert key is table.find(identifier, peer)
    return None if key is None else key.fingerprint


def test_each_mode_finds_its_own_key() -> None:
    table = KeyTable()
    names = [
        KeyIdentifier(1, 1),
        KeyIdentifier(1, 255),
        KeyIdentifier(2, 1, SOURCE_4),
        KeyIdentifier(3, 1, DEFAULT),
        KeyIdentifier(3, 2, DEFAULT),
    ]
    for number, name in enumerate(names):
        table.add(name, bytes([number]) * 16)
    for number, name in enumerate(names):
        assert found(table, name) == fingerprint(bytes([number]) * 16)
    assert found(table, KeyIdentifier(1, 2)) is None
    assert found(table, KeyIdentifier(2, 1, bytes(4))) is None
    assert found(table, KeyIdentifier(0)) is None


def test_mode_1_means_the_default_key_source() -> None:
    table = KeyTable(default_key_source=DEFAULT)
    table.add(KeyIdentifier(3, 1, DEFAULT), KEY)
    table.add(KeyIdentifier(1, 2), OTHER_KEY)
    assert found(table, KeyIdentifier(1, 1)) == fingerprint(KEY)
    assert found(table, KeyIdentifier(3, 2, DEFAULT)) == fingerprint(OTHER_KEY)
    assert found(table, KeyIdentifier(3, 1, bytes(8))) is None


def test_mode_0_finds_the_key_of_the_peer() -> None:
    table = KeyTable()
    table.add_implicit(PEER, KEY)
    assert found(table, KeyIdentifier(0), PEER) == fingerprint(KEY)
    assert found(table, KeyIdentifier(0), STRANGER) is None
    assert found(table, KeyIdentifier(0), None) is None
    assert found(table, KeyIdentifier(1, 1), PEER) is None
    assert (table.has_implicit(PEER), table.has_implicit(STRANGER)) == (True, False)
    table.add_implicit(PEER, OTHER_KEY)
    assert found(table, KeyIdentifier(0), PEER) == fingerprint(OTHER_KEY)
    table.remove_implicit(PEER)
    assert found(table, KeyIdentifier(0), PEER) is None


def test_removed_key_is_found_no_more_and_its_name_is_free() -> None:
    table = KeyTable()
    table.add(KeyIdentifier(1, 1), KEY)
    with pytest.raises(FieldOutOfRange, match="another key"):
        table.add(KeyIdentifier(1, 1), OTHER_KEY)
    table.remove(KeyIdentifier(1, 1))
    table.remove(KeyIdentifier(1, 1))
    assert found(table, KeyIdentifier(1, 1)) is None
    table.add(KeyIdentifier(1, 1), OTHER_KEY)
    assert found(table, KeyIdentifier(1, 1)) == fingerprint(OTHER_KEY)


NO_NAMES = [
    (4, 1, None),
    (-1, 1, None),
    (0, 1, None),
    (0, None, SOURCE_4),
    (1, None, None),
    (1, 0, None),
    (1, 256, None),
    (1, 1, SOURCE_4),
    (2, 1, None),
    (2, 1, DEFAULT),
    (3, 1, SOURCE_4),
    (3, 0, DEFAULT),
]


@pytest.mark.parametrize(("mode", "index", "source"), NO_NAMES)
def test_what_no_frame_can_say_is_no_name(
    mode: int, index: int | None, source: bytes | None
) -> None:
    with pytest.raises(FieldOutOfRange):
        KeyIdentifier(mode, index, source)


def test_what_is_no_key_is_refused() -> None:
    table = KeyTable()
    with pytest.raises(FieldOutOfRange, match="15 octets"):
        table.add(KeyIdentifier(1, 1), KEY[1:])
    with pytest.raises(FieldOutOfRange, match="add_implicit"):
        table.add(KeyIdentifier(0), KEY)
    with pytest.raises(FieldOutOfRange, match="extended address"):
        table.add_implicit(b"\x00\x01", KEY)
    with pytest.raises(FieldOutOfRange, match="default key source"):
        KeyTable(default_key_source=SOURCE_4)


def test_attack_21_the_well_known_key_and_its_name_stay_out() -> None:
    table = KeyTable()
    with pytest.raises(FieldOutOfRange, match="well-known"):
        table.add(KeyIdentifier(2, 0xFF, b"\xff\xff\xff\xff"), KEY)
    with pytest.raises(FieldOutOfRange, match="well-known"):
        table.add(KeyIdentifier(1, 1), ANNOUNCE_KEY)
    with pytest.raises(FieldOutOfRange, match="well-known"):
        table.add_implicit(PEER, ANNOUNCE_KEY)
    assert found(table, KeyIdentifier(2, 0xFF, b"\xff\xff\xff\xff")) is None


def test_thread_keys_are_those_of_three_sequences() -> None:
    table = KeyTable()
    table.add(KeyIdentifier(2, 1, SOURCE_4), KEY)
    for now, held in [(0, [0, 1]), (5, [4, 5, 6]), (6, [5, 6, 7]), (128, [127, 128, 129])]:
        assert table.hold_thread_keys(NETWORK_KEY, now) == KeyIdentifier(1, now % 128 + 1)
        sequences = {
            key.key_sequence: key.fingerprint
            for index in range(1, 256)
            if (key := table.find(KeyIdentifier(1, index), None)) is not None
        }
        assert sequences == {n: fingerprint(derive(NETWORK_KEY, n)[1]) for n in held}
    assert found(table, KeyIdentifier(2, 1, SOURCE_4)) == fingerprint(KEY)


def test_last_thread_key_has_no_next() -> None:
    table = KeyTable()
    assert table.hold_thread_keys(NETWORK_KEY, 0xFFFFFFFF) == KeyIdentifier(1, 128)
    assert found(table, KeyIdentifier(1, 1)) is None


def test_no_text_shows_a_key() -> None:
    table = KeyTable()
    key = table.add(KeyIdentifier(1, 1), KEY)
    assert fingerprint(KEY) in repr(key)
    assert KEY.hex() not in repr(key) + str(key) + repr(table)
    assert repr(KEY)[2:-1] not in repr(key) + repr(table)
