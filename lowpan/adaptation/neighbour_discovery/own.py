"""What neighbour discovery asks about the node that it works for."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

from lowpan.wire.addresses import NO_SHORT_ADDRESSES
from lowpan.wire.nd_options import LinkLayerAddress, NdOption, NdOptionType


class OwnAddress(Protocol):
    """A unicast address of ours."""

    @property
    def address(self) -> bytes:
        """16 octets."""
        ...

    @property
    def ready(self) -> bool:
        """Not while it is checked for duplicates."""
        ...


class OwnAddresses(Protocol):
    """Our unicast addresses, as they are now."""

    def get(self, address: bytes) -> OwnAddress | None:
        """Return one of our addresses, None if it is not ours."""
        ...

    def source_for(self, destination: bytes) -> OwnAddress | None:
        """Return the one to send from, None if there is none ready."""
        ...


@dataclass(slots=True)
class LinkAddresses:
    """Link-layer addresses of one node: ours, or what a neighbour says of itself."""

    extended: bytes | None
    """8 octets; always there in our own."""
    short: bytes | None = None
    """2 octets."""
    pan_id: int | None = None
    """Ours: tells apart which addresses Linux makes of short ones."""

    def __bool__(self) -> bool:
        """Tell whether there is any."""
        return self.extended is not None or self.short is not None

    def options(self, kind: NdOptionType) -> tuple[NdOption, ...]:
        """Return the options that tell them: the extended address first, as Linux does."""
        short = None if self.short in NO_SHORT_ADDRESSES else self.short
        told = (self.extended, short)
        return tuple(NdOption(int(kind), LinkLayerAddress(one)) for one in told if one is not None)


def told_addresses(options: Sequence[NdOption], kind: NdOptionType) -> LinkAddresses:
    """Return the link-layer addresses in options of one kind; malformed ones count as absent."""
    told = LinkAddresses(None)
    for option in options:
        if option.type == kind and isinstance(option.value, LinkLayerAddress):
            address = option.value.address
            if len(address) == 8:
                told.extended = address
            elif address not in NO_SHORT_ADDRESSES:
                told.short = address
    return told
