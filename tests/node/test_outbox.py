"""Datagrams that wait for the radio: whose turn it is, and who is given up."""

from lowpan.adaptation.forwarding import Forward
from lowpan.mac.link_layer import LinkSettings
from lowpan.node.outbox import Departing, Outbox
from lowpan.node.service import DatagramDiscarded, EchoReplied, NeighbourChanged
from lowpan.node.settings import NodeSettings
from lowpan.wire.icmpv6 import Echo
from tests.node.room import Room
from tests.node.test_node import BY_EXTENDED

DEAD, ALIVE, THIRD = b"\0\1", b"\0\2", b"\0\3"


def to(destination: bytes, number: int = 0, parts: int = 1) -> Departing:
    payloads = [bytes([number, part]) for part in range(parts)]
    return Departing(bytes([number]), payloads, b"\0\0", destination, b"")


def passed_on(destination: bytes, number: int, by: bytes) -> Departing:
    departing = to(destination, number)
    departing.forward, departing.previous_hop = Forward(destination, b""), by
    return departing


def sent(outbox: Outbox) -> list[bytes]:
    """Send all that waits; return the payloads."""
    payloads: list[bytes] = []
    going = outbox.next_payload()
    while going is not None:
        handle, _, payload = going
        payloads.append(payload)
        going = outbox.payload_sent(handle) or outbox.next_payload()
    return payloads


def test_each_destination_has_its_turn_and_within_it_the_first_goes_first() -> None:
    outbox = Outbox()
    for number in (1, 2, 3):
        assert outbox.put(to(DEAD, number)) is None
    assert outbox.put(to(ALIVE, 4, parts=2)) is None
    assert outbox.put(to(ALIVE, 5)) is None
    expected = [(1, 0), (4, 0), (4, 1), (2, 0), (5, 0), (3, 0)]
    assert sent(outbox) == [bytes(pair) for pair in expected]
    assert len(outbox) == 0


def test_of_too_many_the_last_of_the_longest_line_is_given_up() -> None:
    outbox = Outbox(most_datagrams=4)
    for number in (1, 2, 3, 4):
        assert outbox.put(to(DEAD, number)) is None
    more, mine, another = to(DEAD, 5), to(ALIVE, 6), to(THIRD, 7)
    assert outbox.put(more) is more
    given_up = [outbox.put(mine), outbox.put(another), outbox.put(to(ALIVE, 8))]
    assert [one and one.datagram for one in given_up] == [b"\4", b"\3", b"\x08"]
    assert [payload[0] for payload in sent(outbox)] == [1, 6, 7, 2]


def test_what_is_passed_on_is_neither_given_up_nor_gives_up_what_is_ours() -> None:
    outbox = Outbox(most_datagrams=2, most_forwarded=2)
    assert outbox.put(to(DEAD, 1)) is None
    assert outbox.put(to(DEAD, 2)) is None
    assert outbox.put(passed_on(DEAD, 3, b"\0\x0a")) is None
    assert outbox.put(passed_on(DEAD, 4, b"\0\x0b")) is None
    refused = passed_on(ALIVE, 5, b"\0\x0c")
    assert outbox.put(refused) is refused
    given_up = outbox.put(to(ALIVE, 6))
    assert given_up is not None
    assert given_up.datagram == b"\2"
    assert [payload[0] for payload in sent(outbox)] == [1, 6, 3, 4]
    assert (len(outbox), outbox.forwarded) == (0, 0)


def discovery(destination: bytes, number: int) -> Departing:
    departing = to(destination, number)
    departing.datagram = bytes(6) + b"\x3a" + bytes(33) + b"\x87" + bytes([number])
    return departing


def test_neighbour_discovery_goes_first_in_its_line() -> None:
    outbox = Outbox()
    for number in (1, 2):
        assert outbox.put(to(ALIVE, number)) is None
    for number in (3, 4):
        assert outbox.put(discovery(ALIVE, number)) is None
    assert [payload[0] for payload in sent(outbox)] == [3, 4, 1, 2]


def test_neighbour_discovery_has_room_but_not_that_of_others() -> None:
    outbox = Outbox(most_datagrams=4)
    for number in (1, 2, 3):
        assert outbox.put(to(DEAD, number)) is None
    assert outbox.put(to(ALIVE, 4)) is None
    given_up = [outbox.put(discovery(DEAD, number)) for number in (5, 6, 7)]
    assert [one and one.datagram for one in given_up] == [b"\3", b"\2", b"\1"]
    more = discovery(DEAD, 8)
    assert outbox.put(more) is more
    assert [payload[0] for payload in sent(outbox)] == [5, 4, 6, 7]


def test_a_busy_neighbour_that_does_not_acknowledge_is_not_taken_for_lost() -> None:
    unacknowledged = NodeSettings(routers=False, link=LinkSettings(acknowledged=False))
    room = Room(2, settings=unacknowledged)
    node = room.nodes[0]
    for _ in range(160):  # longer than an answer counts, and with four seconds in the queue
        for number in range(64 - node.waiting):
            echo = Echo(9, number, bytes(1000))
            room.take(0, node.send_echo_request(echo, BY_EXTENDED[1], now=room.now))
        room.run(500_000)
    assert all(change.reachable for change in room.of(0, NeighbourChanged))
    assert len(room.of(0, EchoReplied)) > 200


def test_a_dead_neighbour_holds_up_nobody_else() -> None:
    room = Room(count=2)
    node, dead = room.nodes[0], BY_EXTENDED[1][:-1] + b"\x77"
    for number in range(100):
        room.take(0, node.send_echo_request(Echo(9, number, bytes(1000)), dead, now=0))
    room.take(0, node.send_echo_request(Echo(7, 1, bytes(56)), BY_EXTENDED[1], now=0))
    room.run(200_000)  # one datagram for the dead one takes 30 ms of that, all of them a second
    assert len(room.of(0, EchoReplied)) == 1
    room.run(10_000_000)
    lost = room.of(0, DatagramDiscarded)  # and the neighbour is asked whether it is there
    given_up = [one for one in lost if len(one.datagram) > 1000]
    assert len(given_up) == 100
    assert node.waiting == 0
