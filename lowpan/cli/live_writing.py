"""Where live frames are written: pcapng files and pipes, with what the radio says of each."""

import os
import select
import shutil
import subprocess
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any

from lowpan.capture.linktype import WITH_TAP, octets_of
from lowpan.capture.record import Interface, Record
from lowpan.capture.writer import CaptureWriter, open_writer
from lowpan.cli.report import CommandError
from lowpan.radio import Fcs, ReceivedFrame

_MAC_WIRESHARK = Path("/Applications/Wireshark.app/Contents/MacOS/Wireshark")


class LiveCopies:
    """Captures that get each frame of a radio at once; none, if no `add...` was called.

    `files` closes them.  The methods raise CommandError for what cannot be opened,
    BrokenPipeError when a reader has gone, CaptureError when a file cannot be written.
    """

    def __init__(self, name: str, description: str, files: ExitStack) -> None:
        self._interface = Interface(WITH_TAP, name=name, description=description)
        self._files = files
        self._writers: list[CaptureWriter] = []
        self._opened: list[Any] = []

    def add(self, target: str) -> None:
        """Begin a capture at a path, or `-` for standard output."""
        if target == "-":
            self._begin("-", sys.stdout)
            return
        try:
            file = self._files.enter_context(Path(target).open("wb", buffering=0))  # noqa: SIM115
        except (OSError, ValueError) as error:  # ValueError: a NUL in the path
            cause = f"{target}: {getattr(error, 'strerror', error)}"
            raise CommandError(cause, "name a file that can be written") from error
        self._begin(file, file)

    def add_wireshark(self, path: str) -> None:
        """Start Wireshark on a pipe; it stays, with its frames, when we end."""
        command = [path, "-k", "-i", "-"]
        try:
            process = subprocess.Popen(
                command, stdin=subprocess.PIPE, bufsize=0, start_new_session=True
            )
        except OSError as error:
            raise CommandError(f"--wireshark: {path}: {error.strerror}", "reinstall it") from error
        if process.stdin is not None:
            self._begin(self._files.enter_context(process.stdin), process.stdin)

    def _begin(self, target: Any, file: Any) -> None:
        writer = open_writer(target, interface=self._interface, flush_each=True)
        self._writers.append(self._files.enter_context(writer))
        self._opened.append(file)

    def write(self, number: int, frame: ReceivedFrame, comments: tuple[str, ...]) -> int:
        """Write a frame to all; return the octets of its record, written or not."""
        octets = octets_of(frame, WITH_TAP)
        length = len(octets)
        if self._writers:
            if frame.fcs is Fcs.BAD and not frame.fcs_octets:  # for which TAP has no word
                comments = (*comments, "bad FCS, says the radio, and keeps it")
            record = Record(number, frame.time_ns, octets, length, self._interface, comments)
            for writer in self._writers:
                writer.copy(record)
        return length

    def check(self) -> None:
        """Raise BrokenPipeError if a reader has gone, though there is nothing to write."""
        if any(map(reader_is_gone, self._opened)):
            raise BrokenPipeError


def reader_is_gone(file: Any) -> bool:
    """Tell whether `file` is a pipe that nobody reads from any more, as far as that can be seen."""
    if not hasattr(select, "poll"):  # Windows
        return False
    try:
        number = file.fileno()
    except (AttributeError, OSError, ValueError):  # a test's
        return False
    poll = select.poll()
    poll.register(number, 0)
    return any(events & (select.POLLERR | select.POLLNVAL) for _, events in poll.poll(0))


def find_wireshark() -> str:
    """Return the path of Wireshark; raise CommandError."""
    path = shutil.which("wireshark")
    if path is None and sys.platform == "darwin" and _MAC_WIRESHARK.exists():
        path = os.fspath(_MAC_WIRESHARK)
    if path is None:
        cure = "install it from your system's packages, or write to a file with -w FILE"
        raise CommandError("--wireshark: there is no program wireshark in PATH", cure)
    return path
