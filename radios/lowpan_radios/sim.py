"""A radio in a simulated network that runs while it listens: `sim:SCENARIO.toml`.

`sim:SCENARIO?speed=1&at=EAST,NORTH&seed=N&channel=N`; what a scenario says is in docs/simulator.md.
"""

import asyncio
from dataclasses import replace
from math import nan
from pathlib import Path
from time import time_ns

from lowpan.errors import RadioClosed, RadioError
from lowpan.radio import (
    Happening,
    RadioNotice,
    RadioSettings,
    RadioUri,
    ReceivedFrame,
    TransmitOutcome,
    TransmitParameters,
    TransmitStatus,
)
from lowpan.sim.propagation import Position
from lowpan.sim.scenario.plan import Scenario, read_scenario
from lowpan.sim.scenario.running import ScenarioRun
from lowpan.sim.scenario.table import FARTHEST, ScenarioError
from lowpan_radios.base import end_tasks
from lowpan_radios.replay import FASTEST, SLOWEST
from lowpan_radios.simulated import SimulatedRadio

MOST_AHEAD = 256
"""Frames that wait at most while time is as fast as can be."""
BATCH = 64
"""Things that happen in the world before others get their turn."""
LONGEST_STEP_S = 0.02
"""Seconds between two looks at what is due."""
MOST_BEHIND_S = 1.0
"""Seconds that the world may be late; if it is too slow it goes on from there, later."""
_CURE = "give the path of a scenario, such as examples/office.toml"


async def open_sim(uri: RadioUri) -> "SimRadioOfScenario":
    """Open a radio in the network that the scenario describes; raises RadioError."""
    radio = SimRadioOfScenario(uri)
    radio.start()
    return radio


class SimRadioOfScenario(SimulatedRadio):
    """A transceiver in the world of a scenario, whose time passes with that of the host.

    It is on air as all others are: a node or `lowpan ping` may use it.  When the scenario is over
    it ends with RadioClosed.
    """

    def __init__(self, uri: RadioUri) -> None:
        uri.only("speed", "at", "seed", "channel")
        scenario = _scenario(uri)
        self._speed = _speed(uri)
        self._run = ScenarioRun(scenario)
        self._playing: asyncio.Task[None] | None = None
        self._room = asyncio.Event()
        self._begin_ns = 0
        super().__init__(self._run.world, _position(uri, scenario), uri=uri.text)
        self.description = f"radio in {scenario.title}"
        channel = uri.integer("channel", scenario.network.channel, low=11, high=26)
        self.settings = RadioSettings(channel=channel)
        self.sim_radio.configure(self.settings)

    @property
    def run(self) -> ScenarioRun:
        """Return the network, to look at."""
        return self._run

    def start(self) -> None:
        """Let time pass; to be called once."""
        self._begin_ns = time_ns()
        self._playing = asyncio.get_running_loop().create_task(self._play())

    async def next_event(self) -> ReceivedFrame | RadioNotice:
        """Return the next frame or notice; see Radio."""
        if len(self._events) <= MOST_AHEAD // 2:
            self._room.set()
        return await super().next_event()

    async def _close(self) -> None:
        playing, self._playing = self._playing, None
        await end_tasks(playing)
        await super()._close()

    async def _transmit(self, psdu: bytes, parameters: TransmitParameters) -> TransmitOutcome:
        self._room.set()
        return await super()._transmit(psdu, parameters)

    async def _measure_energy(self, channel: int, duration_ms: int) -> float:
        self._room.set()
        return await super()._measure_energy(channel, duration_ms)

    @property
    def _is_asked(self) -> bool:
        """Whether somebody waits for a transmission or a measurement."""
        waited_for = (self._outcome, self._energy)
        return any(each is not None and not each.done() for each in waited_for)

    def _time_ns(self) -> int:
        return self._begin_ns + self._schedule.now * 1000

    # Time

    async def _play(self) -> None:
        """Let the scenario happen; nobody waits for a world that stands still."""
        try:
            await self._go_on()
        except Exception as error:
            self._notice(Happening.LOST, f"the simulation has failed: {error!r}")
        self._end()
        self._give_up()

    def _give_up(self) -> None:
        """Answer whoever waits for the radio."""
        self._transmitted(TransmitOutcome(status=TransmitStatus.ABORTED, reason="closed"))
        if self._energy is not None and not self._energy.done():
            self._energy.set_exception(RadioClosed(f"{self.uri}: closed"))

    async def _go_on(self) -> None:
        """Let the world do what is due by the host's clock, to the scenario's end."""
        loop, end = asyncio.get_running_loop(), self._run.scenario.duration
        begin, world_began = loop.time(), 0
        while self._schedule.now < end:
            if self._speed is None:
                await self._have_room()
                due = end
            else:
                due = min(world_began + int((loop.time() - begin) * self._speed * 1e6), end)
            for _ in range(BATCH):
                if not self._schedule.step(due):
                    break
            late = 0.0 if self._speed is None else (due - self._schedule.now) / self._speed / 1e6
            if late > MOST_BEHIND_S:
                begin, world_began = loop.time(), self._schedule.now
            await asyncio.sleep(self._until_next(due, late))

    def _until_next(self, due: int, late: float) -> float:
        """Return the seconds until something is due; 0 to go on at once."""
        following = self._schedule.next_time()
        if self._speed is None or late > 0 or (following is not None and following <= due):
            return 0.0
        if following is None:
            return LONGEST_STEP_S
        return min((following - due) / self._speed / 1e6, LONGEST_STEP_S)

    async def _have_room(self) -> None:
        """Wait until somebody fetches what was heard, or waits for something else to happen."""
        while len(self._events) >= MOST_AHEAD and not self._is_asked:
            self._room.clear()
            await self._room.wait()


def _scenario(uri: RadioUri) -> Scenario:
    try:
        scenario = read_scenario(Path(uri.target))
    except ScenarioError as error:
        raise RadioError(f"{uri.text}: {error}", _CURE) from error
    seed = uri.integer("seed", scenario.seed, low=0, high=2**63)
    return replace(scenario, seed=seed)


def _speed(uri: RadioUri) -> float | None:
    """Return how much faster than the host's time; None: as fast as can be."""
    text = uri.parameters.get("speed", "1")
    if text == "max":
        return None
    try:
        speed = float(text)
    except ValueError:
        speed = 0.0
    if not SLOWEST <= speed <= FASTEST:
        raise RadioError(
            f"{uri.text}: speed={text} is no speed", "give a number such as 10, or max"
        )
    return speed


def _position(uri: RadioUri, scenario: Scenario) -> Position:
    """Return where the radio is: `at`, else in the middle of all nodes."""
    text = uri.parameters.get("at")
    if text is None:
        places = [place for group in scenario.groups for place in group.places]
        east, north = (sum(each) / len(places) for each in zip(*places, strict=True))
        return round(east, 3), round(north, 3)
    try:
        east, north = map(float, text.split(","))
    except ValueError:
        east = north = nan
    if not (abs(east) <= FARTHEST and abs(north) <= FARTHEST):
        raise RadioError(f"{uri.text}: at={text} is no place", "such as at=10,25.5")
    return east, north
