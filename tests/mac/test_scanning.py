"""Virtual time; 100 microseconds on each channel."""

from random import Random
from typing import TypeVar

import pytest

from lowpan.errors import FieldOutOfRange
from lowpan.mac.scanning import (
    ChannelBegun,
    PanFound,
    ScanAction,
    ScanDone,
    Scanning,
    ScanPlan,
    ScanType,
    ask_for_beacons,
)
from lowpan.mac.service import Configure, MeasureEnergy, Transmit
from lowpan.radio import (
    Fcs,
    RadioSettings,
    ReceivedFrame,
    TransmitOutcome,
    TransmitStatus,
)

HOME = RadioSettings(channel=20, pan_id=0xBEEF, short_address=1)
SENT = TransmitOutcome(status=TransmitStatus.SUCCESS)
BEACON = bytes.fromhex("0080 01 efbe 0100 ffcf 00 00".replace(" ", ""))
Kind = TypeVar("Kind")


def scanning(scan_type: ScanType, *channels: int, most_pans: int = 4) -> Scanning:
    plan = ScanPlan(scan_type, channels, 100, most_pans=most_pans)
    return Scanning(plan, HOME, Random(1))


def only(kind: type[Kind], actions: list[ScanAction]) -> list[Kind]:
    return [action for action in actions if isinstance(action, kind)]


def beacon(channel: int | None = None, pan_id: int = 0xBEEF, fcs: Fcs = Fcs.GOOD) -> ReceivedFrame:
    psdu = BEACON[:3] + pan_id.to_bytes(2, "little") + BEACON[5:]
    return ReceivedFrame(psdu, fcs, channel=channel, rssi=-60.0, lqi=200)


def test_the_question_is_octet_for_octet_what_linux_sends() -> None:
    # the first frame of nl802154-beacons-scan-associate.pcap
    assert ask_for_beacons(0).hex() == "030800ffffffff07"
    assert ask_for_beacons(255).hex() == "0308ffffffffff07"


def test_an_active_scan_asks_on_each_channel_and_listens() -> None:
    engine = scanning(ScanType.ACTIVE, 11, 15)
    (configure,) = only(Configure, engine.start())
    assert (configure.settings.channel, configure.settings.pan_id) == (11, 0xFFFF)
    begun, transmit = engine.configured(now=1000)
    assert begun == ChannelBegun(11)
    assert isinstance(transmit, Transmit)
    assert transmit.parameters.csma
    assert engine.next_deadline() is None
    engine.transmit_done(SENT, now=1500)
    assert engine.next_deadline() == 1600
    (found,) = only(PanFound, engine.receive_frame(beacon(11)))
    assert (found.pan.pan_id, found.pan.address) == (0xBEEF, b"\x00\x01")
    assert (found.pan.channel, found.pan.rssi, found.pan.lqi) == (11, -60.0, 200)
    assert found.pan.association_permit
    assert engine.receive_frame(beacon(11)) == []
    assert engine.handle_deadline(now=1599) == []
    (configure,) = only(Configure, engine.handle_deadline(now=1600))
    assert configure.settings.channel == 15
    engine.configured(now=1700)
    busy = TransmitOutcome(status=TransmitStatus.CHANNEL_ACCESS_FAILURE)
    engine.transmit_done(busy, now=1700)
    last, done = engine.handle_deadline(now=1800)
    assert last == Configure(HOME)
    assert isinstance(done, ScanDone)
    assert (done.pans, done.unsent, done.energies) == ((found.pan,), 1, ())
    assert engine.next_deadline() is None


def test_a_passive_scan_sends_nothing() -> None:
    engine = scanning(ScanType.PASSIVE, 11)
    engine.start()
    assert engine.configured(now=0) == [ChannelBegun(11)]
    assert engine.next_deadline() == 100
    assert only(PanFound, engine.receive_frame(beacon()))


def test_an_energy_scan_measures_each_channel() -> None:
    engine = scanning(ScanType.ENERGY, 11, 26)
    engine.start()
    assert engine.configured(now=0) == [ChannelBegun(11), MeasureEnergy(11, 100)]
    assert engine.receive_frame(beacon()) == []
    engine.energy_measured(-90.0)
    assert engine.configured(now=0) == [ChannelBegun(26), MeasureEnergy(26, 100)]
    (done,) = only(ScanDone, engine.energy_measured(-50.5))
    assert done.energies == ((11, -90.0), (26, -50.5))


def test_what_is_late_damaged_or_no_beacon_is_not_found() -> None:
    engine = scanning(ScanType.PASSIVE, 11, 12)
    assert engine.receive_frame(beacon()) == []
    engine.start()
    engine.configured(now=0)
    strange = [b"", b"\x00", b"\x41\x88\x07\xef\xbe\x02\x00\x01\x00", b"\x00\x80\x01\xef"]
    for frame in (beacon(12), beacon(fcs=Fcs.BAD), *(ReceivedFrame(o, Fcs.GOOD) for o in strange)):
        assert engine.receive_frame(frame) == []
    (found,) = only(PanFound, engine.receive_frame(ReceivedFrame(BEACON[:7], Fcs.GOOD)))
    assert found.pan.beacon is None, "as OpenThread's, without content"


def test_forged_beacons_fill_no_more_than_the_bound() -> None:
    engine = scanning(ScanType.PASSIVE, 11, most_pans=4)
    engine.start()
    engine.configured(now=0)
    for pan_id in range(1000):
        engine.receive_frame(beacon(pan_id=pan_id))
    (done,) = only(ScanDone, engine.handle_deadline(now=100))
    assert (len(done.pans), done.unremembered) == (4, 996)


def test_what_nobody_asked_for_changes_nothing() -> None:
    engine = scanning(ScanType.PASSIVE, 11)
    assert engine.configured(now=0) == engine.transmit_done(SENT, now=0) == []
    assert engine.energy_measured(-1.0) == engine.handle_deadline(now=10**9) == []
    assert len(engine.start()) == 1
    assert engine.start() == []


@pytest.mark.parametrize(("channels", "duration"), [((), 100), ((11,), 0)])
def test_a_plan_that_scans_nothing_is_refused(channels: tuple[int, ...], duration: int) -> None:
    with pytest.raises(FieldOutOfRange):
        ScanPlan(ScanType.ACTIVE, channels, duration)
