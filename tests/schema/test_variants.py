"""Specialised code is made for what is met, and hostile octets cannot make it without end."""

from itertools import product
from random import Random
from typing import Any

import pytest
from construct import Bytes, GreedyBytes, Struct, this

from lowpan.schema import Layout, compiler
from lowpan.schema.compiler import VARIANTS, Codec, Kind, compile_codec
from lowpan.schema.interned import INTERNED_VALUES
from lowpan.wire.ieee802154 import FRAME, FRAME_CONTROL, FrameControl
from lowpan.wire.nhc import COMPRESSED_HEADERS
from tests.schema.agreement import decoded
from tests.schema.flood import flood
from tests.schema.inputs import inputs
from tests.schema.small import OF_BRANCHES, Control, Three, Two

HEADERS = 100_000
"""Random headers for each format; `make fuzz` tries more, see tests/fuzz/test_formats.py."""

GROWTH = 512 << 10
"""Octets that a codec may still take when it has met a quarter of them: nested ones fill late."""


@pytest.mark.parametrize(
    ("layout", "kind"), [(FRAME, "decode"), (COMPRESSED_HEADERS, "decode_prefix")]
)
def test_memory_is_flat_under_random_headers(layout: Layout[Any], kind: Kind) -> None:
    flooded = flood(layout, kind, HEADERS, "flat")
    assert flooded.decoded > HEADERS // 100
    assert flooded.growth < GROWTH
    name = f"{kind}_{layout.value_type.__name__}"
    specialised = {made for made in flooded.compiled if made.startswith(f"{name}_")}
    assert VARIANTS // 4 < len(specialised) <= VARIANTS
    assert flooded.compiled[name] == 2  # the table and the branching form
    assert all(flooded.compiled[made] == 1 for made in specialised)


@pytest.mark.parametrize("limit", [0, 1, 2, 7])
def test_any_limit_gives_the_same_values(monkeypatch: pytest.MonkeyPatch, limit: int) -> None:
    monkeypatch.setattr(compiler, "VARIANTS", limit)
    limited = compile_codec(FRAME, "decode")
    encode = compile_codec(FRAME, "encode")
    for octets, surroundings in inputs("ieee802154.FRAME", Random(limit), 1000):
        frame = decoded(FRAME.decode, octets, surroundings)
        assert decoded(limited, octets, surroundings) == frame
        if not isinstance(frame, str):
            assert encode(frame) == FRAME.encode(frame)


def test_a_shape_is_compiled_once() -> None:
    codec = Codec(OF_BRANCHES["by one header"], "decode")
    decode = codec.build({})
    for _, kind, flag in product(range(3), range(8), range(2)):
        decoded(decode, bytes([kind << 1 | flag, *range(6)]), None)
    assert codec.made == 16


def test_two_headers_are_one_look_up_apart() -> None:
    codec = Codec(OF_BRANCHES["by two headers"], "decode")
    assert codec.split == {("x",), ("z", "x")}
    decode = codec.build({})
    assert decode(b"\0\xaa") == Three(Control(0), b"\xaa", None)
    inner = Two(Control(1), 5)
    assert decode(b"\3\xaa\xbb\2\0\5") == Three(Control(1, flag=True), b"\xbb\xaa", inner)


def test_values_of_headers_are_shared_while_there_is_room() -> None:
    headers = Layout(FrameControl, FRAME_CONTROL.schema)
    frames = Layout(Three, Struct("x" / headers, "y" / Bytes(this.x.frame_type), "z" / GreedyBytes))
    first, second = (frames.decode(b"\x41\x88\1rest") for _ in range(2))
    assert first.x is second.x
    assert headers.decode(b"\x41\x88") is first.x
    assert headers.interned is not None
    for number in range(1 << 16):
        headers.decode(number.to_bytes(2, "little"))
    assert len(headers.interned.values) == len(headers.interned.raws) == INTERNED_VALUES
    assert headers.decode(b"\x41\x88") is first.x
    unshared = headers.decode(b"\xff\xff")
    assert unshared == headers.decode(b"\xff\xff")
    assert headers.encode(unshared) == b"\xff\xff"


def test_the_source_of_compiled_code_can_be_read() -> None:
    decode: Any = FRAME.codec("decode")
    assert decode.source.startswith("def decode_Frame(o, s=None):\n")
    assert decode is vars(FRAME)["decode"]
