"""A scenario while it runs: its traffic, what happens to it, and what was seen."""

from collections import Counter
from collections.abc import Callable
from math import dist
from random import Random

from lowpan.errors import FieldOutOfRange
from lowpan.mac.service import Drop
from lowpan.mesh.link_state import LinkState
from lowpan.node.addresses import link_local_of
from lowpan.node.node import NodeAction
from lowpan.node.service import Endpoint, UdpReceived
from lowpan.sim.attackers import ReplayAttacker
from lowpan.sim.scenario.building import PORT, Inhabitant, inhabitants
from lowpan.sim.scenario.happenings import Happening
from lowpan.sim.scenario.plan import Scenario, Traffic
from lowpan.sim.world import World
from lowpan.wire.addresses import ALL_NODES

NEAREST = 6
"""Nodes that count as neighbours where none are known by MLE."""
Log = Callable[[int, str, str], None]
"""Is told of what happens: the moment, who, and what."""


class ScenarioRun:
    """A scenario on its way: run() lets time pass, everything else looks at it."""

    def __init__(self, scenario: Scenario, *, log: Log | None = None) -> None:
        self.scenario, self.world = scenario, World(scenario.seed, scenario.medium)
        self.told: Counter[str] = Counter()
        """What nodes told, by the name of its kind."""
        self.sent = self.arrived = self.unsent = 0
        """Datagrams to one node, and those for which there was nobody to send to."""
        self.attackers: list[ReplayAttacker] = []
        self._log, self._random = log, self.world.draw()
        self.nodes = {node.name: node for node in inhabitants(scenario, self.world, self._tell)}
        self._nearest: dict[str, list[Inhabitant]] = {}
        self._doers: dict[str, Callable[[Happening, list[Inhabitant]], None]] = {
            "partition": lambda _, named: self.world.partition([node.sim for node in named]),
            "repair": lambda _, __: self.world.repair(),
            "hold": self._hold,
            "release": lambda _, __: self.world.release(),
            "crash": self._crash,
            "restart": self._restart,
            "lose": lambda happening, _: self.world.lose(happening.share),
            "corrupt": lambda happening, _: self.world.corrupt(happening.share),
            "duplicate": lambda happening, _: self.world.duplicate(happening.share),
            "move": self._move,
            "replay": self._attack,
            "change": self._change,
            "rotate": self._rotate,
        }
        """Who sees to each of the WORDS."""
        for traffic in scenario.traffic:
            for name in self._named((traffic.sender,)):
                begin = traffic.begin + self._random.randrange(traffic.every)
                self.world.schedule.at(begin, self._send, traffic, name, self.world.draw())
        for happening in scenario.happenings:
            self.world.schedule.at(happening.moment, self._happen, happening)

    def run(self, duration: int) -> None:
        """Let microseconds pass."""
        self.world.run_for(duration)

    def dropped(self, drop: Drop) -> int:
        """Return how many frames running nodes have refused for a reason since they started."""
        return sum(
            node.sim.node.link.dropped[drop] for node in self.nodes.values() if node.sim.is_running
        )

    def links(self) -> list[tuple[Inhabitant, Inhabitant, int, int]]:
        """Return the links that are up at an end: whose, to whom, and the quality in and out."""
        by_address = {node.extended_address: node for node in self.nodes.values()}
        found: list[tuple[Inhabitant, Inhabitant, int, int]] = []
        for node in self.nodes.values():
            mesh = node.mesh
            if mesh is None or not node.sim.is_running:
                continue
            for neighbour, link in mesh.links.items():
                known = mesh.neighbours.get(neighbour)
                if link.state is LinkState.UP and known is not None and neighbour in by_address:
                    quality = known.quality_in, known.quality_out
                    found.append((node, by_address[neighbour], *quality))
        return found

    # Traffic

    def _send(self, traffic: Traffic, name: str, random: Random) -> None:
        """Send one datagram, and see to the next."""
        world = self.world
        world.schedule.at(world.now + traffic.every, self._send, traffic, name, random)
        node = self.nodes[name]
        if not node.sim.is_running:
            return
        destination = self._destination(node, traffic.receiver, random)
        if destination is None:
            self.unsent += 1
            return
        self.sent += destination != ALL_NODES
        local, remote = Endpoint(b"", PORT), Endpoint(destination, PORT)
        payload = random.randbytes(traffic.octets)
        engine, now = node.sim.node, node.sim.now
        node.sim.take(engine.send_udp(payload, local, remote, now=now))

    def _destination(self, node: Inhabitant, receiver: str, random: Random) -> bytes | None:
        if receiver == "all":
            return ALL_NODES
        if receiver != "neighbours":
            return _address(self.nodes[receiver])
        if node.mesh is not None:
            linked = [
                neighbour.short_address
                for neighbour in node.mesh.neighbours
                if neighbour.short_address is not None
                and (link := node.mesh.links.get(neighbour.extended_address)) is not None
                and link.state is LinkState.UP
            ]
            return link_local_of(random.choice(linked)) if linked else None
        near = self._near(node)
        return _address(random.choice(near)) if near else None

    def _near(self, node: Inhabitant) -> list[Inhabitant]:
        near = self._nearest.get(node.name)
        if near is None:
            others = [other for other in self.nodes.values() if other is not node]
            others.sort(key=lambda other: dist(other.place, node.place))
            near = self._nearest[node.name] = others[:NEAREST]
        return near

    def _tell(self, name: str, action: NodeAction) -> None:
        if isinstance(action, UdpReceived):
            self.arrived += action.local.address != ALL_NODES
            return
        kind = type(action).__name__
        self.told[kind] += 1
        if self._log is not None:
            self._log(self.world.now, name, kind)

    # What happens

    def _happen(self, happening: Happening) -> None:
        world = self.world
        named = [self.nodes[name] for name in self._named(happening.nodes)]
        if self._log is not None:
            self._log(world.now, " ".join(happening.nodes), happening.do)
        self._doers[happening.do](happening, named)

    def _crash(self, happening: Happening, named: list[Inhabitant]) -> None:
        for node in named:
            self.world.crash(node.sim)

    def _restart(self, happening: Happening, named: list[Inhabitant]) -> None:
        for node in named:
            self.world.restart(node.sim)

    def _hold(self, happening: Happening, named: list[Inhabitant]) -> None:
        for node in named:
            self.world.hold(node.sim)

    def _move(self, happening: Happening, named: list[Inhabitant]) -> None:
        for node in named:
            node.place = happening.place
            self.world.move(node.sim, happening.place)
        self._nearest.clear()

    def _attack(self, happening: Happening, named: list[Inhabitant]) -> None:
        attacker = ReplayAttacker(
            self.world,
            happening.place,
            channels=(self.scenario.network.channel,),
            interval=round(1_000_000 / happening.share),
        )
        attacker.start()
        self.attackers.append(attacker)

    def _change(self, happening: Happening, named: list[Inhabitant]) -> None:
        node = named[0]
        parameters = None if node.mesh is None else node.mesh.parameters
        if parameters is None or not node.sim.is_running:
            self._refused(happening, "it is off")
            return
        now = node.sim.now
        try:
            actions = parameters.change(
                happening.parameter, happening.value, delay=happening.delay, now=now
            )
        except FieldOutOfRange as error:
            self._refused(happening, str(error))
            return
        node.sim.take(node.sim.node.carry_out(actions, now=now))

    def _rotate(self, happening: Happening, named: list[Inhabitant]) -> None:
        node = named[0]
        if node.security is None or not node.sim.is_running:
            self._refused(happening, "it is off")
            return
        now = node.sim.now
        changed = node.security.keys.go_on(now=now)
        node.sim.take(list(changed))

    def _refused(self, happening: Happening, why: str) -> None:
        """Take note that something could not happen, as the network is then."""
        self.told["EventRefused"] += 1
        if self._log is not None:
            self._log(self.world.now, happening.nodes[0], f"{happening.do} refused: {why}")

    def _named(self, names: tuple[str, ...]) -> list[str]:
        groups = self.scenario.names
        return [node for name in names for node in groups.get(name, (name,))]


def _address(node: Inhabitant) -> bytes:
    return link_local_of(node.short_address or node.extended_address)
