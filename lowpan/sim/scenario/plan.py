"""What a scenario says: the network, its nodes, their traffic, and what happens when."""

import tomllib
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from lowpan.mesh.link_settings import MeshLinkSettings
from lowpan.sim.medium import MediumSettings
from lowpan.sim.propagation import PathLoss
from lowpan.sim.scenario.happenings import Happening, happening
from lowpan.sim.scenario.placing import Place, placed
from lowpan.sim.scenario.table import ScenarioError, Table

MOST_NODES = 20_000
"""As many as short addresses are practical, and memory of an ordinary machine is enough for."""
LONGEST_FILE = 1 << 20
"""Octets of a scenario: five thousand tables of two hundred each."""
_HIGHEST_PAN_ID = 0xFFFE
NEIGHBOURS, ALL = "neighbours", "all"
"""Receivers that no node may be called like."""
SOONEST_ADVERTISED = MeshLinkSettings().advertise_first
"""Microseconds: the interval of the first advertisements."""


@dataclass(frozen=True, slots=True)
class Network:
    """What all nodes have in common."""

    channel: int = 15
    pan_id: int = 0xBEEF
    network_key: bytes | None = field(default=None, repr=False)
    """16 octets that the keys of link layer and MLE are derived of; None: nothing is secured."""
    mle: bool = False
    """Nodes establish links and advertise them; with a network key only."""
    advertise: int | None = None
    """Microseconds between advertisements in the end; None: as nodes have it of themselves."""
    rotation_hours: int = 672


@dataclass(frozen=True, slots=True)
class Group:
    """Nodes alike; those of a group of several are called `name-1`, `name-2` and so on."""

    name: str
    places: tuple[Place, ...]
    drift_ppm: float = 0.0
    """How much the clock of each is wrong at most."""
    sleepy: bool = False


@dataclass(frozen=True, slots=True)
class Traffic:
    """Datagrams that each node of a group sends, again and again."""

    sender: str
    """A group or a node."""
    receiver: str
    """A node; `neighbours`: one of its own, by chance; `all`: everybody in reach."""
    octets: int
    every: int
    """Microseconds; the first one by chance within them."""
    begin: int = 0


@dataclass(frozen=True, slots=True)
class Scenario:
    """A network, and what happens to it."""

    title: str
    seed: int
    duration: int
    """Microseconds."""
    network: Network
    medium: MediumSettings
    groups: tuple[Group, ...]
    traffic: tuple[Traffic, ...]
    happenings: tuple[Happening, ...]

    @property
    def names(self) -> dict[str, tuple[str, ...]]:
        """Return the names of nodes, by group."""
        return {group.name: names_in(group) for group in self.groups}


def names_in(group: Group) -> tuple[str, ...]:
    """Return what the nodes of a group are called."""
    if len(group.places) == 1:
        return (group.name,)
    return tuple(f"{group.name}-{number}" for number in range(1, len(group.places) + 1))


def read_scenario(path: Path) -> Scenario:
    """Return the scenario in a file; raise ScenarioError."""
    try:
        with path.open(encoding="utf-8") as file:
            text = file.read(LONGEST_FILE + 1)
    except (OSError, UnicodeDecodeError) as error:
        raise ScenarioError(f"{path} cannot be read: {error}") from error
    if len(text) > LONGEST_FILE:
        raise ScenarioError(
            f"{path} is longer than any scenario: {LONGEST_FILE} characters at most"
        )
    return scenario_of(text, path.stem)


def scenario_of(text: str, title: str = "scenario") -> Scenario:
    """Return the scenario that `text` says; raise ScenarioError."""
    try:
        values: dict[str, Any] = tomllib.loads(text)
    except (ValueError, RecursionError) as error:  # no TOML, numbers without end, tables in tables
        raise ScenarioError(f"no TOML: {error}") from error
    top = Table("the scenario", values)
    title, seed = top.take("title", str, title), top.number("seed", 0, 2**63, 0)
    duration = top.duration("duration")
    network, medium = _network(top.table("network")), _medium(top.table("medium"), seed)
    groups = tuple(_group(table, seed) for table in top.tables("nodes"))
    traffic = tuple(_traffic(table) for table in top.tables("traffic"))
    happenings = tuple(happening(table) for table in top.tables("events"))
    top.done()
    scenario = Scenario(title, seed, duration, network, medium, groups, traffic, happenings)
    _check(scenario)
    return scenario


def _network(table: Table) -> Network:
    network = Network(
        table.number("channel", 11, 26, 15),
        table.number("pan_id", 0, _HIGHEST_PAN_ID, 0xBEEF),
        table.octets("key", 16) if table.has("key") else None,
        table.take("mle", bool, False),
        table.duration("advertise") if table.has("advertise") else None,
        table.number("rotation_hours", 2, 0xFFFF, 672),
    )
    table.done()
    if network.mle and network.network_key is None:
        raise ScenarioError("[network] mle needs a key: links are for those who have it")
    if network.advertise is not None and network.advertise < SOONEST_ADVERTISED:
        raise ScenarioError("[network] advertise: at least the second with which all begin")
    return network


def _medium(table: Table, seed: int) -> MediumSettings:
    settings = MediumSettings(
        path_loss=PathLoss(
            table.within("first_metre", 0, 200, 40.0),
            table.within("exponent", 1, 10, 3.0),
            table.within("shadowing", 0, 30, 0.0),
            seed,
        ),
        transmit_power=table.within("transmit_power", -60, 40, 0.0),
        noise_floor=table.within("noise_floor", -140, 0, -99.0),
        loss=table.within("loss", 0, 1, 0.0),
    )
    table.done()
    return settings


def _group(table: Table, seed: int) -> Group:
    name = table.take("name", str)
    group = Group(
        name,
        placed(table, f"{seed} {name}"),
        table.within("drift_ppm", 0, 10_000, 0.0),
        table.take("sleepy", bool, False),
    )
    table.done()
    return group


def _traffic(table: Table) -> Traffic:
    traffic = Traffic(
        table.take("from", str),
        table.take("to", str),
        table.number("octets", 0, 1232, 50),
        table.duration("every"),
        table.duration("begin", "0 s"),
    )
    table.done()
    if not traffic.every:
        raise ScenarioError(f"{table.name}: every is no time at all")
    return traffic


def _check(scenario: Scenario) -> None:
    """Refuse names that mean nothing, or two things."""
    if not scenario.groups:
        raise ScenarioError("the scenario has no [[nodes]]")
    nodes = [name for names in scenario.names.values() for name in names]
    if len(nodes) > MOST_NODES:
        raise ScenarioError(f"{len(nodes)} nodes: more than {MOST_NODES} do not fit one network")
    known = {*scenario.names, *nodes}
    for name in ("", NEIGHBOURS, ALL):
        if name in known:
            raise ScenarioError(f"no node can be called {name!r}")
    several = {name for name, names in scenario.names.items() if len(names) > 1}
    if (
        len(set(nodes)) < len(nodes)
        or len(scenario.names) < len(scenario.groups)
        or (several & set(nodes))
    ):
        raise ScenarioError("two nodes or groups have one name")
    for one in scenario.traffic:
        _check_names(known, "[[traffic]] from", one.sender)
        if one.receiver not in (NEIGHBOURS, ALL):
            _check_names(set(nodes), "[[traffic]] to", one.receiver)
    for each in scenario.happenings:
        _check_names(known, f"[[events]] {each.do}", *each.nodes)
        if each.do == "change" and not scenario.network.mle:
            raise ScenarioError("[[events]] change: network parameters need mle in [network]")
        if each.do == "rotate" and scenario.network.network_key is None:
            raise ScenarioError("[[events]] rotate: there is no key in [network] to go on from")


def _check_names(known: set[str], where: str, *names: str) -> None:
    for name in names:
        if name not in known:
            raise ScenarioError(f"{where}: nobody is called {name!r}")
