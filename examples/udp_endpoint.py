"""Answer UDP datagrams over a radio: `python udp_endpoint.py spinel:/dev/ttyACM0`."""

import asyncio
import sys
from typing import Any

import lowpan


class Shout(asyncio.DatagramProtocol):
    """Sends back what comes, louder."""

    def connection_made(self, transport: Any) -> None:
        """Remember what to answer by."""
        self.transport: asyncio.DatagramTransport = transport

    def datagram_received(self, data: bytes, addr: Any) -> None:
        """Answer."""
        self.transport.sendto(data.upper(), addr)


async def main(radio: str) -> None:
    """Answer on port 5683 of every address until interrupted."""
    async with lowpan.Node(radio, channel=15, pan_id=0xBEEF, short_address=1) as node:
        await node.create_datagram_endpoint(Shout, local_addr=("::", 5683))
        print(*node.addresses, flush=True)
        async for event in node.events():
            print(event, flush=True)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1]))
