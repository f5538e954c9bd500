"""Virtual time; frames wait for 100 microseconds."""

from hypothesis import given
from hypothesis import strategies as st

from lowpan.mac.framing import data_frame
from lowpan.mac.indirect import IndirectQueue
from lowpan.mac.transmission import Outgoing

HERE, ONE, TWO = b"\x00\x01", b"\x00\x02", b"\x00\x03"


def outgoing(handle: int = 0) -> Outgoing:
    return Outgoing(data_frame(b"x", HERE, ONE, 0xBEEF, acknowledged=True), handle)


def test_what_was_not_delivered_comes_first_again() -> None:
    queue = IndirectQueue(100)
    first, second = outgoing(1), outgoing(2)
    assert queue.hold(ONE, first, now=0)
    assert queue.hold(ONE, second, now=0)
    assert queue.take(ONE) == (first, True)
    assert queue.take(ONE) is None  # it is under way
    assert queue.not_delivered(ONE, now=10)
    assert queue.take(ONE) == (first, True)
    queue.delivered(ONE)
    assert queue.take(ONE) == (second, False)
    queue.delivered(ONE)
    assert (len(queue), queue.receivers, queue.next_deadline()) == (0, frozenset(), None)


def test_what_is_under_way_does_not_expire_before_its_fate_is_known() -> None:
    queue = IndirectQueue(100)
    queue.hold(ONE, outgoing(), now=0)
    queue.take(ONE)
    assert queue.next_deadline() is None
    assert queue.handle_deadline(now=1000) == []
    assert queue.waits_for(ONE)
    assert not queue.not_delivered(ONE, now=1000)
    assert len(queue) == 0


def test_each_frame_waits_its_own_time() -> None:
    queue = IndirectQueue(100)
    first, second, other = outgoing(1), outgoing(2), outgoing(3)
    queue.hold(ONE, first, now=0)
    queue.hold(ONE, second, now=50)
    queue.hold(TWO, other, now=20)
    assert queue.next_deadline() == 100
    assert queue.handle_deadline(now=99) == []
    assert queue.handle_deadline(now=120) == [first, other]
    assert (queue.next_deadline(), queue.receivers) == (150, frozenset({ONE}))


def test_who_wakes_up_gets_all_but_what_is_under_way() -> None:
    queue = IndirectQueue(100)
    frames = [outgoing(handle) for handle in range(3)]
    for each in frames:
        queue.hold(ONE, each, now=0)
    queue.take(ONE)
    assert queue.release(ONE) == frames[1:]
    assert queue.release(TWO) == []
    assert len(queue) == 1
    queue.delivered(ONE)
    assert not queue.waits_for(ONE)


STEP = st.tuples(
    st.sampled_from(["hold", "take", "delivered", "not delivered", "release", "wait"]),
    st.sampled_from([ONE, TWO]),
)


@given(st.lists(STEP, max_size=80))
def test_every_frame_leaves_once_and_the_bounds_hold(steps: list[tuple[str, bytes]]) -> None:
    queue, now = IndirectQueue(100, most_frames=6, most_for_one=4), 0
    under_way: dict[bytes, Outgoing] = {}
    held, gone = list[int](), list[int]()
    for number, (what, address) in enumerate(steps):
        now += 7
        if what == "hold" and queue.hold(address, outgoing(number), now=now):
            held.append(number)
        elif what == "take" and (taken := queue.take(address)) is not None:
            assert address not in under_way
            under_way[address] = taken[0]
        elif what == "delivered" and address in under_way:
            queue.delivered(address)
            gone.append(int(str(under_way.pop(address).handle)))
        elif what == "not delivered" and address in under_way:
            frame = under_way.pop(address)
            if not queue.not_delivered(address, now=now):
                gone.append(int(str(frame.handle)))
        elif what == "release":
            gone += [int(str(each.handle)) for each in queue.release(address)]
        elif what == "wait":
            gone += [int(str(each.handle)) for each in queue.handle_deadline(now=now)]
            deadline = queue.next_deadline()
            assert deadline is None or deadline > now
        assert len(queue) == len(held) - len(gone) <= 6
    assert len(set(gone)) == len(gone)
    assert set(gone) <= set(held)
