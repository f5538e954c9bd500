"""Real inputs of every Layout: what its codecs get while captures and vectors are read."""

from collections import defaultdict
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from dataclasses import fields, is_dataclass, replace
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple, get_args

import pytest

import lowpan.schema.layout
from lowpan.capture.decoded import DecodedFrame
from lowpan.capture.keys import ThreadKey
from lowpan.capture.session import open_capture
from lowpan.errors import LowpanError
from lowpan.schema import Layout
from lowpan.schema.compiler import Kind, compile_codec
from lowpan.schema.constructs import is_a
from lowpan.wire.addresses import Surroundings
from lowpan.wire.ieee802154 import decode_frame
from lowpan.wire.mld import LISTENER_REPORT, LISTENER_REPORT_V2_TYPE
from lowpan.wire.nhc import COMPRESSED_HEADERS
from tests.schema.agreement import every_layout
from tests.wire.mac_samples import all_samples
from tests.wire.sixlowpan_samples import iphc_rows, row_surroundings

CAPTURES = Path(__file__).parent.parent / "captures"
KEY = ThreadKey(bytes.fromhex("00112233445566778899aabbccddeeff"))
MOST_KEPT, MOST_SEEN = 400, 2_000
"""Inputs of one format that are kept, and that are looked into for others."""


class Input(NamedTuple):
    """What a codec got."""

    octets: bytes
    surroundings: Any


@cache
def recorded() -> dict[str, tuple[Input, ...]]:
    """Return real inputs of each Layout by its name; few or none for those that nobody sends."""
    with _recording() as recorder:
        for path in sorted(CAPTURES.rglob("*.pcap")):
            with open_capture(path, keys=[KEY]) as capture:
                for frame in capture:
                    _listener_report(frame)
        for psdu in all_samples():
            _try(lambda psdu=psdu: decode_frame(psdu))
        for row in iphc_rows():
            octets, around = bytes.fromhex(row["octets"]), row_surroundings(row)
            _try(
                lambda octets=octets, around=around: COMPRESSED_HEADERS.decode_prefix(
                    octets, around
                )
            )
    return {name: tuple(recorder.inputs[id(layout)].values()) for name, layout in every_layout()}


def _listener_report(frame: DecodedFrame) -> None:
    """Read what the capture side keeps as octets and nodes read."""
    message = frame.datagram.icmpv6 if frame.datagram is not None else None
    if message is not None and message.type == LISTENER_REPORT_V2_TYPE:
        body = message.body
        if isinstance(body, bytes):
            _try(lambda: LISTENER_REPORT.decode(body))


def _try(decode: Callable[[], object]) -> None:
    with suppress(LowpanError):
        decode()


class _Recorder:
    """Keeps what codecs get, and the octets of all values inside what they give."""

    def __init__(self) -> None:
        self.inputs: dict[int, dict[bytes, Input]] = defaultdict(dict)
        self._seen: dict[int, set[bytes]] = defaultdict(set)
        self._layouts = {layout.value_type: layout for _, layout in every_layout()}

    def codec(self, layout: Layout[Any], kind: Kind) -> Callable[..., Any]:
        """Return the compiled function, which notes its input if it decodes."""
        compiled = compile_codec(layout, kind)
        if kind == "encode":
            return compiled

        def decode(octets: bytes, surroundings: Any = None) -> Any:
            found = compiled(octets, surroundings)
            if self.is_new(layout, octets):
                self.keep(layout, octets, surroundings)
                self.take_apart(found[0] if kind == "decode_prefix" else found, surroundings)
            return found

        return decode

    def is_new(self, layout: Layout[Any], octets: bytes) -> bool:
        """Tell whether an input is worth a look."""
        seen = self._seen[id(layout)]
        new = octets not in seen and len(seen) < MOST_SEEN
        if new:
            seen.add(octets)
        return new

    def keep(self, layout: Layout[Any], octets: bytes, surroundings: Any) -> None:
        """Keep one input as it is now: what is known of contexts grows while a capture is read."""
        kept = self.inputs[id(layout)]
        if len(kept) < MOST_KEPT:
            if isinstance(surroundings, Surroundings):
                surroundings = replace(surroundings, contexts=dict(surroundings.contexts))
            kept.setdefault(octets, Input(octets, surroundings))

    def take_apart(self, value: Any, surroundings: Any) -> None:
        """Keep the octets of each value in `value` that has a Layout of its own."""
        if is_a(value, tuple):
            for item in value:
                self.take_apart(item, surroundings)
        elif is_dataclass(value):
            layout = self._layouts.get(type(value))
            if layout is not None:
                _try(lambda: self.keep(layout, layout.encode(value, surroundings), surroundings))
            for field in fields(value):
                self.take_apart(getattr(value, field.name), surroundings)


@contextmanager
def _recording() -> Generator[_Recorder, None, None]:
    recorder = _Recorder()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lowpan.schema.layout, "compile_codec", recorder.codec)
        forget_codecs()
        yield recorder
    forget_codecs()


def forget_codecs() -> None:
    """Let every Layout compile anew what it is asked for."""
    for _, layout in every_layout():
        for kind in get_args(Kind):
            vars(layout).pop(kind, None)
