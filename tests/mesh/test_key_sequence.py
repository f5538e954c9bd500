"""Key sequences: forward only, by time and by what others use, durable."""

from collections.abc import Callable

import pytest

from lowpan.errors import FieldOutOfRange
from lowpan.mac.keys import KeyIdentifier, KeyTable
from lowpan.mac.security import LinkSecurity, Opened, Refusal
from lowpan.mac.service import Drop
from lowpan.mac.thread_keys import derive
from lowpan.mesh.key_sequence import (
    COUNTERS_SHORT,
    HOUR,
    Cause,
    KeySequence,
    KeySequenceAction,
    KeySequenceChanged,
    LinkToEstablish,
    Standing,
)
from lowpan.mesh.mle_keys import ThreadMleKeys
from lowpan.mesh.mle_security import MleSecurity, OpenedMle, StaleMle
from lowpan.store import MemoryStore, Store
from lowpan.wire.secret import fingerprint
from tests.mac.secured import FailingStore, counter_of, data, decoded, opened, refused
from tests.mac.test_acknowledgment_security import acknowledgment
from tests.mesh.mle import ALICE, BOB, NETWORK_KEY, drafted, heard, said

GUARD = 624 * HOUR
ROTATION = 672 * HOUR


class Node:
    """The securities of one node, and the sequence of their keys."""

    def __init__(
        self,
        address: bytes,
        store: Store | None = None,
        *,
        key_sequence: int = 0,
        now: int = 0,
        rotation_hours: int = 672,
    ) -> None:
        self.address, self.store = address, store or MemoryStore()
        self.link = LinkSecurity(address, KeyTable(), self.store)
        self.mle = MleSecurity(address, ThreadMleKeys(NETWORK_KEY, 0), self.store)
        self.keys = KeySequence(
            *(NETWORK_KEY, self.link, self.mle, self.store),
            now=now,
            key_sequence=key_sequence,
            rotation_hours=rotation_hours,
        )

    def run_until(self, moment: int) -> list[tuple[int, KeySequenceAction]]:
        """Return what happened, and when."""
        told = list[tuple[int, KeySequenceAction]]()
        while (now := self.keys.next_deadline()) <= moment:
            told += [(now, action) for action in self.keys.handle_deadline(now=now)]
        return told

    def peer(self, sequence: int, *, now: int, neighbour: bool = True) -> list[KeySequenceAction]:
        return self.keys.message_accepted(
            BOB, sequence, Standing.PEER, is_neighbour=neighbour, now=now
        )

    def authority(self, sequence: int, *, now: int) -> list[KeySequenceAction]:
        standing = Standing.AUTHORITATIVE
        return self.keys.message_accepted(BOB, sequence, standing, is_neighbour=False, now=now)


def changed(sequence: int, previous: int, cause: Cause) -> list[KeySequenceAction]:
    return [KeySequenceChanged(sequence, previous, cause)]


def test_a_key_is_in_use_for_672_hours() -> None:
    node = Node(ALICE)
    assert node.run_until(3 * ROTATION) == [
        (ROTATION, KeySequenceChanged(1, 0, Cause.TIME)),
        (2 * ROTATION, KeySequenceChanged(2, 1, Cause.TIME)),
        (3 * ROTATION, KeySequenceChanged(3, 2, Cause.TIME)),
    ]


def test_an_early_call_does_nothing_and_a_late_one_goes_on() -> None:
    node = Node(ALICE)
    assert node.keys.handle_deadline(now=HOUR - 1) == []
    assert node.keys.handle_deadline(now=ROTATION + HOUR) == changed(1, 0, Cause.TIME)


def test_a_policy_below_two_hours_is_refused() -> None:
    with pytest.raises(FieldOutOfRange, match="1 hours"):
        Node(ALICE, rotation_hours=1)
    assert Node(ALICE, rotation_hours=2).run_until(2 * HOUR) == [
        (2 * HOUR, KeySequenceChanged(1, 0, Cause.TIME))
    ]


def test_attack_24_keys_of_mle_and_of_the_link_layer_change_with_counters_of_their_own() -> None:
    node = Node(ALICE)
    for sequence in (1, 2):
        node.authority(sequence, now=0)
        mle, mac = derive(NETWORK_KEY, sequence)
        psdu = node.link.seal(data(ALICE, BOB), now=0)
        assert counter_of(psdu) == 0
        heard_by = Node(BOB, key_sequence=sequence)
        assert opened(heard_by.link, psdu).key_fingerprint == fingerprint(mac)
        message = heard(heard_by.mle, said(node.mle), ALICE)
        assert isinstance(message, OpenedMle)
        assert (message.key_fingerprint, message.frame_counter) == (fingerprint(mle), 0)
        assert node.link.key == KeyIdentifier(1, sequence + 1)


def test_attack_24_an_acknowledgment_bears_the_key_of_its_frame_though_keys_have_changed() -> None:
    alice, bob = Node(ALICE), Node(BOB)
    psdu = alice.link.seal(data(ALICE, BOB), now=0)
    sent = decoded(psdu)
    bob.authority(1, now=0)
    ack = acknowledgment(psdu, bob.link)
    alice.authority(1, now=0)
    assert isinstance(alice.link.open_acknowledgment(decoded(ack), ack, sent, now=0), Opened)
    under_new = alice.link.seal(data(ALICE, BOB), now=0)
    other = acknowledgment(under_new, bob.link)
    refusal = alice.link.open_acknowledgment(decoded(other), other, sent, now=0)
    assert isinstance(refusal, Refusal)
    assert refusal.drop is Drop.UNEXPECTED


def test_a_peer_one_ahead_is_followed_once_the_guard_time_is_over() -> None:
    node = Node(ALICE)
    node.run_until(ROTATION)  # to 1, which begins the guard time
    assert node.peer(2, now=ROTATION + GUARD - 1) == []
    assert node.keys.current == 1
    assert node.peer(2, now=ROTATION + GUARD) == changed(2, 1, Cause.NEIGHBOUR)
    assert node.peer(3, now=ROTATION + GUARD) == []


def test_before_anybody_has_rotated_there_is_no_guard_time() -> None:
    assert Node(ALICE).peer(1, now=5) == changed(1, 0, Cause.NEIGHBOUR)


def test_only_neighbours_are_followed() -> None:
    assert Node(ALICE).peer(1, now=0, neighbour=False) == []
    assert Node(ALICE).peer(9, now=0, neighbour=False) == []


def test_attack_23_a_jump_far_ahead_is_asked_about_and_not_followed() -> None:
    node = Node(ALICE)
    for sequence in (2, 3, 128, 0xFFFFFFFF):
        assert node.peer(sequence, now=0) == [LinkToEstablish(BOB)]
    assert node.keys.current == 0


def test_attack_23_messages_alone_make_nobody_go_on_within_the_guard_time() -> None:
    node, now = Node(ALICE), 0
    for moment in range(0, 2 * ROTATION, 12 * HOUR):  # a peer that is always one ahead
        now = moment
        node.run_until(now)
        node.peer(node.keys.current + 1, now=now)
        node.keys.frame_accepted(node.keys.current + 1, now=now)
    assert node.keys.current <= 1 + now // GUARD


def test_who_answers_our_challenge_is_followed_however_far() -> None:
    node = Node(ALICE)
    node.run_until(ROTATION)
    assert node.authority(0xFFFF, now=ROTATION) == changed(0xFFFF, 1, Cause.AUTHORITY)


@pytest.mark.parametrize("sequence", [0, 6, 7])
def test_nobody_makes_us_go_back(sequence: int) -> None:
    node = Node(ALICE, key_sequence=7)
    assert node.authority(sequence, now=0) == []
    assert node.peer(sequence, now=0) == []
    assert node.keys.frame_accepted(sequence, now=0) == []
    assert node.keys.current == 7


def test_a_frame_under_the_next_key_is_followed_with_the_same_guard() -> None:
    node = Node(ALICE)
    assert node.keys.frame_accepted(None, now=0) == []
    assert node.keys.frame_accepted(1, now=0) == changed(1, 0, Cause.NEIGHBOUR)
    assert node.keys.frame_accepted(2, now=GUARD - 1) == []
    assert node.keys.frame_accepted(2, now=GUARD) == changed(2, 1, Cause.NEIGHBOUR)


def test_a_restart_never_goes_back_and_goes_on_with_the_time() -> None:
    store = MemoryStore()
    node = Node(ALICE, store)
    node.run_until(ROTATION + 100 * HOUR + HOUR // 2)
    again = Node(ALICE, store, now=7)
    assert again.keys.current == 1
    assert again.peer(2, now=7) == []  # the guard time goes on too
    assert again.run_until(600 * HOUR) == [(7 + 572 * HOUR, KeySequenceChanged(2, 1, Cause.TIME))]
    assert Node(ALICE, store, key_sequence=1).keys.current == 2
    assert Node(ALICE, store, key_sequence=5).keys.current == 5


def test_nothing_changes_while_the_store_fails_and_then_it_does() -> None:
    store = FailingStore()
    node = Node(ALICE, store)
    store.fails = True
    assert node.run_until(ROTATION + 10 * HOUR) == []
    assert node.authority(4, now=ROTATION) == []
    assert node.keys.current == 0
    store.fails = False
    assert [action for _, action in node.run_until(ROTATION + 11 * HOUR)] == changed(
        1, 0, Cause.TIME
    )


def short_link(node: Node) -> None:
    mac = derive(NETWORK_KEY, 0)[1]
    start = 0xFFFFFFFF - COUNTERS_SHORT + 1
    node.store.save(f"outgoing/{fingerprint(mac)}", start.to_bytes(4, "big"))


def short_mle(node: Node) -> None:
    mle = derive(NETWORK_KEY, 0)[0]
    node.store.save(f"outgoing/{fingerprint(mle)}", b"\xff\xff\xff\xff")


@pytest.mark.parametrize("make_short", [short_link, short_mle])
def test_attack_20_with_few_counters_left_the_next_key_comes_after_the_guard_time(
    make_short: Callable[[Node], None],
) -> None:
    node = Node(ALICE)
    make_short(node)
    assert node.run_until(GUARD + HOUR) == [(GUARD, KeySequenceChanged(1, 0, Cause.COUNTERS))]
    assert counter_of(node.link.seal(data(ALICE, BOB), now=GUARD)) == 0
    assert node.mle.next_counter(now=GUARD) == 0


def test_after_the_last_sequence_there_is_no_other() -> None:
    node = Node(ALICE, key_sequence=0xFFFFFFFF)
    assert node.run_until(2 * ROTATION) == []
    assert node.keys.current == 0xFFFFFFFF
    assert node.keys.frame_accepted(1 << 32, now=0) == []


def test_keys_of_one_index_are_told_apart() -> None:
    """Frames name sequences 1 and 129 alike, MLE messages do not."""
    alice, bob = Node(ALICE, key_sequence=1), Node(BOB, key_sequence=129)
    assert alice.link.key == bob.link.key
    assert refused(bob.link, alice.link.seal(data(ALICE, BOB), now=0)) is Drop.MIC_BAD
    assert refused(alice.link, bob.link.seal(data(BOB, ALICE), now=0)) is Drop.MIC_BAD
    stale = heard(bob.mle, said(alice.mle), ALICE)
    assert isinstance(stale, StaleMle)
    assert stale.opened.key_sequence == 1
    message = heard(alice.mle, said(bob.mle), BOB)
    assert isinstance(message, OpenedMle)
    assert message.key_sequence == 129


def test_counters_of_keys_out_of_use_are_forgotten_and_nothing_under_them_is_taken() -> None:
    alice, bob = Node(ALICE), Node(BOB)
    frame, message = alice.link.seal(data(ALICE, BOB), now=0), said(alice.mle)
    opened(bob.link, frame)
    assert isinstance(heard(bob.mle, message, ALICE), OpenedMle)
    marks = bob.store.names("incoming/") + bob.store.names("mle/incoming/")
    assert len(marks) == 2
    bob.authority(1, now=0)
    assert refused(bob.link, frame) is Drop.DUPLICATE
    assert bob.store.names("incoming/") + bob.store.names("mle/incoming/") == marks
    bob.authority(2, now=0)
    assert bob.store.names("incoming/") + bob.store.names("mle/incoming/") == []
    assert refused(bob.link, frame) is Drop.NO_KEY
    assert isinstance(heard(bob.mle, message, ALICE), StaleMle)
    assert bob.store.names("outgoing/") == []


def test_keys_without_a_sequence_are_refused() -> None:
    link = LinkSecurity(ALICE, KeyTable(), MemoryStore())
    with pytest.raises(FieldOutOfRange, match="no sequence"):
        KeySequence(NETWORK_KEY, link, drafted(ALICE), MemoryStore(), now=0)
