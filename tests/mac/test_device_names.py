"""Two names of one device, and what waits under either."""

from lowpan.mac.device_names import DeviceNames
from lowpan.mac.service import CommandSent, Configure, DataReceived, DataSent
from lowpan.radio import TransmitStatus
from tests.mac.air import EXTENDED, SHORT, Air
from tests.mac.test_link_layer import only
from tests.mac.test_sleeping_neighbours import polls


def test_a_device_has_one_short_address_and_an_address_one_device() -> None:
    names = DeviceNames()
    names.give(SHORT[1], EXTENDED[1])
    assert names.one_of(SHORT[1]) == names.one_of(EXTENDED[1]) == EXTENDED[1]
    assert names.all_of(frozenset({EXTENDED[1]})) == {EXTENDED[1], SHORT[1]}
    names.give(SHORT[2], EXTENDED[1])
    assert SHORT[1] not in names
    names.release(SHORT[2], EXTENDED[3])
    assert SHORT[2] in names, "it is not theirs to give back"
    names.release(SHORT[2], EXTENDED[1])
    assert names.one_of(SHORT[2]) == SHORT[2]
    assert names.all_of(frozenset({EXTENDED[1]})) == {EXTENDED[1]}


def test_who_polls_by_its_short_address_gets_what_is_for_the_extended_one() -> None:
    air, names = Air(), DeviceNames()
    names.give(SHORT[1], EXTENDED[1])
    parent = air.links[0]
    parent.name_devices(names)
    air.take(0, parent.set_sleepers({EXTENDED[1]}, now=0))
    for number, address in enumerate((EXTENDED[1], SHORT[1])):
        sent = parent.send_data(bytes([number]), SHORT[0], address, handle=number, now=0)
        air.take(0, sent)
    polls(air, 2)
    assert [data.payload for data in only(DataReceived, air.told[1])] == [b"\0", b"\1"]
    assert [each.status for each in only(DataSent, air.told[0])] == [TransmitStatus.SUCCESS] * 2
    assert not only(CommandSent, air.told[0])
    assert not only(Configure, air.told[0]), "this radio knows nothing of who sleeps"


def test_who_sleeps_may_be_named_by_whoever_tells_of_it() -> None:
    air = Air()
    parent = air.links[0]
    air.take(0, parent.set_sleepers({EXTENDED[1]}, {(SHORT[1], EXTENDED[1])}, now=0))
    for number, address in enumerate((EXTENDED[1], SHORT[1])):
        sent = parent.send_data(bytes([number]), SHORT[0], address, handle=number, now=0)
        air.take(0, sent)
    polls(air, 2)
    assert [data.payload for data in only(DataReceived, air.told[1])] == [b"\0", b"\1"]
    air.take(0, parent.set_sleepers(set(), now=0))
    assert parent.sleeper(SHORT[1]) is None
