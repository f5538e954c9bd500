"""Datagrams as scapy's packets, and packets as 6LoWPAN payloads.

The only module that imports scapy, which takes half a second and has another licence (GPL-2.0):
`import lowpan.scapy` is how to ask for it.
"""

from collections.abc import Mapping

from scapy.layers.inet6 import IPv6
from scapy.packet import Packet

from lowpan.adaptation.compress import compress
from lowpan.capture.datagram import Datagram
from lowpan.errors import FieldOutOfRange, MalformedFrame
from lowpan.wire.addresses import Context, Surroundings, iid_of


def to_scapy(datagram: Datagram) -> IPv6:
    """Return `datagram` as scapy dissects it: same octets, lengths and checksums as they came."""
    # scapy's metaclass declares that it may make any other Packet
    return IPv6(datagram.encode())  # pyright: ignore[reportReturnType]


def from_scapy(
    packet: Packet,
    *,
    source: bytes = b"",
    destination: bytes = b"",
    contexts: Mapping[int, Context] | None = None,
) -> bytes:
    """Return the 6LoWPAN payload of a frame that carries `packet`, an IPv6 packet.

    Scapy fills in the lengths and checksums that `packet` leaves open; headers are compressed as
    far as they go.  `source` and `destination` are the link-layer addresses of the frame (2 or 8
    octets, none if it has none or is for all), `contexts` those that both ends share.  Raises
    FieldOutOfRange if this is no IPv6 packet, or an address has another length.
    """
    octets = bytes(packet)
    surroundings = Surroundings(iid_of(source), iid_of(destination), contexts or {})
    try:
        return compress(octets, surroundings)
    except MalformedFrame as error:
        raise FieldOutOfRange(f"{packet.name} is no IPv6 packet to compress: {error}") from error
