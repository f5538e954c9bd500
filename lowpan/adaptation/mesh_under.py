"""Forwarding below IPv6 by the mesh header (RFC 4944 §5.2, §11): mesh-under."""

from collections import Counter
from collections.abc import Callable, Sequence
from random import Random

from lowpan.adaptation.broadcast import BroadcastWindows
from lowpan.adaptation.duplicates import Duplicates
from lowpan.adaptation.forwarding import Deliver, Drop, Dropped, Forward
from lowpan.errors import MalformedFrame
from lowpan.mac.service import BROADCAST
from lowpan.wire.broadcast_header import BROADCAST_HEADER, BroadcastHeader
from lowpan.wire.lowpan_headers import DISPATCH, Dispatch
from lowpan.wire.mesh_header import MESH_HEADER, MeshHeader

HOPS_LEFT = 14
"""Hops Left that we originate with: the most that needs no octet of its own.  Thread has 19."""

MeshRoute = Callable[[bytes], bytes | None]
"""From the link-layer address of a final destination to that of the next hop, None if unknown."""
MeshAction = Deliver | Forward | Dropped


class MeshUnder:
    """Takes, forwards and floods payloads with a mesh header, whatever they carry.

    Inputs return the actions that they cause, in order, and never raise for octets from outside.
    `now` is microseconds; `random` draws the first broadcast sequence number.  `addresses` are
    our own, short and extended, and may be assigned anew; the first is our originator address.
    `multicast_addresses` says that short addresses 0x8000 .. 0x9fff are groups (RFC 4944 §9); in
    a Thread network they are routers.
    """

    def __init__(  # noqa: PLR0913  (who we are, where to, and what is remembered)
        self,
        addresses: Sequence[bytes],
        route: MeshRoute,
        random: Random,
        *,
        hops_left: int = HOPS_LEFT,
        multicast_addresses: bool = False,
        windows: BroadcastWindows | None = None,
        duplicates: Duplicates | None = None,
    ) -> None:
        self.addresses = addresses
        self.counts: Counter[str] = Counter()
        """Payloads by what became of them."""
        self._route, self._hops_left = route, hops_left
        self._multicast_addresses = multicast_addresses
        self._windows = BroadcastWindows() if windows is None else windows
        self._sequence_number = random.randrange(256)
        self._duplicates = Duplicates() if duplicates is None else duplicates

    def overhead(self, destination: bytes, source: bytes | None = None) -> int:
        """Return the most octets that originate() puts before a payload."""
        header = MeshHeader.between(source or self.addresses[0], destination, self._hops_left)
        return len(MESH_HEADER.encode(header)) + 2 * self._is_group(destination)

    def next_hop(self, destination: bytes) -> bytes | None:
        """Return the neighbour that originate() would send to, None if there is no route."""
        return BROADCAST if self._is_group(destination) else self._route(destination)

    def originate(
        self, payload: bytes, destination: bytes, source: bytes | None = None
    ) -> Forward | None:
        """Return what to send, and to which neighbour, so that `payload` gets to `destination`.

        None if there is no route.  `source` is the one of our addresses that it is from, by
        default the first.  A neighbour gets it without a mesh header, in a frame from that one.
        """
        source = source or self.addresses[0]
        if self._is_group(destination):
            self._sequence_number = self._sequence_number + 1 & 0xFF
            payload = BROADCAST_HEADER.encode(BroadcastHeader(self._sequence_number)) + payload
        next_hop = self.next_hop(destination)
        if next_hop is None:
            self.counts[Drop.NO_ROUTE.name] += 1
            return None
        self.counts["originated"] += 1
        if next_hop == destination != BROADCAST:
            return Forward(next_hop, payload)
        header = MeshHeader.between(source, destination, self._hops_left)
        return Forward(next_hop, MESH_HEADER.encode(header) + payload)

    def receive_payload(
        self, payload: bytes, source: bytes, destination: bytes, *, now: int
    ) -> list[MeshAction]:
        """Take the payload of a data frame between these MAC addresses (empty if it had none)."""
        actions: list[MeshAction]
        try:
            actions = self._receive(payload, source, destination, now)
        except MalformedFrame as error:
            actions = [Dropped(source, Drop.MALFORMED, str(error))]
        for action in actions:
            name = action.drop.name if isinstance(action, Dropped) else type(action).__name__
            self.counts[name] += 1
        return actions

    def next_deadline(self) -> None:
        """Return None: nothing happens by itself, what is remembered is bounded as it is."""

    def handle_deadline(self, *, now: int) -> list[MeshAction]:
        """Do nothing."""
        return []

    def _receive(
        self, payload: bytes, source: bytes, destination: bytes, now: int
    ) -> list[MeshAction]:
        kind = _dispatch(payload)
        if kind is Dispatch.MESH:
            mesh, used = MESH_HEADER.decode_prefix(payload)
            return self._receive_mesh(mesh, payload[used:], source, now)
        if kind is Dispatch.BC0:  # over one hop only: there is no originator to keep
            broadcast, payload = _broadcast(payload)
            if not self._is_new_broadcast(source, broadcast, source, now):
                return [Dropped(source, Drop.DUPLICATE)]
        return [Deliver(payload, source, destination)]

    def _receive_mesh(
        self, mesh: MeshHeader, body: bytes, source: bytes, now: int
    ) -> list[MeshAction]:
        originator, final = mesh.originator, mesh.final_destination
        broadcast, inner = _broadcast(body)
        if originator in self.addresses:
            return [Dropped(source, Drop.OWN)]
        if originator == BROADCAST:
            raise MalformedFrame("a broadcast address as originator", format="MeshHeader")
        if self._is_group(final):
            return self._flood(mesh, broadcast, body, inner, source, now=now)
        if not self._duplicates.is_new((originator, final, body), source, mesh.hops_left, now=now):
            return [Dropped(source, Drop.DUPLICATE)]
        if final in self.addresses:
            return [Deliver(inner, originator, final)]
        return [self._pass_on(mesh, body, source)]

    def _flood(  # noqa: PLR0913  (headers, what follows them, and where it came from)
        self,
        mesh: MeshHeader,
        broadcast: BroadcastHeader | None,
        body: bytes,
        inner: bytes,
        source: bytes,
        *,
        now: int,
    ) -> list[MeshAction]:
        if not self._is_new_broadcast(mesh.originator, broadcast, source, now):
            return [Dropped(source, Drop.DUPLICATE)]
        deliver = Deliver(inner, mesh.originator, mesh.final_destination)
        if broadcast is None or mesh.hops_left <= 1:
            return [deliver]  # without BC0 nobody could tell one from the next: it is not flooded
        return [deliver, _forward(mesh, BROADCAST, body)]

    def _pass_on(self, mesh: MeshHeader, body: bytes, source: bytes) -> MeshAction:
        # "decremented by each forwarding node before sending", never sent with 0 (§5.2)
        if mesh.hops_left <= 1:
            return Dropped(source, Drop.HOPS_SPENT)
        next_hop = self._route(mesh.final_destination)
        if next_hop is None:
            return Dropped(source, Drop.NO_ROUTE, mesh.final_destination.hex())
        return _forward(mesh, next_hop, body)

    def _is_group(self, address: bytes) -> bool:
        if address == BROADCAST:
            return True
        return self._multicast_addresses and len(address) == 2 and address[0] >> 5 == 0b100

    def _is_new_broadcast(
        self, originator: bytes, header: BroadcastHeader | None, source: bytes, now: int
    ) -> bool:
        if header is None:
            return True
        return self._windows.is_new(originator, header.sequence_number, source, now=now)


def _forward(mesh: MeshHeader, next_hop: bytes, body: bytes) -> Forward:
    header = MeshHeader.between(mesh.originator, mesh.final_destination, mesh.hops_left - 1)
    return Forward(next_hop, MESH_HEADER.encode(header) + body)


def _dispatch(octets: bytes) -> Dispatch | None:
    return DISPATCH[octets[0]] if octets else None


def _broadcast(body: bytes) -> tuple[BroadcastHeader | None, bytes]:
    """Split off a broadcast header; raise MalformedFrame where no payload can follow."""
    broadcast, inner = None, body
    if _dispatch(inner) is Dispatch.BC0:
        broadcast, used = BROADCAST_HEADER.decode_prefix(inner)
        inner = inner[used:]
    if _dispatch(inner) in {None, Dispatch.MESH, Dispatch.BC0}:
        raise MalformedFrame("no payload behind the headers of the mesh", format="LowpanHeaders")
    return broadcast, inner
