"""`python -m tests.peers.coap_server`: a CoAP server by aiocoap that has a kilobyte to give."""

import asyncio
from importlib import import_module
from typing import Any

KILOBYTE = b"0123456789abcdef" * 64


async def serve() -> None:
    """Serve /kilobyte on all addresses until killed."""
    aiocoap: Any = import_module("aiocoap")
    resource: Any = import_module("aiocoap.resource")

    class Kilobyte(resource.Resource):  # type: ignore[misc]
        """Gives 1024 octets; blocks are aiocoap's business."""

        async def render_get(self, request: Any) -> Any:
            """Answer a GET."""
            return aiocoap.Message(payload=KILOBYTE, content_format=0)

    site = resource.Site()
    site.add_resource(["kilobyte"], Kilobyte())
    await aiocoap.Context.create_server_context(site)
    print("listening", flush=True)  # noqa: T201
    await asyncio.Event().wait()


if __name__ == "__main__":
    asyncio.run(serve())
