"""Messages of link establishment: what they say, and what we say in them (§9 to §11)."""

from dataclasses import dataclass, field
from functools import lru_cache

from lowpan.errors import MalformedFrame
from lowpan.wire.mle import MLE_MESSAGE, MleCommand, MleMessage, Tlv, TlvType
from lowpan.wire.mle_draft import (
    Challenge,
    LinkLayerFrameCounter,
    LinkQuality,
    MleFrameCounter,
    Mode,
    NeighbourLinkQuality,
    Response,
    SourceAddress,
    Timeout,
)

MOST_CHALLENGE = 32
"""Octets of a challenge that we copy into an answer: it shall fit one frame."""
MOST_READ = 64
"""Messages that are remembered as read: many nodes of a simulation hear the same one."""

_DRAFT = frozenset(range(TlvType.MLE_FRAME_COUNTER + 1))
_REPEATABLE = frozenset({TlvType.SOURCE_ADDRESS, TlvType.NETWORK_PARAMETER})


@dataclass(slots=True)
class LinkMessage:
    """What a message says of a link.  It is shared: nobody changes it."""

    command: int
    challenge: bytes | None = None
    response: bytes | None = None
    short_address: bytes | None = None
    sleeps: bool = False
    """By its Mode, the sender does not listen when idle."""
    timeout: int | None = None
    """Seconds."""
    link_layer_counter: int | None = None
    mle_counter: int | None = None
    complete: bool = False
    """Whoever is not in `qualities` is no neighbour of the sender."""
    qualities: dict[bytes, NeighbourLinkQuality] | None = field(default=None, repr=False)
    """By the address of the neighbour, short or extended; None without a Link Quality TLV."""


@lru_cache(maxsize=MOST_READ)
def read(octets: bytes) -> LinkMessage | str:
    """Return what command and TLVs say, or why they cannot be believed.

    Of a TLV that the draft does not define, nothing is said; one that it defines must be well
    formed, and there once, unless it says otherwise (§7).
    """
    try:
        decoded = MLE_MESSAGE.decode(octets)
    except MalformedFrame as error:
        return str(error)
    message, seen = LinkMessage(decoded.command), 0
    for tlv in decoded.tlvs:
        if tlv.type not in _DRAFT:
            continue
        if seen >> tlv.type & 1 and tlv.type not in _REPEATABLE:
            return f"two TLVs of type {tlv.type}"
        seen |= 1 << tlv.type
        if isinstance(tlv.value, bytes) or not _take(message, tlv):
            return f"TLV of type {tlv.type} is malformed"
    return message


def _take(message: LinkMessage, tlv: Tlv) -> bool:
    """Put what a TLV says into `message`; tell whether it can be so."""
    match tlv.value:
        case LinkQuality(control, neighbours):
            message.complete = control.complete
            message.qualities = {each.address: each for each in neighbours}
            return len(message.qualities) == len(neighbours)
        case SourceAddress(address):
            if len(address) == 2:
                message.short_address = address
        case Mode(rx_on_when_idle):
            message.sleeps = not rx_on_when_idle
        case Timeout(timeout):
            message.timeout = timeout
        case Challenge(challenge):
            message.challenge = challenge
            return len(challenge) <= MOST_CHALLENGE
        case Response(response):
            message.response = response
        case LinkLayerFrameCounter(frame_counter):
            message.link_layer_counter = frame_counter
        case MleFrameCounter(frame_counter):
            message.mle_counter = frame_counter
        case _:
            pass
    return True


@dataclass(slots=True)
class OwnWords:
    """What every Link Request and Link Accept of ours says of us (§10)."""

    tlvs: tuple[Tlv, ...]

    @classmethod
    def of(cls, address: bytes, mode: Mode, timeout: int) -> "OwnWords":
        """Say our address, and for how long we may be silent if we sleep, in seconds."""
        tlvs = [
            Tlv(TlvType.SOURCE_ADDRESS, SourceAddress(address)),
            Tlv(TlvType.MODE, mode),
        ]
        if not mode.rx_on_when_idle:
            tlvs.append(Tlv(TlvType.TIMEOUT, Timeout(timeout)))
        return cls(tuple(tlvs))

    def request(self, challenge: bytes) -> bytes:
        """Return a Link Request."""
        return _octets(MleCommand.LINK_REQUEST, *self.tlvs, *_challenged(challenge))

    def accept(
        self,
        response: bytes,
        *,
        link_layer_counter: int | None,
        mle_counter: int,
        challenge: bytes | None = None,
    ) -> bytes:
        """Return a Link Accept, or with a challenge a Link Accept and Request."""
        command = MleCommand.LINK_ACCEPT if challenge is None else _ACCEPT_AND_REQUEST
        counters: list[Tlv] = []
        if link_layer_counter is not None:
            layer = LinkLayerFrameCounter(link_layer_counter)
            counters.append(Tlv(TlvType.LINK_LAYER_FRAME_COUNTER, layer))
        counters.append(Tlv(TlvType.MLE_FRAME_COUNTER, MleFrameCounter(mle_counter)))
        answer = Tlv(TlvType.RESPONSE, Response(response))
        return _octets(command, *self.tlvs, answer, *counters, *_challenged(challenge))

    def accept_in_clear(self) -> bytes:
        """Return the Link Accept for somebody who has no key."""
        return _octets(MleCommand.LINK_ACCEPT, *self.tlvs)


_ACCEPT_AND_REQUEST = MleCommand.LINK_ACCEPT_AND_REQUEST


def advertisement(quality: LinkQuality) -> bytes:
    """Return an Advertisement."""
    return _octets(MleCommand.ADVERTISEMENT, Tlv(TlvType.LINK_QUALITY, quality))


def _challenged(challenge: bytes | None) -> tuple[Tlv, ...]:
    return () if challenge is None else (Tlv(TlvType.CHALLENGE, Challenge(challenge)),)


def _octets(command: int, *tlvs: Tlv) -> bytes:
    return MLE_MESSAGE.encode(MleMessage(command, tlvs))


REJECT = _octets(MleCommand.LINK_REJECT)
