"""What strangers send: nothing of it raises, none of it deceives.

The numbers are those of the project's list of attacks on mesh stacks; rows 17 to 19 and 21, which
need keys, are in test_unsealing and test_teaching, row 32 is also in test_damage.
"""

import io
from random import Random

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from lowpan.capture.decoded import DecodedFrame
from lowpan.capture.follower import Follower
from lowpan.capture.key_sources import Given
from lowpan.capture.keys import RawKey, ThreadKey
from lowpan.capture.session import open_capture
from lowpan.errors import MalformedFrame
from lowpan.radio import Fcs, ReceivedFrame
from lowpan.wire.addresses import Context
from lowpan.wire.fragment import FRAGMENT_HEADER, FragmentHeader
from tests.capture.network import (
    ALICE,
    BOB,
    LINUX,
    LLSEC_KEY,
    OPENTHREAD,
    PREFIX,
    SECOND_KEY,
    THREAD,
    A,
    Air,
    B,
    air,
    echo,
    followed,
    frame,
    ipv6,
    local,
    lowpan,
    mle_frame,
    udp,
)
from tests.capture.octets import (
    FCS,
    PSDU,
    block,
    enhanced,
    interface,
    options,
    pcap_header,
    pcap_record,
    section,
)

KEYS = Given(keys=[THREAD, ThreadKey(SECOND_KEY), RawKey(LLSEC_KEY)])


# -- arbitrary octets in any order


def captured() -> list[bytes]:
    """Return frames of every capture, the rare ones too."""
    chosen = Random(802154)
    psdus = list[bytes]()
    for name in [*OPENTHREAD, *LINUX]:
        frames = followed(name)
        some = frames if len(frames) < 120 else chosen.sample(frames, 120)
        psdus += [decoded.received.psdu for decoded in some]
    return psdus


CAPTURED = captured()
TIMES = st.none() | st.integers(-(1 << 70), 1 << 70)


@st.composite
def mutated(draw: st.DrawFn) -> bytes:
    octets = bytearray(draw(st.sampled_from(CAPTURED)))
    for _ in range(draw(st.integers(0, 3))):
        at = draw(st.integers(0, max(len(octets) - 1, 0)))
        how = draw(st.integers(0, 3))
        if how == 0 and octets:
            octets[at] = draw(st.integers(0, 255))
        elif how == 1:
            del octets[at:]
        elif how == 2:
            octets[at:at] = draw(st.binary(max_size=8))
        else:
            del octets[at : at + draw(st.integers(1, 8))]
    return bytes(octets)


@given(st.lists(st.tuples(st.binary(max_size=140) | mutated(), TIMES), max_size=12))
@example([(b"", None)])
@settings(max_examples=300)
def test_nothing_that_is_heard_raises(heard: list[tuple[bytes, int | None]]) -> None:
    follower = Follower(KEYS)
    for number, (psdu, time_ns) in enumerate(heard, 1):
        received = ReceivedFrame(psdu, Fcs.GOOD, time_ns=time_ns)
        decoded = follower.follow(number, received, len(psdu))
        assert isinstance(decoded, DecodedFrame)
        assert all(isinstance(fault, MalformedFrame) for fault in decoded.faults)
        assert repr(decoded).startswith("DecodedFrame(")
        if decoded.datagram is not None:
            assert decoded.datagram.checksum_good in (True, False, None)


def test_captured_frames_in_any_order_are_survived() -> None:
    order = Random(4944)
    follower = Follower(KEYS)
    for number in range(2_500):
        psdu = order.choice(CAPTURED)
        if order.random() < 0.5:
            at = order.randrange(len(psdu) + 1)
            psdu = psdu[:at] + order.randbytes(1) + psdu[at + 1 :]
        time_ns = order.choice((None, order.getrandbits(63), 0, -5))
        follower.follow(number, ReceivedFrame(psdu, Fcs.GOOD, time_ns=time_ns), len(psdu))


# -- rows 1 to 4: floods and holes


def fragment(at: int, piece: bytes, *, size: int = 96, tag: int = 7) -> bytes:
    """Return a link fragment; one at 0 is FRAG1 of an uncompressed datagram."""
    header = FRAGMENT_HEADER.encode(FragmentHeader(size, tag, at or None))
    return header + (b"" if at else b"\x41") + piece


PING = echo(local(A), local(B), data=bytes(48))
assert len(PING) == 96


def hear_fragments(network: Air, *pieces: bytes, source: bytes = A) -> list[DecodedFrame]:
    start = network.number
    return [
        network.hear(frame(source, B, piece, number=(start + at) & 0xFF))
        for at, piece in enumerate(pieces)
    ]


def test_attack_1_flood_of_first_fragments_drops_nobody_elses_datagram() -> None:
    network = air()
    hear_fragments(network, fragment(0, PING[:48]))
    hear_fragments(network, *(fragment(0, PING[:48], tag=tag) for tag in range(2000)), source=B)
    (whole,) = hear_fragments(network, fragment(48, PING[48:]))
    assert whole.datagram is not None
    assert whole.reassembled_from[0] == 1


def test_attack_2_repeated_fragment_fills_no_hole() -> None:
    network = air()
    heard = hear_fragments(network, fragment(0, PING[:48]), *[fragment(72, PING[72:])] * 20)
    assert [decoded.datagram for decoded in heard] == [None] * 21
    (whole,) = hear_fragments(network, fragment(48, PING[48:72]))
    assert whole.datagram is not None
    assert whole.datagram.encode() == PING


def test_attack_3_overlapping_fragment_drops_what_was_there() -> None:
    network = air()
    heard = hear_fragments(network, fragment(0, PING[:48]), fragment(40, b"\xee" * 56))
    assert "given up: a fragment overlaps" in heard[1].notes[0]
    heard = hear_fragments(network, fragment(48, PING[48:]))
    assert heard[0].datagram is None
    (whole,) = hear_fragments(network, fragment(0, PING[:48]))
    assert whole.datagram is not None
    assert whole.datagram.checksum_good


def test_attack_4_tags_of_different_senders_pans_and_sizes_do_not_mix() -> None:
    network = air()
    network.hear(frame(A, B, fragment(0, PING[:48])))
    for other in (
        frame(BOB, B, fragment(48, PING[48:])),
        frame(A, BOB, fragment(48, PING[48:])),
        frame(A, B, fragment(48, PING[48:]), pan_id=0xBEEF),
        frame(A, B, fragment(48, PING[48:] + b"\0" * 8, size=104)),
        frame(A, B, fragment(48, PING[48:], tag=8)),
    ):
        assert network.hear(other).datagram is None
    assert network.hear(frame(A, B, fragment(48, PING[48:]))).datagram is not None


# -- rows 5 to 7, 9, 11: sizes that lie


def test_attack_5_fragment_cut_anywhere_is_a_fault() -> None:
    for end in range(1, 5):
        (heard,) = hear_fragments(air(), fragment(48, PING[48:])[:end])
        assert "FragmentHeader" in str(heard.faults[0])


def test_attack_6_fragment_past_the_end_is_refused() -> None:
    (heard,) = hear_fragments(air(), fragment(48, PING[48:] + b"\0" * 8))
    assert "reaches 8 octets past the end" in str(heard.faults[0])


@pytest.mark.parametrize(
    ("piece", "reason"),
    [
        (fragment(0, b"\x60" + bytes(7), size=39), "smaller than an IPv6 header"),
        (fragment(48, b""), "an empty fragment"),
        (FRAGMENT_HEADER.encode(FragmentHeader(96, 7, 0)) + PING[:48], "begins at offset 0"),
        (fragment(48, PING[48:91]), "no multiple of 8"),
    ],
)
def test_attack_7_impossible_fragments_are_refused(piece: bytes, reason: str) -> None:
    (heard,) = hear_fragments(air(), piece)
    assert reason in str(heard.faults[0])


@pytest.mark.parametrize("datagram", [PING, udp(local(A), local(B), b"x" * 40)])
def test_attack_8_compressed_header_cut_anywhere_is_a_fault_or_shorter(datagram: bytes) -> None:
    contexts = {0: Context(PREFIX, 64)}
    for octets in (lowpan(datagram, A, B, contexts), lowpan(datagram)):
        head = len(octets) - 48
        for end in range(1, head):
            heard = air().hear(frame(A, B, octets[:end]))
            assert heard.faults != () or heard.datagram is None or not heard.datagram.checksum_good


def test_attack_9_small_frame_does_not_become_a_huge_datagram() -> None:
    header = "7e33" + "ee 7e33" * 20 + "ee 7a33 3a"
    heard = air().hear(frame(A, B, bytes.fromhex(header)))
    assert heard.datagram is None
    assert heard.faults != ()
    jumbo = frame(A, B, b"\x41" + PING[:4] + b"\xff\xff" + PING[6:])
    assert "65535 octets, and 56 are there" in str(air().hear(jumbo).faults[0])


def test_attack_10_chain_of_extension_headers_ends() -> None:
    chain = bytes.fromhex("7e33" + "e1 06 000000000000" * 40)
    heard = air().hear(frame(A, B, chain))
    assert heard.datagram is None
    assert heard.faults != ()
    long = b"\x3c\x00" + bytes(6)
    plain = ipv6(local(A), local(B), long * 140 + b"\x3b\x00" + bytes(6), 60)
    heard = air().hear(frame(A, B, b"\x41" + plain))
    assert heard.datagram is not None
    assert len(heard.datagram.extension_headers) == 141


def test_attack_11_datagram_smaller_than_its_headers_is_refused() -> None:
    payload = lowpan(udp(local(A), local(B), b"x" * 40), A, B)
    first = (0xC000 | 40).to_bytes(2, "big") + b"\0\7" + payload  # 40 octets, and UDP in them
    heard = air().hear(frame(A, B, first))
    assert heard.datagram is None
    assert "in a datagram of at most 40" in str(heard.faults[0])


# -- rows 12, 13: addresses and information elements that are not there


@pytest.mark.parametrize(
    ("source", "destination"), [(None, B), (A, None), (None, None), (None, BOB), (ALICE, None)]
)
def test_attack_12_elided_address_without_a_link_address_is_a_fault(
    source: bytes | None, destination: bytes | None
) -> None:
    ping = lowpan(echo(local(ALICE), local(BOB)), ALICE, BOB)
    version = 2 if source is None and destination is None else 1
    heard = air().hear(frame(source, destination, ping, version=version))
    assert heard.datagram is None
    assert len(heard.faults) == 1


@pytest.mark.parametrize(
    "ies",
    [
        "7f 00",  # 127 octets, and there are none
        "00 00 " * 100,  # an endless list
        "00 3f ff 87",  # payload IE of 2047 octets
        "00 3f 05 88 ff 81",  # nested one past its end
        "04 0d 00",  # CSL of 4 octets, cut
        "00 3f 02 a8 00 00",  # IETF
        "00 00 00",
        "00",
    ],
)
def test_attack_13_information_elements_that_lie_are_survived(ies: str) -> None:
    for control in ("01 aa", "01 ea", "02 22", "00 aa", "03 aa"):
        head = {"02 22": "01", "01 ea": "01 cefa 0b04 0a04"}.get(control, "01 cefa 0b04 cefa 0a04")
        heard = air().hear(bytes.fromhex(control + head + ies))
        assert heard.frame is not None or heard.faults != ()


# -- row 16: MLE that lies


@pytest.mark.parametrize(
    "octets",
    [
        "ff",  # no command
        "ff 09 03",  # a TLV without its length
        "ff 09 03 08 00",  # a challenge of 8 octets, and there is one
        "ff 09 03 ff ffff 00",  # an extended length past the end
        "ff 04 09 0a 00 ffffffffffffffff 00",  # Route64 of 64 routers and one octet for them
        "ff 08 0c 02 03 7f",  # network data past its end
        "ff 08 0c 04 03 02 00 ff",  # a prefix of 255 bits
        "ff 08 18 01 05",  # a dataset cut
        "00",  # secured, without the header
        "00 15 00000000",  # its key source missing
        "00 15 01000000 00000000 01 aa",  # shorter than its MIC
        "00 1f 01000000 00000000 01 aa",  # the same at level 7
        "01 09",  # an unknown suite
    ],
)
def test_attack_16_mle_that_lies_is_a_fault_or_octets(octets: str) -> None:
    network = air(THREAD)
    datagram = udp(local(ALICE), local(BOB), bytes.fromhex(octets), 19788)
    heard = network.hear(mle_frame(datagram, ALICE, BOB))
    assert heard.datagram is not None
    assert heard.faults != () or heard.mle is not None
    assert len(network.follower.book) == 0


# -- row 32: files that lie

FRAME = PSDU + FCS
LYING = {
    "captured longer than the file": pcap_header() + pcap_record(FRAME)[:8] + b"\xff" * 4 + FRAME,
    "captured longer than original": pcap_header() + pcap_record(FRAME, length=3),
    "nanoseconds": pcap_header(magic=0xA1B23C4D) + pcap_record(FRAME, fraction=999_999_999),
    "fraction beyond a second": pcap_header() + pcap_record(FRAME, fraction=0xFFFFFFFF),
    "other byte order": pcap_header(">") + pcap_record(FRAME, ">"),
    "TAP longer than the record": pcap_header(link_type=283) + pcap_record(b"\0\0\xff\xff" + FRAME),
    "TAP TLV past the header": pcap_header(link_type=283)
    + pcap_record(b"\0\0\x0c\0" + b"\x01\0\xff\xff\0\0\0\0" + FRAME),
    "block of no length": section() + interface() + b"\6\0\0\0\0\0\0\0",
    "block that ends otherwise": section() + interface() + enhanced(FRAME)[:-4] + b"\1\0\0\0",
    "block longer than the file": section() + interface() + b"\6\0\0\0\xf0\xff\xff\x7f",
    "no such interface": section() + interface() + enhanced(FRAME, number=9),
    "resolution of 2 to the 127": section()
    + interface(pairs=[(9, b"\xff")])
    + enhanced(FRAME, ticks=(1 << 64) - 1),
    "option past its block": section() + block(1, b"\xc3\0\0\0\0\0\0\0" + b"\2\0\xff\xff"),
    "comment without end": section() + interface(pairs=[(1, b"x" * 60_000)]) + enhanced(FRAME),
    "options of nothing": section() + block(5, options([])),
}


@pytest.mark.parametrize("name", LYING)
def test_attack_32_file_that_lies_ends_with_what_is_true(name: str) -> None:
    with open_capture(io.BytesIO(LYING[name])) as capture:
        frames = list(capture)
    assert len(frames) <= 1
    if frames and frames[0].frame is not None:
        assert frames[0].received.psdu == PSDU


def test_attack_32_every_cut_of_a_file_is_survived() -> None:
    whole = section() + interface(283) + enhanced(b"\0\0\x0c\0" + bytes(8) + FRAME)
    for end in range(12, len(whole)):
        capture = open_capture(io.BytesIO(whole[:end]))
        assert list(capture) == []
