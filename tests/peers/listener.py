"""What the firmwares of sniffers share: a pty to be heard on, and nothing that they send."""

import asyncio
from typing import Self

from lowpan.radio import Fcs, ReceivedFrame
from tests.peers.pty import Pty


class PtyListener:
    """A sniffer's firmware behind a pty; see Counterpart.

    A firmware adds `shows`, `_boot`, `octets` and `_take`, and what it waits for in `hear`.
    """

    channel: int
    acknowledges = False

    def __init__(self, scheme: str, query: str = "") -> None:
        self.deaf = False
        self.on_air: list[tuple[int, bytes]] = []
        self._tasks = set[asyncio.Task[None]]()
        self._pty = Pty(self._take)
        self.uri = f"{scheme}:{self._pty.path}{query}"
        self._boot()

    def _boot(self) -> None:
        """Forget what was asked."""
        raise NotImplementedError

    def octets(self, frame: ReceivedFrame) -> bytes:
        """Return how `frame` is told."""
        raise NotImplementedError

    def _take(self, octets: bytes) -> None:
        """Do what the driver asks."""
        raise NotImplementedError

    async def hear(self, frame: ReceivedFrame) -> None:
        await self._pty.write(self.octets(frame))

    async def garbage(self, octets: bytes) -> None:
        await self._pty.write(octets)

    async def half_a_message(self) -> None:
        whole = self.octets(ReceivedFrame(bytes(60), Fcs.GOOD))
        await self._pty.write(whole[: len(whole) // 2])

    async def unplug(self) -> None:
        self._pty.unplug()

    async def plug_in(self) -> None:
        self._boot()
        self._pty.plug_in()

    def _answer_with(self, octets: bytes) -> None:
        """Send an answer, at the next turn."""
        task = asyncio.get_running_loop().create_task(self._pty.write(octets))
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *exception: object) -> None:
        self._pty.close()
        await asyncio.gather(*self._tasks)
