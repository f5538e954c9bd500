"""A progress bar on standard error, for long work whose results go elsewhere."""

import sys
from collections.abc import Callable, Generator, Iterable, Iterator
from contextlib import contextmanager

from lowpan.capture.decoded import DecodedFrame
from lowpan.capture.reader import Records

LEAST_SIZE = 2_000_000
"""Octets of a file that takes more than a moment."""
_EVERY = 256
"""Frames between two looks at how far it is."""


def watched(
    frames: Iterable[DecodedFrame], records: Records, *, wanted: bool
) -> Iterable[DecodedFrame]:
    """Return `frames`, with a bar that shows how much of `records` was read if it is of use."""
    size = records.size
    if not wanted or not _is_seen() or size is None or size < LEAST_SIZE:
        return frames
    return _with_bar(frames, records, size)


def _with_bar(
    frames: Iterable[DecodedFrame], records: Records, size: int
) -> Iterator[DecodedFrame]:
    with bar(records.name, size) as advance:
        for number, decoded in enumerate(frames):
            if number % _EVERY == 0:
                advance(records.position)
            yield decoded


@contextmanager
def bar(title: str, total: int) -> Generator[Callable[[int], None]]:
    """Show a bar where somebody sees it; what it gives is told how much of `total` is done."""
    if not _is_seen():
        yield _nothing
        return
    from rich.console import Console  # noqa: PLC0415  (on terminals only)
    from rich.progress import Progress  # noqa: PLC0415

    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(title, total=total)

        def advance(done: int) -> None:
            progress.update(task, completed=done)

        yield advance


def _nothing(done: int) -> None:
    """Show nothing."""


def _is_seen() -> bool:
    return sys.stderr is not None and sys.stderr.isatty()
