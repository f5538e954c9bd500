"""Frames that are not opened: in clear, too weak, malformed, or under keys that do not count."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lowpan.mac.ccm_star import CcmStarKey, SecurityLevelRefused
from lowpan.mac.frame_security import seal_frame
from lowpan.mac.keys import KeyIdentifier, KeyUnavailable
from lowpan.mac.policy import SecurityPolicy
from lowpan.mac.security import LinkSecurity, Opened, Refusal
from lowpan.mac.service import Drop
from lowpan.mac.thread_keys import ANNOUNCE_KEY, ANNOUNCE_NONCE_ADDRESS
from lowpan.store import MemoryStore
from lowpan.wire.ieee802154 import Frame, FrameControl, encode_frame
from lowpan.wire.security_header import AuxiliarySecurityHeader, SecurityControl
from tests.mac.secured import (
    ALICE,
    ALICE_SHORT,
    BOB,
    KEY,
    PAN_ID,
    by_hand,
    data,
    decoded,
    node,
    opened,
    refused,
    table,
)


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
