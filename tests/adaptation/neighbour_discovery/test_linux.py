"""Neighbour discovery as the Linux kernel speaks it: what it sent is answered as it answers."""

from dataclasses import dataclass
from functools import cache
from random import Random

import pytest

from lowpan.adaptation.layer import Adaptation, Ends
from lowpan.adaptation.neighbour_discovery.actions import (
    AddressDuplicate,
    LinkAddressKnown,
    MessageRefused,
    NdAction,
    Refusal,
)
from lowpan.adaptation.reassembly import DatagramReceived
from lowpan.wire.addresses import UNSPECIFIED, is_multicast
from lowpan.wire.icmpv6 import ICMPV6, Icmpv6, Icmpv6Type
from lowpan.wire.ipv6 import ICMPV6 as ICMPV6_NUMBER
from lowpan.wire.ipv6 import upper_layer
from lowpan.wire.neighbour_discovery import (
    NeighbourAdvertisement,
    NeighbourSolicitation,
    RouterSolicitation,
)
from tests.adaptation.neighbour_discovery.link import Node, sent
from tests.wire.sixlowpan_samples import linux_payloads


@dataclass(frozen=True)
class Captured:
    """A neighbour discovery message of the kernel."""

    capture: str
    frame: str
    message: Icmpv6
    source: bytes
    destination: bytes
    hop_limit: int
    link_source: bytes
    link_destination: bytes


@cache
def captured() -> list[Captured]:
    layer, found = Adaptation(Random(1)), list[Captured]()
    for now, payload in enumerate(linux_payloads()):
        ends = Ends(payload.source, payload.destination)
        for event in layer.receive_payload(payload.octets, ends, now=now):
            if not isinstance(event, DatagramReceived):
                continue
            kind, at = upper_layer(event.datagram)
            octets = event.datagram[at:]
            if kind == ICMPV6_NUMBER and octets[0] in range(133, 137):
                capture = payload.name.split(":")[0]
                message = ICMPV6.decode(octets)
                message.checksum = 0
                addresses = event.datagram[8:24], event.datagram[24:40], event.datagram[7]
                ends_seen = payload.source, payload.destination
                found.append(Captured(capture, payload.name, message, *addresses, *ends_seen))
    return found


PAIRS = [  # a solicitation and the kernel's answer to it, the next of its capture
    (one, two)
    for one in captured()
    if isinstance(one.message.body, NeighbourSolicitation) and one.source != UNSPECIFIED
    for two in captured()
    if isinstance(two.message.body, NeighbourAdvertisement)
    and two.capture == one.capture
    and two.message.body.target_address == one.message.body.target_address
    and two.destination == one.source
    and "python" not in two.capture
]
ASKED = [pair for pair in PAIRS if is_multicast(pair[0].destination)]
PROBED = [pair for pair in PAIRS if not is_multicast(pair[0].destination)]


def kernel(said: Captured, *addresses: bytes) -> Node:
    """Return a node in the place of the kernel that sent `said`."""
    number = 1 + (said.link_source[-1] == 2)
    short = said.link_source if len(said.link_source) == 2 else None
    return Node(number, *addresses, short=short, derive=False)


def feed(node: Node, heard: Captured) -> list[NdAction]:
    ends = heard.source, heard.destination, heard.hop_limit, heard.link_source
    return node.engine.receive_message(heard.message, *ends, now=0)


def test_there_is_enough_to_compare_with() -> None:
    assert (len(captured()), len(ASKED), len(PROBED)) == (54, 7, 5)


@pytest.mark.parametrize("pair", PAIRS, ids=lambda pair: pair[0].frame)
def test_a_solicitation_is_answered_as_the_kernel_answers(pair: tuple[Captured, Captured]) -> None:
    asked, answered = pair
    assert isinstance(answered.message.body, NeighbourAdvertisement)
    node = kernel(answered, answered.message.body.target_address)
    (answer,) = sent(feed(node, asked))
    assert answer.message == answered.message
    assert (answer.source, answer.destination) == (answered.source, answered.destination)
    assert (answer.hop_limit, answer.link_destination) == (255, answered.link_destination)


@pytest.mark.parametrize("pair", ASKED, ids=lambda pair: pair[0].frame)
def test_we_solicit_as_the_kernel_does_and_take_its_answer(
    pair: tuple[Captured, Captured],
) -> None:
    asked, answered = pair
    assert isinstance(asked.message.body, NeighbourSolicitation)
    target = asked.message.body.target_address
    node = kernel(asked, asked.source)
    link_address, actions = node.engine.resolve(target, now=0, source=asked.source)
    (question,) = sent(actions)
    assert link_address is None
    assert question.message == asked.message
    assert (question.source, question.destination) == (asked.source, asked.destination)
    known = feed(node, answered)
    assert known == [LinkAddressKnown(target, answered.link_source)]


def test_the_kernel_checking_an_address_finds_us_out_and_we_it() -> None:
    checks = [one for one in captured() if one.source == UNSPECIFIED]
    assert checks
    for check in checks:
        body = check.message.body
        assert isinstance(body, NeighbourSolicitation)
        owner = Node(9, body.target_address)
        (answer,) = sent(feed(owner, check))
        assert isinstance(answer.message.body, NeighbourAdvertisement)
        assert not answer.message.body.control.s
        rival = Node(9)
        rival.check(body.target_address, now=0)
        assert feed(rival, check) == [AddressDuplicate(body.target_address)]


def test_a_host_leaves_router_solicitations_alone() -> None:
    asked = [one for one in captured() if isinstance(one.message.body, RouterSolicitation)]
    assert asked
    for one in asked:
        (refused,) = feed(Node(9), one)
        assert refused == MessageRefused(
            Refusal.NO_SERVICE, Icmpv6Type.ROUTER_SOLICITATION, one.source
        )
