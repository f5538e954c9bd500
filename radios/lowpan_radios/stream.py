"""Lines of octets: a serial port, a TCP connection or an open descriptor, read in blocks.

Which one follows from the target of the URI: `/dev/ttyACM0` or `COM3`, `tcp://host:port`, `fd:5`.
"""

from collections.abc import Callable
from dataclasses import replace
from typing import Protocol

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

    def set_baudrate(self, baudrate: int) -> None:
        """Go on at another speed; raise RadioError if the port has not that.

        Lines without speed do nothing.
        """
        ...

    def close(self) -> None:
        """Give it back at once; octets that still wait are dropped."""
        ...


async def open_stream(uri: RadioUri, baudrate: int) -> Stream:
    """Open the line that `uri` names, at `baudrate` unless it says otherwise; raise RadioError.

    A serial port is taken for us alone: who opens it as well is refused, and so are we.
    """
    if uri.target.startswith("tcp:"):
        from lowpan_radios.tcp_line import open_tcp  # noqa: PLC0415  (only what is asked for)

        return await open_tcp(uri)
    if uri.target.startswith("fd:"):
        from lowpan_radios.descriptor_line import open_descriptor  # noqa: PLC0415

        return open_descriptor(uri)
    from lowpan_radios.serial_line import open_serial  # noqa: PLC0415

    return open_serial(uri, baudrate)


def lasting(uri: RadioUri) -> RadioUri:
    """Return `uri` by the name that its port keeps when it is unplugged and plugged in again.

    To be called while it is plugged in; a port without such a name keeps the one it has.
    """
    if uri.target.startswith(("tcp:", "fd:")):
        return uri
    from lowpan_radios.port_names import lasting_name  # noqa: PLC0415

    return replace(uri, target=lasting_name(uri.target))
