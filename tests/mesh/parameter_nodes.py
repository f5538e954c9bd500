"""Nodes that agree on network parameters: channels, loss and clocks, and nothing else."""

from collections.abc import Iterable
from random import Random

from lowpan.mac.service import Configure
from lowpan.mesh.network_parameters import NetworkParameters
from lowpan.mesh.parameter_events import ParameterApplied, ParameterSettings
from lowpan.mesh.service import MeshAction, MeshNews, MleReceived, SendMle
from lowpan.radio import RadioSettings
from lowpan.store import MemoryStore, Store
from lowpan.wire.addresses import iid_of, is_multicast, link_local
from lowpan.wire.mle import MLE_ENVELOPE, MLE_MESSAGE, MleCommand

CHANNEL, PAN_ID = 11, 0xBEEF


class ParameterNode:
    """One node; while `heard` is false it hears nothing, as if asleep or off."""

    def __init__(self, number: int, *, store: Store | None = None) -> None:
        self.number, self.store = number, store or MemoryStore()
        self.address = number.to_bytes(8, "big")
        self.heard = True
        self.told: list[tuple[int, MeshNews]] = []
        self.radio = RadioSettings(
            channel=CHANNEL, pan_id=PAN_ID, extended_address=self.address, promiscuous=False
        )
        self.engine = self.made()

    def made(self) -> NetworkParameters:
        """Return the engine as it is after a start."""
        random = Random(self.number)
        return NetworkParameters(
            random, store=self.store, settings=ParameterSettings(security_level=5)
        )

    @property
    def link_local(self) -> bytes:
        """Return its IPv6 address."""
        return link_local(iid_of(self.address))

    def applied(self, parameter: int) -> list[tuple[int, object]]:
        """Return when a parameter got which value."""
        return [
            (moment, news.value)
            for moment, news in self.told
            if isinstance(news, ParameterApplied) and news.parameter == parameter
        ]


class Parameters:
    """Nodes on a line, each in reach of the next `reach` ones; messages take a millisecond."""

    def __init__(self, count: int, *, reach: int = 2, loss: float = 0.0, seed: int = 1) -> None:
        self.now = 0
        self.nodes = [ParameterNode(number) for number in range(1, count + 1)]
        self.sent: list[tuple[int, SendMle]] = []
        self._reach, self._loss, self._random = reach, loss, Random(seed)
        self._air: list[tuple[int, ParameterNode, int, SendMle]] = []

    def start(self, nodes: Iterable[ParameterNode] | None = None) -> None:
        """Start nodes, all at once."""
        for node in self.nodes if nodes is None else nodes:
            self.take(node, node.engine.start(node.radio, now=self.now))

    def restart(self, node: ParameterNode) -> None:
        """Start a node anew, with what its store has; it was told CHANNEL once."""
        node.engine = node.made()
        self.take(node, node.engine.start(node.radio, now=self.now))

    def take(self, node: ParameterNode, actions: list[MeshAction]) -> None:
        """Do what a node asks."""
        for action in actions:
            match action:
                case SendMle():
                    self.sent.append((self.now, action))
                    self._air.append((self.now + 1000, node, node.radio.channel, action))
                case Configure(settings):
                    node.radio = settings
                case MeshNews():
                    node.told.append((self.now, action))
                case _:
                    raise AssertionError(action)

    def run_until(self, moment: int) -> None:
        """Let time pass."""
        while (due := self._next()) is not None and due <= moment:
            self.now = due
            arriving = [each for each in self._air if each[0] <= due]
            self._air = [each for each in self._air if each[0] > due]
            for _, sender, channel, message in arriving:
                self._arrive(sender, channel, message)
            for node in self.nodes:
                deadline = node.engine.next_deadline()
                if deadline is not None and deadline <= due:
                    self.take(node, node.engine.handle_deadline(now=due))
        self.now = moment

    def _next(self) -> int | None:
        deadlines = [node.engine.next_deadline() for node in self.nodes]
        arrivals = [each[0] for each in self._air]
        return min([*arrivals, *(due for due in deadlines if due is not None)], default=None)

    def _arrive(self, sender: ParameterNode, channel: int, sent: SendMle) -> None:
        for node in self.nodes:
            far = not 0 < abs(node.number - sender.number) <= self._reach
            if far or not node.heard or node.radio.channel != channel:
                continue
            if not is_multicast(sent.destination) and sent.destination != node.link_local:
                continue
            if self._random.random() >= self._loss:
                self.deliver(node, sent, sender.address)

    def deliver(
        self, node: ParameterNode, sent: SendMle, sender: bytes, *, level: int = 5, hops: int = 255
    ) -> None:
        """Give a message to a node, as its link layer would."""
        received = MleReceived(sent.source, sent.destination, hops, sent.payload, sender, level)
        message = MLE_MESSAGE.decode(MLE_ENVELOPE.decode(sent.payload).payload)
        if message.command == MleCommand.UPDATE:
            self.take(node, node.engine.receive_update(message, received, now=self.now))
        else:
            self.take(node, node.engine.receive_update_request(received, now=self.now))
