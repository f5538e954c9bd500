"""Short addresses of secured frames: who may be behind them, and what is learnt from whom."""

import pytest

from lowpan.mac.ccm_star import CcmStarKey
from lowpan.mac.peers import Peers
from lowpan.mac.security import LinkSecurity
from lowpan.mac.service import Drop
from lowpan.store import MemoryStore
from lowpan.wire.ieee802154 import encode_frame
from tests.mac.secured import (
    ALICE,
    ALICE_SHORT,
    BOB,
    BOB_SHORT,
    CAROL,
    OTHER_KEY,
    PAN_ID,
    by_hand,
    changed,
    data,
    node,
    opened,
    refused,
    table,
)


def test_implicit_key_is_found_through_short_addresses() -> None:
    alice, bob = node(ALICE), node(BOB)
    alice.keys.add_implicit(BOB, OTHER_KEY)
    bob.keys.add_implicit(ALICE, OTHER_KEY)
    alice.peers.add(BOB, BOB_SHORT, pan_id=PAN_ID)
    bob.peers.add(CAROL)
    bob.peers.add(ALICE, ALICE_SHORT, pan_id=PAN_ID)
    psdu = alice.seal(data(ALICE_SHORT, BOB_SHORT), now=0)
    assert opened(bob, psdu).extended_source == ALICE
    damaged = changed(psdu, lambda octets: octets.__setitem__(-1, octets[-1] ^ 1))
    assert refused(bob, damaged) is Drop.MIC_BAD


def test_short_address_is_learnt_from_a_frame_whose_mic_is_right() -> None:
    alice, bob = node(ALICE), node(BOB)
    psdus = [alice.seal(data(source, BOB), now=0) for source in (ALICE_SHORT, ALICE) * 2]
    assert refused(bob, psdus[0]) is Drop.NO_ADDRESS
    opened(bob, psdus[1])
    assert opened(bob, psdus[2]).extended_source == ALICE
    assert bob.peers.extended(ALICE_SHORT, PAN_ID) == ALICE
    assert bob.overhead(ALICE_SHORT, PAN_ID) == 10


def test_nothing_is_learnt_from_frames_that_are_refused() -> None:
    alice, bob = node(ALICE), node(BOB)
    old = alice.seal(data(ALICE_SHORT, BOB), now=0)
    bob.peers.add(CAROL, ALICE_SHORT, pan_id=PAN_ID)
    bob.peers.add(ALICE)
    opened(bob, alice.seal(data(ALICE, BOB), now=0))
    assert refused(bob, old) is Drop.REPLAYED
    assert refused(bob, by_hand(data(ALICE_SHORT, BOB), 99, key=OTHER_KEY)) is Drop.MIC_BAD
    assert refused(bob, encode_frame(data(ALICE_SHORT, BOB))) is Drop.UNSECURED
    assert bob.peers.extended(ALICE_SHORT, PAN_ID) == CAROL


def test_stranger_with_an_extended_address_becomes_no_candidate() -> None:
    bob = node(BOB)
    refused(bob, by_hand(data(ALICE, BOB), 0, key=OTHER_KEY))
    refused(bob, encode_frame(data(ALICE, BOB)))
    assert list(bob.peers.candidates(ALICE_SHORT, PAN_ID)) == []


def test_senders_of_before_a_restart_are_candidates_for_short_addresses() -> None:
    alice, store = node(ALICE), MemoryStore()
    bob = node(BOB, store)
    opened(bob, alice.seal(data(ALICE, BOB), now=0))
    bob.settle(now=0)
    bob = node(BOB, store)
    assert opened(bob, alice.seal(data(ALICE_SHORT, BOB), now=0)).extended_source == ALICE


def test_candidates_tried_for_a_forged_frame_are_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    tried = list[bytes]()

    def count(key: CcmStarKey, nonce: bytes, *rest: object) -> bytes:
        tried.append(nonce[:8])
        return opens(key, nonce, *rest)  # type: ignore[arg-type]  # pyright: ignore

    opens = CcmStarKey.open
    bob = LinkSecurity(BOB, table(), MemoryStore(), peers=Peers(most_candidates=3))
    for number in range(100):
        bob.peers.add(number.to_bytes(8, "big"))
    monkeypatch.setattr(CcmStarKey, "open", count)
    forged = by_hand(data(ALICE_SHORT, BOB), 0, key=OTHER_KEY)
    for _ in range(10):
        assert refused(bob, forged) is Drop.MIC_BAD
    assert len(tried) == len(set(tried)) == 30
