"""Frames under the key that everybody knows: sent apart from data, taken for frames in clear."""

from dataclasses import replace

import pytest

from lowpan.mac.ccm_star import CcmStarKey
from lowpan.mac.counters import CounterExhausted
from lowpan.mac.frame_security import seal_frame
from lowpan.mac.keys import KeyTable
from lowpan.mac.security import LinkSecurity, Opened
from lowpan.mac.service import Drop, LinkProtection, Transmit
from lowpan.mac.thread_keys import ANNOUNCE_KEY, ANNOUNCE_NONCE_ADDRESS
from lowpan.store import MemoryStore
from lowpan.wire.ieee802154 import FRAME
from lowpan.wire.secret import fingerprint
from lowpan.wire.security_header import AuxiliarySecurityHeader, SecurityControl
from tests.mac.air import EXTENDED, Air
from tests.mac.secured import (
    ALICE,
    BOB,
    BROADCAST,
    changed,
    counter_of,
    data,
    decoded,
    node,
    opened,
    refused,
    table,
)


def listener() -> LinkSecurity:
    return LinkSecurity(BOB, table(), MemoryStore(), well_known=True)


def test_it_is_named_as_thread_names_it() -> None:
    psdu = node(ALICE).well_known.seal(data(ALICE, BROADCAST), now=0)
    security = decoded(psdu).security
    assert security is not None
    assert security.control == SecurityControl(5, 2)
    assert (security.key_source, security.key_index) == (b"\xff\xff\xff\xff", 0xFF)
    by_hand = replace(decoded(psdu), payload=b"hello")
    assert seal_frame(by_hand, CcmStarKey(ANNOUNCE_KEY), ANNOUNCE_NONCE_ADDRESS) == psdu


def test_it_is_taken_only_where_that_was_asked_for() -> None:
    psdu = node(ALICE).well_known.seal(data(ALICE, BROADCAST), now=0)
    assert refused(node(BOB), psdu) is Drop.NO_KEY
    assert opened(listener(), psdu) == Opened(b"hello", ALICE)


def test_attack_21_what_comes_under_it_proves_nothing() -> None:
    bob = listener()
    psdu = node(ALICE).well_known.seal(data(ALICE, BROADCAST), now=0)
    for _ in range(2):  # nor is it new
        found = opened(bob, psdu)
        assert (found.security_level, found.key_fingerprint) == (0, None)
    assert list(bob.incoming.senders()) == []


def test_only_data_is_taken_under_it() -> None:
    for frame_type in (0, 3):
        frame = data(ALICE, BOB, bytes.fromhex("ffcf0000"), frame_type=frame_type)
        psdu = node(ALICE).well_known.seal(frame, now=0)
        assert refused(listener(), psdu) is Drop.LEVEL


def test_a_changed_one_is_refused_and_so_is_one_without_a_mic() -> None:
    psdu = node(ALICE).well_known.seal(data(ALICE, BROADCAST), now=0)

    def turn_a_bit(octets: bytearray) -> None:
        octets[-1] ^= 1

    assert refused(listener(), changed(psdu, turn_a_bit)) is Drop.MIC_BAD
    security = AuxiliarySecurityHeader(SecurityControl(0, 2), 0, b"\xff\xff\xff\xff", 0xFF)
    frame = data(ALICE, BROADCAST)
    bare = replace(frame, control=replace(frame.control, security_enabled=True), security=security)
    assert refused(listener(), FRAME.encode(bare)) is Drop.LEVEL


def test_attack_25_its_counter_is_its_own() -> None:
    store = MemoryStore()
    store.save(f"outgoing/{fingerprint(ANNOUNCE_KEY)}", (0xFFFFFFFE).to_bytes(4, "big"))
    alice, frame = node(ALICE, store), data(ALICE, BROADCAST)
    assert counter_of(alice.well_known.seal(frame, now=0)) == 0xFFFFFFFE
    with pytest.raises(CounterExhausted):
        alice.well_known.seal(frame, now=0)
    assert counter_of(alice.seal(frame, now=0)) == 0


def test_the_link_layer_sends_under_it_when_told_so() -> None:
    air, protection = Air(), LinkProtection.WELL_KNOWN
    air.secure(0, LinkSecurity(EXTENDED[0], KeyTable(), MemoryStore()))
    link = air.links[0]
    room = link.largest_payload(EXTENDED[0], BROADCAST, protection)
    link.send_data(bytes(room), EXTENDED[0], BROADCAST, handle=1, now=0, protection=protection)
    sent = link.handle_deadline(now=1_000_000)
    (transmit,) = [action for action in sent if isinstance(action, Transmit)]
    assert len(transmit.psdu) == 125
    assert opened(listener(), transmit.psdu).payload == bytes(room)
