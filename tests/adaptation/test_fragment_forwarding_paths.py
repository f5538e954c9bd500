"""How long the path of a datagram in fragments lasts, and what ends it."""

from lowpan.adaptation.forwarding import Deliver, Drop, Dropped, Forward
from lowpan.adaptation.fragment_forwarding import FORWARDING_TIMEOUT, LATE_PERIOD
from tests.adaptation.forwarders import drops, forwarded, forwarder, fragments, reassembled, receive
from tests.adaptation.hops import A, B, datagram, hops_later


def test_the_last_fragment_before_others_keeps_the_path() -> None:
    engine, octets = forwarder(), datagram(bytes(range(250)))
    first, second, *_ = payloads = fragments(octets)
    out = forwarded(receive(engine, first))
    for payload in reversed(payloads[1:]):
        out += forwarded(receive(engine, payload))
    assert reassembled(out) == [hops_later(octets, 1)]
    assert drops(receive(engine, second)) == [Drop.DUPLICATE]


def test_a_path_is_forgotten_when_fragments_stop_coming() -> None:
    engine = forwarder()
    first, second, *_ = fragments(datagram(bytes(250)))
    receive(engine, first, now=5)
    assert engine.next_deadline() == 5 + FORWARDING_TIMEOUT
    receive(engine, second, now=50)
    assert engine.next_deadline() == 50 + FORWARDING_TIMEOUT
    assert engine.handle_deadline(now=49 + FORWARDING_TIMEOUT) == []
    late = engine.handle_deadline(now=50 + FORWARDING_TIMEOUT)
    assert late == [Dropped(A, Drop.TIMED_OUT)]
    assert (engine.next_deadline(), len(engine)) == (None, 0)


def test_a_finished_path_knows_latecomers_for_a_while_and_then_goes_quietly() -> None:
    engine = forwarder()
    for payload in fragments(datagram(bytes(100))):
        receive(engine, payload, now=5)
    assert engine.next_deadline() == 5 + LATE_PERIOD
    assert engine.handle_deadline(now=5 + LATE_PERIOD) == []
    assert len(engine) == 0


def test_a_first_fragment_sent_again_goes_once() -> None:
    engine = forwarder()
    first = fragments(datagram(bytes(200)))[0]
    assert len(forwarded(receive(engine, first))) == 1
    assert drops(receive(engine, first)) == [Drop.DUPLICATE]
    assert len(engine) == 1


def test_a_tag_that_comes_round_begins_a_new_datagram() -> None:
    engine, old, new = forwarder(), datagram(bytes(200)), datagram(bytes([1]) * 200)
    (before,) = forwarded(receive(engine, fragments(old)[0]))
    first, *others = fragments(new)
    actions = receive(engine, first)
    assert drops(actions) == [Drop.OVERLAP]
    out = forwarded(actions)
    assert out[0][2:4] != before[2:4]
    out += [part for payload in others for part in forwarded(receive(engine, payload))]
    assert reassembled([before, *out]) == [hops_later(new, 1)]


def test_a_tag_that_comes_round_for_us_ends_the_old_path() -> None:
    engine = forwarder()
    receive(engine, fragments(datagram(bytes(200)))[0])
    ours = fragments(datagram(bytes(200), destination=B))
    assert receive(engine, ours[0]) == [Dropped(A, Drop.OVERLAP), Deliver(ours[0], A, B)]
    assert receive(engine, ours[1]) == [Deliver(ours[1], A, B)]


def test_a_next_hop_that_does_not_answer_ends_the_datagram() -> None:
    engine = forwarder()
    first, second, *_ = fragments(datagram(bytes(250)))
    (forward,) = receive(engine, first)
    assert isinstance(forward, Forward)
    (dropped,) = engine.forwarding_failed(forward, now=0)
    assert dropped == Dropped(A, Drop.GIVEN_UP, "the next hop does not answer")
    assert engine.next_deadline() == LATE_PERIOD
    assert drops(receive(engine, second)) == [Drop.GIVEN_UP]
    assert engine.forwarding_failed(forward, now=0) == []
    assert len(forwarded(receive(engine, first))) == 1  # its sender tries anew
