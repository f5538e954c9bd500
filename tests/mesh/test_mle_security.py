"""MLE messages: sealed, opened, refused, and accepted once."""

from dataclasses import replace
from random import Random

import pytest

from lowpan.errors import FieldOutOfRange, SecurityError
from lowpan.mac.ccm_star import CcmStarKey
from lowpan.mac.counters import CounterExhausted
from lowpan.mac.keys import FIRST_KEY, KeyIdentifier, KeyTable
from lowpan.mac.replay import Freshness
from lowpan.mac.service import Drop
from lowpan.mac.thread_keys import derive
from lowpan.mesh.mle_keys import MOST_DERIVED, NamedMleKeys, ThreadMleKeys
from lowpan.mesh.mle_protection import seal_message
from lowpan.mesh.mle_security import (
    THREAD_IN_CLEAR,
    MleRefusal,
    MleSecurity,
    OpenedMle,
    StaleMle,
)
from lowpan.store import MemoryStore
from lowpan.wire.mle import MLE_ENVELOPE, MLE_MESSAGE
from lowpan.wire.secret import fingerprint
from lowpan.wire.security_header import AuxiliarySecurityHeader, SecurityControl
from tests.mac.secured import KEY, OTHER_KEY, FailingStore
from tests.mesh.mle import (
    ADVERTISEMENT,
    ALICE,
    ALL_NODES,
    BOB,
    NETWORK_KEY,
    drafted,
    heard,
    link_local,
    said,
    table,
    thread,
)

# A real Advertisement, as pyspinel's test_sniffer has it: network key of OpenThread's default.
REAL_SENDER = bytes.fromhex("22a0322cab25cba8")
REAL_ADVERTISEMENT = bytes.fromhex(
    "0015060000000000000001f226cce17968521d92904fec1adb0b94777030b944df65450bc955f05737e3"
)
REAL_MESSAGE = bytes.fromhex("04 00021000 0b085d96192b40aa4c04 090a0e080000000000000001")
# A real Child ID Request (OpenThread's test_mac_frame), between link-local addresses.
REAL_CHILD, REAL_PARENT = bytes.fromhex("166e0a0000000002"), bytes.fromhex("166e0a0000000001")
REAL_REQUEST = bytes.fromhex(
    "0015010000000000000001c2579c31b32aa186ba9aed5ab9a35988ebbb0dc3edeb8a53a6edf7dd456ef79a17b4abc6"
    "75714637934a32b1219f9db36527d5fc501690"
)


def test_a_real_advertisement_is_opened_and_sealed_to_the_same_octets() -> None:
    opened = heard(thread(BOB), REAL_ADVERTISEMENT, REAL_SENDER)
    assert isinstance(opened, OpenedMle)
    assert opened.message == REAL_MESSAGE
    assert (opened.security_level, opened.key_sequence, opened.frame_counter) == (5, 0, 6)
    store = MemoryStore()
    store.save(f"outgoing/{fingerprint(derive(NETWORK_KEY, 0)[0])}", (6).to_bytes(4, "big"))
    assert said(thread(REAL_SENDER, store=store), REAL_MESSAGE) == REAL_ADVERTISEMENT


def test_a_real_unicast_request_is_opened_and_only_between_its_addresses() -> None:
    parent, child = (link_local(extended) for extended in (REAL_PARENT, REAL_CHILD))
    node = thread(REAL_PARENT)
    for ends in ((child, ALL_NODES), (ALL_NODES, parent), (parent, child)):
        outcome = node.open(REAL_REQUEST, *ends, REAL_CHILD, now=0)
        assert isinstance(outcome, MleRefusal)
        assert outcome.drop is Drop.MIC_BAD
    opened = node.open(REAL_REQUEST, child, parent, REAL_CHILD, now=0)
    assert isinstance(opened, OpenedMle)
    assert MLE_MESSAGE.decode(opened.message).command == 11


@pytest.mark.parametrize("level", [1, 2, 3, 5, 6, 7])
@pytest.mark.parametrize(
    "identifier",
    [KeyIdentifier(1, 1), KeyIdentifier(2, 9, b"abcd"), KeyIdentifier(3, 255, b"abcdefgh")],
)
def test_every_level_and_name_of_a_key_goes_there_and_back(
    level: int, identifier: KeyIdentifier
) -> None:
    keys = KeyTable()
    keys.add(identifier, OTHER_KEY)
    mle = NamedMleKeys(keys, table(KEY), identifier=identifier)
    alice, bob = (MleSecurity(who, mle, MemoryStore(), level=level) for who in (ALICE, BOB))
    opened = heard(bob, said(alice), ALICE)
    assert isinstance(opened, OpenedMle)
    assert (opened.message, opened.security_level, opened.key_sequence) == (
        *(ADVERTISEMENT, level, None),
    )


@pytest.mark.parametrize("level", [0, 4])
def test_levels_without_a_mic_are_refused(level: int) -> None:
    with pytest.raises(SecurityError):
        MleSecurity(ALICE, ThreadMleKeys(NETWORK_KEY, 0), MemoryStore(), level=level)
    alice, bob = drafted(ALICE), drafted(BOB)
    envelope = MLE_ENVELOPE.decode(said(alice))
    assert envelope.security is not None
    envelope.security.control = SecurityControl(level, 1)
    envelope.mic = b""
    outcome = heard(bob, MLE_ENVELOPE.encode(envelope), ALICE)
    assert isinstance(outcome, MleRefusal)
    assert outcome.drop is Drop.LEVEL


def test_the_key_of_mle_is_none_of_the_link_layer() -> None:
    with pytest.raises(FieldOutOfRange, match="must differ"):
        NamedMleKeys(table(KEY, 7), table(KEY))
    keys, link_keys = table(OTHER_KEY), table(KEY)
    mle = NamedMleKeys(keys, link_keys)
    link_keys.add(KeyIdentifier(1, 2), OTHER_KEY)
    with pytest.raises(FieldOutOfRange, match="must differ"):
        mle.refuse_link_keys()


def test_each_message_has_a_counter_of_its_own_and_the_next_is_known_before() -> None:
    alice, bob = drafted(ALICE), drafted(BOB)
    for counter in range(25):
        assert alice.next_counter(now=0) == counter
        opened = heard(bob, said(alice), ALICE)
        assert isinstance(opened, OpenedMle)
        assert opened.frame_counter == counter


def test_attack_16_a_changed_message_is_refused_wherever_it_is_changed() -> None:
    alice, bob = thread(ALICE), thread(BOB)
    payload = said(alice)
    drops = set[Drop]()
    for octet in range(len(payload)):
        for bit in range(8):
            changed = bytearray(payload)
            changed[octet] ^= 1 << bit
            outcome = heard(bob, bytes(changed), ALICE)
            assert isinstance(outcome, MleRefusal), (octet, bit)
            drops.add(outcome.drop)
    assert drops == {Drop.MALFORMED, Drop.LEVEL, Drop.NO_KEY, Drop.MIC_BAD}
    assert isinstance(heard(bob, payload, ALICE), OpenedMle)


def test_attack_16_a_message_cut_anywhere_is_refused() -> None:
    payload, bob = said(thread(ALICE)), thread(BOB)
    for octets in range(len(payload)):
        assert isinstance(heard(bob, payload[:octets], ALICE), MleRefusal)


def test_attack_17_a_message_is_accepted_once() -> None:
    alice, bob = drafted(ALICE), drafted(BOB)
    first, second = said(alice), said(alice)
    assert isinstance(heard(bob, first, ALICE), OpenedMle)
    again = heard(bob, first, ALICE)
    assert isinstance(again, StaleMle)
    assert again.freshness is Freshness.REPEATED
    assert isinstance(heard(bob, second, ALICE), OpenedMle)
    again = heard(bob, first, ALICE)
    assert isinstance(again, StaleMle)
    assert (again.freshness, again.message, again.sender) == (
        *(Freshness.OLD, ADVERTISEMENT, ALICE),
    )


def test_attack_17_our_own_message_is_not_news() -> None:
    alice = drafted(ALICE)
    outcome = heard(alice, said(alice), ALICE)
    assert isinstance(outcome, MleRefusal)
    assert outcome.drop is Drop.REPLAYED


def test_attack_18_counters_of_both_directions_outlast_a_crash() -> None:
    alice_store, bob_store = MemoryStore(), MemoryStore()
    alice, bob = drafted(ALICE, alice_store), drafted(BOB, bob_store)
    recorded = [said(alice) for _ in range(3)]
    for payload in recorded:
        assert isinstance(heard(bob, payload, ALICE), OpenedMle)
    bob = drafted(BOB, bob_store)
    for payload in recorded:
        assert isinstance(heard(bob, payload, ALICE), StaleMle)
    alice = drafted(ALICE, alice_store)
    assert alice.next_counter(now=0) == 10


def test_attack_18_nothing_is_sealed_or_opened_while_the_store_fails() -> None:
    alice, store = drafted(ALICE), FailingStore()
    bob = drafted(BOB, store)
    store.fails = True
    payload = said(alice)
    outcome = heard(bob, payload, ALICE)
    assert isinstance(outcome, MleRefusal)
    assert outcome.drop is Drop.STORE
    with pytest.raises(Exception, match="full"):
        said(bob)
    store.fails = False
    assert isinstance(heard(bob, payload, ALICE, now=2_000_000), OpenedMle)


def test_attack_19_a_counter_far_ahead_in_a_forged_message_locks_nobody_out() -> None:
    alice, bob = drafted(ALICE), drafted(BOB)
    envelope = MLE_ENVELOPE.decode(said(alice))
    assert envelope.security is not None
    envelope.security.frame_counter = 0xFFFFFFF0
    outcome = heard(bob, MLE_ENVELOPE.encode(envelope), ALICE)
    assert isinstance(outcome, MleRefusal)
    assert outcome.drop is Drop.MIC_BAD
    assert isinstance(heard(bob, said(alice), ALICE), OpenedMle)


def test_attack_20_the_last_counter_is_never_used_nor_taken() -> None:
    store = MemoryStore()
    store.save(f"outgoing/{fingerprint(OTHER_KEY)}", (0xFFFFFFFE).to_bytes(4, "big"))
    alice, bob = drafted(ALICE, store), drafted(BOB)
    assert isinstance(heard(bob, said(alice), ALICE), OpenedMle)
    with pytest.raises(CounterExhausted):
        said(alice)
    with pytest.raises(CounterExhausted):
        alice.next_counter(now=0)
    security = AuxiliarySecurityHeader(SecurityControl(5, 1), 0xFFFFFFFF, key_index=1)
    ends, key = (link_local(ALICE), ALL_NODES), CcmStarKey(OTHER_KEY)
    outcome = heard(bob, seal_message(ADVERTISEMENT, ends, security, key, ALICE), ALICE)
    assert isinstance(outcome, MleRefusal)
    assert outcome.drop is Drop.COUNTER


def test_an_answer_to_our_challenge_is_believed_below_our_mark_and_once() -> None:
    store = MemoryStore()
    alice, bob = drafted(ALICE), drafted(BOB, store)
    for second in range(40):
        assert isinstance(heard(bob, said(alice), ALICE, now=second * 1_000_000), OpenedMle)
    bob = drafted(BOB, store)  # our mark is some messages ahead of what was accepted
    early, answer = said(alice), said(alice)
    stale = heard(bob, answer, ALICE)
    assert isinstance(stale, StaleMle)
    assert bob.accept_answer(stale, challenged_at=0, now=0) == stale.opened
    again = heard(bob, answer, ALICE)
    assert isinstance(again, StaleMle)
    for late in (again, heard(bob, early, ALICE)):
        assert isinstance(late, StaleMle)
        assert isinstance(bob.accept_answer(late, challenged_at=0, now=0), MleRefusal)
    assert isinstance(heard(bob, said(alice), ALICE), OpenedMle)


def test_attack_27_an_answer_is_believed_once_though_its_sender_was_forgotten_between() -> None:
    keys = NamedMleKeys(table(OTHER_KEY), None)
    bob = MleSecurity(BOB, keys, MemoryStore(), most_senders=1)
    alice, carol = drafted(ALICE), drafted(bytes(8))
    answer = said(alice)
    assert isinstance(heard(bob, answer, ALICE, now=5), OpenedMle)
    assert isinstance(heard(bob, said(carol), carol.extended_address, now=6), OpenedMle)
    stale = heard(bob, answer, ALICE, now=7)
    assert isinstance(stale, StaleMle)
    assert isinstance(bob.accept_answer(stale, challenged_at=4, now=7), MleRefusal)
    assert isinstance(bob.accept_answer(stale, challenged_at=7, now=8), OpenedMle)


def test_the_counter_in_an_answer_is_where_its_sender_goes_on() -> None:
    alice, bob = drafted(ALICE), drafted(BOB)
    early = said(alice)
    assert bob.establish(ALICE, alice.next_counter(now=0), now=0)
    assert isinstance(heard(bob, early, ALICE), StaleMle)
    assert isinstance(heard(bob, said(alice), ALICE), OpenedMle)


def test_attack_24_each_key_sequence_has_its_own_key_and_counters() -> None:
    alice, bob = thread(ALICE), thread(BOB)
    alice_keys, bob_keys = alice.keys, bob.keys
    assert isinstance(alice_keys, ThreadMleKeys)
    assert isinstance(bob_keys, ThreadMleKeys)
    for sequence in (0, 1, 2, 129, 130, 0xFFFFFFFF):
        alice_keys.use(sequence)
        opened = heard(bob, said(alice), ALICE)  # a node that was away finds back
        assert isinstance(opened, OpenedMle)
        assert (opened.key_sequence, opened.frame_counter) == (sequence, 0)
        bob_keys.use(sequence)


def test_sequences_of_one_index_are_told_apart() -> None:
    ours, other = thread(ALICE, 1), thread(ALICE, 129)
    payloads = [said(ours), said(other)]
    assert [payload[10] for payload in payloads] == [2, 2]
    for payload, sequence in zip(payloads, (1, 129), strict=True):
        opened = heard(thread(BOB, 1), payload, ALICE)
        assert isinstance(opened, OpenedMle)
        assert opened.key_sequence == sequence


def test_what_is_sealed_before_the_latest_key_of_its_sender_is_stale() -> None:
    alice, bob = thread(ALICE, 6), thread(BOB, 6)
    assert isinstance(alice.keys, ThreadMleKeys)
    first, late = said(alice), said(alice)
    assert isinstance(heard(bob, first, ALICE), OpenedMle)
    alice.keys.use(7)
    assert isinstance(heard(bob, said(alice), ALICE), OpenedMle)
    stale = heard(bob, late, ALICE)
    assert isinstance(stale, StaleMle)
    assert isinstance(bob.accept_answer(stale, challenged_at=0, now=0), MleRefusal)


def test_only_the_previous_key_is_still_believed() -> None:
    bob = thread(BOB, 8)
    assert isinstance(heard(bob, said(thread(ALICE, 7)), ALICE), OpenedMle)
    stale = heard(bob, said(thread(bytes(8), 6)), bytes(8))
    assert isinstance(stale, StaleMle)
    assert stale.opened.key_sequence == 6


def test_a_sequence_under_the_index_of_another_is_refused() -> None:
    key = CcmStarKey(derive(NETWORK_KEY, 3)[0])
    security = AuxiliarySecurityHeader(SecurityControl(5, 2), 0, (3).to_bytes(4, "big"), 5)
    ends = (link_local(ALICE), ALL_NODES)
    outcome = heard(thread(BOB), seal_message(ADVERTISEMENT, ends, security, key, ALICE), ALICE)
    assert isinstance(outcome, MleRefusal)
    assert outcome.drop is Drop.NO_KEY
    right = replace(security, key_index=4)
    assert isinstance(
        heard(thread(BOB), seal_message(ADVERTISEMENT, ends, right, key, ALICE), ALICE), OpenedMle
    )


def test_attack_22_without_security_only_what_the_caller_names_is_taken() -> None:
    alice, bob = thread(ALICE), thread(BOB)
    ends = (link_local(ALICE), ALL_NODES)
    for command in range(256):
        payload = b"\xff" + bytes((command,))
        outcome = bob.open(payload, *ends, ALICE, in_clear=THREAD_IN_CLEAR, now=0)
        assert isinstance(outcome, OpenedMle if command in (16, 17) else MleRefusal)
        assert isinstance(bob.open(payload, *ends, ALICE, now=0), MleRefusal)
    assert alice.seal_unsecured(bytes.fromhex("101a0480025000")).hex() == "ff101a0480025000"


@pytest.mark.parametrize("tlv", ["03 04 00000000", "04 04 00000000", "05 04 00000000"])
def test_attack_22_challenge_response_and_counter_never_travel_in_clear(tlv: str) -> None:
    alice, bob = thread(ALICE), thread(BOB)
    message = b"\x10" + bytes.fromhex(tlv)
    with pytest.raises(FieldOutOfRange):
        alice.seal_unsecured(message)
    ends = (link_local(ALICE), ALL_NODES)
    outcome = bob.open(b"\xff" + message, *ends, ALICE, in_clear=THREAD_IN_CLEAR, now=0)
    assert isinstance(outcome, MleRefusal)
    assert outcome.drop is Drop.UNSECURED


def test_the_key_of_a_peer_alone_is_not_what_we_say_to_all() -> None:
    keys = KeyTable()
    keys.add_implicit(BOB, OTHER_KEY)
    alice = MleSecurity(ALICE, NamedMleKeys(keys, None), MemoryStore())
    with pytest.raises(SecurityError, match="no key"):
        said(alice)
    assert alice.keys.identifier == FIRST_KEY


def test_attack_28_a_flood_of_forged_messages_leaves_nothing_behind() -> None:
    """Of any sender and any key sequence: what each of them costs is one CCM*, and a key."""
    alice, bob = thread(ALICE), thread(BOB)
    random, payload = Random(28), bytearray(said(alice))
    for _ in range(2000):
        sequence = random.randrange(1 << 32)
        payload[6:11] = sequence.to_bytes(4, "big") + bytes((sequence % 128 + 1,))
        outcome = heard(bob, bytes(payload), b"\x02" + random.randbytes(7))
        assert isinstance(outcome, MleRefusal)
        assert outcome.drop is Drop.MIC_BAD
    assert list(bob.incoming.senders()) == []
    assert isinstance(bob.keys, ThreadMleKeys)
    assert bob.keys.derived <= MOST_DERIVED
    assert isinstance(heard(bob, said(alice), ALICE), OpenedMle)


def test_nobody_sees_a_key() -> None:
    node = thread(ALICE)
    mle, mac = derive(NETWORK_KEY, 0)
    shown = repr(vars(node)) + repr(vars(node.keys)) + repr(heard(thread(BOB), said(node), ALICE))
    for octets in (NETWORK_KEY, mle, mac):
        assert octets.hex() not in shown
        assert repr(octets)[2:-1] not in shown
