"""An unmodified `ot-cli-ftd` of OpenThread's simulation, driven by its command line."""

import asyncio
import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from tests.peers.openthread_air import AirPeer

OT_CLI = os.environ.get("LOWPAN_OT_CLI", "")
NO_OT_CLI = "LOWPAN_OT_CLI names no ot-cli-ftd of OpenThread"


class OpenThreadNode:
    """Node `number` of the network `offset`."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        assert process.stdin is not None
        assert process.stdout is not None
        self._process, self._stdin, self._stdout = process, process.stdin, process.stdout

    @classmethod
    async def start(cls, offset: int, folder: Path, number: int = 1) -> "OpenThreadNode":
        environment = {**os.environ, "PORT_OFFSET": str(offset)}
        pipe = asyncio.subprocess.PIPE
        process = await asyncio.create_subprocess_exec(
            *(OT_CLI, str(number)), stdin=pipe, stdout=pipe, cwd=folder, env=environment
        )
        return cls(process)

    async def ask(self, command: str, *, patience: float = 10) -> list[str]:
        """Return the lines that answer `command`."""
        self._stdin.write(command.encode() + b"\n")
        lines = list[str]()
        async with asyncio.timeout(patience):
            while not lines or not lines[-1].startswith(("Done", "Error")):
                octets = await self._stdout.readline()
                assert octets, f"ot-cli-ftd ended at {command}: {lines}"
                line = octets.decode().strip().removeprefix("> ")
                if line and line != command:
                    lines.append(line)
        assert lines.pop() == "Done", command
        return lines

    async def until(self, command: str, wanted: str, *, patience: float = 30) -> None:
        """Wait until one of the lines that answer `command` is or holds `wanted`."""
        async with asyncio.timeout(patience):
            while not any(wanted in line for line in await self.ask(command)):  # noqa: ASYNC110
                await asyncio.sleep(0.05)

    async def stop(self) -> None:
        if self._process.returncode is None:
            self._process.kill()
        self._stdin.close()
        await self._process.wait()


@asynccontextmanager
async def leader(
    folder: Path, *dataset: str, channel: int = 15
) -> AsyncGenerator[tuple[OpenThreadNode, str, int]]:
    """Yield a leader of a new network, the URI of a radio beside it, and its PORT_OFFSET."""
    peer = AirPeer()
    offset, uri = peer.offset, peer.uri
    peer.close()
    node = await OpenThreadNode.start(offset, folder)
    try:
        for name in ("init new", f"channel {channel}", *dataset, "commit active"):
            await node.ask(f"dataset {name}")
        await node.ask("ifconfig up")
        await node.ask("thread start")
        await node.until("state", "leader")
        yield node, uri, offset
    finally:
        await node.stop()
