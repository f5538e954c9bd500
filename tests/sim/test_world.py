"""Nodes in a world."""

from pathlib import Path

import pytest

from lowpan.capture.reader import open_records
from lowpan.capture.writer import open_writer
from lowpan.errors import FieldOutOfRange
from lowpan.mac.link_layer import LinkSettings
from lowpan.mac.timing import BPSK_868
from lowpan.node.node import NodeAction
from lowpan.node.service import EchoReplied, Endpoint, UdpReceived
from lowpan.node.settings import NodeSettings
from lowpan.sim.medium import MediumSettings
from lowpan.sim.world import World
from lowpan.wire.icmpv6 import Echo
from tests.sim.nodes import PORT, address_of, security_of, send, settings_of


def world_of(count: int, seed: int = 1, *, secured: bool = False, loss: float = 0.0) -> World:
    world = World(seed, MediumSettings(loss=loss))
    for number in range(count):
        security = security_of(number, count) if secured else None
        added = world.add_node(settings_of(number), security=security)
        added.node.open_port(Endpoint(b"", PORT))
    world.connect_all()
    return world


@pytest.mark.parametrize("secured", [False, True])
@pytest.mark.parametrize("size", [8, 1200])
def test_a_ping_comes_back(size: int, secured: bool) -> None:
    world, told = world_of(2, secured=secured), list[NodeAction]()
    world.nodes[0].told = told.append
    echo = Echo(1, 1, bytes(size))
    node = world.nodes[0]
    node.take(node.node.send_echo_request(echo, address_of(1), now=node.now))
    world.run_for(1_000_000)
    assert sum(isinstance(action, EchoReplied) for action in told) == 1


def run(seed: int, path: Path) -> bytes:
    """Let ten nodes that lose frames send to each other, and return the trace."""
    world = world_of(10, seed, secured=True, loss=0.1)
    with open_writer(str(path)) as writer:
        world.trace(writer)
        for number, sender in enumerate(world.nodes):
            for round_ in range(5):
                send(sender, bytes(50 + round_ * 100), (number + 1) % 10)
        world.run_for(5_000_000)
    return path.read_bytes()


def test_the_same_seed_gives_the_same_run_to_the_octet(tmp_path: Path) -> None:
    first, again, other = (run(seed, tmp_path / "trace.pcapng") for seed in (1, 1, 2))
    assert first == again != other


def test_a_trace_has_each_frame_once_in_order_of_time(tmp_path: Path) -> None:
    path = tmp_path / "trace.pcapng"
    world = world_of(3)
    with open_writer(str(path)) as writer:
        world.trace(writer)
        send(world.nodes[0], b"hello", 1)
        world.run_for(100_000)
    with open_records(str(path)) as reader:
        frames = [record.interface.frame_of(record) for record in reader]
    assert [frame.psdu[0] & 7 for frame in frames] == [1, 2]
    assert [frame.channel for frame in frames] == [15, 15]
    ((_, first), (_, second)) = ((frame.psdu, frame.time_ns or 0) for frame in frames)
    assert second - first == (192 + 352) * 1000


def test_nodes_of_a_grid_send_to_whom_they_reach() -> None:
    world, told = World(3), list[NodeAction]()
    for number in range(100):
        place = (number % 10 * 10.0, number // 10 * 10.0)
        world.add_node(settings_of(number), place, told=told.append)
    for node in world.nodes:
        node.node.open_port(Endpoint(b"", PORT))
    for number in range(0, 100, 10):
        send(world.nodes[number], b"hello", number + 1)
    world.run_for(1_000_000)
    assert sum(isinstance(action, UdpReceived) for action in told) == 10


def test_a_node_of_another_phy_is_refused() -> None:
    settings = NodeSettings(link=LinkSettings(timing=BPSK_868))
    with pytest.raises(FieldOutOfRange):
        World().add_node(settings_of(0), node_settings=settings)


def test_a_node_is_woken_no_more_often_than_it_has_deadlines() -> None:
    world = world_of(2)
    send(world.nodes[0], bytes(1000), 1)
    world.run_for(1_000_000)
    frames = world.medium.transmissions
    before = world.schedule.happened
    assert before < 5 * frames
    world.run_for(60_000_000)  # until nobody doubts its neighbours any more
    before = world.schedule.happened
    world.run_for(60_000_000)
    assert world.schedule.happened - before < 10
    assert len(world.schedule) < 10


def round_trips(*, bare: bool) -> list[int]:
    """Return how long 300 echoes take, in microseconds."""
    world, replied = World(1), list[int]()
    for number in range(2):
        world.add_node(settings_of(number), bare=bare)
    world.connect_all()
    node = world.nodes[0]

    def told(action: NodeAction) -> None:
        if isinstance(action, EchoReplied):
            replied.append(world.now)

    node.told = told
    for number in range(300):
        begin, echo = world.now, Echo(1, number, bytes(8))
        node.take(node.node.send_echo_request(echo, address_of(1), now=node.now))
        world.run_for(10_000_000)
        replied[-1] -= begin
    return replied


def test_bare_radios_and_others_take_the_same_times() -> None:
    bare, other = round_trips(bare=True), round_trips(bare=False)
    assert len(bare) == len(other) == 300
    assert abs(sum(bare) - sum(other)) < 0.05 * sum(bare)


def test_who_moves_is_heard_where_it_is() -> None:
    world = World(1)
    for number in range(3):
        world.add_node(settings_of(number), (1000.0 * number, 0.0))
    one, two, three = world.nodes
    assert all(not node.radio.hears for node in world.nodes)
    world.move(one, (990.0, 0.0))
    assert list(one.radio.hears) == [two.radio]
    world.move(one, (2010.0, 0.0))
    assert list(one.radio.hears) == [three.radio]
    assert not two.radio.reaches
    assert list(three.radio.reaches) == [one.radio]
    world.partition([one], [three])
    world.move(one, (2020.0, 0.0))
    assert not one.radio.hears
    world.repair()
    assert list(one.radio.hears) == [three.radio]
