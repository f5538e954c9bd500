"""A progress bar on standard error, for long files of which the frames go elsewhere."""

import sys
from collections.abc import Iterable, Iterator

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
    terminal = sys.stderr is not None and sys.stderr.isatty()
    if not wanted or not terminal or size is None or size < LEAST_SIZE:
        return frames
    return _with_bar(frames, records, size)


def _with_bar(
    frames: Iterable[DecodedFrame], records: Records, size: int
) -> Iterator[DecodedFrame]:
    from rich.console import Console  # noqa: PLC0415  (on terminals only)
    from rich.progress import Progress  # noqa: PLC0415

    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(records.name, total=size)
        for number, decoded in enumerate(frames):
            if number % _EVERY == 0:
                progress.update(task, completed=records.position)
            yield decoded
