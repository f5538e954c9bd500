"""The coordinator's side of association: who may join, under which address (§6.4).

An engine beside the link layer: its SendCommand is for LinkLayer.carry_out(), and what the link
layer tells of commands is for it.  Security is the link layer's: what its policy refuses never
comes here, and what it lets pass in clear can be anybody's.
"""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from enum import Enum
from random import Random

from lowpan.errors import FieldOutOfRange, MalformedFrame
from lowpan.mac.device_names import DeviceNames
from lowpan.mac.framing import command_frame, realignment_frame
from lowpan.mac.service import CommandReceived, CommandSent, SendCommand
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

MOST_DEVICES = 256
"""More than share a channel at rest; 0.3 kB each."""
MOST_PENDING = 8
"""Answers that wait to be fetched, as many in clear as secured: an eighth of all that may wait for
sleepers, so that a flood of requests leaves the rest to them."""

NO_ADDRESS, ONLY_EXTENDED = b"\xff\xff", b"\xff\xfe"
FIRST_ADDRESS, LAST_ADDRESS = 0x0001, 0xFFFD

_RESPONSE = "association response "
_LEAVE = "disassociation of "


@dataclass(frozen=True, slots=True)
class DeviceJoined:
    """A device has fetched the answer that lets it in."""

    extended_address: bytes
    short_address: bytes | None
    """2 octets; None: it wants none."""
    capability: AssociationRequest
    """What it says of itself."""
    verified: bool
    """It had a key; else anybody can have said that."""


@dataclass(frozen=True, slots=True)
class DeviceLeft:
    """A device is of the PAN no longer."""

    extended_address: bytes
    reason: str


class Ignored(Enum):
    """Why a command had no effect; each is counted."""

    MALFORMED = "malformed"
    NOT_PERMITTED = "nobody may join now"
    NO_EXTENDED_ADDRESS = "not from an extended address"
    TOO_MANY_PENDING = "too many answers wait to be fetched"
    UNSECURED = "in clear, about a device that has a key"
    UNKNOWN = "from a device that we do not know"


@dataclass(slots=True)
class _Device:
    short_address: bytes | None
    verified: bool


@dataclass(slots=True)
class _Pending:
    device: _Device
    capability: AssociationRequest
    status: AssociationStatus


CoordinatorAction = SendCommand | DeviceJoined | DeviceLeft


class Coordinating:
    """The devices of one PAN.

    `radio` is who we are.  What a stranger can make us keep is bounded: answers that wait by
    `most_pending`, devices by `most_devices`, and none gets in that has not fetched its answer.
    Who had a key when it joined is never displaced by who had none.
    """

    def __init__(
        self,
        radio: RadioSettings,
        random: Random,
        *,
        permit: bool = False,
        most_devices: int = MOST_DEVICES,
        most_pending: int = MOST_PENDING,
    ) -> None:
        """Let nobody in until `permit` says so; raise FieldOutOfRange without our addresses."""
        if radio.extended_address is None:
            raise FieldOutOfRange("a coordinator needs an extended address")
        self.radio, self.permit = radio, permit
        self.ignored: Counter[Ignored] = Counter()
        """How many commands had no effect, by why."""
        self._extended = radio.extended_address
        self._random = random
        self._most_devices, self._most_pending = most_devices, most_pending
        self._devices: dict[bytes, _Device] = {}
        self._pending: dict[bytes, _Pending] = {}
        self.names = DeviceNames()
        """The short addresses given, those promised included."""

    def __len__(self) -> int:
        """Return how many devices have joined."""
        return len(self._devices)

    def __iter__(self) -> Iterator[bytes]:
        """Yield the extended addresses of the devices that have joined."""
        return iter(self._devices)

    def short_address_of(self, extended: bytes) -> bytes | None:
        """Return the short address of a device that has joined, None without one."""
        device = self._devices.get(extended)
        return None if device is None else device.short_address

    def add(self, extended: bytes, short: bytes | None, *, verified: bool = True) -> None:
        """Know a device from before a restart, and whether it had a key then."""
        self._devices[extended] = _Device(short, verified)
        if short is not None:
            self.names.give(short, extended)

    def disassociate(self, extended: bytes, *, sleeps: bool = False) -> list[CoordinatorAction]:
        """Send a device away; DeviceLeft tells the end, whether it knows or not."""
        if extended not in self._devices:
            return []
        reason = DisassociationNotification(DisassociationReason.COORDINATOR_WISHES)
        command = COMMAND.encode(Command(CommandId.DISASSOCIATION_NOTIFICATION, reason))
        frame = command_frame(command, self._extended, extended, self.radio.pan_id)
        return [SendCommand(frame, _LEAVE + extended.hex(), indirect=sleeps)]

    def realign(self, *, channel: int, pan_id: int) -> list[CoordinatorAction]:
        """Tell all that the PAN moves; the caller configures the radio once it is sent."""
        return [self._realignment(NO_ADDRESS, NO_ADDRESS, channel, pan_id)]

    def receive_command(self, received: CommandReceived) -> list[CoordinatorAction]:
        """Take a command that came in."""
        try:
            command = COMMAND.decode(received.payload)
        except MalformedFrame:
            return self._ignore(Ignored.MALFORMED)
        orphan = command.command_id == CommandId.ORPHAN_NOTIFICATION
        kinds = (AssociationRequest, DisassociationNotification)
        if not orphan and not isinstance(command.content, kinds):
            return []  # somebody else's
        source, verified = received.source, received.security_level > 0
        if source is None or len(source) != 8 or source == self._extended:
            return self._ignore(Ignored.NO_EXTENDED_ADDRESS)
        device = self._devices.get(source)
        if device is not None and device.verified and not verified:
            return self._ignore(Ignored.UNSECURED)
        if isinstance(command.content, AssociationRequest):
            return self._request(source, command.content, verified=verified)
        return self._leaves_or_looks(source, device, orphan=orphan)

    def command_sent(self, sent: CommandSent) -> list[CoordinatorAction]:
        """Take what became of a command of ours; others change nothing."""
        if sent.handle.startswith(_LEAVE):
            extended = bytes.fromhex(sent.handle.removeprefix(_LEAVE))
            if extended not in self._devices:
                return []
            self._forget(extended)
            return [DeviceLeft(extended, "we have sent it away")]
        if sent.handle.startswith(_RESPONSE):
            extended = bytes.fromhex(sent.handle.removeprefix(_RESPONSE))
            # who has asked for it has most likely got it, though its acknowledgment was lost
            asked_for = sent.status is TransmitStatus.NO_ACK and sent.transmissions > 0
            fetched = sent.status is TransmitStatus.SUCCESS or asked_for
            return self._answered(extended, fetched=fetched)
        return []

    # Inside

    def _leaves_or_looks(
        self, extended: bytes, device: _Device | None, *, orphan: bool
    ) -> list[CoordinatorAction]:
        if device is None:
            return self._ignore(Ignored.UNKNOWN)
        if orphan:
            short = device.short_address or ONLY_EXTENDED
            return [self._realignment(extended, short, self.radio.channel, self.radio.pan_id)]
        self._forget(extended)
        return [DeviceLeft(extended, "it has left")]

    def _request(
        self, device: bytes, capability: AssociationRequest, *, verified: bool
    ) -> list[CoordinatorAction]:
        if not self.permit:
            return self._ignore(Ignored.NOT_PERMITTED)
        if device in self._pending:
            return []  # it has asked before; its answer waits
        alike = sum(each.device.verified is verified for each in self._pending.values())
        if alike >= self._most_pending:
            return self._ignore(Ignored.TOO_MANY_PENDING)
        entry = _Device(None, verified)
        status = AssociationStatus.PAN_AT_CAPACITY
        if self._has_room(device, verified=verified):
            status = AssociationStatus.SUCCESS
            entry.short_address = self._allocate(device) if capability.allocate_address else None
        self._pending[device] = _Pending(entry, capability, status)
        given = entry.short_address or ONLY_EXTENDED
        short = given if status is AssociationStatus.SUCCESS else NO_ADDRESS
        response = AssociationResponse(short, status)
        command = COMMAND.encode(Command(CommandId.ASSOCIATION_RESPONSE, response))
        frame = command_frame(command, self._extended, device, self.radio.pan_id)
        return [SendCommand(frame, _RESPONSE + device.hex(), indirect=True)]

    def _answered(self, extended: bytes, *, fetched: bool) -> list[CoordinatorAction]:
        pending = self._pending.pop(extended, None)
        if pending is None:
            return []
        new, old = pending.device, self._devices.get(extended)
        if not fetched or pending.status is not AssociationStatus.SUCCESS:
            if old is None or old.short_address != new.short_address:
                self.names.release(new.short_address, extended)
            return []
        done: list[CoordinatorAction] = []
        if old is None and len(self._devices) >= self._most_devices:
            done += self._make_room()
        self._devices.pop(extended, None)
        self._devices[extended] = new
        if old is not None and old.short_address != new.short_address:
            self.names.release(old.short_address, extended)
        joined = DeviceJoined(extended, new.short_address, pending.capability, new.verified)
        return [*done, joined]

    def _has_room(self, device: bytes, *, verified: bool) -> bool:
        """Tell whether `device` can get in: for one with a key, one without has to go."""
        coming = sum(each not in self._devices for each in self._pending)
        if device in self._devices or len(self._devices) + coming < self._most_devices:
            return True
        strangers = sum(not each.verified for each in self._devices.values())
        return verified and strangers > coming

    def _make_room(self) -> list[CoordinatorAction]:
        """Forget who joined first without a key.

        If all have one by now, there is one device too many for each answer that was promised.
        """
        strangers = (name for name, each in self._devices.items() if not each.verified)
        oldest = next(strangers, None)
        if oldest is None:
            return []
        self._forget(oldest)
        return [DeviceLeft(oldest, "its place was needed for a device with a key")]

    def _allocate(self, device: bytes) -> bytes:
        """Return a short address that nobody has; the same as before for who comes again."""
        known = self.short_address_of(device)
        if known is not None:
            return known
        while True:  # at most a few hundred of 65533 are taken
            short = self._random.randint(FIRST_ADDRESS, LAST_ADDRESS).to_bytes(2, "big")
            ours = int.from_bytes(short, "big") == self.radio.short_address
            if short not in self.names and not ours:
                self.names.give(short, device)
                return short

    def _forget(self, extended: bytes) -> None:
        self.names.release(self._devices.pop(extended).short_address, extended)

    def _realignment(
        self, destination: bytes, short: bytes, channel: int, pan_id: int
    ) -> SendCommand:
        ours = self.radio.short_address.to_bytes(2, "big")
        content = CoordinatorRealignment(pan_id, ours, channel, short, self.radio.page)
        command = COMMAND.encode(Command(CommandId.COORDINATOR_REALIGNMENT, content))
        frame = realignment_frame(command, self._extended, destination, self.radio.pan_id)
        return SendCommand(frame, at_once=True)  # an orphan listens, also one that sleeps

    def _ignore(self, why: Ignored) -> list[CoordinatorAction]:
        self.ignored[why] += 1
        return []
