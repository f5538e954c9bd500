"""Secured nodes on asyncio: their keys and their store."""

from pathlib import Path
from typing import Any

import pytest

from lowpan import FieldOutOfRange, Node, NodeSecurity, SecurityError
from lowpan.errors import StoreError
from lowpan.store import MemoryStore
from tests.aio.media import EXTENDED, PAN_ID, SHORT, node_on, tasks
from tests.peers.cable import RAW, Cable

KEY = bytes(range(16))


async def test_secured_nodes_talk_and_strangers_do_not(tmp_path: Path) -> None:
    cable, radio = Cable(), RAW
    security = NodeSecurity(key=KEY, peers=((bytes.fromhex("0200000000000001"), b"\0\x01"),))
    async with (
        node_on(cable.radio(radio), 0, security=security, store=tmp_path / "one") as one,
        node_on(cable.radio(radio), 1, security=security, store=MemoryStore()) as other,
    ):
        for address in (EXTENDED[1], SHORT[1]):
            await one.ping(address, size=200)
        assert all(psdu[0] & 8 for psdu in cable.on_air if len(psdu) > 3)
        async with Node(cable.radio(radio), pan_id=PAN_ID) as stranger:
            with pytest.raises(TimeoutError):
                await stranger.ping(EXTENDED[1], timeout=0.1)
        assert other.state()["counters"]["frames_dropped"]["unsecured"] >= 1
        assert KEY.hex() not in repr((security, one.options, one.state()))
    with pytest.raises(StoreError):  # it has the counters of other nodes' frames, and is locked
        await _twice(cable, security, tmp_path / "one")
    assert tasks() == set()


async def _twice(cable: Cable, security: NodeSecurity, store: Path) -> None:
    async with node_on(cable.radio(), 0, security=security, store=store):
        await node_on(cable.radio(), 0, security=security, store=store).__aenter__()


async def test_a_key_without_a_store_is_refused() -> None:
    with pytest.raises(StoreError, match="needs a store"):
        await node_on(Cable().radio(), 0, security=NodeSecurity(key=KEY)).__aenter__()


@pytest.mark.parametrize(
    "options", [{"key": b"short"}, {"key": KEY, "key_source": b"12"}, {"key": KEY, "level": 4}]
)
def test_a_key_that_is_none_is_refused(options: dict[str, Any]) -> None:
    with pytest.raises((FieldOutOfRange, SecurityError)):
        NodeSecurity(**options)
