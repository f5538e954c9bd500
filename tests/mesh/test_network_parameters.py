"""Network parameters: announced, repeated, applied at one moment, survived."""

import pytest

from lowpan.errors import FieldOutOfRange, StoreError
from lowpan.mesh.parameter_events import ParameterScheduled, ParametersNotSaved
from lowpan.mesh.parameter_schedule import ParameterId
from lowpan.mesh.parameter_search import Knowledge
from lowpan.mesh.service import MleRefused
from lowpan.store import MemoryStore
from lowpan.wire.mle import MLE_ENVELOPE, SECURED
from tests.mesh.parameter_nodes import CHANNEL, Parameters

S = 1_000_000
NEW = 20


def settled(count: int, *, loss: float = 0.0, reach: int = 2) -> Parameters:
    """Return nodes that have all started and are sure."""
    network = Parameters(count, loss=loss, reach=reach)
    network.start()
    network.run_until(60 * S)
    assert all(node.engine.knowledge is Knowledge.SURE for node in network.nodes)
    return network


def change_channel(network: Parameters, delay: int = 60 * S) -> int:
    """Let the first node change the channel; return when."""
    node = network.nodes[0]
    changed = node.engine.change(ParameterId.CHANNEL, NEW, delay=delay, now=network.now)
    network.take(node, changed)
    return network.now + delay


def test_all_change_channel_at_one_moment_over_thirty_hops_and_a_fifth_lost() -> None:
    network = settled(60, loss=0.2)
    moment = change_channel(network)
    network.run_until(moment + S)
    for node in network.nodes:
        ((when, value),) = node.applied(ParameterId.CHANNEL)
        assert value == NEW == node.radio.channel
        assert 0 <= when - moment <= 100_000


def test_updates_are_never_secured_by_mle() -> None:
    network = settled(2)
    change_channel(network)
    network.run_until(network.now + 10 * S)
    assert network.sent
    assert all(MLE_ENVELOPE.decode(sent.payload).suite != SECURED for _, sent in network.sent)


def test_what_all_have_heard_is_said_ever_less() -> None:
    network = settled(20, reach=20)
    change_channel(network, delay=3600 * S)
    network.run_until(network.now + 60 * S)
    before = len(network.sent)
    network.run_until(network.now + 600 * S)
    assert len(network.sent) - before <= 60 * 5  # about three in each interval of a minute


@pytest.mark.parametrize("level", [0, 1, 4])
def test_an_update_that_the_link_layer_did_not_secure_changes_nothing(level: int) -> None:
    network = settled(3)
    change_channel(network)
    network.run_until(network.now + 2 * S)
    update = network.sent[-1][1]
    victim = Parameters(1)
    victim.start()
    victim.deliver(victim.nodes[0], update, b"attacker", level=level)
    victim.run_until(200 * S)
    assert victim.nodes[0].applied(ParameterId.CHANNEL) == []
    assert isinstance(victim.nodes[0].told[0][1], MleRefused)


def test_an_update_from_beyond_the_link_changes_nothing() -> None:
    network = settled(3)
    change_channel(network)
    network.run_until(network.now + 2 * S)
    victim = Parameters(1)
    victim.start()
    victim.deliver(victim.nodes[0], network.sent[-1][1], b"attacker", hops=254)
    assert isinstance(victim.nodes[0].told[0][1], MleRefused)


def test_who_restarts_in_the_middle_changes_with_the_others() -> None:
    network = settled(4)
    moment = change_channel(network)
    network.run_until(moment - 20 * S)
    network.restart(network.nodes[2])
    network.run_until(moment + S)
    ((when, _),) = network.nodes[2].applied(ParameterId.CHANNEL)
    assert 0 <= when - moment <= 100_000


def test_who_was_off_at_the_moment_is_told_by_its_neighbours_on_the_new_channel() -> None:
    network = settled(4)
    moment = change_channel(network)
    sleeper = network.nodes[2]
    network.run_until(moment - 20 * S)
    sleeper.heard = False
    network.run_until(moment - 10 * S)
    network.nodes.remove(sleeper)  # off, without a goodbye
    network.run_until(moment + 30 * S)
    network.nodes.append(sleeper)
    sleeper.heard = True
    network.restart(sleeper)
    assert sleeper.radio.channel == CHANNEL
    network.run_until(moment + 35 * S)
    network.take(sleeper, sleeper.engine.alone(now=network.now))
    network.run_until(moment + 45 * S)
    assert sleeper.radio.channel == NEW
    assert sleeper.engine.knowledge is Knowledge.SURE


def test_who_heard_nothing_of_the_change_finds_the_network_again() -> None:
    network = settled(4)
    late = network.nodes[3]
    late.heard = False
    moment = change_channel(network)
    network.run_until(moment + 60 * S)
    assert late.radio.channel == CHANNEL
    late.heard = True
    network.take(late, late.engine.alone(now=network.now))
    network.run_until(network.now + 60 * S)
    assert late.radio.channel == NEW
    assert late.engine.schedule.current[ParameterId.CHANNEL] == NEW


def test_who_is_alone_searches_ever_less_and_comes_home() -> None:
    network = settled(1)
    network.take(network.nodes[0], network.nodes[0].engine.alone(now=network.now))
    network.run_until(3600 * S)
    assert network.nodes[0].radio.channel in range(11, 27)
    last = [when for when, _ in network.sent if when > 1800 * S]
    assert last
    assert len(last) <= 4 * (3 + 15 * 2)
    alone = network.nodes[0]
    while alone.engine.knowledge is not Knowledge.PAUSING:
        network.run_until(network.now + S)
    assert alone.radio.channel == CHANNEL


def test_a_change_may_be_undone_by_a_later_one() -> None:
    network = settled(6)
    first = change_channel(network)
    node = network.nodes[5]
    network.run_until(network.now + 20 * S)
    undone = node.engine.change(ParameterId.CHANNEL, CHANNEL, delay=60 * S, now=network.now)
    network.take(node, undone)
    network.run_until(first + 60 * S)
    for node in network.nodes:
        assert [value for _, value in node.applied(ParameterId.CHANNEL)] == [NEW, CHANNEL]


def test_two_changes_at_one_moment_end_alike_everywhere() -> None:
    network = settled(10)
    for node, channel in ((network.nodes[0], 15), (network.nodes[9], 25)):
        changed = node.engine.change(ParameterId.CHANNEL, channel, delay=60 * S, now=network.now)
        network.take(node, changed)
    network.run_until(network.now + 120 * S)
    assert {node.radio.channel for node in network.nodes} == {25}


def test_sleepers_are_told_one_by_one_and_not_for_ever() -> None:
    network = settled(2)
    network.nodes[0].engine.sleepers = frozenset({network.nodes[1].address})
    moment = change_channel(network, delay=600 * S)
    network.run_until(moment - S)
    to_sleeper = [s for _, s in network.sent if s.destination == network.nodes[1].link_local]
    assert len(to_sleeper) == 3


def test_permit_joining_and_beacon_payload_are_told_and_change_no_radio() -> None:
    network = settled(3)
    radio = network.nodes[2].radio
    node = network.nodes[0]
    for parameter, value in ((ParameterId.PERMIT_JOINING, 60), (ParameterId.BEACON_PAYLOAD, b"hi")):
        changed = node.engine.change(parameter, value, delay=10 * S, now=network.now)
        network.take(node, changed)
    network.run_until(network.now + 12 * S)
    assert network.nodes[2].applied(ParameterId.PERMIT_JOINING)[0][1] == 60
    assert network.nodes[2].applied(ParameterId.BEACON_PAYLOAD)[0][1] == b"hi"
    assert network.nodes[2].radio == radio


@pytest.mark.parametrize(
    ("parameter", "value", "delay"),
    [
        (0, 99, S),
        (0, b"x", S),
        (1, 0xFFFF, S),
        (2, 256, S),
        (3, bytes(53), S),
        (4, 1, S),
        (0, NEW, 0),
        (0, NEW, 0xFFFFFFFF * 1000 + 1),
    ],
)
def test_what_cannot_be_said_is_refused(parameter: int, value: int | bytes, delay: int) -> None:
    network = settled(1)
    with pytest.raises(FieldOutOfRange):
        network.nodes[0].engine.change(parameter, value, delay=delay, now=network.now)


def test_a_change_too_close_to_another_is_refused() -> None:
    network = settled(1)
    moment = change_channel(network)
    with pytest.raises(FieldOutOfRange):
        network.nodes[0].engine.change(
            ParameterId.CHANNEL, NEW - 1, delay=moment + 9 * S - network.now, now=network.now
        )


def test_a_full_store_is_tried_again_and_told() -> None:
    class Full(MemoryStore):
        full = True

        def save(self, name: str, octets: bytes) -> None:
            if self.full:
                raise StoreError("no space left")
            super().save(name, octets)

    network = settled(2)
    store = network.nodes[1].store = Full()
    network.restart(network.nodes[1])
    network.run_until(network.now + 5 * S)
    moment = change_channel(network)
    network.run_until(network.now + 5 * S)
    told = [news for _, news in network.nodes[1].told]
    assert any(isinstance(news, ParametersNotSaved) for news in told)
    assert any(isinstance(news, ParameterScheduled) for news in told)
    store.full = False
    network.run_until(network.now + 2 * S)
    assert store.names() == ["network-parameters"]
    network.run_until(moment + S)
    assert network.nodes[1].radio.channel == NEW


def test_a_record_that_is_not_ours_is_an_error() -> None:
    network = Parameters(1)
    network.nodes[0].store.save("network-parameters", b"\x05\x07\x09")
    with pytest.raises(StoreError):
        network.start()
