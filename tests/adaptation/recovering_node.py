"""One node that recovers fragments, between two others, and what these send it."""

from random import Random

from lowpan.adaptation.forwarding import Drop, Dropped, Forward, Hop
from lowpan.adaptation.fragment_recovery import (
    MOST_DATAGRAMS,
    MOST_PER_SENDER,
    FragmentRecovery,
    RecoveryAction,
)
from lowpan.adaptation.recoverable_pieces import Pieces, recoverable_pieces
from lowpan.wire.recoverable_fragment import (
    FRAGMENT_ACKNOWLEDGMENT,
    FULL_BITMAP,
    NULL_BITMAP,
    RECOVERABLE_FRAGMENT,
    FragmentAcknowledgment,
    RecoverableFragment,
)
from tests.adaptation.hops import A, Along, B, D, contexts, datagram
from tests.adaptation.recovery_line import PARAMETERS

NEAR, FAR = (datagram(bytes(range(250)), destination=end) for end in (B, D))
"""To B, and through B to D: four fragments each."""


def node(
    most_datagrams: int = MOST_DATAGRAMS, most_per_sender: int = MOST_PER_SENDER
) -> FragmentRecovery:
    """Return B, which has A on one side and C on the other."""
    return FragmentRecovery(
        Along(B),
        Random(8931),
        contexts=contexts(),
        parameters=PARAMETERS,
        most_datagrams=most_datagrams,
        most_per_sender=most_per_sender,
    )


def cut(octets: bytes) -> Pieces:
    return recoverable_pieces(octets, Hop(B, A, 96), contexts(), max_fragment_size=90)


def fragment(octets: bytes, which: int, tag: int = 7, **given: int) -> bytes:
    """Return a fragment of a datagram from A, with some of its header as given."""
    whole, bounds = cut(octets)
    start, end = bounds[which], bounds[which + 1]
    header = RecoverableFragment(
        bool(given.get("ecn", 0)),
        tag,
        bool(given.get("asks", 0)),
        given.get("sequence", which),
        given.get("size", end - start),
        given.get("offset", start if which else len(whole)),
    )
    return RECOVERABLE_FRAGMENT.encode(header) + whole[start:end]


def receive(
    engine: FragmentRecovery, payload: bytes, now: int = 0, source: bytes = A
) -> list[RecoveryAction]:
    return engine.receive_payload(payload, source, B, now=now)


def acknowledgment(tag: int, bitmap: int) -> bytes:
    return FRAGMENT_ACKNOWLEDGMENT.encode(FragmentAcknowledgment(False, tag, bitmap))


def null(tag: int = 7, to: bytes = A, by: bytes = B) -> Forward:
    return Forward(to, acknowledgment(tag, NULL_BITMAP), by)


def full(tag: int = 7) -> Forward:
    return Forward(A, acknowledgment(tag, FULL_BITMAP), B)


def drops(actions: list[RecoveryAction]) -> list[Drop]:
    return [action.drop for action in actions if isinstance(action, Dropped)]


def labels(engine: FragmentRecovery) -> int:
    """Return how many tags an engine has given and not taken back."""
    return len(vars(engine)["_labels"])


def established(engine: FragmentRecovery) -> tuple[int, Forward]:
    """Make a path through B; return its label and the first fragment that went on."""
    (forward,) = receive(engine, fragment(FAR, 0))
    assert isinstance(forward, Forward)
    return RECOVERABLE_FRAGMENT.decode_prefix(forward.payload)[0].datagram_tag, forward
