"""A node that seals frames as fast as it can until it is killed; run by test_kill.

`sealing_child.py STORE CAPTURE`: for each line on standard input, fork a child and say its process
id; the child opens the store, or none if STORE is `-`, and appends each frame to CAPTURE, a line of
hex digits each, before it seals the next one.  It says `sealing` after the first.  When the child
has ended, say its exit status.  The parent never touches store or keys, so the child knows nothing
but what the store has; forking spares it the imports.
"""

import os
import sys
import time
from itertools import cycle
from pathlib import Path
from typing import NoReturn

from lowpan.aio.sqlite_store import SqliteStore
from lowpan.mac.keys import KeyIdentifier, KeyTable
from lowpan.mac.security import LinkSecurity
from lowpan.store import MemoryStore, Store
from lowpan.wire.ieee802154 import Frame, FrameControl

ADDRESS = bytes.fromhex("0200000000000001")
BROADCAST = b"\xff\xff"
KEYS = {1: bytes(range(16)), 2: bytes(range(16)), 3: bytes(range(1, 17))}
"""By key index: two names of one key, and another key."""
COUNTERS_AHEAD = 5
"""So few that most of the time is spent on reserving them."""
CONTROL = FrameControl(
    1, pan_id_compression=True, destination_addressing_mode=2, source_addressing_mode=3
)


def node(store: Store, keys: dict[int, bytes]) -> LinkSecurity:
    table = KeyTable()
    for index, octets in keys.items():
        table.add(KeyIdentifier(1, index), octets)
    return LinkSecurity(ADDRESS, table, store, counters_ahead=COUNTERS_AHEAD)


def sealed(security: LinkSecurity, index: int) -> bytes:
    security.key = KeyIdentifier(1, index)
    frame = Frame(CONTROL, 7, 0xBEEF, BROADCAST, source=ADDRESS, payload=bytes(20))
    return security.seal(frame, now=time.monotonic_ns() // 1000)


def say(what: object) -> None:
    sys.stdout.write(f"{what}\n")
    sys.stdout.flush()


def seal_until_killed(store: str, capture: str) -> NoReturn:
    """Seal, and end by itself only if whoever would kill us has gone."""
    parent = os.getppid()
    out = os.open(capture, os.O_WRONLY | os.O_APPEND | os.O_CREAT)
    security = node(MemoryStore() if store == "-" else SqliteStore(store), KEYS)
    os.write(out, b"\n")  # ends what a predecessor did not
    os.write(out, sealed(security, 1).hex().encode() + b"\n")
    say("sealing")
    for index in cycle(KEYS):
        os.write(out, sealed(security, index).hex().encode() + b"\n")
        if os.getppid() != parent:
            os._exit(1)
    raise AssertionError


def main() -> None:
    sealed(node(MemoryStore(), {1: bytes(16)}), 1)  # makes the codecs, which takes its time
    for _ in sys.stdin:
        told, go = os.pipe()
        child = os.fork()
        if not child:
            os.close(go)
            os.read(told, 1)  # until the parent has said who we are
            seal_until_killed(*sys.argv[1:])
        say(child)
        os.close(told)
        os.close(go)
        say(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))


if __name__ == "__main__" and Path(sys.argv[0]).name == "sealing_child.py":
    main()
