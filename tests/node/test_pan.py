"""Nodes that join a coordinator: addresses, pings, loss, sleep, and what strangers can do."""

import tracemalloc
from dataclasses import replace

import pytest

from lowpan.mac.association import Associated, NotAssociated, Why
from lowpan.mac.coordinating import MOST_DEVICES, DeviceJoined
from lowpan.mac.framing import association_request_frame, data_request
from lowpan.mac.management_service import ManagementSettings
from lowpan.mac.policy import SecurityPolicy
from lowpan.mac.polling import ParentLost, PollSettings
from lowpan.mac.scanning import ScanDone, ScanPlan, ScanType
from lowpan.mac.service import Configure
from lowpan.node.addresses import link_local_of
from lowpan.node.service import AddressChanged, DatagramDiscarded, Discard, NeighbourChanged
from lowpan.node.state import engine_counters, engine_state
from lowpan.radio import Fcs, ReceivedFrame
from lowpan.wire.addresses import ALL_NODES, iid_of
from lowpan.wire.ieee802154 import encode_frame
from tests.node.pans import COORDINATOR, DEVICE, SECOND, Pans
from tests.node.test_node import advertisement
from tests.sim.nodes import PAN_ID, address_of, extended_of, security_of, short_of

SLEEPER = ManagementSettings(device=True, poll=PollSettings())


def joined(role: ManagementSettings = DEVICE, *, bare: bool = False) -> Pans:
    pans = Pans(COORDINATOR, role, bare=bare)
    pans.join()
    assert len(pans.of(1, Associated)) == 1
    return pans


@pytest.mark.parametrize("bare", [False, True])
def test_a_device_gets_an_address_and_is_pinged_by_it(bare: bool) -> None:
    pans = joined(bare=bare)
    (associated,) = pans.of(1, Associated)
    assert associated.short_address is not None
    address = link_local_of(associated.short_address)
    changes = pans.of(1, AddressChanged)
    assert changes == [
        AddressChanged(link_local_of(extended_of(1)), ready=True),
        AddressChanged(address, ready=True),
    ]
    for sequence, size in enumerate((56, 1000)):
        pans.ping(0, address, sequence, size)
        pans.run(1)
        pans.ping(1, address_of(0), sequence, size)
        pans.run(1)
    assert pans.answered(0) == pans.answered(1) == [0, 1]
    assert pans.link_local(1) == address, "it is the first one"


def test_outside_of_a_pan_nothing_is_sent_and_who_sends_is_told() -> None:
    pans = Pans(COORDINATOR, DEVICE)
    pans.ping(1, address_of(0), 1)
    pans.run(1)
    assert Discard.NO_PAN in {each.discard for each in pans.of(1, DatagramDiscarded)}
    assert pans.world.medium.transmissions == 0


def test_who_leaves_loses_its_address() -> None:
    pans = joined()
    address = link_local_of(pans.of(1, Associated)[0].short_address or b"")
    node, now = pans.node(1).node, pans.world.now
    pans.node(1).take(node.manage(node.management.leave(now=now), now=now))
    pans.run(1)
    assert pans.of(1, AddressChanged)[-1] == AddressChanged(address, ready=False)
    assert not node.own.is_ours(address)
    assert [failed.why for failed in pans.of(1, NotAssociated)] == [Why.LEFT]


@pytest.mark.parametrize("joining_in_clear", [False, True])
def test_a_secured_pan_is_joined_and_pinged(joining_in_clear: bool) -> None:
    security = tuple(security_of(number) for number in range(2))
    for each in security:
        each.policy = SecurityPolicy.for_level(
            5, beacon_requests_in_clear=True, joining_in_clear=joining_in_clear
        )
    pans = Pans(COORDINATOR, DEVICE, security=security)
    pans.join()
    (device,) = pans.of(0, DeviceJoined)
    assert device.verified is not joining_in_clear
    assert device.short_address is not None
    pans.ping(0, link_local_of(device.short_address), 1)
    pans.ping(1, address_of(0), 1)
    pans.run(1)
    assert pans.answered(0) == pans.answered(1) == [1]


def test_attack_22_without_the_key_nobody_joins_a_secured_pan() -> None:
    security = security_of(0)
    security.policy = SecurityPolicy.for_level(5, beacon_requests_in_clear=True)
    pans = Pans(COORDINATOR, DEVICE, security=(security, None))
    pans.join(seconds=10)
    assert [failed.why for failed in pans.of(1, NotAssociated)] == [Why.NO_DATA]
    assert not pans.of(0, DeviceJoined)


@pytest.mark.parametrize("permitted", [True, False])
def test_a_device_whose_coordinator_was_away_has_the_same_address_again(permitted: bool) -> None:
    pans = joined()
    address = pans.link_local(1)
    if not permitted:
        pans.permit(0)
    pans.node(0).radio.switch(on=False)
    pans.run(90)
    assert len(pans.of(1, ParentLost)) == 1
    assert pans.of(1, AddressChanged)[-1] == AddressChanged(address, ready=False)
    pans.node(0).radio.switch(on=True)
    pans.run(90)
    assert pans.of(1, AddressChanged)[-1] == AddressChanged(address, ready=True)
    pans.ping(0, address, 1)
    pans.run(1)
    assert pans.answered(0) == [1]


def test_every_tenth_frame_may_be_lost() -> None:
    pans = Pans(COORDINATOR, *[DEVICE] * 5, SLEEPER, SLEEPER, seed=4)
    for one in pans.world.nodes:
        for other in pans.world.nodes:
            if one is not other:
                pans.world.medium.connect(one.radio, other.radio, -40.0, loss=0.1)
    for number in range(1, 8):
        pans.join(number, 4)
        while not pans.of(number, Associated):
            pans.join(number, 4)
    pans.run(10)
    assert len({device.short_address for device in pans.of(0, DeviceJoined)}) == 7
    for sequence in range(10):
        for number in range(1, 8):
            pans.ping(number, address_of(0), sequence)
            pans.run(0.5)
    pans.run(5)
    for number in range(1, 8):
        assert len(pans.answered(number)) >= 9, number


# Asleep


def test_a_sleeper_answers_within_its_interval_and_hears_nothing_else() -> None:
    pans = joined(SLEEPER)
    address = pans.link_local(1)
    pans.run(10)
    for sequence in range(30):
        pans.ping(0, address, sequence)
        pans.run(4.5)
        assert pans.answered(0)[-1:] == [sequence]
    assert not [each for each in pans.of(0, NeighbourChanged) if not each.reachable]
    radio = pans.node(1).radio
    assert not radio.settings.rx_on_when_idle
    begin = pans.world.now
    pans.ping(1, address_of(0), 1)
    while not pans.answered(1):
        pans.run(0.01)
    assert pans.world.now - begin <= 0.5 * SECOND, "who has asked polls often"


@pytest.mark.parametrize("bare", [False, True])
def test_a_sleeper_listens_one_per_cent_of_the_time(bare: bool) -> None:
    pans = joined(SLEEPER, bare=bare)
    pans.run(5)
    on = 0
    for _ in range(10_000):
        on += pans.node(1).radio.settings.rx_on_when_idle
        pans.run(0.01)
    assert on <= 100


def test_a_datagram_in_fragments_goes_to_a_sleeper_in_one_go() -> None:
    pans = joined(SLEEPER)
    pans.run(10)
    begin = pans.world.now
    pans.ping(0, pans.link_local(1), 1, size=1232)
    while not pans.answered(0):
        pans.run(0.1)
        assert pans.world.now - begin < 6 * SECOND


def test_who_sleeps_holds_up_nobody_who_listens() -> None:
    pans = Pans(COORDINATOR, SLEEPER, DEVICE)
    for number in (1, 2):
        pans.join(number)
    pans.run(10)
    sleeper, listener = pans.link_local(1), pans.link_local(2)
    pans.node(1).radio.switch(on=False)
    for sequence in range(20):
        pans.ping(0, sleeper, sequence)
    begin = pans.world.now
    pans.ping(0, listener, 99)
    while not pans.answered(0):
        pans.run(0.01)
    assert pans.answered(0) == [99]
    assert pans.world.now - begin < SECOND // 10
    full = [each for each in pans.of(0, DatagramDiscarded) if each.discard is Discard.QUEUE_FULL]
    assert 5 < len(full) < 20


# Scans and strangers


def test_pings_wait_for_a_scan() -> None:
    pans = joined()
    node, now = pans.node(1).node, pans.world.now
    plan = ScanPlan(ScanType.ACTIVE, (11, 15, 20), 300_000)
    pans.node(1).take(node.manage(node.management.scan(plan, now=now), now=now))
    for sequence in range(5):
        pans.ping(1, address_of(0), sequence, size=200)
    pans.run(0.5)
    assert pans.answered(1) == []
    pans.run(1.5)
    assert pans.answered(1) == list(range(5))
    (done,) = pans.of(1, ScanDone)
    assert [(pan.pan_id, pan.channel) for pan in done.pans] == [(PAN_ID, 15)]
    assert pans.node(1).radio.settings.channel == 15
    energy = replace(plan, scan_type=ScanType.ENERGY)
    pans.node(1).take(
        node.manage(node.management.scan(energy, now=pans.world.now), now=pans.world.now)
    )
    pans.run(2)
    assert [channel for channel, _ in pans.of(1, ScanDone)[1].energies] == [11, 15, 20]


def test_attack_a_flood_of_association_requests_stays_bounded() -> None:
    """Of strangers, 20 000 in 100 s, each of whom also fetches what it is answered."""
    pans = Pans(COORDINATOR, DEVICE)
    coordinator = pans.node(0)
    tracemalloc.start()
    settled = 0
    for number in range(20_000):
        stranger = (0x0200_0000_0100_0000 + number).to_bytes(8, "big")
        request = association_request_frame(b"\x01\x88", stranger, short_of(0), PAN_ID)
        poll = data_request(stranger, short_of(0), PAN_ID)
        for frame in (request, poll):
            frame.sequence_number = number & 0xFF
            heard = ReceivedFrame(encode_frame(frame), Fcs.GOOD, channel=15, rssi=-40.0)
            coordinator.take(coordinator.node.receive_frame(heard, now=pans.world.now))
        pans.run(0.005)
        pans.told[0] = [told for told in pans.told[0] if not isinstance(told, Configure)]
        if number == 2_000:
            tracemalloc.reset_peak()
            settled = tracemalloc.get_traced_memory()[0]
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    pan = coordinator.node.management.pan
    assert pan is not None
    assert len(pan.coordinating) <= MOST_DEVICES
    assert peak - settled < 2_000_000
    pans.run(10)
    pans.join(1, 10)
    assert len(pans.of(1, Associated)) == 1, "when it is over, there is room"


# Routers


def announce(pans: Pans, prefix: bytes) -> None:
    """Let number 0 say that it is a router."""
    router, now = pans.node(0), pans.world.now
    source = link_local_of(extended_of(0))
    datagram = router.node.ipv6.icmpv6_datagram(advertisement(prefix), source, ALL_NODES, 255)
    router.take(router.node.send_datagram(datagram, now=now))
    pans.run(5)


def test_what_a_router_told_goes_with_the_pan_and_comes_again() -> None:
    pans = Pans(COORDINATOR, DEVICE)
    pans.join()
    node, prefix = pans.node(1).node, bytes.fromhex("20010db800010000")
    own = prefix + iid_of(extended_of(1))
    announce(pans, prefix)
    assert node.own.is_ours(own)
    assert set(node.adaptation.contexts.known) == {1}
    assert node.discovery.default_router() is not None
    now = pans.world.now
    pans.node(1).take(node.manage(node.management.leave(now=now), now=now))
    pans.run(1)
    assert not node.own.is_ours(own)
    assert not node.adaptation.contexts.known
    assert node.discovery.default_router() is None
    assert node.discovery.next_deadline() is None, "nobody is looked for without a PAN"
    pans.join()
    announce(pans, prefix)
    assert node.own.is_ours(own)
    assert set(node.adaptation.contexts.known) == {1}


def test_the_state_says_what_we_are() -> None:
    pans = joined(SLEEPER)
    pans.permit(0)
    coordinator, device = (engine_state(node.node) for node in pans.world.nodes)
    assert (coordinator["role"], coordinator["permits_joining"]) == ("coordinator", False)
    assert coordinator["devices"] == [
        {
            "extended_address": device["extended_address"],
            "short_address": device["short_address"],
            "sleeps": True,
        }
    ]
    assert (device["role"], device["sleeps"]) == ("device", True)
    assert device["coordinator"] == coordinator["extended_address"]
    assert engine_counters(pans.node(0).node)["association_ignored"] == {}
