"""A device and its coordinator, first alone, then over the air."""

from collections.abc import Sequence
from dataclasses import replace
from random import Random
from typing import TypeVar

import pytest

from lowpan.mac.association import (
    Associated,
    Association,
    AssociationAction,
    Coordinator,
    NotAssociated,
    Why,
)
from lowpan.mac.coordinating import Coordinating, DeviceJoined, DeviceLeft
from lowpan.mac.link_layer import LinkLayer
from lowpan.mac.policy import SecurityPolicy
from lowpan.mac.security import LinkSecurity
from lowpan.mac.service import (
    CommandReceived,
    CommandSent,
    Configure,
    LinkAction,
    Poll,
    SendCommand,
)
from lowpan.radio import RadioCapability, RadioSettings, TransmitStatus
from lowpan.store import MemoryStore
from lowpan.wire.ieee802154 import encode_frame
from lowpan.wire.mac_command import (
    COMMAND,
    AssociationResponse,
    Command,
    CommandContent,
    CommandId,
    CoordinatorRealignment,
    DisassociationNotification,
)
from tests.mac.air import EXTENDED, PAN_ID, Air, settings_of
from tests.mac.secured import table

OURS, PARENT, STRANGER = EXTENDED[1], EXTENDED[0], EXTENDED[7]
HERE = Coordinator(PAN_ID, PARENT, 15)
OUTSIDE = RadioSettings(promiscuous=False, extended_address=OURS)
SUCCESS, NO_ACK = TransmitStatus.SUCCESS, TransmitStatus.NO_ACK
Kind = TypeVar("Kind")


def only(kind: type[Kind], actions: list[AssociationAction]) -> list[Kind]:
    return [action for action in actions if isinstance(action, kind)]


def command(content: CommandContent, number: CommandId, source: bytes = PARENT) -> CommandReceived:
    octets = COMMAND.encode(Command(number, content))
    return CommandReceived(source, octets, source_pan_id=PAN_ID, destination=OURS)


def response(short: bytes, status: int, source: bytes = PARENT) -> CommandReceived:
    content = AssociationResponse(short, status)
    return command(content, CommandId.ASSOCIATION_RESPONSE, source)


def asked(device: Association) -> None:
    """Bring a device to where it waits for the answer, at the time 0."""
    _, request = device.associate(HERE)
    assert isinstance(request, SendCommand)
    assert device.command_sent(CommandSent(request.handle or "", SUCCESS, 1), now=0) == []


def listening(device: Association) -> None:
    """Bring it to where it listens for the answer, at the time 500 000."""
    asked(device)
    (poll,) = device.handle_deadline(now=500_000)
    assert isinstance(poll, Poll)
    sent = CommandSent(poll.handle or "", SUCCESS, 1, frame_pending=True)
    assert device.command_sent(sent, now=500_000) == []


def test_the_steps_of_an_association_and_their_times() -> None:
    device = Association(OUTSIDE)
    configure, request = device.associate(HERE)
    assert isinstance(configure, Configure)
    assert (configure.settings.channel, configure.settings.pan_id) == (15, PAN_ID)
    assert isinstance(request, SendCommand)
    request.frame.sequence_number = 0x60
    assert encode_frame(request.frame).hex(" ") == (
        "23 cc 60 ef be 00 00 00 00 00 00 00 02 ff ff 01 00 00 00 00 00 00 02 01 88"
    )
    assert device.command_sent(CommandSent("association request", SUCCESS, 1), now=1000) == []
    assert device.next_deadline() == 1000 + 491_520
    assert device.handle_deadline(now=492_519) == []
    assert device.handle_deadline(now=492_520) == [Poll(PARENT, "association poll")]
    pending = CommandSent("association poll", SUCCESS, 1, frame_pending=True)
    device.command_sent(pending, now=493_000)
    assert device.next_deadline() == 493_000 + 31_776
    configure, joined = device.receive_command(response(b"\x12\x34", 0))
    assert isinstance(configure, Configure)
    assert configure.settings.short_address == 0x1234
    assert joined == Associated(PAN_ID, b"\x12\x34", PARENT, 15)
    assert device.next_deadline() is None


@pytest.mark.parametrize(
    ("status", "why"), [(1, Why.AT_CAPACITY), (2, Why.DENIED), (3, Why.DENIED), (255, Why.DENIED)]
)
def test_a_refusal_says_why_and_leaves_us_outside(status: int, why: Why) -> None:
    device = Association(OUTSIDE)
    listening(device)
    configure, failed = device.receive_command(response(b"\xff\xff", status))
    assert isinstance(failed, NotAssociated)
    assert failed.why is why
    assert isinstance(configure, Configure)
    assert (configure.settings.pan_id, configure.settings.short_address) == (0xFFFF, 0xFFFF)


def test_without_a_short_address_the_extended_one_is_used() -> None:
    device = Association(OUTSIDE)
    listening(device)
    configure, joined = device.receive_command(response(b"\xff\xfe", 0))
    assert isinstance(configure, Configure)
    assert configure.settings.short_address == 0xFFFE
    assert joined == Associated(PAN_ID, None, PARENT, 15)


def test_each_step_can_fail() -> None:
    device = Association(OUTSIDE)
    device.associate(HERE)
    failed = device.command_sent(CommandSent("association request", NO_ACK, 4), now=0)
    assert only(NotAssociated, failed) == [NotAssociated(Why.NOT_SENT, "no ack")]
    asked(device)
    device.handle_deadline(now=500_000)
    nothing = CommandSent("association poll", SUCCESS, 1, frame_pending=False)
    assert only(NotAssociated, device.command_sent(nothing, now=0)) == [NotAssociated(Why.NO_DATA)]
    listening(device)
    assert only(NotAssociated, device.handle_deadline(now=600_000)) == [NotAssociated(Why.NO_DATA)]
    assert device.next_deadline() is None


def test_answers_that_nobody_asked_for_and_of_others_change_nothing() -> None:
    device = Association(OUTSIDE)
    assert device.receive_command(response(b"\x12\x34", 0)) == []
    listening(device)
    assert device.receive_command(response(b"\x12\x34", 0, source=STRANGER)) == []
    elsewhere = replace(response(b"\x12\x34", 0), source_pan_id=0x1111)
    assert device.receive_command(elsewhere) == []
    for octets in (b"", b"\x02", b"\x02\x00", b"\x08\x01", b"\xff"):
        assert device.receive_command(CommandReceived(PARENT, octets)) == []
    assert not device.is_associated


def test_only_the_coordinator_sends_us_away() -> None:
    device = Association(OUTSIDE)
    device.resume(HERE)
    away = command(DisassociationNotification(1), CommandId.DISASSOCIATION_NOTIFICATION)
    assert device.receive_command(replace(away, source=STRANGER)) == []
    assert device.is_associated
    assert only(NotAssociated, device.receive_command(away)) == [NotAssociated(Why.SENT_AWAY)]
    assert device.receive_command(away) == []


@pytest.mark.parametrize("status", [SUCCESS, NO_ACK])
def test_who_leaves_is_gone_whether_the_coordinator_knows_or_not(status: TransmitStatus) -> None:
    device = Association(OUTSIDE)
    assert device.leave() == []
    device.resume(HERE)
    (leave,) = device.leave()
    assert isinstance(leave, SendCommand)
    assert leave.frame.payload == b"\x03\x02"
    left = device.command_sent(CommandSent("disassociation", status, 1), now=0)
    assert only(NotAssociated, left) == [NotAssociated(Why.LEFT)]


def realignment(channel: int, source: bytes = PARENT) -> CommandReceived:
    content = CoordinatorRealignment(0xCAFE, b"\x00\x01", channel, b"\x00\x09")
    return command(content, CommandId.COORDINATOR_REALIGNMENT, source)


def test_an_orphan_asks_on_each_channel_until_it_is_known() -> None:
    device = Association(OUTSIDE)
    channels, actions, now = list[int](), device.find_coordinator((11, 15, 20)), 0
    while len(channels) < 2:
        configure, notification = actions
        assert isinstance(configure, Configure)
        assert isinstance(notification, SendCommand)
        assert notification.frame.payload == b"\x06"
        channels.append(configure.settings.channel)
        device.command_sent(CommandSent("orphan notification", SUCCESS, 1), now=now)
        assert device.next_deadline() == now + 491_520
        now += 491_520
        if len(channels) < 2:
            actions = device.handle_deadline(now=now)
    assert channels == [11, 15]
    _, joined = device.receive_command(realignment(20))
    assert joined == Associated(0xCAFE, b"\x00\x09", PARENT, 20)


def test_an_orphan_that_nobody_knows_is_alone() -> None:
    device = Association(OUTSIDE)
    device.find_coordinator((11,))
    device.command_sent(CommandSent("orphan notification", SUCCESS, 1), now=0)
    failed = only(NotAssociated, device.handle_deadline(now=500_000))
    assert failed == [NotAssociated(Why.NO_COORDINATOR)]


def test_the_pan_moves_and_we_with_it_but_for_strangers() -> None:
    device = Association(replace(OUTSIDE, short_address=5))
    device.resume(HERE)
    to_all = replace(realignment(25), destination=b"\xff\xff")
    assert device.receive_command(replace(to_all, source=STRANGER)) == []
    _, joined = device.receive_command(to_all)
    assert joined == Associated(0xCAFE, b"\x00\x05", PARENT, 25)


# Over the air


class Joining:
    """A coordinator, number 0, and a device that is outside, number 1."""

    def __init__(self, security: tuple[LinkSecurity | None, LinkSecurity | None]) -> None:
        self.air = Air()
        for number, each in enumerate(security):
            self.air.secure(number, each)
        self.told: list[object] = []
        self.coordinating = Coordinating(settings_of(0), Random(1), permit=True)
        self.device = Association(OUTSIDE)
        self.air.links[1] = LinkLayer(
            OUTSIDE, RadioCapability.TRANSMIT, Random(1), security=security[1]
        )
        self.air.heed = self.heed

    def heed(self, number: int, action: LinkAction) -> None:
        now = self.air.now
        if number == 0 and isinstance(action, CommandSent):
            self.do(0, self.coordinating.command_sent(action))
        elif number == 0 and isinstance(action, CommandReceived):
            self.do(0, self.coordinating.receive_command(action))
        elif isinstance(action, CommandSent):
            self.do(1, self.device.command_sent(action, now=now))
        elif isinstance(action, CommandReceived):
            self.do(1, self.device.receive_command(action))

    def do(self, number: int, actions: Sequence[object]) -> None:
        for action in actions:
            if isinstance(action, SendCommand | Poll | Configure):
                done = self.air.links[number].carry_out(action, now=self.air.now)
                self.air.take(number, done)
            else:
                self.told.append(action)

    def run(self) -> None:
        for _ in range(20):
            self.air.run(self.air.now + 100_000)
            self.do(1, self.device.handle_deadline(now=self.air.now))


def test_a_device_joins_and_leaves_over_the_air() -> None:
    joining = Joining((None, None))
    joining.do(1, joining.device.associate(HERE))
    joining.run()
    associated, joined = joining.told
    assert isinstance(joined, DeviceJoined)
    assert isinstance(associated, Associated)
    assert (joined.extended_address, joined.verified) == (OURS, False)
    assert associated.short_address == joined.short_address
    assert joining.air.links[1].short_address == joined.short_address
    joining.do(1, joining.device.leave())
    joining.run()
    assert joining.told[2:] == [DeviceLeft(OURS, "it has left"), NotAssociated(Why.LEFT)]


def keys(number: int, *, joining_in_clear: bool) -> LinkSecurity:
    policy = SecurityPolicy.for_level(5, joining_in_clear=joining_in_clear)
    return LinkSecurity(EXTENDED[number], table(), MemoryStore(), policy=policy)


def test_a_device_with_the_key_joins_secured_and_is_verified() -> None:
    joining = Joining((keys(0, joining_in_clear=False), keys(1, joining_in_clear=False)))
    joining.do(1, joining.device.associate(HERE))
    joining.run()
    _, joined = joining.told
    assert isinstance(joined, DeviceJoined)
    assert joined.verified


@pytest.mark.parametrize("open_to_strangers", [False, True])
def test_attack_22_a_device_without_the_key_joins_only_where_the_policy_lets_it(
    open_to_strangers: bool,
) -> None:
    joining = Joining((keys(0, joining_in_clear=open_to_strangers), None))
    joining.do(1, joining.device.associate(HERE))
    joining.run()
    got_in = [told for told in joining.told if isinstance(told, DeviceJoined)]
    assert bool(got_in) is open_to_strangers
    assert len(joining.coordinating) == open_to_strangers
