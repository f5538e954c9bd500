"""Keys of a Thread network, against the vectors of Thread specification §7.1.4."""

import pytest

from lowpan.mac.thread_keys import derive, key_index

NETWORK_KEY = bytes.fromhex("00112233445566778899aabbccddeeff")
DERIVED = {  # key sequence: MLE key, MAC key; vectors v0093..v0095 of tests/vectors/keys.jsonl
    0: ("5445f4158fd75912175809f8b57a66a4", "de89c53af382b421e0fde5a9bae3bef0"),
    1: ("8f4cd1a27d95c07d12db8974bd615c13", "9be0d1af7bd87350deabcdd07febb9d5"),
    2: ("016e2ab8ec88879687a72e0a357ecf2a", "564109e9d2aad7f723ec3b96110eefa3"),
}


@pytest.mark.parametrize(("sequence", "keys"), DERIVED.items())
def test_vector(sequence: int, keys: tuple[str, str]) -> None:
    assert tuple(key.hex() for key in derive(NETWORK_KEY, sequence)) == keys


def test_key_index_is_one_to_128() -> None:
    assert [key_index(sequence) for sequence in (0, 1, 127, 128, 129)] == [1, 2, 128, 1, 2]
    assert key_index(0xFFFFFFFF) == 128
