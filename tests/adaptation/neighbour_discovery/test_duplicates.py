"""Duplicate address detection, alone and between two."""

from random import Random

from lowpan.adaptation.neighbour_discovery.actions import (
    AddressConfirmed,
    AddressDuplicate,
    SendMessage,
)
from lowpan.adaptation.neighbour_discovery.duplicates import NONCE, DuplicateAddressDetection
from lowpan.adaptation.neighbour_discovery.engine import NdSettings
from lowpan.wire.addresses import UNSPECIFIED
from lowpan.wire.nd_options import NdOption
from lowpan.wire.neighbour_discovery import NeighbourSolicitation
from tests.adaptation.neighbour_discovery.link import SECOND, Link, Node, other_address, sent

WANTED = other_address(7)


def test_an_address_that_nobody_defends_is_ours_a_second_after_we_asked() -> None:
    engine = DuplicateAddressDetection(Random(1))
    assert engine.begin(WANTED, now=0) == []
    asked = engine.next_deadline()
    assert asked is not None
    assert 0 <= asked <= SECOND
    (question,) = sent(engine.handle_deadline(now=asked, retrans_timer=SECOND))
    body = question.message.body
    assert isinstance(body, NeighbourSolicitation)
    assert (question.source, question.destination[-4:]) == (UNSPECIFIED, b"\xff\0\0\x07")
    assert (body.target_address, [option.type for option in body.options]) == (WANTED, [NONCE])
    assert engine.next_deadline() == asked + SECOND
    assert engine.handle_deadline(now=asked + SECOND, retrans_timer=SECOND) == [
        AddressConfirmed(WANTED)
    ]
    assert engine.next_deadline() is None


def test_it_is_asked_as_often_as_wanted() -> None:
    engine = DuplicateAddressDetection(Random(1), transmits=3, delay=0)
    engine.begin(WANTED, now=0)
    counts = [
        len(sent(engine.handle_deadline(now=second * SECOND, retrans_timer=SECOND)))
        for second in range(4)
    ]
    assert counts == [1, 1, 1, 0]
    assert not engine.is_checked(WANTED)


def test_without_transmissions_it_is_ours_at_once() -> None:
    engine = DuplicateAddressDetection(Random(1), transmits=0)
    assert engine.begin(WANTED, now=0) == [AddressConfirmed(WANTED)]


def test_our_own_solicitation_come_back_is_no_duplicate() -> None:
    engine = DuplicateAddressDetection(Random(1), delay=0)
    engine.begin(WANTED, now=0)
    (question,) = sent(engine.handle_deadline(now=0, retrans_timer=SECOND))
    body = question.message.body
    assert isinstance(body, NeighbourSolicitation)
    assert engine.solicited(WANTED, body.options) == []
    assert engine.is_checked(WANTED)
    other = (NdOption(NONCE, bytes(6)),)
    assert engine.solicited(WANTED, other) == [AddressDuplicate(WANTED)]


def test_who_has_an_address_defends_it() -> None:
    owner, newcomer = Node(1, WANTED), Node(2)
    link = Link(owner, newcomer)
    link.do(newcomer, newcomer.check(WANTED, now=0))
    link.run(10 * SECOND)
    assert newcomer.told == [AddressDuplicate(WANTED)]
    assert owner.own.get(WANTED) is not None


def test_of_two_that_want_the_same_the_first_to_ask_gets_it() -> None:
    nodes = Node(1), Node(2)
    link = Link(*nodes)
    for node in nodes:
        link.do(node, node.check(WANTED, now=0))
    link.run(10 * SECOND)
    told = [action for node in nodes for action in node.told]
    assert sorted(told, key=repr) == [AddressConfirmed(WANTED), AddressDuplicate(WANTED)]


def test_two_that_ask_at_the_same_time_both_go_without() -> None:
    engines = [DuplicateAddressDetection(Random(seed), delay=0) for seed in (1, 2)]
    asked: list[SendMessage] = []
    for engine in engines:
        engine.begin(WANTED, now=0)
        asked += sent(engine.handle_deadline(now=0, retrans_timer=SECOND))
    for engine, question in zip(engines, reversed(asked), strict=True):
        body = question.message.body
        assert isinstance(body, NeighbourSolicitation)
        assert engine.solicited(WANTED, body.options) == [AddressDuplicate(WANTED)]


def test_an_address_that_is_checked_is_not_answered_for() -> None:
    asking, other = Node(1), Node(2)
    link = Link(asking, other)
    link.do(asking, asking.check(WANTED, now=0))
    _, actions = other.engine.resolve(WANTED, now=0)
    link.do(other, actions)
    link.run(1000)
    assert all(message.source != WANTED for _, message in link.sent)
    link.run(10 * SECOND)
    assert asking.told[-1] == AddressConfirmed(WANTED)


def test_checking_can_be_ended() -> None:
    node = Node(1, settings=NdSettings(dup_addr_detect_transmits=2))
    node.check(WANTED, now=0)
    node.engine.forget_address(WANTED, now=0)
    assert node.engine.next_deadline() is None
