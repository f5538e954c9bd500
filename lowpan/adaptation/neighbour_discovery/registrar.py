"""Registrations that a router takes from its neighbours (RFC 6775 §6.5, RFC 8505 §5)."""

from collections.abc import Callable
from dataclasses import dataclass

from lowpan.adaptation.neighbour_discovery.actions import (
    MessageRefused,
    NdAction,
    NeighbourDeregistered,
    NeighbourRegistered,
    Refusal,
    SendMessage,
)
from lowpan.adaptation.neighbour_discovery.deadlines import Deadlines
from lowpan.adaptation.neighbour_discovery.own import (
    LinkAddresses,
    OwnAddresses,
    told_addresses,
)
from lowpan.adaptation.neighbour_discovery.registry import (
    MULTIHOP_HOPLIMIT,
    Claim,
    DuplicateAddressRegistry,
    judged,
)
from lowpan.wire.addresses import LINK_LOCAL_PREFIX, UNSPECIFIED, iid_of, is_multicast, link_local
from lowpan.wire.icmpv6 import Icmpv6, Icmpv6Type
from lowpan.wire.nd_options import (
    AddressRegistration,
    AddressRegistrationControl,
    AddressRegistrationStatus,
    NdOption,
    NdOptionType,
)
from lowpan.wire.neighbour_discovery import (
    DuplicateAddress,
    NeighbourAdvertisement,
    NeighbourAdvertisementControl,
    NeighbourSolicitation,
)

MOST_REGISTRATIONS = 512
"""Addresses of neighbours: two each of as many as share one channel."""
MOST_TENTATIVE = 64
"""Registrations that wait for the border router, up to TENTATIVE_NCE_LIFETIME."""
MOST_PER_SENDER = 16
"""Registrations from one link-layer address: eight prefixes, two identifiers each."""
TENTATIVE_NCE_LIFETIME = 20_000_000
"""Microseconds that the border router has to answer (RFC 6775 §9)."""
RETRANS_TIMER = 1_000_000
MAX_REQUESTS = 3
"""Duplicate address requests for one registration, a second apart."""

_SECOND = 1_000_000
_Status = AddressRegistrationStatus


@dataclass(slots=True)
class _Asker:
    """How a registration came in, and so how its answer goes out."""

    ours: bytes
    """Our address that was asked."""
    address: bytes
    """Where the answer goes to if all is well."""
    link_source: bytes
    option: AddressRegistration
    link: LinkAddresses
    extended: bool


@dataclass(slots=True)
class _Registration:
    """What a neighbour has registered."""

    claim: Claim
    asker: _Asker


@dataclass(slots=True)
class _Tentative:
    """A registration that the border router is asked about."""

    claim: Claim
    asker: _Asker
    border: bytes
    until: int
    requests: int = 0


class Registrar:
    """Takes registrations, asks the border router whether they are unique, and answers; bounded.

    `border` returns the border router for an address at a moment, None if there is none: then only
    what is registered with us is a duplicate.  `registry` is there if we are one, and is asked
    for those that nobody else keeps.  `now` is microseconds.
    """

    def __init__(  # noqa: PLR0913  (who we are, whom to ask, and bounds)
        self,
        own: OwnAddresses,
        link: LinkAddresses,
        *,
        registry: DuplicateAddressRegistry | None = None,
        border: Callable[[bytes, int], bytes | None] = lambda _address, _now: None,
        is_on_mesh: Callable[[bytes], bool] = lambda _: True,
        most_registrations: int = MOST_REGISTRATIONS,
        most_tentative: int = MOST_TENTATIVE,
        most_per_sender: int = MOST_PER_SENDER,
    ) -> None:
        self._own, self._link = own, link
        self._registry, self._border, self._is_on_mesh = registry, border, is_on_mesh
        self._most_registrations, self._most_tentative = most_registrations, most_tentative
        self._most_per_sender = most_per_sender
        self._registrations: dict[bytes, _Registration] = {}
        self._tentative: dict[bytes, _Tentative] = {}
        self._of_sender: dict[bytes, int] = {}
        self._ends: Deadlines[bytes] = Deadlines()
        self._waits: Deadlines[bytes] = Deadlines()

    def __len__(self) -> int:
        """Return how many addresses are registered with us or about to be."""
        return len(self._registrations) + len(self._tentative)

    @property
    def registered(self) -> list[bytes]:
        """Return the addresses that are registered with us."""
        return list(self._registrations)

    def link_address(self, address: bytes) -> bytes | None:
        """Return where a registered address is, None if it is not registered."""
        registration = self._registrations.get(address)
        if registration is None:
            return None
        link = registration.asker.link
        return link.short if link.short is not None else link.extended

    def receive_solicitation(
        self,
        body: NeighbourSolicitation,
        option: AddressRegistration,
        source: bytes,
        link_source: bytes,
        *,
        now: int,
    ) -> list[NdAction]:
        """Take a neighbour solicitation, sent to us, with a registration in it."""
        told = told_addresses(body.options, NdOptionType.SOURCE_LINK_LAYER_ADDRESS)
        target = body.target_address
        # RFC 8505 registers the target; RFC 6775, which has no transaction ID, the source
        extended = option.control.t
        claimed = target if extended else source
        if not told or option.status or source == UNSPECIFIED or is_multicast(claimed):
            return [_refused(Refusal.OPTIONS, Icmpv6Type.NEIGHBOUR_SOLICITATION, source)]
        if not extended and len(option.rovr) != 8:
            return [_refused(Refusal.OPTIONS, Icmpv6Type.NEIGHBOUR_SOLICITATION, source)]
        ours = target
        if extended:
            own = self._own.source_for(source)
            if own is None:
                return [_refused(Refusal.NOT_OURS, Icmpv6Type.NEIGHBOUR_SOLICITATION, source)]
            ours = own.address
        asker = _Asker(ours, source, link_source, option, told, extended)
        tid = option.tid if extended else None
        claim = Claim(claimed, option.rovr, tid, option.registration_lifetime)
        return self._claim(claim, asker, now)

    def receive_confirmation(
        self, message: Icmpv6, body: DuplicateAddress, source: bytes, *, now: int
    ) -> list[NdAction]:
        """Take what the border router says about an address."""
        address = body.registered_address
        tentative = self._tentative.get(address)
        if tentative is None:
            return self._moved(message, body, source, now)
        claim = tentative.claim
        right = source == tentative.border and body.rovr == claim.rovr
        if not right or (message.code and body.tid != claim.tid):
            return [_refused(Refusal.UNASKED, message.type, source)]
        self._drop_tentative(address)
        status = _known(body.status)
        if status is _Status.SUCCESS:
            return self._take(claim, tentative.asker, now)
        return [*self._remove(address), self._answer(claim, tentative.asker, status)]

    def next_deadline(self) -> int | None:
        """Return when to call handle_deadline(), None while nothing is due."""
        ends, waits = self._ends.next_deadline(), self._waits.next_deadline()
        return min((due for due in (ends, waits) if due is not None), default=None)

    def handle_deadline(self, *, now: int) -> list[NdAction]:
        """Forget registrations that were not refreshed, and ask the border router again."""
        actions: list[NdAction] = []
        for address in self._ends.take(now=now):
            actions += self._remove(address)
        for address in self._waits.take(now=now):
            tentative = self._tentative[address]
            if tentative.until <= now:
                self._drop_tentative(address)
            else:
                actions += self._request(address, tentative, now)
        return actions

    def _claim(self, claim: Claim, asker: _Asker, now: int) -> list[NdAction]:
        status = self._judge(claim, asker)
        if status is not _Status.SUCCESS:
            return [self._answer(claim, asker, status)]
        local = claim.address[:8] == LINK_LOCAL_PREFIX
        border = None if local else self._border(claim.address, now)
        if self._registry is not None and not local and self._is_ours(border):
            ours = border or asker.ours
            status, moved = self._registry.claim(claim, ours, ours, now=now)
            if status is not _Status.SUCCESS:
                return [self._answer(claim, asker, status)]
            return moved + self._take(claim, asker, now)
        if border is None:
            return self._take(claim, asker, now)
        waiting = self._tentative.get(claim.address)
        if waiting is not None and waiting.claim == claim:
            return []  # a repetition: the border router has been asked
        if waiting is not None:
            self._drop_tentative(claim.address)
        elif len(self._tentative) >= self._most_tentative:
            self._drop_tentative(next(iter(self._tentative)))
        self._count(asker.link_source, 1)
        until = now + TENTATIVE_NCE_LIFETIME
        waiting = self._tentative[claim.address] = _Tentative(claim, asker, border, until)
        return self._request(claim.address, waiting, now)

    def _is_ours(self, border: bytes | None) -> bool:
        return border is None or self._own.get(border) is not None

    def _judge(self, claim: Claim, asker: _Asker) -> _Status:
        """Say what we can say without the border router."""
        local = asker.address[:8] == LINK_LOCAL_PREFIX
        status = _Status.SUCCESS
        known = self._registrations.get(claim.address)
        waiting = self._tentative.get(claim.address)
        if asker.extended and not local:
            status = _Status.INVALID_SOURCE_ADDRESS
        elif self._own.get(claim.address) is not None:
            status = _Status.DUPLICATE_ADDRESS
        elif known is not None or waiting is not None:
            status = _compared(claim, asker, known or waiting)
        elif asker.extended and not self._is_on_mesh(claim.address):
            status = _Status.TOPOLOGICALLY_INCORRECT
        elif claim.lifetime and self._is_full(asker.link_source):
            status = _Status.NEIGHBOUR_CACHE_FULL
        return status

    def _is_full(self, sender: bytes) -> bool:
        return (
            len(self._registrations) >= self._most_registrations
            or self._of_sender.get(sender, 0) >= self._most_per_sender
        )

    def _take(self, claim: Claim, asker: _Asker, now: int) -> list[NdAction]:
        """Do as the claim says, now that nobody is against it."""
        answer = self._answer(claim, asker, _Status.SUCCESS)
        if not claim.lifetime:
            return [*self._remove(claim.address), answer]
        known = self._registrations.get(claim.address)
        if known is None and self._is_full(asker.link_source):  # since it was asked
            return [self._answer(claim, asker, _Status.NEIGHBOUR_CACHE_FULL)]
        if known is not None:
            self._count(known.asker.link_source, -1)
        self._registrations[claim.address] = _Registration(claim, asker)
        self._count(asker.link_source, 1)
        self._ends.set(claim.address, now + claim.lifetime * _SECOND)
        link_address = self.link_address(claim.address)
        assert link_address is not None  # nothing is registered without one
        if known is not None and known.asker.link == asker.link:
            return [answer]
        return [NeighbourRegistered(claim.address, link_address), answer]

    def _remove(self, address: bytes) -> list[NdAction]:
        registration = self._registrations.pop(address, None)
        self._ends.drop(address)
        if registration is None:
            return []
        self._count(registration.asker.link_source, -1)
        return [NeighbourDeregistered(address)]

    def _moved(
        self, message: Icmpv6, body: DuplicateAddress, source: bytes, now: int
    ) -> list[NdAction]:
        """Take word of the border router that a neighbour has registered elsewhere."""
        known = self._registrations.get(body.registered_address)
        if (
            known is None
            or source != self._border(body.registered_address, now)
            or body.status != _Status.MOVED
            or body.rovr != known.claim.rovr
        ):
            return [_refused(Refusal.UNASKED, message.type, source)]
        removed = self._remove(body.registered_address)
        return [*removed, self._answer(known.claim, known.asker, _Status.MOVED)]

    def _drop_tentative(self, address: bytes) -> None:
        self._count(self._tentative.pop(address).asker.link_source, -1)
        self._waits.drop(address)

    def _request(self, address: bytes, tentative: _Tentative, now: int) -> list[NdAction]:
        """Ask the border router; after some requests only wait."""
        if tentative.requests >= MAX_REQUESTS:
            self._waits.set(address, tentative.until)
            return []
        tentative.requests += 1
        self._waits.set(address, min(now + RETRANS_TIMER, tentative.until))
        own = self._own.source_for(tentative.border)
        if own is None:
            return []
        claim = tentative.claim
        body = DuplicateAddress(0, claim.tid or 0, claim.lifetime, claim.rovr, claim.address)
        message = Icmpv6(Icmpv6Type.DUPLICATE_ADDRESS_REQUEST, claim.code, 0, body)
        return [SendMessage(message, own.address, tentative.border, hop_limit=MULTIHOP_HOPLIMIT)]

    def _answer(self, claim: Claim, asker: _Asker, status: int) -> SendMessage:
        """Return the neighbour advertisement with what became of a registration."""
        option, destination = asker.option, asker.address
        if not asker.extended and status != _Status.SUCCESS:
            # its address may be another's, so it goes where its EUI-64 says (RFC 6775 §6.5.2)
            destination = link_local(iid_of(option.rovr))
        control = AddressRegistrationControl(i=0, r=option.control.r, t=option.control.t)
        value = AddressRegistration(
            status, 0, control, option.tid, option.registration_lifetime, option.rovr
        )
        flags = NeighbourAdvertisementControl(r=True, s=True, o=False)
        target = claim.address if asker.extended else asker.ours
        options = (NdOption(NdOptionType.ADDRESS_REGISTRATION, value),)
        body = NeighbourAdvertisement(flags, target, options)
        message = Icmpv6(Icmpv6Type.NEIGHBOUR_ADVERTISEMENT, 0, 0, body)
        return SendMessage(message, asker.ours, destination, asker.link_source)

    def _count(self, sender: bytes, more: int) -> None:
        count = self._of_sender.get(sender, 0) + more
        if count:
            self._of_sender[sender] = count
        else:
            self._of_sender.pop(sender, None)


def _compared(claim: Claim, asker: _Asker, known: _Registration | _Tentative | None) -> _Status:
    """Compare a claim with what is registered.

    An EUI-64 is no secret, so the frame must not come from another extended address than that.
    """
    if known is None:
        return _Status.SUCCESS
    sender, before = asker.link_source, known.asker.link_source
    if sender != before and len(sender) == len(claim.rovr) and sender != claim.rovr:
        return _Status.DUPLICATE_ADDRESS
    return judged(claim, known.claim.rovr, known.claim.tid)


def _known(status: int) -> int:
    return next((known for known in _Status if known == status), status)


def _refused(refusal: Refusal, kind: int, source: bytes) -> MessageRefused:
    return MessageRefused(refusal, kind, source)
