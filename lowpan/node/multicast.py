"""Multicast datagrams that are spread by MPL: each is taken once (RFC 7731, Thread's profile).

Only what a host needs: it passes none on, and sends no control messages.  What it sends goes to its
parent, who spreads it.
"""

from random import Random

from lowpan.adaptation.broadcast import BroadcastWindows
from lowpan.errors import MalformedFrame
from lowpan.wire.ipv6 import (
    EXTENSION_HEADER,
    HOP_BY_HOP_OPTIONS,
    IPV6,
    IPV6_HEADER,
    IPV6_HEADER_OCTETS,
    ExtensionHeader,
    Ipv6Header,
)
from lowpan.wire.ipv6_options import (
    ALL_MPL_FORWARDERS,
    IPV6_OPTIONS,
    Ipv6Option,
    Ipv6Options,
    MplControl,
    MplOption,
    OptionType,
)

_REALM_LOCAL, _HOP_LIMIT = 3, 64

WINDOW = 16
"""Sequence numbers remembered of a seed: well above those under way at once."""
PERIOD = 5_000_000
"""Microseconds that a sequence number is remembered, as OpenThread does: a seed that starts anew at
any number is heard again."""


class MplReceiver:
    """Tells datagrams that come again, by another way, from new ones; `now` is microseconds."""

    def __init__(self, *, most_seeds: int = 256, most_per_neighbour: int = 128) -> None:
        """Remember so many seeds, and of these so many that one neighbour has told of."""
        self._windows = BroadcastWindows(
            window=WINDOW,
            period=PERIOD,
            most_originators=most_seeds,
            most_per_neighbour=most_per_neighbour,
        )

    def is_new(
        self, datagram: bytes, header: Ipv6Header, neighbour: bytes, *, ours: bool, now: int
    ) -> bool:
        """Note a multicast datagram; tell whether it did not come before, as far as it says.

        What is `ours`, by its source, comes back from who has spread it.

        Raises MalformedFrame for options that are malformed, or of another version of MPL.
        """
        option = _mpl_option(datagram, header)
        if option is None:
            return True
        if option.control.version:
            raise MalformedFrame("an MPL option of another version", format="MplOption")
        seed = option.seed_id or header.source
        return not ours and self._windows.is_new(seed, option.sequence, neighbour, now=now)


def _mpl_option(datagram: bytes, header: Ipv6Header) -> MplOption | None:
    if header.next_header != HOP_BY_HOP_OPTIONS:
        return None
    extension, _ = EXTENSION_HEADER.decode_prefix(datagram[IPV6_HEADER_OCTETS:])
    for option in IPV6_OPTIONS.decode(extension.octets).options:
        if option.type == OptionType.MPL:
            if isinstance(option.value, MplOption):
                return option.value
            raise MalformedFrame("an MPL option that is malformed", format="MplOption")
    return None


class MplSender:
    """Gives multicasts of ours the option by which a mesh spreads them, each under a new number."""

    def __init__(self, random: Random) -> None:
        self._sequence = random.randrange(256)

    def spread(self, datagram: bytes, locator: bytes) -> bytes:
        """Return `datagram`, to a group of the mesh or a larger one, as the mesh spreads it.

        `locator` is our address that ends in our short address, which is the seed: where it is
        the source it is left out (RFC 7731 §6.1).  A larger scope travels inside of a datagram to
        all forwarders.  With its options it is 8 octets longer, with a tunnel 48.
        """
        if datagram[25] & 0x0F > _REALM_LOCAL:
            outer = Ipv6Header(0, 0, len(datagram), IPV6, _HOP_LIMIT, locator, ALL_MPL_FORWARDERS)
            datagram = IPV6_HEADER.encode(outer) + datagram
        header, used = IPV6_HEADER.decode_prefix(datagram)
        self._sequence = self._sequence + 1 & 0xFF
        seed = b"" if header.source == locator else locator[-2:]
        mpl = MplOption(MplControl(len(seed) // 2, largest=True), self._sequence, seed)
        padding = () if seed else (Ipv6Option(OptionType.PADN, b""),)
        options = IPV6_OPTIONS.encode(Ipv6Options((Ipv6Option(OptionType.MPL, mpl), *padding)))
        extension = EXTENSION_HEADER.encode(ExtensionHeader(header.next_header, options))
        header.next_header = HOP_BY_HOP_OPTIONS
        header.payload_length += len(extension)
        return IPV6_HEADER.encode(header) + extension + datagram[used:]
