"""Frames sealed by one and opened by the other, at every level and under every name of a key."""

from dataclasses import replace

import pytest

from lowpan.errors import FieldOutOfRange
from lowpan.mac.ccm_star import CcmStarKey
from lowpan.mac.frame_security import seal_frame
from lowpan.mac.keys import KeyIdentifier, KeyTable
from lowpan.mac.security import LinkSecurity, Opened, Refusal
from lowpan.mac.service import Drop
from lowpan.store import MemoryStore
from lowpan.wire.ieee802154 import encode_frame
from lowpan.wire.multipurpose import Multipurpose, MultipurposeControl, MultipurposeLongControl
from lowpan.wire.secret import fingerprint
from lowpan.wire.security_header import AuxiliarySecurityHeader, SecurityControl
from tests.mac.secured import (
    ALICE,
    ALICE_SHORT,
    BOB,
    BROADCAST,
    CAROL,
    KEY,
    OTHER_KEY,
    data,
    decoded,
    node,
    opened,
    refused,
    table,
)


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
