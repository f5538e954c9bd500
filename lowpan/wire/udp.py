"""UDP header (RFC 768)."""

from dataclasses import dataclass

from construct import Int16ub, Struct

from lowpan.schema import Layout

UDP_HEADER_OCTETS = 8


@dataclass(slots=True)
class UdpHeader:
    """UDP header."""

    source_port: int
    """0..65535."""
    destination_port: int
    """0..65535."""
    length: int
    """Octets of this header and what follows it, 8..65535."""
    checksum: int
    """0..65535."""


UDP_HEADER = Layout(
    UdpHeader,
    Struct(
        "source_port" / Int16ub,
        "destination_port" / Int16ub,
        "length" / Int16ub,
        "checksum" / Int16ub,
    ),
)
