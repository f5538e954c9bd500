"""Large meshes as scenarios: what is promised of them, in the sizes that a test has time for."""

from lowpan.sim.scenario.plan import scenario_of
from lowpan.sim.scenario.running import ScenarioRun
from tests.sim.large import KEY, SECOND, linked

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
