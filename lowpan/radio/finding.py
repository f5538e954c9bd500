"""Radios that this machine may have, as installed finders tell; nothing is opened to find them."""

from collections.abc import Awaitable, Callable, Iterable
from dataclasses import dataclass
from importlib.metadata import entry_points

FINDERS = "lowpan.radio_finders"
"""Entry-point group of functions without arguments that return FoundRadio values."""

PROBERS = "lowpan.radio_probers"
"""Entry-point group, by FoundRadio.kind, of coroutines that ask the one at a URI who it is."""


@dataclass(frozen=True, slots=True)
class FoundRadio:
    """A radio, or a port at which one may be."""

    uri: str
    """What open_radio() opens it by; for ports the name that lasts."""
    description: str
    """What it is, or probably is, for people."""
    kind: str
    """`serial` for ports that can be probed; otherwise what the driver calls it."""
    name: str = ""
    """What the system calls it now, such as `/dev/ttyACM0` or `wpan0`."""
    hardware: str = ""
    """USB ids as `1915:154B`; empty where there are none."""
    held_by: str = ""
    """Which other process has it open, as far as we may see."""
    trouble: str = ""
    """What else would stop us from opening it; empty if nothing is known to."""
    cure: str = ""
    """What to do about `held_by` or `trouble`, one line."""


@dataclass(frozen=True, slots=True)
class Firmware:
    """Who has answered at a port."""

    uri: str
    """What opens it without any more probing, such as `spinel:/dev/ttyACM0?baudrate=460800`."""
    description: str


Finder = Callable[[], Iterable[FoundRadio]]
Prober = Callable[[str], Awaitable[Firmware]]


def find_radios() -> list[FoundRadio]:
    """Return what all installed finders find, in the order of their names."""
    points = sorted(entry_points(group=FINDERS), key=lambda point: point.name)
    return [radio for point in points for radio in point.load()()]


async def probe_radio(radio: FoundRadio) -> Firmware | None:
    """Ask the firmware who it is, harmlessly; None where that is known without asking.

    Raises RadioError if nobody answers, or another process has the port open.
    """
    for point in entry_points(group=PROBERS, name=radio.kind):
        prober: Prober = point.load()
        return await prober(radio.uri)
    return None
