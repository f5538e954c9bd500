"""Frames sealed and opened under policy, keys, MIC and counters."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lowpan.errors import FieldOutOfRange, StoreError
from lowpan.mac.ccm_star import CcmStarKey, SecurityLevelRefused
from lowpan.mac.counters import CounterExhausted
from lowpan.mac.frame_security import seal_frame
from lowpan.mac.keys import KeyIdentifier, KeyTable, KeyUnavailable
from lowpan.mac.peers import Peers
from lowpan.mac.policy import SecurityPolicy
from lowpan.mac.security import LinkSecurity, Opened, Refusal
from lowpan.mac.service import Drop
from lowpan.mac.thread_keys import ANNOUNCE_KEY, ANNOUNCE_NONCE_ADDRESS
from lowpan.store import MemoryStore
from lowpan.wire.ieee802154 import Frame, FrameControl, encode_frame
from lowpan.wire.multipurpose import Multipurpose, MultipurposeControl, MultipurposeLongControl
from lowpan.wire.secret import fingerprint
from lowpan.wire.security_header import AuxiliarySecurityHeader, SecurityControl
from tests.mac.secured import (
    ALICE,
    ALICE_SHORT,
    BOB,
    BOB_SHORT,
    CAROL,
    KEY,
    OTHER_KEY,
    PAN_ID,
    FailingStore,
    changed,
    data,
    decoded,
    node,
    opened,
    refused,
    table,
)

BROADCAST = b"\xff\xff"
NETWORK_KEY = bytes.fromhex("00112233445566778899aabbccddeeff")


def counter_of(psdu: bytes) -> int:
    security = decoded(psdu).security
    assert security is not None
    assert security.frame_counter is not None
    return security.frame_counter


def by_hand(frame: Frame, counter: int, *, level: int = 5, key: bytes = KEY) -> bytes:
    """Return `frame` sealed with what key index 1 should be, without any of the rules."""
    security = AuxiliarySecurityHeader(SecurityControl(level, 1), counter, key_index=1)
    control = replace(frame.control, security_enabled=True)
    sender = frame.source if frame.source and len(frame.source) == 8 else ALICE
    sealable = replace(frame, control=control, security=security)
    return seal_frame(sealable, CcmStarKey(key), sender)


def test_what_one_seals_the_other_opens() -> None:
    alice, bob = node(ALICE), node(BOB)
    for number in range(30):
        frame = data(ALICE, BOB, bytes([number]) * number)
        psdu = alice.seal(frame, now=0)
        assert opened(bob, psdu) == Opened(frame.payload, ALICE, 5, None, fingerprint(KEY))
        assert len(psdu) == len(encode_frame(frame)) + alice.overhead(BOB)


def test_frame_of_version_0_becomes_one_of_version_1() -> None:
    frame = data(ALICE, BOB)
    frame.control = replace(frame.control, frame_version=0)
    psdu = node(ALICE).seal(frame, now=0)
    assert decoded(psdu).control.frame_version == 1
    assert opened(node(BOB), psdu).payload == b"hello"


@pytest.mark.parametrize("level", [1, 2, 3, 5, 6, 7])
def test_every_level_with_a_mic_serves(level: int) -> None:
    alice, bob = (
        LinkSecurity(address, table(), MemoryStore(), level=level) for address in (ALICE, BOB)
    )
    frame = data(ALICE, BOB)
    psdu = alice.seal(frame, now=0)
    assert len(psdu) == len(encode_frame(frame)) + alice.overhead(BOB)
    assert (frame.payload in psdu) == (level < 4)
    assert opened(bob, psdu).security_level == level


IDENTIFIERS = [
    KeyIdentifier(1, 7),
    KeyIdentifier(2, 7, bytes(4)),
    KeyIdentifier(3, 7, bytes(8)),
]


@pytest.mark.parametrize("identifier", IDENTIFIERS)
def test_every_way_to_name_a_key_serves(identifier: KeyIdentifier) -> None:
    keys = KeyTable()
    keys.add(identifier, KEY)
    alice, bob = (
        LinkSecurity(address, keys, MemoryStore(), key=identifier) for address in (ALICE, BOB)
    )
    psdu = alice.seal(data(ALICE, BOB), now=0)
    assert len(psdu) == len(encode_frame(data(ALICE, BOB))) + alice.overhead(BOB)
    assert opened(bob, psdu).payload == b"hello"


def test_implicit_key_serves_between_two() -> None:
    alice, bob, carol = node(ALICE), node(BOB), node(CAROL)
    alice.keys.add_implicit(BOB, OTHER_KEY)
    bob.keys.add_implicit(ALICE, OTHER_KEY)
    psdu = alice.seal(data(ALICE, BOB), now=0)
    assert opened(bob, psdu).key_fingerprint == fingerprint(OTHER_KEY)
    assert refused(carol, psdu) is Drop.NO_KEY
    assert alice.overhead(BOB) == alice.overhead(CAROL) - 1 == 9
    assert len(psdu) == len(encode_frame(data(ALICE, BOB))) + alice.overhead(BOB)
    to_all = alice.seal(data(ALICE, BROADCAST), now=0)
    assert opened(carol, to_all).key_fingerprint == fingerprint(KEY)


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


def test_attack_21_well_known_key_carries_nothing_up() -> None:
    """CVE-2023-2626."""
    frame = data(ALICE, BOB)
    security = AuxiliarySecurityHeader(SecurityControl(5, 2), 0, b"\xff\xff\xff\xff", 0xFF)
    sealable = replace(
        frame, control=replace(frame.control, security_enabled=True), security=security
    )
    for sender in (ALICE, ANNOUNCE_NONCE_ADDRESS):
        psdu = seal_frame(sealable, CcmStarKey(ANNOUNCE_KEY), sender)
        assert refused(node(BOB), psdu) is Drop.NO_KEY


def test_attack_22_frames_in_clear_are_dropped() -> None:
    bob = node(BOB)
    assert refused(bob, encode_frame(data(ALICE, BOB))) is Drop.UNSECURED
    for command in range(256):
        frame = data(ALICE, BOB, bytes([command]), frame_type=3)
        assert refused(bob, encode_frame(frame)) is Drop.UNSECURED


def test_beacon_in_clear_passes_and_proves_nothing() -> None:
    frame = data(ALICE, BOB, bytes.fromhex("ffcf0000") + b"beacon", frame_type=0)
    assert opened(node(BOB), encode_frame(frame)) == Opened(frame.payload, ALICE)
    alice = node(ALICE)
    assert not alice.wants_sealed(0)
    assert opened(node(BOB), alice.seal(frame, now=0)).payload == frame.payload


def test_commands_in_clear_pass_by_option_and_go_out_likewise() -> None:
    policy = SecurityPolicy.for_level(5, beacon_requests_in_clear=True)
    bob = LinkSecurity(BOB, table(), MemoryStore(), policy=policy)
    request = encode_frame(data(ALICE, BOB, b"\x07", frame_type=3))
    assert opened(bob, request).security_level == 0
    assert [bob.wants_sealed(3, command) for command in (4, 7)] == [True, False]
    assert [node(BOB).wants_sealed(kind) for kind in (0, 1, 2, 3)] == [False, True, False, True]


def test_weaker_level_than_ours_is_dropped() -> None:
    bob = node(BOB)
    for counter, level in enumerate((1, 2, 3)):
        assert refused(bob, by_hand(data(ALICE, BOB), counter, level=level)) is Drop.LEVEL
    for counter, level in enumerate((5, 6, 7)):
        psdu = by_hand(data(ALICE, BOB), counter, level=level)
        assert opened(bob, psdu).security_level == level


@pytest.mark.parametrize("level", [0, 4])
def test_level_without_mic_is_refused_both_ways(level: int) -> None:
    with pytest.raises(SecurityLevelRefused):
        LinkSecurity(ALICE, table(), MemoryStore(), level=level)
    frame = data(ALICE, BOB)
    frame.control = replace(frame.control, security_enabled=True)
    frame.security = AuxiliarySecurityHeader(SecurityControl(level, 1), 0, key_index=1)
    bob = node(BOB)
    bob.policy = SecurityPolicy(dict.fromkeys(range(8), 0))
    assert refused(bob, encode_frame(frame)) is Drop.LEVEL
    with pytest.raises(SecurityLevelRefused):
        node(ALICE).seal(frame, now=0)


def test_suites_of_2003_are_refused() -> None:
    frame = data(ALICE, BOB, bytes(20))
    frame.control = replace(frame.control, frame_version=0, security_enabled=True)
    bob = node(BOB)
    bob.policy = SecurityPolicy(dict.fromkeys(range(8), 0))
    assert refused(bob, encode_frame(frame)) is Drop.LEVEL


@pytest.mark.parametrize(
    "control",
    [
        SecurityControl(5, 1, frame_counter_suppression=True),
        SecurityControl(5, 1, asn_in_nonce=True),
    ],
)
def test_frame_without_a_counter_of_its_own_is_refused(control: SecurityControl) -> None:
    frame = data(ALICE, BOB)
    counter = None if control.frame_counter_suppression else 7
    frame.destination_pan_id = None  # as version 2 leaves it out between extended addresses
    frame.control = replace(frame.control, security_enabled=True, frame_version=2)
    frame.security = AuxiliarySecurityHeader(control, counter, key_index=1)
    psdu = seal_frame(frame, CcmStarKey(KEY), ALICE, absolute_slot_number=1)
    assert refused(node(BOB), psdu) is Drop.LEVEL


def test_key_that_we_do_not_have_is_said_by_its_name() -> None:
    alice = node(ALICE, keys=table({9: KEY}))
    alice.key = KeyIdentifier(1, 9)
    psdu = alice.seal(data(ALICE, BOB), now=0)
    refusal = node(BOB).open(decoded(psdu), psdu, now=0)
    assert refusal == Refusal(Drop.NO_KEY, "no key with index 9")
    alice.key = KeyIdentifier(3, 9, bytes(8))
    with pytest.raises(KeyUnavailable, match="index 9, source 0000000000000000"):
        alice.seal(data(ALICE, BOB), now=0)
    alice.key = KeyIdentifier(0)
    with pytest.raises(KeyUnavailable, match="this peer"):
        alice.seal(data(ALICE, BOB), now=0)


def test_key_index_0_names_nothing() -> None:
    frame = data(ALICE, BOB)
    frame.control = replace(frame.control, security_enabled=True)
    frame.security = AuxiliarySecurityHeader(SecurityControl(5, 1), 0, key_index=0)
    assert refused(node(BOB), seal_frame(frame, CcmStarKey(KEY), ALICE)) is Drop.NO_KEY


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


def test_frame_without_a_source_is_refused() -> None:
    control = FrameControl(1, destination_addressing_mode=3, frame_version=1)
    frame = Frame(control, 7, PAN_ID, BOB, payload=b"hello")
    psdu = node(ALICE).seal(frame, now=0)
    assert refused(node(BOB), psdu) is Drop.NO_ADDRESS


def test_command_that_ends_before_its_identifier_is_malformed() -> None:
    frame = data(ALICE, BOB, b"", frame_type=3)
    control = replace(frame.control, security_enabled=True)
    security = AuxiliarySecurityHeader(SecurityControl(5, 1), 0, key_index=1)
    psdu = encode_frame(replace(frame, control=control, security=security, mic=bytes(4)))
    assert refused(node(BOB), psdu) is Drop.MALFORMED


def test_multipurpose_frames_are_opened_too() -> None:
    frame = Multipurpose(
        MultipurposeControl(long_frame_control=True, source_addressing_mode=3),
        MultipurposeLongControl(security_enabled=True, sequence_number_suppression=True),
        source=ALICE,
        security=AuxiliarySecurityHeader(SecurityControl(5, 1), 7, key_index=1),
        payload=b"wake",
        mic=bytes(4),
    )
    psdu = seal_frame(frame, CcmStarKey(KEY), ALICE)
    bob = node(BOB)
    sealed = replace(frame, payload=psdu[-8:-4], mic=psdu[-4:])
    assert bob.open(sealed, psdu, now=0) == Opened(b"wake", ALICE, 5, None, fingerprint(KEY))
    assert isinstance(bob.open(sealed, psdu, now=0), Refusal)
    in_clear = replace(
        frame,
        long_control=MultipurposeLongControl(sequence_number_suppression=True),
        security=None,
        mic=b"",
    )
    refusal = bob.open(in_clear, encode_frame(in_clear), now=0)
    assert isinstance(refusal, Refusal)
    assert refusal.drop is Drop.UNSECURED


def test_attack_24_each_key_has_a_counter_of_its_own_when_keys_rotate() -> None:
    alice, bob = node(ALICE, keys=KeyTable()), node(BOB, keys=KeyTable())
    sent = list[tuple[str | None, int]]()
    for sequence in (0, 1, 0, 1, 2, 1):  # back too, as a race would have it
        for side in (alice, bob):
            side.key = side.keys.hold_thread_keys(NETWORK_KEY, sequence)
        for _ in range(3):
            psdu = alice.seal(data(ALICE, BOB), now=0)
            found = opened(bob, psdu)
            assert found.key_sequence == sequence
            sent.append((found.key_fingerprint, counter_of(psdu)))
    assert len(set(sent)) == len(sent)
    assert [counter for _, counter in sent] == [
        0,
        1,
        2,
        0,
        1,
        2,
        3,
        4,
        5,
        3,
        4,
        5,
        0,
        1,
        2,
        6,
        7,
        8,
    ]


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


def acknowledgment(psdu: bytes, answerer: LinkSecurity, payload: bytes = b"") -> bytes:
    """Return the Enh-Ack to `psdu`, sealed as it is."""
    frame = decoded(psdu)
    control = FrameControl(2, destination_addressing_mode=3, frame_version=2)
    ack = Frame(
        *(control, frame.sequence_number, PAN_ID, frame.source),
        security=frame.security,
        payload=payload,
    )
    return answerer.seal(ack, now=0)


def test_attack_26_only_the_receiver_can_acknowledge_a_sealed_frame() -> None:
    alice, bob, carol = node(ALICE), node(BOB), node(CAROL)
    psdu = alice.seal(data(ALICE, BOB), now=0)
    sent = decoded(psdu)

    def outcome(ack: bytes) -> Opened | Drop:
        found = alice.open_acknowledgment(decoded(ack), ack, sent, now=0)
        return found if isinstance(found, Opened) else found.drop

    immediate = encode_frame(Frame(FrameControl(2), sent.sequence_number))
    assert outcome(immediate) is Drop.UNSECURED
    enhanced = FrameControl(2, destination_addressing_mode=3, frame_version=2)
    in_clear = encode_frame(Frame(enhanced, sent.sequence_number, PAN_ID, ALICE))
    assert outcome(in_clear) is Drop.UNSECURED
    assert outcome(acknowledgment(psdu, carol)) is Drop.MIC_BAD
    stranger = node(BOB, keys=table({1: OTHER_KEY}))
    assert outcome(acknowledgment(psdu, stranger)) is Drop.MIC_BAD
    good = acknowledgment(psdu, bob)
    assert outcome(good) == Opened(b"", BOB, 5, None, fingerprint(KEY))
    assert outcome(good) is Drop.DUPLICATE
    assert isinstance(outcome(acknowledgment(psdu, bob)), Opened)
    assert outcome(good) is Drop.REPLAYED


def test_attack_26_acknowledgment_under_another_key_or_level_is_refused() -> None:
    both = {1: KEY, 2: KEY}
    alice, bob = node(ALICE, keys=table(both)), node(BOB, keys=table(both))
    psdu = alice.seal(data(ALICE, BOB), now=0)
    sent = decoded(psdu)
    assert sent.security is not None
    for security in (
        replace(sent.security, key_index=2),
        replace(sent.security, control=SecurityControl(1, 1)),
    ):
        unlike = encode_frame(replace(sent, security=security))
        ack = acknowledgment(unlike, bob)
        refusal = alice.open_acknowledgment(decoded(ack), ack, sent, now=0)
        assert isinstance(refusal, Refusal)
        assert refusal.drop is Drop.UNEXPECTED


def test_acknowledgments_and_frames_are_counted_apart() -> None:
    """An acknowledgment is made at once, whatever waits to be sent with lower counters."""
    alice, bob = node(ALICE), node(BOB)
    waits = bob.seal(data(BOB, ALICE), now=0)
    psdu = alice.seal(data(ALICE, BOB), now=0)
    ack = acknowledgment(psdu, bob)
    assert counter_of(ack) > counter_of(waits)
    assert isinstance(alice.open_acknowledgment(decoded(ack), ack, decoded(psdu), now=0), Opened)
    assert opened(alice, waits).payload == b"hello"


def test_acknowledgment_in_clear_serves_a_frame_in_clear() -> None:
    alice, frame = node(ALICE), data(ALICE, BOB)
    immediate = Frame(FrameControl(2), 7)
    assert alice.open_acknowledgment(immediate, encode_frame(immediate), frame, now=0) == Opened(
        b"", None
    )
    bob_sealed = acknowledgment(node(ALICE).seal(frame, now=0), node(BOB))
    unasked = alice.open_acknowledgment(decoded(bob_sealed), bob_sealed, frame, now=0)
    assert isinstance(unasked, Refusal)


def test_no_text_shows_a_key() -> None:
    alice = node(ALICE)
    psdu = alice.seal(data(ALICE, BOB), now=0)
    shown = repr(opened(node(BOB), psdu)) + repr(alice) + repr(vars(alice))
    assert KEY.hex() not in shown
    assert repr(KEY)[2:-1] not in shown


@pytest.mark.parametrize("address", [b"", ALICE_SHORT])
def test_node_needs_an_extended_address(address: bytes) -> None:
    with pytest.raises(FieldOutOfRange):
        LinkSecurity(address, table(), MemoryStore())


@given(st.binary(max_size=100), st.integers(0, 0xFFFFFFFF), st.integers(0, 255))
def test_any_security_header_is_opened_or_refused(
    payload: bytes, counter: int, control: int
) -> None:
    """Whatever a stranger sends, no exception comes out, and nothing is accepted."""
    bob = node(BOB)
    bob.peers.add(ALICE, ALICE_SHORT, pan_id=PAN_ID)
    head = bytes.fromhex("69dc07efbe") + BOB[::-1] + ALICE[::-1] + bytes([control])
    psdu = head + counter.to_bytes(4, "little") + payload + bytes(40)
    frame = decoded(psdu)
    assert isinstance(bob.open(frame, psdu, now=0), Refusal)
    assert not list(bob.incoming.senders())
