"""Becoming a child: Parent Request, the choice among those that answer, Child ID Request."""

from dataclasses import dataclass
from enum import Enum

from lowpan.errors import LowpanError
from lowpan.mesh.mle_security import OpenedMle
from lowpan.mesh.service import MeshAction, SleepOn, StayAwake
from lowpan.mesh.thread import messages
from lowpan.mesh.thread.child_addresses import ChildAddresses
from lowpan.mesh.thread.datasets import Datasets
from lowpan.mesh.thread.events import (
    ChildIdRequested,
    NobodyAnswered,
    ParentHeard,
    ParentRequested,
    SendingFailed,
)
from lowpan.mesh.thread.parent_choice import Candidate, Candidates, candidate_of
from lowpan.mesh.thread.station import Station
from lowpan.wire.addresses import ALL_ROUTERS
from lowpan.wire.mle import MLE_MESSAGE, MleMessage, TlvType
from lowpan.wire.mle_draft import Response

_FIRST_ROUNDS = (False, False, True, True, True, True)
"""Whether those that may become routers are asked too, in each round of the first attempt."""
_NEXT_ROUNDS = (False, True)
_BEST_QUALITY = 3
ATTACH_POLL_INTERVAL = 100_000
"""Microseconds between the polls of a sleeper that waits for its address (OpenThread)."""
_CANDIDATE_LASTS = 5_000_000
"""Microseconds for which a parent waits for a Child ID Request (OpenThread)."""


class Step(Enum):
    """Where an attempt is."""

    IDLE = "not attaching"
    REQUESTING = "waiting for Parent Responses"
    CHOSEN = "waiting for a Child ID Response"
    WAITING = "until the next attempt"


@dataclass(frozen=True, slots=True)
class AttemptFailed:
    """A whole attempt was in vain; the next one begins by itself."""


class Attaching:
    """Attempts until there is a parent; `now` is microseconds.

    Inputs return actions, and AttemptFailed, which is for the child around it.
    """

    def __init__(self, station: Station, addresses: ChildAddresses, datasets: Datasets) -> None:
        self._station, self._addresses, self._datasets = station, addresses, datasets
        self._candidates = Candidates(station.settings.most_candidates)
        self._step = Step.IDLE
        self._deadline: int | None = None
        self._attempt = self._round = 0
        self._challenge, self._challenged_at = b"", 0
        self._chosen: Candidate | None = None

    @property
    def step(self) -> Step:
        """Where it is."""
        return self._step

    @property
    def chosen(self) -> Candidate | None:
        """Whose Child ID Response is waited for."""
        return self._chosen if self._step is Step.CHOSEN else None

    def start(self, *, now: int) -> None:
        """Begin with a first attempt, at once or nearly so."""
        self._attempt = 0
        self._begin(now + self._station.soon(50_000))

    def stop(self) -> None:
        """Attempt no more: there is a parent, or no network."""
        self._step, self._deadline, self._chosen = Step.IDLE, None, None
        self._candidates.clear()

    def next_deadline(self) -> int | None:
        """Return when to call handle_deadline(), None while nothing is due."""
        return self._deadline

    def handle_deadline(self, *, now: int) -> list[MeshAction | AttemptFailed]:
        """Ask again, choose, or give up for now."""
        if self._deadline is None or now < self._deadline:
            return []
        if self._step is Step.WAITING:
            self._attempt += 1
            self._round = 0
            self._candidates.clear()
            return [*self._request(now)]
        if self._step is Step.CHOSEN and self._chosen is not None:
            self._candidates.drop(self._chosen.parent)
            self._chosen = None
            return self._choose(now) or self._fail(now)
        chosen = self._choose(now)
        if chosen:
            return chosen
        self._round += 1
        if self._round < len(self._rounds):
            return [*self._request(now)]
        return self._fail(now)

    def receive_parent_response(
        self, message: MleMessage, opened: OpenedMle, rssi: float | None, *, now: int
    ) -> list[MeshAction]:
        """Take an answer to our Parent Request that is right, and repeats our challenge."""
        if self._step is not Step.REQUESTING or opened.key_sequence is None:
            return []
        candidate = candidate_of(
            message, opened.sender, opened.key_sequence, rssi, self._challenged_at, now
        )
        if candidate is None or candidate.two_way_quality == 0:
            return []
        if not self._candidates.add(candidate):
            return []
        return [
            ParentHeard(
                candidate.parent,
                candidate.rloc16,
                candidate.margin,
                candidate.two_way_quality,
                candidate.connectivity.control.parent_priority,
                candidate.connectivity.leader_cost,
                candidate.leader_data.partition_id,
            )
        ]

    def challenged_at(self, message: MleMessage) -> int | None:
        """Return when the Parent Request was sent that `message` answers, None if it does not.

        Only the challenge of the last one counts.
        """
        response = message.find(TlvType.RESPONSE, Response)
        if self._step is not Step.REQUESTING or response is None:
            return None
        return self._challenged_at if response.response == self._challenge else None

    @property
    def _rounds(self) -> tuple[bool, ...]:
        return _FIRST_ROUNDS if self._attempt <= 1 else _NEXT_ROUNDS

    def _begin(self, moment: int) -> None:
        self._step, self._deadline, self._chosen = Step.WAITING, moment, None

    def _request(self, now: int) -> list[MeshAction]:
        station, settings = self._station, self._station.settings
        all_too = self._rounds[self._round]
        self._step, self._challenge, self._challenged_at = Step.REQUESTING, station.challenge(), now
        self._deadline = now + (settings.all_wait if all_too else settings.router_wait)
        request = messages.parent_request(settings, self._challenge, end_devices_too=all_too)
        return [
            StayAwake(),
            ParentRequested(self._attempt, all_too),
            *station.send(request, ALL_ROUTERS, now=now),
        ]

    def _choose(self, now: int) -> list[MeshAction | AttemptFailed]:
        """Ask the best one for an address; nothing if it pays to look further."""
        best = self._candidates.best()
        while best is not None and now - best.heard_at > _CANDIDATE_LASTS:
            self._candidates.drop(best.parent)
            best = self._candidates.best()
        if best is None:
            return []
        looks_further = self._step is Step.REQUESTING and not self._rounds[self._round]
        if looks_further and best.two_way_quality < _BEST_QUALITY:
            return []
        self._step, self._chosen = Step.CHOSEN, best
        self._deadline = now + self._station.settings.child_id_wait
        asked = self._ask(best, now)
        if self._station.settings.role.sleeps:  # a parent keeps its answer for us
            asked.append(SleepOn(best.parent, ATTACH_POLL_INTERVAL))
        return [ChildIdRequested(best.parent), *asked]

    def _ask(self, best: Candidate, now: int) -> list[MeshAction]:
        station, datasets = self._station, self._datasets
        try:
            self._establish(best, now)
            counters = station.security.next_counter(now=now), station.mle.next_counter(now=now)
        except LowpanError as error:  # the store fails, or a key is worn out
            return [SendingFailed(str(error))]
        active = datasets.active.active_timestamp
        if datasets.active.mesh_local_prefix is None:
            active = None  # so that we are told all that we do not know
        request = messages.child_id_request(
            station.settings,
            best,
            *counters,
            registered=self._addresses.registered(mesh_local_only=True),
            active=active,
            pending=datasets.pending_timestamp,
        )
        if len(MLE_MESSAGE.encode(request)) > messages.LONGEST_CLEAR:
            # nobody could authenticate its fragments: rather be told what we know
            request = messages.without(request, TlvType.PENDING_TIMESTAMP)
        return station.send(request, best.parent, now=now)

    def _establish(self, best: Candidate, now: int) -> None:
        """Take its frames from the counters on that it has told in answer to our challenge."""
        station = self._station
        sequence, asked = best.key_sequence, best.challenged_at
        if sequence == station.keys.current:
            station.mle.establish(best.parent, best.mle_counter, challenged_at=asked, now=now)
        if station.security.keys.thread_key(sequence) is not None:
            station.security.establish(
                best.parent, best.link_counter, key_sequence=sequence, challenged_at=asked, now=now
            )
        pan_id = self._datasets.active.pan_id
        station.security.peers.verified(best.parent, best.rloc16, pan_id)

    def _fail(self, now: int) -> list[MeshAction | AttemptFailed]:
        settings = self._station.settings
        backoff = min(
            settings.first_backoff << min(self._attempt - 1, 16), settings.longest_backoff
        )
        again = backoff + self._station.soon(50_000)
        self._begin(now + again)
        return [NobodyAnswered(self._attempt, again), AttemptFailed()]
