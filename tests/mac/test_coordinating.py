"""The coordinator's engine alone: whom it lets in, and what strangers can make it keep."""

import tracemalloc
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from lowpan.mac.coordinating import (
    Coordinating,
    CoordinatorAction,
    DeviceJoined,
    DeviceLeft,
    Ignored,
)
from lowpan.mac.indirect import MOST_INDIRECT
from lowpan.mac.link_layer import LinkLayer
from lowpan.mac.service import (
    CommandReceived,
    CommandSent,
    DataSent,
    SendCommand,
)
from lowpan.radio import Fcs, RadioCapability, ReceivedFrame, TransmitStatus
from lowpan.wire.ieee802154 import encode_frame
from lowpan.wire.mac_command import COMMAND, AssociationResponse, CoordinatorRealignment
from tests.mac.air import settings_of

SUCCESS = TransmitStatus.SUCCESS


def name(number: int) -> bytes:
    return (0x0200_0000_0100_0000 + number).to_bytes(8, "big")


def request(number: int, *, level: int = 0, octet: int = 0x88) -> CommandReceived:
    return CommandReceived(name(number), bytes((1, octet)), level)


def coordinating(most_devices: int = 4, most_pending: int = 2) -> Coordinating:
    return Coordinating(
        settings_of(0),
        Random(1),
        permit=True,
        most_devices=most_devices,
        most_pending=most_pending,
    )


def answer(actions: list[CoordinatorAction]) -> AssociationResponse:
    (send,) = actions
    assert isinstance(send, SendCommand)
    assert send.indirect
    content = COMMAND.decode(send.frame.payload).content
    assert isinstance(content, AssociationResponse)
    return content


def fetch(engine: Coordinating, number: int) -> list[CoordinatorAction]:
    return engine.command_sent(
        CommandSent(f"association response {name(number).hex()}", SUCCESS, 1)
    )


def join(engine: Coordinating, number: int, *, level: int = 0) -> list[CoordinatorAction]:
    engine.receive_command(request(number, level=level))
    return fetch(engine, number)


def test_a_device_gets_in_once_it_has_fetched_its_answer() -> None:
    engine = coordinating()
    response = answer(engine.receive_command(request(1)))
    assert response.association_status == 0
    assert len(engine) == 0
    (joined,) = fetch(engine, 1)
    assert isinstance(joined, DeviceJoined)
    assert joined.short_address == response.short_address == engine.short_address_of(name(1))
    assert joined.capability.receiver_on_when_idle


def test_who_does_not_fetch_it_never_was_here() -> None:
    engine = coordinating()
    engine.receive_command(request(1))
    lost = CommandSent(f"association response {name(1).hex()}", TransmitStatus.ABORTED, 0)
    assert engine.command_sent(lost) == []
    assert len(engine) == 0
    assert answer(engine.receive_command(request(1))).association_status == 0


def test_nobody_gets_in_unless_it_is_permitted() -> None:
    engine = coordinating()
    engine.permit = False
    assert engine.receive_command(request(1)) == []
    assert engine.ignored == {Ignored.NOT_PERMITTED: 1}


def test_who_comes_again_keeps_its_address_and_who_wants_none_gets_none() -> None:
    engine = coordinating()
    join(engine, 1)
    short = engine.short_address_of(name(1))
    assert answer(engine.receive_command(request(1))).short_address == short
    assert answer(engine.receive_command(request(2, octet=0x08))).short_address == b"\xff\xfe"


def test_a_full_pan_says_so_and_makes_room_for_who_has_a_key() -> None:
    engine = coordinating(most_devices=2)
    join(engine, 1)
    join(engine, 2)
    refused = answer(engine.receive_command(request(3)))
    assert (refused.short_address, refused.association_status) == (b"\xff\xff", 1)
    assert fetch(engine, 3) == []
    left, joined = join(engine, 4, level=5)
    assert isinstance(left, DeviceLeft)
    assert left.extended_address == name(1)
    assert isinstance(joined, DeviceJoined)
    assert joined.verified
    assert len(engine) == 2


def test_nobody_in_clear_touches_a_device_that_has_a_key() -> None:
    engine = coordinating()
    join(engine, 1, level=5)
    short = engine.short_address_of(name(1))
    for octets in (b"\x01\x88", b"\x03\x02", b"\x06"):
        assert engine.receive_command(CommandReceived(name(1), octets)) == []
    assert engine.ignored[Ignored.UNSECURED] == 3
    assert engine.short_address_of(name(1)) == short
    left = engine.receive_command(CommandReceived(name(1), b"\x03\x02", 5))
    assert left == [DeviceLeft(name(1), "it has left")]


def test_an_orphan_that_we_know_is_told_its_place() -> None:
    engine = coordinating()
    join(engine, 1)
    (send,) = engine.receive_command(CommandReceived(name(1), b"\x06"))
    assert isinstance(send, SendCommand)
    assert (send.frame.destination, send.frame.destination_pan_id) == (name(1), 0xFFFF)
    content = COMMAND.decode(send.frame.payload).content
    assert isinstance(content, CoordinatorRealignment)
    assert (content.pan_id, content.channel_number) == (0xBEEF, 15)
    assert content.short_address == engine.short_address_of(name(1))
    assert engine.receive_command(CommandReceived(name(2), b"\x06")) == []
    assert engine.ignored == {Ignored.UNKNOWN: 1}
    encode_frame(send.frame)


def test_a_device_is_sent_away() -> None:
    engine = coordinating()
    assert engine.disassociate(name(1)) == []
    join(engine, 1)
    (send,) = engine.disassociate(name(1), sleeps=True)
    assert isinstance(send, SendCommand)
    assert (send.frame.payload, send.indirect) == (b"\x03\x01", True)
    sent = CommandSent(send.handle or "", TransmitStatus.NO_ACK, 1)
    assert engine.command_sent(sent) == [DeviceLeft(name(1), "we have sent it away")]
    assert engine.command_sent(sent) == []


def test_attack_27_an_association_flood_of_a_hundred_thousand_senders_is_bounded() -> None:
    """Frames in clear, straight into a link layer, 2000 a second."""
    link = LinkLayer(settings_of(0), RadioCapability.TRANSMIT, Random(1))
    engine = Coordinating(settings_of(0), Random(1), permit=True)
    link.set_sleepers({name(0)}, now=0)
    verified = join(engine, 200_000, level=5)
    assert isinstance(verified[0], DeviceJoined)
    held, peak = 0, 0
    header = bytes.fromhex("23c8 07 efbe 0100 ffff".replace(" ", ""))
    tracemalloc.start()
    for number in range(100_000):
        now = number * 500
        psdu = header + name(number)[::-1] + b"\x01\x8e"
        actions = link.receive_frame(ReceivedFrame(psdu, Fcs.GOOD), now=now)
        actions += link.handle_deadline(now=now)
        for action in actions:
            if isinstance(action, CommandReceived):
                for wanted in engine.receive_command(action):
                    assert isinstance(wanted, SendCommand)
                    held += 1
                    assert not link.carry_out(wanted, now=now)
            elif isinstance(action, CommandSent):
                engine.command_sent(action)
        if number == 2000:
            peak = tracemalloc.get_traced_memory()[0]
            tracemalloc.reset_peak()
    grown = tracemalloc.get_traced_memory()[1] - peak
    tracemalloc.stop()
    assert len(engine) == 1
    assert 8 <= held <= 8 * (50_000_000 // 7_680_000 + 1)
    assert engine.ignored[Ignored.TOO_MANY_PENDING] == 100_000 - held
    assert grown < 300_000
    # what is for sleepers has room still
    refused = [
        action
        for handle in range(16)
        for action in link.send_data(b"x", b"\x00\x01", name(0), handle=handle, now=50_000_000)
        if isinstance(action, DataSent)
    ]
    assert refused == []
    assert MOST_INDIRECT >= 16 + 8
    joined = join(engine, 300_000, level=5)
    assert isinstance(joined[0], DeviceJoined)


STEP = st.tuples(
    st.sampled_from(["request", "fetch", "leave", "orphan", "away"]),
    st.integers(0, 9),
    st.sampled_from([0, 5]),
)


@given(st.lists(STEP, max_size=100))
def test_addresses_are_unique_and_the_bounds_hold(steps: list[tuple[str, int, int]]) -> None:
    engine, verified = coordinating(), set[bytes]()
    for what, number, level in steps:
        device = name(number)
        actions: list[CoordinatorAction] = []
        if what == "request":
            engine.receive_command(request(number, level=level))
        elif what == "fetch":
            actions = fetch(engine, number)
        elif what == "leave":
            actions = engine.receive_command(CommandReceived(device, b"\x03\x02", level))
        elif what == "orphan":
            engine.receive_command(CommandReceived(device, b"\x06", level))
        for action in actions:
            if isinstance(action, DeviceJoined):
                if action.verified:
                    verified.add(action.extended_address)
                else:
                    assert action.extended_address not in verified
            elif isinstance(action, DeviceLeft):
                in_clear = what == "leave" and level == 0
                assert action.extended_address not in verified or not in_clear
                verified.discard(action.extended_address)
        shorts = [engine.short_address_of(name(each)) for each in range(10)]
        given_out = [short for short in shorts if short is not None]
        assert len(set(given_out)) == len(given_out) == len(engine)
        assert len(engine) <= 4 + 2 * 2


def test_a_pan_that_moves_is_told_to_all() -> None:
    (send,) = coordinating().realign(channel=20, pan_id=0x1234)
    assert isinstance(send, SendCommand)
    assert (send.frame.destination, send.frame.destination_pan_id) == (b"\xff\xff", 0xFFFF)
    assert not send.frame.control.acknowledgment_request
    content = COMMAND.decode(send.frame.payload).content
    assert isinstance(content, CoordinatorRealignment)
    assert (content.pan_id, content.channel_number) == (0x1234, 20)
    assert (content.short_address, content.channel_page) == (b"\xff\xff", 0)
