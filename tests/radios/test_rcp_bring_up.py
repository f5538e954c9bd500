"""The driver of radio co-processors meets a radio: who answers, and who is refused."""

from collections.abc import AsyncGenerator

import pytest

from lowpan.errors import RadioError
from lowpan.radio import Fcs, RadioCapability, ReceivedFrame, TransmitStatus, open_radio
from lowpan_radios.spinel_names import Command, Property
from tests.peers.rcp import RcpDouble, rcp_on_pty, rcp_on_tcp
from tests.peers.rcp_properties import HARDWARE_ADDRESS
from tests.radios.rcp_opened import FRAME, make_impatient, opened, settings_told


@pytest.fixture
async def double() -> AsyncGenerator[RcpDouble]:
    async with rcp_on_pty() as double:
        yield double


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    make_impatient(monkeypatch)


async def test_it_says_who_answers_and_what_it_can(double: RcpDouble) -> None:
    async with opened(double) as radio:
        assert radio.description == (
            "OpenThread RCP OPENTHREAD/double; TEST (API 11, EUI-64 18:b4:30:00:00:00:00:09)"
        )
        assert radio.channels == tuple(range(11, 27))
        for capability in ("TRANSMIT", "CSMA", "RETRIES", "ACKNOWLEDGE", "SECURITY", "ENERGY"):
            assert RadioCapability[capability] in radio.capabilities
        told = settings_told(double)
        assert told[0] == Property.DEBUG_NCP_LOG_LEVEL
        assert told[1] == Property.PHY_ENABLED
        assert told[-2:] == [Property.PHY_CHAN, Property.MAC_RAW_STREAM_ENABLED]
        assert double.properties[Property.MAC_15_4_LADDR] == HARDWARE_ADDRESS
        assert double.properties[Property.MAC_PROMISCUOUS_MODE] == b"\2"


async def test_tids_rotate_from_1_to_15(double: RcpDouble) -> None:
    async with opened(double) as radio:
        for _ in range(20):
            await radio.rssi()
        tids = [message.tid for message in double.asked if message.command != Command.RESET]
        assert tids == [number % 15 + 1 for number in range(len(tids))]


REFUSED = {
    "older": (Property.RCP_API_VERSION, b"\3", "older than 4"),
    "newer": (Property.RCP_MIN_HOST_API_VERSION, b"\x0c", "wants a host of RCP API version 12"),
    "ncp": (Property.CAPS, b"\x05\x20\x35", "no radio co-processor"),
    "protocol": (Property.PROTOCOL_VERSION, b"\5\0", "speaks version 5"),
    "bootloader": (Property.INTERFACE_TYPE, b"\0", "bootloader"),
    "address": (Property.HWADDR, b"\0", "HWADDR"),
    "nonsense": (Property.CAPS, b"\x80\x80\x80\x80", "CAPS"),
}


@pytest.mark.parametrize("which", REFUSED)
async def test_what_it_cannot_work_with_is_refused_with_a_cure(
    double: RcpDouble, which: str
) -> None:
    number, value, cause = REFUSED[which]
    double.read_only[number] = value
    with pytest.raises(RadioError, match=cause) as caught:
        await open_radio(double.uri)
    assert str(caught.value).startswith(double.uri)
    assert caught.value.cure


async def test_a_radio_of_before_api_versions_is_taken(double: RcpDouble) -> None:
    double.read_only[Property.CAPS] = b"\x22\x81\x04"
    for number in (Property.RCP_API_VERSION, Property.RADIO_CAPS, Property.PHY_CHAN_SUPPORTED):
        del double.read_only[number]
    double.form = lambda frame, time_us: b"\xc4\x80\0\0"
    async with opened(double) as radio:
        assert "API unknown" in radio.description
        assert RadioCapability.ENERGY not in radio.capabilities
        await double.hear(ReceivedFrame(FRAME, Fcs.GOOD))
        frame = await radio.receive()
        assert (frame.psdu, frame.rssi, frame.lqi, frame.channel) == (FRAME, -60, None, None)
        assert frame.time_ns is not None


@pytest.mark.usefixtures("impatient")
async def test_a_mute_radio_is_given_up(double: RcpDouble) -> None:
    double.faults.mute = True
    with pytest.raises(RadioError, match="no radio co-processor answers: nothing came") as caught:
        await open_radio(double.uri)
    assert "baudrate" in caught.value.cure


@pytest.mark.usefixtures("impatient")
async def test_a_radio_that_ignores_a_reset_of_its_stack_is_reset_whole(double: RcpDouble) -> None:
    double.faults.deaf_to_stack_reset = True
    async with opened(double) as radio:
        assert await radio.rssi() == -98


@pytest.mark.usefixtures("impatient")
async def test_one_property_without_answer_is_named(double: RcpDouble) -> None:
    double.faults.silent.add(Property.NCP_VERSION)
    with pytest.raises(RadioError, match="no answer to NCP_VERSION"):
        await open_radio(double.uri)


async def test_parameters_are_checked(double: RcpDouble) -> None:
    for query, cause in (("?speed=1", "no parameter speed"), ("?iid=4", "iid is 4")):
        with pytest.raises(RadioError, match=cause):
            await open_radio(double.uri + query)


async def test_it_is_reached_over_tcp() -> None:
    async with rcp_on_tcp() as double, opened(double) as radio:
        assert (await radio.transmit(FRAME)).status is TransmitStatus.SUCCESS
        await double.hear(ReceivedFrame(FRAME, Fcs.GOOD))
        assert (await radio.receive()).psdu == FRAME
