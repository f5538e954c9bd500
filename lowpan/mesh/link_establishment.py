"""Link establishment as drafted: a mesh engine (draft-kelsey-intarea-mesh-link-establishment-06).

Nodes of one key find each other, prove that they are there, and advertise how well they hear each
other.  A link is up once both ends have answered a challenge of the other.
"""

from collections import Counter
from collections.abc import Mapping
from random import Random

from lowpan.errors import StoreError
from lowpan.mac.security import LinkSecurity
from lowpan.mac.service import Configure
from lowpan.mesh.estimators import BayesEstimator
from lowpan.mesh.key_sequence import KeySequence
from lowpan.mesh.link_events import LinksNotSaved
from lowpan.mesh.link_exchanges import LinkExchanges
from lowpan.mesh.link_reception import LinkReception
from lowpan.mesh.link_sending import LinkSending
from lowpan.mesh.link_settings import MeshLinkSettings
from lowpan.mesh.link_sleeping import LinkSleeping
from lowpan.mesh.link_state import Link, LinkState
from lowpan.mesh.links import Links
from lowpan.mesh.mle_security import MleSecurity
from lowpan.mesh.neighbour_table import NeighbourTable
from lowpan.mesh.network_parameters import NetworkParameters
from lowpan.mesh.parameter_search import Knowledge
from lowpan.mesh.service import (
    FrameHeard,
    FrameSent,
    JoinGroup,
    LinkDown,
    LinkUp,
    MeshAction,
    MeshUdpReceived,
    MleReceived,
    SleepOn,
)
from lowpan.radio import RadioSettings
from lowpan.store import Store
from lowpan.wire.addresses import ALL_NODES, ALL_ROUTERS

EVIDENCE, FORGOTTEN = 10, 5
"""Longest advertisement intervals for which evidence of a link counts, since in a dense network a
neighbour speaks of us in every third advertisement; and after which whoever is silent is
forgotten, if that was not noticed before."""

ALONE_AFTER = 24_000_000
"""Microseconds after a start, or a change of channel, without links, until the network is looked
for elsewhere: as long as neighbours are asked, four times 5 s apart, and their answers."""
OTHERWISE = "another one keeps our frames"


class LinkEstablishment:
    """The mesh engine of a node, see MeshEngine.

    `random` must not be known to others: challenges come from it.  Everything is bounded, see
    MeshLinkSettings and NeighbourTable; refused messages are MleRefused and counted in `refusals`.
    """

    udp_ports: frozenset[int] = frozenset()

    def __init__(  # noqa: PLR0913  (the parts of a node, each with its default)
        self,
        security: MleSecurity,
        random: Random,
        *,
        link_security: LinkSecurity | None = None,
        keys: KeySequence | None = None,
        neighbours: NeighbourTable | None = None,
        parameters: NetworkParameters | None = None,
        store: Store | None = None,
        settings: MeshLinkSettings | None = None,
    ) -> None:
        """Secure with `security`, and let `link_security` know who was proven to be there.

        `keys` says which keys are in use, and is told what others use; without it they stay.
        `parameters` takes Update and Update Request.  `store` keeps who the neighbours are.
        """
        self.settings = settings or MeshLinkSettings()
        self.neighbours = new_table(self.settings) if neighbours is None else neighbours
        self.parameters = parameters
        self._store, self._random, self._keys = store, random, keys
        self._links = Links(self.neighbours, self.settings, random, security.mic_octets)
        self._sending = LinkSending(security, link_security, self.settings, random)
        self._exchanges = LinkExchanges(
            self._links, self._sending, security, link_security, self.settings, random
        )
        self._sleeping = LinkSleeping(self.links, self.settings)
        self._reception = LinkReception(
            self._links,
            self._exchanges,
            self._sending,
            self._sleeping,
            security,
            parameters,
            self.settings,
            keys,
        )
        self._parts = [
            self._links.advertising.next_deadline,
            self._links.requests.next_deadline,
            self._exchanges.answers.next_deadline,
            self._exchanges.solicitation.next_deadline,
            self._sleeping.next_deadline,
            self.neighbours.next_deadline,
        ]
        if parameters is not None:
            parameters.sleepy = self._sleeping.sleeps
            self._parts.append(parameters.next_deadline)
        if keys is not None:
            self._parts.append(keys.next_deadline)
        self._begin_at: int | None = None
        self._alone_at: int | None = None
        """When we are alone, if no link is up by then."""
        self._remembered = 0
        """Neighbours of before the start."""
        self._save_at: int | None = None

    @property
    def links(self) -> Mapping[bytes, Link]:
        """What is known of links, by extended address; only to be read."""
        return self._links.by_neighbour

    @property
    def refusals(self) -> Counter[str]:
        """How many messages were refused, by reason."""
        return self._reception.refusals

    # What happened

    def start(self, radio: RadioSettings, *, now: int) -> list[MeshAction]:
        """Begin soon: see MeshEngine.  Raises FieldOutOfRange and StoreError."""
        self._sending.start(radio)
        self._exchanges.pan_id = radio.pan_id
        actions: list[MeshAction] = []
        if self._store is not None:
            self.neighbours.restore(self._store, now=now)
            for link in self._links.restored():
                if not self._sleeping.sleeps:  # a sleeper hears no answer until it has a parent
                    self._links.requests.plan(link, self.settings.retry_first, now=now)
        self._remembered = len(self.links)
        if not self._sleeping.sleeps:
            actions.append(JoinGroup(ALL_ROUTERS))
        self._begin_at = now + self._random.randrange(self.settings.start_within + 1)
        self._alone_at = now + ALONE_AFTER
        if self.parameters is not None:
            actions += self.parameters.start(radio, now=now)
        return self._after(actions, now)

    def receive_message(self, received: MleReceived, *, now: int) -> list[MeshAction]:
        """Take an MLE datagram; see MeshEngine."""
        return self._after(self._reception.receive(received, now=now), now)

    def receive_udp(self, received: MeshUdpReceived, *, now: int) -> list[MeshAction]:
        """Take nothing: there are no `udp_ports`."""
        return []

    def frame_heard(self, heard: FrameHeard, *, now: int) -> list[MeshAction]:
        """Take note that a neighbour is there; see MeshEngine."""
        if heard.authentic and heard.sender in self._links.by_neighbour:
            self.neighbours.heard(heard.sender, now=now)
            if self._keys is not None and heard.key_sequence != self._keys.current:
                return list(self._keys.frame_accepted(heard.key_sequence, now=now))
        return []

    def frame_sent(self, sent: FrameSent, *, now: int) -> list[MeshAction]:
        """Take note of what became of a frame; see MeshEngine."""
        receiver = sent.receiver
        if len(receiver) == 2:
            neighbour = self.neighbours.by_short(receiver)
            receiver = b"" if neighbour is None else neighbour.extended_address
        link = self._links.by_neighbour.get(receiver)
        if link is None:
            return []
        link.unacknowledged = 0 if sent.acknowledged else link.unacknowledged + 1
        if link.doubtful and link.state is LinkState.UP:
            self._links.requests.plan(link, self.settings.request_within, now=now)
        events = self.neighbours.frame_sent(
            receiver,
            transmissions=sent.transmissions,
            acknowledged=sent.acknowledged,
            secured=sent.secured,
            now=now,
        )
        return self._after(self._links.digest(events, now=now), now) if events else []

    def parent_lost(self, *, now: int) -> list[MeshAction]:
        """Look for another neighbour to ask; see MeshEngine."""
        parent = self.links.get(self._sleeping.parent or b"")
        if parent is None:
            return []
        return self._after(self._links.end(parent, "it does not answer polls", now=now), now)

    # Time

    def next_deadline(self) -> int | None:
        """Return when to call handle_deadline(), None while nothing is due."""
        first = self._begin_at
        for due in (self._alone_at, self._save_at):
            if due is not None and (first is None or due < first):
                first = due
        for next_deadline in self._parts:
            due = next_deadline()
            if due is not None and (first is None or due < first):
                first = due
        return first

    def handle_deadline(self, *, now: int) -> list[MeshAction]:
        """Do what is due."""
        actions: list[MeshAction] = []
        if self._begin_at is not None and self._begin_at <= now:
            self._begin_at = None
            if not self._sleeping.sleeps:
                self._links.advertising.start(now=now)
            self._exchanges.solicitation.begin(within=0, now=now)
        if self._alone_at is not None and self._alone_at <= now:
            actions += self._nobody_came(now)
        if self._exchanges.solicitation.is_due(
            linked=self._links.up > 0, forever=self._sleeping.sleeps, now=now
        ):
            actions += self._exchanges.solicit(now=now)
        for neighbour, challenge in self._exchanges.answers.take(now=now):
            link = self.links.get(neighbour)
            if link is not None:
                actions += self._exchanges.accept_solicited(link, challenge, now=now)
        for neighbour in self._links.requests.take(now=now):
            link = self.links.get(neighbour)
            if link is not None:
                actions += self._exchanges.look_at(link, now=now)
        if self._links.advertising.handle_deadline(now=now):
            page = self._links.advertising.next_page()
            actions += self._sending.advertise(page, ALL_NODES, now=now)
        actions += self._links.digest(self.neighbours.handle_deadline(now=now), now=now)
        actions += self._choose_parent(now)
        if self.parameters is not None:
            actions += self.parameters.handle_deadline(now=now)
        if self._keys is not None:
            actions += self._keys.handle_deadline(now=now)
        if self._save_at is not None and self._save_at <= now:
            actions += self.save(now=now)
        return self._after(actions, now)

    def save(self, *, now: int) -> list[MeshAction]:
        """Keep who the neighbours are, before an orderly end and now and then."""
        self._save_at = None
        if self._store is None or not self.neighbours.unsaved:
            return []
        try:
            self.neighbours.save(self._store)
        except StoreError as error:
            self._save_at = now + self.settings.save_after
            return [LinksNotSaved(str(error))]
        return []

    # How

    def _choose_parent(self, now: int) -> list[MeshAction]:
        """If we sleep: have one neighbour that keeps frames for us, and no link with others.

        It is asked at once, as it has to know for sure: nothing else tells us that it does not.
        """
        actions: list[MeshAction] = []
        parent = self._sleeping.choose(now=now)
        if parent is None:
            return actions
        for link in list(self.links.values()):
            if link is parent:
                continue
            if link.state.receiving:
                actions += self._sending.reject(link.neighbour, now=now)
            actions += self._links.end(link, OTHERWISE, now=now)
        actions.append(SleepOn(parent.neighbour, self.settings.poll_interval))
        parent.doubt()
        return actions + self._exchanges.look_at(parent, now=now)

    def _after(self, actions: list[MeshAction], now: int) -> list[MeshAction]:
        """See to what follows from `actions`, and return them with what that causes."""
        if not actions:
            return actions
        for action in list(actions):
            match action:
                case LinkUp():
                    self._sleeping.linked(now=now)
                    if self.parameters is not None and not self._few:
                        self.parameters.linked()
                    if self.parameters is not None:
                        actions += self.parameters.met(action.neighbour, now=now)
                case LinkDown(neighbour):
                    actions += self._sleeping.unlinked(neighbour)
                    if self._links.up == 0:
                        actions += self._alone(now)
                case Configure(radio):
                    self._exchanges.pan_id = radio.pan_id
                    self._moved(now)
                case _:
                    pass
        if self.parameters is not None:
            self.parameters.sleepers = self._links.sleepers
        if self._store is not None and self._save_at is None and self.neighbours.unsaved:
            self._save_at = now + self.settings.save_after
        return actions

    def _moved(self, now: int) -> None:
        """If nobody is left, ask on the new channel, unless it is one of many to be tried."""
        searching = self.parameters and self.parameters.knowledge is Knowledge.SEARCHING
        if self._links.up and self.parameters is not None:
            self.parameters.linked()
        if self._links.up == 0 and self._begin_at is None and not searching:
            self._exchanges.solicitation.end()
            self._exchanges.solicitation.begin(within=self.settings.start_within, now=now)
            self._alone_at = now + ALONE_AFTER

    @property
    def _few(self) -> bool:
        """Whether half of those who were here before our start are not, or nobody is."""
        return 2 * self._links.up <= self._remembered or not self._links.up

    def _nobody_came(self, now: int) -> list[MeshAction]:
        """Look for the network elsewhere once, if half of it or more is not where we are.

        Those who are may have been off as well, while the others went to another channel.
        """
        self._alone_at = None
        if self.parameters is None or not self._few:
            return []
        return self.parameters.alone(now=now)

    def _alone(self, now: int) -> list[MeshAction]:
        """Look for neighbours: none is left."""
        self._exchanges.solicitation.begin(within=self.settings.start_within, now=now)
        return [] if self.parameters is None else self.parameters.alone(now=now)


def new_table(settings: MeshLinkSettings) -> NeighbourTable:
    """Return a neighbour table that suits the pace of advertisements."""
    return NeighbourTable(
        BayesEstimator,
        fresh_for=EVIDENCE * settings.advertise_last,
        timeout=FORGOTTEN * settings.advertise_last,
    )
