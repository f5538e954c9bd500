"""A coordinator's PAN: who is in it, when others may join, and what its beacons say.

An engine beside the link layer, around Coordinating.
"""

from collections.abc import Sequence
from random import Random

from lowpan.mac.coordinating import (
    MOST_DEVICES,
    Coordinating,
    CoordinatorAction,
    DeviceJoined,
    DeviceLeft,
)
from lowpan.mac.service import CommandReceived, CommandSent
from lowpan.radio import RadioSettings
from lowpan.wire.beacon import BEACON, Beacon, SuperframeSpecification


class Pan:
    """The PAN of the coordinator that `radio` is; `now` is microseconds."""

    def __init__(
        self, radio: RadioSettings, random: Random, *, most_devices: int = MOST_DEVICES
    ) -> None:
        self.coordinating = Coordinating(radio, random, most_devices=most_devices)
        self.sleepers: frozenset[bytes] = frozenset()
        """Extended addresses of the devices that are asleep until they ask."""
        self._deadline: int | None = None

    @property
    def beacon(self) -> bytes:
        """Return what our beacons say."""
        permits = self.coordinating.permit
        said = SuperframeSpecification(pan_coordinator=True, association_permit=permits)
        return BEACON.encode(Beacon(said))

    def permit_joining(self, duration: int | None, *, now: int) -> None:
        """Let others join for `duration` microseconds; None: until told otherwise, 0: no more."""
        self.coordinating.permit = duration != 0
        self._deadline = now + duration if duration else None

    def add(
        self, extended: bytes, short: bytes | None, *, sleeps: bool, verified: bool = True
    ) -> None:
        """Know a device from before a restart, and whether it had a key then."""
        self.coordinating.add(extended, short, verified=verified)
        if sleeps:
            self.sleepers |= {extended}

    def disassociate(self, extended: bytes) -> list[CoordinatorAction]:
        """Send a device away; DeviceLeft tells the end, whether it knows or not."""
        return self.coordinating.disassociate(extended, sleeps=extended in self.sleepers)

    def receive_command(self, received: CommandReceived) -> list[CoordinatorAction]:
        """Take a command that came in."""
        return self._heed(self.coordinating.receive_command(received))

    def command_sent(self, sent: CommandSent) -> list[CoordinatorAction]:
        """Take what became of a command of ours; others change nothing."""
        return self._heed(self.coordinating.command_sent(sent))

    def next_deadline(self) -> int | None:
        """Return when to call handle_deadline(), None while nothing is due."""
        return self._deadline

    def handle_deadline(self, *, now: int) -> None:
        """Let nobody in any more."""
        if self._deadline is not None and self._deadline <= now:
            self.permit_joining(0, now=now)

    def _heed(self, actions: Sequence[CoordinatorAction]) -> list[CoordinatorAction]:
        """Remember who sleeps."""
        for action in actions:
            if isinstance(action, DeviceLeft):
                self.sleepers -= {action.extended_address}
            elif isinstance(action, DeviceJoined):
                name = {action.extended_address}
                listens = action.capability.receiver_on_when_idle
                self.sleepers = self.sleepers - name if listens else self.sleepers | name
        return list(actions)
