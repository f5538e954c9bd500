"""What the contract test asks of the other side of a driver: a firmware, a kernel, a peer."""

from typing import Protocol

from lowpan.radio import ReceivedFrame


class Counterpart(Protocol):
    """Stands in for the firmware and the air behind it; written from its documents, faults too.

    It is started by an async context manager that the driver's test file gives to the contract.
    """

    uri: str
    """What open_radio() is to be called with."""
    shows: frozenset[str]
    """Fields of ReceivedFrame that this protocol carries, such as `rssi`."""
    acknowledges: bool
    """A frame that asks for an acknowledgement gets one unless `deaf` is set."""
    deaf: bool
    """Nobody answers what the driver sends."""
    on_air: list[tuple[int, bytes]]
    """Channel and PSDU (without FCS) of what the driver has sent."""

    @property
    def channel(self) -> int:
        """Return the channel that the driver has tuned it to."""
        ...

    async def hear(self, frame: ReceivedFrame) -> None:
        """Let the radio receive `frame`, as the protocol tells it."""
        ...

    async def garbage(self, octets: bytes) -> None:
        """Send octets that are no message; do nothing where there is no line of octets."""
        ...

    async def half_a_message(self) -> None:
        """Begin a message and do not end it."""
        ...

    async def unplug(self) -> None:
        """Go away as a pulled stick does."""
        ...

    async def plug_in(self) -> None:
        """Come back at the same stable name, with the settings of a fresh boot."""
        ...
