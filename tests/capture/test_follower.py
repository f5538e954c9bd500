"""The Follower on real captures, against what tshark made of them; acks, copies, faults, reprs."""

from collections import Counter
from pathlib import Path

import pytest

from lowpan.adaptation.reassembly import TIMED_OUT
from lowpan.capture.decoded import DecodedFrame, Outcome
from lowpan.capture.key_sources import Given
from lowpan.mac.thread_keys import derive
from lowpan.radio import Fcs
from lowpan.wire.ieee802154 import Frame, FrameType
from lowpan.wire.mac_command import AssociationResponse
from tests.capture.network import (
    ALICE,
    BOB,
    LINUX,
    LLSEC_KEY,
    NETWORK_KEY,
    OPENTHREAD,
    PAN,
    SECOND_KEY,
    THREAD,
    A,
    Air,
    B,
    air,
    echo,
    followed,
    frame,
    local,
    lowpan,
    thread_seal,
)
from tests.capture.octets import CAPTURES

SUMMARY = CAPTURES / "openthread" / "truth" / "tshark-summary.txt"


def truth() -> dict[str, dict[str, int]]:
    """Return what tshark counted in each capture, with keys and contexts given to it."""
    head, *rows = (line.split() for line in SUMMARY.read_text().splitlines())
    return {row[0]: dict(zip(head[1:], map(int, row[1:]), strict=True)) for row in rows}


def is_ack(decoded: DecodedFrame) -> bool:
    frame = decoded.frame
    return frame is not None and frame.control.frame_type == FrameType.ACKNOWLEDGMENT


def mac(decoded: DecodedFrame) -> Frame:
    assert isinstance(decoded.frame, Frame)
    return decoded.frame


def counts(frames: tuple[DecodedFrame, ...]) -> Counter[str]:
    found = Counter[str]()
    for decoded in frames:
        protection = decoded.protection
        opened = protection is not None and protection.outcome is Outcome.DECRYPTED
        found["frames"] += 1
        found["acks"] += is_ack(decoded)
        found["macsec"] += protection is not None
        found["macok"] += opened
        found["acks opened"] += opened and is_ack(decoded)
        found["mle"] += decoded.mle is not None
        found["mledec"] += decoded.mle is not None and decoded.mle.message is not None
        found["ipv6"] += decoded.datagram is not None
    return found


@pytest.mark.parametrize("look_ahead", [0, 3000])
@pytest.mark.parametrize("name", OPENTHREAD)
def test_at_least_as_much_is_opened_as_by_tshark(name: str, look_ahead: int) -> None:
    ours, theirs = counts(followed(name, look_ahead)), truth()[name]
    for what in ("frames", "acks", "macsec", "mle"):
        assert ours[what] == theirs[what], what
    for what in ("macok", "mledec", "ipv6"):
        assert ours[what] >= theirs[what], what


@pytest.mark.parametrize("name", OPENTHREAD)
def test_enhanced_acks_are_opened_once_it_is_known_who_acks(name: str) -> None:
    closed = [
        decoded.number
        for decoded in followed(name)
        if is_ack(decoded)
        and decoded.acker is not None
        and decoded.protection is not None
        and decoded.protection.outcome is not Outcome.DECRYPTED
    ]
    assert closed == []


def test_captures_hold_enhanced_acks_that_tshark_cannot_open() -> None:
    opened = {name: counts(followed(name))["acks opened"] for name in OPENTHREAD}
    assert opened["vii-long-8nodes"] == truth()["vii-long-8nodes"]["macerr"] == 561
    assert opened["viii-ssed-linkmetrics"] == truth()["viii-ssed-linkmetrics"]["macerr"] == 61
    assert opened["viii-b-linkmetrics-enhack"] == 35


@pytest.mark.parametrize("name", OPENTHREAD)
def test_every_ack_is_matched_with_the_frame_before_it(name: str) -> None:
    frames = followed(name)
    lost = [decoded for decoded in frames if is_ack(decoded) and decoded.acknowledges is None]
    assert len(lost) == (1 if name == "ix-spinel-rcp" else 0)  # one that the tests made up
    for ack in frames:
        if ack.acknowledges is not None:
            sent = mac(frames[ack.acknowledges - 1])
            assert sent.sequence_number == mac(ack).sequence_number
            assert ack.acker == sent.destination


@pytest.mark.parametrize("name", [*OPENTHREAD, *LINUX])
def test_every_checksum_is_good(name: str) -> None:
    seen = Counter(
        decoded.datagram.checksum_good
        for decoded in followed(name, 3000)
        if decoded.datagram is not None
    )
    assert seen[False] == 0
    assert seen[None] <= 4  # four datagrams of vii have neither UDP nor ICMPv6
    if name in LINUX and not name.startswith("nl802154"):
        assert seen[True] > 0


@pytest.mark.parametrize("name", OPENTHREAD)
def test_contexts_need_not_be_given(name: str) -> None:
    ahead = [
        decoded.number
        for decoded in followed(name, 3000)
        if decoded.datagram is not None and decoded.datagram.unknown_contexts
    ]
    assert ahead == []
    in_one_pass = [
        decoded.number
        for decoded in followed(name)
        if decoded.datagram is not None and decoded.datagram.unknown_contexts
    ]
    assert len(in_one_pass) <= 1  # the datagram that is the first of two to tell


def test_unknown_context_is_said_and_then_found() -> None:
    lacking, found = None, None
    for decoded in followed("iii-ping-frag-mesh"):
        if decoded.datagram is not None and decoded.datagram.unknown_contexts:
            lacking = decoded.datagram
        elif decoded.datagram is not None and lacking is not None:
            found = decoded.datagram
            break
    assert lacking is not None
    assert found is not None
    assert (lacking.unknown_contexts, lacking.source[:8], lacking.checksum_good) == (
        (0,),
        bytes(8),
        None,
    )
    assert found.source[:8].hex() == "fd000db800000000"


def fragments_of(name: str, tag: int) -> list[DecodedFrame]:
    """Return the frames that complete a datagram with this tag."""
    return [
        decoded
        for decoded in followed(name)
        if decoded.reassembled_from and decoded.fragment and decoded.fragment.datagram_tag == tag
    ]


def test_datagram_is_reassembled_for_each_hop_by_itself() -> None:
    frames, hops = followed("iii-ping-frag-mesh"), fragments_of("iii-ping-frag-mesh", 0x12)
    assert len(hops) == 3
    for last in hops:
        assert last.datagram is not None
        assert last.datagram.payload_length + 40 == 1048
        parts = [frames[number - 1] for number in last.reassembled_from]
        assert {part.reassembled_in for part in parts} == {last.number}
        assert {mac(part).destination for part in parts} == {mac(last).destination}


def test_fragments_that_take_different_ways_meet_at_their_receiver() -> None:
    frames = followed("vii-long-8nodes")
    first, second = fragments_of("vii-long-8nodes", 50656)
    assert {mac(frames[number - 1]).source for number in first.reassembled_from} == {b"\x8c\0"}
    ways = {mac(frames[number - 1]).source for number in second.reassembled_from}
    assert ways == {b"\x50\0", b"\x48\0"}  # the route changed in the middle


def test_key_sequence_is_followed_as_it_is_rotated() -> None:
    sequences = Counter(
        decoded.protection.key_sequence
        for decoded in followed("vi-dataset-keyrot")
        if decoded.protection is not None and not decoded.protection.well_known
    )
    assert set(sequences) == {0, 1, 129}  # 1 and 129 share the key index 2
    messages = Counter(
        decoded.mle.protection.key_sequence
        for decoded in followed("vi-dataset-keyrot")
        if decoded.mle is not None and decoded.mle.protection is not None
    )
    assert set(messages) == {0, 1, 129}


def test_network_that_changes_its_key_is_followed_with_both() -> None:
    keys = Counter(
        decoded.protection.key
        for decoded in followed("xii-network-key-change")
        if decoded.protection is not None
    )
    assert len(keys) == 2
    assert min(keys.values()) > 10


def test_announcements_are_marked_as_anybodys() -> None:
    frames = [
        decoded
        for decoded in followed("v-discovery-announce")
        if decoded.protection is not None and decoded.protection.well_known
    ]
    assert len(frames) == 32
    for decoded in frames:
        assert decoded.mle is not None
        assert decoded.mle.protection is not None
        assert not decoded.mle.protection.well_known  # inside it is the network's own key
        assert decoded.notes == ()
        assert decoded.extended_source == mac(decoded).source


def test_association_teaches_the_short_address() -> None:
    follower = Air().follower
    given = list[bytes]()
    for decoded in followed("nl802154-beacons-scan-associate"):
        follower.follow(decoded.number, decoded.received, decoded.length)
        content = decoded.command.content if decoded.command is not None else None
        if isinstance(content, AssociationResponse):
            given.append(content.short_address)
    assert given == [bytes.fromhex("88ef")]
    assert follower.book.extended(0xBEEF, given[0]) == bytes.fromhex("0200000000000002")


def test_retransmission_is_a_duplicate_and_its_ack_answers_it() -> None:
    network = air()
    psdu = frame(ALICE, BOB, lowpan(echo(local(ALICE), local(BOB)), ALICE, BOB), ack=True)
    first, second, third = network.hear_all([psdu] * 3)
    ack = network.hear(bytes.fromhex("020001"))
    assert (first.duplicate_of, second.duplicate_of, third.duplicate_of) == (None, 1, 1)
    assert (ack.acknowledges, ack.acker, ack.extended_source) == (3, BOB, BOB)


def test_ack_of_old_news_answers_nothing() -> None:
    network = air()
    network.hear(frame(ALICE, BOB, b"", ack=True))
    assert network.now_ns is not None
    network.now_ns += 2_000_000_000
    assert network.hear(bytes.fromhex("020001")).acknowledges is None


def test_ack_answers_a_frame_of_its_own_channel_and_to_its_own_sender() -> None:
    network, ack = air(), bytes.fromhex("020001")
    network.hear(frame(ALICE, BOB, b"", ack=True), channel=11)
    network.hear(frame(BOB, ALICE, b"", ack=True), channel=15)
    assert network.hear(ack, channel=11).acknowledges == 1
    assert network.hear(ack, channel=15).acknowledges == 2
    assert network.hear(ack, channel=20).acknowledges is None
    network.hear(frame(A, B, b"", ack=True))
    assert network.hear(bytes.fromhex("022801cefa0b04")).acknowledges is None  # it is for B
    assert network.hear(bytes.fromhex("022801cefa0a04")).acknowledges == 6


def test_frames_of_nobody_are_no_duplicates() -> None:
    network = air()
    request = bytes.fromhex("030801ffffffff07")  # beacon requests: DSN stays, sender unknown
    assert [heard.duplicate_of for heard in network.hear_all([request] * 2)] == [None, None]


def test_frame_with_a_wrong_fcs_is_not_believed_unless_wanted() -> None:
    psdu, network = frame(ALICE, B, lowpan(echo(local(ALICE), local(B)), ALICE, B)), air()
    damaged = network.hear(psdu, fcs=Fcs.BAD)
    assert (damaged.frame is not None, damaged.datagram) == (True, None)
    assert network.hear(psdu[:2], fcs=Fcs.BAD).faults == ()  # the FCS has said it all
    assert network.hear(psdu).duplicate_of is None
    assert Air(Given(ignore_fcs=True)).hear(psdu, fcs=Fcs.BAD).datagram is not None


def halves() -> tuple[bytes, bytes]:
    """Return the two fragments of a datagram of 96 octets."""
    datagram = echo(local(A), local(B), data=bytes(48))
    return b"\xc0\x60\0\1\x41" + datagram[:48], b"\xe0\x60\0\1\6" + datagram[48:]


def test_retransmitted_fragments_count_once_and_begin_no_datagram() -> None:
    network, (first, second) = air(), halves()
    one, two = frame(A, B, first, ack=True), frame(A, B, second, number=2, ack=True)
    heard = network.hear_all([one, one, two, two, two])
    assert [decoded.reassembled_from for decoded in heard] == [(), (), (1, 3), (), ()]
    assert network.now_ns is not None
    network.now_ns += 61_000_000_000
    assert network.hear(frame(A, B, first, number=3)).notes == ()  # nothing was given up


@pytest.mark.parametrize(("seconds", "whole"), [(59, True), (61, False)])
def test_fragments_wait_a_minute_of_the_captures_time(seconds: int, whole: bool) -> None:
    network, (first, second) = air(), halves()
    network.hear(frame(A, B, first, number=1))
    assert network.now_ns is not None
    network.now_ns += seconds * 1_000_000_000
    last = network.hear(frame(A, B, second, number=2))
    assert (last.datagram is not None) == whole
    assert last.notes == (() if whole else ("datagram 0x0001 given up: " + TIMED_OUT,))


@pytest.mark.parametrize("step", [-5, -3600, -1_700_000_000, None])
def test_time_that_goes_back_or_is_missing_breaks_no_datagram(step: int | None) -> None:
    network, (first, second) = air(), halves()
    for _ in range(3):
        network.hear(frame(A, B, first, number=1))
        network.now_ns = None if step is None else (network.now_ns or 0) + step * 1_000_000_000
        assert network.hear(frame(A, B, second, number=2)).datagram is not None
    network.hear(frame(A, B, first, number=3))
    if network.now_ns is not None:  # and the minute still counts
        network.now_ns += 61_000_000_000
        assert network.hear(frame(A, B, second, number=4)).datagram is None


_IPV6 = "418801cefa01000200 41 60000000 0008 11 40" + "00" * 32
FAULTS = [
    ("", "Frame.control at octet 0: no octets"),
    ("41", "Frame.control at octet 1: "),
    ("4188", "Frame.sequence_number at octet 2: "),
    ("41880100", "Frame.destination_pan_id at octet 4: "),
    ("41b80100", "frame version 3 is reserved"),
    ("418801cefa01000200 7b", "CompressedHeaders.iphc.control at octet 1: "),
    ("418801cefa01000200 41 60", "Ipv6Header.word at octet 1: "),
    (_IPV6, "Ipv6Header.payload_length at octet 4: 8 octets, and 0 are there"),
    (_IPV6 + "0001000100090000", "UdpHeader.length at octet 4: 9 octets, and 8 are there"),
    (_IPV6 + "0001000100070000", "UdpHeader.length at octet 4: 7 octets, and 8 are there"),
    ("418801cefa01000200 c0", "FragmentHeader.word at octet 1: "),
    ("418801cefa01000200 e028 0001 00" + "00" * 8, "FragmentHeader.datagram_offset: a subseq"),
    ("418801cefa01000200 c010 0001 41 60000000", "FragmentHeader.datagram_size: a datagram of 16"),
    ("418801cefa01000200 50", "BroadcastHeader"),
    ("418801cefa01000200 bf", "MeshHeader"),
]


@pytest.mark.parametrize(("octets", "where"), FAULTS)
def test_fault_says_where(octets: str, where: str) -> None:
    (fault,) = air().hear(bytes.fromhex(octets)).faults
    assert where in str(fault)


def test_truncated_payloads_of_a_capture_are_reported() -> None:
    faults = [str(fault) for decoded in followed("ix-spinel-rcp") for fault in decoded.faults]
    assert len(faults) >= 2
    assert all(" at octet " in fault for fault in faults)


SEQUENCES = (0, 1, 129)
DERIVED = [derive(key, at) for key in (NETWORK_KEY, SECOND_KEY) for at in SEQUENCES]
SECRETS = [NETWORK_KEY, SECOND_KEY, LLSEC_KEY, *(key for pair in DERIVED for key in pair)]


@pytest.mark.parametrize("name", [*OPENTHREAD, *LINUX])
def test_no_text_of_a_frame_holds_a_key(name: str) -> None:
    forms = [form for key in SECRETS for form in (key.hex(), repr(bytes(key))[2:-1])]
    for decoded in followed(name):
        text = f"{decoded!r} {decoded} {decoded.faults} {decoded.datagram!r} {decoded.mle!r}"
        assert not any(form in text for form in forms), decoded.number


def test_key_that_travels_in_clear_inside_a_secured_frame_is_not_shown() -> None:
    network = air(THREAD)
    network.follower.book.learn(PAN, A, ALICE)
    payload = lowpan(echo(local(A), local(B), data=b"\x05\x10" + SECOND_KEY), A, B)
    decoded = network.hear(frame(A, B, payload, seal=thread_seal(ALICE, 1)))
    assert decoded.datagram is not None
    assert decoded.datagram.icmpv6 is not None
    assert SECOND_KEY in decoded.datagram.payload
    text = f"{decoded!r} {decoded.datagram!r}"
    assert SECOND_KEY.hex() not in text
    assert repr(SECOND_KEY)[2:-1] not in text
    assert "icmpv6=Icmpv6(type=128" in text
    assert "source=fe80::ff:fe00:40a" in text


def test_capture_files_are_all_there() -> None:
    assert len(OPENTHREAD) == len(truth()) == 14
    assert len(LINUX) >= 29
    assert Path(SUMMARY).exists()
