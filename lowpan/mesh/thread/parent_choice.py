"""Whom to choose as a parent, among those that answered."""

from dataclasses import dataclass
from typing import Any

from lowpan.mesh.link_quality import MARGIN_SCALE, link_margin
from lowpan.mesh.thread.locators import is_router
from lowpan.wire.mle import MleMessage, TlvType
from lowpan.wire.mle_draft import (
    Challenge,
    LinkLayerFrameCounter,
    MleFrameCounter,
    SourceAddress,
)
from lowpan.wire.mle_tlvs import LeaderData, LinkMargin, Version
from lowpan.wire.route64 import Connectivity, SedBuffering

UNKNOWN_MARGIN = 80
"""dB, where the radio does not say how strong it hears: the other direction decides alone."""
_DEFAULT_BUFFERING = SedBuffering()


@dataclass(frozen=True, slots=True)
class Candidate:
    """Somebody who would be our parent, as its Parent Response says."""

    parent: bytes
    """Extended address."""
    rloc16: bytes
    leader_data: LeaderData
    connectivity: Connectivity
    version: int
    margin: int
    """dB, the worse one of both directions."""
    challenge: bytes
    """What our Child ID Request must repeat."""
    link_counter: int
    mle_counter: int
    """The first acceptable frame counters of it."""
    key_sequence: int
    challenged_at: int
    """When the Parent Request was sent that it has answered."""
    heard_at: int

    @property
    def two_way_quality(self) -> int:
        """0..3."""
        return MARGIN_SCALE.quality(self.margin, None)

    @property
    def worth(self) -> tuple[int, ...]:
        """What candidates are compared by, in the order of Thread §4.5.2.1.2: more is better."""
        connectivity = self.connectivity
        buffering = connectivity.sed_buffering or _DEFAULT_BUFFERING
        return (
            self.two_way_quality,
            is_router(self.rloc16),
            connectivity.control.parent_priority,
            connectivity.link_quality_3,
            self.version,
            buffering.buffer_size,
            buffering.datagram_count,
            connectivity.link_quality_2,
            connectivity.link_quality_1,
            self.margin,
        )


def candidate_of(  # noqa: PLR0913, PLR0917  (a message and where it came from)
    message: MleMessage,
    parent: bytes,
    key_sequence: int,
    rssi: float | None,
    challenged_at: int,
    now: int,
) -> Candidate | None:
    """Return who has sent this Parent Response, None if it does not say all that it must."""
    found = message.find
    source = found(TlvType.SOURCE_ADDRESS, SourceAddress)
    leader = found(TlvType.LEADER_DATA, LeaderData)
    connectivity = found(TlvType.CONNECTIVITY, Connectivity)
    version = found(TlvType.VERSION, Version)
    margin = found(TlvType.LINK_MARGIN, LinkMargin)
    challenge = found(TlvType.CHALLENGE, Challenge)
    link = found(TlvType.LINK_LAYER_FRAME_COUNTER, LinkLayerFrameCounter)
    if (
        source is None
        or len(source.address) != 2
        or leader is None
        or connectivity is None
        or version is None
        or margin is None
        or challenge is None
        or link is None
    ):
        return None
    mle: Any = found(TlvType.MLE_FRAME_COUNTER, MleFrameCounter) or link
    here = UNKNOWN_MARGIN if rssi is None else link_margin(rssi)
    return Candidate(
        parent,
        source.address,
        leader,
        connectivity,
        version.version,
        min(here, margin.link_margin),
        challenge.challenge,
        link.frame_counter,
        mle.frame_counter,
        key_sequence,
        challenged_at,
        now,
    )


class Candidates:
    """Those that answered, the best first; bounded."""

    __slots__ = ("_best_first", "_most")

    def __init__(self, most: int) -> None:
        self._most = most
        self._best_first: list[Candidate] = []

    def clear(self) -> None:
        """Forget all."""
        self._best_first.clear()

    def add(self, candidate: Candidate) -> bool:
        """Take one, in place of what it said before; tell whether it is among the best."""
        others = [one for one in self._best_first if one.parent != candidate.parent]
        others.append(candidate)
        others.sort(key=lambda one: one.worth, reverse=True)
        self._best_first = others[: self._most]
        return candidate in self._best_first

    def best(self) -> Candidate | None:
        """Return the best one, None if nobody has answered."""
        return self._best_first[0] if self._best_first else None

    def drop(self, parent: bytes) -> None:
        """Forget one, who did not answer when it was chosen."""
        self._best_first = [one for one in self._best_first if one.parent != parent]
