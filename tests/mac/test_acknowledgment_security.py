"""Acknowledgments sealed and opened."""

from dataclasses import replace

from lowpan.mac.security import LinkSecurity, Opened, Refusal
from lowpan.mac.service import Drop
from lowpan.wire.ieee802154 import Frame, FrameControl, encode_frame
from lowpan.wire.secret import fingerprint
from lowpan.wire.security_header import SecurityControl
from tests.mac.secured import (
    ALICE,
    BOB,
    CAROL,
    KEY,
    OTHER_KEY,
    PAN_ID,
    counter_of,
    data,
    decoded,
    node,
    opened,
    table,
)


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
