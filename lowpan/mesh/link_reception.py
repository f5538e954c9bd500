"""What comes in: what is refused of it, and what it changes (§9 to §11)."""

from collections import Counter
from dataclasses import dataclass

from lowpan.adaptation.pace import Allowance
from lowpan.errors import MalformedFrame
from lowpan.mesh.key_sequence import KeySequence, LinkToEstablish, Standing
from lowpan.mesh.link_events import JoinerHeard
from lowpan.mesh.link_exchanges import LinkExchanges
from lowpan.mesh.link_messages import LinkMessage, read
from lowpan.mesh.link_sending import LinkSending
from lowpan.mesh.link_settings import MeshLinkSettings
from lowpan.mesh.link_sleeping import LinkSleeping
from lowpan.mesh.link_state import MESSAGES_OF_ONE, LinkInput, LinkState
from lowpan.mesh.links import Links
from lowpan.mesh.mle_security import MleRefusal, MleSecurity, OpenedMle, StaleMle
from lowpan.mesh.network_parameters import NetworkParameters
from lowpan.mesh.service import MeshAction, MleReceived, MleRefused, ReplayRejected
from lowpan.wire.addresses import LINK_LOCAL_PREFIX, iid_of, is_multicast, link_local
from lowpan.wire.mle import MLE_ENVELOPE, MLE_HOP_LIMIT, MLE_MESSAGE, UNSECURED, MleCommand
from lowpan.wire.mle_draft import NeighbourLinkQuality

STRANGER_EACH, STRANGER_BURST = 4_000, 256
"""Microseconds between messages whose MICs are looked at, of all who have no link with us: no more
than a channel of 250 kbit/s carries, and less than a hundredth of our time."""
SETTLES = 2_000_000
"""Microseconds after a Link Accept of ours in which its receiver may still advertise that it has
none: what it says may have been on its way."""
PROMPTLY = 300_000
"""Microseconds within which the sender of an Update is asked for a link where we search."""
TOO_MANY = "too many"

_UNSECURED = bytes((UNSECURED,))
_UPDATES = frozenset({MleCommand.UPDATE, MleCommand.UPDATE_REQUEST})
_ANSWERS = frozenset({MleCommand.LINK_ACCEPT, MleCommand.LINK_ACCEPT_AND_REQUEST})
_JOINING = frozenset({MleCommand.LINK_REQUEST})
_NOBODY: frozenset[int] = frozenset()


@dataclass(slots=True)
class _Heard:
    """A message whose MIC is right."""

    sender: bytes
    rssi: float | None
    multicast: bool
    message: LinkMessage


class LinkReception:
    """Takes messages, the cheapest checks first; nothing is remembered of what is refused."""

    def __init__(  # noqa: PLR0913, PLR0917  (the parts of one engine)
        self,
        links: Links,
        exchanges: LinkExchanges,
        sending: LinkSending,
        sleeping: LinkSleeping,
        security: MleSecurity,
        parameters: NetworkParameters | None,
        settings: MeshLinkSettings,
        keys: KeySequence | None,
    ) -> None:
        self._links, self._exchanges, self._sending = links, exchanges, sending
        self._sleeping, self._security, self._settings = sleeping, security, settings
        self._parameters, self._keys = parameters, keys
        self.refusals: Counter[str] = Counter()
        """How many messages were refused, by reason."""
        self._strangers = Allowance(each=STRANGER_EACH, burst=STRANGER_BURST)
        self._joiners = Allowance(each=1_000_000, burst=4)
        self._correcting = Allowance(each=1_000_000, burst=4)

    def receive(self, received: MleReceived, *, now: int) -> list[MeshAction]:
        """Take an MLE datagram."""
        payload, sender = received.payload, received.link_source
        if payload[:1] == _UNSECURED and payload[1:2] and payload[1] in _UPDATES:
            return self._update(received, now)
        reason = self._out_of_place(received)
        if reason is not None:
            return self._refuse(sender, reason)
        if not self._admits(sender, now):
            self.refusals[TOO_MANY] += 1
            return []
        in_clear = _JOINING if self._settings.joining_in_clear else _NOBODY
        ends = received.source, received.destination
        opened = self._security.open(payload, *ends, sender, in_clear=in_clear, now=now)
        if isinstance(opened, MleRefusal):
            return self._refuse(sender, opened.drop.value)
        return self._opened(received, opened, now)

    # By how much can be believed

    def _opened(
        self, received: MleReceived, opened: OpenedMle | StaleMle, now: int
    ) -> list[MeshAction]:
        """Take a message whose MIC is right, or which may come without."""
        sender, message = received.link_source, read(opened.message)
        if isinstance(message, str):
            return self._refuse(sender, "malformed")
        heard = _Heard(sender, received.rssi, is_multicast(received.destination), message)
        if isinstance(opened, StaleMle):
            return self._stale(heard, opened, now)
        if opened.security_level == 0:
            return self._joiner(sender, now)
        return self._fresh(heard, opened, now)

    def _fresh(self, heard: _Heard, opened: OpenedMle, now: int) -> list[MeshAction]:
        """Take a message whose MIC is right and whose counter is new."""
        if opened.key_sequence is not None and self._keys is not None:
            followed = self._follow(self._keys, heard, opened.key_sequence, now)
            if followed:
                return followed + self._by_command(heard, opened, now)
        return self._by_command(heard, opened, now)

    def _follow(
        self, keys: KeySequence, heard: _Heard, key_sequence: int, now: int
    ) -> list[MeshAction]:
        """Go on to the keys of a neighbour; if it is further than that, ask it what is so."""
        if key_sequence <= keys.current:
            return []
        link = self._links.by_neighbour.get(heard.sender)
        linked = link is not None and link.state.receiving
        answers = self._exchanges.challenged_at(heard.sender, heard.message.response) is not None
        standing = Standing.AUTHORITATIVE if answers else Standing.PEER
        actions: list[MeshAction] = []
        for action in keys.message_accepted(
            heard.sender, key_sequence, standing, is_neighbour=linked, now=now
        ):
            if not isinstance(action, LinkToEstablish):
                actions.append(action)
            elif link is not None:
                link.doubt()
                self._links.requests.plan(link, self._settings.request_within, now=now)
        return actions

    def _by_command(self, heard: _Heard, opened: OpenedMle, now: int) -> list[MeshAction]:
        match heard.message.command:
            case MleCommand.ADVERTISEMENT:
                return self._advertisement(heard, opened.frame_counter or 0, now)
            case MleCommand.LINK_REQUEST:
                return self._request(heard, now)
            case MleCommand.LINK_ACCEPT | MleCommand.LINK_ACCEPT_AND_REQUEST:
                return self._accept(heard, opened, now)
            case MleCommand.LINK_REJECT:
                link = self._links.by_neighbour.get(heard.sender)
                return [] if link is None else self._exchanges.receive_reject(link, now=now)
            case MleCommand.UPDATE | MleCommand.UPDATE_REQUEST:
                return self._refuse(heard.sender, "secured by MLE, not by the link layer")
            case _:
                return []  # "MUST be ignored" (§9)

    def _stale(self, heard: _Heard, stale: StaleMle, now: int) -> list[MeshAction]:
        """Take a message that is not new: somebody replays it, or we have restarted."""
        sender, message = heard.sender, heard.message
        if message.command in _ANSWERS:
            challenged_at = self._exchanges.challenged_at(sender, message.response)
            if challenged_at is not None:
                opened = self._security.accept_answer(stale, challenged_at=challenged_at, now=now)
                if isinstance(opened, OpenedMle):
                    return self._answer(heard, opened, challenged_at, now)
        actions: list[MeshAction] = [ReplayRejected(sender, stale.opened.frame_counter or 0)]
        if stale.key_is_old and message.challenge is not None:
            return actions + self._exchanges.call_on(sender, message.challenge, now=now)
        link = self._links.by_neighbour.get(sender)
        if link is None:
            return actions + self._exchanges.doubt(sender, now=now)
        if link.state is not LinkState.UP:
            self._links.requests.plan(link, self._settings.request_within, now=now)
        return actions

    # By what they say

    def _request(self, heard: _Heard, now: int) -> list[MeshAction]:
        """Take a Link Request, or the request in an answer to a challenge that is over."""
        challenge = heard.message.challenge
        if challenge is None:
            return self._refuse(heard.sender, "no challenge")
        if self._sleeping.sleeps and self._sleeping.parent not in {None, heard.sender}:
            return []
        link, actions = self._links.heard(heard.sender, heard.rssi, now=now)
        if link is None:
            return actions + self._exchanges.reject(heard.sender, now=now)
        return actions + self._exchanges.receive_request(
            link,
            challenge,
            sleepy=heard.message.sleeps,
            multicast=heard.multicast,
            now=now,
        )

    def _accept(self, heard: _Heard, opened: OpenedMle, now: int) -> list[MeshAction]:
        """Take a Link Accept; if it answers no challenge of ours, only what it asks counts."""
        challenged_at = self._exchanges.challenged_at(heard.sender, heard.message.response)
        if challenged_at is not None:
            return self._answer(heard, opened, challenged_at, now)
        if heard.message.challenge is not None:
            return self._request(heard, now)
        return self._unasked(heard, now)

    def _answer(
        self, heard: _Heard, opened: OpenedMle, challenged_at: int, now: int
    ) -> list[MeshAction]:
        """Take an answer to a challenge of ours: its sender is there, now."""
        link, actions = self._links.heard(heard.sender, heard.rssi, now=now)
        if link is None:
            return actions + self._exchanges.reject(heard.sender, now=now)
        link.rssi = heard.rssi
        return actions + self._exchanges.receive_answer(
            link, heard.message, opened, challenged_at, now=now
        )

    def _unasked(self, heard: _Heard, now: int) -> list[MeshAction]:
        """Take an answer to nothing: it is late, or we have forgotten the question."""
        link = self._links.by_neighbour.get(heard.sender)
        if link is not None and link.state is not LinkState.DOWN:
            self._links.neighbours.heard(heard.sender, now=now)
            return []
        return [] if heard.multicast else self._exchanges.reject(heard.sender, now=now)

    def _advertisement(self, heard: _Heard, frame_counter: int, now: int) -> list[MeshAction]:
        """Take an advertisement: of a linked neighbour what it says, of others that they exist."""
        link, about_us = self._links.by_neighbour.get(heard.sender), self._about_us(heard.message)
        if link is None or not link.state.receiving:
            return self._unlinked(heard, about_us, now)
        interval, neighbours = self._settings.advertise_last, self._links.neighbours
        number = link.number_advertisement(frame_counter, interval, now=now)
        events = neighbours.frame_received(
            heard.sender,
            rss=heard.rssi,
            authentic=True,
            now=now,
            number=number,
            incoming_idr=None if about_us is None else about_us.incoming_idr,
        )
        actions = self._links.digest(events, now=now) if events else []
        if about_us is None and not heard.message.complete:
            return actions
        if about_us is not None and about_us.control.incoming:
            if link.state is LinkState.UP:
                return actions
            return actions + self._links.change(link, LinkInput.HEARD, now=now)
        if link.accepted_at is not None and now - link.accepted_at < SETTLES:
            return actions
        actions += self._links.change(link, LinkInput.UNHEARD, now=now)
        self._links.requests.plan(link, self._settings.request_within, now=now)
        return actions

    def _unlinked(
        self, heard: _Heard, about_us: NeighbourLinkQuality | None, now: int
    ) -> list[MeshAction]:
        """Take an advertisement of somebody who has not answered us: perhaps a recorded one."""
        if self._sleeping.sleeps:
            return []
        link, actions = self._links.heard(heard.sender, heard.rssi, now=now)
        if link is None:
            return actions
        mistaken = about_us is not None and about_us.control.outgoing
        if mistaken and link.state is LinkState.DOWN and self._correcting.take(now=now):
            quality = self._links.advertising.no_link_with(link)
            destination = link_local(iid_of(heard.sender))
            actions += self._sending.advertise(quality, destination, now=now)
        self._links.requests.plan(link, self._settings.request_within, now=now)
        return actions

    def _joiner(self, sender: bytes, now: int) -> list[MeshAction]:
        """Answer a Link Request without security, which proves nothing and changes nothing."""
        if not self._joiners.take(now=now):
            self.refusals[TOO_MANY] += 1
            return []
        self._links.neighbours.strangers.heard(sender, now=now)
        return [JoinerHeard(sender), self._sending.accept_in_clear(sender)]

    def _update(self, received: MleReceived, now: int) -> list[MeshAction]:
        """Hand on what is about network parameters, and secured by the link layer if at all."""
        if self._parameters is None:
            return []
        try:
            message = MLE_MESSAGE.decode(MLE_ENVELOPE.decode(received.payload).payload)
        except MalformedFrame:
            return self._refuse(received.link_source, "malformed")
        if message.command == MleCommand.UPDATE_REQUEST:
            return self._parameters.receive_update_request(received, now=now)
        link = self._links.by_neighbour.get(received.link_source)
        if link is None or not link.state.receiving:
            return self._recorded(self._parameters, received, now)
        return self._parameters.receive_update(message, received, now=now)

    def _recorded(
        self, parameters: NetworkParameters, received: MleReceived, now: int
    ) -> list[MeshAction]:
        """Refuse an Update of somebody who has not answered us, which may be a recording.

        The link layer takes the first frame of an unknown sender whatever its counter.  Where we
        look for the network, its sender is asked for a link, which proves that it is there.
        """
        refused = self._refuse(received.link_source, "Update of who has not answered us")
        if not parameters.doubtful(received, now=now) or self._sleeping.sleeps:
            return refused
        link, actions = self._links.heard(received.link_source, received.rssi, now=now)
        if link is not None:
            if link.failures:  # it was asked where it is not any more
                link.failures = 0
                self._links.requests.end(link)
            self._links.requests.plan(link, PROMPTLY, now=now)
        return refused + actions

    # How

    def _about_us(self, message: LinkMessage) -> NeighbourLinkQuality | None:
        if message.qualities:
            for address in self._sending.addresses:
                record = message.qualities.get(address)
                if record is not None:
                    return record
        return None

    def _out_of_place(self, received: MleReceived) -> str | None:
        """Return why a message cannot be from a neighbour, None if it can (§9)."""
        sender = received.link_source
        if received.hop_limit != MLE_HOP_LIMIT or received.source[:8] != LINK_LOCAL_PREFIX:
            return "not from this link"
        if len(sender) != 8 or iid_of(sender) != received.source[8:]:
            return "its address is not its sender's"
        return None

    def _admits(self, sender: bytes, now: int) -> bool:
        """Tell whether to look at a message: who is linked has a pace of its own."""
        link = self._links.by_neighbour.get(sender)
        if link is None or not link.state.receiving:
            return self._strangers.take(now=now)
        paid_at = MESSAGES_OF_ONE.take(link.paid_at, now=now)
        if paid_at is None:
            return False
        link.paid_at = paid_at
        return True

    def _refuse(self, sender: bytes, reason: str) -> list[MeshAction]:
        self.refusals[reason] += 1
        return [MleRefused(sender, reason)]
