"""Lines of octets: a serial port, a TCP connection or an open descriptor, read in blocks.

Which one follows from the target of the URI: `/dev/ttyACM0` or `COM3`, `tcp://host:port`, `fd:5`.
"""

from collections.abc import Callable
from typing import Protocol

from lowpan.errors import RadioError
from lowpan.radio import RadioUri

STREAM_PARAMETERS = ("baudrate", "rtscts", "xonxoff")
"""Parameters of the URI that open_stream() understands."""


class Stream(Protocol):
    """An open line of octets, both ways."""

    def start(self, on_octets: Callable[[bytes], None], on_lost: Callable[[str], None]) -> None:
        """Call `on_octets` with each block that comes in, and once `on_lost` with why it ended.

        Both are called by the event loop; never after close().
        """
        ...

    def write(self, octets: bytes) -> None:
        """Send octets in their order, as fast as the line takes them; never waits.

        Raises RadioError if more than a megabyte waits: the other end takes nothing.
        """
        ...

    def close(self) -> None:
        """Give it back at once; octets that still wait are dropped."""
        ...


async def open_stream(uri: RadioUri, baudrate: int) -> Stream:
    """Open the line that `uri` names, at `baudrate` unless it says otherwise; raise RadioError."""
    raise RadioError(f"{uri.text}: {baudrate}")
