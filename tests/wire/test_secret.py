import copy
import pickle
from hashlib import sha256
from typing import Any

import pytest

from lowpan.wire.secret import Secret, fingerprint

KEY = bytes.fromhex("00112233445566778899aabbccddeeff")


def test_fingerprint_is_the_start_of_a_hash() -> None:
    assert fingerprint(KEY) == sha256(KEY).digest()[:4].hex()
    assert fingerprint(KEY) != fingerprint(KEY[::-1])


def test_no_text_of_a_secret_shows_its_octets() -> None:
    secret = Secret(KEY)
    shown = f"<16 secret octets, fingerprint {fingerprint(KEY)}>"
    texts = [repr(secret), str(secret), f"{secret}", f"{secret!r}", f"{secret!a}"]
    assert texts == [shown] * len(texts)
    assert str([secret]) == f"[{shown}]"


def test_a_secret_is_its_octets() -> None:
    secret = Secret(KEY)
    assert secret == KEY
    assert hash(secret) == hash(KEY)
    assert secret[:4] == KEY[:4]
    assert type(copy.deepcopy(secret)) is Secret
    assert type(pickle.loads(pickle.dumps(secret))) is Secret


def test_a_number_makes_no_key_of_zeros() -> None:
    number: Any = 16
    with pytest.raises(TypeError, match="octets wanted"):
        Secret(number)
