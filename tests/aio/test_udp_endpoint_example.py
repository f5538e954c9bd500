"""The example of a UDP endpoint does what it says."""

import asyncio
import sys

from lowpan import Node
from tests.aio.media import Notes, uris
from tests.peers.namespaces import ROOT, environment


async def test_the_example_answers() -> None:
    near, far = uris("zep")
    example = str(ROOT / "examples" / "udp_endpoint.py")
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, example, near), stdout=asyncio.subprocess.PIPE, env=environment()
    )
    try:
        assert process.stdout is not None
        address = (await process.stdout.readline()).decode().split()[0]
        assert address == "fe80::ff:fe00:1"
        async with Node(far, channel=15, pan_id=0xBEEF, short_address=2) as node:
            transport, protocol = await node.create_datagram_endpoint(Notes, None, (address, 5683))
            assert await protocol.told() == ("made",)
            transport.sendto(b"hello")
            assert await protocol.told() == (b"HELLO", (address, 5683, 0, 0))
    finally:
        process.kill()
        await process.communicate()
