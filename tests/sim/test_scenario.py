"""Scenarios: what they may say, what is wrong in them, and what comes of them."""

import json
from pathlib import Path

import pytest

from lowpan.mesh.parameter_events import ParameterApplied
from lowpan.sim.scenario.plan import LONGEST_FILE, Scenario, read_scenario, scenario_of
from lowpan.sim.scenario.running import ScenarioRun
from lowpan.sim.scenario.summary import states_of, summary_of
from lowpan.sim.scenario.table import ScenarioError

ROOT = Path(__file__).parent.parent.parent
EXAMPLES = sorted((ROOT / "examples").glob("*.toml"))
KEY = 'key = "00112233445566778899aabbccddeeff"\nmle = true'
S = 1_000_000


def small(*events: str, nodes: int = 4, seed: int = 1, duration: str = "60 s") -> Scenario:
    """Return a line of nodes that send to their neighbours, to which `events` happen."""
    happenings = "".join(f"[[events]]\n{event}\n" for event in events)
    return scenario_of(
        f"""
        seed = {seed}
        duration = "{duration}"
        [network]
        {KEY}
        [[nodes]]
        name = "n"
        count = {nodes}
        spacing = 30.0
        [[traffic]]
        from = "n"
        to = "neighbours"
        every = "5 s"
        begin = "20 s"
        """
        + happenings
    )


def ran(scenario: Scenario) -> ScenarioRun:
    run = ScenarioRun(scenario)
    run.run(scenario.duration)
    return run


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda path: path.stem)
def test_examples_are_scenarios(path: Path) -> None:
    scenario = read_scenario(path)
    run = ScenarioRun(scenario)
    run.run(20 * S)
    assert summary_of(run)["links"] > 0


def test_a_network_advertises_as_often_as_its_scenario_says() -> None:
    text = f"""
        duration = "100 s"
        [network]
        {KEY}
        advertise = "256 s"
        [[nodes]]
        name = "n"
        count = 2
        """
    (one, _) = ScenarioRun(scenario_of(text)).nodes.values()
    assert one.mesh is not None
    assert one.mesh.settings.advertise_last == 256 * S
    assert one.mesh.settings.silent_for == 896 * S
    with pytest.raises(ScenarioError, match="advertise"):
        scenario_of(text.replace("256 s", "0.5 s"))


def test_neighbours_link_and_their_datagrams_arrive() -> None:
    run = ran(small())
    summary = summary_of(run)
    assert summary["links"] == 12  # all four hear each other over 90 metres
    assert summary["links_agreed"] == 1
    assert summary["datagrams_arrived"] == summary["datagrams_sent"] > 20


def test_one_seed_is_one_run_and_another_is_another() -> None:
    digests = [ran(small(seed=seed)).world.digest for seed in (1, 1, 2)]
    assert digests[0] == digests[1] != digests[2]


def test_states_are_json_and_show_no_key() -> None:
    run = ran(small())
    lines = [json.dumps(state) for state in states_of(run)]
    assert len(lines) == 4
    assert '"links": [{' in lines[0]
    assert "00112233" not in "".join(lines) + repr(run.scenario)


def test_a_crash_leaves_no_node_and_a_restart_links_it_again() -> None:
    run = ScenarioRun(
        small(
            'at = "20 s"\ndo = "crash"\nnodes = ["n-2"]',
            'at = "40 s"\ndo = "restart"\nnodes = ["n-2"]',
        )
    )
    run.run(30 * S)
    assert not run.nodes["n-2"].sim.is_running
    assert [state["is_running"] for state in states_of(run)] == [True, False, True, True]
    run.run(30 * S)
    assert {one.name for one, other, *_ in run.links() if other.name == "n-2"} == {
        "n-1",
        "n-3",
        "n-4",
    }


def test_all_follow_one_to_the_next_keys() -> None:
    run = ran(small('at = "20 s"\ndo = "rotate"\nnodes = ["n-1"]', duration="3 min"))
    assert {state["mle"]["key_sequence"] for state in states_of(run)} == {1}
    assert run.told["KeySequenceChanged"] == 4


def test_all_change_the_channel_at_one_moment() -> None:
    scenario = small(
        'at = "20 s"\ndo = "change"\nnodes = ["n-1"]\n'
        'parameter = "channel"\nvalue = 25\ndelay = "20 s"'
    )
    changed: list[int] = []
    run = ScenarioRun(
        scenario,
        log=lambda moment, _, what: (
            changed.append(moment) if what == ParameterApplied.__name__ else None
        ),
    )
    run.run(scenario.duration)
    assert len(changed) == 4
    assert max(changed) - min(changed) < 100_000
    assert {node.sim.radio.settings.channel for node in run.nodes.values()} == {25}


def test_replayed_frames_are_refused() -> None:
    run = ran(
        small(
            'at = "1 s"\ndo = "replay"\nplace = [45.0, 5.0]\nframes_per_second = 20',
            duration="2 min",
        )
    )
    summary = summary_of(run)
    assert summary["frames_replayed"] > 1000
    assert summary["replays_refused"] > 1000
    assert summary["datagrams_arrived"] <= summary["datagrams_sent"]


def test_a_partition_ends_links_and_repair_brings_them_back() -> None:
    events = 'at = "30 s"\ndo = "partition"\nnodes = ["n-1", "n-2"]', 'at = "8 min"\ndo = "repair"'
    run = ScenarioRun(small(*events, duration="15 min"))
    run.run(7 * 60 * S)
    assert len(run.links()) == 4
    run.run(8 * 60 * S)
    assert len(run.links()) == 12


WRONG = {
    "duration": ("", "no duration"),
    "bad duration": ('duration = "soon"', "no time such as"),
    "toml": ("duration = ", "no TOML"),
    "nodes": ('duration = "1 s"', "no [[nodes]]"),
    "misspelt": ('duration = "1 s"\nsede = 1\n[[nodes]]\nname = "a"', "did you mean seed"),
    "mle": ('duration = "1 s"\n[network]\nmle = true\n[[nodes]]\nname = "a"', "needs a key"),
    "key": ('duration = "1 s"\n[network]\nkey = "5ec4e7"\n[[nodes]]\nname = "a"', "16 octets"),
    "place": ('duration = "1 s"\n[[nodes]]\nname = "a"\nplace = "star"', "none of line"),
    "area": ('duration = "1 s"\n[[nodes]]\nname = "a"\nplace = "random"', "no area"),
    "twice": ('duration = "1 s"\n[[nodes]]\nname = "a"\n[[nodes]]\nname = "a"', "one name"),
    "many": ('duration = "1 s"\n[[nodes]]\nname = "a"\ncount = 20001', "none of 1..20000"),
    "whom": (
        'duration = "1 s"\n[[nodes]]\nname = "a"\n[[traffic]]\nfrom = "b"\nto = "a"\nevery = "1 s"',
        "nobody is called 'b'",
    ),
    "never": (
        'duration = "1 s"\n[[nodes]]\nname = "a"\n[[traffic]]\nfrom = "a"\nto = "a"\nevery = "0 s"',
        "no time at all",
    ),
    "what": (
        'duration = "1 s"\n[[nodes]]\nname = "a"\n[[events]]\nat = "1 s"\ndo = "explode"',
        "none of partition",
    ),
    "table": ('duration = "1 s"\nnetwork = 3', "no table"),
    "bool": ('duration = "1 s"\nseed = true', "no whole number"),
}


@pytest.mark.parametrize(("text", "why"), WRONG.values(), ids=WRONG)
def test_mistakes_are_told_with_their_place(text: str, why: str) -> None:
    with pytest.raises(ScenarioError) as caught:
        scenario_of(text)
    assert why in str(caught.value)
    assert "5ec4e7" not in str(caught.value)


def test_a_file_that_is_not_there_is_told() -> None:
    with pytest.raises(ScenarioError):
        read_scenario(Path("nowhere.toml"))


KEYED = '[network]\nkey = "00112233445566778899aabbccddeeff"\nmle = true\n'
PAIR = '[[nodes]]\nname = "a"\ncount = 2\n'
CHANGE = '[[events]]\nat = "2 s"\ndo = "change"\nnodes = ["a-1"]\nparameter = "channel"\n'


@pytest.mark.parametrize(
    "text",
    [
        "x = " + "[" * 100_000,
        "seed = " + "9" * 5000,
        PAIR + "[medium]\nloss = " + "9" * 400,
        PAIR + "at = [1" + "0" * 400 + ", 0]",
        PAIR + "at = [inf, 0]",
        PAIR + "at = [nan, 0]",
        PAIR + 'place = "random"\narea = [1e308, 1e308]',
        PAIR + '[[events]]\nat = "0 s"\ndo = "replay"\nplace = [nan, 0]',
        KEYED + PAIR + CHANGE + 'value = 99\ndelay = "10 s"',
        KEYED + PAIR + CHANGE + 'value = 20\ndelay = "0 s"',
        KEYED + PAIR + CHANGE + 'value = 20\ndelay = "100 d"',
        PAIR + CHANGE + 'value = 20\ndelay = "10 s"',
        PAIR + '[[events]]\nat = "2 s"\ndo = "rotate"\nnodes = ["a-1"]',
        '[[nodes]]\nname = ""',
        '[[nodes]]\nname = "all"',
        '[[nodes]]\nname = "neighbours"',
    ],
)
def test_what_no_world_can_be_made_of_is_refused_before_it_runs(text: str) -> None:
    with pytest.raises(ScenarioError):
        scenario_of('duration = "5 s"\n' + text)


def test_a_key_that_is_no_text_is_not_shown() -> None:
    with pytest.raises(ScenarioError) as refused:
        scenario_of('duration = "5 s"\n[network]\nkey = 1234567890\n' + PAIR)
    assert "1234567890" not in str(refused.value)


def test_a_file_without_an_end_is_no_scenario(tmp_path: Path) -> None:
    with pytest.raises(ScenarioError):
        read_scenario(Path("/dev/zero"))
    endless = tmp_path / "long.toml"
    endless.write_text("#" * (LONGEST_FILE + 1))
    with pytest.raises(ScenarioError):
        read_scenario(endless)


def test_what_cannot_happen_to_a_node_that_is_off_is_counted_and_the_run_goes_on() -> None:
    text = 'duration = "20 s"\n' + KEYED + PAIR
    text += '[[events]]\nat = "1 s"\ndo = "crash"\nnodes = ["a-1"]\n'
    text += CHANGE + 'value = 20\ndelay = "5 s"\n'
    text += '[[events]]\nat = "3 s"\ndo = "rotate"\nnodes = ["a-1"]\n'
    text += '[[events]]\nat = "4 s"\ndo = "restart"\nnodes = ["a-1"]\n'
    text += CHANGE.replace("2 s", "5 s") + 'value = 20\ndelay = "5 s"\n'
    text += CHANGE.replace("2 s", "6 s") + 'value = 15\ndelay = "5 s"\n'  # too close
    run = ScenarioRun(scenario_of(text))
    run.run(run.scenario.duration)
    assert run.told["EventRefused"] == 3
    assert run.world.now == 20_000_000
