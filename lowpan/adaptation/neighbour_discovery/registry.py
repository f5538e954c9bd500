"""The addresses of a whole network, as its border router keeps them (RFC 6775 §8.2, RFC 8505)."""

from dataclasses import dataclass

from lowpan.adaptation.neighbour_discovery.actions import (
    MessageRefused,
    NdAction,
    Refusal,
    SendMessage,
)
from lowpan.adaptation.neighbour_discovery.deadlines import Deadlines
from lowpan.adaptation.neighbour_discovery.tid import is_older
from lowpan.wire.icmpv6 import Icmpv6, Icmpv6Type
from lowpan.wire.nd_options import AddressRegistrationStatus
from lowpan.wire.neighbour_discovery import DuplicateAddress

MOST_REGISTERED = 4096
"""Addresses of a network: a thousand nodes with four each, under 2 MiB."""
MULTIHOP_HOPLIMIT = 64
"""Hop limit of what goes between routers (RFC 6775 §9)."""

CODES = {8: 1, 16: 2, 24: 3, 32: 4}
"""Code of an extended duplicate address message by the octets of its ROVR (RFC 8505 §4.2)."""

_SECOND = 1_000_000
_Status = AddressRegistrationStatus


@dataclass(frozen=True, slots=True)
class Claim:
    """Who wants an address, for how long."""

    address: bytes
    rovr: bytes
    """8 .. 32 octets; the EUI-64 in RFC 6775."""
    tid: int | None
    """None where there is none (RFC 6775)."""
    lifetime: int
    """Seconds; 0 gives it back."""

    @property
    def code(self) -> int:
        """Code of the duplicate address messages about it (RFC 8505 §4.2)."""
        return 0 if self.tid is None else CODES[len(self.rovr)]


@dataclass(slots=True)
class _Owner:
    rovr: bytes
    tid: int | None
    router: bytes


class DuplicateAddressRegistry:
    """Knows who has which address, so that nobody else gets it; bounded.

    `now` is microseconds.  Who has an address keeps it until it gives it back or its lifetime is
    over, whatever others say.
    """

    def __init__(self, *, most_registered: int = MOST_REGISTERED) -> None:
        self._most_registered = most_registered
        self._owners: dict[bytes, _Owner] = {}
        self._deadlines: Deadlines[bytes] = Deadlines()

    def __len__(self) -> int:
        """Return how many addresses are registered."""
        return len(self._owners)

    def router_of(self, address: bytes) -> bytes | None:
        """Return the router that `address` was registered through, None if it is not."""
        owner = self._owners.get(address)
        return None if owner is None else owner.router

    def claim(
        self, claim: Claim, router: bytes, ours: bytes, *, now: int
    ) -> tuple[_Status, list[NdAction]]:
        """Give an address to who wants it through `router`, or say why not.

        The action, if any, tells the router that its node was at before (RFC 8505 §5.7).
        """
        self.handle_deadline(now=now)
        owner = self._owners.get(claim.address)
        status = _Status.SUCCESS if owner is None else judged(claim, owner.rovr, owner.tid)
        if status is not _Status.SUCCESS:
            return status, []
        if not claim.lifetime:
            self._owners.pop(claim.address, None)
            self._deadlines.drop(claim.address)
            return status, []
        if owner is None and len(self._owners) >= self._most_registered:
            full = claim.tid is None  # (RFC 8505 §4.1, status 9)
            return _Status.NEIGHBOUR_CACHE_FULL if full else _Status.REGISTRY_SATURATED, []
        self._owners[claim.address] = _Owner(claim.rovr, claim.tid, router)
        self._deadlines.set(claim.address, now + claim.lifetime * _SECOND)
        if owner is None or owner.router == router or claim.tid is None:
            return status, []
        return status, [_confirmation(claim, _Status.MOVED, ours, owner.router)]

    def receive_request(
        self, message: Icmpv6, request: DuplicateAddress, source: bytes, ours: bytes, *, now: int
    ) -> list[NdAction]:
        """Answer a router that asks for a node, and tell the one that it was at before."""
        if request.status:
            return [MessageRefused(Refusal.FLAGS, message.type, source)]
        tid = request.tid if message.code else None
        claim = Claim(request.registered_address, request.rovr, tid, request.registration_lifetime)
        status, moved = self.claim(claim, source, ours, now=now)
        return [_confirmation(claim, status, ours, source), *moved]

    def next_deadline(self) -> int | None:
        """Return when to call handle_deadline(), None while nothing ends."""
        return self._deadlines.next_deadline()

    def handle_deadline(self, *, now: int) -> list[NdAction]:
        """Forget addresses whose lifetime is over."""
        for address in self._deadlines.take(now=now):
            del self._owners[address]
        return []


def judged(claim: Claim, rovr: bytes, tid: int | None) -> _Status:
    """Compare a claim to an address with the registration that there is (RFC 8505 §5.7)."""
    if claim.rovr != rovr:
        return _Status.DUPLICATE_ADDRESS
    if claim.tid is not None and tid is not None and is_older(claim.tid, tid):
        return _Status.MOVED
    return _Status.SUCCESS


def _confirmation(claim: Claim, status: int, source: bytes, destination: bytes) -> SendMessage:
    tid = claim.tid or 0
    body = DuplicateAddress(status, tid, claim.lifetime, claim.rovr, claim.address)
    message = Icmpv6(Icmpv6Type.DUPLICATE_ADDRESS_CONFIRMATION, claim.code, 0, body)
    return SendMessage(message, source, destination, hop_limit=MULTIHOP_HOPLIMIT)
