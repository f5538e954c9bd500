"""The commands as they are written, beside Linux's 6LoWPAN: ours on phy0, Linux's on phy1."""

import asyncio
import signal
import sys
from asyncio.subprocess import PIPE, Process
from collections.abc import Callable, Coroutine
from pathlib import Path
from typing import Any

from tests.kernel.node_scenarios import (
    OUR_EUI64,
    OURS,
    PAN_ID,
    THEIRS,
    linux_pings,
    set_linux_up,
    settled,
)
from tests.kernel.scenarios import clear

COUNT = 5


async def lowpan(*arguments: str) -> Process:
    """Start the command, with what says who we are."""
    identity = "--pan", f"{PAN_ID:#x}", "--eui64", OUR_EUI64
    command = sys.executable, "-m", "lowpan.cli", *arguments, *identity
    return await asyncio.create_subprocess_exec(*command, stdout=PIPE)


async def commands(_: Path) -> dict[str, object]:
    """Return what `lowpan node` and `lowpan ping` say, and how many pings Linux has answered."""
    set_linux_up()
    await settled()
    node = await lowpan("node", "wpan:phy0")
    assert node.stdout is not None
    said: list[str] = []
    while not said or not said[-1].startswith("address "):
        said.append((await node.stdout.readline()).decode().rstrip())
    answered = await linux_pings(OURS, 1000, COUNT)
    node.send_signal(signal.SIGINT)
    await node.communicate()
    ping = await lowpan("ping", "wpan:phy0", THEIRS, "-c", str(COUNT), "-i", "0.1", "-s", "1000")
    told = (await ping.communicate())[0].decode().splitlines()
    clear()
    return {
        "said": said,
        "answered": answered,
        "told": told,
        "statuses": [node.returncode, ping.returncode],
    }


COMMAND_SCENARIOS: dict[str, Callable[[Path], Coroutine[Any, Any, object]]] = {"commands": commands}
