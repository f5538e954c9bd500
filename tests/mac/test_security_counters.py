"""Frame counters: replays, restarts, stores that fail, keys that rotate."""

from dataclasses import replace

import pytest

from lowpan.errors import StoreError
from lowpan.mac.ccm_star import CcmStarKey
from lowpan.mac.counters import CounterExhausted
from lowpan.mac.frame_security import seal_frame
from lowpan.mac.keys import KeyIdentifier, KeyTable
from lowpan.mac.service import Drop
from lowpan.mac.thread_keys import ANNOUNCE_KEY
from lowpan.store import MemoryStore
from lowpan.wire.secret import fingerprint
from lowpan.wire.security_header import AuxiliarySecurityHeader, SecurityControl
from tests.mac.secured import (
    ALICE,
    ALICE_SHORT,
    BOB,
    BROADCAST,
    KEY,
    OTHER_KEY,
    PAN_ID,
    FailingStore,
    by_hand,
    changed,
    counter_of,
    data,
    node,
    opened,
    refused,
    table,
)

NETWORK_KEY = bytes.fromhex("00112233445566778899aabbccddeeff")


def test_attack_17_replay_is_refused_with_the_same_and_with_an_older_counter() -> None:
    alice, bob = node(ALICE), node(BOB)
    first, second = (alice.seal(data(ALICE, BOB), now=0) for _ in range(2))
    opened(bob, first)
    assert refused(bob, first) is Drop.DUPLICATE
    opened(bob, second)
    assert refused(bob, second) is Drop.DUPLICATE
    assert refused(bob, first) is Drop.REPLAYED


def test_attack_17_replay_is_refused_on_every_path() -> None:
    """Other address, other type of frame, other name of the key: one counter for all of them."""
    alice = node(ALICE, keys=table({1: KEY, 2: KEY}))
    bob = node(BOB, keys=table({1: KEY, 2: KEY}))
    bob.peers.add(ALICE, ALICE_SHORT, pan_id=PAN_ID)
    frames = [
        data(ALICE_SHORT, BOB),
        data(ALICE, BOB, b"\x04", frame_type=3),
        data(ALICE, BROADCAST),
        data(ALICE, BOB, bytes.fromhex("ffcf0000") + b"beacon", frame_type=0),
        data(ALICE, BOB),
    ]
    psdus = list[bytes]()
    for number, frame in enumerate(frames):
        alice.key = KeyIdentifier(1, 1 + number % 2)
        psdus.append(alice.seal(frame, now=0))
    assert [counter_of(psdu) for psdu in psdus] == list(range(5))
    opened(bob, psdus[-1])
    assert [refused(bob, psdu) for psdu in psdus[:-1]] == [Drop.REPLAYED] * 4


def test_attack_17_our_own_frame_is_refused_when_it_is_played_back_to_us() -> None:
    alice = node(ALICE)
    alice.peers.add(ALICE, ALICE_SHORT, pan_id=PAN_ID)
    for source in (ALICE, ALICE_SHORT):
        assert refused(alice, alice.seal(data(source, BROADCAST), now=0)) is Drop.REPLAYED


def test_attack_18_receiver_that_was_restarted_refuses_what_it_had() -> None:
    alice, store = node(ALICE), MemoryStore()
    bob = node(BOB, store)
    psdus = [alice.seal(data(ALICE, BOB), now=0) for _ in range(20)]
    for psdu in psdus:
        opened(bob, psdu)
    bob = node(BOB, store)
    assert {refused(bob, psdu) for psdu in psdus} == {Drop.REPLAYED}


def test_attack_18_sender_that_was_restarted_uses_no_counter_twice() -> None:
    store = MemoryStore()
    counters = [
        counter_of(alice.seal(data(ALICE, BOB), now=0))
        for alice in (node(ALICE, store) for _ in range(10))
        for _ in range(15)
    ]
    assert counters == sorted(set(counters))


def test_attack_18_nothing_secured_is_sent_while_the_store_fails() -> None:
    store = FailingStore()
    store.fails = True
    alice = node(ALICE, store)
    with pytest.raises(StoreError):
        alice.seal(data(ALICE, BOB), now=0)
    store.fails = False
    assert counter_of(alice.seal(data(ALICE, BOB), now=1_000_000)) == 0


def test_attack_18_nothing_is_accepted_while_the_store_fails() -> None:
    store = FailingStore()
    alice, bob = node(ALICE), node(BOB, store)
    psdu = alice.seal(data(ALICE, BOB), now=0)
    store.fails = True
    assert refused(bob, psdu) is Drop.STORE
    store.fails = False
    assert opened(bob, psdu, now=1_000_000).payload == b"hello"


def test_attack_19_frame_with_a_wrong_mic_moves_no_counter() -> None:
    alice, bob = node(ALICE), node(BOB)
    good = alice.seal(data(ALICE, BOB), now=0)
    forged = by_hand(data(ALICE, BOB), 0xFFFFFFF0, key=OTHER_KEY)
    assert refused(bob, forged) is Drop.MIC_BAD
    damaged = changed(good, lambda octets: octets.__setitem__(-1, octets[-1] ^ 1))
    assert refused(bob, damaged) is Drop.MIC_BAD
    assert opened(bob, good).payload == b"hello"


def test_attack_20_last_counter_is_neither_sent_nor_taken() -> None:
    bob = node(BOB)
    assert refused(bob, by_hand(data(ALICE, BOB), 0xFFFFFFFF)) is Drop.COUNTER
    opened(bob, by_hand(data(ALICE, BOB), 0xFFFFFFFE))
    store = MemoryStore()
    store.save(f"outgoing/{fingerprint(KEY)}", (0xFFFFFFFE).to_bytes(4, "big"))
    alice = node(ALICE, store, table({1: KEY, 2: OTHER_KEY}))
    assert counter_of(alice.seal(data(ALICE, BOB), now=0)) == 0xFFFFFFFE
    with pytest.raises(CounterExhausted):
        alice.seal(data(ALICE, BOB), now=0)
    alice.key = KeyIdentifier(1, 2)
    assert counter_of(alice.seal(data(ALICE, BOB), now=0)) == 0


def test_attack_24_each_key_has_a_counter_of_its_own_when_keys_rotate() -> None:
    alice, bob = node(ALICE, keys=KeyTable()), node(BOB, keys=KeyTable())
    sent = list[tuple[int, int]]()
    latest = 0
    for sequence in (0, 1, 0, 1, 2, 1):  # back too, as a race would have it
        for side in (alice, bob):
            side.key = side.keys.hold_thread_keys(NETWORK_KEY, sequence)
        latest = max(latest, sequence)
        for _ in range(3):
            psdu = alice.seal(data(ALICE, BOB), now=0)
            sent.append((sequence, counter_of(psdu)))
            if sequence == latest:
                assert opened(bob, psdu).key_sequence == sequence
            else:
                assert refused(bob, psdu) is Drop.REPLAYED
    by_sequence = {
        sequence: [counter for other, counter in sent if other == sequence]
        for sequence in (0, 1, 2)
    }
    assert by_sequence == {0: [0, 1, 2, 3, 4, 5], 1: list(range(9)), 2: [0, 1, 2]}


def test_what_is_sealed_before_the_latest_key_of_its_sender_is_refused() -> None:
    alice, bob = node(ALICE, keys=KeyTable()), node(BOB, keys=KeyTable())
    alice.key = alice.keys.hold_thread_keys(NETWORK_KEY, 6)
    bob.key = bob.keys.hold_thread_keys(NETWORK_KEY, 6)
    late = [alice.seal(data(ALICE, BOB), now=0) for _ in range(2)]
    opened(bob, late[0])
    alice.key = alice.keys.hold_thread_keys(NETWORK_KEY, 7)
    opened(bob, alice.seal(data(ALICE, BOB), now=0))
    assert refused(bob, late[1]) is Drop.REPLAYED


def test_the_next_counter_is_told_without_being_used() -> None:
    alice = node(ALICE)
    assert [alice.next_counter(now=0) for _ in range(3)] == [0, 0, 0]
    assert counter_of(alice.seal(data(ALICE, BOB), now=0)) == 0
    assert alice.next_counter(now=0) == 1


def test_a_sender_that_answered_our_challenge_is_heard_at_once_after_our_crash() -> None:
    store = MemoryStore()
    alice, bob = node(ALICE), node(BOB, store)
    for second in range(30):  # so that the mark is some frames ahead
        opened(bob, alice.seal(data(ALICE, BOB), now=0), now=second * 1_000_000)
    bob = node(BOB, store)
    lost = alice.seal(data(ALICE, BOB), now=0)
    assert refused(bob, lost) is Drop.REPLAYED
    assert bob.establish(ALICE, alice.next_counter(now=0), now=0)
    opened(bob, alice.seal(data(ALICE, BOB), now=0))
    assert refused(bob, lost) is Drop.REPLAYED


def test_frames_under_the_previous_and_the_next_key_are_opened() -> None:
    alice, bob = node(ALICE, keys=KeyTable()), node(BOB, keys=KeyTable())
    bob.key = bob.keys.hold_thread_keys(NETWORK_KEY, 7)
    for sequence in (6, 7, 8):
        alice.key = alice.keys.hold_thread_keys(NETWORK_KEY, sequence)
        assert opened(bob, alice.seal(data(ALICE, BOB), now=0)).key_sequence == sequence
    for sequence in (5, 9):
        alice.key = alice.keys.hold_thread_keys(NETWORK_KEY, sequence)
        assert refused(bob, alice.seal(data(ALICE, BOB), now=0)) is Drop.NO_KEY


def test_attack_25_frame_under_the_well_known_key_moves_no_counter() -> None:
    alice, bob = node(ALICE), node(BOB)
    frame = data(ALICE, BOB)
    security = AuxiliarySecurityHeader(SecurityControl(5, 2), 0x7FFFFFFF, b"\xff" * 4, 0xFF)
    control = replace(frame.control, security_enabled=True)
    announce = seal_frame(
        replace(frame, control=control, security=security), CcmStarKey(ANNOUNCE_KEY), ALICE
    )
    for side in (alice, bob):
        refused(side, announce)
    psdu = alice.seal(data(ALICE, BOB), now=0)
    assert counter_of(psdu) == 0
    assert opened(bob, psdu).payload == b"hello"
