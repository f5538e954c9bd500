"""Association of a device: into a PAN, out of it, and back after it was lost (§6.4, §6.3.4).

An engine beside the link layer: its Configure, SendCommand and Poll are for
LinkLayer.carry_out(), and what the link layer tells of commands is for it.  Security is the link
layer's: what its policy refuses never comes here.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from enum import Enum

from lowpan.errors import FieldOutOfRange, MalformedFrame
from lowpan.mac.framing import (
    association_request_frame,
    command_frame,
    orphan_frame,
    own_short_address,
)
from lowpan.mac.service import CommandReceived, CommandSent, Configure, Poll, SendCommand
from lowpan.mac.timing import O_QPSK_2450, PhyTiming
from lowpan.radio import RadioSettings, TransmitStatus
from lowpan.wire.mac_command import (
    COMMAND,
    AssociationRequest,
    AssociationResponse,
    AssociationStatus,
    Command,
    CommandId,
    CoordinatorRealignment,
    DisassociationNotification,
    DisassociationReason,
)

NO_PAN, NO_SHORT_ADDRESS = 0xFFFF, 0xFFFF


@dataclass(frozen=True, slots=True)
class Coordinator:
    """Whom to associate with, as a scan has found it."""

    pan_id: int
    address: bytes
    """2 or 8 octets, as the beacon has it."""
    channel: int
    page: int = 0


@dataclass(frozen=True, slots=True)
class Associated:
    """We belong to a PAN."""

    pan_id: int
    short_address: bytes | None
    """2 octets; None: we are known by our extended address only."""
    coordinator: bytes
    """8 octets, or 2 where only that is known."""
    channel: int


class Why(Enum):
    """Why there is no association."""

    NOT_SENT = "the request was not acknowledged, or not sent"
    NO_DATA = "the coordinator had no answer"
    AT_CAPACITY = "the PAN is full"
    DENIED = "the coordinator denies access"
    NO_COORDINATOR = "nobody knows us as an orphan"
    NO_PAN = "nobody lets us in"
    LEFT = "we have left"
    SENT_AWAY = "the coordinator has sent us away"


@dataclass(frozen=True, slots=True)
class NotAssociated:
    """We belong to no PAN: an attempt failed, or an association has ended."""

    why: Why
    reason: str = ""


AssociationAction = Configure | SendCommand | Poll | Associated | NotAssociated


class _State(Enum):
    ALONE = "in no PAN"
    REQUESTING = "the request is being sent"
    WAITING = "the coordinator decides"
    POLLING = "asking for its answer"
    LISTENING = "its answer was promised"
    ASSOCIATED = "in a PAN"
    LEAVING = "the notification is being sent"
    ORPHAN = "looking for the coordinator"


_REQUEST, _POLL, _LEAVE, _ORPHAN = (
    "association request",
    "association poll",
    "disassociation",
    "orphan notification",
)
_WHY: dict[int, Why] = {
    AssociationStatus.PAN_AT_CAPACITY: Why.AT_CAPACITY,
    AssociationStatus.PAN_ACCESS_DENIED: Why.DENIED,
}


class Association:
    """A device's place in a PAN; `radio` is who we are now.

    `now` is microseconds.  Nothing is stored for others.
    """

    def __init__(
        self,
        radio: RadioSettings,
        *,
        capability: AssociationRequest | None = None,
        timing: PhyTiming = O_QPSK_2450,
        data_wait: int | None = None,
        most_polls: int = 1,
    ) -> None:
        """`radio` has our extended address; raise FieldOutOfRange if not.

        The answer is asked for `most_polls` times, and awaited for `data_wait` microseconds each
        time that it is promised; None: macMaxFrameTotalWaitTime, which is for hardware.
        """
        if radio.extended_address is None:
            raise FieldOutOfRange("who associates needs an extended address")
        self.radio = radio
        self.coordinator: Coordinator | None = None
        self._extended = radio.extended_address
        self._capability = capability or AssociationRequest(
            receiver_on_when_idle=True, allocate_address=True
        )
        self._timing, self._most_polls = timing, most_polls
        self._data_wait = timing.frame_total_wait if data_wait is None else data_wait
        self._polls = 0
        self._state = _State.ALONE
        self._deadline: int | None = None
        self._channels: list[int] = []

    @property
    def is_associated(self) -> bool:
        """Tell whether we belong to a PAN."""
        return self._state is _State.ASSOCIATED

    # What the layer above asks

    def associate(self, coordinator: Coordinator) -> list[AssociationAction]:
        """Ask to join (MLME-ASSOCIATE.request); Associated or NotAssociated tells the end."""
        self.coordinator = coordinator
        self._enter(_State.REQUESTING)
        configured = self._become(
            channel=coordinator.channel, page=coordinator.page, pan_id=coordinator.pan_id
        )
        request = COMMAND.encode(Command(CommandId.ASSOCIATION_REQUEST, self._capability))
        frame = association_request_frame(
            request, self._extended, coordinator.address, coordinator.pan_id
        )
        return [*configured, SendCommand(frame, _REQUEST)]

    def resume(self, coordinator: Coordinator) -> None:
        """Belong to a PAN as before a restart: `radio` has our addresses already."""
        self.coordinator = coordinator
        self._enter(_State.ASSOCIATED)

    def leave(self) -> list[AssociationAction]:
        """Leave the PAN; NotAssociated tells the end, whether the coordinator knows or not."""
        if self._state is not _State.ASSOCIATED or self.coordinator is None:
            return []
        self._enter(_State.LEAVING)
        notification = DisassociationNotification(DisassociationReason.DEVICE_WISHES)
        command = COMMAND.encode(Command(CommandId.DISASSOCIATION_NOTIFICATION, notification))
        frame = command_frame(
            command, self._extended, self.coordinator.address, self.coordinator.pan_id
        )
        return [SendCommand(frame, _LEAVE)]

    def find_coordinator(self, channels: Iterable[int]) -> list[AssociationAction]:
        """Look for our coordinator on `channels`, in their order (orphan scan, §6.3.4)."""
        self._channels = list(reversed(list(channels)))
        self._enter(_State.ORPHAN)
        return self._next_channel()

    # What the link layer tells

    def command_sent(self, sent: CommandSent, *, now: int) -> list[AssociationAction]:
        """Take what became of a command of ours; others change nothing."""
        ok, state = sent.status is TransmitStatus.SUCCESS, self._state
        if sent.handle == _REQUEST and state is _State.REQUESTING:
            if not ok:
                return self._fail(Why.NOT_SENT, sent.reason or sent.status.value)
            self._polls = 0
            self._enter(_State.WAITING, now + self._timing.response_wait)
        elif sent.handle == _POLL and state is _State.POLLING:
            if not ok:
                return self._no_answer(now, Why.NOT_SENT, sent.reason or sent.status.value)
            if sent.frame_pending is False:
                return self._no_answer(now, Why.NO_DATA)
            self._enter(_State.LISTENING, now + self._data_wait)
        elif sent.handle == _LEAVE and state is _State.LEAVING:
            return self._fail(Why.LEFT)
        elif sent.handle == _ORPHAN and state is _State.ORPHAN and self._deadline is None:
            self._enter(_State.ORPHAN, now + self._timing.response_wait)
        return []

    def receive_command(self, received: CommandReceived) -> list[AssociationAction]:
        """Take a command that came in; those that are not ours change nothing."""
        try:
            content = COMMAND.decode(received.payload).content
        except MalformedFrame:
            return []  # an empty one
        match content:
            case AssociationResponse():
                return self._response(received, content)
            case DisassociationNotification():
                return self._sent_away(received)
            case CoordinatorRealignment():
                return self._realigned(received, content)
            case _:
                return []

    def next_deadline(self) -> int | None:
        """Return when to call handle_deadline(), None while nothing is due."""
        return self._deadline

    def handle_deadline(self, *, now: int) -> list[AssociationAction]:
        """Ask for the answer, or give up."""
        if self._deadline is None or now < self._deadline:
            return []
        if self._state is _State.WAITING and self.coordinator is not None:
            self._polls += 1
            self._enter(_State.POLLING)
            return [Poll(self.coordinator.address, _POLL)]
        if self._state is _State.ORPHAN:
            return self._next_channel()
        return self._no_answer(now, Why.NO_DATA)

    # Inside

    def _no_answer(self, now: int, why: Why, reason: str = "") -> list[AssociationAction]:
        """Ask for the answer once more, or give up: a frame may be lost, the coordinator slow."""
        if self._polls >= self._most_polls:
            return self._fail(why, reason)
        self._enter(_State.WAITING, now + self._data_wait)
        return []

    def _response(
        self, received: CommandReceived, response: AssociationResponse
    ) -> list[AssociationAction]:
        asked = (_State.REQUESTING, _State.WAITING, _State.POLLING, _State.LISTENING)
        if self._state not in asked or not self._is_from_coordinator(received):
            return []
        status = response.association_status
        if status != AssociationStatus.SUCCESS:
            return self._fail(_WHY.get(status, Why.DENIED), f"association status {status}")
        return self._join(received, int.from_bytes(response.short_address, "big"))

    def _sent_away(self, received: CommandReceived) -> list[AssociationAction]:
        if self._state is not _State.ASSOCIATED or not self._is_from_coordinator(received):
            return []
        return self._fail(Why.SENT_AWAY)

    def _realigned(
        self, received: CommandReceived, realignment: CoordinatorRealignment
    ) -> list[AssociationAction]:
        """Follow the coordinator, as an orphan that it knows or with the whole PAN (§6.4.4)."""
        to_us = received.destination == self._extended
        if self._state is _State.ORPHAN and to_us:
            short = int.from_bytes(realignment.short_address, "big")
        elif self._state is _State.ASSOCIATED and self._is_from_coordinator(received):
            short = self.radio.short_address
            if to_us:
                short = int.from_bytes(realignment.short_address, "big")
        else:
            return []
        page = realignment.channel_page
        self.coordinator = Coordinator(
            realignment.pan_id,
            received.source or realignment.coordinator_short_address,
            realignment.channel_number,
            self.radio.page if page is None else page,
        )
        return self._join(received, short)

    def _join(self, received: CommandReceived, short_address: int) -> list[AssociationAction]:
        coordinator = self.coordinator
        assert coordinator is not None
        if received.source is not None and len(received.source) == 8:
            self.coordinator = coordinator = replace(coordinator, address=received.source)
        self._enter(_State.ASSOCIATED)
        configured = self._become(
            channel=coordinator.channel,
            page=coordinator.page,
            pan_id=coordinator.pan_id,
            short_address=short_address,
        )
        short = own_short_address(self.radio)
        joined = Associated(coordinator.pan_id, short, coordinator.address, coordinator.channel)
        return [*configured, joined]

    def _is_from_coordinator(self, received: CommandReceived) -> bool:
        """Tell whether a command can be our coordinator's.

        A beacon may have named it by its short address: then it is known by its PAN alone, until
        the answer that lets us in tells its extended one.
        """
        coordinator = self.coordinator
        if coordinator is None or received.source_pan_id not in (None, coordinator.pan_id):
            return False
        known = len(coordinator.address) == len(received.source or b"")
        return received.source == coordinator.address if known else not self.is_associated

    def _next_channel(self) -> list[AssociationAction]:
        if not self._channels:
            return self._fail(Why.NO_COORDINATOR)
        self._enter(_State.ORPHAN)
        configured = self._become(
            channel=self._channels.pop(), pan_id=NO_PAN, short_address=NO_SHORT_ADDRESS
        )
        notification = COMMAND.encode(Command(CommandId.ORPHAN_NOTIFICATION))
        return [*configured, SendCommand(orphan_frame(notification, self._extended), _ORPHAN)]

    def _fail(self, why: Why, reason: str = "") -> list[AssociationAction]:
        self.coordinator = None
        self._enter(_State.ALONE)
        configured = self._become(pan_id=NO_PAN, short_address=NO_SHORT_ADDRESS)
        return [*configured, NotAssociated(why, reason)]

    def _become(
        self,
        *,
        pan_id: int,
        short_address: int = NO_SHORT_ADDRESS,
        channel: int | None = None,
        page: int | None = None,
    ) -> list[AssociationAction]:
        self.radio = replace(
            self.radio,
            channel=self.radio.channel if channel is None else channel,
            page=self.radio.page if page is None else page,
            pan_id=pan_id,
            short_address=short_address,
        )
        return [Configure(self.radio)]

    def _enter(self, state: _State, deadline: int | None = None) -> None:
        self._state, self._deadline = state, deadline
