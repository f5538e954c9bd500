"""A radio in a thread of its own: what waits, what ends it, what it leaves."""

import asyncio
import gc
import select
import threading
from collections.abc import AsyncGenerator, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest

from lowpan.errors import RadioClosed, RadioError
from lowpan.radio import (
    Fcs,
    RadioSettings,
    ReceivedFrame,
    TransmitOutcome,
    TransmitParameters,
    TransmitStatus,
)
from lowpan.radio.threaded import MOST_WAITING, ThreadedRadio
from tests.peers.given import GivenRadio, Open, opening

PATIENCE = 10.0


@pytest.fixture
def opens(monkeypatch: pytest.MonkeyPatch) -> Open:
    """Return what lets the next one open a certain radio."""
    return lambda radio: monkeypatch.setattr("lowpan.radio.threaded.open_radio", opening(radio))


@pytest.fixture(autouse=True)
def _no_thread_is_left() -> Iterator[None]:
    before = threading.active_count()
    yield
    assert threading.active_count() == before


def frame(number: int = 0) -> ReceivedFrame:
    return ReceivedFrame(number.to_bytes(4, "big"), Fcs.GOOD)


def readable(radio: ThreadedRadio) -> bool:
    return bool(select.select([radio], [], [], 0)[0])


def test_no_more_is_fetched_than_is_wanted_and_nothing_is_lost(opens: Open) -> None:
    radio = GivenRadio()
    count = 5 * MOST_WAITING
    radio.hears(*map(frame, range(count)))
    opens(radio)
    with ThreadedRadio("given:") as threaded:
        for number in range(count):
            assert threaded.next_event(PATIENCE) == frame(number)
            fetched = count - len(radio._events)  # pyright: ignore[reportPrivateUsage]
            assert fetched <= number + 1 + MOST_WAITING + 1
        assert not readable(threaded)


def test_waiting_has_an_end(opens: Open) -> None:
    opens(GivenRadio())
    with ThreadedRadio("given:") as threaded, pytest.raises(TimeoutError, match="given:"):
        threaded.next_event(0.01)


def test_it_is_readable_while_something_waits_and_after_the_end(opens: Open) -> None:
    opens(GivenRadio())
    with ThreadedRadio("given:") as threaded:
        threaded.offer(frame(1))
        threaded.offer(frame(2))
        for number in (1, 2):
            assert readable(threaded)
            assert threaded.next_event(PATIENCE) == frame(number)
        assert not readable(threaded)


def test_what_is_offered_and_heard_comes_once(opens: Open) -> None:
    radio, both = GivenRadio(), frame(1)
    radio.hears(both)
    opens(radio)
    with ThreadedRadio("given:") as threaded:
        assert threaded.next_event(PATIENCE) is both
        threaded.offer(both)
        assert not readable(threaded)


def test_what_nobody_fetches_is_not_kept(opens: Open) -> None:
    opens(GivenRadio())
    with ThreadedRadio("given:") as threaded:
        for number in range(3 * MOST_WAITING):
            threaded.offer(frame(number))
        for number in range(2 * MOST_WAITING):
            assert threaded.next_event(PATIENCE) == frame(number)
        assert not readable(threaded)


def test_closing_ends_a_transmission(opens: Open) -> None:
    radio = GivenRadio()
    radio.transmits_forever = True
    opens(radio)
    threaded = ThreadedRadio("given:")
    with ThreadPoolExecutor(1) as other:
        sending = other.submit(threaded.transmit, bytes(5))
        assert radio.asked.wait(PATIENCE)
        threaded.close()
        with pytest.raises(RadioClosed, match="given:: closed"):
            sending.result(PATIENCE)


def test_what_has_ended_can_still_be_fetched_and_used(opens: Open) -> None:
    radio = GivenRadio()
    radio.hears(frame(1))
    radio.fault = RadioError("given: burns")
    opens(radio)
    with ThreadedRadio("given:") as threaded:
        assert threaded.next_event(PATIENCE) == frame(1)
        for _ in range(2):
            with pytest.raises(RadioError, match="burns"):
                threaded.next_event(PATIENCE)
        assert readable(threaded)
        assert threaded.transmit(bytes(5)).status is TransmitStatus.SUCCESS


def test_after_closing_nothing_works(opens: Open) -> None:
    opens(GivenRadio())
    threaded = ThreadedRadio("given:")
    threaded.close()
    threaded.close()  # harmless
    for call in (
        threaded.next_event,
        lambda: threaded.transmit(bytes(5)),
        lambda: threaded.configure(RadioSettings()),
        lambda: threaded.measure_energy(11, 5),
    ):
        with pytest.raises(RadioClosed):
            call()
    assert threaded.fileno() == -1


def test_closing_is_raced_by_calls_from_elsewhere(
    opens: Open, caplog: pytest.LogCaptureFixture
) -> None:
    for _ in range(30):
        opens(GivenRadio())
        threaded = ThreadedRadio("given:")
        with ThreadPoolExecutor(4) as others:
            sending = [others.submit(threaded.transmit, bytes(5)) for _ in range(4)]
            threaded.close()
            for one in sending:
                error = one.exception(PATIENCE)
                assert error is None or isinstance(error, RadioClosed)
    gc.collect()
    assert caplog.records == []  # asyncio logs exceptions that nobody has heard of


class Lingering(GivenRadio):
    """Leaves an asynchronous generator behind, which the loop ends after all tasks."""

    def __init__(self) -> None:
        super().__init__()
        self.loop_ends, self.called = threading.Event(), threading.Event()
        self._left: AsyncGenerator[None] | None = None

    async def _close(self) -> None:
        self._left = self._lingering()
        await anext(self._left)
        await super()._close()

    async def _lingering(self) -> AsyncGenerator[None]:
        try:
            yield
        finally:
            self.loop_ends.set()
            self.called.wait(PATIENCE)

    async def transmit(
        self,
        psdu: bytes,
        parameters: TransmitParameters = TransmitParameters(),  # noqa: B008  (frozen)
    ) -> TransmitOutcome:
        await asyncio.Event().wait()
        raise AssertionError


def test_who_calls_while_the_loop_ends_is_told_so(
    opens: Open, caplog: pytest.LogCaptureFixture
) -> None:
    radio = Lingering()
    opens(radio)
    threaded = ThreadedRadio("given:")
    with ThreadPoolExecutor(2) as others:
        closing = others.submit(threaded.close)
        assert radio.loop_ends.wait(PATIENCE)
        sending = others.submit(threaded.transmit, bytes(5))
        while not threaded._calls and not sending.done():  # pyright: ignore[reportPrivateUsage]
            pass
        radio.called.set()
        assert isinstance(sending.exception(PATIENCE), RadioClosed)
        closing.result(PATIENCE)
    del threaded, closing, sending, radio
    opens(GivenRadio())
    gc.collect()
    assert caplog.records == []
