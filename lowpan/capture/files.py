"""Files: whatever a caller names as the source or the target of a capture."""

import os
import stat
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol

from lowpan.errors import CaptureError


class Readable(Protocol):
    """Anything that gives octets as a binary file does."""

    def read(self, size: int, /) -> bytes | None:
        """Return at most `size` octets, none at the end."""
        ...


class Writable(Protocol):
    """Anything that takes octets as a binary file does."""

    def write(self, octets: memoryview, /) -> int | None:
        """Take `octets`, or the first of them; return how many."""
        ...


Named = str | os.PathLike[str]
"""A path; or `-`, standard input or output."""


def open_source(source: Named | Readable) -> tuple[Readable, str, Callable[[], None]]:
    """Return a file to read, what to call it, and how to close it; raise CaptureError.

    What the caller has opened, and standard input, is not closed.
    """
    if isinstance(source, str | os.PathLike):
        if source != "-":
            return _open(source, "rb")
        if sys.stdin is None:  # a daemon's
            raise CaptureError("-: there is no standard input")
        return sys.stdin.buffer, "-", _leave_open
    return source, str(getattr(source, "name", "capture")), _leave_open


def open_target(target: Named | Writable) -> tuple[Writable, str, Callable[[], None]]:
    """Return a file to write, what to call it, and how to close it; raise CaptureError."""
    if isinstance(target, str | os.PathLike):
        if target != "-":
            return _open(target, "wb")
        if sys.stdout is None:  # a daemon's
            raise CaptureError("-: there is no standard output")
        sys.stdout.flush()
        return getattr(sys.stdout.buffer, "raw", sys.stdout.buffer), "-", _leave_open
    return target, str(getattr(target, "name", "capture")), _leave_open


def _open(path: Named, mode: str) -> tuple[Any, str, Callable[[], None]]:
    """Open without a buffer of Python's, so that octets pass a pipe as they come."""
    name = os.fspath(path)
    try:
        file = Path(name).open(mode, buffering=0)  # noqa: SIM115 - closed by who asked for it
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        raise CaptureError(f"{name}: {getattr(error, 'strerror', error)}") from error
    return file, name, file.close


def _leave_open() -> None:
    """Close nothing: the file is somebody else's."""


def status_of(file: Readable | Writable) -> os.stat_result | None:
    """Return what the system says of a file; None for what only looks like a file."""
    try:
        return os.fstat(getattr(file, "fileno")())  # noqa: B009 - no part of the protocols
    except (AttributeError, OSError):
        return None


def regular_size(file: Readable) -> int | None:
    """Return the octets of a regular file; None for anything else."""
    status = status_of(file)
    return status.st_size if status and stat.S_ISREG(status.st_mode) else None


def is_stream(file: Writable) -> bool:
    """Tell whether somebody may wait at the other end: of a pipe, a socket, a terminal."""
    status = status_of(file)
    return status is not None and not stat.S_ISREG(status.st_mode)
