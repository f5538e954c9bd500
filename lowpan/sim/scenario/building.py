"""A world made of a scenario: nodes with their radios, keys and mesh engines."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from random import Random

from lowpan.mesh.link_establishment import LinkEstablishment
from lowpan.mesh.link_settings import ROUTER, SLEEPER, MeshLinkSettings
from lowpan.mesh.network_parameters import NetworkParameters
from lowpan.mesh.network_security import SECURITY_LEVEL, NetworkSecurity
from lowpan.mesh.parameter_events import ParameterSettings
from lowpan.node.node import Node, NodeAction
from lowpan.node.service import Endpoint
from lowpan.node.settings import NodeSettings
from lowpan.radio import RadioCapability, RadioSettings
from lowpan.sim.node import SimNode
from lowpan.sim.scenario.placing import Place
from lowpan.sim.scenario.plan import Group, Network, Scenario, names_in
from lowpan.sim.world import World
from lowpan.store import MemoryStore

PORT = 61616
"""Of the datagrams that nodes send: the first one that 6LoWPAN has four bits for (RFC 6282)."""

ToldBy = Callable[[str, NodeAction], None]
"""Is called with the name of a node and what it tells."""


@dataclass(slots=True)
class Inhabitant:
    """A node of a scenario: who it is, and what is in it since its last start."""

    name: str
    sim: SimNode
    place: Place
    extended_address: bytes
    short_address: bytes | None
    """2 octets; None: it has none."""
    sleepy: bool
    mesh: LinkEstablishment | None = None
    security: NetworkSecurity | None = None


def inhabitants(scenario: Scenario, world: World, told: ToldBy) -> Iterator[Inhabitant]:
    """Put the nodes of `scenario` into `world`, and yield each."""
    number = 0
    for group in scenario.groups:
        for name, place in zip(names_in(group), group.places, strict=True):
            number += 1
            yield _inhabitant(scenario.network, group, world, (name, place, number), told)


def _inhabitant(
    network: Network, group: Group, world: World, who: tuple[str, Place, int], told: ToldBy
) -> Inhabitant:
    name, place, number = who
    settings = RadioSettings(
        channel=network.channel,
        promiscuous=False,
        pan_id=network.pan_id,
        short_address=number if network.mle else 0xFFFE,
        extended_address=b"\x02" + number.to_bytes(7, "big"),
    )
    boot = _Boot(network, settings, world.draw(), sleepy=group.sleepy)
    drift = world.draw().uniform(-group.drift_ppm, group.drift_ppm)
    sim = world.add(
        boot.node, place, told=lambda action: told(name, action), drift_ppm=round(drift, 3)
    )
    assert settings.extended_address is not None
    short = number.to_bytes(2, "big") if network.mle else None
    made = Inhabitant(name, sim, place, settings.extended_address, short, group.sleepy)
    boot.made_for = made
    made.mesh, made.security = boot.mesh, boot.security
    return made


class _Boot:
    """Makes the engine of a node at its start and at each restart, of what is durable."""

    def __init__(
        self, network: Network, radio: RadioSettings, random: Random, *, sleepy: bool
    ) -> None:
        self.made_for: Inhabitant | None = None
        self.mesh: LinkEstablishment | None = None
        self.security: NetworkSecurity | None = None
        self._network, self._radio, self._random, self._sleepy = network, radio, random, sleepy
        self._store = MemoryStore()

    def node(self, capabilities: RadioCapability) -> Node:
        """Return the engine; its clock begins at 0."""
        self.security = self._secured()
        self.mesh = None if self.security is None else self._meshed(self.security)
        if self.made_for is not None:
            self.made_for.mesh, self.made_for.security = self.mesh, self.security
        node = Node(
            self._radio,
            capabilities,
            self._draw(),
            security=None if self.security is None else self.security.link,
            settings=NodeSettings(routers=False),
            mesh=self.mesh,
        )
        node.open_port(Endpoint(b"", PORT))
        return node

    def _secured(self) -> NetworkSecurity | None:
        network, extended = self._network, self._radio.extended_address
        if network.network_key is None or extended is None:
            return None
        return NetworkSecurity(
            network.network_key, extended, self._store, now=0, rotation_hours=network.rotation_hours
        )

    def _meshed(self, security: NetworkSecurity) -> LinkEstablishment | None:
        if not self._network.mle:
            return None
        parameters = NetworkParameters(
            self._draw(), store=self._store, settings=ParameterSettings(SECURITY_LEVEL)
        )
        return LinkEstablishment(
            security.mle,
            self._draw(),
            link_security=security.link,
            keys=security.keys,
            parameters=parameters,
            store=self._store,
            settings=MeshLinkSettings.paced(
                self._network.advertise, SLEEPER if self._sleepy else ROUTER
            ),
        )

    def _draw(self) -> Random:
        return Random(self._random.getrandbits(64))
