"""MLE messages of the captures of OpenThread, in clear: just enough 802.15.4 and 6LoWPAN for it.

Written apart from lowpan's own decoders, so that a fault of theirs cannot hide one of MLE's.
"""

import hmac
import struct
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESCCM

CAPTURES = Path(__file__).parent.parent / "captures" / "openthread"
NETWORK_KEYS = [
    bytes.fromhex("00112233445566778899aabbccddeeff"),
    bytes.fromhex("ffeeddccbbaa99887766554433221100"),
]
ANNOUNCE_KEY = bytes.fromhex("78581686fdb4580fb092546aecbd1566")
ANNOUNCE_ADDRESS = bytes.fromhex("3506feb823d48712")
SEQUENCES = (0, 1, 2, 128, 129)
"""Key sequences that occur in the captures, and neighbours of theirs."""


@dataclass(frozen=True)
class Captured:
    """One MLE message: the UDP payload as it was on the air, and what was in it."""

    number: int
    """Number of its last frame, from 1."""
    payload: bytes
    message: bytes
    """Command and TLVs in clear."""


def psdus(path: Path) -> Iterator[bytes]:
    """Yield each PSDU of a pcap file of link type 195, without its FCS."""
    octets = path.read_bytes()
    assert octets[:4] == b"\xd4\xc3\xb2\xa1"
    assert struct.unpack_from("<I", octets, 20) == (195,)
    at = 24
    while at < len(octets):
        (size,) = struct.unpack_from("<I", octets, at + 8)
        yield octets[at + 16 : at + 14 + size]
        at += 16 + size


@cache
def keys(network_key: bytes, sequence: int) -> tuple[AESCCM, AESCCM]:
    """Return the MLE key and the MAC key."""
    digest = hmac.digest(network_key, sequence.to_bytes(4, "big") + b"Thread", "sha256")
    return AESCCM(digest[:16], 4), AESCCM(digest[16:], 4)


def opened(candidates: list[AESCCM], nonce: bytes, private: bytes, aad: bytes) -> bytes | None:
    """Return what the first fitting key makes of `private`."""
    for key in candidates:
        try:
            return key.decrypt(nonce, private, aad)
        except InvalidTag:
            continue
    return None


def level(auxiliary: bytes) -> bytes:
    """Return the last octet of the nonce."""
    return bytes([auxiliary[0] & 7])


def mac_payload(psdu: bytes) -> tuple[bytes, bytes, bytes] | None:
    """Return source, destination and clear payload of a data frame from an extended address."""
    control = int.from_bytes(psdu[:2], "little") if len(psdu) > 2 else 0
    version, compressed = control >> 12 & 3, control >> 6 & 1
    to, come = control >> 10 & 3, control >> 14 & 3
    if control & 7 != 1 or come != 3 or to < 2:
        return None
    with_pan = not compressed if version == 2 and to == 3 else True
    at = 5 if with_pan else 3
    size = 8 if to == 3 else 2
    destination, at = psdu[at : at + size][::-1], at + size
    if not (compressed or version == 2):
        at += 2
    source, at = psdu[at : at + 8][::-1], at + 8
    secured = control >> 3 & 1
    aux = at
    if secured:
        at += {1: 6, 2: 10}.get(psdu[at] >> 3 & 3, 5)
    auxiliary = psdu[aux:at]
    if control >> 9 & 1:  # header IEs, to the second termination
        while psdu[at : at + 2] != b"\x80\x3f":
            at += 2 + (psdu[at] & 0x7F)
        at += 2
    if not secured:
        return source, destination, psdu[at:]
    payload = mac_opened(source, auxiliary, psdu[:at], psdu[at:])
    return None if payload is None else (source, destination, payload)


def mac_opened(source: bytes, auxiliary: bytes, aad: bytes, private: bytes) -> bytes | None:
    """Return the payload of a secured frame in clear; None without its key."""
    mode, counter = auxiliary[0] >> 3 & 3, auxiliary[4:0:-1]
    if mode == 2:
        candidates, source = [AESCCM(ANNOUNCE_KEY, 4)], ANNOUNCE_ADDRESS
    else:
        named = [sequence for sequence in SEQUENCES if sequence % 128 + 1 == auxiliary[-1]]
        candidates = [keys(key, sequence)[1] for key in NETWORK_KEYS for sequence in named]
    return opened(candidates, source + counter + level(auxiliary), private, aad)


class Reassembly:
    """Link fragments (RFC 4944 §5.3) of MLE messages."""

    def __init__(self) -> None:
        self._datagrams: dict[tuple[bytes, bytes], tuple[int, dict[int, bytes]]] = {}

    def take(self, source: bytes, payload: bytes) -> bytes | None:
        """Return the compressed datagram that `payload` is, or completes."""
        kind = payload[0] >> 3 if payload else 0
        if kind not in (0b11000, 0b11100):
            return payload
        size = int.from_bytes(payload[:2], "big") & 0x7FF
        first = kind == 0b11000
        offset, piece = (0, payload[4:]) if first else (payload[4] * 8, payload[5:])
        _, pieces = self._datagrams.setdefault((source, payload[2:4]), (size, {}))
        pieces[offset] = piece
        whole = b"".join(part for _, part in sorted(pieces.items()))
        if 0 in pieces and len(whole) - len(head_of(pieces[0])) + 48 == size:
            del self._datagrams[source, payload[2:4]]
            return whole
        return None


def head_of(datagram: bytes) -> bytes:
    """Return the compressed headers of link-local UDP from and to port 19788, or nothing."""
    for prefix, size in (("7f33f04d4c4d4c", 9), ("7f3b01f04d4c4d4c", 10), ("7f3b02f04d4c4d4c", 10)):
        if datagram.startswith(bytes.fromhex(prefix)):
            return datagram[:size]
    return b""


def link_local(address: bytes) -> bytes:
    """Return the link-local IPv6 address of an extended address."""
    return bytes.fromhex("fe80000000000000") + bytes([address[0] ^ 2]) + address[1:]


def in_clear(source: bytes, destination: bytes, payload: bytes) -> bytes:
    """Return command and TLVs of an MLE payload between two IPv6 addresses."""
    if payload[0] == 255:
        return payload[1:]
    auxiliary, private = payload[1:11], payload[11:]
    assert auxiliary[0] == 0x15
    sequence = int.from_bytes(auxiliary[5:9], "big")
    sender = bytes([source[8] ^ 2]) + source[9:]
    candidates = [keys(key, sequence)[0] for key in NETWORK_KEYS]
    nonce = sender + auxiliary[4:0:-1] + level(auxiliary)
    message = opened(candidates, nonce, private, source + destination + auxiliary)
    assert message is not None
    return message


@cache
def captured(name: str) -> list[Captured]:
    """Return every MLE message of the capture `name`."""
    found: list[Captured] = []
    reassembly = Reassembly()
    for number, psdu in enumerate(psdus(CAPTURES / f"{name}.pcap"), 1):
        frame = mac_payload(psdu)
        datagram = frame and reassembly.take(frame[0], frame[2])
        head = head_of(datagram) if datagram else b""
        if frame and datagram and len(datagram) > len(head) > 0:  # ix has a frame cut short
            source, destination = link_local(frame[0]), link_local(frame[1].rjust(8, b"\0"))
            if head[1] == 0x3B:
                destination = bytes.fromhex("ff02") + bytes(13) + head[2:3]
            payload = datagram[len(head) :]
            found.append(Captured(number, payload, in_clear(source, destination, payload)))
    return found


MESSAGES_OF = {
    "i-attach-router": 40,
    "i-b-attach-routers-restore": 138,
    "ii-sed-poll": 30,
    "iii-ping-frag-mesh": 73,
    "iv-coap-udp": 21,
    "ix-spinel-rcp": 10,
    "v-discovery-announce": 148,
    "vi-dataset-keyrot": 113,
    "vii-long-8nodes": 569,
    "viii-b-linkmetrics-enhack": 31,
    "viii-ssed-linkmetrics": 29,
    "x-python-child-joins": 15,
    "xi-posix-host-via-rcp": 15,
    "xii-network-key-change": 61,
}
"""How many MLE messages tshark finds in each capture (truth/tshark-summary.txt)."""


def every_message() -> list[Captured]:
    """Return the MLE messages of all captures."""
    return [message for name in MESSAGES_OF for message in captured(name)]
