"""`lowpan sniff RADIO`: what it says of radios that do as the test says."""

import asyncio
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest

from lowpan.capture.reader import open_records
from lowpan.cli import live, live_frames
from lowpan.cli.live_counts import Silence
from lowpan.errors import RadioError
from lowpan.radio import Happening, RadioCapability, RadioSettings
from tests.cli.sniffed import Sniff, scripting, sniffing
from tests.peers.scripted import Script, ScriptedRadio, install


@pytest.fixture(autouse=True)
def no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("LOWPAN_KEYS", raising=False)


@pytest.fixture
def sniff(capfd: pytest.CaptureFixture[str]) -> Sniff:
    return sniffing(capfd)


@pytest.fixture
def scripted(monkeypatch: pytest.MonkeyPatch) -> Callable[[Script], ScriptedRadio]:
    return scripting(monkeypatch)


async def two_frames(radio: ScriptedRadio) -> None:
    radio.hear(1)
    radio.hear(2)


def test_it_says_who_answered_where_it_listens_and_what_it_heard(
    sniff: Sniff, scripted: Callable[[Script], ScriptedRadio]
) -> None:
    scripted(two_frames)
    status, shown, said = sniff("scripted:", "--channel", 20)
    assert status == 0
    assert [line.split()[:6] for line in shown.splitlines()] == [
        ["1", "0.000000", "ch", "20", "-60", "dBm"],
        ["2", "0.001000", "ch", "20", "-60", "dBm"],
    ]
    assert said[0] == "scripted:: scripted 1.0; listens on channel 20"
    assert said[1].startswith("2 frames in ")
    assert said[1].endswith(" s, 0 with bad FCS, 0 undecrypted")
    assert len(said) == 2


def test_it_hops(sniff: Sniff, scripted: Callable[[Script], ScriptedRadio]) -> None:
    async def script(radio: ScriptedRadio) -> None:
        for number in range(1, 5):
            await radio.until(lambda: len(radio.tuned) > number)  # noqa: B023 - awaited here
            radio.hear(number)

    radio = scripted(script)
    fields = ["-T", "fields", "-e", "wpan-tap.ch_num"]
    status, shown, said = sniff("scripted:", "--channel", "15,20", "--hop", "10ms", *fields)
    assert status == 0
    assert shown.split() == ["15", "20", "15", "20"]
    assert said[0] == "scripted:: scripted 1.0; listens on channels 15, 20, 10 ms on each"
    assert said[-1].endswith("; by channel 15: 2, 20: 2")
    assert radio.tuned[:5] == [15, 15, 20, 15, 20]


async def unplugged(radio: ScriptedRadio) -> None:
    radio.hear(1)
    radio.happens(Happening.LOST, "the line is gone")
    radio.happens(Happening.SAID, "boot\x1b[2J")
    radio.happens(Happening.RETURNED, "scripted 1.0")
    radio.hear(2)
    radio.happens(Happening.RESET, "watchdog")
    radio.hear(3)
    radio.hear(4)


def test_unplugging_is_told_and_marked_in_the_capture(
    sniff: Sniff, scripted: Callable[[Script], ScriptedRadio], tmp_path: Path
) -> None:
    scripted(unplugged)
    path = tmp_path / "heard.pcapng"
    status, _, said = sniff("scripted:", "-w", path)
    assert status == 0
    assert said[1:-1] == [
        "scripted:: radio lost: the line is gone",
        "scripted:: radio returned: scripted 1.0",
        "scripted:: radio reset: watchdog",
    ]
    assert said[-1].endswith("lost and back 1 times, 1 resets")
    comments = [record.comments for record in open_records(path)]
    assert comments == [
        (),
        ("radio lost: the line is gone", "radio returned after 0.0 s: scripted 1.0"),
        ("radio reset: watchdog",),
        (),
    ]


def test_the_firmware_s_log_is_told_if_all_is_wanted_and_gives_the_terminal_no_orders(
    sniff: Sniff, scripted: Callable[[Script], ScriptedRadio]
) -> None:
    scripted(unplugged)
    _, _, said = sniff("scripted:", "-v")
    assert "scripted:: radio said: boot\\x1b[2J" in said


def test_silence_is_explained(
    sniff: Sniff, scripted: Callable[[Script], ScriptedRadio], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "Silence", partial(Silence, first=0.05))
    monkeypatch.setattr(live_frames, "TICK_S", 0.01)

    async def script(radio: ScriptedRadio) -> None:
        radio.statistics.octets = 123
        await asyncio.sleep(0.1)  # what is tested is that time passes
        radio.hear(1)

    scripted(script)
    status, _, said = sniff("scripted:", "--channel", 15)
    assert status == 0
    assert said[1:3] == [
        "no frame for 0 s: 123 octets from the radio, unknown how many frames dropped, "
        "channel 15, page 0, promiscuous, so without filter",
        "the network may be on another channel: --channel 11-26 --hop 2s listens on all,"
        " `lowpan scan` asks on all",
    ]
    assert len(said) == 4


def test_a_radio_that_fails_for_good_is_cause_and_cure(
    sniff: Sniff, scripted: Callable[[Script], ScriptedRadio], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def script(radio: ScriptedRadio) -> None:
        radio.hear(1)

    radio = scripted(script)
    real, calls = radio.next_event, iter([True])

    async def failing() -> object:
        if next(calls, False):
            return await real()
        raise RadioError("scripted:: burnt", "buy another")

    monkeypatch.setattr(radio, "next_event", failing)
    status, shown, said = sniff("scripted:")
    assert status == 2
    assert shown.count("\n") == 1
    assert said[-2:] == ["scripted:: burnt", "buy another"]


def test_silence_is_counted_anew_when_the_radio_is_back(
    sniff: Sniff,
    scripted: Callable[[Script], ScriptedRadio],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    begun = list[float]()

    class Recorded(Silence):
        def heard(self, now: float) -> None:
            begun.append(now)

    async def script(radio: ScriptedRadio) -> None:
        radio.happens(Happening.SAID, "hello")
        radio.happens(Happening.LOST, "unplugged")
        radio.happens(Happening.RETURNED, "tuned as before")

    monkeypatch.setattr(live, "Silence", Recorded)
    scripted(script)
    assert sniff("scripted:")[0] == 0
    assert len(begun) == 2


def test_settings_of_a_radio_that_filters_are_told(
    sniff: Sniff, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(live, "Silence", partial(Silence, first=0.0))

    async def script(radio: ScriptedRadio) -> None:
        radio.statistics.filtered = 7
        radio.statistics.dropped_by_radio = 3
        radio.happens(Happening.SAID, "hello")

    radio = ScriptedRadio("scripted:", script, capabilities=RadioCapability.TRANSMIT)
    radio.settings = RadioSettings(promiscuous=False, pan_id=0xABCD, short_address=1)
    install(monkeypatch, radio)
    _, _, said = sniff("scripted:")
    assert said[1] == (
        "no frame for 0 s: 0 octets from the radio, 7 frames for others left out, "
        "3 frames dropped, channel 11, page 0, "
        "not promiscuous, filter: PAN 0xabcd, short address 0x0001"
    )
    assert said[2].startswith("the filter may leave out")
