"""What the tests of 6LoWPAN formats share: vectors, captured frames in clear, values."""

import hmac
import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESCCM
from hypothesis import strategies as st

from lowpan.errors import MalformedFrame
from lowpan.wire.addresses import Context, Surroundings, iid_of, link_local
from lowpan.wire.ieee802154 import Frame, decode_frame
from tests.wire.mac_samples import captured

TESTS = Path(__file__).parent.parent
LINUX, OPENTHREAD = TESTS / "captures" / "linux", TESTS / "captures" / "openthread"

CONTEXTS = {  # of OpenThread's tests/unit/test_lowpan.cpp
    0: Context(bytes.fromhex("fd00cafeface1234"), 64),
    1: Context(bytes.fromhex("2001000200000001"), 64),
    2: Context(bytes.fromhex("2001000200000002"), 64, compress=False),
}
MORE_CONTEXTS = {
    **CONTEXTS,
    3: Context(bytes.fromhex("20010db8"), 29),
    4: Context(bytes.fromhex("20010db800000004fedcba9876543210"), 80),
    5: Context(bytes.fromhex("20010db800000005fedcba9876543210"), 128),
    6: Context(b"", 0, compress=False),
    7: Context(bytes.fromhex("20010db8000000070000"), 71),
}
THREAD_CONTEXTS = {
    0: Context(bytes.fromhex("fd000db800000000"), 64),
    1: Context(bytes.fromhex("20010db800010000"), 64),
}


# -- vectors


@cache
def iphc_rows() -> list[dict[str, Any]]:
    """Return tests/vectors/iphc.jsonl: octets, and the datagram or None where malformed."""
    lines = (TESTS / "vectors" / "iphc.jsonl").read_text().splitlines()
    return [json.loads(line) for line in lines]


def row_surroundings(row: dict[str, Any], *, tunnel_from_link_layer: bool = True) -> Surroundings:
    """Return the surroundings of a row; OpenThread, its origin, has its own rule for tunnels."""
    source, destination = (bytes.fromhex(row[f"mac_{end}"]) for end in ("source", "destination"))
    return Surroundings(iid_of(source), iid_of(destination), CONTEXTS, tunnel_from_link_layer)


# -- captures


@dataclass(frozen=True)
class Payload:
    """The 6LoWPAN payload of one captured frame, in clear."""

    name: str
    """Capture and number of the frame, from 1."""
    source: bytes
    destination: bytes
    octets: bytes


@cache
def linux_payloads() -> list[Payload]:
    """Return the 6LoWPAN payload of every unsecured data frame of the captures of Linux.

    One of them has two frames with plain text, sent through a packet socket.
    """
    found: list[Payload] = []
    for path in sorted(LINUX.glob("*.pcap")):
        for number, frame in _data_frames(path):
            if frame.security is None and not frame.payload.startswith(b"dgram"):
                found.append(_payload(path, number, frame, frame.payload))
    return found


@cache
def thread_payloads(name: str) -> list[Payload]:
    """Return the 6LoWPAN payloads of a capture of OpenThread, decrypted."""
    path = OPENTHREAD / f"{name}.pcap"
    keys = [_mac_key(sequence) for sequence in (0, 1)]
    senders: dict[bytes, bytes] = {}
    found: list[Payload] = []
    for number, frame in _data_frames(path):
        octets = frame.payload if frame.security is None else _opened(path, number, keys, senders)
        if octets:
            found.append(_payload(path, number, frame, octets))
    return found


def _payload(path: Path, number: int, frame: Frame, octets: bytes) -> Payload:
    return Payload(f"{path.stem}:{number}", frame.source or b"", frame.destination or b"", octets)


def _data_frames(path: Path) -> Iterator[tuple[int, Frame]]:
    for number, octets in enumerate(captured(path), 1):
        try:
            frame = decode_frame(octets[:-2])
        except MalformedFrame:
            continue
        if isinstance(frame, Frame) and frame.control.frame_type == 1:
            yield number, frame


def _mac_key(sequence: int) -> AESCCM:
    network_key = bytes.fromhex("00112233445566778899aabbccddeeff")
    digest = hmac.digest(network_key, sequence.to_bytes(4, "big") + b"Thread", "sha256")
    return AESCCM(digest[16:], 4)


def _opened(path: Path, number: int, keys: list[AESCCM], senders: dict[bytes, bytes]) -> bytes:
    """Return the clear payload of a secured frame, empty if no key and sender fit."""
    psdu = captured(path)[number - 1][:-2]
    frame = decode_frame(psdu)
    if not isinstance(frame, Frame) or frame.security is None:
        return b""
    private = len(frame.payload) + len(frame.mic)
    aad, cipher = psdu[:-private], psdu[-private:]
    counter = (frame.security.frame_counter or 0).to_bytes(4, "big")
    source = frame.source or b""
    nodes = [bytes.fromhex("02aabbccdd0000") + bytes([node]) for node in range(1, 33)]
    for sender in [senders.get(source, source), *nodes]:
        for key in keys if len(sender) == 8 else []:
            try:
                clear = key.decrypt(sender + counter + b"\5", cipher, aad)
            except InvalidTag:
                continue
            senders[source] = sender
            return clear
    return b""


# -- values


def octets(size: int) -> st.SearchStrategy[bytes]:
    return st.binary(min_size=size, max_size=size)


IIDS = st.sampled_from(
    [
        *(iid_of(bytes.fromhex(text)) for text in ("0000", "c003", "00005eef10221100")),
        b"",
        bytes(7) + b"\1",
    ]
)

SURROUNDINGS = st.builds(
    Surroundings, IIDS, IIDS, st.sampled_from([MORE_CONTEXTS, CONTEXTS, {}]), st.booleans()
)


def addresses(around: Surroundings) -> st.SearchStrategy[bytes]:
    """Return IPv6 addresses, many of which can be shortened."""
    known = [around.source_iid, around.destination_iid, bytes.fromhex("000000fffe00a1b2")]
    iids = st.sampled_from([iid or bytes(8) for iid in known]) | octets(8)
    contexts = st.sampled_from([*around.contexts.values(), Context(b"", 0)])
    prefixes = contexts.map(lambda context: bytes([context.length % 65]) + context.network)
    return st.one_of(
        st.just(bytes(16)),
        octets(16),
        octets(6).map(lambda group: b"\xff" + group[:1] + bytes(9) + group[1:]),
        octets(1).map(lambda group: b"\xff\x02" + bytes(13) + group),
        st.tuples(st.just(b"\xff"), octets(2), prefixes, octets(4)).map(b"".join),
        st.builds(Context.complete, contexts, iids),
        iids.map(link_local),
    )
