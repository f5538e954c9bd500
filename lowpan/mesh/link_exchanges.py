"""Exchanges: a challenge each way, and what is believed once it was answered (§9, §10).

```text
   A                                        B
   | Link Request (challenge a) ----------> |
   | <- Accept and Request (response a, b)  |  B: Transmit State
   | Link Accept (response b) ------------> |  A: both, B: both
```
"""

from collections import OrderedDict
from random import Random

from lowpan.adaptation.pace import Allowance
from lowpan.errors import SecurityError, StoreError
from lowpan.mac.security import LinkSecurity
from lowpan.mesh.link_answers import LinkAnswers
from lowpan.mesh.link_messages import LinkMessage
from lowpan.mesh.link_requests import is_extra
from lowpan.mesh.link_sending import LinkSending
from lowpan.mesh.link_settings import MeshLinkSettings
from lowpan.mesh.link_solicitation import LinkSolicitation
from lowpan.mesh.link_state import Exchange, Link, LinkInput, LinkState
from lowpan.mesh.links import Links
from lowpan.mesh.mle_security import MleSecurity, OpenedMle
from lowpan.mesh.neighbour import NeighbourRefused
from lowpan.mesh.service import ExpectAnswer, MeshAction, MleRefused, SendMle
from lowpan.wire.addresses import ALL_ROUTERS, iid_of, link_local

PROVEN_FOR = 2_000_000
"""Microseconds after an answer to our challenge in which a neighbour is not asked for another.

Longer than both ends of an exchange differ, shorter than a restart."""
MOST_DOUBTS, DOUBTED_FOR = 16, 4_000_000
"""Senders of recorded messages that are asked whether they are there, and for how long."""
MOST_TIMEOUT = 86_400
"""Seconds of silence that a sleeper is granted at most, whatever it asks for."""
SILENT, UNANSWERED = "silent", "our requests were not answered"
NO_ROOM, REJECTED = "there is no room for it", "it has rejected the link"


class LinkExchanges:
    """Asks for links, answers, and learns from answers."""

    def __init__(  # noqa: PLR0913, PLR0917  (the parts of one engine)
        self,
        links: Links,
        sending: LinkSending,
        security: MleSecurity,
        link_security: LinkSecurity | None,
        settings: MeshLinkSettings,
        random: Random,
    ) -> None:
        self._links, self._sending, self._settings = links, sending, settings
        self._security, self._link_security = security, link_security
        self.answers = LinkAnswers(settings, random)
        self.solicitation = LinkSolicitation(settings, random)
        self._doubts: OrderedDict[bytes, Exchange] = OrderedDict()
        self._doubting = Allowance(each=500_000, burst=4)
        self._rejecting = Allowance(each=1_000_000, burst=4)
        self.pan_id: int | None = None

    # Asking

    def solicit(self, *, now: int) -> list[MeshAction]:
        """Ask all who hear us."""
        challenge = self._sending.new_challenge()
        self.solicitation.asked(challenge, now=now)
        return self._request(ALL_ROUTERS, challenge, now)

    def look_at(self, link: Link, *, now: int) -> list[MeshAction]:
        """Ask `link` again, for the first time, or whether it is still there, as is due."""
        requests = self._links.requests
        if link.exchange is not None:
            if not requests.may_repeat(link):
                return self._fail(link, now)
            return self._ask(link, now) if requests.may_send(link, now=now) else []
        neighbour = self._links.neighbours.get(link.neighbour)
        heard_at = now - self.patience(link) if neighbour is None else neighbour.last_heard
        silent_at = heard_at + self.patience(link)
        if link.state is LinkState.UP and now < silent_at and (link.sleepy or not link.doubtful):
            link.failures = 0
            requests.watch(link, silent_at)
            return []
        if link.sleepy or (now >= silent_at and link.state is not LinkState.UP):
            return self._links.end(link, SILENT, now=now)
        return self._ask(link, now) if requests.may_begin(link, now=now) else []

    def patience(self, link: Link) -> int:
        """Return the silence, in microseconds, after which `link` is asked, or given up."""
        if not self._settings.mode.rx_on_when_idle:
            return self._settings.timeout * 1_000_000 // 4
        neighbour = self._links.neighbours.get(link.neighbour)
        if link.sleepy and neighbour is not None:
            return neighbour.timeout
        return self._settings.silent_for

    def doubt(self, sender: bytes, *, now: int) -> list[MeshAction]:
        """Ask the sender of a message that is not new, and of whom nothing is known."""
        exchange = self._doubts.get(sender)
        if exchange is not None and now - max(exchange.challenges.values()) < DOUBTED_FOR:
            return []
        if not self._doubting.take(now=now):
            return []
        if exchange is None and len(self._doubts) >= MOST_DOUBTS:
            self._doubts.popitem(last=False)
        self._doubts[sender] = exchange = Exchange()
        self._doubts.move_to_end(sender)
        challenge = self._sending.new_challenge()
        exchange.asked(challenge, now=now)
        return self._request(link_local(iid_of(sender)), challenge, now)

    def call_on(self, sender: bytes, challenge: bytes, *, now: int) -> list[MeshAction]:
        """Answer a challenge under a key that is over, so that its sender goes on to ours.

        Nothing is believed of it, and nothing changes here: it may be a recording.
        """
        if not self._doubting.take(now=now):
            return []
        return self._sending.accept(sender, challenge, None, now=now)

    # What comes in

    def challenged_at(self, sender: bytes, response: bytes | None) -> int | None:
        """Return when the challenge was sent that `sender` answers, None if there is none."""
        if response is None:
            return None
        link = self._links.by_neighbour.get(sender)
        for exchange in (None if link is None else link.exchange, self._doubts.get(sender)):
            if exchange is not None and response in exchange.challenges:
                return exchange.challenges[response]
        return self.solicitation.challenged_at(sender, response)

    def receive_request(
        self, link: Link, challenge: bytes, *, sleepy: bool, multicast: bool, now: int
    ) -> list[MeshAction]:
        """Answer a challenge of a neighbour, at once or, as all do, after a while.

        A sleeper that asks us alone has chosen us, and fetches the answer; who asks all is awake.
        """
        link.sleepy = sleepy
        actions = self._links.sleep(link, asleep=sleepy and not multicast)
        if multicast:
            self.answers.delay(link.neighbour, challenge, now=now)
            return actions
        self.answers.drop(link.neighbour)
        return actions + self.accept(link, challenge, now=now)

    def accept(self, link: Link, challenge: bytes, *, now: int) -> list[MeshAction]:
        """Answer `challenge`, and ask for an answer to ours unless there is a fresh one."""
        if not self.answers.may_answer(now=now):
            return []
        proven = link.proven_at is not None and now - link.proven_at < PROVEN_FOR
        asks = link.exchange is None and not (proven and link.state.receiving)
        own = None
        if asks and self._links.requests.may_join():
            own = self._sending.new_challenge()
        actions = self._sending.accept(link.neighbour, challenge, own, now=now)
        if not isinstance(actions[0], SendMle):
            return actions
        link.accepted_at = now
        if own is not None:
            self._links.requests.asked(link, own, answering=True, now=now)
        changes = self._links.change(link, LinkInput.ACCEPTED, now=now)
        return changes + actions  # a sleeper's answer waits once it counts as asleep

    def accept_solicited(self, link: Link, challenge: bytes, *, now: int) -> list[MeshAction]:
        """Answer a multicast request, if our share of the channel is not used up.

        If it is, its sender hears of us by an advertisement, or we of it.
        """
        if not self._links.requests.may_take(now=now):
            self._links.requests.plan(link, self._settings.request_within, now=now)
            return []
        return self.accept(link, challenge, now=now)

    def receive_answer(
        self, link: Link, message: LinkMessage, opened: OpenedMle, challenged_at: int, *, now: int
    ) -> list[MeshAction]:
        """Have a link with who has answered our challenge, and answer its own."""
        self.solicitation.answered(link.neighbour)
        self._links.requests.end(link)
        self._doubts.pop(link.neighbour, None)
        actions, room = self._learn(link, message, opened, challenged_at, now)
        if not room:
            return [*actions, *self.reject(link.neighbour, now=now)]
        link.proven_at, link.unacknowledged = now, 0
        link.sleepy = message.sleeps
        actions += self._links.change(link, LinkInput.ANSWERED, now=now)
        if message.challenge is not None:
            self.answers.drop(link.neighbour)
            actions += self.accept(link, message.challenge, now=now)
        actions += self._links.sleep(link, asleep=message.sleeps)
        if link.state is LinkState.UP:
            link.failures = 0
            self._links.requests.watch(link, now + self.patience(link))
        elif link.exchange is None:
            self._links.requests.postpone(link, now=now)
        return actions

    def receive_reject(self, link: Link, *, now: int) -> list[MeshAction]:
        """Have no link with a neighbour that wants none; only who had one can say so."""
        if not link.state.receiving:
            return []
        if link.sleepy:
            return self._links.end(link, REJECTED, now=now)
        actions = self._links.change(link, LinkInput.ENDED, now=now, reason=REJECTED)
        self._links.requests.end(link)
        self._links.requests.postpone(link, now=now)
        return actions

    def reject(self, neighbour: bytes, *, now: int) -> list[MeshAction]:
        """Say that there is no link, seldom enough."""
        return self._sending.reject(neighbour, now=now) if self._rejecting.take(now=now) else []

    # How

    def _ask(self, link: Link, now: int) -> list[MeshAction]:
        challenge = self._sending.new_challenge()
        self._links.requests.asked(link, challenge, now=now)
        return self._request(link_local(iid_of(link.neighbour)), challenge, now)

    def _request(self, destination: bytes, challenge: bytes, now: int) -> list[MeshAction]:
        actions = self._sending.request(destination, challenge, now=now)
        if not self._settings.mode.rx_on_when_idle:
            actions.append(ExpectAnswer(now + 2 * self._settings.urt))
        return actions

    def _fail(self, link: Link, now: int) -> list[MeshAction]:
        """Give up asking: for a while if the neighbour is heard, else for good.

        Who has a link is asked twice: four requests and answers are often lost on a bad one.
        """
        if is_extra(link):
            link.failures -= 1
        self._links.requests.end(link)
        if link.state is LinkState.UP and link.failures == 0:
            link.failures = 1
            self._links.requests.watch(link, now + self._settings.urt)
            return []
        neighbour = self._links.neighbours.get(link.neighbour)
        silent = neighbour is None or now - neighbour.last_heard >= self.patience(link)
        if silent or link.sleepy:
            return self._links.end(link, SILENT, now=now)
        actions = self._links.change(link, LinkInput.ENDED, now=now, reason=UNANSWERED)
        self._links.requests.postpone(link, now=now)
        return actions

    def _learn(
        self, link: Link, message: LinkMessage, opened: OpenedMle, challenged_at: int, now: int
    ) -> tuple[list[MeshAction], bool]:
        """Take what a proven answer says of its sender; tell whether there is room for it."""
        neighbour = link.neighbour
        actions: list[MeshAction] = []
        try:
            self._learn_counters(neighbour, message, opened, challenged_at, now)
        except (StoreError, SecurityError) as error:
            actions.append(MleRefused(neighbour, f"its counters: {error}"))
        timeout = message.timeout if message.sleeps else None
        events = self._links.neighbours.establish(
            neighbour,
            now=now,
            short_address=message.short_address,
            timeout=None if timeout is None else min(timeout, MOST_TIMEOUT) * 1_000_000,
        )
        refused = any(
            isinstance(event, NeighbourRefused) and event.neighbour == neighbour for event in events
        )
        actions += self._links.digest(events, now=now)
        if refused:
            return actions + self._links.end(link, NO_ROOM, now=now), False
        if self._link_security is not None:
            peers = self._link_security.peers
            peers.verified(neighbour, message.short_address, self.pan_id)
        return actions, True

    def _learn_counters(
        self,
        neighbour: bytes,
        message: LinkMessage,
        opened: OpenedMle,
        challenged_at: int,
        now: int,
    ) -> None:
        counter = message.mle_counter
        if counter is not None and counter > (opened.frame_counter or 0):
            key = opened.key_fingerprint
            self._security.establish(
                neighbour, counter, key_fingerprint=key, challenged_at=challenged_at, now=now
            )
        counter = message.link_layer_counter
        if counter is not None and self._link_security is not None:
            sequence = opened.key_sequence
            self._link_security.establish(
                neighbour, counter, key_sequence=sequence, challenged_at=challenged_at, now=now
            )
