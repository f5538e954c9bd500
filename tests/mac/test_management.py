"""Device and coordinator as whole link layers: in, out, back again, asleep, scanning."""

from dataclasses import replace
from random import Random

import pytest

from lowpan.errors import FieldOutOfRange
from lowpan.mac.association import Associated, NotAssociated, Why
from lowpan.mac.coordinating import DeviceJoined, DeviceLeft
from lowpan.mac.management_service import ManagementSettings
from lowpan.mac.membership import JoinPlan
from lowpan.mac.policy import SecurityPolicy
from lowpan.mac.polling import ParentLost, PollSettings
from lowpan.mac.scanning import PanFound, ScanDone, ScanType
from lowpan.mac.security import LinkSecurity
from lowpan.mac.service import Configure, DataReceived, DataSent, MeasureEnergy
from lowpan.radio import TransmitStatus
from lowpan.store import MemoryStore
from tests.mac.air import EXTENDED, PAN_ID, SHORT
from tests.mac.managed import COORDINATOR, DEVICE, HERE, SECOND, Managed
from tests.mac.secured import table

SLEEPER = ManagementSettings(device=True, poll=PollSettings())


def joined(role: ManagementSettings = DEVICE) -> Managed:
    """Return a coordinator and a device that has joined it."""
    air = Managed(COORDINATOR, role)
    air.join()
    air.wait(2 * SECOND)
    assert air.managements[1].membership is not None
    assert air.managements[1].membership.is_in
    return air


def test_a_device_finds_a_pan_and_joins_it() -> None:
    air = joined()
    (associated,) = air.of(1, Associated)
    (device,) = air.of(0, DeviceJoined)
    assert (associated.pan_id, associated.channel) == (PAN_ID, 15)
    assert associated.coordinator == EXTENDED[0]
    assert device.extended_address == EXTENDED[1]
    assert associated.short_address == device.short_address
    radio = air.managements[1].link.radio
    assert radio.pan_id == PAN_ID
    assert radio.short_address.to_bytes(2, "big") == device.short_address


def test_nobody_joins_where_it_is_not_permitted() -> None:
    air = Managed(COORDINATOR, DEVICE)
    air.managements[0].permit_joining(0, now=0)
    air.join()
    air.wait(5 * SECOND)
    (failed,) = air.of(1, NotAssociated)
    assert (failed.why, failed.reason) == (Why.NO_PAN, "1 found, where nobody may join now")
    assert not air.of(0, DeviceJoined)


def test_permission_ends_in_time() -> None:
    air = Managed(COORDINATOR, DEVICE, DEVICE)
    air.managements[0].permit_joining(3 * SECOND, now=0)
    air.join(1)
    air.wait(3 * SECOND)
    air.join(2)
    air.wait(3 * SECOND)
    assert len(air.of(1, Associated)) == 1
    assert [failed.why for failed in air.of(2, NotAssociated)] == [Why.NO_PAN]


def test_only_the_pan_that_is_wanted_is_joined() -> None:
    air = Managed(COORDINATOR, DEVICE)
    air.join(plan=replace(HERE, pan_id=0x1234))
    air.wait(3 * SECOND)
    assert [failed.reason for failed in air.of(1, NotAssociated)] == ["none was found"]
    air.join(plan=replace(HERE, pan_id=PAN_ID))
    air.wait(3 * SECOND)
    assert len(air.of(1, Associated)) == 1


def test_a_full_pan_says_so() -> None:
    air = Managed(replace(COORDINATOR, most_devices=1), DEVICE, DEVICE)
    air.join(1)
    air.wait(3 * SECOND)
    air.join(2)
    air.wait(3 * SECOND)
    assert [failed.why for failed in air.of(2, NotAssociated)] == [Why.AT_CAPACITY]


@pytest.mark.parametrize("seed", range(20))
def test_joining_survives_the_loss_of_every_tenth_frame(seed: int) -> None:
    air, losses = Managed(COORDINATOR, DEVICE, seed=seed), Random(seed)
    air.lose = lambda psdu: losses.random() < 0.1
    for _ in range(10):
        if air.of(1, Associated):
            break
        air.join()
        air.wait(3 * SECOND)
    (associated,) = air.of(1, Associated)
    air.wait(10 * SECOND)
    (device,) = air.of(0, DeviceJoined)
    assert device.short_address == associated.short_address


def keys(number: int, *, joining_in_clear: bool) -> LinkSecurity:
    policy = SecurityPolicy.for_level(
        5, joining_in_clear=joining_in_clear, beacon_requests_in_clear=True
    )
    return LinkSecurity(EXTENDED[number], table(), MemoryStore(), policy=policy)


@pytest.mark.parametrize("joining_in_clear", [False, True])
def test_what_a_device_sends_from_its_new_address_is_opened(joining_in_clear: bool) -> None:
    security = tuple(keys(number, joining_in_clear=joining_in_clear) for number in range(2))
    air = Managed(COORDINATOR, DEVICE, security=security)
    air.join()
    air.wait(2 * SECOND)
    (device,) = air.of(0, DeviceJoined)
    assert device.verified is not joining_in_clear
    air.send(1, b"hello", SHORT[0])
    air.wait(SECOND)
    (data,) = air.of(0, DataReceived)
    assert (data.payload, data.security_level) == (b"hello", 5)
    assert data.source == device.short_address
    assert device.short_address is not None
    air.send(0, b"welcome", device.short_address)
    air.wait(SECOND)
    assert [each.payload for each in air.of(1, DataReceived)] == [b"welcome"]


# Lost and found


def lost(air: Managed, *, seconds: int = 60) -> None:
    """Let nobody hear the coordinator, until its device has noticed."""
    air.managements[0].link.beacon = None
    air.lose = lambda psdu: True
    for _ in range(seconds):
        air.wait(SECOND)
        if air.of(1, NotAssociated):
            return
    raise AssertionError("it has not noticed")


@pytest.mark.parametrize("role", [DEVICE, SLEEPER])
def test_a_device_that_lost_its_coordinator_comes_back_though_nobody_may_join(
    role: ManagementSettings,
) -> None:
    air = joined(role)
    air.managements[0].permit_joining(0, now=air.now)
    lost(air)
    assert len(air.of(1, ParentLost)) == 1
    (failed,) = air.of(1, NotAssociated)
    assert failed.reason.startswith("none was found; trying again in ")
    air.lose = lambda psdu: False
    air.wait(10 * SECOND)
    first, again = air.of(1, Associated)
    assert again == first
    assert len(air.of(0, DeviceJoined)) == 1, "it was known: it has come back as an orphan"


def test_a_coordinator_that_has_forgotten_its_device_lets_it_join_again() -> None:
    air = joined()
    lost(air)
    fresh = Managed(COORDINATOR)
    air.managements[0], air.links[0] = fresh.managements[0], fresh.links[0]
    air.lose = lambda psdu: False
    air.wait(15 * SECOND)
    assert len(air.of(1, Associated)) == 2
    assert len(air.of(0, DeviceJoined)) == 2


def test_it_rests_longer_after_each_attempt_in_vain() -> None:
    air = joined()
    lost(air)
    air.wait(600 * SECOND)
    attempts = len(air.of(1, NotAssociated))
    assert 8 <= attempts <= 20


def test_a_frame_that_is_not_acknowledged_makes_it_ask_at_once() -> None:
    air = joined()
    air.lose = lambda psdu: True
    begin = air.now
    air.managements[1].not_acknowledged(SHORT[0], now=air.now)
    while not air.of(1, ParentLost):
        air.wait(SECOND // 10)
    assert air.now - begin < 5 * SECOND, "the next question was due in 30 s"


def test_who_leaves_stays_away() -> None:
    air = joined()
    air.take(1, air.managements[1].leave(now=air.now))  # type: ignore[arg-type]
    air.wait(100 * SECOND)
    assert [failed.why for failed in air.of(1, NotAssociated)] == [Why.LEFT]
    assert [left.reason for left in air.of(0, DeviceLeft)] == ["it has left"]
    assert air.managements[1].is_out


def test_who_is_sent_away_asks_again_later() -> None:
    air = joined()
    air.take(0, air.managements[0].disassociate(EXTENDED[1], now=air.now))  # type: ignore[arg-type]
    air.wait(20 * SECOND)
    assert [failed.why for failed in air.of(1, NotAssociated)] == [Why.SENT_AWAY]
    assert len(air.of(1, Associated)) == 2


# Asleep


def test_a_sleeper_gets_what_waits_within_its_interval() -> None:
    air = joined(SLEEPER)
    (device,) = air.of(0, DeviceJoined)
    assert not device.capability.receiver_on_when_idle
    assert device.short_address is not None
    air.wait(10 * SECOND)
    begin = air.now
    air.send(0, b"wake up", device.short_address)
    while not air.of(1, DataReceived):
        air.wait(SECOND // 10)
    assert air.now - begin <= 4.2 * SECOND
    assert [sent.status for sent in air.of(0, DataSent)] == [TransmitStatus.SUCCESS]


def test_a_sleeper_that_has_sent_something_asks_often() -> None:
    air = joined(SLEEPER)
    (device,) = air.of(0, DeviceJoined)
    assert device.short_address is not None
    air.wait(10 * SECOND)
    begin = air.now
    air.send(1, b"question", SHORT[0])
    air.send(0, b"answer", device.short_address)
    while not air.of(1, DataReceived):
        air.wait(SECOND // 100)
    assert air.now - begin <= 0.25 * SECOND


# Scans


def test_a_scan_finds_who_is_there_and_gives_the_radio_back() -> None:
    air = joined()
    air.told[1].clear()
    air.scan(1)
    assert air.managements[1].is_busy
    air.wait(SECOND)
    (done,) = air.of(1, ScanDone)
    assert [pan.pan_id for pan in done.pans] == [PAN_ID]
    assert len(air.of(1, PanFound)) == 1
    tuned, back = air.of(1, Configure)
    assert tuned.settings.pan_id == 0xFFFF
    assert back.settings == air.managements[1].link.radio
    assert not air.managements[1].is_busy


def test_a_scan_waits_for_a_frame_that_is_being_sent() -> None:
    air = joined()
    air.send(1, b"first", SHORT[0])
    air.scan(1)
    air.wait(SECOND)
    assert [sent.status for sent in air.of(1, DataSent)] == [TransmitStatus.SUCCESS]
    kinds: list[type[object]] = [type(told) for told in air.told[1]]
    assert kinds.index(DataSent) < kinds.index(ScanDone)
    assert len(air.of(1, ScanDone)) == 1


def test_what_is_to_be_sent_during_a_scan_goes_out_afterwards() -> None:
    air = joined()
    air.scan(1)
    air.wait(SECOND // 10)
    air.send(1, b"later", SHORT[0])
    air.wait(SECOND)
    kinds: list[type[object]] = [type(told) for told in air.told[1]]
    assert kinds.index(ScanDone) < kinds.index(DataSent)
    assert [data.payload for data in air.of(0, DataReceived)] == [b"later"]


def test_one_scan_at_a_time() -> None:
    air = joined()
    air.scan(1)
    with pytest.raises(FieldOutOfRange):
        air.scan(1)


def test_a_radio_that_does_not_measure_ends_no_scan() -> None:
    air = Managed(DEVICE)
    air.scan(0, ScanType.ENERGY)
    assert [measure.channel for measure in air.of(0, MeasureEnergy)] == [15]
    air.wait(2 * SECOND)
    (done,) = air.of(0, ScanDone)
    assert done.energies == ()


def test_nobody_is_two_things_at_once() -> None:
    with pytest.raises(FieldOutOfRange):
        ManagementSettings(coordinator=True, device=True)
    with pytest.raises(FieldOutOfRange):
        ManagementSettings(poll=PollSettings())
    with pytest.raises(FieldOutOfRange):
        JoinPlan(())
    air = Managed(DEVICE)
    with pytest.raises(FieldOutOfRange):
        air.managements[0].permit_joining(0, now=0)
