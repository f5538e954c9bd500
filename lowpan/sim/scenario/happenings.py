"""What happens to a network while it runs, in the words of a scenario."""

from dataclasses import dataclass

from lowpan.errors import FieldOutOfRange
from lowpan.mesh.network_parameters import SOONEST
from lowpan.mesh.parameter_schedule import LONGEST_DELAY, ParameterId, check_value
from lowpan.radio import CHANNELS_2450
from lowpan.sim.scenario.table import ScenarioError, Table


@dataclass(frozen=True, slots=True)
class Happening:
    """Something that happens at a moment."""

    moment: int
    """Microseconds."""
    do: str
    """See WORDS."""
    nodes: tuple[str, ...] = ()
    """Groups and nodes that it is about; for `partition` those of one side."""
    share: float = 0.0
    place: tuple[float, float] = (0.0, 0.0)
    parameter: int = 0
    value: int = 0
    delay: int = 0
    """Microseconds."""


WORDS = {
    "partition": "nodes: those that hear nothing of the others any more",
    "repair": "the partition ends",
    "hold": "nodes: frames to and from them wait",
    "release": "what waited arrives, in its order",
    "crash": "nodes: gone without a goodbye",
    "restart": "nodes: begin again with what was durable",
    "lose": "share of all frames that are lost besides",
    "corrupt": "share of all frames that are damaged, unnoticed by the FCS",
    "duplicate": "share of all frames that arrive twice",
    "move": "nodes go to a place, at",
    "replay": "somebody at a place records everything and sends it again at random, share a second",
    "change": "nodes[0] lets the network have another parameter, after a delay",
    "rotate": "nodes[0] goes on to the next keys, and the others follow",
}
"""What can happen, and what it needs."""
_ABOUT_NODES = {"partition", "hold", "crash", "restart", "move", "change", "rotate"}
_WITH_SHARE = {"lose", "corrupt", "duplicate"}
_PARAMETERS = {parameter.name.lower(): int(parameter) for parameter in ParameterId}


def happening(table: Table) -> Happening:
    """Return what a table of events says; raise ScenarioError."""
    moment, do = table.duration("at"), table.take("do", str)
    if do not in WORDS:
        raise ScenarioError(f"{table.name}: do = {do!r} is none of {', '.join(WORDS)}")
    nodes: tuple[str, ...] = ()
    share, place, parameter, value, delay = 0.0, (0.0, 0.0), 0, 0, 0
    if do in _ABOUT_NODES:
        nodes = table.texts("nodes")
    if do in _WITH_SHARE:
        share = table.within("share", 0, 1)
    if do == "replay":
        share = table.within("frames_per_second", 0.001, 1000, 10.0)
    if do in ("move", "replay"):
        place = table.pair("place")
    if do == "change":
        parameter = _parameter(table)
        value, delay = _value(table, parameter), table.duration("delay")
        if not SOONEST <= delay <= LONGEST_DELAY * 1000:
            raise ScenarioError(f"{table.name}: delay is none of 1 s .. 49 d")
    table.done()
    return Happening(moment, do, nodes, share, place, parameter, value, delay)


def _value(table: Table, parameter: int) -> int:
    value = table.number("value", 0, 0xFFFF)
    try:
        check_value(parameter, value)
    except FieldOutOfRange as error:
        raise ScenarioError(f"{table.name}: {error}") from error
    if parameter == ParameterId.CHANNEL and value not in CHANNELS_2450:
        raise ScenarioError(f"{table.name}: value = {value} is no channel, which are 11..26")
    return value


def _parameter(table: Table) -> int:
    name = table.take("parameter", str)
    if name not in _PARAMETERS or name == "beacon_payload":
        raise ScenarioError(f"{table.name}: parameter = {name!r} is no number that can change")
    return _PARAMETERS[name]
