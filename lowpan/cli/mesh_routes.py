"""The mesh of a node as the command line says it: next hops by link-layer address."""

from lowpan.aio.node_options import extended_address_of
from lowpan.cli.node_identity import IdentityOptions
from lowpan.errors import FieldOutOfRange
from lowpan.node.routes import mesh_routes
from lowpan.node.settings import ForwardingSettings


def forwarding_of(identity: IdentityOptions) -> ForwardingSettings | None:
    """Return how the node forwards, None if it does not; raise FieldOutOfRange."""
    if not identity.mesh_under and not identity.mesh_routes:
        return None
    next_hops: dict[bytes, bytes] = {}
    for text in identity.mesh_routes:
        address, equals, next_hop = text.partition("=")
        if not equals:
            raise FieldOutOfRange(f"{text!r} is no route such as 0x0003=0x0002")
        next_hops[link_address_of(address)] = link_address_of(next_hop)
    return ForwardingSettings(mesh_under=mesh_routes(next_hops))


def link_address_of(text: str) -> bytes:
    """Return the octets of `0x0003` or of an extended address; raise FieldOutOfRange."""
    if ":" not in text and "-" not in text:
        try:
            number = int(text, 0)
        except ValueError:
            number = -1
        if 0 <= number < 0xFFFE:
            return number.to_bytes(2, "big")
    extended = extended_address_of(text)
    assert extended is not None
    return extended
