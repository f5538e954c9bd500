"""The terminal while a radio is listened to: a status line below whatever is printed."""

import os
import sys
from collections.abc import Callable
from time import monotonic
from typing import Any

from lowpan.capture.formats import printable
from lowpan.cli.output import Output
from lowpan.cli.report import report

_EVERY_S = 0.1
"""Seconds between two paintings of the status line at least."""


class StatusLine:
    """The last line of the terminal, on standard error; nothing where that is no terminal."""

    def __init__(self) -> None:
        stream = sys.stderr
        terminal = stream is not None and stream.isatty() and os.environ.get("TERM") != "dumb"
        self._console: Any = _console() if terminal else None
        self._text, self._is_shown, self._painted = "", False, 0.0

    @property
    def is_wanted(self) -> bool:
        """Whether there is a terminal to show it on."""
        return self._console is not None

    def show(self, make_text: Callable[[], str]) -> None:
        """Paint what `make_text` makes, if it is not too soon."""
        now = monotonic()
        if self._console is None or (self._is_shown and now - self._painted < _EVERY_S):
            return
        if now - self._painted >= _EVERY_S:
            self._text, self._painted = make_text(), now
        self.hide()
        _paint(self._console, self._text)
        self._is_shown = True

    def hide(self) -> None:
        """Make room for a line of text."""
        if self._is_shown:
            _erase(self._console)
            self._is_shown = False

    def tell(self, cause: str, cure: str = "") -> None:
        """Print lines to standard error; they may hold what a radio said."""
        self.hide()
        report(printable(cause), printable(cure))


class LiveOutput(Output):
    """Standard output that makes the status line step aside."""

    def __init__(self, status: StatusLine) -> None:
        super().__init__()
        self._status = status

    def flush(self) -> None:
        """Write what waits."""
        if self.lines and self.is_terminal:
            self._status.hide()
        super().flush()


def _console() -> Any:
    from rich.console import Console  # noqa: PLC0415  (on terminals only)

    return Console(stderr=True, highlight=False)


def _paint(console: Any, text: str) -> None:
    from rich.text import Text  # noqa: PLC0415

    line = Text(printable(text), style="reverse", no_wrap=True, end="")
    line.truncate(max(console.width - 1, 1), overflow="ellipsis")
    console.print(line, end="")


def _erase(console: Any) -> None:
    from rich.control import Control  # noqa: PLC0415
    from rich.segment import ControlType  # noqa: PLC0415

    console.control(Control(ControlType.CARRIAGE_RETURN, (ControlType.ERASE_IN_LINE, 2)))
