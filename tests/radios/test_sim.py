"""`sim:`: a radio in a simulated network that runs while it listens."""

import asyncio
from pathlib import Path

import pytest

import lowpan
from lowpan.cli import run
from lowpan.errors import RadioClosed, RadioError
from lowpan.radio import Radio, RadioNotice, TransmitStatus, open_radio
from lowpan_radios.sim import MOST_AHEAD, SimRadioOfScenario

SCENARIO = """
title = "Three"
duration = "60 s"
[network]
channel = 20
key = "00112233445566778899aabbccddeeff"
mle = true
[[nodes]]
name = "n"
count = 3
[[traffic]]
from = "n"
to = "all"
every = "1 s"
"""
PLAIN = """
duration = "30 s"
[[nodes]]
name = "n"
count = 2
"""


@pytest.fixture
def scenario(tmp_path: Path) -> str:
    path = tmp_path / "three.toml"
    path.write_text(SCENARIO)
    return f"sim:{path}"


async def _all_of(radio: Radio) -> None:
    while True:
        await radio.receive()


async def test_it_hears_the_network_and_ends_with_it(scenario: str) -> None:
    async with await open_radio(f"{scenario}?speed=max") as radio:
        assert radio.settings.channel == 20
        heard = [await radio.receive() for _ in range(100)]
        times = [frame.time_ns or 0 for frame in heard]
        assert times == sorted(times)
        with pytest.raises(RadioClosed):
            await _all_of(radio)
    assert radio.statistics.frames > 150


async def test_time_passes_as_fast_as_asked(scenario: str) -> None:
    async with await open_radio(f"{scenario}?speed=100") as radio:
        first = await radio.receive()
        while (frame := await radio.receive()).time_ns is None or (frame.time_ns or 0) - (
            first.time_ns or 0
        ) < 20_000_000_000:
            pass
    assert frame.rssi is not None
    assert -70 < frame.rssi < -20


def test_sniff_decrypts_it(scenario: str, capsys: pytest.CaptureFixture[str]) -> None:
    key = "00112233445566778899aabbccddeeff"
    assert run(["sniff", f"{scenario}?speed=max", "-c", "60", "--key", key]) == 0
    printed = capsys.readouterr()
    assert "Link Request" in printed.out
    assert "UDP" in printed.out
    assert " 0 with bad FCS, 0 undecrypted\n" in printed.err


async def test_a_node_of_ours_lives_in_it(tmp_path: Path) -> None:
    path = tmp_path / "plain.toml"
    path.write_text(PLAIN)
    settings = {"channel": 15, "pan_id": 0xBEEF}
    async with lowpan.Node(f"sim:{path}?speed=1&at=5,5", **settings) as node:  # type: ignore[arg-type]
        answer = await node.ping("fe80::1", timeout=5)
    assert answer.hop_limit == 64


@pytest.mark.parametrize(
    "parameters", ["speed=0", "speed=fast", "at=here", "at=1", "channel=5", "pace=1"]
)
async def test_what_makes_no_sense_is_told(scenario: str, parameters: str) -> None:
    with pytest.raises(RadioError):
        await open_radio(f"{scenario}?{parameters}")


async def test_a_scenario_that_is_not_there_is_told() -> None:
    with pytest.raises(RadioError) as caught:
        await open_radio("sim:nowhere.toml")
    assert "examples/office.toml" in caught.value.cure


BUSY = """
duration = "2 s"
[[nodes]]
name = "n"
count = 2
[[traffic]]
from = "n"
to = "all"
every = "5 ms"
"""


@pytest.fixture
def busy(tmp_path: Path) -> str:
    path = tmp_path / "busy.toml"
    path.write_text(BUSY)
    return f"sim:{path}"


async def test_a_measurement_longer_than_the_scenario_ends_with_it(busy: str) -> None:
    async with asyncio.timeout(20), await open_radio(f"{busy}?speed=10") as radio:
        with pytest.raises(RadioClosed):
            await radio.measure_energy(15, 60_000)


async def test_who_only_sends_need_not_fetch_what_is_heard(busy: str) -> None:
    async with asyncio.timeout(20), await open_radio(f"{busy}?speed=max") as radio:
        await asyncio.sleep(0.5)  # it goes on until so many frames wait, in a tenth of that
        assert radio.statistics.frames >= MOST_AHEAD
        outcome = await radio.transmit(bytes.fromhex("010801ffffffff") + bytes(20))
        assert outcome.status is TransmitStatus.SUCCESS


async def test_a_world_that_fails_ends_the_radio_and_says_why(busy: str) -> None:
    def fail() -> None:
        raise ValueError("no such thing")

    async with asyncio.timeout(20), await open_radio(f"{busy}?speed=10") as radio:
        assert isinstance(radio, SimRadioOfScenario)
        radio.run.world.schedule.at(100_000, fail)
        event: object = None
        while not isinstance(event, RadioNotice):
            event = await radio.next_event()
        assert "no such thing" in event.text
        with pytest.raises(RadioClosed):
            await radio.next_event()


@pytest.mark.parametrize("place", ["nan,0", "0,inf", "1e300,1", "1", "a,b"])
async def test_a_place_that_is_none_is_refused(busy: str, place: str) -> None:
    with pytest.raises(RadioError):
        await open_radio(f"{busy}?at={place}")
