"""Who a node is, as its user says, and what that means for a radio."""

import re
from dataclasses import dataclass, replace
from ipaddress import IPv6Interface, IPv6Network
from random import Random
from typing import TypeVar

from lowpan.aio.mle_options import MleOptions
from lowpan.aio.securing import NodeSecurity, StoreOrPath
from lowpan.aio.thread_options import ThreadOptions
from lowpan.errors import FieldOutOfRange
from lowpan.mac.polling import PollSettings
from lowpan.mac.security import LinkSecurity
from lowpan.node.settings import NodeSettings
from lowpan.radio import Radio, RadioSettings, neighbours_acknowledge
from lowpan.wire.addresses import iid_of

LONGEST_POLL_INTERVAL_S = 7.0
"""Below macTransactionPersistenceTime, 7.68 s."""
NO_SHORT_ADDRESS, NOT_ASSOCIATED = 0xFFFE, 0xFFFF
"""Short addresses that are none (IEEE 802.15.4-2020 table 8-94)."""
NO_PAN = 0xFFFF
"""PAN ID of who has none."""

_EXTENDED = re.compile(r"[0-9A-Fa-f]{2}(?:[:-]?[0-9A-Fa-f]{2}){7}")
_Prefix = TypeVar("_Prefix", IPv6Interface, IPv6Network)


@dataclass(frozen=True, slots=True, kw_only=True)
class NodeOptions:
    """What can be said of a node; what is None stays as the radio has it."""

    channel: int | None = None
    page: int | None = None
    pan_id: int | None = None
    """0..0xFFFF."""
    short_address: int | None = None
    """0..0xFFFD, or 0xFFFE for none."""
    extended_address: bytes | None = None
    """8 octets as displayed; None where the radio has none either: one at random."""
    addresses: tuple[IPv6Interface, ...] = ()
    """Further ones; of a prefix alone, the rest is made of the extended address."""
    security: NodeSecurity | LinkSecurity | None = None
    store: StoreOrPath | None = None
    """Needed with a NodeSecurity."""
    tun: str | None = None
    """Interface of the operating system that has our addresses."""
    routes: tuple[IPv6Network, ...] = ()
    """What else the operating system reaches through it."""
    associate: bool = False
    """Join a PAN: any that lets us in, or the one of `pan_id`, on `channel` if it is given."""
    poll_interval: float | None = None
    """Seconds: sleep, and ask the coordinator, with `mle` a neighbour, as often for what waits;
    None: listen always."""
    coordinator: bool = False
    """Let devices join us, while that is permitted."""
    thread: ThreadOptions | None = None
    """Join a Thread network; it says channel, PAN ID and keys.  Needs a store."""
    mle: MleOptions | None = None
    """Establish links with all who have the same keys.  Needs a store."""
    settings: NodeSettings | None = None

    def __post_init__(self) -> None:
        """Raise FieldOutOfRange for what nobody can be."""
        if self.thread is not None:
            self._check_thread()
        if self.mle is not None:
            self._check_mle()
        if self.associate and self.coordinator:
            raise FieldOutOfRange("a coordinator has its own PAN, and joins none")
        if self.associate and self.short_address is not None:
            raise FieldOutOfRange("the coordinator gives the short address of who joins")
        if self.poll_interval is None:
            return
        if not self.associate and self.mle is None:
            raise FieldOutOfRange("a sleeper needs somebody to ask: associate=True, or mle")
        if not 0.05 <= self.poll_interval <= LONGEST_POLL_INTERVAL_S:
            longest = f"{LONGEST_POLL_INTERVAL_S:g}"
            raise FieldOutOfRange(f"a poll interval is 0.05 to {longest} s: frames wait no longer")

    def _check_thread(self) -> None:
        """Raise FieldOutOfRange for what a Thread network says itself."""
        for name, given in (
            ("channel", self.channel is not None),
            ("pan_id", self.pan_id is not None),
            ("short_address", self.short_address is not None),
            ("security", self.security is not None),
            ("associate", self.associate),
            ("coordinator", self.coordinator),
            ("poll_interval", self.poll_interval is not None),
        ):
            if given:
                raise FieldOutOfRange(f"{name} beside thread: that says it itself")

    def _check_mle(self) -> None:
        """Raise FieldOutOfRange for what does not go with links among equals."""
        for name, given in (
            ("thread", self.thread is not None),
            ("security", self.security is not None),
            ("associate", self.associate),
            ("coordinator", self.coordinator),
        ):
            if given:
                raise FieldOutOfRange(f"{name} beside mle: it has keys, and finds its own place")

    def radio_settings(self, radio: RadioSettings, random: Random) -> RadioSettings:
        """Return what a radio that is now as `radio` says is to be; raise FieldOutOfRange."""
        pan_id = radio.pan_id if self.pan_id is None else self.pan_id
        short = radio.short_address if self.short_address is None else self.short_address
        if self.associate:
            pan_id, short = NO_PAN, NOT_ASSOCIATED
        elif self.thread is not None:
            pan_id, short = NO_PAN, NO_SHORT_ADDRESS
        elif short == NOT_ASSOCIATED:
            short = NO_SHORT_ADDRESS
        if self.coordinator:
            pan_id = random.randrange(NO_PAN - 1) if pan_id == NO_PAN else pan_id
            short = 0 if self.short_address is None and short == NO_SHORT_ADDRESS else short
        if self.mle is not None and pan_id == NO_PAN:
            raise FieldOutOfRange("links are among the nodes of a PAN: say which, by its PAN ID")
        for number in (pan_id, short):
            if not 0 <= number <= 0xFFFF:
                raise FieldOutOfRange(f"{number:#x} has more than 16 bits")
        return replace(
            radio,
            channel=radio.channel if self.channel is None else self.channel,
            page=radio.page if self.page is None else self.page,
            promiscuous=False,
            pan_id=pan_id,
            short_address=short,
            extended_address=self.extended_address
            or radio.extended_address
            or random_extended_address(random),
        )

    def node_settings(self, radio: Radio) -> NodeSettings:
        """Return what the engine on `radio` is told."""
        settings = self._managed(self.settings or NodeSettings())
        settings = replace(settings, for_host=self.tun is not None)
        if self.thread is not None:  # routers and prefixes are in the network data
            settings = replace(settings, routers=False)
        if settings.link.acknowledged is not None:
            return settings
        asked = neighbours_acknowledge(radio)
        return replace(settings, link=replace(settings.link, acknowledged=asked))

    def _managed(self, settings: NodeSettings) -> NodeSettings:
        """Return the settings of a device or coordinator, if it is one."""
        if not self.associate and not self.coordinator:
            return settings
        poll, link = None, settings.link
        if self.poll_interval is not None:
            poll = PollSettings(interval=round(self.poll_interval * 1_000_000))
            window = max(link.duplicate_window, 2 * poll.interval)
            link = replace(link, duplicate_window=window)
        management = replace(
            settings.management, device=self.associate, coordinator=self.coordinator, poll=poll
        )
        return replace(settings, management=management, link=link)


def extended_address_of(text: str | bytes | None) -> bytes | None:
    """Return the 8 octets of `02:00:00:00:00:00:00:01`, also without colons; FieldOutOfRange."""
    if isinstance(text, str):
        if not _EXTENDED.fullmatch(text.strip()):
            raise FieldOutOfRange(
                f"{text!r} is no extended address such as 02:00:00:00:00:00:00:01"
            )
        text = bytes.fromhex(re.sub(r"[:-]", "", text))
    if text is not None and len(text) != 8:
        raise FieldOutOfRange(f"an extended address of {len(text)} octets")
    return text


def random_extended_address(random: Random) -> bytes:
    """Return an address that is locally administered, of one station."""
    return bytes([random.randrange(256) & 0xFC | 2, *random.randbytes(7)])


def interface_of(address: str | IPv6Interface) -> IPv6Interface:
    """Return an address with its prefix length, 64 where none is given; raise FieldOutOfRange."""
    if isinstance(address, str) and "/" not in address:
        address = f"{address}/64"
    interface = _parsed(IPv6Interface, address, "2001:db8::1/64")
    ip = interface.ip
    if ip.is_multicast or ip.is_loopback or ip.is_unspecified:
        raise FieldOutOfRange(f"{ip} is no address that a node can have, such as 2001:db8::1/64")
    return interface


def network_of(prefix: str | IPv6Network) -> IPv6Network:
    """Return a prefix; raise FieldOutOfRange."""
    return _parsed(IPv6Network, prefix, "2001:db8::/32")


def address_within(interface: IPv6Interface, extended_address: bytes) -> bytes:
    """Return the address, completed by the extended one if it is a prefix of 64 bits or less."""
    octets, length = interface.packed, interface.network.prefixlen
    if length > 64 or interface.ip != interface.network.network_address:
        return octets
    return octets[:8] + iid_of(extended_address)


def _parsed(kind: type[_Prefix], text: object, example: str) -> _Prefix:
    try:
        return kind(text)
    except ValueError as error:
        raise FieldOutOfRange(f"{text!r} is not like {example}: {error}") from error
