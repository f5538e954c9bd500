"""Output: lines to standard output in large pieces, or at once where somebody watches."""

import os
import sys
from types import TracebackType
from typing import Self

from lowpan.cli.report import CommandError

MOST_LINES = 512
"""Lines that wait at most until they are written together."""


class Output:
    """Standard output for lines of text.

    Lines wait for others, for a system call costs more than making a line, except on a terminal.
    flush() hands them over; it raises BrokenPipeError when the reader has gone, and CommandError
    when there is no room for them.
    """

    def __init__(self) -> None:
        self._stream = sys.stdout
        self.is_terminal = self._stream is not None and self._stream.isatty()
        self._encoding = getattr(self._stream, "encoding", None) or "utf-8"
        self.most_lines = 1 if self.is_terminal else MOST_LINES
        self.lines: list[str] = []
        """Those that wait; who adds to them calls flush() when they are `most_lines`."""

    def line(self, text: str) -> None:
        """Write one line, soon."""
        self.lines.append(text)
        if len(self.lines) >= self.most_lines:
            self.flush()

    def flush(self) -> None:
        """Write what waits."""
        if self.lines and self._stream is not None:
            self.lines.append("")
            text = "\n".join(self.lines)
            self.lines.clear()
            try:
                self._stream.buffer.write(text.encode(self._encoding, "backslashreplace"))
                self._stream.buffer.flush()
            except BrokenPipeError:
                raise
            except OSError as error:
                abandon_standard_output()
                raise CommandError(f"standard output: {error.strerror or error}") from error

    def __enter__(self) -> Self:
        """Return the output itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> bool:
        """Write what waits; whoever interrupts or stops listening has what was written."""
        try:
            if kind is None or not issubclass(kind, BrokenPipeError):
                self.flush()
        except BrokenPipeError as gone:
            error = gone
        if isinstance(error, BrokenPipeError):
            abandon_standard_output()
        return isinstance(error, BrokenPipeError | KeyboardInterrupt)


def abandon_standard_output() -> None:
    """Let the interpreter's last flush go nowhere, so that it does not complain of the pipe."""
    try:
        number = sys.stdout.fileno()
    except (AttributeError, OSError, ValueError):  # a test's
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, number)
    os.close(nowhere)
