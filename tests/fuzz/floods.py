"""Floods: frames that each want to be remembered, one endless stream for each table to fill."""

import struct
from collections.abc import Callable

from lowpan.capture.key_sources import Given
from lowpan.capture.keys import RawKey
from lowpan.mac.ccm_star import CcmStarKey, nonce
from lowpan.wire.checksum import with_checksum
from lowpan.wire.ipv6 import ICMPV6, UDP

KEY = bytes(range(16))
_NODE, _LINK_LOCAL = 0x0200_0000_0000_0000, bytes.fromhex("fe80000000000000")
_EXTENDED, _SHORT = "<HBHQQ", "<HBHHH"

Flood = Callable[[int], bytes]
"""Number of a frame -> its PSDU."""


def given() -> Given:
    """Return the key of the floods whose author knows it."""
    return Given(keys=[RawKey(KEY)])


def _from_node(number: int, payload: bytes, *, to: int = 1, pan_id: int = 0xFACE) -> bytes:
    header = struct.pack(_EXTENDED, 0xCC41, number & 0xFF, pan_id, _NODE + to, _NODE + number)
    return header + payload


def _sealed(number: int, header: bytes, private: bytes) -> bytes:
    """Return a frame from node `number` under KEY, key index 1."""
    header += struct.pack("<BIB", 0x0D, number, 1)
    address = (_NODE + number).to_bytes(8, "big")
    return header + CcmStarKey(KEY).seal(nonce(address, number, 5), header, private, 5)


def links(number: int) -> bytes:
    """A data frame between two devices that were never heard before."""
    return _from_node(number, bytes.fromhex("7b333b"), to=number + 1)


def pan_ids(number: int) -> bytes:
    """A datagram with contexts, in ever new PANs."""
    port = struct.pack(">H", number & 0xFFFF)
    return _from_node(
        number, b"\x7e\x77\xf0" + port + b"\x16\x33\xab\xcd" + port, pan_id=number & 0xFFFF
    )


def associations(number: int) -> bytes:
    """An association response that gives one more device a short address."""
    short = struct.pack("<H", number & 0xFFFF)
    header = struct.pack(_EXTENDED, 0xCC63, number & 0xFF, number >> 16, _NODE + number, _NODE)
    return header + b"\x02" + short + b"\x00"


def neighbour_solicitations(number: int) -> bytes:
    """A solicitation that tells a short address of ever new devices."""
    ends = (_LINK_LOCAL + (_NODE + number ^ 2 << 56).to_bytes(8, "big"), _LINK_LOCAL + bytes(8))
    device, short = (_NODE + number).to_bytes(8, "big"), struct.pack(">H", number & 0xFFFF)
    options = b"\x01\x02" + device + bytes(6) + b"\x01\x01" + short + bytes(4)
    message = b"\x87\x00\x00\x00" + bytes(4) + ends[1] + options
    octets = with_checksum(*ends, ICMPV6, message, 2)
    return _from_node(number, b"\x7b\x33\x3a" + octets, to=0)


def first_fragments(number: int) -> bytes:
    """The first fragment of a datagram that never gets whole, from ever new senders."""
    fragment = struct.pack(">HH", 0xC000 | 1280, number & 0xFFFF)
    return _from_node(number, fragment + b"\x7b\x33\x3b" + bytes(48))


def fragments_of_one_sender(number: int) -> bytes:
    """The first fragment of ever new datagrams."""
    fragment = struct.pack(">HH", 0xC000 | 1280, number & 0xFFFF)
    return _from_node(7, fragment + b"\x7b\x33\x3b" + bytes(48))


def one_fragment(number: int) -> bytes:
    """The same fragment again and again, each time with another sequence number."""
    header = struct.pack(_EXTENDED, 0xCC41, number & 0xFF, 0xFACE, _NODE + 1, _NODE)
    return header + struct.pack(">HHB", 0xE000 | 1280, 9, 5) + bytes(40)


def mesh_pairs(number: int) -> bytes:
    """A mesh header between ever new addresses."""
    ends = struct.pack(">QQ", _NODE + number, _NODE - number & 0xFFFF_FFFF_FFFF_FFFF)
    return _from_node(5, b"\x85" + ends + bytes.fromhex("7b333b"))


def foreign_secured(number: int) -> bytes:
    """A frame under an unknown key from ever new short addresses."""
    header = struct.pack(_SHORT, 0x9869, number & 0xFF, 0xFACE, 0xFFFF, number & 0xFFFF)
    return header + struct.pack("<BIB", 0x0D, number, 1) + bytes(20)


def secured_senders(number: int) -> bytes:
    """A frame under a known key from ever new senders: the key was stolen."""
    header = struct.pack(_EXTENDED, 0xDC69, number & 0xFF, 0xFACE, _NODE + 1, _NODE + number)
    return _sealed(number, header, bytes.fromhex("7b333b"))


def mle_senders(number: int) -> bytes:
    """An MLE message from ever new senders under ever new key sequences."""
    iid = (_NODE + number ^ 2 << 56).to_bytes(8, "big")
    ends = (_LINK_LOCAL + iid, _LINK_LOCAL + bytes(8))
    message = b"\x00" + struct.pack("<BI", 0x15, number) + struct.pack(">I", number) + b"\x01"
    ports = struct.pack(">HHHH", 19788, 19788, 8 + len(message) + 30, 0)
    octets = with_checksum(*ends, UDP, ports + message + bytes(30), 6)
    compressed = b"\x7f\x33\xf0" + octets[:4] + octets[6:8]
    return _from_node(number, compressed + message + bytes(30), to=0)


def acknowledged(number: int) -> bytes:
    """A frame that wants an acknowledgment, and never gets one."""
    return struct.pack(_EXTENDED, 0xCC61, number & 0xFF, number & 0xFFFF, _NODE, _NODE + number)


FLOODS: tuple[Flood, ...] = (
    *(links, pan_ids, associations, neighbour_solicitations, first_fragments),
    *(fragments_of_one_sender, one_fragment, mesh_pairs, foreign_secured, secured_senders),
    *(mle_senders, acknowledged),
)
