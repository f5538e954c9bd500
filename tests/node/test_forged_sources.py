"""Questions from neighbours that somebody has made up: what they make a node send."""

from lowpan.adaptation.neighbour_discovery.cache import (
    MOST_SOLICITATIONS_AT_ONCE,
    SOLICITATION_PACE,
)
from lowpan.adaptation.neighbour_discovery.table import MOST_ASKED
from lowpan.wire.addresses import parse_ipv6
from lowpan.wire.checksum import with_checksum
from lowpan.wire.icmpv6 import ICMPV6, Echo, Icmpv6, Icmpv6Type
from lowpan.wire.ipv6 import ICMPV6 as ICMPV6_NUMBER
from lowpan.wire.ipv6 import IPV6_HEADER, Ipv6Header
from tests.node.line import Line, by_ipv6
from tests.sim.nodes import address_of, short_of

OURS = parse_ipv6("2001:db8:1::1")
STRANGER = b"\x06\x66"


def echo_request(source: bytes) -> bytes:
    """Return a payload of a frame, uncompressed (RFC 4944 §5.1)."""
    message = ICMPV6.encode(Icmpv6(Icmpv6Type.ECHO_REQUEST, 0, 0, Echo(1, 1, b"")))
    message = with_checksum(source, OURS, ICMPV6_NUMBER, message, 2)
    header = Ipv6Header(0, 0, len(message), ICMPV6_NUMBER, 64, source, OURS)
    return b"\x41" + IPV6_HEADER.encode(header) + message


def on_link(number: int) -> bytes:
    return OURS[:8] + number.to_bytes(8, "big")


def ask(line: Line, count: int, *, gap: int = 10_000) -> None:
    """Let node 0 hear questions from as many sources of its prefix."""
    for number in range(count):
        line.hear(0, echo_request(on_link(0x1000 + number)), STRANGER, short_of(0))
        line.run(gap)


def forged_on() -> Line:
    """Return a line whose node 0 has an address in a prefix that is on the link."""
    line = Line(2, by_ipv6())
    line.node(0).add_address(OURS, short_of(0), now=0)
    return line


def test_attack_forged_sources_have_a_node_ask_for_them_at_a_pace() -> None:
    """Each would be asked for three times, which the whole neighbourhood hears."""
    line = forged_on()
    ask(line, 1_000)
    asked, pace = len(line.on_air), 10_000_000 // SOLICITATION_PACE
    assert pace <= asked <= MOST_SOLICITATIONS_AT_ONCE + pace
    line.run(60_000_000)
    assert len(line.on_air) <= asked + 3 * MOST_ASKED, "those who are left"
    assert len(line.node(0).discovery.cache.table) == 0


def test_attack_forged_sources_keep_no_neighbour_from_its_answer() -> None:
    line = forged_on()
    ask(line, 500)
    assert len(line.ping(address_of(1))) == 1
    assert len(line.ping(address_of(0), sender=1)) == 1
