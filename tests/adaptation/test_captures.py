"""Captured datagrams of Linux and OpenThread: checksums verify, and we compress them as well."""

from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache

import pytest

from lowpan.adaptation.compress import compress
from lowpan.adaptation.decompress import decompress
from lowpan.wire.addresses import Context, Surroundings
from lowpan.wire.checksum import verifies
from lowpan.wire.icmpv6 import ICMPV6 as ICMPV6_MESSAGE
from lowpan.wire.ipv6 import ICMPV6, TCP, UDP, upper_layer
from lowpan.wire.lowpan_headers import Dispatch, decode_lowpan_headers
from lowpan.wire.nhc import COMPRESSED_HEADERS
from lowpan.wire.udp import UDP_HEADER
from tests.schema.agreement import check_agreement
from tests.wire.sixlowpan_samples import (
    THREAD_CONTEXTS,
    Payload,
    linux_payloads,
    thread_payloads,
)


@dataclass
class Captured:
    """A datagram, and what it took on the air."""

    name: str
    around: Surroundings
    datagram: bytes
    compressed: int
    """Octets of the compressed datagram, without fragmentation headers."""


@dataclass
class Partial:
    size: int
    around: Surroundings | None = None
    compressed: int = 0
    pieces: dict[int, bytes] = field(default_factory=dict[int, bytes])

    def whole(self) -> bytes | None:
        at, octets = 0, b""
        while piece := self.pieces.get(at):
            octets, at = octets + piece, at + len(piece)
        return octets if at == self.size else None


def datagrams(payloads: list[Payload], contexts: dict[int, Context]) -> Iterator[Captured]:
    """Yield every datagram in frames captured in order, each fragmented one when it is whole."""
    partials: dict[tuple[bytes, bytes, int, int], Partial] = {}
    for payload in payloads:
        headers = decode_lowpan_headers(payload.octets)
        around = headers.surroundings(
            payload.source, payload.destination, contexts, tunnel_from_link_layer=True
        )
        piece, fragment, used = headers.payload, headers.fragment, 0
        size = None if fragment is None else fragment.datagram_size
        if headers.dispatch is Dispatch.IPHC:
            compressed = check_agreement(COMPRESSED_HEADERS, piece, around)
            used = COMPRESSED_HEADERS.decode_prefix(piece, around)[1]
            assert COMPRESSED_HEADERS.encode(compressed, around) == piece[:used], payload.name
            piece = decompress(compressed, piece[used:], size)
        if fragment is None:
            yield Captured(payload.name, around, piece, len(headers.payload))
            continue
        key = (around.source_iid, around.destination_iid, fragment.datagram_tag, size or 0)
        partial = partials.setdefault(key, Partial(fragment.datagram_size))
        partial.around = around
        if fragment.offset not in partial.pieces:
            partial.compressed += len(headers.payload)
        partial.pieces[fragment.offset] = piece
        whole = partial.whole()
        if whole is not None:
            del partials[key]
            yield Captured(payload.name, around, whole, partial.compressed)


@cache
def captured(name: str) -> list[Captured]:
    """Return the datagrams of the unsecured Linux captures or of one OpenThread capture."""
    if name == "linux":
        return list(datagrams(linux_payloads(), {}))
    return list(datagrams(thread_payloads(name), THREAD_CONTEXTS))


WITH_CHECKSUM = {ICMPV6, TCP, UDP}
COUNTS = {  # datagrams, those among them that no frame could hold whole
    "linux": (240, 28),
    "i-attach-router": (43, 5),
    "iii-ping-frag-mesh": (291, 30),
    "iv-coap-udp": (53, 3),
}
NAMES = sorted(COUNTS)


@pytest.mark.parametrize("name", NAMES)
def test_every_datagram_is_found(name: str) -> None:
    found = captured(name)
    sizes = [len(one.datagram) for one in found]
    assert (len(sizes), sum(size > 127 for size in sizes)) == COUNTS[name]


@pytest.mark.parametrize("name", NAMES)
def test_checksums_verify(name: str) -> None:
    for one in captured(name):
        kind, at = upper_layer(one.datagram)
        assert kind in WITH_CHECKSUM or (kind, at) == (41, 48), one.name
        inner = one.datagram
        if kind == 41:  # OpenThread tunnels multicast to its subnet (RFC 7731)
            inner = one.datagram[at:]
            kind, at = upper_layer(inner)
        assert kind in WITH_CHECKSUM, one.name
        assert verifies(inner[8:24], inner[24:40], kind, inner[at:]), one.name


@pytest.mark.parametrize("name", NAMES)
def test_compressed_again_no_longer_than_captured(name: str) -> None:
    for one in captured(name):
        octets = compress(one.datagram, one.around)
        assert len(octets) <= one.compressed, one.name
        headers, used = COMPRESSED_HEADERS.decode_prefix(octets, one.around)
        assert decompress(headers, octets[used:]) == one.datagram, one.name


@pytest.mark.parametrize("name", NAMES)
def test_upper_layers_come_back(name: str) -> None:
    for one in captured(name):
        kind, at = upper_layer(one.datagram)
        octets = one.datagram[at:]
        if kind == ICMPV6:
            message = check_agreement(ICMPV6_MESSAGE, octets)
            assert ICMPV6_MESSAGE.encode(message) == octets
            assert message.type not in range(133, 138) or not isinstance(message.body, bytes)
        if kind == UDP:
            header, used = UDP_HEADER.decode_prefix(octets)
            assert header.length == len(octets)
            assert UDP_HEADER.encode(header) == octets[:used]
