"""What goes wrong is said on standard error: one line of cause, one of cure where one is known."""

import sys

from lowpan.errors import LowpanError


class CommandError(LowpanError):
    """Something that the user can mend."""

    def __init__(self, cause: str, cure: str = "") -> None:
        super().__init__(cause)
        self.cure = cure
        """What to do about it."""


def report(cause: str, cure: str = "") -> None:
    """Print both lines; nobody may be there to read them."""
    for line in (cause, cure):
        if line and sys.stderr is not None:
            print(f"lowpan: {' '.join(line.split())}", file=sys.stderr)
