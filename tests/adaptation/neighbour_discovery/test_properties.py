"""Whatever comes, whenever: nothing raises, nothing grows, no deadline is passed over."""

from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from lowpan.adaptation.neighbour_discovery.actions import NdAction, SendMessage
from lowpan.adaptation.neighbour_discovery.engine import NdSettings
from lowpan.adaptation.neighbour_discovery.information import (
    MOST_BORDERS,
    MOST_PREFIXES,
    Prefix,
)
from lowpan.adaptation.neighbour_discovery.router_side import RouterSettings
from lowpan.adaptation.neighbour_discovery.routers import MOST_ROUTERS
from lowpan.adaptation.neighbour_discovery.table import State
from lowpan.errors import MalformedFrame
from lowpan.wire.addresses import ALL_NODES, UNSPECIFIED, solicited_node
from lowpan.wire.icmpv6 import ICMPV6, Icmpv6
from lowpan.wire.nd_options import (
    AddressRegistration,
    AddressRegistrationControl,
    AuthoritativeBorderRouter,
    LinkLayerAddress,
    NdOption,
    PrefixInformation,
    PrefixInformationControl,
    SixLowpanCapabilities,
    SixLowpanCapabilityIndication,
    SixLowpanContext,
    SixLowpanContextControl,
)
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
from tests.adaptation.neighbour_discovery.link import (
    SECOND,
    Node,
    address,
    extended,
    other_address,
    sent,
)

PREFIX = other_address(0)
OURS = other_address(1)
WANTED = other_address(7)

LIARS = st.sampled_from([extended(1), extended(3), b"\x00\x02", b"\x00\x03"])
LINKS = st.sampled_from([*(extended(n) for n in range(1, 5)), b"\x00\x02", b"\xff\xfe"])
ADDRESSES = st.sampled_from(
    [
        *(address(n) for n in range(1, 5)),
        *(other_address(n) for n in range(1, 5)),
        *(WANTED, UNSPECIFIED, ALL_NODES, solicited_node(OURS), bytes(15) + b"\1"),
    ]
)
SECONDS = st.sampled_from([0, 1, 60, 600, 7200, 65535])
MINUTES = st.sampled_from([0, 60, 600, 6000, 65535 * 60])
BOOLS = st.booleans()
ROVRS = st.sampled_from([extended(1), extended(2), bytes(16), bytes(32)])
TIDS = st.sampled_from([0, 5, 127, 239, 240, 241, 255])
STATUSES = st.integers(0, 11)

REGISTRATIONS = st.builds(
    AddressRegistration,
    *(STATUSES, st.just(0)),
    st.builds(AddressRegistrationControl, i=st.just(0), r=BOOLS, t=BOOLS),
    *(TIDS, MINUTES, ROVRS),
)
VALUES: st.SearchStrategy[tuple[int, Any]] = st.one_of(
    st.tuples(st.sampled_from([1, 2]), st.builds(LinkLayerAddress, LINKS)),
    st.tuples(
        st.just(3),
        st.builds(
            PrefixInformation,
            st.sampled_from([0, 10, 48, 64, 128, 255]),
            st.builds(PrefixInformationControl, l=BOOLS, a=BOOLS, r=BOOLS),
            *(SECONDS | st.just(0xFFFFFFFF), SECONDS | st.just(0xFFFFFFFF), ADDRESSES),
        ),
    ),
    st.tuples(st.just(33), REGISTRATIONS),
    st.tuples(
        st.just(34),
        st.builds(
            SixLowpanContext,
            st.sampled_from([0, 29, 64]),
            st.builds(SixLowpanContextControl, c=BOOLS, cid=st.integers(0, 15)),
            *(MINUTES, st.binary(min_size=8, max_size=8)),
        ),
    ),
    st.tuples(
        st.just(35),
        st.builds(
            AuthoritativeBorderRouter,
            *(st.sampled_from([0, 1, 2, 1 << 31, 0xFFFFFFFF]), MINUTES, ADDRESSES),
        ),
    ),
    st.tuples(
        st.just(36),
        st.builds(
            SixLowpanCapabilityIndication,
            st.builds(SixLowpanCapabilities, d=BOOLS, l=BOOLS, b=BOOLS, p=BOOLS, e=BOOLS, g=BOOLS),
        ),
    ),
    st.tuples(st.integers(0, 255), st.just(bytes(6))),
)
OPTIONS = st.lists(VALUES.map(lambda pair: NdOption(*pair)), max_size=5).map(tuple)
BODIES: st.SearchStrategy[Any] = st.one_of(
    st.tuples(st.just(133), st.builds(RouterSolicitation, OPTIONS)),
    st.tuples(
        st.just(134),
        st.builds(
            RouterAdvertisement,
            st.integers(0, 255),
            st.builds(
                RouterAdvertisementControl, m=BOOLS, o=BOOLS, prf=st.sampled_from([-2, -1, 0, 1])
            ),
            *(SECONDS, SECONDS, SECONDS, OPTIONS),
        ),
    ),
    st.tuples(st.just(135), st.builds(NeighbourSolicitation, ADDRESSES, OPTIONS)),
    st.tuples(
        st.just(136),
        st.builds(
            NeighbourAdvertisement,
            st.builds(NeighbourAdvertisementControl, r=BOOLS, s=BOOLS, o=BOOLS),
            *(ADDRESSES, OPTIONS),
        ),
    ),
    st.tuples(st.just(137), st.builds(Redirect, ADDRESSES, ADDRESSES, OPTIONS)),
    st.tuples(
        st.sampled_from([157, 158]),
        st.builds(DuplicateAddress, STATUSES, TIDS, MINUTES, ROVRS, ADDRESSES),
    ),
    st.tuples(st.integers(0, 255), st.binary(max_size=40)),
)


def message_of(pair: tuple[int, Any], code: int) -> Icmpv6:
    return Icmpv6(pair[0], code, 0, pair[1])


MESSAGES = st.builds(message_of, BODIES, st.sampled_from([0, 0, 0, 1, 2, 4]))
HOP_LIMITS = st.sampled_from([255, 255, 255, 64])
STEPS = st.one_of(
    st.tuples(st.just("message"), MESSAGES, ADDRESSES, ADDRESSES, HOP_LIMITS, LINKS),
    st.tuples(st.sampled_from(["resolve", "confirm", "suspect", "check", "forget"]), ADDRESSES),
    st.tuples(st.just("wait"), st.sampled_from([1, SECOND, 30 * SECOND, 7200 * SECOND])),
)
ROLES = st.sampled_from(["host", "registering", "router", "border"])


def make(role: str) -> Node:
    router = RouterSettings(border_address=OURS if role == "border" else None)
    register = role in {"registering", "router"}
    routing = router if role in {"router", "border"} else None
    node = Node(1, OURS, settings=NdSettings(register=register, router=routing))
    node.engine.solicit_routers(now=0)
    if node.engine.router is not None and node.engine.router.border is not None:
        prefix = Prefix(PREFIX, 64, on_link=False, autonomous=True)
        node.engine.router.border.announce_prefix(prefix, now=0)
    return node


def do(node: Node, step: tuple[Any, ...], now: int) -> list[NdAction]:
    engine = node.engine
    if step[0] == "message":
        return engine.receive_message(*step[1:], now=now)
    if step[0] == "resolve":
        return engine.resolve(step[1], now=now, source=OURS)[1]
    inputs = {
        "confirm": engine.confirm,
        "suspect": engine.suspect,
        "check": engine.check_address,
        "forget": engine.forget_address,
    }
    return inputs[step[0]](step[1], now=now)


def examine(node: Node, actions: list[NdAction]) -> None:
    for action in actions:
        if isinstance(action, SendMessage):
            octets = ICMPV6.encode(action.message)
            assert not isinstance(ICMPV6.decode(octets).body, bytes)
            assert (len(action.source), len(action.destination)) == (16, 16)
            assert action.link_destination is None or len(action.link_destination) in (2, 8)
    information = node.engine.information
    assert len(information.prefixes) <= MOST_PREFIXES + 1
    assert len(information.borders) <= MOST_BORDERS + 1
    assert len(information.contexts) <= 16
    assert len(node.engine.routers.routers) <= MOST_ROUTERS


def pass_time(node: Node, now: int, until: int) -> None:
    turns = 0
    while (due := node.engine.next_deadline()) is not None and due <= until:
        now = max(now, due)
        examine(node, node.engine.handle_deadline(now=now))
        later = node.engine.next_deadline()
        assert later is None or later > now  # what is due is done
        turns += 1
        assert turns < 100_000


@settings(max_examples=150, deadline=None)
@given(ROLES, st.lists(STEPS, max_size=25))
def test_any_message_at_any_time(role: str, steps: list[tuple[Any, ...]]) -> None:
    node, now = make(role), 0
    for step in steps:
        if step[0] == "wait":
            pass_time(node, now, now + step[1])
            now += step[1]
        else:
            examine(node, do(node, step, now))
    # nobody is looked for without end
    pass_time(node, now, now + 60 * SECOND)
    later = now + 60 * SECOND
    states = [node.engine.cache.state_of(one, now=later) for one in node.engine.cache.table]
    assert State.INCOMPLETE not in states
    assert State.PROBE not in states or role in {"registering", "router", "border"}


@given(st.sampled_from([133, 134, 135, 136, 137, 157, 158]), st.binary(max_size=80), ROLES)
def test_any_octets_are_answered_or_refused(kind: int, octets: bytes, role: str) -> None:
    node = make(role)
    try:
        message = ICMPV6.decode(bytes((kind, 0, 0, 0)) + octets)
    except MalformedFrame:
        return
    examine(node, node.engine.receive_message(message, address(2), address(1), 255, b"\0\2", now=0))


@given(st.lists(st.tuples(LIARS, ADDRESSES, OPTIONS), max_size=20))
def test_who_was_confirmed_stays_whatever_others_say(
    told: list[tuple[bytes, bytes, tuple[NdOption, ...]]],
) -> None:
    node = Node(1, OURS)
    peer = other_address(2)
    node.engine.resolve(peer, now=0)
    options = (NdOption(2, LinkLayerAddress(extended(2))),)
    control = NeighbourAdvertisementControl(r=False, s=True, o=True)
    answer = Icmpv6(136, 0, 0, NeighbourAdvertisement(control, peer, options))
    node.engine.receive_message(answer, peer, address(1), 255, extended(2), now=0)
    for link_source, source, said in told:
        solicitation = Icmpv6(135, 0, 0, NeighbourSolicitation(OURS, said))
        lie = Icmpv6(136, 0, 0, NeighbourAdvertisement(control, peer, said))
        for message in (solicitation, lie):
            actions = node.engine.receive_message(
                message, source, address(1), 255, link_source, now=1
            )
            assert all(
                one.link_destination == extended(2)
                for one in sent(actions)
                if one.destination == peer and one.message.type == 135
            )
    assert node.engine.resolve(peer, now=1)[0] == extended(2)
