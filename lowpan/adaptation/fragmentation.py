"""A datagram in as few frames as it takes (RFC 4944 §5.3, RFC 6282 §2)."""

from lowpan.adaptation.compress import compress_headers
from lowpan.errors import FieldOutOfRange, MalformedFrame
from lowpan.wire.addresses import Surroundings
from lowpan.wire.fragment import FRAGMENT_HEADER, FragmentHeader
from lowpan.wire.nhc import COMPRESSED_HEADERS

LARGEST_DATAGRAM = 2047
"""What datagram_size can say."""
FRAG1_OCTETS, FRAGN_OCTETS = 4, 5
LEAST_ROOM = 48
"""Octets that a frame must have for 6LoWPAN: FRAG1 and an IPv6 header of which nothing can be left
out take 45.  The longest security and mesh headers leave 56 of 127."""


def fragmented(
    datagram: bytes,
    surroundings: Surroundings,
    *,
    room: int,
    datagram_tag: int,
    elide_udp_checksum: bool = False,
) -> list[bytes]:
    """Return the 6LoWPAN payloads that carry `datagram`, in order, each of `room` octets at most.

    One payload without a fragment header where that is enough.  `datagram_tag` (0..65535) is used
    only for more than one.  Raises MalformedFrame if this is no IPv6 datagram, FieldOutOfRange if
    it is too large or `room` is below LEAST_ROOM.
    """
    if room < LEAST_ROOM:
        raise FieldOutOfRange(f"room for {room} octets, {LEAST_ROOM} are needed")
    headers, size = compress_headers(datagram, surroundings, elide_udp_checksum=elide_udp_checksum)
    compressed = COMPRESSED_HEADERS.encode(headers, surroundings)
    if len(compressed) + len(datagram) - size <= room:
        return [compressed + datagram[size:]]
    if len(datagram) > LARGEST_DATAGRAM:
        raise FieldOutOfRange(f"a datagram of {len(datagram)} octets, {LARGEST_DATAGRAM} at most")
    if FRAG1_OCTETS + len(compressed) + -size % 8 > room:
        # headers that do not fit in the first fragment stay as they are (RFC 6282 §2)
        limit = room - FRAG1_OCTETS - 7
        headers, size = compress_headers(
            datagram, surroundings, elide_udp_checksum=elide_udp_checksum, limit=limit
        )
        compressed = COMPRESSED_HEADERS.encode(headers, surroundings)
    # all fragments but the last end at a multiple of 8 octets of the uncompressed datagram
    end = size + (room - FRAG1_OCTETS - len(compressed))
    end -= end % 8
    if end < size:
        raise MalformedFrame("compressed headers leave no room", format="Datagram")
    first = FragmentHeader(len(datagram), datagram_tag)
    payloads = [FRAGMENT_HEADER.encode(first) + compressed + datagram[size:end]]
    step = (room - FRAGN_OCTETS) // 8 * 8
    for at in range(end, len(datagram), step):
        header = FragmentHeader(len(datagram), datagram_tag, at)
        payloads.append(FRAGMENT_HEADER.encode(header) + datagram[at : at + step])
    return payloads
