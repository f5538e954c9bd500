"""Headers of conversations that are remembered are those that compression makes."""

from hypothesis import given
from hypothesis import strategies as st

from lowpan.adaptation.contexts import ContextTable
from lowpan.adaptation.fragmentation import fragmented
from lowpan.adaptation.remembered import MOST_REMEMBERED, RememberedHeaders
from lowpan.errors import FieldOutOfRange, MalformedFrame
from lowpan.wire.addresses import Context, Surroundings, iid_of, link_local
from lowpan.wire.checksum import with_checksum
from lowpan.wire.ipv6 import IPV6_HEADER, UDP, Ipv6Header
from lowpan.wire.udp import UDP_HEADER, UdpHeader

LINKS = [b"\x00\x01", b"\x00\x02", bytes.fromhex("0200000000000001")]
PREFIX = bytes.fromhex("fd00123400000000")
HOSTS = [
    *(link_local(iid_of(link)) for link in LINKS),
    *(PREFIX + iid_of(link) for link in LINKS),
    bytes.fromhex("ff020000000000000000000000000001"),
]


def udp(
    source: bytes, destination: bytes, ports: tuple[int, int], payload: bytes, hop_limit: int = 64
) -> bytes:
    length = 8 + len(payload)
    header = UDP_HEADER.encode(UdpHeader(*ports, length, 0))
    upper = with_checksum(source, destination, UDP, header + payload, 6)
    outer = Ipv6Header(0, 0, length, UDP, hop_limit, source, destination)
    return IPV6_HEADER.encode(outer) + upper


def _cut(datagram: bytes, length: int) -> bytes:
    return datagram[:length]


def _changed(datagram: bytes, at: int, octet: int) -> bytes:
    return datagram[:at] + bytes((octet,)) + datagram[at + 1 :]


ports = st.sampled_from([5683, 0xF0B1, 0xF0B2, 0xF012])
datagrams = st.builds(
    udp,
    st.sampled_from(HOSTS[:-1]),
    st.sampled_from(HOSTS),
    st.tuples(ports, ports),
    st.binary(max_size=20),
    st.sampled_from([1, 63, 64, 255]),
)
others = st.one_of(
    st.binary(max_size=60),
    st.builds(_cut, datagrams, st.integers(0, 60)),
    st.builds(_changed, datagrams, st.integers(0, 47), st.integers(0, 255)),
)


@given(
    st.lists(
        st.tuples(
            st.one_of(datagrams, others),
            st.sampled_from(LINKS),
            st.sampled_from(LINKS),
            st.sampled_from([None, None, None, 0, 1]),
        ),
        min_size=1,
        max_size=40,
    )
)
def test_what_is_remembered_is_what_compression_makes(
    sent: list[tuple[bytes, bytes, bytes, int | None]],
) -> None:
    contexts = ContextTable()
    headers = RememberedHeaders(contexts)
    for datagram, source, destination, change in sent:
        if change == 0:
            contexts.learn(3, Context(PREFIX, 64))
        elif change == 1:
            contexts.forget(3)
        surroundings = Surroundings(iid_of(source), iid_of(destination), contexts.known)
        known = headers.compressed(datagram, source, destination)
        try:
            (payload,) = fragmented(datagram, surroundings, room=127, datagram_tag=0)
        except (FieldOutOfRange, MalformedFrame):  # nothing is known of it either
            assert known is None
            continue
        assert known in (None, payload)
        if known is None:
            headers.learn(datagram, source, destination, payload)


def test_a_second_datagram_of_a_conversation_is_known() -> None:
    headers = RememberedHeaders(ContextTable())
    one, other = (udp(HOSTS[0], HOSTS[1], (5683, 5683), bytes(size)) for size in (3, 30))
    surroundings = Surroundings(iid_of(LINKS[0]), iid_of(LINKS[1]), {})
    (payload,) = fragmented(one, surroundings, room=127, datagram_tag=0)
    headers.learn(one, LINKS[0], LINKS[1], payload)
    (wanted,) = fragmented(other, surroundings, room=127, datagram_tag=0)
    assert headers.compressed(other, LINKS[0], LINKS[1]) == wanted
    assert headers.compressed(other, LINKS[1], LINKS[0]) is None


def test_the_conversation_learnt_first_is_forgotten_first() -> None:
    headers = RememberedHeaders(ContextTable())
    surroundings = Surroundings(iid_of(LINKS[0]), iid_of(LINKS[1]), {})
    made = [
        udp(HOSTS[0], HOSTS[1], (1000 + number, 5683), b"") for number in range(MOST_REMEMBERED + 1)
    ]
    for datagram in made:
        (payload,) = fragmented(datagram, surroundings, room=127, datagram_tag=0)
        headers.learn(datagram, LINKS[0], LINKS[1], payload)
    known = [headers.compressed(datagram, LINKS[0], LINKS[1]) is not None for datagram in made]
    assert known == [False] + [True] * MOST_REMEMBERED
