import asyncio
import signal
import threading
from collections.abc import Iterator

import pytest

from lowpan.aio.live_radio import LiveRadio
from lowpan.aio.tuning import MOST_FAILURES, Tuning
from lowpan.errors import RadioClosed, RadioError
from lowpan.radio import Happening, RadioCapability, RadioNotice, ReceivedFrame
from tests.peers.scripted import Script, ScriptedRadio, install


@pytest.fixture(autouse=True)
def threads_are_ended() -> Iterator[None]:
    """Hold that no test leaves a thread behind."""
    before = set(threading.enumerate())
    yield
    assert set(threading.enumerate()) <= before


def scripted(monkeypatch: pytest.MonkeyPatch, script: Script) -> ScriptedRadio:
    return install(monkeypatch, ScriptedRadio("scripted:", script))


async def silent(_: ScriptedRadio) -> None:
    """Hear nothing, for ever."""
    await asyncio.Event().wait()


async def over(_: ScriptedRadio) -> None:
    """End at once."""


def everything(live: LiveRadio) -> list[ReceivedFrame | RadioNotice]:
    events: list[ReceivedFrame | RadioNotice] = []
    while True:
        try:
            events += live.take(5)
        except RadioClosed:
            return events


def test_frames_and_notices_come_in_their_order(monkeypatch: pytest.MonkeyPatch) -> None:
    async def script(radio: ScriptedRadio) -> None:
        radio.hear(1)
        radio.happens(Happening.LOST, "unplugged")
        radio.happens(Happening.RETURNED, "scripted 1.0")
        radio.hear(2)

    radio = scripted(monkeypatch, script)
    with LiveRadio("scripted:") as live:
        events = everything(live)
        assert not live.is_lost
    kinds = [e.psdu[2] if isinstance(e, ReceivedFrame) else e.happening for e in events]
    assert kinds == [1, Happening.LOST, Happening.RETURNED, 2]
    assert radio.is_closed
    assert radio.tuned == []  # nothing was asked for, and it is promiscuous already


def test_it_is_tuned_to_what_was_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    radio = scripted(monkeypatch, over)
    with LiveRadio("scripted:", Tuning((20,))) as live:
        everything(live)
        assert live.radio.settings.channel == 20
    assert radio.tuned == [20]


def test_a_radio_that_reads_back_another_channel_is_an_error(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    radio = scripted(monkeypatch, over)
    radio.stuck_on = 11
    with pytest.raises(RadioError, match="tuned to channel 20, page 0, and it says channel 11"):
        LiveRadio("scripted:", Tuning((20,))).__enter__()
    assert radio.is_closed


def test_a_channel_that_it_lacks_is_refused_before_anything_is_changed(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    radio = scripted(monkeypatch, over)
    with pytest.raises(RadioError, match="there is no channel 27") as caught:
        LiveRadio("scripted:", Tuning((15, 27))).__enter__()
    assert caught.value.cure == "it has 11-26"
    assert radio.tuned == []
    assert radio.is_closed


def test_a_radio_without_promiscuous_mode_is_not_asked_for_it(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    radio = ScriptedRadio("scripted:", over, capabilities=RadioCapability.TRANSMIT)
    install(monkeypatch, radio)
    with LiveRadio("scripted:", Tuning((15,))) as live:
        assert not live.radio.settings.promiscuous


def test_it_hops_over_the_channels_in_turn(monkeypatch: pytest.MonkeyPatch) -> None:
    async def script(radio: ScriptedRadio) -> None:
        await radio.until(lambda: len(radio.tuned) == 8)

    radio = scripted(monkeypatch, script)
    with LiveRadio("scripted:", Tuning((11, 15, 20), hop_s=0.002)) as live:
        everything(live)
    assert radio.tuned[:8] == [11, 11, 15, 20, 11, 15, 20, 11]  # the first one when it is opened


def test_hopping_ends_when_the_radio_refuses_again_and_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    radio = scripted(monkeypatch, silent)
    with LiveRadio("scripted:", Tuning((11, 15), hop_s=0.001)) as live:
        radio.refusals = 10**6
        with pytest.raises(RadioError, match="does not answer"):
            everything(live)
    assert len(radio.tuned) >= MOST_FAILURES


def test_hopping_waits_for_a_radio_that_is_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    async def script(radio: ScriptedRadio) -> None:
        radio.happens(Happening.LOST, "unplugged")
        radio.refusals = 4 * MOST_FAILURES
        await radio.until(lambda: not radio.refusals)
        radio.happens(Happening.RETURNED, "scripted 1.0")
        radio.hear(1)

    scripted(monkeypatch, script)
    with LiveRadio("scripted:", Tuning((11, 15), hop_s=0.001)) as live:
        kinds = [type(event) for event in everything(live)]
    assert kinds == [RadioNotice, RadioNotice, ReceivedFrame]


def test_a_radio_that_cannot_be_opened_leaves_nothing_behind() -> None:
    with pytest.raises(RadioError, match="no driver nosuch"):
        LiveRadio("nosuch:").__enter__()


def test_an_interrupted_opening_leaves_nothing_behind(monkeypatch: pytest.MonkeyPatch) -> None:
    radio = scripted(monkeypatch, over)

    async def hang(_: object) -> None:
        signal_now()
        await asyncio.Event().wait()

    def signal_now() -> None:
        main = threading.main_thread().ident
        assert main is not None
        signal.pthread_kill(main, signal.SIGINT)

    monkeypatch.setattr(radio, "_apply", hang)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # ignored in the background
    try:
        with pytest.raises(KeyboardInterrupt):
            LiveRadio("scripted:", Tuning((15,))).__enter__()
    finally:
        signal.signal(signal.SIGINT, before)
    assert radio.is_closed
