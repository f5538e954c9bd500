"""Signals that end the listening to a radio."""

import signal
from collections.abc import Generator
from contextlib import contextmanager
from threading import current_thread, main_thread


@contextmanager
def terminated_as_interrupted() -> Generator[None, None, None]:
    """Let SIGTERM end the command as Ctrl-C does: with a whole file, and the summary."""
    if current_thread() is not main_thread():  # nobody else may ask for signals
        yield
        return
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
