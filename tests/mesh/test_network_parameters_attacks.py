"""Network parameters against recordings, floods, liars, failing stores and restarts."""

from random import Random

import pytest

from lowpan.errors import FieldOutOfRange, StoreError
from lowpan.mesh.link_settings import MeshLinkSettings
from lowpan.mesh.network_parameters import ROLL_FORWARD, SOONEST, NetworkParameters
from lowpan.mesh.parameter_events import ParameterApplied, ParameterScheduled, ParameterSettings
from lowpan.mesh.parameter_messages import UPDATE_REQUEST, sent, update
from lowpan.mesh.parameter_schedule import MOST_AHEAD, ParameterId
from lowpan.mesh.parameter_search import Knowledge
from lowpan.mesh.service import MleReceived, SendMle
from lowpan.store import MemoryStore
from lowpan.wire.addresses import ALL_NODES, iid_of, link_local
from lowpan.wire.mle import MLE_ENVELOPE, MLE_MESSAGE, MleCommand
from lowpan.wire.mle_draft import NetworkParameter
from tests.mesh.link_network import SECOND, LinkNetwork, LinkNode, received_from, refused
from tests.mesh.parameter_nodes import CHANNEL, ParameterNode, Parameters

NEW = 20
INSIDER = bytes.fromhex("0213000000000001")


class CountingStore(MemoryStore):
    """Counts what it is given; refuses it while it is full."""

    full = False
    writes = 0

    def save(self, name: str, octets: bytes) -> None:
        """Keep `octets`, if there is room."""
        self.writes += 1
        if self.full:
            raise StoreError("no space left")
        super().save(name, octets)


def settled(count: int) -> Parameters:
    """Return nodes that all started two minutes ago."""
    network = Parameters(count, reach=count)
    network.start()
    network.run_until(120 * SECOND)
    return network


def says(network: Parameters, node: ParameterNode, *parameters: NetworkParameter) -> None:
    """Let an insider say something to `node` that the link layer has secured."""
    message = sent(update(parameters), link_local(iid_of(INSIDER)), ALL_NODES)
    network.deliver(node, message, INSIDER)


def asks(network: Parameters, node: ParameterNode, *, source: bytes) -> None:
    """Let an insider ask `node` for the parameters."""
    network.deliver(node, sent(UPDATE_REQUEST, source, node.link_local), INSIDER)


def linked_nodes() -> tuple[LinkNetwork, LinkNode]:
    """Return two nodes with links, the second of them with network parameters."""
    network = LinkNetwork(1)
    parameters = NetworkParameters(Random(1), settings=ParameterSettings(security_level=5))
    bob = network.add(LinkNode(1, MeshLinkSettings(), parameters=parameters))
    network.start()
    network.run_until(60 * SECOND)
    assert network.all_up()
    return network, bob


def update_of(source: bytes, *parameters: NetworkParameter) -> MleReceived:
    """Return an Update as it arrives, secured by the link layer."""
    message = sent(update(parameters), link_local(iid_of(source)), ALL_NODES)
    return MleReceived(message.source, message.destination, 255, message.payload, source, 5)


# Recordings


def test_attack_18_an_update_of_who_has_not_proved_to_be_there_changes_nothing() -> None:
    network, bob = linked_nodes()
    network.deliver(bob, update_of(INSIDER, NetworkParameter(0, 60_000, NEW)))
    network.run_for(120 * SECOND)
    assert bob.told(ParameterScheduled) == bob.told(ParameterApplied) == []
    assert refused(bob) == ["Update of who has not answered us"]


def test_attack_18_recorded_updates_do_not_move_a_node_that_has_just_started() -> None:
    network, _ = linked_nodes()
    parameters = NetworkParameters(Random(2), settings=ParameterSettings(security_level=5))
    carol = network.add(LinkNode(2, MeshLinkSettings(), parameters=parameters))
    network.start([carol])
    for _ in range(100):  # as fast as it can be replayed: current values, and changes to come
        network.run_for(SECOND // 10)
        for each in (NetworkParameter(0, 0, 25), NetworkParameter(1, 30_000, 0x1234)):
            network.deliver(carol, update_of(INSIDER, each))
    network.run_for(60 * SECOND)
    assert carol.told(ParameterScheduled) == carol.told(ParameterApplied) == []
    assert parameters.schedule.current[ParameterId.CHANNEL] != 25
    assert parameters.knowledge is Knowledge.SURE


def test_recordings_hold_a_search_on_each_channel_for_a_moment_only() -> None:
    network, bob = linked_nodes()
    alice, parameters = network.nodes[0], bob.parameters
    assert parameters is not None
    alice.mute = alice.deaf = True
    heard: set[Knowledge] = set()
    for _ in range(900):
        network.run_for(SECOND)
        heard.add(parameters.knowledge)
        network.deliver(bob, update_of(INSIDER, NetworkParameter(0, 0, 25)))
    assert heard >= {Knowledge.SEARCHING, Knowledge.PAUSING}


def test_who_searches_believes_an_answer_once_a_link_proves_its_sender() -> None:
    network, bob = linked_nodes()
    parameters = NetworkParameters(Random(2), settings=ParameterSettings(security_level=5))
    carol = network.add(LinkNode(2, MeshLinkSettings(), parameters=parameters))
    assert bob.parameters is not None
    bob.parameters.change(ParameterId.PERMIT_JOINING, 9, delay=SOONEST, now=network.now)
    network.run_for(10 * SECOND)
    carried: list[int] = []

    def carry() -> None:
        """Let the link layer secure Updates and Update Requests between bob and carol."""
        for index in range(len(carried), len(network.recorded)):
            sender, message = network.recorded[index]
            carried.append(index)
            other = {bob.number: carol, carol.number: bob}.get(sender.number)
            if other is None or message.payload[0] != 0xFF:
                continue
            received = received_from(sender, message)
            received.link_security_level = 5
            if message.destination in {ALL_NODES, other.link_local}:
                network.deliver(other, received)

    network.start([carol])
    for _ in range(200):
        network.run_for(SECOND // 10)
        carry()
    assert parameters.schedule.current[ParameterId.PERMIT_JOINING] == 9
    assert parameters.knowledge is Knowledge.SURE


# Restarts


def test_a_restart_makes_no_second_change_of_the_same_kind_later() -> None:
    network = settled(4)
    node, other = network.nodes[0], network.nodes[2]
    network.take(node, node.engine.change(0, NEW, delay=600 * SECOND, now=network.now))
    moment = network.now + 600 * SECOND
    network.run_until(moment - 60 * SECOND)
    network.restart(other)  # its store says: in ten minutes, as it was told nine minutes ago
    network.run_until(moment - 10 * SECOND)
    assert [len(each.engine.schedule.ahead(0)) for each in network.nodes] == [1, 1, 1, 1]
    network.run_until(moment + SECOND)
    back = node.engine.change(0, CHANNEL, delay=60 * SECOND, now=network.now)
    network.take(node, back)
    network.run_until(moment + 3600 * SECOND)
    assert {each.radio.channel for each in network.nodes} == {CHANNEL}


def test_what_was_ahead_before_a_restart_is_forgotten_if_neighbours_say_nothing_of_it() -> None:
    network = settled(3)
    away = network.nodes[2]
    network.take(away, away.engine.change(0, NEW, delay=60 * SECOND, now=network.now))
    network.run_until(network.now + 10 * SECOND)
    network.nodes.remove(away)
    network.run_until(network.now + 120 * SECOND)  # all move, and back
    node = network.nodes[0]
    network.take(node, node.engine.change(0, CHANNEL, delay=60 * SECOND, now=network.now))
    network.run_until(network.now + 120 * SECOND)
    network.nodes.append(away)
    network.restart(away)
    network.run_until(network.now + 600 * SECOND)
    assert {each.radio.channel for each in network.nodes} == {CHANNEL}


def test_a_change_survives_that_all_lose_power_at_once() -> None:
    network = settled(4)
    node = network.nodes[0]
    network.take(node, node.engine.change(0, NEW, delay=300 * SECOND, now=network.now))
    network.run_until(network.now + 20 * SECOND)
    for each in network.nodes:
        each.told.clear()
        network.restart(each)
    network.run_until(network.now + ROLL_FORWARD + 10 * SECOND)
    assert all(each.engine.schedule.ahead(0) for each in network.nodes)
    network.run_until(network.now + 300 * SECOND)
    assert {each.radio.channel for each in network.nodes} == {NEW}


def test_a_change_of_permit_joining_after_a_restart_does_not_forget_what_is_remembered() -> None:
    network = settled(1)
    node = network.nodes[0]
    network.take(node, node.engine.change(0, NEW, delay=300 * SECOND, now=network.now))
    network.restart(node)
    network.take(node, node.engine.change(2, 5, delay=60 * SECOND, now=network.now))
    network.restart(node)
    network.run_until(network.now + 400 * SECOND)
    assert (node.radio.channel, node.engine.schedule.current[2]) == (NEW, 5)


def test_who_was_alone_and_off_makes_a_change_later_by_a_third_of_the_rest_at_most() -> None:
    network = settled(1)
    node = network.nodes[0]
    network.take(node, node.engine.change(0, NEW, delay=36_000 * SECOND, now=network.now))
    moment = network.now + 36_000 * SECOND
    network.run_until(moment - 3600 * SECOND)
    network.restart(node)
    network.run_until(moment + 3600 * SECOND // 3 + SECOND)
    assert node.radio.channel == NEW


def test_who_guesses_does_not_answer_before_others_had_time_to() -> None:
    network = Parameters(1)
    network.start()
    node = network.nodes[0]
    network.run_until(10 * SECOND)
    assert node.engine.knowledge is Knowledge.SURE
    for moment, answers in ((10, 0), (31, 1)):
        network.run_until(moment * SECOND)
        before = len(network.sent)
        asks(network, node, source=link_local(iid_of(INSIDER)))
        assert len(network.sent) - before == answers


# Stores


def test_a_change_that_cannot_be_saved_is_not_made_by_us_alone() -> None:
    network = settled(2)
    node = network.nodes[0]
    store = node.store = CountingStore()
    network.restart(node)
    network.run_until(network.now + 60 * SECOND)
    store.full = True
    with pytest.raises(StoreError):
        node.engine.change(0, NEW, delay=30 * SECOND, now=network.now)
    store.full = False
    network.run_until(network.now + 600 * SECOND)
    assert {each.radio.channel for each in network.nodes} == {CHANNEL}


def test_a_flood_of_news_writes_once_in_a_second() -> None:
    network = settled(1)
    node = network.nodes[0]
    store = node.store = CountingStore()
    network.restart(node)
    network.run_until(network.now + 60 * SECOND)
    before = store.writes
    for number in range(1000):
        network.run_until(network.now + SECOND // 100)
        says(network, node, NetworkParameter(2, 0, number % 2))
        says(network, node, NetworkParameter(3, 60_000, number.to_bytes(52, "big")))
    assert store.writes - before <= 12
    network.run_until(network.now + 2 * SECOND)
    last = store.load("network-parameters")
    assert last is not None
    assert (999).to_bytes(52, "big") in last


# Liars


def test_changes_far_ahead_leave_room_for_those_that_come_first() -> None:
    network = settled(2)
    node = network.nodes[0]
    far = [NetworkParameter(0, 0xFFFFFFFF - 20_000 * each, 12 + each) for each in range(9)]
    for victim in network.nodes:
        says(network, victim, *far)
        far.reverse()
        assert len(victim.engine.schedule.ahead(0)) == MOST_AHEAD
    ahead = [each.engine.schedule.ahead(0) for each in network.nodes]
    assert ahead[0] == ahead[1]
    network.take(node, node.engine.change(0, NEW, delay=60 * SECOND, now=network.now))
    network.run_until(network.now + 61 * SECOND)
    assert {each.radio.channel for each in network.nodes} == {NEW}


def test_a_flood_of_changes_is_not_said_more_often() -> None:
    network = settled(1)
    node = network.nodes[0]
    before = len(network.sent)
    for number in range(3000):
        network.run_until(network.now + SECOND // 100)
        says(network, node, NetworkParameter(1, 60_000, number))
    assert len(network.sent) - before <= 60


def test_a_flood_of_update_requests_is_answered_four_times_in_a_second() -> None:
    network = settled(1)
    node = network.nodes[0]
    before = len(network.sent)
    for number in range(1000):
        network.run_until(network.now + SECOND // 100)
        source = INSIDER[:6] + (number % 50).to_bytes(2, "big")
        message = sent(UPDATE_REQUEST, link_local(iid_of(source)), node.link_local)
        network.deliver(node, message, source)
    assert len(network.sent) - before <= 8 + 40


@pytest.mark.parametrize(
    "source", [bytes(16), bytes.fromhex("2001" + 28 * "0"), link_local(bytes(8))]
)
def test_nobody_is_answered_elsewhere_than_where_it_asked_from(source: bytes) -> None:
    network = settled(1)
    before = len(network.sent)
    asks(network, network.nodes[0], source=source)
    network.run_until(network.now + 5 * SECOND)
    assert len(network.sent) == before


def test_an_answer_of_nothing_we_know_makes_nobody_sure() -> None:
    network = Parameters(1)
    network.start()
    says(network, network.nodes[0], NetworkParameter(200, 0, b"x"), NetworkParameter(0, 0, 99))
    assert network.nodes[0].engine.knowledge is Knowledge.ASKING


def test_sleepers_that_come_and_go_leave_nothing_behind() -> None:
    network = settled(1)
    engine = network.nodes[0].engine
    network.take(network.nodes[0], engine.change(0, NEW, delay=86_400 * SECOND, now=network.now))
    for number in range(100):
        engine.sleepers = frozenset({number.to_bytes(8, "big")})
        network.run_until(network.now + 120 * SECOND)
    assert len(engine._told) == 1  # pyright: ignore[reportPrivateUsage]


def test_the_longest_update_is_understood_by_all() -> None:
    network = settled(3)
    node = network.nodes[0]
    for number in range(MOST_AHEAD):
        delay = (60 + 20 * number) * SECOND
        for parameter, value in ((0, 12 + number), (1, number), (2, number)):
            network.take(node, node.engine.change(parameter, value, delay=delay, now=network.now))
        payload = bytes([number]) * 52
        network.take(node, node.engine.change(3, payload, delay=delay, now=network.now))
    network.run_until(network.now + 10 * SECOND)
    for other in network.nodes[1:]:
        assert [len(other.engine.schedule.ahead(each)) for each in ParameterId] == [MOST_AHEAD] * 4


# Searching


def test_who_changes_channel_while_it_searches_also_looks_where_it_came_from() -> None:
    network = settled(1)
    node = network.nodes[0]
    network.take(node, node.engine.change(0, NEW, delay=45 * SECOND, now=network.now))
    network.take(node, node.engine.alone(now=network.now))
    network.run_until(network.now + 20 * SECOND)
    assert node.engine.knowledge is Knowledge.SEARCHING
    network.run_until(network.now + 30 * SECOND)
    asked: set[int] = set()
    for _ in range(300):
        network.run_until(network.now + SECOND)
        asked.add(node.radio.channel)
    assert asked == set(range(11, 27))


def test_a_change_is_said_at_once_and_not_sooner_than_anybody_can_hear() -> None:
    network = settled(1)
    node = network.nodes[0]
    with pytest.raises(FieldOutOfRange):
        node.engine.change(0, NEW, delay=SOONEST - 1, now=network.now)
    actions = node.engine.change(0, NEW, delay=SOONEST, now=network.now)
    (said,) = [each for each in actions if isinstance(each, SendMle)]
    message = MLE_MESSAGE.decode(MLE_ENVELOPE.decode(said.payload).payload)
    assert message.command == MleCommand.UPDATE
    assert said.destination == ALL_NODES


def test_a_sleeper_does_not_repeat_what_it_was_told() -> None:
    network = settled(1)
    node = network.nodes[0]
    node.engine.sleepy = True
    before = len(network.sent)
    says(network, node, NetworkParameter(0, 600_000, NEW))
    network.run_until(network.now + 601 * SECOND)
    assert len(network.sent) == before
    assert node.radio.channel == NEW
