"""A link as one end sees it: Receive State and Transmit State, and what changes them (§10)."""

from dataclasses import dataclass, field
from enum import Enum

from lowpan.adaptation.pace import Pace
from lowpan.mesh.sequence_gaps import MOST_MISSED


class LinkState(Enum):
    """Which frames are accepted, by us (Receive State) and by the neighbour (Transmit State)."""

    DOWN = "none"
    RECEIVING = "its frames by us"
    TRANSMITTING = "our frames by it, as far as we know"
    UP = "both ways"

    @property
    def receiving(self) -> bool:
        """The Receive State, and the I bit: it has answered a challenge of ours."""
        return self is LinkState.UP or self is LinkState.RECEIVING

    @property
    def transmitting(self) -> bool:
        """The Transmit State, and the O bit."""
        return self is LinkState.UP or self is LinkState.TRANSMITTING


class LinkInput(Enum):
    """What changes the state of a link."""

    ANSWERED = "a Link Accept answered our challenge"
    ACCEPTED = "we sent a Link Accept"
    HEARD = "it advertised that it accepts our frames"
    UNHEARD = "it advertised that it does not"
    ENDED = "one of both rejected the link, or the neighbour is silent"


_DOWN, _RECEIVING = LinkState.DOWN, LinkState.RECEIVING
_TRANSMITTING, _UP = LinkState.TRANSMITTING, LinkState.UP

NEXT: dict[tuple[LinkState, LinkInput], LinkState] = {
    (_DOWN, LinkInput.ANSWERED): _RECEIVING,
    (_DOWN, LinkInput.ACCEPTED): _TRANSMITTING,
    (_RECEIVING, LinkInput.ACCEPTED): _UP,
    (_RECEIVING, LinkInput.HEARD): _UP,
    (_RECEIVING, LinkInput.ENDED): _DOWN,
    (_TRANSMITTING, LinkInput.ANSWERED): _UP,
    (_TRANSMITTING, LinkInput.UNHEARD): _DOWN,
    (_TRANSMITTING, LinkInput.ENDED): _DOWN,
    (_UP, LinkInput.UNHEARD): _RECEIVING,
    (_UP, LinkInput.ENDED): _DOWN,
}
"""The state after each input; what is not listed changes nothing.

Who has no link with us cannot get the Transmit State by advertising: anybody may replay that."""

MESSAGES_OF_ONE = Pace(each=4_000, burst=256)
"""Messages in the name of one linked neighbour whose MICs are looked at.

No fewer than a channel of 250 kbit/s carries, so that there forged ones hide no others; where more
come, by a tunnel, they cost a hundredth of our time."""
DOUBTFUL = 3
"""Frames in a row that are not acknowledged, each sent four times, before a neighbour is asked."""


@dataclass(slots=True)
class Exchange:
    """Requests of ours that wait for an answer, each with a challenge of its own."""

    challenges: dict[bytes, int] = field(default_factory=dict[bytes, int])
    """When each was sent."""
    answering: bool = False
    """It began as the request in an answer: the neighbour will ask again as well."""

    def asked(self, challenge: bytes, *, now: int) -> None:
        """Take note of a request."""
        self.challenges[challenge] = now

    @property
    def transmissions(self) -> int:
        """How many requests were sent."""
        return len(self.challenges)


@dataclass(slots=True)
class Link:
    """What link establishment knows of one neighbour; the rest is in the NeighbourTable."""

    neighbour: bytes
    """Extended address."""
    state: LinkState = LinkState.DOWN
    exchange: Exchange | None = None
    """Its challenges are the only ones to which this neighbour's answers count."""
    sleepy: bool = False
    """It does not listen when idle, as its Mode says: once it has a parent, it asks for frames."""
    asleep: bool = False
    """It has one, so that frames for it wait until it asks."""
    rssi: float | None = None
    """dBm, of its last answer."""
    proven_at: int | None = None
    """When it answered a challenge last; None: never."""
    accepted_at: int | None = None
    """When we sent it a Link Accept last."""
    failures: int = 0
    """Exchanges in a row that it did not answer."""
    unacknowledged: int = 0
    """Frames to it in a row that were not acknowledged."""
    paid_at: int = 0
    """Of MESSAGES_OF_ONE."""
    number: int = 0
    """Of its last advertisement, those that we missed included."""
    advertised_at: int | None = None
    advertised_counter: int = 0

    @property
    def doubtful(self) -> bool:
        """So many frames were not acknowledged that it had better be asked."""
        return self.unacknowledged >= DOUBTFUL

    def doubt(self) -> None:
        """Have it asked, although it is heard: its keys are too far ahead of ours."""
        self.unacknowledged = max(self.unacknowledged, DOUBTFUL)

    def number_advertisement(self, frame_counter: int, interval: int, *, now: int) -> int:
        """Return the number of an advertisement of this `frame_counter`, one above the last.

        Above by more if some were missed: as many as frame counters in between, which its
        messages to others raise as well, and no more than its time had room for.  A sender at its
        longest `interval` is n - 1/2 to n + 1/2 of them older n advertisements later.
        """
        if self.advertised_at is not None:
            intervals = (2 * (now - self.advertised_at) + interval) // (2 * interval)
            missed = min(frame_counter - self.advertised_counter, intervals) - 1
            if missed > MOST_MISSED:
                missed = 0
            self.number += max(missed, 0)
        self.number += 1
        self.advertised_at, self.advertised_counter = now, frame_counter
        return self.number
