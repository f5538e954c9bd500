"""Commands that run until somebody interrupts them."""

import asyncio
import signal
from collections.abc import Callable, Coroutine, Generator
from contextlib import contextmanager, suppress
from threading import current_thread, main_thread
from typing import Any


async def until_interrupted(job: Coroutine[Any, Any, None]) -> bool:
    """Do `job`; Ctrl-C and SIGTERM cancel it, so that its `finally` has its turn.

    Return whether that happened; raise what the job raises.
    """
    task = asyncio.ensure_future(job)
    interrupted = False

    def interrupt() -> None:
        nonlocal interrupted
        interrupted = True
        task.cancel()

    with _signalled(interrupt):
        try:
            await asyncio.wait({task})
        finally:  # we are cancelled ourselves, where there are no signals to ask for
            task.cancel()
            await asyncio.wait({task})
    if not task.cancelled():
        task.result()
    return interrupted


@contextmanager
def _signalled(interrupt: Callable[[], None]) -> Generator[None]:
    """Let signals call `interrupt`, where the system and the thread allow to ask for them."""
    loop, asked = asyncio.get_running_loop(), list[signal.Signals]()
    if current_thread() is main_thread():
        for number in (signal.SIGINT, signal.SIGTERM):
            with suppress(NotImplementedError):  # Windows
                loop.add_signal_handler(number, interrupt)
                asked.append(number)
    try:
        yield
    finally:
        for number in asked:
            loop.remove_signal_handler(number)
