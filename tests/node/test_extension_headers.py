"""Extension headers of datagrams to a node: obeyed, or refused as RFC 8200 §4 says."""

from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lowpan.adaptation.layer import Ends
from lowpan.node.addresses import OwnAddress, OwnAddresses, link_local_of
from lowpan.node.ipv6 import Ipv6, Ipv6Action, NeighbourDiscoveryReceived, SendDatagram
from lowpan.node.service import DatagramDiscarded, DatagramForHost, Discard, Endpoint, UdpReceived
from lowpan.wire.addresses import ALL_NODES, UNSPECIFIED
from lowpan.wire.checksum import verifies, with_checksum
from lowpan.wire.icmpv6 import ICMPV6, Icmpv6, Icmpv6Type, ParameterProblem, Unanswerable
from lowpan.wire.ipv6 import IPV6_HEADER, Ipv6Header
from lowpan.wire.neighbour_discovery import NeighbourSolicitation
from lowpan.wire.udp import UDP_HEADER, UdpHeader

HOP_BY_HOP, UDP, IPV6, ROUTING, FRAGMENT, ICMPV6_NUMBER, DESTINATION = 0, 17, 41, 43, 44, 58, 60
OURS = link_local_of(b"\x02" + bytes(6) + b"\x01")
THEIRS = link_local_of(b"\x02" + bytes(6) + b"\x02")
GROUP = ALL_NODES
PORT = 5683

Chain = list[tuple[int, bytes]]
"""Extension headers, number and all octets behind the first, which says what follows."""


@dataclass
class Told:
    """What a node made of a datagram."""

    received: int = 0
    discarded: list[Discard] | None = None
    problems: list[tuple[int, int, bytes]] | None = None
    """Code, pointer, whom it goes to."""


def node(*, for_host: bool = False) -> Ipv6:
    own = OwnAddresses()
    own.add(OwnAddress(OURS, 64, b"\x02" + bytes(6) + b"\x01"))
    machine = Ipv6(own, for_host=for_host)
    machine.open_port(Endpoint(b"", PORT))
    return machine


def udp(destination: bytes, source: bytes = THEIRS) -> bytes:
    header = UDP_HEADER.encode(UdpHeader(1, PORT, 10, 0))
    return with_checksum(source, destination, UDP, header + b"hi", 6)


def datagram(
    chain: Chain,
    destination: bytes = OURS,
    *,
    upper: tuple[int, bytes] | None = None,
    source: bytes = THEIRS,
) -> bytes:
    number, octets = upper or (UDP, udp(destination, source))
    for kind, rest in reversed(chain):
        number, octets = kind, bytes((number,)) + rest + octets
    header = Ipv6Header(0, 0, len(octets), number, 64, source, destination)
    return IPV6_HEADER.encode(header) + octets


def options(*octets: str) -> bytes:
    """Return an options header behind its first octet: length, then options, padded."""
    content = bytes.fromhex("".join(octets))
    short = -(2 + len(content)) % 8
    content += b"\0" if short == 1 else bytes((1, short - 2)) + bytes(short - 2) if short else b""
    return bytes(((2 + len(content)) // 8 - 1,)) + content


def take(machine: Ipv6, octets: bytes, *, now: int = 0) -> list[Ipv6Action]:
    return machine.receive_datagram(octets, Ends(b"\0\2", b"\0\1"), now=now)


def problem_of(sent: bytes, about: bytes) -> tuple[int, int, bytes]:
    source, destination = sent[8:24], sent[24:40]
    assert source == OURS
    assert verifies(source, destination, ICMPV6_NUMBER, sent[40:])
    message = ICMPV6.decode(sent[40:])
    assert message.type == Icmpv6Type.PARAMETER_PROBLEM
    assert isinstance(message.body, ParameterProblem)
    assert message.body.invoking_datagram == about[:1232]
    assert len(sent) <= 1280
    return message.code, message.body.pointer, destination


def told(octets: bytes, machine: Ipv6 | None = None) -> Told:
    actions = take(machine or node(), octets)
    return Told(
        sum(isinstance(action, UdpReceived) for action in actions),
        [action.discard for action in actions if isinstance(action, DatagramDiscarded)],
        [problem_of(one.datagram, octets) for one in actions if isinstance(one, SendDatagram)],
    )


TAKEN = Told(1, [], [])


def refused(discard: Discard, *problem: int) -> Told:
    return Told(0, [discard], [(problem[0], problem[1], THEIRS)] if problem else [])


# Options that we do not know, by their two upper bits

BOTH = pytest.mark.parametrize("kind", [HOP_BY_HOP, DESTINATION])
EITHER = pytest.mark.parametrize("to", [OURS, GROUP])


@BOTH
@EITHER
@pytest.mark.parametrize("option", ["050200ff", "1e00", "23020000", "3f03abcdef"])
def test_an_unknown_option_00_is_skipped(kind: int, to: bytes, option: str) -> None:
    assert told(datagram([(kind, options(option))], to)) == TAKEN


@BOTH
@EITHER
@pytest.mark.parametrize("option", ["4400", "63040000ffff", "7f0100"])
def test_an_unknown_option_01_drops_the_datagram_silently(
    kind: int, to: bytes, option: str
) -> None:
    expected = refused(Discard.UNKNOWN_OPTION)
    assert told(datagram([(kind, options(option))], to)) == expected


@BOTH
@EITHER
def test_an_unknown_option_10_is_told_of_even_to_a_group(kind: int, to: bytes) -> None:
    expected = refused(Discard.UNKNOWN_OPTION, 2, 42)
    assert told(datagram([(kind, options("8a00"))], to)) == expected


@BOTH
def test_an_unknown_option_11_is_told_of_unless_to_a_group(kind: int) -> None:
    octets = options("c20400010000")  # jumbo payload
    expected = refused(Discard.UNKNOWN_OPTION, 2, 42)
    assert told(datagram([(kind, octets)])) == expected
    assert told(datagram([(kind, octets)], GROUP)) == refused(Discard.UNKNOWN_OPTION)


def test_the_first_option_that_forbids_to_go_on_decides() -> None:
    """Left to right (§4.2), wherever it stands, and in whichever header."""
    behind = options("00", "0102ffff", "1e011e", "c50155", "4400")
    assert told(datagram([(DESTINATION, behind)])) == refused(Discard.UNKNOWN_OPTION, 2, 50)
    two = [(HOP_BY_HOP, options()), (DESTINATION, options("8000"))]
    assert told(datagram(two)) == refused(Discard.UNKNOWN_OPTION, 2, 50)


@BOTH
@EITHER
@pytest.mark.parametrize("octets", ["", "00", "0000", "0100", "010a" + "00" * 10, "00" * 700])
def test_padding_is_passed_over(kind: int, to: bytes, octets: str) -> None:
    assert told(datagram([(kind, options(octets))], to)) == TAKEN


# Malformed options

MALFORMED = {
    "a length beyond the header": ("00000005ff00", 46),
    "by one octet": ("1e0500000000", 43),
    "no length": ("00000000001e", 47),
    "padding beyond the header": ("0000000001ff", 47),
    "in a second option": ("1e011e05ff00", 46),
}


@BOTH
@pytest.mark.parametrize(("octets", "pointer"), MALFORMED.values(), ids=MALFORMED)
def test_a_malformed_option_is_pointed_at(kind: int, octets: str, pointer: int) -> None:
    header = b"\0" + bytes.fromhex(octets)
    expected = refused(Discard.MALFORMED, 0, pointer)
    assert told(datagram([(kind, header)])) == expected
    assert told(datagram([(kind, header)], GROUP)) == refused(Discard.MALFORMED)


def test_an_option_before_a_malformed_one_is_obeyed_first() -> None:
    octets = datagram([(DESTINATION, b"\0" + bytes.fromhex("800000001e09"))])
    assert told(octets) == refused(Discard.UNKNOWN_OPTION, 2, 42)


# MPL is known, where it belongs


def test_mpl_is_known_among_hop_by_hop_options_only() -> None:
    mpl = options("6d040001d800")
    assert told(datagram([(HOP_BY_HOP, options("6d02000100"))])) == TAKEN
    assert told(datagram([(DESTINATION, mpl)])) == refused(Discard.UNKNOWN_OPTION)


def test_malformed_mpl_to_one_of_our_addresses_is_pointed_at() -> None:
    octets = datagram([(HOP_BY_HOP, options("6d0240010000"))])  # seed of 2 octets, none there
    assert told(octets) == refused(Discard.MALFORMED, 0, 44)


def test_a_host_behind_gets_mpl_datagrams_as_if_nobody_had_spread_them() -> None:
    octets = datagram([(HOP_BY_HOP, options("6d02000100")), (DESTINATION, options())], GROUP)
    (given_on,) = take(node(for_host=True), octets)
    assert given_on == DatagramForHost(datagram([(DESTINATION, options())], GROUP))


# Order of the headers


def test_all_but_hop_by_hop_options_come_in_any_order_and_number() -> None:
    none_left = b"\0" + bytes(6)
    chain = [
        (HOP_BY_HOP, options()),
        (DESTINATION, options()),
        (ROUTING, none_left),
        (DESTINATION, options()),
        (ROUTING, none_left),
        (DESTINATION, options()),
    ]
    assert told(datagram(chain)) == TAKEN
    assert told(datagram([(DESTINATION, options())] * 100)) == TAKEN


@pytest.mark.parametrize("before", [HOP_BY_HOP, DESTINATION])
def test_hop_by_hop_options_elsewhere_are_no_known_header(before: int) -> None:
    octets = datagram([(before, options()), (HOP_BY_HOP, options())])
    assert told(octets) == refused(Discard.MALFORMED, 1, 40)


@pytest.mark.parametrize("kind", [0, 2, 3, 4, 253])
def test_a_way_that_a_routing_header_wants_is_not_gone(kind: int) -> None:
    octets = datagram([(ROUTING, bytes((0, kind, 1)) + bytes(4))])
    assert told(octets) == refused(Discard.MALFORMED, 0, 42)


def test_a_header_that_is_cut_short_says_nothing_of_what_follows() -> None:
    octets = datagram([(DESTINATION, b"\x20" + options()[1:])])
    assert told(octets) == refused(Discard.MALFORMED)


# Pieces


def piece(offset: int, *, more: bool) -> tuple[int, bytes]:
    return FRAGMENT, bytes((0,)) + (offset | more).to_bytes(2, "big") + b"\0\0\0\7"


def test_a_whole_datagram_with_a_fragment_header_is_taken() -> None:
    assert told(datagram([piece(0, more=False)])) == TAKEN


def test_the_first_piece_of_a_datagram_is_refused_as_a_header_we_do_not_know() -> None:
    assert told(datagram([piece(0, more=True)])) == refused(Discard.FRAGMENT, 1, 6)
    behind = datagram([(DESTINATION, options()), piece(0, more=True)])
    assert told(behind) == refused(Discard.FRAGMENT, 1, 40)
    assert told(datagram([piece(0, more=True)], GROUP)) == refused(Discard.FRAGMENT)


@pytest.mark.parametrize("more", [False, True])
def test_nothing_is_said_about_later_pieces(*, more: bool) -> None:
    assert told(datagram([piece(8, more=more)])) == refused(Discard.FRAGMENT)


def test_a_host_behind_puts_pieces_together_itself() -> None:
    for offset, more in ((0, True), (8, False)):
        octets = datagram([piece(offset, more=more)])
        assert take(node(for_host=True), octets) == [DatagramForHost(octets)]


@pytest.mark.parametrize("for_host", [False, True])
def test_attack_neighbour_discovery_behind_a_fragment_header(*, for_host: bool) -> None:
    """It is ignored (RFC 6980), as what watches over neighbour discovery does not see it."""
    body = NeighbourSolicitation(OURS, ())
    message = ICMPV6.encode(Icmpv6(Icmpv6Type.NEIGHBOUR_SOLICITATION, 0, 0, body))
    message = with_checksum(THEIRS, OURS, ICMPV6_NUMBER, message, 2)
    upper = ICMPV6_NUMBER, message
    whole = take(node(for_host=for_host), datagram([], upper=upper))
    assert isinstance(whole[0], NeighbourDiscoveryReceived)
    (told_of,) = take(node(for_host=for_host), datagram([piece(0, more=False)], upper=upper))
    assert isinstance(told_of, DatagramDiscarded)
    assert told_of.discard is Discard.FRAGMENT


# What is never answered, and how often the rest is

OBJECTIONABLE: dict[str, Chain] = {
    "option 10": [(DESTINATION, options("8000"))],
    "malformed option": [(DESTINATION, b"\0" + bytes.fromhex("1e0900000000"))],
    "first piece": [piece(0, more=True)],
    "routing header": [(ROUTING, b"\0\3\1" + bytes(4))],
}


@pytest.mark.parametrize("chain", OBJECTIONABLE.values(), ids=OBJECTIONABLE)
def test_attack_no_error_about_an_error_nor_to_nobody(chain: Chain) -> None:
    error = ICMPV6.encode(Icmpv6(Icmpv6Type.TIME_EXCEEDED, 0, 0, Unanswerable(b"")))
    error = with_checksum(THEIRS, OURS, ICMPV6_NUMBER, error, 2)
    about_error = told(datagram(chain, upper=(ICMPV6_NUMBER, error)))
    assert (len(about_error.discarded or ()), about_error.problems) == (1, [])
    for impostor in (UNSPECIFIED, OURS):
        assert told(datagram(chain, source=impostor)) == refused(Discard.SPOOFED)


@pytest.mark.parametrize("chain", OBJECTIONABLE.values(), ids=OBJECTIONABLE)
def test_attack_parameter_problems_are_as_rare_as_other_errors(chain: Chain) -> None:
    machine, octets = node(), datagram(chain)
    answers = [len(told(octets, machine).problems or ()) for _ in range(100)]
    assert sum(answers) == 10


@pytest.mark.parametrize("chain", OBJECTIONABLE.values(), ids=OBJECTIONABLE)
def test_a_host_behind_obeys_its_headers_itself(chain: Chain) -> None:
    octets = datagram(chain)
    assert take(node(for_host=True), octets) == [DatagramForHost(octets)]


# Whatever comes

HEADERS = st.sampled_from([HOP_BY_HOP, ROUTING, FRAGMENT, DESTINATION, 135, IPV6, 59, UDP, 58])
CHAINS = st.lists(st.tuples(HEADERS, st.binary(min_size=7, max_size=23)), max_size=4)


@given(CHAINS, st.sampled_from([OURS, GROUP]), st.binary(max_size=60), st.booleans())
def test_any_headers_are_obeyed_or_refused(
    chain: Chain, to: bytes, upper: bytes, for_host: bool
) -> None:
    octets = datagram(chain, to, upper=(UDP, upper))
    actions = take(node(for_host=for_host), octets)
    assert sum(isinstance(action, SendDatagram) for action in actions) <= 1
    assert all(len(one.datagram) <= 1280 for one in actions if isinstance(one, SendDatagram))


@given(st.lists(st.tuples(st.integers(0, 255), st.binary(max_size=8)), max_size=12), st.data())
def test_any_options_are_taken_or_refused_by_the_first_that_asks_for_it(
    drawn: list[tuple[int, bytes]], data: st.DataObject
) -> None:
    octets = "".join(
        (bytes((kind,)) + (bytes((len(value),)) + value if kind else b"")).hex()
        for kind, value in drawn
    )
    to = data.draw(st.sampled_from([OURS, GROUP]))
    result = told(datagram([(DESTINATION, options(octets))], to))
    actions = [kind >> 6 for kind, _ in drawn if kind >> 6]
    if not actions:
        assert result == TAKEN
        return
    answered = actions[0] == 2 or (actions[0] == 3 and to == OURS)
    assert result.discarded == [Discard.UNKNOWN_OPTION]
    assert [code for code, _, _ in result.problems or ()] == [2] * answered
