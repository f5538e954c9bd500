"""The driver of Linux's interfaces, over a double of the kernel; tests/kernel has the real one."""

import errno
import sys
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from lowpan.errors import RadioError
from lowpan.radio import (
    Fcs,
    Happening,
    Radio,
    RadioCapability,
    RadioSettings,
    TransmitParameters,
    neighbours_acknowledge,
    open_radio,
)
from lowpan_radios.nl802154 import WpanPhy
from lowpan_radios.wpan import WpanInterface, list_interfaces
from lowpan_radios.wrapper import Wrapper
from tests.peers.kernel_double import EXTENDED, MONITOR, NODE, KernelDouble
from tests.radios.contract import RadioContract
from tests.radios.contract_parts import (
    data_frame,
    explained,
    frames_of,
    hear_all,
    heard_frame,
    notice_of,
    until,
)

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="Linux's interfaces")


@pytest.fixture
def kernel(request: pytest.FixtureRequest, tmp_path: Path) -> KernelDouble:
    """Return the double that a test's URI asks for."""
    uri: str = getattr(request, "param", "wpan:mon0")
    return KernelDouble(uri, NODE if "wpan:wpan" in uri else MONITOR, tmp_path)


@pytest.fixture(autouse=True)
def _use(kernel: KernelDouble, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("lowpan_radios.wpan.this_machine", lambda: kernel)


class Contract(RadioContract):
    line = False

    @pytest.fixture
    async def counterpart(self, kernel: KernelDouble) -> AsyncIterator[KernelDouble]:
        yield kernel
        await kernel.unplug()


@pytest.mark.parametrize("kernel", ["wpan:mon0", "wpan:phy0"], indirect=True)
class TestMonitor(Contract):
    pass


@pytest.mark.parametrize("kernel", ["wpan:wpan0"], indirect=True)
class TestNode(Contract):
    tells_bad_fcs = False
    awaits_ack = False


async def refusal(radio: Radio, settings: RadioSettings) -> str:
    before = radio.settings
    with pytest.raises(RadioError) as caught:
        await radio.configure(settings)
    explained(caught.value, radio.uri)
    assert radio.settings == before
    return f"{caught.value}; {caught.value.cure}"


async def opening(uri: str) -> str:
    with pytest.raises(RadioError) as caught:
        await open_radio(uri)
    explained(caught.value, uri)
    return f"{caught.value}; {caught.value.cure}"


# -- opening


@pytest.mark.parametrize("kernel", ["wpan:phy0"], indirect=True)
async def test_a_monitor_is_made_and_removed_again(kernel: KernelDouble) -> None:
    async with await open_radio("wpan:phy0") as radio:
        assert list(kernel.interfaces) == ["lowpan-phy0"]
        assert kernel.up == {"lowpan-phy0"}
        assert radio.description == "Linux monitor interface lowpan-phy0 of phy0"
    assert kernel.interfaces == {}


@pytest.mark.parametrize("kernel", ["wpan:phy0"], indirect=True)
async def test_a_monitor_that_is_there_is_taken_and_left(kernel: KernelDouble) -> None:
    kernel.add("mon7", MONITOR)
    async with await open_radio("wpan:phy0") as radio:
        assert "mon7" in radio.description
        assert kernel.up == {"mon7"}
    assert list(kernel.interfaces) == ["mon7"]
    assert kernel.up == set()


@pytest.mark.parametrize("kernel", ["wpan:wpan0"], indirect=True)
async def test_what_is_up_stays_up(kernel: KernelDouble) -> None:
    kernel.up.add("wpan0")
    async with await open_radio("wpan:wpan0"):
        pass
    assert kernel.up == {"wpan0"}


@pytest.mark.parametrize("kernel", ["wpan:wpan0"], indirect=True)
async def test_node_and_monitor_at_once_are_refused(kernel: KernelDouble) -> None:
    kernel.up.add("wpan0")
    said = await opening("wpan:phy0")
    assert said == (
        "wpan:phy0: phy0 cannot be node and monitor at once, and wpan0 is up; "
        "sudo ip link set wpan0 down"
    )
    assert list(kernel.interfaces) == ["wpan0"]


@pytest.mark.parametrize(
    ("call", "error", "said"),
    [
        ("set_up", errno.EPERM, "sudo ip link set mon0 up"),
        ("open_socket", errno.EPERM, "sudo setcap cap_net_raw"),
        ("open_socket", errno.EAFNOSUPPORT, "modprobe af_packet"),
        ("phys", errno.EIO, "dmesg"),
    ],
)
async def test_refusals_have_cause_and_cure(
    kernel: KernelDouble, call: str, error: int, said: str
) -> None:
    kernel.refuses[call] = error
    assert said in await opening("wpan:mon0")
    assert kernel.up == set()


async def test_no_such_interface(kernel: KernelDouble) -> None:
    assert "no interface or radio wpan5; there are mon0, phy0" in await opening("wpan:wpan5")


async def test_no_parameters_but_those_of_software_radios(kernel: KernelDouble) -> None:
    assert "no parameter channel" in await opening("wpan:mon0?channel=15")


async def test_no_modules(monkeypatch: pytest.MonkeyPatch) -> None:
    def missing() -> KernelDouble:
        raise FileNotFoundError(errno.ENOENT, "No such file or directory")

    monkeypatch.setattr("lowpan_radios.wpan.this_machine", missing)
    said = await opening("wpan:wpan0")
    assert "no 802.15.4 loaded" in said
    assert "modprobe" in said
    assert list_interfaces() == []


async def test_other_systems(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "platform", "darwin")
    assert "Linux" in await opening("wpan:wpan0")
    assert list_interfaces() == []


# -- tuning


async def test_a_channel_that_does_not_take_is_told(kernel: KernelDouble) -> None:
    async with await open_radio("wpan:mon0") as radio:
        kernel.sticky_channel = True
        settings = replace(radio.settings, channel=15)
        assert "it says channel 11 of page 0" in await refusal(radio, settings)


async def test_pages_have_their_channels(kernel: KernelDouble) -> None:
    async with await open_radio("wpan:mon0") as radio:
        await radio.configure(replace(radio.settings, page=1, channel=3))
        assert kernel.radios[0].page == 1
        assert radio.channels == tuple(range(11))
        assert "no channel 20" in await refusal(radio, replace(radio.settings, channel=20))
        assert radio.channels == tuple(range(11))
        said = await refusal(radio, replace(radio.settings, page=7, channel=1))
        assert "no page 7" in said


async def test_who_may_not_tune_can_still_listen(kernel: KernelDouble) -> None:
    kernel.up.add("mon0")
    kernel.refuses["set_channel"] = errno.EPERM
    async with await open_radio("wpan:mon0", RadioSettings(channel=11)) as radio:
        assert "setcap" in await refusal(radio, RadioSettings(channel=12))


async def test_a_power_that_the_radio_does_not_take(kernel: KernelDouble) -> None:
    async with await open_radio("wpan:mon0") as radio:
        said = await refusal(radio, replace(radio.settings, transmit_power=3))
        assert "transmit power to 3 dBm" in said


async def test_frames_of_the_old_channel_keep_it(kernel: KernelDouble) -> None:
    async with await open_radio("wpan:mon0") as radio:
        await hear_all(kernel, [heard_frame(1, 11)])
        await radio.configure(replace(radio.settings, channel=25))
        await hear_all(kernel, [heard_frame(2, 25)])
        assert [frame.channel for frame in await frames_of(radio, 2)] == [11, 25]


# -- monitors


async def test_the_fcs_is_checked_and_kept(kernel: KernelDouble) -> None:
    async with await open_radio("wpan:mon0") as radio:
        await hear_all(kernel, [heard_frame(1, 11), replace(heard_frame(2, 11), fcs=Fcs.BAD)])
        good, bad = await frames_of(radio, 2)
    assert (good.fcs, len(good.fcs_octets), good.psdu) == (Fcs.GOOD, 2, data_frame(1))
    assert (bad.fcs, len(bad.fcs_octets), bad.psdu) == (Fcs.BAD, 2, data_frame(2))


async def test_addressed_frames_are_acknowledged_in_software(kernel: KernelDouble) -> None:
    settings = RadioSettings(promiscuous=False, pan_id=0xABCD, short_address=2)
    async with await open_radio("wpan:mon0", settings) as radio:
        frame = replace(heard_frame(7, 11), psdu=data_frame(7, ack_request=True))
        other = replace(heard_frame(8, 11), psdu=b"\x41\x88\x08\x34\x12\xff\xff\x01\x00")
        await hear_all(kernel, [other, frame])
        assert (await frames_of(radio, 1))[0].psdu == frame.psdu
        await until(lambda: kernel.on_air == [(11, bytes([0x02, 0x00, 7]))])
        assert radio.statistics.filtered == 1


async def test_another_channel_than_the_one_listened_on(kernel: KernelDouble) -> None:
    async with await open_radio("wpan:mon0") as radio:
        with pytest.raises(RadioError, match="listens on, 11") as caught:
            await radio.transmit(data_frame(1), TransmitParameters(channel=12))
        explained(caught.value, radio.uri)
        assert kernel.on_air == []


async def test_what_the_kernel_had_no_room_for_is_counted(kernel: KernelDouble) -> None:
    async with await open_radio("wpan:mon0") as radio:
        assert radio.statistics.dropped_by_radio == 0
        kernel.dropped = 3
        await hear_all(kernel, [heard_frame(1, 11)])
        await frames_of(radio, 1)
        assert radio.statistics.dropped_by_radio == 3


# -- nodes


@pytest.mark.parametrize("kernel", ["wpan:wpan0"], indirect=True)
async def test_a_node_is_not_promiscuous(kernel: KernelDouble) -> None:
    async with await open_radio("wpan:wpan0") as radio:
        said = await refusal(radio, replace(radio.settings, promiscuous=True))
        assert "wpan:phy0" in said
        assert RadioCapability.PROMISCUOUS not in radio.capabilities
        assert radio.settings.extended_address == EXTENDED
    with pytest.raises(RadioError, match="promiscuous"):
        await open_radio("wpan:wpan0", RadioSettings())
    assert kernel.up == set()


@pytest.mark.parametrize("kernel", ["wpan:wpan0"], indirect=True)
@pytest.mark.parametrize(
    ("psdu", "what"),
    [
        (bytes([0x02, 0x00, 7]), "acknowledgements"),
        (bytes.fromhex("03080bffffffff07"), "MAC commands"),
        (bytes.fromhex("05000b00"), "type 5"),
        (bytes.fromhex("69980bcdab020001000d00000000010102030405060708"), "secured"),
    ],
)
async def test_what_the_kernel_drops_is_refused(
    kernel: KernelDouble, psdu: bytes, what: str
) -> None:
    async with await open_radio("wpan:wpan0") as radio:
        with pytest.raises(RadioError, match=what) as caught:
            await radio.transmit(psdu)
        explained(caught.value, radio.uri)
        assert "wpan:phy0" in caught.value.cure
        assert kernel.on_air == []
        assert radio.statistics.transmitted == 0


@pytest.mark.parametrize("kernel", ["wpan:wpan0"], indirect=True)
async def test_beacons_depend_on_the_kernel(kernel: KernelDouble) -> None:
    beacon = bytes.fromhex("00800bcdab0200ff0f0000")
    async with await open_radio("wpan:wpan0") as radio:
        await radio.transmit(beacon)
        kernel.sends_beacons = False
        with pytest.raises(RadioError, match="beacons"):
            await radio.transmit(beacon)


@pytest.mark.parametrize("kernel", ["wpan:wpan0"], indirect=True)
async def test_it_says_what_it_does_not_know(kernel: KernelDouble) -> None:
    async with await open_radio("wpan:wpan0") as radio:
        assert (await radio.transmit(data_frame(1))).reason == ""
        asked = await radio.transmit(data_frame(2, ack_request=True))
        assert "does not tell" in asked.reason


@pytest.mark.parametrize("kernel", ["wpan:wpan0"], indirect=True)
async def test_addresses_are_set_while_the_interface_is_down(kernel: KernelDouble) -> None:
    async with await open_radio("wpan:wpan0") as radio:
        await radio.configure(replace(radio.settings, pan_id=0x1234, short_address=9))
        device = kernel.interfaces["wpan0"]
        assert (device.pan_id, device.short_address) == (0x1234, 9)
        assert kernel.up == {"wpan0"}
        await hear_all(kernel, [heard_frame(1, 11)])
        await frames_of(radio, 1)
        assert radio.statistics.losses == 0
        kernel.upper["wpan0"] = ["lowpan0"]
        said = await refusal(radio, replace(radio.settings, pan_id=0x1235))
        assert "lowpan0 is on it" in said
        said = await refusal(radio, replace(radio.settings, extended_address=bytes(8)))
        assert "ip link set wpan0 address" in said


# -- loss


@pytest.mark.parametrize("kernel", ["wpan:mon0"], indirect=True)
async def test_an_interface_taken_down_is_not_taken_up_again(kernel: KernelDouble) -> None:
    async with await open_radio("wpan:mon0") as radio:
        kernel.take_down("mon0")
        await notice_of(radio, Happening.LOST)
        with pytest.raises(RadioError, match="not there"):
            await radio.transmit(data_frame(1))
        kernel.up.add("mon0")  # somebody else does
        await notice_of(radio, Happening.RETURNED)
        assert radio.statistics.losses == 1
    assert kernel.up == {"mon0"}


# -- lists and filters


async def test_interfaces_are_listed(kernel: KernelDouble) -> None:
    kernel.add("wpan0", NODE)
    kernel.up.add("wpan0")
    kernel.radios[4] = WpanPhy(4, "phy4", 2, 3, (), None)
    assert list_interfaces() == [
        WpanInterface("mon0", "monitor", "phy0", 11, 0, None, up=False),
        WpanInterface("wpan0", "node", "phy0", 11, 0, 0xABCD, up=True),
        WpanInterface("phy4", "phy", "phy4", 3, 2, None, up=False),
    ]


@pytest.mark.parametrize("driver", ["at86rf230", "", "mac802154_hwsim", "ieee802154fakelb"])
@pytest.mark.parametrize("kernel", ["wpan:phy0", "wpan:wpan0"], indirect=True)
async def test_on_a_virtual_radio_nobody_acknowledges(kernel: KernelDouble, driver: str) -> None:
    kernel.driver_name = driver
    async with await open_radio(kernel.uri) as radio:
        assert neighbours_acknowledge(radio) == (driver in ("at86rf230", ""))
        assert neighbours_acknowledge(Wrapper(radio)) == neighbours_acknowledge(radio)
