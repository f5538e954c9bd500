"""Nodes that do with MLE's security and key sequence what a mesh engine does, and nothing else.

A stale message is answered with a challenge, a request with an answer, and an answer to a fresh
challenge is believed.
"""

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from random import Random

from lowpan.mac.keys import KeyTable
from lowpan.mac.security import LinkSecurity, Opened, Refusal
from lowpan.mesh.key_sequence import KeySequence, LinkToEstablish, Standing
from lowpan.mesh.mle_keys import ThreadMleKeys
from lowpan.mesh.mle_security import MleRefusal, MleSecurity, OpenedMle, StaleMle
from lowpan.store import Store
from lowpan.wire.mle import MLE_MESSAGE, MleCommand, MleMessage, Tlv, TlvType
from lowpan.wire.mle_draft import Challenge, LinkLayerFrameCounter, Response
from tests.mac.secured import data, decoded
from tests.mesh.mle import ALL_NODES, NETWORK_KEY, link_local

ROTATION_HOURS = 2
BROADCAST = b"\xff\xff"


class Kind(Enum):
    FRAME = "frame of the link layer"
    REQUEST = "Link Request"
    ACCEPT = "Link Accept"


@dataclass(slots=True)
class Sealed:
    """What was on air once."""

    sender: bytes
    octets: bytes
    kind: Kind
    nonce: tuple[object, ...]
    """Key and counter."""


@dataclass(slots=True)
class _Challenged:
    at: int
    answered: set[bytes] = field(default_factory=set[bytes])


_COMMANDS = {Kind.REQUEST: MleCommand.LINK_REQUEST, Kind.ACCEPT: MleCommand.LINK_ACCEPT}


class Talker:
    """One life of a node: what is not in `store` ends with it."""

    def __init__(  # noqa: PLR0913  (bounds, each named)
        self, address: bytes, store: Store, random: Random, *, now: int, ahead: int, senders: int
    ) -> None:
        self.address, self._random = address, random
        self.link = LinkSecurity(
            address, KeyTable(), store, counters_ahead=ahead, most_senders=senders
        )
        keys = ThreadMleKeys(NETWORK_KEY, 0)
        self.mle = MleSecurity(address, keys, store, counters_ahead=ahead, most_senders=senders)
        self.keys = KeySequence(
            *(NETWORK_KEY, self.link, self.mle, store), now=now, rotation_hours=ROTATION_HOURS
        )
        self._challenges: dict[bytes, _Challenged] = {}

    # What it says; raises SecurityError and StoreError, and then it says nothing

    def frame(self, *, now: int) -> Sealed:
        psdu = self.link.seal(data(self.address, BROADCAST), now=now)
        return Sealed(self.address, psdu, Kind.FRAME, nonce_of_frame(psdu))

    def request(self, *, now: int) -> Sealed:
        challenge = self._random.randbytes(8)
        self._challenges[challenge] = _Challenged(now)
        return self._message(Kind.REQUEST, (_challenge(challenge),), now)

    def _answer(self, challenge: bytes, now: int) -> Sealed:
        counter = LinkLayerFrameCounter(self.link.next_counter(now=now))
        tlvs = (
            Tlv(TlvType.RESPONSE, Response(challenge)),
            Tlv(TlvType.LINK_LAYER_FRAME_COUNTER, counter),
        )
        return self._message(Kind.ACCEPT, tlvs, now)

    def _message(self, kind: Kind, tlvs: tuple[Tlv, ...], now: int) -> Sealed:
        message = MLE_MESSAGE.encode(MleMessage(_COMMANDS[kind], tlvs))
        payload = self.mle.seal(message, link_local(self.address), ALL_NODES, now=now)
        return Sealed(self.address, payload, kind, ("mle", payload[2:11]))

    # What it hears

    def hear_frame(self, psdu: bytes, *, now: int) -> Opened | Refusal:
        opened = self.link.open(decoded(psdu), psdu, now=now)
        if isinstance(opened, Opened):
            self.keys.frame_accepted(opened.key_sequence, now=now)
        return opened

    def hear_message(
        self, payload: bytes, sender: bytes, *, now: int
    ) -> tuple[OpenedMle | None, list[Callable[[], Sealed]]]:
        """Return what is believed, if anything is, and what there is to say to it."""
        heard = self.mle.open(payload, link_local(sender), ALL_NODES, sender, now=now)
        if isinstance(heard, MleRefusal):
            return None, []
        message = MLE_MESSAGE.decode(heard.message)
        challenged = self._challenged(message, sender)
        said: list[Callable[[], Sealed]] = []
        if isinstance(heard, StaleMle):
            if challenged is not None:
                heard = self.mle.accept_answer(heard, challenged_at=challenged.at, now=now)
            if not isinstance(heard, OpenedMle):
                return None, [lambda: self.request(now=now), *self._reply(message, now)]
        standing = Standing.PEER if challenged is None else Standing.AUTHORITATIVE
        sequence = heard.key_sequence or 0
        changes = self.keys.message_accepted(sender, sequence, standing, is_neighbour=True, now=now)
        if LinkToEstablish(sender) in changes:
            said.append(lambda: self.request(now=now))
        counter = message.find(TlvType.LINK_LAYER_FRAME_COUNTER, LinkLayerFrameCounter)
        if challenged is not None and counter is not None:
            challenged.answered.add(sender)
            if abs(sequence - self.keys.current) <= 1:
                self.link.establish(
                    *(sender, counter.frame_counter),
                    key_sequence=sequence,
                    challenged_at=challenged.at,
                    now=now,
                )
        return heard, said + self._reply(message, now)

    def _challenged(self, message: MleMessage, sender: bytes) -> _Challenged | None:
        response = message.find(TlvType.RESPONSE, Response)
        challenged = None if response is None else self._challenges.get(response.response)
        return None if challenged is None or sender in challenged.answered else challenged

    def _reply(self, message: MleMessage, now: int) -> list[Callable[[], Sealed]]:
        found = message.find(TlvType.CHALLENGE, Challenge)
        if found is None:
            return []
        challenge = found.challenge
        return [lambda: self._answer(challenge, now)]


def nonce_of_frame(psdu: bytes) -> tuple[object, ...]:
    security = decoded(psdu).security
    assert security is not None
    return ("mac", security.key_index, security.frame_counter)


def _challenge(octets: bytes) -> Tlv:
    return Tlv(TlvType.CHALLENGE, Challenge(octets))
