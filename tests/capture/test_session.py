"""Captures opened: keys as people write them, looking ahead, damage, several link types."""

import gzip
import io
import tracemalloc
from pathlib import Path

import pytest

from lowpan.capture.key_sources import Given, GivenAddress, Keys
from lowpan.capture.keys import RawKey, ThreadKey
from lowpan.capture.reader import open_records
from lowpan.capture.session import Capture, decode, open_capture
from lowpan.errors import CaptureError, KeyFormatError
from lowpan.radio import Fcs, ReceivedFrame
from tests.capture.network import (
    ALICE,
    LLSEC_KEY,
    NETWORK_KEY,
    PAN,
    PREFIX,
    SECOND_KEY,
    THREAD,
    A,
    B,
    air,
    echo,
    frame,
    local,
    lowpan,
    thread_seal,
    udp,
)
from tests.capture.octets import CAPTURES, Pieces, enhanced, interface, pcap_header, section
from tests.capture.test_context_search import compressed

ATTACH = CAPTURES / "openthread" / "i-attach-router.pcap"
LLSEC = CAPTURES / "linux" / "llsec-level5-mic32-ext.pcap"
HEX = NETWORK_KEY.hex()


def record(psdu: bytes, seconds: int) -> bytes:
    """Return a pcap record without FCS, of link type 230."""
    head = b"".join(part.to_bytes(4, "little") for part in (seconds, 0, len(psdu), len(psdu)))
    return head + psdu


def capture_of(*psdus: bytes) -> bytes:
    return pcap_header(link_type=230) + b"".join(map(record, psdus, range(len(psdus))))


def opened(source: Path, keys: Keys) -> tuple[int, int]:
    """Return how many frames are secured and how many of them are opened."""
    with open_capture(source, keys=keys) as capture:
        secured = [frame.protection for frame in capture if frame.protection is not None]
    return len(secured), sum(protection.nonce_address is not None for protection in secured)


@pytest.mark.parametrize(
    "keys",
    [
        HEX,
        f"thread {HEX}",
        ThreadKey(NETWORK_KEY),
        [SECOND_KEY.hex(), HEX],
        (f"raw {LLSEC_KEY.hex()}", ThreadKey(NETWORK_KEY)),
        f"# of the lab\nraw {LLSEC_KEY.hex()} index=1; {HEX}",
        f"dataset 0510{HEX}",
        HEX.upper(),
    ],
)
def test_keys_are_objects_or_text(keys: Keys) -> None:
    assert opened(ATTACH, keys) == (3, 3)


@pytest.mark.parametrize("keys", [RawKey(LLSEC_KEY), f"raw {LLSEC_KEY.hex()} mode=1 index=1"])
def test_raw_key_is_named_as_such(keys: Keys) -> None:
    assert opened(LLSEC, keys) == (26, 26)
    assert opened(LLSEC, LLSEC_KEY.hex()) == (26, 0)  # a Thread network key is something else


def test_no_keys_open_nothing() -> None:
    assert opened(ATTACH, ()) == opened(ATTACH, "") == (3, 0)


BAD_KEYS: list[tuple[object, str]] = [
    (HEX[:-2], "key 1, line 1"),
    ([HEX, "raw 00"], "key 2, line 1"),
    (f"{HEX}\nnonsense", "key 1, line 2"),
    ([NETWORK_KEY], "key 1 is neither text nor a ThreadKey or RawKey"),
    (NETWORK_KEY, "key 1 is neither text nor a ThreadKey or RawKey"),
]


@pytest.mark.parametrize(("keys", "where"), BAD_KEYS)
def test_mistake_in_a_key_is_located_and_not_quoted(keys: Keys, where: str) -> None:
    with pytest.raises(KeyFormatError, match=where) as refused:
        open_capture(ATTACH, keys=keys)
    assert HEX[:-2] not in str(refused.value)


def test_given_and_keys_add_up_and_stay_as_they_were() -> None:
    given = Given(addresses=[GivenAddress(PAN, A, ALICE)])
    psdu = frame(A, B, b"\x01", seal=thread_seal(ALICE, 1))
    assert decode(psdu, given, keys=HEX).payload == b"\x01"
    assert decode(psdu, given).payload is None
    assert given == Given(addresses=[GivenAddress(PAN, A, ALICE)])


def test_single_frame_is_decoded_as_far_as_it_goes_by_itself() -> None:
    decoded = decode(frame(A, B, lowpan(echo(local(A), local(B)), A, B)))
    assert decoded.datagram is not None
    assert decoded.datagram.checksum_good
    assert (decoded.number, decoded.received.time_ns) == (1, None)
    assert decode(b"").faults != ()


# -- looking ahead


def told_late() -> bytes:
    """Return a capture whose first frames need what its later ones tell."""
    secret = thread_seal(ALICE, 1)
    return capture_of(
        frame(A, B, compressed(1)),
        frame(A, B, b"\x01", seal=secret, pan_id=0xBEEF),
        frame(A, B, lowpan(udp(local(A), local(B), PREFIX), A, B), number=2),
        frame(A, B, compressed(2), number=3),
        frame(A, B, compressed(3), number=4),
        frame(ALICE, B, b""),
    )


def test_what_is_told_later_serves_from_the_first_frame_on(tmp_path: Path) -> None:
    path = tmp_path / "late.pcap"
    path.write_bytes(told_late())
    with open_capture(path, keys=THREAD) as capture:
        first, second, *_ = capture
    assert first.datagram is not None
    assert first.datagram.source[:8] == PREFIX
    assert second.payload is None  # which address has A of this PAN, nobody has told
    with open_capture(path, keys=THREAD, look_ahead=0) as capture:
        first = next(iter(capture))
    assert first.datagram is not None
    assert first.datagram.unknown_contexts == (5,)


def test_looking_ahead_has_an_end(tmp_path: Path) -> None:
    path = tmp_path / "late.pcap"
    path.write_bytes(told_late())
    with open_capture(path, keys=THREAD, look_ahead=3) as capture:
        first = next(iter(capture))
    assert first.datagram is not None
    assert first.datagram.unknown_contexts == (5,)


def test_what_was_told_first_serves_the_frames_before_it() -> None:
    scout, follower = air(THREAD), air(THREAD).follower
    book = scout.follower.book
    book.learn(PAN, A, ALICE)
    book.learn(PAN, A, b"\x02" * 8)
    assert book.extended(PAN, A) == b"\x02" * 8
    follower.expect(scout.follower)
    assert follower.book.extended(PAN, A) == ALICE
    follower.book.learn(PAN, A, b"\x04" * 8)
    assert follower.book.extended(PAN, A) == b"\x04" * 8


def test_pipe_is_read_once_and_at_once() -> None:
    octets = told_late()
    pieces = iter([octets[:24], octets[24 : 24 + 16], octets[40:]])
    capture = open_capture(Pieces(pieces))
    assert next(iter(capture)).number == 1
    assert [frame.number for frame in capture] == [2, 3, 4, 5, 6]  # there is only one iterator


def test_compressed_file_is_looked_into_as_well(tmp_path: Path) -> None:
    path = tmp_path / "late.pcap.gz"
    path.write_bytes(gzip.compress(told_late()))
    with open_capture(path, keys=THREAD) as capture:
        first = next(iter(capture))
    assert first.datagram is not None
    assert first.datagram.source[:8] == PREFIX


# -- damage and other files


def test_damaged_file_gives_the_frames_before_the_damage(tmp_path: Path) -> None:
    path = tmp_path / "cut.pcap"
    path.write_bytes(ATTACH.read_bytes()[:-10])
    with open_capture(path) as capture:
        assert len(list(capture)) == 58
    assert isinstance(capture.damage, CaptureError)


def test_missing_file_is_a_capture_error(tmp_path: Path) -> None:
    with pytest.raises(CaptureError, match=r"none\.pcap"):
        open_capture(tmp_path / "none.pcap")


def test_records_of_another_link_type_are_passed_over() -> None:
    psdu = frame(A, B, lowpan(echo(local(A), local(B)), A, B))
    blocks = section() + interface(1) + interface(230)
    octets = blocks + enhanced(b"\0" * 60) + enhanced(psdu, number=1)
    ethernet, ours = open_capture(io.BytesIO(octets))
    assert ethernet.frame is None
    assert "1 (Ethernet)" in ethernet.notes[0]
    assert ours.datagram is not None


def test_file_of_other_link_types_only_is_damage() -> None:
    capture = open_capture(io.BytesIO(pcap_header(link_type=1) + record(b"\0" * 60, 0)))
    assert list(capture) == []
    assert "Ethernet" in str(capture.damage)


def test_record_that_is_no_frame_is_a_fault() -> None:
    tap = b"\0\0\x40\0"  # a header of 64 octets, and there are 4
    (decoded,) = open_capture(io.BytesIO(pcap_header(link_type=283) + record(tap, 7)))
    assert decoded.frame is None
    assert decoded.faults != ()
    assert decoded.received == ReceivedFrame(b"", Fcs.ABSENT, time_ns=7_000_000_000)


def test_memory_does_not_grow_with_the_length() -> None:
    payload = lowpan(echo(local(A), local(B)), A, B)
    psdus = [frame(A, B, payload, number=number) for number in range(256)]
    block = b"".join(map(record, psdus, range(256)))

    def peak(blocks: int) -> int:
        source = Pieces([pcap_header(link_type=230), *(block for _ in range(blocks))])
        capture = Capture(open_records(source), Given())
        tracemalloc.reset_peak()
        before = tracemalloc.get_traced_memory()[0]
        assert sum(1 for _ in capture) == 256 * blocks
        return tracemalloc.get_traced_memory()[1] - before

    tracemalloc.start()
    try:
        peak(2)
        short, long = peak(4), peak(40)
    finally:
        tracemalloc.stop()
    assert long < short + 100_000
