"""What routers tell about the network: prefixes, contexts, and whose word they pass on."""

from collections.abc import Iterator
from dataclasses import dataclass

from lowpan.adaptation.neighbour_discovery.actions import (
    ContextLearnt,
    MessageRefused,
    NdAction,
    PrefixDeprecated,
    PrefixLearnt,
    PrefixLost,
    Refusal,
)
from lowpan.adaptation.neighbour_discovery.deadlines import Deadlines
from lowpan.wire.addresses import LINK_LOCAL_PREFIX, Context, is_multicast
from lowpan.wire.icmpv6 import Icmpv6Type
from lowpan.wire.nd_options import (
    AuthoritativeBorderRouter,
    NdOption,
    NdOptionType,
    PrefixInformation,
    PrefixInformationControl,
    SixLowpanContext,
    SixLowpanContextControl,
)

MOST_PREFIXES = 8
"""Prefixes of one link: each makes two addresses of ours, of which there are 16."""
MOST_BORDERS = 4
"""Border routers of one network."""
ABRO_LIFETIME = 600_000
"""Seconds that a valid lifetime of 0 stands for: 10000 minutes (RFC 6775 §4.3)."""
FOREVER = 0xFFFFFFFF
"""Seconds on the wire that never end (RFC 4861 §4.6.2)."""

_SECOND = 1_000_000
_TWO_HOURS = 7200 * _SECOND
_VERSIONS = 1 << 32
_LINK_LOCAL_BITS = 10

PrefixName = tuple[bytes, int]
"""16 octets, and how many bits of them count."""


@dataclass(slots=True)
class Prefix:
    """A prefix of the link; moments are microseconds, None is never."""

    prefix: bytes
    prefix_length: int
    on_link: bool
    autonomous: bool
    border: bytes = b""
    """Who vouches for it; empty: only we, without being a border router."""
    valid_until: int | None = None
    preferred_until: int | None = None
    deprecated: bool = False


@dataclass(slots=True)
class AnnouncedContext:
    """A context for header compression, and until when; None is never."""

    context: Context
    border: bytes
    until: int | None = None


@dataclass(slots=True)
class Border:
    """A border router whose information is here, and until when."""

    version: int
    until: int | None = None


class NetworkInformation:
    """Prefixes and contexts by the border router that vouches for them; bounded.

    A context that one border router vouches for is not changed by the word of another, and
    nothing is changed by an older version of what its border router says (RFC 6775 §8.1).
    """

    def __init__(
        self, *, most_prefixes: int = MOST_PREFIXES, most_borders: int = MOST_BORDERS
    ) -> None:
        self.prefixes: dict[PrefixName, Prefix] = {}
        self.contexts: dict[int, AnnouncedContext] = {}
        self.borders: dict[bytes, Border] = {}
        self.own_border: bytes | None = None
        """Our address, if we are a border router: what others say of us is no news."""
        self.changes = 0
        """How often a border router has said something new."""
        self._most_prefixes, self._most_borders = most_prefixes, most_borders
        self._deadlines: Deadlines[PrefixName] = Deadlines()

    def forget(self) -> list[NdAction]:
        """Know nothing any more: we are on another link."""
        lost: list[NdAction] = []
        for name in self.prefixes:
            self._deadlines.drop(name)
            lost.append(PrefixLost(*name))
        for identifier, known in self.contexts.items():
            lost.append(ContextLearnt(identifier, known.context, 0))
        self.prefixes.clear()
        self.contexts.clear()
        self.borders.clear()
        return lost

    def take_border(self, option: AuthoritativeBorderRouter, *, now: int) -> Refusal | None:
        """Learn whose word a router passes on; return why that is not to be listened to."""
        address, known = (
            option.border_router_address,
            self.borders.get(option.border_router_address),
        )
        if is_multicast(address):
            return Refusal.OPTIONS
        if address == self.own_border:
            return Refusal.OURS
        if known is not None and not _over(known.until, now):
            # older by serial number arithmetic (RFC 1982), so that no forged version is the last
            if 0 < (known.version - option.version) % _VERSIONS < _VERSIONS // 2:
                return Refusal.OUTDATED
        elif known is None and len(self.borders) >= self._most_borders:
            self.borders = {
                one: border for one, border in self.borders.items() if not _over(border.until, now)
            }
            if len(self.borders) >= self._most_borders:
                return Refusal.NO_ROOM
        lifetime = (option.valid_lifetime or ABRO_LIFETIME) * _SECOND
        self.changes += known is None or known.version != option.version
        self.borders[address] = Border(option.version, now + lifetime)
        return None

    def take_context(self, option: SixLowpanContext, border: bytes, *, now: int) -> list[NdAction]:
        """Learn a context (RFC 6775 §5.4.2)."""
        context = Context(option.prefix, option.context_length, option.control.c)
        identifier, lifetime = option.control.cid, option.valid_lifetime * _SECOND
        known = self.contexts.get(identifier)
        if known is not None and known.border != border and not _over(known.until, now):
            if known.context != context or known.until is None:
                return [_refused(Refusal.CONTESTED, border)]
            border = known.border
        if lifetime:
            self.contexts[identifier] = AnnouncedContext(context, border, now + lifetime)
        else:
            self.contexts.pop(identifier, None)
        return [ContextLearnt(identifier, context, lifetime)]

    def take_prefix(self, option: PrefixInformation, border: bytes, *, now: int) -> list[NdAction]:
        """Learn a prefix, or how long it goes on (RFC 4861 §6.3.4, RFC 4862 §5.5.3)."""
        length = option.prefix_length
        if length > 128 or option.preferred_lifetime > option.valid_lifetime:
            return [_refused(Refusal.OPTIONS, border)]
        prefix = Context(option.prefix, length).prefix
        if is_multicast(prefix) or _is_link_local(prefix, length):
            return [_refused(Refusal.OPTIONS, border)]
        known = self.prefixes.get((prefix, length))
        if known is not None and known.border in (b"", self.own_border):
            return [_refused(Refusal.CONTESTED, border)]
        autonomous = option.control.a and length == 64  # where our identifier fits behind it
        if known is None:
            if not option.valid_lifetime:
                return []
            if len(self.prefixes) >= self._most_prefixes:
                return [_refused(Refusal.NO_ROOM, border)]
            known = Prefix(prefix, length, option.control.l, autonomous, border)
            known.valid_until = now  # nothing is known to be left of it
            actions = self._add(known)
        elif (known.on_link, known.autonomous) != (option.control.l, autonomous):
            known.on_link, known.autonomous = option.control.l, autonomous
            actions = [_learnt(known)]
        else:
            actions = []
        vouching = self.borders.get(known.border)
        if vouching is None or _over(vouching.until, now):
            known.border = border
        return actions + self._prolong(known, option, now)

    def announce(self, prefix: Prefix) -> list[NdAction]:
        """Have a prefix of our own, for others to learn; raise FieldOutOfRange if it is none."""
        prefix.prefix = Context(prefix.prefix, prefix.prefix_length).prefix
        prefix.autonomous = prefix.autonomous and prefix.prefix_length == 64
        actions = self._add(prefix)
        self._set_deadline(prefix)
        return actions

    def border_for(self, address: bytes, *, now: int) -> bytes | None:
        """Return the border router that keeps addresses like `address`, None if none does."""
        covering = (one for one in self.prefixes.values() if _covers(one, address))
        best = max(covering, key=lambda one: one.prefix_length, default=None)
        border = None if best is None else self.borders.get(best.border)
        if best is None or border is None or _over(border.until, now):
            return None
        return best.border

    def is_on_mesh(self, address: bytes) -> bool:
        """Tell whether `address` has a prefix of the network; yes while none is known."""
        if address[:8] == LINK_LOCAL_PREFIX or not self.prefixes:
            return True
        return any(_covers(one, address) for one in self.prefixes.values())

    def _add(self, prefix: Prefix) -> list[NdAction]:
        self.prefixes[prefix.prefix, prefix.prefix_length] = prefix
        return [_learnt(prefix)]

    def _prolong(self, known: Prefix, option: PrefixInformation, now: int) -> list[NdAction]:
        valid, preferred = (
            _moment(option.valid_lifetime, now),
            _moment(option.preferred_lifetime, now),
        )
        left = None if known.valid_until is None else known.valid_until - now
        if known.autonomous and valid is not None and valid - now <= _TWO_HOURS:
            # nobody ends an address all at once: two hours are left to it (§5.5.3 e)
            if left is None or left > _TWO_HOURS:
                valid = now + _TWO_HOURS
            elif valid - now < left:
                valid = known.valid_until
        known.valid_until, known.preferred_until = valid, preferred
        name = known.prefix, known.prefix_length
        was, known.deprecated = known.deprecated, _over(preferred, now)
        self._set_deadline(known)
        if _over(valid, now):
            del self.prefixes[name]
            return [PrefixLost(*name)]
        if known.deprecated and not was:
            return [PrefixDeprecated(*name)]
        return [_learnt(known)] if was and not known.deprecated else []

    def _set_deadline(self, known: Prefix) -> None:
        name = known.prefix, known.prefix_length
        until = known.valid_until if known.deprecated else known.preferred_until
        if known.valid_until is not None and (until is None or known.valid_until < until):
            until = known.valid_until
        if until is None:
            self._deadlines.drop(name)
        else:
            self._deadlines.set(name, until)

    def next_deadline(self) -> int | None:
        """Return when to call handle_deadline(), None while nothing ends."""
        return self._deadlines.next_deadline()

    def handle_deadline(self, *, now: int) -> list[NdAction]:
        """End the prefixes whose lifetime is over."""
        actions: list[NdAction] = []
        for name in self._deadlines.take(now=now):
            known = self.prefixes.get(name)
            if known is None:
                continue
            if _over(known.valid_until, now):
                del self.prefixes[name]
                actions.append(PrefixLost(*name))
                continue
            known.deprecated = True
            self._set_deadline(known)
            actions.append(PrefixDeprecated(*name))
        return actions

    # What a router passes on

    def options(self, border: bytes, *, now: int) -> Iterator[NdOption]:
        """Yield the options of an advertisement that passes on what `border` says."""
        known_border = self.borders.get(border)
        if known_border is not None and _over(known_border.until, now):
            return
        for known in self.prefixes.values():
            if known.border == border and not _over(known.valid_until, now):
                control = PrefixInformationControl(l=known.on_link, a=known.autonomous, r=False)
                valid = _seconds(known.valid_until, now)
                preferred = min(valid, _seconds(known.preferred_until, now))
                length, prefix = known.prefix_length, known.prefix
                value = PrefixInformation(length, control, valid, preferred, prefix)
                yield NdOption(NdOptionType.PREFIX_INFORMATION, value)
        for identifier, announced in sorted(self.contexts.items()):
            if announced.border == border and not _over(announced.until, now):
                yield _context_option(identifier, announced, now)
        if known_border is not None:
            lifetime = _minutes(known_border.until, now)
            authority = AuthoritativeBorderRouter(known_border.version, lifetime, border)
            yield NdOption(NdOptionType.AUTHORITATIVE_BORDER_ROUTER, authority)


def _context_option(identifier: int, announced: AnnouncedContext, now: int) -> NdOption:
    context = announced.context
    control = SixLowpanContextControl(c=context.compress, cid=identifier)
    prefix = context.prefix[: 8 if context.length <= 64 else 16]
    value = SixLowpanContext(context.length, control, _minutes(announced.until, now), prefix)
    return NdOption(NdOptionType.SIX_LOWPAN_CONTEXT, value)


def _learnt(prefix: Prefix) -> PrefixLearnt:
    return PrefixLearnt(
        prefix.prefix, prefix.prefix_length, prefix.on_link, autonomous=prefix.autonomous
    )


def _covers(prefix: Prefix, address: bytes) -> bool:
    different = int.from_bytes(prefix.prefix, "big") ^ int.from_bytes(address, "big")
    return different >> 128 - prefix.prefix_length == 0


def _is_link_local(prefix: bytes, length: int) -> bool:
    return length >= _LINK_LOCAL_BITS and prefix[:2] == LINK_LOCAL_PREFIX[:2]


def _moment(lifetime: int, now: int) -> int | None:
    return None if lifetime == FOREVER else now + lifetime * _SECOND


def _over(until: int | None, now: int) -> bool:
    return until is not None and until <= now


def _seconds(until: int | None, now: int) -> int:
    """Return what is left in seconds, as prefixes have it."""
    return FOREVER if until is None else min(max(until - now, 0) // _SECOND, FOREVER - 1)


def _minutes(until: int | None, now: int) -> int:
    """Return what is left in seconds, whole minutes, as contexts and border routers have it.

    At least one: zero would end it.
    """
    most = 0xFFFF * 60
    if until is None:
        return most
    return min(max((until - now) // (60 * _SECOND), 1) * 60, most)


def _refused(refusal: Refusal, source: bytes) -> MessageRefused:
    return MessageRefused(refusal, Icmpv6Type.ROUTER_ADVERTISEMENT, source)
