"""The work that is measured: headers of the capture, decoded and encoded, three ways."""

from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from typing import Any, NamedTuple

from lowpan.capture.decoded import DecodedFrame
from lowpan.capture.keys import ThreadKey
from lowpan.capture.session import open_capture
from lowpan.wire.addresses import Context, Surroundings, iid_of
from lowpan.wire.fragment import FRAGMENT_HEADER
from lowpan.wire.ieee802154 import FRAME, Frame
from lowpan.wire.lowpan_headers import DISPATCH, Dispatch
from lowpan.wire.mesh_header import MESH_HEADER
from lowpan.wire.nhc import COMPRESSED_HEADERS
from tests.benchmarks.capture import NETWORK_KEY
from tests.benchmarks.codecs import FRAMES, Pair, Work
from tests.benchmarks.datagrams import PREFIX
from tests.benchmarks.reference_ieee802154 import decode_frame_by_hand, encode_frame_by_hand
from tests.benchmarks.reference_sixlowpan import (
    decode_compressed_headers_by_hand,
    decode_fragment_header_by_hand,
    decode_mesh_header_by_hand,
)
from tests.benchmarks.reference_sixlowpan_encoding import (
    encode_compressed_headers_by_hand,
    encode_fragment_header_by_hand,
    encode_mesh_header_by_hand,
)

INTERPRETED = 50
"""Interpreted Construct gets one of so many inputs, for it is slow."""
CONTEXTS = {0: Context(PREFIX, 64)}


class Codec(NamedTuple):
    """One way to decode, or to encode."""

    frame: Callable[[Any], Any]
    mesh: Callable[[Any], Any]
    fragment: Callable[[Any], Any]
    compressed: Callable[[Any, Any], Any]


DECODERS = (
    Codec(
        FRAME.decode,
        MESH_HEADER.decode_prefix,
        FRAGMENT_HEADER.decode_prefix,
        COMPRESSED_HEADERS.decode_prefix,
    ),
    Codec(
        decode_frame_by_hand,
        decode_mesh_header_by_hand,
        decode_fragment_header_by_hand,
        decode_compressed_headers_by_hand,
    ),
    Codec(
        FRAME.interpret,
        MESH_HEADER.interpret,
        FRAGMENT_HEADER.interpret,
        COMPRESSED_HEADERS.interpret,
    ),
)
"""Compiled, by hand, interpreted."""
ENCODERS = (
    Codec(FRAME.encode, MESH_HEADER.encode, FRAGMENT_HEADER.encode, COMPRESSED_HEADERS.encode),
    Codec(
        encode_frame_by_hand,
        encode_mesh_header_by_hand,
        encode_fragment_header_by_hand,
        encode_compressed_headers_by_hand,
    ),
    Codec(
        FRAME.interpret_build,
        MESH_HEADER.interpret_build,
        FRAGMENT_HEADER.interpret_build,
        COMPRESSED_HEADERS.interpret_build,
    ),
)


class Headers(NamedTuple):
    """What is decoded, or encoded: octets, or values."""

    mesh: list[Any]
    fragment: list[Any]
    compressed: list[tuple[Any, Surroundings]]
    """With what completes it."""

    def some(self) -> "Headers":
        """Return one of INTERPRETED, in the same mixture."""
        return Headers(
            self.mesh[::INTERPRETED], self.fragment[::INTERPRETED], self.compressed[::INTERPRETED]
        )

    def total(self) -> int:
        """Return how many there are."""
        return len(self.mesh) + len(self.fragment) + len(self.compressed)

    def decoded(self, codec: Codec) -> "Headers":
        """Return the values of these octets; each codec encodes fastest what it has made."""
        return Headers(
            [codec.mesh(octets)[0] for octets in self.mesh],
            [codec.fragment(octets)[0] for octets in self.fragment],
            [(codec.compressed(octets, around)[0], around) for octets, around in self.compressed],
        )


def pairs(path: Path) -> Iterator[Pair]:
    """Yield the work for the frames at the start of the capture at `path`."""
    with open_capture(path, keys=[ThreadKey(NETWORK_KEY)]) as capture:
        frames = list(islice(capture, FRAMES))
    psdus = [decoded.received.psdu for decoded in frames]
    values = [[codec.frame(psdu) for psdu in psdus] for codec in DECODERS[:2]]
    assert values[0] == values[1]
    yield _frame_pair("802.15.4 header, decode", DECODERS, [psdus, psdus])
    yield _frame_pair("802.15.4 header, encode", ENCODERS, values)
    headers = _headers(frames)
    made = [headers.decoded(codec) for codec in DECODERS[:2]]
    assert made[0] == made[1]
    yield _header_pair("6LoWPAN headers, decode", DECODERS, [headers, headers])
    yield _header_pair("6LoWPAN headers, encode", ENCODERS, made)


def _frame_pair(what: str, codecs: tuple[Codec, ...], inputs: list[list[Any]]) -> Pair:
    some = inputs[0][::INTERPRETED]
    compiled, by_hand, interpreted = (
        _frame_work(codec.frame, found)
        for codec, found in zip(codecs, [*inputs, some], strict=True)
    )
    return Pair(what, compiled, by_hand, interpreted, len(inputs[0]), len(some))


def _frame_work(way: Callable[[Any], Any], inputs: list[Any]) -> Work:
    def work() -> None:
        for found in inputs:
            way(found)

    return work


def _header_pair(what: str, codecs: tuple[Codec, ...], inputs: list[Headers]) -> Pair:
    some = inputs[0].some()
    compiled, by_hand, interpreted = (
        _header_work(codec, found) for codec, found in zip(codecs, [*inputs, some], strict=True)
    )
    return Pair(what, compiled, by_hand, interpreted, inputs[0].total(), some.total())


def _header_work(codec: Codec, headers: Headers) -> Work:
    def work() -> None:
        way = codec.compressed
        for found, around in headers.compressed:
            way(found, around)
        for found in headers.mesh:
            codec.mesh(found)
        for found in headers.fragment:
            codec.fragment(found)

    return work


def _headers(frames: list[DecodedFrame]) -> Headers:
    """Return the places in `frames` where 6LoWPAN headers begin."""
    headers = Headers([], [], [])
    for decoded in frames:
        frame, octets = decoded.frame, decoded.payload
        if not isinstance(frame, Frame) or not octets or frame.control.frame_type != 1:
            continue
        ends = frame.source or b"", frame.destination or b""
        if DISPATCH[octets[0]] is Dispatch.MESH:
            headers.mesh.append(octets)
            mesh, used = MESH_HEADER.decode_prefix(octets)
            ends, octets = (mesh.originator, mesh.final_destination), octets[used:]
        if DISPATCH[octets[0]] in {Dispatch.FRAG1, Dispatch.FRAGN}:
            headers.fragment.append(octets)
            octets = octets[FRAGMENT_HEADER.decode_prefix(octets)[1] :]
        if decoded.compressed is not None:
            around = Surroundings(iid_of(ends[0]), iid_of(ends[1]), CONTEXTS)
            headers.compressed.append((octets, around))
    return headers
