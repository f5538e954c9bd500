"""Large meshes as scenarios: what is promised of them, in the sizes that a test has time for."""

from collections.abc import Callable
from pathlib import Path
from unittest.mock import patch

from lowpan.mac.replay import Freshness, IncomingCounters
from lowpan.sim.scenario.plan import scenario_of
from lowpan.sim.scenario.running import ScenarioRun
from tests.sim import channel_move
from tests.sim.channel_move import APART, APART_ASLEEP
from tests.sim.large import KEY, SECOND, linked
from tests.sim.replay_hour import attack
from tests.sim.thousand import measure, read_by_lowpan, read_by_tshark

MINUTE = 60 * SECOND

LINE = f"""
seed = 7
duration = "10 min"
[network]
channel = 15
key = "{KEY}"
mle = true
[[nodes]]
name = "n"
count = 4
spacing = 30.0
"""


def test_who_was_off_while_all_changed_the_channel_finds_them_within_two_minutes() -> None:
    events = """
        [[events]]
        at = "20 s"
        do = "crash"
        nodes = ["n-2"]
        [[events]]
        at = "30 s"
        do = "change"
        nodes = ["n-1"]
        parameter = "channel"
        value = 25
        delay = "20 s"
        [[events]]
        at = "60 s"
        do = "restart"
        nodes = ["n-2"]
        """
    run = ScenarioRun(scenario_of(LINE + events))
    late = run.nodes["n-2"]
    run.run(70 * SECOND)
    assert late.sim.radio.settings.channel == 15, "it was not there when the others were told"
    run.run(110 * SECOND)
    assert late.sim.radio.settings.channel == 25
    assert linked(run, late) == 3


def test_a_hundred_nodes_link_as_the_medium_allows_and_tshark_reads_all_of_it(
    tmp_path: Path, require_peer: Callable[[str], str]
) -> None:
    trace = tmp_path / "trace.pcapng"
    run = measure(100, trace)
    assert run.established_s is not None
    assert run.links == 1580
    assert run.disagreeing == 0
    ours, theirs = read_by_lowpan(trace), read_by_tshark(require_peer("tshark"), trace)
    assert ours == theirs
    assert (ours.frames, ours.malformed, ours.closed) == (run.frames, 0, 0)
    assert ours.messages > 10_000


def test_a_replay_attack_over_crashes_and_new_keys_is_in_vain() -> None:
    seen = attack(3 * MINUTE, nodes=16, hurry=4)
    oracle = seen.oracle
    assert (oracle.accepted_twice, oracle.accepted_forged, oracle.sealed_twice) == (0, 0, 0)
    assert seen.delivered_twice == 0
    assert seen.links_missing == 0
    assert seen.replayed > 4000
    assert seen.crashes > 10
    assert seen.rotations > 0
    assert oracle.refused["link layer"] > 500
    assert oracle.refused["MLE"] > 1000


def test_who_takes_every_counter_for_a_new_one_is_found_out() -> None:
    def careless(*_: object, **__: object) -> Freshness:
        return Freshness.NEW

    with patch.object(IncomingCounters, "accept", careless):
        seen = attack(MINUTE, nodes=9, hurry=4)
    assert seen.oracle.accepted_twice > 50
    assert seen.delivered_twice > 0
    assert seen.oracle.accepted_forged == 0, "the MIC is still right"


def test_all_are_on_the_new_channel_at_the_moment_and_those_who_were_off_soon() -> None:
    seen = channel_move.measure(nodes=36, sleepers=4)
    assert -APART / 1000 <= seen.earliest_ms <= seen.latest_ms <= APART / 1000
    assert seen.latest_sleeper_ms <= APART_ASLEEP / 1000
    assert seen.in_time >= 36 - 4
    assert {f"n-{number}" for number in (5, 15, 25, 35)} <= seen.late.keys()
    assert None not in seen.late.values(), "lost for good"
    assert seen.sleepers_asleep == 4
