"""Tables of neighbours, and what they hear, for their tests."""

from lowpan.mesh.neighbour import Standing
from lowpan.mesh.neighbour_table import NeighbourTable
from lowpan.store import MemoryStore

ALICE, BOB, CAROL, DAVE = (bytes.fromhex(f"020000000000000{digit}") for digit in "abcd")
RSS = {3: -80.0, 2: -95.0, 1: -102.0, 0: -109.0}
"""dBm that give a quality at once, above the noise floor of -110 dBm."""
SECOND = 1_000_000


def heard(table: NeighbourTable, *names: bytes, quality: int = 3, now: int = 0) -> None:
    for name in names:
        table.frame_received(name, rss=RSS[quality], authentic=True, now=now)


def established(*names: bytes, quality: int = 3, most: int = 256) -> NeighbourTable:
    table = NeighbourTable(most_established=most)
    heard(table, *names, quality=quality)
    for name in names:
        table.establish(name, now=0)
    return table


def standings(table: NeighbourTable) -> dict[bytes, Standing]:
    return {neighbour.extended_address: neighbour.standing for neighbour in table}


def saved(table: NeighbourTable, store: MemoryStore | None = None) -> MemoryStore:
    store = MemoryStore() if store is None else store
    table.save(store)
    assert not table.unsaved
    return store


def restored(store: MemoryStore, *, most: int = 256, now: int = 0) -> NeighbourTable:
    table = NeighbourTable(most_established=most)
    table.restore(store, now=now)
    return table
