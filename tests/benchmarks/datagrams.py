"""Compressed IPv6 and UDP headers in the mixture that the benchmark's traffic has."""

import struct
from random import Random

from lowpan.wire.checksum import with_checksum
from lowpan.wire.ipv6 import UDP

PREFIX = bytes.fromhex("fd000db800000000")
"""Context 0."""
LINK_LOCAL = bytes.fromhex("fe80000000000000")

COAP = 5683
_NIBBLES, _OCTET = 0xF0B0, 0xF000
_ELIDED, _IIDS, _SHORT, _IN_LINE = 0x77, 0x55, 0x66, 0x00
"""Second octet of the IPHC: which part of both addresses is in line, contexts or none."""
_HOP_LIMIT_64, _HOP_LIMIT_IN_LINE, _HOP_LIMIT_255, _FLOW_LABEL = 0x7E, 0x7C, 0x7F, 0x6E
"""First octet: next header compressed, no traffic class; the last with ECN and flow label."""

Identifiers = tuple[bytes, bytes]
"""Of a node: its interface identifiers from the short and from the extended address."""


def compressed_udp(
    random: Random,
    source: Identifiers,
    destination: Identifiers,
    size: int,
    *,
    elided: bool = False,
) -> tuple[bytes, bytes]:
    """Return compressed headers and the UDP payload, about `size` octets, from one to the other.

    `elided`: nothing of the addresses is in line, and the payload has `size` octets exactly.
    """
    form = _ELIDED
    if not elided:
        form = random.choices((_ELIDED, _IIDS, _SHORT, _IN_LINE), (50, 25, 15, 10))[0]
    ends, in_line = _addresses(random, form, source, destination)
    first = random.choices(
        (_HOP_LIMIT_64, _HOP_LIMIT_IN_LINE, _HOP_LIMIT_255, _FLOW_LABEL), (60, 20, 10, 10)
    )[0]
    before = b""
    if first == _HOP_LIMIT_IN_LINE:
        before = bytes((random.randrange(2, 63),))
    elif first == _FLOW_LABEL:
        before = random.randrange(1, 1 << 20).to_bytes(3, "big")
    ports, payload = _upper(random, size)
    octets = struct.pack(">HHHH", *ports, 8 + len(payload), 0) + payload
    checksum = with_checksum(*ends, UDP, octets, 6)[6:8]
    return bytes((first, form)) + before + in_line + _udp_nhc(*ports) + checksum, payload


def _addresses(
    random: Random, form: int, source: Identifiers, destination: Identifiers
) -> tuple[tuple[bytes, bytes], bytes]:
    """Return both IPv6 addresses and what is in line of them."""
    if form == _IN_LINE:
        ends = (
            bytes.fromhex("20010db800000001") + source[1],
            bytes.fromhex("20010db800000002") + random.randbytes(8),
        )
        return ends, b"".join(ends)
    extended = int(form == _IIDS)
    iids = source[extended], destination[extended]
    octets = {_ELIDED: 0, _SHORT: 2, _IIDS: 8}[form]
    return (PREFIX + iids[0], PREFIX + iids[1]), b"".join(iid[8 - octets :] for iid in iids)


def _upper(random: Random, size: int) -> tuple[tuple[int, int], bytes]:
    """Return source and destination port, and a payload."""
    kind, other = random.random(), random.randrange(49_152, 54_000)
    if kind < 0.4:
        ports = _NIBBLES | random.randrange(16), _NIBBLES | random.randrange(16)
    elif kind < 0.5:
        ports = other, _OCTET | random.randrange(0xA0)
    elif kind < 0.6:
        ports = _OCTET | random.randrange(0xA0), other
    else:
        return (COAP, COAP), _coap(random, size)
    return ports, b"\x01\x00" + random.randbytes(size - 2)


def _coap(random: Random, size: int) -> bytes:
    """Return a CoAP message of `size` octets, or of one of payload if that is longer."""
    code = random.choice((1, 2, 0x45))  # GET, POST, content
    option = b"\xc0" if code == 0x45 else random.choice((b"\xb1a", b"\xb4temp"))
    head = struct.pack(">BBH2s", 0x52, code, random.randrange(65_536), random.randbytes(2))
    head += option + b"\xff"
    return head + random.randbytes(max(1, size - len(head)))


def _udp_nhc(source_port: int, destination_port: int) -> bytes:
    if source_port >> 4 == destination_port >> 4 == _NIBBLES >> 4:
        return bytes((0xF3, (source_port & 15) << 4 | destination_port & 15))
    if destination_port >> 8 == _OCTET >> 8:
        return struct.pack(">BHB", 0xF1, source_port, destination_port & 0xFF)
    if source_port >> 8 == _OCTET >> 8:
        return struct.pack(">BBH", 0xF2, source_port & 0xFF, destination_port)
    return struct.pack(">BHH", 0xF0, source_port, destination_port)
