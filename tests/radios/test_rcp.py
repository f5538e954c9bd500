"""The driver of radio co-processors: what only it does, and a radio that does everything wrong."""

import asyncio
from collections.abc import AsyncGenerator
from dataclasses import replace

import pytest

from lowpan.errors import FieldOutOfRange, RadioError
from lowpan.radio import (
    Fcs,
    Happening,
    RadioCapability,
    RadioNotice,
    RadioSettings,
    ReceivedFrame,
    TransmitParameters,
    TransmitStatus,
    open_radio,
)
from lowpan_radios import rcp_requests
from lowpan_radios.rcp_requests import RadioRefused
from lowpan_radios.spinel import decode_spinel
from lowpan_radios.spinel_names import Command, Property, Status
from tests.peers.rcp import RcpDouble, rcp_on_pty, rcp_on_tcp
from tests.peers.rcp_properties import HARDWARE_ADDRESS
from tests.radios.contract import PATIENCE, notice_of, until
from tests.radios.rcp_opened import FRAME, WITH_ACK, make_impatient, opened, settings_told
from tests.radios.soak import soak


@pytest.fixture
async def double() -> AsyncGenerator[RcpDouble]:
    async with rcp_on_pty() as double:
        yield double


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    make_impatient(monkeypatch)


# Bring-up


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


# Settings


async def test_settings_are_told_and_only_what_changes(double: RcpDouble) -> None:
    address = bytes.fromhex("0211223344556677")
    async with opened(double) as radio:
        double.asked.clear()
        settings = RadioSettings(
            channel=20,
            promiscuous=False,
            pan_id=0xFACE,
            short_address=0x1234,
            extended_address=address,
            transmit_power=-3,
            ack_pending=True,
        )
        await radio.configure(settings)
        told = double.properties
        assert told[Property.MAC_15_4_PANID].hex() == "cefa"
        assert told[Property.MAC_15_4_SADDR].hex() == "3412"
        assert told[Property.MAC_15_4_LADDR] == address
        assert told[Property.PHY_TX_POWER] == b"\xfd"
        assert told[Property.MAC_SRC_MATCH_ENABLED] == b"\0"
        assert double.channel == 20
        double.asked.clear()
        await radio.configure(replace(settings, channel=21, transmit_power=None))
        assert settings_told(double) == [Property.PHY_TX_POWER, Property.PHY_CHAN]
        assert told[Property.PHY_TX_POWER] == b"\0"  # as it was found


async def test_a_channel_that_is_not_read_back_is_an_error_and_the_old_settings_hold(
    double: RcpDouble,
) -> None:
    async with opened(double) as radio:
        double.faults.tuned_to = 11
        with pytest.raises(RadioError, match="set to channel 15"):
            await radio.configure(RadioSettings(channel=15, pan_id=0x1234))
        assert radio.settings == RadioSettings()
        assert double.channel == 11
        assert double.properties[Property.MAC_15_4_PANID] == b"\xff\xff"


async def test_settings_out_of_range_are_refused(double: RcpDouble) -> None:
    async with opened(double) as radio:
        for wrong in (
            RadioSettings(pan_id=0x10000),
            RadioSettings(short_address=-1),
            RadioSettings(extended_address=b"123"),
            RadioSettings(transmit_power=127),
        ):
            with pytest.raises(FieldOutOfRange):
                await radio.configure(wrong)
        with pytest.raises(RadioError, match="page 2"):
            await radio.configure(RadioSettings(page=2))


def waiting_for(*senders: str) -> RadioSettings:
    """Return settings of a radio whose acknowledgements tell these senders that frames wait."""
    return RadioSettings(source_match=frozenset(map(bytes.fromhex, senders)))


async def test_the_source_match_table_is_told_by_differences(double: RcpDouble) -> None:
    short, extended = (
        Property.MAC_SRC_MATCH_SHORT_ADDRESSES,
        Property.MAC_SRC_MATCH_EXTENDED_ADDRESSES,
    )
    child = "02aabbccdd000001"
    async with opened(double) as radio:
        await radio.configure(waiting_for("0001", "5678", "0009", child))
        assert double.lists[short] == {b"\1\0", b"\x78\x56", b"\x09\0"}
        assert double.lists[extended] == {bytes.fromhex(child)}
        assert double.properties[Property.MAC_SRC_MATCH_ENABLED] == b"\1"
        double.asked.clear()
        await radio.configure(waiting_for("5678", "0009", "0002"))
        told = sorted((message.command, message.property) for message in double.asked)
        assert told == [
            (Command.PROP_VALUE_INSERT, short),
            (Command.PROP_VALUE_REMOVE, short),
            (Command.PROP_VALUE_REMOVE, extended),
        ]
        assert double.lists[short] == {b"\2\0", b"\x78\x56", b"\x09\0"}
        assert double.lists[extended] == set()
        double.asked.clear()
        await radio.configure(waiting_for("5678", "0009", "0002"))
        assert double.asked == []
        await radio.configure(RadioSettings(ack_pending=True))  # the lists are for nothing now
        assert double.lists[short] == set()
        assert double.properties[Property.MAC_SRC_MATCH_ENABLED] == b"\0"
        with pytest.raises(FieldOutOfRange):
            await radio.configure(waiting_for("010203"))


async def test_a_full_source_match_table_tells_everybody_that_frames_wait(
    double: RcpDouble,
) -> None:
    short, enabled = Property.MAC_SRC_MATCH_SHORT_ADDRESSES, Property.MAC_SRC_MATCH_ENABLED
    async with opened(double) as radio:
        await radio.configure(waiting_for("0001"))
        double.faults.refuses[short] = Status.NOMEM
        await radio.configure(waiting_for("0001", "0002"))
        assert double.properties[enabled] == b"\0"
        double.faults.refuses.clear()
        await radio.configure(waiting_for("0002"))  # what it had is not known any more
        assert double.lists[short] == {b"\2\0"}
        assert double.properties[enabled] == b"\1"
        double.faults.refuses[short] = Status.INVALID_ARGUMENT
        with pytest.raises(RadioRefused, match="INVALID_ARGUMENT"):
            await radio.configure(waiting_for("0003"))
        assert radio.settings == waiting_for("0002")


@pytest.mark.parametrize(
    ("changed", "requests"),
    [({}, 0), ({"pan_id": 0x1234}, 1), ({"ack_pending": True}, 1), ({"channel": 15}, 2)],
)
async def test_only_what_has_changed_is_told(
    double: RcpDouble, changed: dict[str, int], requests: int
) -> None:
    async with opened(double) as radio:
        double.asked.clear()
        settings = RadioSettings()
        await radio.configure(replace(settings, **changed))  # type: ignore[arg-type]
        assert len(double.asked) == requests


# Sending


async def test_the_outcome_tells_how_it_ended(double: RcpDouble) -> None:
    async with opened(double) as radio:
        outcome = await radio.transmit(WITH_ACK, TransmitParameters(channel=15))
        assert outcome.ack is not None
        assert (outcome.ack.psdu, outcome.ack.fcs) == (b"\x02\0\x02", Fcs.GOOD)
        assert double.on_air == [(15, WITH_ACK)]
        double.deaf = True
        outcome = await radio.transmit(WITH_ACK, TransmitParameters(max_frame_retries=2))
        assert outcome.status is TransmitStatus.NO_ACK
        assert double.on_air[1:] == [(11, WITH_ACK)] * 3
        for status, wanted in (
            (Status.CCA_FAILURE, TransmitStatus.CHANNEL_ACCESS_FAILURE),
            (Status.BUSY, TransmitStatus.ABORTED),
        ):
            double.faults.refuses[Property.STREAM_RAW] = status
            outcome = await radio.transmit(FRAME)
            assert outcome.status is wanted
        assert outcome.reason == "BUSY"
        with pytest.raises(RadioError, match="no channel 27"):
            await radio.transmit(FRAME, TransmitParameters(channel=27))


@pytest.mark.usefixtures("impatient")
async def test_a_frame_without_result_is_an_error_and_the_next_one_goes_out(
    double: RcpDouble,
) -> None:
    async with opened(double) as radio:
        double.faults.silent.add(Property.STREAM_RAW)
        with pytest.raises(RadioError, match="no answer to STREAM_RAW"):
            await radio.transmit(FRAME)
        double.faults.silent.clear()
        assert (await radio.transmit(FRAME)).status is TransmitStatus.SUCCESS


async def test_a_cancelled_transmission_is_not_overwritten_by_the_next(double: RcpDouble) -> None:
    async with opened(double) as radio:
        double.delay = 0.05
        with pytest.raises(TimeoutError):
            async with asyncio.timeout(0.01):
                await radio.transmit(FRAME)
        assert (await radio.transmit(WITH_ACK)).status is TransmitStatus.SUCCESS
        assert [psdu for _, psdu in double.on_air] == [FRAME, WITH_ACK]


@pytest.mark.usefixtures("impatient")
async def test_answers_that_come_twice_too_late_or_uncalled_are_dropped(double: RcpDouble) -> None:
    async with opened(double) as radio:
        double.faults.twice = True
        assert await radio.rssi() == -98
        assert await radio.get(Property.PHY_CHAN) == b"\x0b"
        double.tell(Property.PHY_RSSI, b"\0", tid=9)
        double.faults.silent.add(Property.PHY_RSSI)
        with pytest.raises(RadioError, match="no answer to PHY_RSSI"):
            await radio.rssi()
        double.tell(Property.PHY_RSSI, b"\1", tid=double.asked[-1].tid)
        assert await radio.get(Property.PHY_CHAN) == b"\x0b"
        await until(lambda: radio.requests.stale >= 4)


async def test_an_echo_is_no_answer() -> None:
    written = list[bytes]()
    requests = rcp_requests.Requests("spinel:loop", 0, written.append)
    answer = await requests.send(Command.PROP_VALUE_GET, Property.PHY_RSSI, b"", 0.02)
    requests.take(decode_spinel(written[0]))
    assert requests.stale == 1
    with pytest.raises(RadioError, match="no answer to PHY_RSSI"):
        await answer


async def test_more_requests_than_tids_wait_for_one(double: RcpDouble) -> None:
    async with opened(double) as radio:
        requests = radio.requests
        ask = [requests.ask(Command.PROP_VALUE_GET, Property.PHY_RSSI) for _ in range(40)]
        assert await asyncio.gather(*ask) == [b"\x9e"] * 40


# Logs, energy


async def test_its_log_is_passed_on_in_bounds(double: RcpDouble) -> None:
    async with opened(double) as radio:
        double.tell(Property.STREAM_DEBUG, b"Framing error 6: [")
        double.tell(Property.STREAM_DEBUG, b"81 01 FF FF FF]\n")
        assert (await notice_of(radio, Happening.SAID)).text == "Framing error 6: [81 01 FF FF FF]"
        double.tell(Property.STREAM_LOG, b"[C] \x1b[31mcrashed\0\1\0")
        assert (await notice_of(radio, Happening.SAID)).text == "[C] ?[31mcrashed"
        for _ in range(500):
            double.tell(Property.STREAM_DEBUG, b"x" * 150 + b"\xff")
        await until(lambda: radio.log.left_out > 0)
        await double.hear(ReceivedFrame(FRAME, Fcs.GOOD))
        said = 0
        async with asyncio.timeout(PATIENCE):
            while isinstance(await radio.next_event(), RadioNotice):
                said += 1
        assert said < 100


async def test_logs_between_request_and_answer_harm_nothing(double: RcpDouble) -> None:
    double.faults.logs = True
    async with opened(double, "?log=4") as radio:
        assert double.properties[Property.DEBUG_NCP_LOG_LEVEL] == b"\4"
        assert (await radio.transmit(WITH_ACK)).status is TransmitStatus.SUCCESS


async def test_energy_is_measured_and_its_limits_refused(double: RcpDouble) -> None:
    async with opened(double) as radio:
        assert await radio.measure_energy(20, 5) == -30
        with pytest.raises(RadioError, match="no channel 27"):
            await radio.measure_energy(27, 5)
        with pytest.raises(FieldOutOfRange):
            await radio.measure_energy(20, 0)


@pytest.mark.usefixtures("impatient")
async def test_energy_that_never_comes_is_an_error(double: RcpDouble) -> None:
    async with opened(double) as radio:
        double.faults.silent.add(Property.MAC_SCAN_STATE)
        with pytest.raises(RadioError, match="no answer to MAC_SCAN_STATE"):
            await radio.measure_energy(20, 5)
        double.faults.silent.clear()
        assert await radio.measure_energy(20, 5) == -30


async def test_messages_of_other_interfaces_are_not_ours(double: RcpDouble) -> None:
    async with opened(double) as radio:
        before = radio.statistics.damaged
        await double.garbage(bytes.fromhex("7e9806000626447e"))  # recorded: interface 1
        assert await radio.rssi() == -98
        assert radio.statistics.damaged == before
        assert radio.requests.stale == 0


async def test_the_radios_clock_can_be_read(double: RcpDouble) -> None:
    async with opened(double) as radio:
        first = await radio.timestamp_us()
        assert first <= await radio.timestamp_us()


async def test_a_short_soak_loses_no_good_frame() -> None:
    result = await soak(20_000)
    assert result.delivered == 20_000
    assert result.in_order
    assert result.damaged + result.garbage > 100
