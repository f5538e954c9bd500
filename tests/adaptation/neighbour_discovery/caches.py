"""Caches of neighbours for tests: one with a peer, what it is told, what it asks."""

from random import Random

from lowpan.adaptation.neighbour_discovery.actions import NdAction
from lowpan.adaptation.neighbour_discovery.cache import NeighbourCache
from lowpan.adaptation.neighbour_discovery.own import LinkAddresses
from lowpan.adaptation.neighbour_discovery.table import State
from lowpan.wire.nd_options import NdOptionType
from lowpan.wire.neighbour_discovery import NeighbourAdvertisement, NeighbourAdvertisementControl
from tests.adaptation.neighbour_discovery.link import OwnTable, address, extended, other_address

US, PEER = address(1), other_address(2)
PEER_LINK = LinkAddresses(extended(2))
GROUP_OF_PEER = bytes.fromhex("ff0200000000000000000001ff000002")


def cache(*, derive: bool = True, acknowledged_for: int = 0) -> NeighbourCache:
    return NeighbourCache(
        OwnTable(US),
        LinkAddresses(extended(1), None, 0xBEEF),
        Random(1),
        derive=derive,
        acknowledged_for=acknowledged_for,
    )


def advertisement(
    target: bytes = PEER,
    link: LinkAddresses = PEER_LINK,
    *,
    s: bool = True,
    o: bool = True,
    r: bool = False,
) -> NeighbourAdvertisement:
    options = link.options(NdOptionType.TARGET_LINK_LAYER_ADDRESS)
    return NeighbourAdvertisement(NeighbourAdvertisementControl(r, s, o), target, options)


def state(engine: NeighbourCache, now: int, of: bytes = PEER) -> State | None:
    neighbour = engine.table.get(of)
    return None if neighbour is None else engine.state_of(neighbour, now=now)


def ask(engine: NeighbourCache, *, now: int = 0, of: bytes = PEER) -> list[NdAction]:
    link_address, actions = engine.resolve(of, now=now)
    assert link_address is None
    return actions


def reachable() -> tuple[NeighbourCache, int]:
    """Return an engine whose peer has just answered, and until when that counts."""
    engine = cache()
    ask(engine)
    engine.receive_advertisement(advertisement(), extended(2), now=0)
    peer = engine.table.get(PEER)
    assert peer is not None
    return engine, peer.reachable_until


def run(engine: NeighbourCache, until: int) -> list[tuple[int, NdAction]]:
    done: list[tuple[int, NdAction]] = []
    while (now := engine.next_deadline()) is not None and now <= until:
        done += [(now, action) for action in engine.handle_deadline(now=now)]
    return done
