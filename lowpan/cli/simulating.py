"""`lowpan simulate`: a scenario from its file to its summary."""

import gc
import json
import resource
import time
from collections.abc import Generator, Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import IO

from lowpan.capture.formats import printable
from lowpan.capture.writer import open_writer
from lowpan.cli.copying import refuse_same_file
from lowpan.cli.output import Output
from lowpan.cli.progress import bar
from lowpan.cli.report import CommandError
from lowpan.sim.scenario.plan import Scenario, read_scenario
from lowpan.sim.scenario.running import Log, ScenarioRun
from lowpan.sim.scenario.summary import Summary, states_of, summary_of

STEPS = 400
"""Looks at how far it is."""
PICTURES = (".svg", ".png", ".pdf")
"""What the topology can be drawn as."""


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
    _check_files(path, options)
    if options.seed is not None:
        scenario = replace(scenario, seed=options.seed)
    if options.duration is not None:
        scenario = replace(scenario, duration=round(options.duration * 1_000_000))
    if options.topology is not None:
        from lowpan.cli.plotting import plotting  # noqa: PLC0415

        plotting()  # tells now, not after an hour, that it is missing
    before = _peak_kib()
    with Output() as output, ExitStack() as stack:
        run, took = _run(scenario, options, output, stack)
        stack.close()
        _report(run, took, _peak_kib() - before, options, output)
    return 0


def _check_files(path: str, options: SimulateOptions) -> None:
    """Refuse now, not after an hour, what would destroy a file or cannot be drawn."""
    if options.states == "-" or (options.write == "-" and (options.log or options.form == "json")):
        raise CommandError("- is standard output, where the summary goes", "give the file a name")
    written = [each for each in (options.write, options.topology, options.states) if each]
    if len({Path(each).absolute() for each in written}) < len(written):
        raise CommandError("two outputs would go to one file", "name two")
    for each in written:
        refuse_same_file(path, each)
    topology = None if options.topology is None else Path(options.topology)
    if topology is not None and topology.suffix not in PICTURES:
        raise CommandError(f"--topology {topology}: no name of a picture", "end it in .svg")
    if topology is not None and not topology.absolute().parent.is_dir():
        raise CommandError(f"--topology {topology}: there is no such directory")


def _report(
    run: ScenarioRun, took: float, memory_kib: int, options: SimulateOptions, output: Output
) -> None:
    """Show the sums, and draw the picture."""
    summary = summary_of(run) | {
        "times_real_time": round(run.world.now / 1_000_000 / took, 1) if took else None,
        "memory_kib_a_node": round(memory_kib / len(run.nodes)),
    }
    if options.topology is not None:
        from lowpan.cli.plotting import plot_topology  # noqa: PLC0415

        places = [(node.name, node.place) for node in run.nodes.values()]
        plot_topology(options.topology, run.scenario.title, places, run.links())
    if options.write != "-":
        _show(summary, options.form, output)


def _run(
    scenario: Scenario, options: SimulateOptions, output: Output, stack: ExitStack
) -> tuple[ScenarioRun, float]:
    """Run it to its end; return it with the seconds of processor time that it took."""
    begin = time.process_time()
    run = ScenarioRun(scenario, log=_logger(output) if options.log else None)
    stack.enter_context(_frozen())
    if options.write is not None:
        run.world.trace(stack.enter_context(open_writer(options.write)))
    states = None
    if options.states is not None:
        states = stack.enter_context(_states_file(options.states))
    every = round(options.every * 1_000_000)
    step = max(scenario.duration // STEPS, 1)
    with bar(scenario.title, scenario.duration) as advance:
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
def _frozen() -> Generator[None]:
    """Let what lives as long as the world not be looked through again and again."""
    gc.freeze()
    try:
        yield
    finally:
        gc.unfreeze()


@contextmanager
def _states_file(path: str) -> Generator[IO[str]]:
    """Open it; what cannot be written of it is a CommandError, all else goes through."""
    try:
        with Path(path).open("w", encoding="utf-8") as file:
            yield file
    except BrokenPipeError:
        raise
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        why = getattr(error, "strerror", None) or error
        raise CommandError(f"--states {path}: {why}") from error


def _write_states(file: IO[str], run: ScenarioRun) -> None:
    for state in states_of(run):
        file.write(json.dumps(state) + "\n")


def _logger(output: Output) -> Log:
    def log(moment: int, who: str, what: str) -> None:
        output.line(f"{moment / 1_000_000:12.6f}  {printable(who):<16} {printable(what)}")

    return log


def _peak_kib() -> int:
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss


def _show(summary: Summary, form: str, output: Output) -> None:
    if form == "json":
        output.line(json.dumps(summary))
        return
    for line in _lines(summary):
        output.line(printable(line))


def _lines(summary: Summary) -> Iterator[str]:
    sent, arrived = summary["datagrams_sent"], summary["datagrams_arrived"]
    yield f"{summary['title']}, seed {summary['seed']}"
    rate = summary["times_real_time"]
    yield (
        f"{summary['simulated_s']:.0f} s simulated, "
        + ("" if rate is None else f"{rate} times real time, ")
        + f"{summary['memory_kib_a_node']} KiB a node"
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
