"""Keys of a Thread network, against the vectors of Thread specification §7.1.4."""

import json
from pathlib import Path
from typing import Any

import pytest

from lowpan.mac.thread_keys import derive, key_index

_FILE = Path(__file__).parent.parent / "vectors" / "key_derivation.jsonl"
VECTORS = list(map(json.loads, _FILE.read_text(encoding="utf-8").splitlines()))


@pytest.mark.parametrize("vector", VECTORS, ids=[vector["id"] for vector in VECTORS])
def test_vector(vector: Any) -> None:
    network_key = bytes.fromhex(vector["params"]["network_key"])
    mle, mac = derive(network_key, vector["params"]["key_sequence"])
    assert {"mle_key": mle.hex(), "mac_key": mac.hex()} == vector["expect"]


def test_key_index_is_one_to_128() -> None:
    assert [key_index(sequence) for sequence in (0, 1, 127, 128, 129)] == [1, 2, 128, 1, 2]
    assert key_index(0xFFFFFFFF) == 128
