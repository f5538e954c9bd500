"""A world: nodes, the medium between them, and time."""

from collections.abc import Callable, Coroutine
from random import Random
from typing import Any, TypeVar

from lowpan.capture.writer import CaptureWriter
from lowpan.errors import FieldOutOfRange
from lowpan.mac.security import LinkSecurity
from lowpan.mesh.service import MeshEngine
from lowpan.node.node import Node
from lowpan.node.settings import NodeSettings
from lowpan.radio import Fcs, RadioCapability, RadioSettings, ReceivedFrame
from lowpan.sim.digest import RunDigest
from lowpan.sim.faults import Faults
from lowpan.sim.medium import Medium, MediumSettings
from lowpan.sim.node import Boot, SimNode, Told
from lowpan.sim.propagation import Position
from lowpan.sim.schedule import Schedule
from lowpan.sim.sim_radio import SimRadio, Transmission
from lowpan.sim.transceiver import Transceiver

Value = TypeVar("Value")


class World(Faults):
    """Nodes in one medium; one seed decides everything that happens."""

    def __init__(
        self,
        seed: int = 0,
        settings: MediumSettings | None = None,
        *,
        schedule: Schedule | None = None,
    ) -> None:
        """Begin with nothing; worlds of one `schedule` share their time."""
        self.schedule = Schedule() if schedule is None else schedule
        self.nodes: list[SimNode] = []
        self._random = Random(seed)
        medium = Medium(self.schedule, self.draw(), settings)
        self._digest = RunDigest()
        medium.judged = self._digest.judged
        super().__init__(medium, self.draw())

    @property
    def now(self) -> int:
        """Return the present moment, microseconds."""
        return self.schedule.now

    @property
    def digest(self) -> str:
        """Return the fingerprint of all that was on air so far: equal for equal runs."""
        return self._digest.hexdigest()

    # Nodes

    def add_node(  # noqa: PLR0913  (each with its default)
        self,
        settings: RadioSettings,
        position: Position | None = None,
        *,
        security: LinkSecurity | Callable[[], LinkSecurity] | None = None,
        node_settings: NodeSettings | None = None,
        mesh: Callable[[Random], MeshEngine] | None = None,
        told: Told | None = None,
        bare: bool = False,
        drift_ppm: float = 0.0,
    ) -> SimNode:
        """Add a node and start it; without a position its links are set in the medium.

        To be restarted, a node with keys needs for `security` what makes it of what is durable;
        `mesh` makes its mesh engine, at each start.  The others are those of add().
        """
        random = self.draw()
        started: list[Node] = []

        def boot(capabilities: RadioCapability) -> Node:
            made = security
            if isinstance(made, LinkSecurity) and started:
                raise FieldOutOfRange("a node restarts with security that is made anew, not given")
            if made is not None and not isinstance(made, LinkSecurity):
                made = made()
            node = Node(
                settings,
                capabilities,
                random,
                security=made,
                settings=node_settings,
                mesh=None if mesh is None else mesh(random),
            )
            started[:] = [node]
            return node

        return self.add(boot, position, told=told, bare=bare, drift_ppm=drift_ppm)

    def add(
        self,
        boot: Boot,
        position: Position | None = None,
        *,
        told: Told | None = None,
        bare: bool = False,
        drift_ppm: float = 0.0,
    ) -> SimNode:
        """Add the node that `boot` makes for a radio of such capabilities, and start it.

        With `bare`, its radio leaves CSMA-CA, acknowledgments and repetitions to the link layer;
        others do as most hardware does.  `drift_ppm` is how much too fast its clock is.  Raises
        FieldOutOfRange if its link layer counts with other times than the medium.
        """
        radio = self.add_radio(position, bare=bare)
        node = SimNode(len(self.nodes), boot, radio, self.schedule, told=told, drift_ppm=drift_ppm)
        node.start()
        if node.node.link.settings.timing != self.medium.timing:
            raise FieldOutOfRange("the node's PHY is not the medium's")
        self.nodes.append(node)
        return node

    def add_radio(self, position: Position | None = None, *, bare: bool = False) -> SimRadio:
        """Add a radio without a node: for who listens, disturbs, or brings an engine of its own."""
        return self.medium.add_radio(position) if bare else self.add_transceiver(position)

    def add_transceiver(self, position: Position | None = None) -> Transceiver:
        """Add a radio that does as most hardware does, without a node."""
        number, power = len(self.medium.radios), self.medium.settings.transmit_power
        return self.medium.add(Transceiver(self.medium, number, power, self.draw()), position)

    def move(self, node: SimNode, position: Position) -> None:
        """Put a node somewhere else: its links follow."""
        self.medium.place(node.radio, position)

    def connect_all(self, rssi: float = -40.0) -> None:
        """Put all nodes into one room, where each hears each at `rssi` dBm."""
        for number, one in enumerate(self.nodes):
            for other in self.nodes[:number]:
                self.medium.connect(one.radio, other.radio, rssi)

    # Time

    def run_for(self, duration: int) -> None:
        """Let `duration` microseconds pass."""
        self.schedule.run_for(duration)

    def run(self, main: Coroutine[Any, Any, Value]) -> Value:
        """Run an asyncio program in the time of this world, and return what it returns.

        In it sleeping, timeouts and the loop's clock are those of the world, and nobody waits for
        real.  It uses no sockets, processes or signals.
        """
        from lowpan.sim.loop import run_in_time_of  # noqa: PLC0415  (asyncio, if it is wanted)

        return run_in_time_of(self.schedule, main)

    # What is seen from outside

    def trace(self, writer: CaptureWriter) -> None:
        """Write every frame, once, when it has ended; time 0 is 1970."""

        def write(transmission: Transmission) -> None:
            writer.write(
                ReceivedFrame(
                    transmission.psdu,
                    Fcs.ABSENT,
                    time_ns=transmission.end * 1000,
                    channel=transmission.channel,
                    page=transmission.sender.settings.page,
                )
            )

        self.medium.on_air = write

    def draw(self) -> Random:
        """Return a generator of its own, so that one node's draws do not move another's."""
        return Random(self._random.getrandbits(64))
