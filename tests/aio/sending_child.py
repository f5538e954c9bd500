"""A whole node that sends as fast as it can until it is killed; run by test_kill_node.

`sending_child.py STORE PORT`: for each line on standard input, fork a child and say its process id;
the child is a secured node whose radio sends to PORT of this machine, and whose counters are in
STORE, or nowhere that lasts if that is `-`.  When the child has ended, say its exit status.  The
parent is only warm: it never opens the store, and knows no counter.
"""

import asyncio
import os
import sys
from pathlib import Path
from random import Random

from lowpan import Node
from lowpan.aio.sqlite_store import SqliteStore
from lowpan.mac.keys import KeyIdentifier, KeyTable
from lowpan.mac.security import LinkSecurity
from lowpan.store import MemoryStore, Store

ADDRESS = bytes.fromhex("0200000000000001")
KEY = bytes(range(16))
PAN_ID = 0xBEEF
COUNTERS_AHEAD = 5
"""So few that they are reserved again and again."""


async def send(store: Store, port: int, count: int | None) -> None:
    """Ping everybody, for ever or `count` times."""
    keys = KeyTable()
    keys.add(KeyIdentifier(1, 1), KEY)
    security = LinkSecurity(ADDRESS, keys, store, counters_ahead=COUNTERS_AHEAD)
    radio = f"zep://127.0.0.1:{port}?bind=127.0.0.1:0"
    async with Node(
        radio, pan_id=PAN_ID, extended_address=ADDRESS, security=security, random=Random()
    ) as node:
        with node.pinger("ff02::1", size=300) as pinger:  # four frames
            while count is None or pinger.sent < count:
                pinger.send()
                await asyncio.sleep(0.001)


def say(what: object) -> None:
    sys.stdout.write(f"{what}\n")
    sys.stdout.flush()


def main(store: str, port: str) -> None:
    asyncio.run(send(MemoryStore(), 9, 2))  # makes the codecs, and imports what there is
    for _ in sys.stdin:
        child = os.fork()
        if not child:
            opened = MemoryStore() if store == "-" else SqliteStore(store)
            asyncio.run(send(opened, int(port), None))
        say(child)
        say(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))


if __name__ == "__main__" and Path(sys.argv[0]).name == "sending_child.py":
    main(*sys.argv[1:])
