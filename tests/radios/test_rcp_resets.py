"""What a radio co-processor must not forget: keys and counters, and everything after a reset."""

import asyncio
from collections.abc import AsyncGenerator

import pytest

from lowpan.errors import FieldOutOfRange
from lowpan.radio import (
    Fcs,
    Happening,
    RadioSettings,
    ReceivedFrame,
    TransmitStatus,
)
from lowpan_radios.rcp import RcpTransmitParameters
from lowpan_radios.rcp_requests import RadioRefused
from lowpan_radios.spinel_names import Property, Status
from tests.peers.rcp import RcpDouble, rcp_on_pty
from tests.radios.contract_parts import notice_of, until
from tests.radios.rcp_opened import FRAME, make_impatient, opened, settings_told

SECURED = bytes.fromhex("49 d8 17 cd ab ff ff 77 66 55 44 33 22 11 02 0d") + bytes(12)
KEYS = (b"\xa1" * 16, b"\xa2" * 16, b"\xa3" * 16)


@pytest.fixture
async def double() -> AsyncGenerator[RcpDouble]:
    async with rcp_on_pty() as double:
        yield double


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    make_impatient(monkeypatch)


# Security


async def test_the_counter_is_told_before_the_keys_and_behind_them(double: RcpDouble) -> None:
    async with opened(double) as radio:
        await radio.set_mac_keys(1, *KEYS, frame_counter=1000)
        counter, key = Property.RCP_MAC_FRAME_COUNTER, Property.RCP_MAC_KEY
        assert [number for number, _ in double.secrets] == [counter, key, counter]
        outcome = await radio.transmit(SECURED, RcpTransmitParameters(secure=True))
        assert outcome.status is TransmitStatus.SUCCESS
        assert radio.next_frame_counter == 1001
        await radio.transmit(SECURED)  # as it is: the radio adds nothing
        assert radio.next_frame_counter == double.frame_counter == 1001


async def test_no_counter_is_used_twice_with_a_key(double: RcpDouble) -> None:
    async with opened(double) as radio:
        await radio.set_mac_keys(1, *KEYS, frame_counter=1000)
        with pytest.raises(FieldOutOfRange):
            await radio.set_mac_keys(1, *KEYS, frame_counter=999)
        double.secrets.clear()
        await radio.set_mac_keys(2, KEYS[1], KEYS[2], KEYS[0], frame_counter=0)
        first = double.secrets[0][0]
        assert first == Property.RCP_MAC_KEY  # a lower counter with the old key would repeat some
        assert double.frame_counter == 0


async def test_after_a_reset_the_counter_goes_on_ahead_of_what_was_used(double: RcpDouble) -> None:
    async with opened(double) as radio:
        await radio.set_mac_keys(1, *KEYS, frame_counter=1000)
        await radio.transmit(SECURED, RcpTransmitParameters(secure=True))
        double.restart()
        await notice_of(radio, Happening.RESET)
        assert double.frame_counter == 2001
        numbers = [number for number, _ in double.secrets]
        assert numbers[:2] == [Property.RCP_MAC_FRAME_COUNTER, Property.RCP_MAC_KEY]


async def test_the_counter_of_an_enhanced_ack_is_taken_note_of(double: RcpDouble) -> None:
    async with opened(double) as radio:
        await radio.set_mac_keys(1, *KEYS, frame_counter=0)
        metadata = bytes.fromhex("c4802000 0a00 0bc8 0100000000000000 0100 00 0500 01 07000000")
        value = b"\x05\0\x02\0\x07\xd3\x55" + metadata
        double.tell(Property.STREAM_RAW, value)
        await radio.receive()
        assert radio.next_frame_counter == 8


async def test_keys_are_shown_to_nobody(double: RcpDouble) -> None:
    async with opened(double) as radio:
        double.faults.refuses[Property.RCP_MAC_KEY] = Status.INVALID_ARGUMENT
        with pytest.raises(RadioRefused) as caught:
            await radio.set_mac_keys(1, *KEYS, frame_counter=0)
        with pytest.raises(FieldOutOfRange) as short:
            await radio.set_mac_keys(1, KEYS[0][:15], KEYS[1], KEYS[2], frame_counter=0)
        shown = str(caught.value) + str(short.value) + repr(radio.state)
        assert "a1a1" not in shown
        assert "\\xa1" not in shown
        for index in (0, 129):
            with pytest.raises(FieldOutOfRange):
                await radio.set_mac_keys(index, *KEYS, frame_counter=0)


# Resets, logs, energy


async def test_an_unexpected_reset_is_repaired_and_told(double: RcpDouble) -> None:
    async with opened(double) as radio:
        settings = RadioSettings(
            channel=22,
            promiscuous=False,
            pan_id=0xABCD,
            short_address=2,
            source_match=frozenset([b"\0\7"]),
        )
        await radio.configure(settings)
        before = dict(double.properties)
        double.restart(Status.RESET_CRASH)
        assert "RESET_CRASH" in (await notice_of(radio, Happening.RESET)).text
        assert double.properties == before
        assert double.lists[Property.MAC_SRC_MATCH_SHORT_ADDRESSES] == {b"\7\0"}
        await double.hear(ReceivedFrame(FRAME, Fcs.GOOD))
        assert (await radio.receive()).psdu == FRAME
        assert radio.statistics.resets == 1


async def test_a_transmission_and_a_setting_survive_a_reset(double: RcpDouble) -> None:
    async with opened(double) as radio:
        double.faults.reset_at = {Property.STREAM_RAW}
        assert (await radio.transmit(FRAME)).status is TransmitStatus.SUCCESS
        assert [psdu for _, psdu in double.on_air] == [FRAME]
        double.faults.reset_at = {Property.MAC_15_4_PANID}
        await radio.configure(RadioSettings(pan_id=0xABCD))
        assert double.properties[Property.MAC_15_4_PANID] == b"\xcd\xab"
        assert radio.statistics.resets == 2


@pytest.mark.parametrize(
    "after", [Property.MAC_15_4_PANID, Property.MAC_15_4_SADDR, Property.PHY_CHAN]
)
async def test_a_reset_between_two_requests_of_one_setting_is_repaired(
    double: RcpDouble, after: Property
) -> None:
    async with opened(double) as radio:
        double.faults.reset_after = {after}
        wanted = RadioSettings(channel=22, pan_id=0xABCD, short_address=2)
        await radio.configure(wanted)
        assert radio.settings == wanted
        assert double.channel == 22
        assert double.properties[Property.MAC_15_4_PANID] == b"\xcd\xab"
        assert double.properties[Property.MAC_15_4_SADDR] == b"\2\0"
        assert double.properties[Property.MAC_RAW_STREAM_ENABLED] == b"\1"
        await notice_of(radio, Happening.RESET)


async def test_a_reset_between_two_requests_of_bring_up_or_repair_leaves_nothing_untold(
    double: RcpDouble,
) -> None:
    double.faults.reset_after = {Property.PHY_CHAN}
    async with opened(double) as radio:
        assert double.properties[Property.PHY_ENABLED] == b"\1"
        double.faults.reset_after = {Property.MAC_RAW_STREAM_ENABLED}
        double.restart()
        await notice_of(radio, Happening.RESET)
        assert double.properties[Property.PHY_ENABLED] == b"\1"
        assert double.properties[Property.MAC_RAW_STREAM_ENABLED] == b"\1"


async def test_resets_while_it_is_brought_up_or_repaired_are_survived(double: RcpDouble) -> None:
    double.faults.reset_at = {Property.NCP_VERSION, Property.PHY_CHAN}
    async with opened(double) as radio:
        double.faults.reset_at = {Property.MAC_15_4_SADDR, Property.MAC_RAW_STREAM_ENABLED}
        double.restart()
        await notice_of(radio, Happening.RESET)
        assert double.properties[Property.MAC_RAW_STREAM_ENABLED] == b"\1"
        assert (await radio.transmit(FRAME)).status is TransmitStatus.SUCCESS


async def test_a_radio_that_does_not_come_back_from_a_reset_is_lost_and_returns(
    double: RcpDouble, impatient: None
) -> None:
    async with opened(double) as radio:
        double.faults.silent.add(Property.PHY_ENABLED)
        double.restart()
        assert "PHY_ENABLED" in (await notice_of(radio, Happening.LOST)).text
        double.faults.silent.clear()
        await notice_of(radio, Happening.RETURNED)
        assert (await radio.transmit(FRAME)).status is TransmitStatus.SUCCESS


async def test_closing_while_it_is_repaired_leaves_nothing(double: RcpDouble) -> None:
    tasks = asyncio.all_tasks()
    async with opened(double):
        double.faults.silent.add(Property.PHY_ENABLED)
        double.restart()
        double.asked.clear()
        await until(lambda: Property.PHY_ENABLED in settings_told(double))
    assert [task for task in asyncio.all_tasks() - tasks if not task.done()] == []
