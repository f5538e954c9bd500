"""A coordinator and its devices in the simulator's medium."""

from dataclasses import replace
from typing import TYPE_CHECKING, TypeVar

from lowpan.mac.link_layer import LinkSettings
from lowpan.mac.management_service import ManagementSettings
from lowpan.mac.membership import JoinPlan
from lowpan.mac.security import LinkSecurity
from lowpan.node.service import EchoReplied
from lowpan.node.settings import NodeSettings
from lowpan.sim.world import SimNode, World
from lowpan.wire.icmpv6 import Echo
from tests.sim.nodes import settings_of

if TYPE_CHECKING:
    from lowpan.node.node import NodeAction

SECOND = 1_000_000
COORDINATOR = ManagementSettings(coordinator=True)
DEVICE = ManagementSettings(device=True)
Kind = TypeVar("Kind")


class Pans:
    """Nodes with a role each, number 0 the coordinator; `told` has what each has told."""

    def __init__(
        self,
        *roles: ManagementSettings,
        security: tuple[LinkSecurity | None, ...] = (None,) * 8,
        seed: int = 0,
        bare: bool = False,
    ) -> None:
        self.world = World(seed)
        self.told: list[list[NodeAction]] = [[] for _ in roles]
        for number, role in enumerate(roles):
            radio = settings_of(number)
            if role.device:
                radio = replace(radio, pan_id=0xFFFF, short_address=0xFFFF)
            self.world.add_node(
                radio,
                security=security[number],
                node_settings=NodeSettings(
                    routers=False,
                    management=role,
                    link=LinkSettings(duplicate_window=10 * SECOND),
                ),
                told=self.told[number].append,
                bare=bare,
            )
        self.world.connect_all()
        self.permit(None)

    def node(self, number: int) -> SimNode:
        """Return one of them."""
        return self.world.nodes[number]

    def permit(self, duration: int | None) -> None:
        """Let devices join number 0, if it is a coordinator."""
        management = self.node(0).node.management
        if management.pan is not None:
            management.permit_joining(duration, now=self.world.now)

    def join(self, number: int = 1, seconds: float = 3) -> None:
        """Let a device look for a PAN."""
        node, now = self.node(number).node, self.world.now
        asked = node.management.join(JoinPlan((15,)), now=now)
        self.node(number).take(node.manage(asked, now=now))
        self.run(seconds)

    def run(self, seconds: float) -> None:
        """Let time pass."""
        self.world.run_for(round(seconds * SECOND))

    def ping(self, number: int, destination: bytes, sequence: int, size: int = 56) -> None:
        """Ask for an echo."""
        node = self.node(number)
        echo = Echo(7, sequence, bytes(size))
        node.take(node.node.send_echo_request(echo, destination, now=self.world.now))

    def answered(self, number: int) -> list[int]:
        """Return the sequence numbers of the echoes that came back."""
        return [reply.sequence_number for reply in self.of(number, EchoReplied)]

    def of(self, number: int, kind: type[Kind]) -> list[Kind]:
        """Return what one has told, of one kind."""
        return [action for action in self.told[number] if isinstance(action, kind)]

    def link_local(self, number: int) -> bytes:
        """Return the address that one is known by: that of its short address."""
        return next(iter(self.node(number).node.own)).address
