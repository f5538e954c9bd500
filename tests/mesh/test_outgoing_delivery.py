"""What acknowledgments prove, and what they only claim."""

from math import inf

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lowpan.mesh.outgoing_delivery import FRESH_FOR, OutgoingDelivery

SENT = st.lists(st.tuples(st.integers(0, 8), st.booleans(), st.booleans()), max_size=50)


def after(*frames: tuple[int, bool, bool], now: int = 0) -> OutgoingDelivery:
    """Return what is known after frames: transmissions, whether acknowledged, whether securely."""
    outgoing = OutgoingDelivery()
    for transmissions, acknowledged, secured in frames:
        outgoing.frame_sent(
            transmissions=transmissions, acknowledged=acknowledged, secured=secured, now=now
        )
    return outgoing


def test_secured_acknowledgments_prove_delivery() -> None:
    outgoing = after(*[(1, True, True)] * 50)
    assert outgoing.proven_ratio(now=0) == pytest.approx(1, abs=0.05)
    assert outgoing.expected_transmissions(None, now=0) == pytest.approx(1, abs=0.05)


def test_retransmissions_are_losses() -> None:
    outgoing = after(*[(2, True, True)] * 50)
    assert outgoing.expected_transmissions(None, now=0) == pytest.approx(2, abs=0.1)


def test_attack_26_unsecured_acknowledgments_prove_nothing() -> None:
    outgoing = after(*[(1, True, False)] * 1000)
    assert outgoing.proven_ratio(now=0) is None
    assert outgoing.expected_transmissions(None, now=0) is None


def test_attack_26_forged_acknowledgments_do_not_raise_what_was_proven() -> None:
    frames = [(4, True, True), (4, False, False)] * 20
    proven = after(*frames).proven_ratio(now=0)
    assert after(*frames, *[(1, True, False)] * 1000).proven_ratio(now=0) == proven


def test_attack_26_a_silent_neighbour_is_not_kept_by_forged_acknowledgments() -> None:
    outgoing = after((1, True, True), now=0)
    for now in range(0, 2 * FRESH_FOR, FRESH_FOR // 10):
        outgoing.frame_sent(transmissions=1, acknowledged=True, secured=False, now=now)
    assert outgoing.proven_ratio(now=2 * FRESH_FOR) is None


def test_what_acknowledgments_claim_is_limited_by_what_the_neighbour_says() -> None:
    outgoing = after(*[(1, True, False)] * 50)
    assert outgoing.expected_transmissions(0.25, now=0) == 4
    assert outgoing.expected_transmissions(0.0, now=0) == inf


def test_unsecured_acknowledgments_may_tell_of_losses() -> None:
    outgoing = after(*[(4, True, False)] * 50)
    assert outgoing.expected_transmissions(1.0, now=0) == pytest.approx(4, abs=0.3)
    assert outgoing.most_quality(now=0) == 1


def test_the_neighbours_word_alone_must_do_where_nothing_was_sent() -> None:
    assert OutgoingDelivery().expected_transmissions(0.5, now=0) == 2
    assert OutgoingDelivery().most_quality(now=0) is None


def test_frames_that_never_went_out_tell_nothing() -> None:
    assert after((0, False, False)).claimed_ratio(now=0) is None


def test_losses_alone_leave_nothing_of_the_link() -> None:
    outgoing = after(*[(4, False, False)] * 10)
    assert outgoing.most_quality(now=0) == 0
    assert outgoing.proven_ratio(now=0) is None


def test_a_few_losses_do_not_limit_a_link_yet() -> None:
    assert after(*[(4, False, False)] * 3).most_quality(now=0) is None
    assert after(*[(4, False, False)] * 4).most_quality(now=0) is not None


def test_evidence_expires() -> None:
    outgoing = after(*[(1, True, True)] * 20, now=5)
    assert outgoing.most_quality(now=4 + FRESH_FOR) == 3
    assert outgoing.proven_ratio(now=4 + FRESH_FOR) is not None
    assert outgoing.claimed_ratio(now=4 + FRESH_FOR) is not None
    assert outgoing.proven_ratio(now=5 + FRESH_FOR) is None
    assert outgoing.claimed_ratio(now=5 + FRESH_FOR) is None
    assert outgoing.most_quality(now=5 + FRESH_FOR) is None


@given(SENT, st.integers(1, 8))
def test_attack_26_an_unsecured_acknowledgment_never_betters_etx(
    frames: list[tuple[int, bool, bool]], transmissions: int
) -> None:
    """Compared with the same frame lost: a forger can spare us the loss, and gain no more."""
    before = after(*frames)
    proven = before.proven_ratio(now=0)
    before.frame_sent(transmissions=transmissions, acknowledged=True, secured=False, now=0)
    assert before.proven_ratio(now=0) == proven


@given(SENT, st.floats(0, 1))
def test_nobody_needs_less_than_one_transmission(
    frames: list[tuple[int, bool, bool]], reported: float
) -> None:
    etx = after(*frames).expected_transmissions(reported, now=0)
    assert etx is not None
    assert etx >= 1
