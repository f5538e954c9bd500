"""Duplicate address detection (RFC 4862 §5.4), with the nonce of RFC 7527."""

from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from lowpan.adaptation.neighbour_discovery.actions import (
    AddressConfirmed,
    AddressDuplicate,
    NdAction,
    SendMessage,
)
from lowpan.adaptation.neighbour_discovery.deadlines import Deadlines
from lowpan.wire.addresses import UNSPECIFIED, solicited_node
from lowpan.wire.icmpv6 import Icmpv6, Icmpv6Type
from lowpan.wire.nd_options import NdOption
from lowpan.wire.neighbour_discovery import NeighbourSolicitation

DUP_ADDR_DETECT_TRANSMITS = 1
"""Solicitations before an address counts as unique (RFC 4862 §5.1)."""
MAX_RTR_SOLICITATION_DELAY = 1_000_000
"""Microseconds that the first of them waits at most, so that nodes started together do not
collide (RFC 4861 §10, RFC 4862 §5.4.2)."""
NONCE = 14
"""Option that tells our own solicitation, come back to us, from that of another (RFC 7527)."""
NONCE_OCTETS = 6


@dataclass(slots=True)
class _Check:
    nonce: bytes
    left: int
    """Solicitations yet to be sent."""


class DuplicateAddressDetection:
    """Asks whether somebody has an address that we want, before we use it.

    It holds as many addresses as the caller begins with; `now` is microseconds.
    """

    def __init__(
        self,
        random: Random,
        *,
        transmits: int = DUP_ADDR_DETECT_TRANSMITS,
        delay: int = MAX_RTR_SOLICITATION_DELAY,
    ) -> None:
        self._random, self._transmits, self._delay = random, transmits, delay
        self._checks: dict[bytes, _Check] = {}
        self._deadlines: Deadlines[bytes] = Deadlines()

    def is_checked(self, address: bytes) -> bool:
        """Tell whether `address` is being checked now."""
        return address in self._checks

    def begin(self, address: bytes, *, now: int) -> list[NdAction]:
        """Check `address`, which is not to be used until AddressConfirmed comes."""
        if not self._transmits:
            return [AddressConfirmed(address)]
        nonce = self._random.randbytes(NONCE_OCTETS)
        self._checks[address] = _Check(nonce, self._transmits)
        self._deadlines.set(address, now + self._random.randint(0, self._delay))
        return []

    def end(self, address: bytes) -> None:
        """Check `address` no longer; harmless if it is not being checked."""
        self._checks.pop(address, None)
        self._deadlines.drop(address)

    def solicited(self, target: bytes, options: Sequence[NdOption]) -> list[NdAction]:
        """Take a solicitation from `::`: somebody else checks `target` as well (§5.4.3)."""
        check = self._checks.get(target)
        if check is None or any(_nonce(option) == check.nonce for option in options):
            return []
        return self.advertised(target)

    def advertised(self, target: bytes) -> list[NdAction]:
        """Take an advertisement: somebody has `target` (§5.4.4)."""
        if target not in self._checks:
            return []
        self.end(target)
        return [AddressDuplicate(target)]

    def next_deadline(self) -> int | None:
        """Return when to call handle_deadline(), None while nothing is checked."""
        return self._deadlines.next_deadline()

    def handle_deadline(self, *, now: int, retrans_timer: int) -> list[NdAction]:
        """Ask, or conclude from silence; `retrans_timer` is how long to wait for an answer."""
        actions: list[NdAction] = []
        for address in self._deadlines.take(now=now):
            check = self._checks[address]
            if check.left:
                check.left -= 1
                self._deadlines.set(address, now + retrans_timer)
                actions.append(_question(address, check.nonce))
            else:
                del self._checks[address]
                actions.append(AddressConfirmed(address))
        return actions


def _question(address: bytes, nonce: bytes) -> SendMessage:
    body = NeighbourSolicitation(address, (NdOption(NONCE, nonce),))
    message = Icmpv6(Icmpv6Type.NEIGHBOUR_SOLICITATION, 0, 0, body)
    return SendMessage(message, UNSPECIFIED, solicited_node(address))


def _nonce(option: NdOption) -> object:
    return option.value if option.type == NONCE else None
