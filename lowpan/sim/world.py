"""A world: nodes, the medium between them, and time."""

from collections.abc import Callable
from random import Random

from lowpan.capture.writer import CaptureWriter
from lowpan.errors import FieldOutOfRange
from lowpan.mac.security import LinkSecurity
from lowpan.mac.service import Acknowledge, Configure, FrameDropped, MeasureEnergy, Transmit
from lowpan.node.node import Node, NodeAction
from lowpan.node.settings import NodeSettings
from lowpan.radio import Fcs, RadioSettings, ReceivedFrame, TransmitOutcome
from lowpan.sim.medium import Medium, MediumSettings
from lowpan.sim.propagation import Position
from lowpan.sim.schedule import Schedule
from lowpan.sim.sim_radio import CAPABILITIES, SimRadio, Transmission

Told = Callable[[NodeAction], None]


class SimNode:
    """A node and its radio; `told` gets what the node has to tell."""

    __slots__ = ("_due", "_schedule", "node", "number", "radio", "told")

    def __init__(self, number: int, node: Node, radio: SimRadio, schedule: Schedule) -> None:
        self.number, self.node, self.radio = number, node, radio
        self.told: Told | None = None
        self._schedule = schedule
        self._due: list[int] = []
        """When we are woken, the next time last: it only has what is earlier than all before."""
        radio.received = self._received
        radio.transmitted = self._transmitted
        radio.energy_measured = self._energy_measured

    def take(self, actions: list[NodeAction]) -> None:
        """Do what the node asks of its radio, pass on what it tells, and wake it in time.

        What a caller's own call of the node returns is to be handed in here.
        """
        for action in actions:
            if isinstance(action, Transmit):
                self.radio.transmit(action.psdu, action.parameters)
            elif isinstance(action, Acknowledge):
                self.radio.acknowledge(action.psdu)
            elif isinstance(action, Configure):
                self.radio.configure(action.settings)
            elif isinstance(action, MeasureEnergy):
                self.radio.measure_energy(action.channel, action.duration_us)
            elif self.told is not None and not isinstance(action, FrameDropped):
                self.told(action)
        deadline = self.node.next_deadline()
        due = self._due
        if deadline is not None and (not due or deadline < due[-1]):
            due.append(deadline)
            self._schedule.at(deadline, self._wake)

    def _wake(self) -> None:
        self._due.pop()
        self.take(self.node.handle_deadline(now=self._schedule.now))

    def _received(self, frame: ReceivedFrame) -> None:
        self.take(self.node.receive_frame(frame, now=self._schedule.now))

    def _transmitted(self, outcome: TransmitOutcome) -> None:
        self.take(self.node.transmit_done(outcome, now=self._schedule.now))

    def _energy_measured(self, dbm: float) -> None:
        self.take(self.node.energy_measured(dbm, now=self._schedule.now))


class World:
    """Nodes in one medium; one seed decides everything that happens."""

    def __init__(self, seed: int = 0, settings: MediumSettings | None = None) -> None:
        self.schedule = Schedule()
        self.nodes: list[SimNode] = []
        self._random = Random(seed)
        self.medium = Medium(self.schedule, self._draw(), settings)

    @property
    def now(self) -> int:
        """Return the present moment, microseconds."""
        return self.schedule.now

    def add_node(
        self,
        settings: RadioSettings,
        position: Position | None = None,
        *,
        security: LinkSecurity | None = None,
        node_settings: NodeSettings | None = None,
        told: Told | None = None,
    ) -> SimNode:
        """Add a node and start it; without a position its links are set in the medium.

        Raises FieldOutOfRange if its link layer counts with other times than the medium.
        """
        node_settings = node_settings or NodeSettings()
        if node_settings.link.timing != self.medium.timing:
            raise FieldOutOfRange("the node's PHY is not the medium's")
        node = Node(settings, CAPABILITIES, self._draw(), security=security, settings=node_settings)
        radio = self.medium.add_radio(position)
        added = SimNode(len(self.nodes), node, radio, self.schedule)
        added.told = told
        self.nodes.append(added)
        added.take(node.start(now=self.now))
        return added

    def connect_all(self, rssi: float = -40.0) -> None:
        """Put all nodes into one room, where each hears each at `rssi` dBm."""
        for number, one in enumerate(self.nodes):
            for other in self.nodes[:number]:
                self.medium.connect(one.radio, other.radio, rssi)

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

    def run_for(self, duration: int) -> None:
        """Let `duration` microseconds pass."""
        self.schedule.run_for(duration)

    def _draw(self) -> Random:
        """Return a generator of its own, so that one node's draws do not move another's."""
        return Random(self._random.getrandbits(64))
