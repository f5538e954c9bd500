"""Pairs of nodes on each medium that this machine has."""

import asyncio
import socket
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from itertools import count
from random import Random
from typing import Any

from lowpan import Node
from lowpan.radio import Radio, open_radio
from tests.peers.cable import COMPLETE, RAW, Cable
from tests.peers.zep import free_port

PAN_ID = 0xBEEF
SHORT = ["fe80::ff:fe00:1", "fe80::ff:fe00:2"]
EXTENDED = ["fe80::1", "fe80::2"]
GROUP = "ff02::fd"

MEDIA = ["cable", "raw cable", "zep", "openthread-air"]

Wrap = Callable[[Radio], Radio]

_networks = count(1000 + Random().randrange(600))
"""Of OpenThread's air: others of this machine have others."""


def uris(medium: str) -> list[str]:
    """Return the URIs of two radios that hear each other."""
    if medium == "openthread-air":
        offset = next(_networks) % 1600
        return [f"openthread-air://?port_offset={offset}&node={node}" for node in (1, 2)]
    here, there = (free_port(socket.AF_INET, "127.0.0.1") for _ in range(2))
    return [zep_uri(here, there), zep_uri(there, here)]


def zep_uri(own: int, peer: int) -> str:
    """Return the URI of a radio between two ports of this machine."""
    return f"zep://127.0.0.1:{peer}?bind=127.0.0.1:{own}"


@asynccontextmanager
async def radios(medium: str, parameters: str = "") -> AsyncGenerator[list[Radio]]:
    """Open two radios that hear each other; `parameters` such as `&ack_timeout_ms=20` for both."""
    if medium.endswith("cable"):
        cable = Cable()
        capabilities = RAW if medium == "raw cable" else COMPLETE
        yield [cable.radio(capabilities) for _ in range(2)]
        return
    first, second = (uri + parameters for uri in uris(medium))
    async with await open_radio(first) as one, await open_radio(second) as other:
        yield [one, other]


def node_on(radio: Radio | str, number: int, **options: Any) -> Node:
    """Return node `number`, 0 or 1, with the addresses of SHORT and EXTENDED."""
    return Node(
        radio,
        pan_id=PAN_ID,
        short_address=number + 1,
        extended_address=f"02:00:00:00:00:00:00:{number + 1:02x}",
        random=Random(number),
        **options,
    )


@asynccontextmanager
async def nodes(
    medium: str, wrap: Wrap = lambda radio: radio, parameters: str = "", **options: Any
) -> AsyncGenerator[list[Node]]:
    """Let two nodes live on one medium."""
    async with (
        radios(medium, parameters) as (one, other),
        wrap(one) as near,
        wrap(other) as far,
        node_on(near, 0, **options) as first,
        node_on(far, 1, **options) as second,
    ):
        yield [first, second]


class Notes(asyncio.DatagramProtocol):
    """Notes all that it is told; told() waits for the next note."""

    def __init__(self) -> None:
        self.notes: asyncio.Queue[tuple[Any, ...]] = asyncio.Queue()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport = transport
        self.notes.put_nowait(("made",))

    def datagram_received(self, data: bytes, addr: Any) -> None:
        self.notes.put_nowait((data, addr))

    def error_received(self, exc: Exception) -> None:
        self.notes.put_nowait(("error", exc))

    def connection_lost(self, exc: Exception | None) -> None:
        self.notes.put_nowait(("lost", exc))

    def pause_writing(self) -> None:
        self.notes.put_nowait(("pause",))

    def resume_writing(self) -> None:
        self.notes.put_nowait(("resume",))

    async def told(self, seconds: float = 5.0) -> tuple[Any, ...]:
        """Return the next note."""
        return await asyncio.wait_for(self.notes.get(), seconds)


def tasks() -> set[asyncio.Task[Any]]:
    """Return the tasks of this loop but the one that asks."""
    return asyncio.all_tasks() - {asyncio.current_task()}  # type: ignore[arg-type]
