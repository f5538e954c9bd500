"""Which messages are ignored (RFC 4861 §6.1, §7.1), and that they change nothing."""

from dataclasses import replace

import pytest

from lowpan.adaptation.neighbour_discovery.actions import MessageRefused, Refusal, SendMessage
from lowpan.adaptation.neighbour_discovery.engine import NdSettings
from lowpan.adaptation.neighbour_discovery.router_side import RouterSettings
from lowpan.wire.addresses import ALL_NODES, ALL_ROUTERS, UNSPECIFIED, solicited_node
from lowpan.wire.icmpv6 import ICMPV6, Icmpv6, Icmpv6Type
from lowpan.wire.nd_options import LinkLayerAddress, NdOption, NdOptionType
from lowpan.wire.neighbour_discovery import (
    DuplicateAddress,
    NeighbourAdvertisement,
    NeighbourAdvertisementControl,
    NeighbourSolicitation,
    Redirect,
    RouterAdvertisement,
    RouterAdvertisementControl,
    RouterSolicitation,
)
from tests.adaptation.neighbour_discovery.link import Node, address, extended, other_address

US, PEER = address(1), address(2)
SOURCE_LINK = (NdOption(NdOptionType.SOURCE_LINK_LAYER_ADDRESS, LinkLayerAddress(extended(2))),)
SOLICITED = NeighbourAdvertisementControl(r=False, s=True, o=True)

NS = Icmpv6(135, 0, 0, NeighbourSolicitation(US, SOURCE_LINK))
NA = Icmpv6(136, 0, 0, NeighbourAdvertisement(SOLICITED, PEER))
RS = Icmpv6(133, 0, 0, RouterSolicitation(SOURCE_LINK))
RA = Icmpv6(
    134, 0, 0, RouterAdvertisement(0, RouterAdvertisementControl(m=False, o=False), 9, 0, 0)
)
REDIRECT = Icmpv6(137, 0, 0, Redirect(PEER, PEER))
DAR = Icmpv6(157, 0, 0, DuplicateAddress(0, 0, 60, bytes(8), other_address(3)))

CASES: list[tuple[Icmpv6, bytes, bytes, int, Refusal]] = [
    (NS, PEER, US, 254, Refusal.HOP_LIMIT),
    (NA, PEER, US, 64, Refusal.HOP_LIMIT),
    (RS, PEER, ALL_ROUTERS, 1, Refusal.HOP_LIMIT),
    (RA, PEER, ALL_NODES, 0, Refusal.HOP_LIMIT),
    (replace(NS, code=1), PEER, US, 255, Refusal.CODE),
    (replace(NA, code=1), PEER, US, 255, Refusal.CODE),
    (replace(RS, code=1), PEER, ALL_ROUTERS, 255, Refusal.CODE),
    (replace(RA, code=1), PEER, ALL_NODES, 255, Refusal.CODE),
    (replace(NS, body=NeighbourSolicitation(ALL_NODES)), PEER, US, 255, Refusal.TARGET),
    (replace(NS, body=b"short"), PEER, US, 255, Refusal.MALFORMED),
    (NS, UNSPECIFIED, solicited_node(US), 255, Refusal.OPTIONS),
    (replace(NS, body=NeighbourSolicitation(US)), UNSPECIFIED, US, 255, Refusal.DESTINATION),
    (replace(NS, body=NeighbourSolicitation(PEER)), PEER, US, 255, Refusal.NOT_OURS),
    (NA, PEER, ALL_NODES, 255, Refusal.FLAGS),
    (NA, UNSPECIFIED, US, 255, Refusal.SOURCE),
    (replace(NA, body=NeighbourAdvertisement(SOLICITED, ALL_NODES)), PEER, US, 255, Refusal.TARGET),
    (replace(NA, body=NeighbourAdvertisement(SOLICITED, US)), PEER, US, 255, Refusal.OURS),
    (NA, PEER, US, 255, Refusal.UNASKED),
    (NS, US, solicited_node(US), 255, Refusal.OURS),
    (RA, US, ALL_NODES, 255, Refusal.OURS),
    (RS, UNSPECIFIED, ALL_ROUTERS, 255, Refusal.OPTIONS),
    (RA, other_address(2), ALL_NODES, 255, Refusal.SOURCE),
    (REDIRECT, PEER, US, 255, Refusal.NO_SERVICE),
    (replace(DAR, body=b"?"), PEER, US, 255, Refusal.MALFORMED),
    (replace(DAR, code=2), PEER, US, 64, Refusal.CODE),
    (DAR, ALL_NODES, US, 64, Refusal.SOURCE),
    (
        replace(DAR, body=DuplicateAddress(0, 0, 60, bytes(16), other_address(3))),
        *(PEER, US, 64, Refusal.CODE),
    ),
    (replace(DAR, body=DuplicateAddress(0, 0, 60, bytes(8), PEER)), PEER, US, 64, Refusal.TARGET),
    (replace(DAR, type=158), PEER, US, 64, Refusal.UNASKED),
    (DAR, PEER, US, 64, Refusal.NO_SERVICE),
]


@pytest.mark.parametrize(("message", "source", "destination", "hop_limit", "refusal"), CASES)
def test_refused(
    message: Icmpv6, source: bytes, destination: bytes, hop_limit: int, refusal: Refusal
) -> None:
    node = Node(1, settings=NdSettings(router=RouterSettings()))
    actions = node.engine.receive_message(
        message, source, destination, hop_limit, extended(2), now=0
    )
    (refused,) = actions
    assert isinstance(refused, MessageRefused)
    assert (refused.refusal, refused.type) == (refusal, message.type)
    assert node.engine.refused == {refusal: 1}
    assert (len(node.engine.cache.table), node.engine.next_deadline()) == (0, None)


def test_an_option_of_no_length_makes_the_message_malformed() -> None:
    octets = ICMPV6.encode(NS)
    message = ICMPV6.decode(octets[:24] + b"\x01\x00" + octets[26:])
    (refused,) = Node(1).engine.receive_message(message, PEER, US, 255, extended(2), now=0)
    assert isinstance(refused, MessageRefused)
    assert (refused.refusal, refused.type) == (
        Refusal.MALFORMED,
        Icmpv6Type.NEIGHBOUR_SOLICITATION,
    )


def test_a_host_does_no_routers_work() -> None:
    for message in (RS, DAR):
        (refused,) = Node(1).engine.receive_message(message, PEER, US, 255, extended(2), now=0)
        assert isinstance(refused, MessageRefused)
        assert refused.refusal is Refusal.NO_SERVICE


def test_link_layer_addresses_of_another_kind_or_length_teach_nothing() -> None:
    node = Node(1)
    options = (
        NdOption(NdOptionType.TARGET_LINK_LAYER_ADDRESS, LinkLayerAddress(extended(2))),
        NdOption(NdOptionType.SOURCE_LINK_LAYER_ADDRESS, bytes.fromhex("02005e000001")),
        NdOption(NdOptionType.SOURCE_LINK_LAYER_ADDRESS, LinkLayerAddress(b"\xff\xfe")),
    )
    asked = replace(NS, body=NeighbourSolicitation(US, options))
    (answer,) = node.engine.receive_message(asked, PEER, US, 255, extended(2), now=0)
    assert isinstance(answer, SendMessage)
    assert answer.link_destination == extended(2)
    assert len(node.engine.cache.table) == 0
