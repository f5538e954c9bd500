"""The other side of replay: a capture that somebody is still writing, through a FIFO."""

import asyncio
import os
import select
from dataclasses import replace
from pathlib import Path
from time import time_ns
from typing import Any

from lowpan.capture.writer import CaptureWriter, open_writer
from lowpan.radio import Radio, ReceivedFrame


class GrowingCapture:
    """A Counterpart: what it hears it writes to the pipe that the radio reads, frame by frame.

    Nothing can be sent, and a writer that has gone is the end of the capture.
    """

    shows = frozenset({"channel", "rssi", "lqi"})
    acknowledges = False
    deaf = True

    def __init__(self, directory: Path, query: str = "speed=max") -> None:
        self.path = directory / "growing.pcapng"
        os.mkfifo(self.path)
        self.uri = f"replay:{self.path}?{query}"
        self.on_air: list[tuple[int, bytes]] = []
        self._file: Any = None
        self.radio: Radio | None = None
        """The reader; to be set by who opens it."""
        self._writer: CaptureWriter | None = None

    async def __aenter__(self) -> "GrowingCapture":
        # Read-write, so that opening waits for no reader (Linux)
        descriptor = os.open(self.path, os.O_RDWR | os.O_NONBLOCK)
        self._file = os.fdopen(descriptor, "wb", buffering=0)
        self._writer = open_writer(self._file, form="pcapng", flush_each=True)
        return self

    async def __aexit__(self, *exception: object) -> None:
        await self.unplug()

    @property
    def channel(self) -> int:
        """Return what the radio says: a file does not know how its reader is tuned."""
        assert self.radio is not None
        return self.radio.settings.channel

    async def hear(self, frame: ReceivedFrame) -> None:
        assert self._writer is not None
        while not select.select([], [self._file], [], 0)[1]:  # noqa: ASYNC110  (a pipe of others)
            await asyncio.sleep(0.001)
        self._writer.write(
            replace(frame, time_ns=time_ns() if frame.time_ns is None else frame.time_ns)
        )

    async def garbage(self, octets: bytes) -> None:
        """Do nothing: octets between the blocks of a file are its damage, not a line's noise."""

    async def damage(self) -> None:
        """Write octets where a block should begin."""
        os.write(self._file.fileno(), b"\xff" * 64)

    async def half_a_message(self) -> None:
        os.write(self._file.fileno(), bytes.fromhex("06000000 40000000 00000000"))

    async def unplug(self) -> None:
        if self._writer is not None:
            self._writer.close()
            self._file.close()
            self._writer = None

    async def plug_in(self) -> None:
        """Do nothing: a file that has ended does not come back."""
