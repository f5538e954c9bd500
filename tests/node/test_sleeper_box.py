"""Lines of datagrams for sleepers."""

from lowpan.node.outbox import Departing
from lowpan.node.sleeper_box import MOST_FRAMES, SleeperBox

ONE, OTHER = b"\x00\x01", b"\x00\x02"


def datagram(name: str, fragments: int = 1) -> Departing:
    payloads = [f"{name}{number}".encode() for number in range(fragments)]
    return Departing(name.encode(), payloads, b"\x00\x09", ONE, bytes(16))


def handed_over(box: SleeperBox, sleeper: bytes) -> dict[int, bytes]:
    handed: dict[int, bytes] = {}
    while (payload := box.next_payload(sleeper)) is not None:
        handed[payload[0]] = payload[2]
    return handed


def test_a_sleeper_has_a_few_frames_waiting_and_gets_more_as_it_fetches_them() -> None:
    box = SleeperBox()
    assert box.put(ONE, datagram("a", 6))
    first = handed_over(box, ONE)
    assert list(first.values()) == [b"a0", b"a1", b"a2", b"a3"]
    assert len(first) == MOST_FRAMES
    assert box.payload_ended(min(first), delivered=True) == (ONE, None)
    assert list(handed_over(box, ONE).values()) == [b"a4"]
    assert len(box) == 1


def test_one_sleeper_waits_for_no_other() -> None:
    box = SleeperBox()
    box.put(ONE, datagram("a", 6))
    handed_over(box, ONE)
    box.put(OTHER, datagram("b"))
    assert list(handed_over(box, OTHER).values()) == [b"b0"]


def test_a_lost_frame_ends_its_datagram_once_and_no_other() -> None:
    box = SleeperBox()
    box.put(ONE, datagram("a", 6))
    box.put(ONE, datagram("b"))
    first = sorted(handed_over(box, ONE))
    sleeper, lost = box.payload_ended(first[0], delivered=False)
    assert sleeper == ONE
    assert lost is not None
    assert lost.datagram == b"a"
    assert box.payload_ended(first[1], delivered=False) == (ONE, None)
    (following,) = handed_over(box, ONE).items()
    assert following[1] == b"b0"
    for handle in (*first[2:], following[0]):
        assert box.payload_ended(handle, delivered=True) == (ONE, None)
        assert not box.has(handle)
    assert len(box) == 0


def test_lines_are_bounded_each_and_together() -> None:
    box = SleeperBox(most_waiting=6, most_for_one=4)
    assert [box.put(ONE, datagram("a")) for _ in range(5)] == [True] * 4 + [False]
    assert [box.put(OTHER, datagram("b")) for _ in range(3)] == [True, True, False]
    assert len(handed_over(box, ONE)) == 4
    assert box.put(OTHER, datagram("b"))
