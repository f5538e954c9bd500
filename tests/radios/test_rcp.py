"""The driver of radio co-processors at work: sending, answers, logs, energy."""

import asyncio
from collections.abc import AsyncGenerator

import pytest

from lowpan.errors import FieldOutOfRange, RadioError
from lowpan.radio import (
    Fcs,
    Happening,
    RadioNotice,
    ReceivedFrame,
    TransmitParameters,
    TransmitStatus,
)
from lowpan_radios import rcp_requests
from lowpan_radios.spinel import decode_spinel
from lowpan_radios.spinel_names import Command, Property, Status
from tests.peers.rcp import RcpDouble, rcp_on_pty
from tests.radios.contract_parts import PATIENCE, notice_of, until
from tests.radios.rcp_opened import FRAME, WITH_ACK, make_impatient, opened
from tests.radios.soak import soak


@pytest.fixture
async def double() -> AsyncGenerator[RcpDouble]:
    async with rcp_on_pty() as double:
        yield double


@pytest.fixture
def impatient(monkeypatch: pytest.MonkeyPatch) -> None:
    make_impatient(monkeypatch)


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
