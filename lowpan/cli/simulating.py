"""`lowpan simulate`: a scenario from its file to its summary."""

import json
import resource
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO, Any

import click

from lowpan.capture.writer import open_writer
from lowpan.cli.report import CommandError
from lowpan.sim.scenario.plan import Scenario, read_scenario
from lowpan.sim.scenario.running import ScenarioRun
from lowpan.sim.scenario.summary import Summary, states_of, summary_of

STEPS = 400
"""Looks at how far it is."""
_SHOWN_S = 1.0
"""Seconds of work, as guessed by the number of nodes, that are worth a bar."""


@dataclass(frozen=True, slots=True)
class SimulateOptions:
    """What was asked for."""

    seed: int | None
    duration: float | None
    """Seconds."""
    write: str | None
    topology: str | None
    states: str | None
    every: float
    log: bool
    form: str


def simulate(path: str, options: SimulateOptions) -> int:
    """Run the scenario in a file; raise ScenarioError, CaptureError, CommandError."""
    scenario = read_scenario(Path(path))
    if options.seed is not None:
        scenario = replace(scenario, seed=options.seed)
    if options.duration is not None:
        scenario = replace(scenario, duration=round(options.duration * 1_000_000))
    if options.topology is not None:
        from lowpan.cli.plotting import plotting  # noqa: PLC0415

        plotting()  # tells now, not after an hour, that it is missing
    before = _peak_kib()
    with ExitStack() as stack:
        run, took = _run(scenario, options, stack)
    summary = summary_of(run) | {
        "times_real_time": round(run.world.now / 1_000_000 / took, 1) if took else None,
        "memory_kib_a_node": round((_peak_kib() - before) / len(run.nodes)),
    }
    if options.topology is not None:
        from lowpan.cli.plotting import plot_topology  # noqa: PLC0415

        places = [(node.name, node.place) for node in run.nodes.values()]
        plot_topology(options.topology, scenario.title, places, run.links())
    _show(summary, options.form)
    return 0


def _run(
    scenario: Scenario, options: SimulateOptions, stack: ExitStack
) -> tuple[ScenarioRun, float]:
    """Run it to its end; return it with the seconds of processor time that it took."""
    begin = time.process_time()
    run = ScenarioRun(scenario, log=_log if options.log else None)
    if options.write is not None:
        run.world.trace(stack.enter_context(open_writer(options.write)))
    states = None
    if options.states is not None:
        states = stack.enter_context(_output(options.states))
    every = round(options.every * 1_000_000)
    step = max(scenario.duration // STEPS, 1)
    with _bar(scenario) as advance:
        said = 0
        while run.world.now < scenario.duration:
            if states is not None and run.world.now >= said:
                said += every
                _write_states(states, run)
            due = scenario.duration if states is None else min(said, scenario.duration)
            run.run(min(step, due - run.world.now))
            advance(run.world.now)
    if states is not None:
        _write_states(states, run)
    return run, time.process_time() - begin


@contextmanager
def _bar(scenario: Scenario) -> "Iterator[Any]":
    """Show how much of the time has passed, on a terminal."""
    if not sys.stderr.isatty():
        yield lambda now: None
        return
    from rich.console import Console  # noqa: PLC0415  (on terminals only)
    from rich.progress import Progress  # noqa: PLC0415

    with Progress(console=Console(stderr=True), transient=True) as progress:
        task = progress.add_task(scenario.title, total=scenario.duration)
        yield lambda now: progress.update(task, completed=now)


@contextmanager
def _output(path: str) -> "Iterator[IO[str]]":
    try:
        with Path(path).open("w", encoding="utf-8") as file:
            yield file
    except OSError as error:
        raise CommandError(f"--states {path}: {error.strerror or error}") from error


def _write_states(file: IO[str], run: ScenarioRun) -> None:
    for state in states_of(run):
        file.write(json.dumps(state) + "\n")


def _log(moment: int, who: str, what: str) -> None:
    click.echo(f"{moment / 1_000_000:12.6f}  {who:<16} {what}")


def _peak_kib() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def _show(summary: Summary, form: str) -> None:
    if form == "json":
        click.echo(json.dumps(summary))
        return
    for line in _lines(summary):
        click.echo(line)


def _lines(summary: Summary) -> Iterator[str]:
    sent, arrived = summary["datagrams_sent"], summary["datagrams_arrived"]
    yield f"{summary['title']}, seed {summary['seed']}"
    yield (
        f"{summary['simulated_s']:.0f} s simulated, {summary['times_real_time']} times real time, "
        f"{summary['memory_kib_a_node']} KiB a node"
    )
    yield f"{summary['nodes']} nodes, {summary['running']} of them running"
    if summary["links"]:
        yield (
            f"{summary['links']} ends of links up, quality {summary['mean_quality']:.2f} on "
            f"average, {summary['links_agreed']:.1%} named alike (1 apart at most)"
        )
    if sent:
        yield f"{sent} datagrams sent, {arrived} arrived ({arrived / sent:.2%})"
    if summary["datagrams_without_receiver"]:
        yield f"{summary['datagrams_without_receiver']} not sent, for want of a neighbour"
    yield f"{summary['frames']} frames on air"
    for fate, count in sorted(summary["receptions"].items(), key=lambda each: -each[1]):
        yield f"  {count:>10}  {fate.replace('_', ' ')}"
    if summary["frames_replayed"]:
        yield (
            f"{summary['frames_replayed']} frames replayed, {summary['replays_refused']} refused "
            f"as replays, {summary['duplicates_refused']} as duplicates"
        )
    for kind, count in summary["told"].items():
        yield f"  {count:>10}  {kind}"
    yield f"digest {summary['digest']}"
