"""What layer management is told once, and what it tells whoever runs it."""

from dataclasses import dataclass

from lowpan.errors import FieldOutOfRange
from lowpan.mac.association import Associated, NotAssociated
from lowpan.mac.coordinating import MOST_DEVICES, DeviceJoined, DeviceLeft
from lowpan.mac.membership import KEEP_ALIVE
from lowpan.mac.polling import ParentLost, PollSettings
from lowpan.mac.scanning import PanFound, ScanDone
from lowpan.mac.service import LinkAction


@dataclass(frozen=True, slots=True)
class ManagementSettings:
    """What a node is to its PAN; neither device nor coordinator: it has what it was told."""

    coordinator: bool = False
    """Let devices join us, if that is permitted."""
    device: bool = False
    """Join a PAN when asked to."""
    poll: PollSettings | None = None
    """How a device that sleeps asks for what waits; None: it listens all the time."""
    keep_alive: int = KEEP_ALIVE
    """Microseconds between two questions of a device that listens whether its coordinator is
    there."""
    most_devices: int = MOST_DEVICES

    def __post_init__(self) -> None:
        """Raise FieldOutOfRange for what nobody can be."""
        if self.coordinator and self.device:
            raise FieldOutOfRange("a coordinator has its own PAN, a device joins one")
        if self.poll is not None and not self.device:
            raise FieldOutOfRange("a sleeper needs a coordinator: it is a device")


PlaceChange = Associated | NotAssociated | ParentLost | DeviceJoined | DeviceLeft
"""What happens to us, or to our PAN."""
Answer = PlaceChange | PanFound | ScanDone
"""What management tells whoever runs it."""
ManagementAction = LinkAction | Answer
