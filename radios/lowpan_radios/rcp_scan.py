"""One measurement of energy by a radio co-processor, from its notifications."""

import asyncio

from lowpan.errors import RadioError


class EnergyScan:
    """Waits for MAC_ENERGY_SCAN_RESULT of one channel and for the end of the scan."""

    def __init__(self, channel: int) -> None:
        self._channel = channel
        self.highest: int | None = None
        """dBm; None: nothing was measured yet."""
        self.done: asyncio.Future[int | None] = asyncio.get_running_loop().create_future()

    def measured(self, value: bytes) -> None:
        """Take a result: channel and energy."""
        if len(value) >= 2 and value[0] == self._channel:
            energy = int.from_bytes(value[1:2], "little", signed=True)
            self.highest = energy if self.highest is None else max(self.highest, energy)

    def ended(self) -> None:
        """Take note that the radio has ended its scan; one of before our time ends nothing."""
        if self.highest is not None and not self.done.done():
            self.done.set_result(self.highest)

    def fail(self, why: RadioError) -> None:
        """Let whoever waits have `why`."""
        if not self.done.done():
            self.done.set_exception(why)
            self.done.exception()  # seen, even if nobody waits
