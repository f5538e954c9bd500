"""The IPv6 addresses, groups and contexts of a Thread child: what its place in the mesh gives."""

from lowpan.mesh.service import (
    DropAddress,
    ForgetContext,
    JoinGroup,
    LeaveGroup,
    MeshAction,
    SendVia,
    TakeAddress,
    UseContext,
)
from lowpan.mesh.thread.identity import Identity
from lowpan.mesh.thread.locators import groups_of, routing_locator
from lowpan.mesh.thread.messages import MESH_LOCAL_CONTEXT, registered_address
from lowpan.mesh.thread.settings import ChildSettings
from lowpan.wire.mle_tlvs import AddressRegistration
from lowpan.wire.network_data import (
    BorderRouter,
    NetworkData,
    Prefix,
    PrefixContext,
    contexts_of,
)

_SLAAC_BITS = 64


class ChildAddresses:
    """Which addresses we have; every change comes out as actions for the node.

    The mesh-local address stays, the locator and what network data gives come and go.
    """

    def __init__(self, identity: Identity, settings: ChildSettings) -> None:
        self._identity, self._settings = identity, settings
        self._prefix: bytes | None = None
        self._rloc16: bytes | None = None
        self._taken: dict[bytes, bytes] = {}
        """Link addresses by the IPv6 addresses that we have."""
        self._wanted: list[bytes] = []
        """Addresses that network data gives, in its order."""
        self._contexts: dict[int, PrefixContext] = {}
        self._groups: tuple[bytes, ...] = ()

    @property
    def mesh_local(self) -> bytes | None:
        """Our address that stays the same wherever we are in the mesh, 16 octets."""
        return None if self._prefix is None else self._prefix + self._identity.mesh_local_iid

    @property
    def mesh_local_iid(self) -> bytes:
        """The lower half of it, 8 octets."""
        return self._identity.mesh_local_iid

    @property
    def locator(self) -> bytes | None:
        """Our address that says where we are, None while we are nobody's child."""
        if self._prefix is None or self._rloc16 is None:
            return None
        return routing_locator(self._prefix, self._rloc16)

    def is_ours(self, address: bytes) -> bool:
        """Tell whether `address` (16 octets) is one of ours."""
        return address in self._taken

    def registered(self, *, mesh_local_only: bool = False) -> AddressRegistration | None:
        """Return what the parent shall answer for; None if we do that ourselves."""
        if self._settings.role.is_full_thread_device:
            return None
        prefix = self._prefix or bytes(8)  # context 0 says all, also to whom it is not known yet
        contexts = {MESH_LOCAL_CONTEXT: prefix}
        for context in self._contexts.values():
            if context.compress and context.length == _SLAAC_BITS:
                contexts[context.context_id] = context.prefix[:8]
        mesh_local = prefix + self.mesh_local_iid
        addresses = [mesh_local, *(() if mesh_local_only else self._wanted)]
        return AddressRegistration(tuple(registered_address(one, contexts) for one in addresses))

    def expect(self, prefix: bytes) -> list[MeshAction]:
        """Know the mesh-local prefix of the network that we want to join."""
        return [] if prefix == self._prefix else self._use_prefix(prefix)

    def attach(self, prefix: bytes, rloc16: bytes, parent_rloc16: bytes) -> list[MeshAction]:
        """Be a child with `rloc16` in the network of mesh-local `prefix`."""
        actions = self.expect(prefix)
        self._rloc16 = rloc16
        return [*actions, *self._settle(), SendVia(parent_rloc16)]

    def detach(self) -> list[MeshAction]:
        """Be nobody's child: the locator is no longer ours, other addresses wait for a parent."""
        self._rloc16 = None
        gone = [address for address in self._taken if address not in self._lasting()]
        return [*self._drop(gone), SendVia(None)]

    def take_network_data(self, data: NetworkData) -> list[MeshAction]:
        """Have the contexts and addresses that `data` gives, and no others."""
        self._wanted = self._slaac(data)
        contexts = {one.context_id: one for one in contexts_of(data) if one.context_id}
        actions: list[MeshAction] = [
            ForgetContext(number) for number in self._contexts if number not in contexts
        ]
        actions += [
            UseContext(number, one.prefix, one.length, one.compress)
            for number, one in contexts.items()
            if self._contexts.get(number) != one
        ]
        self._contexts = contexts
        return actions if self._rloc16 is None else [*actions, *self._settle()]

    def _use_prefix(self, prefix: bytes) -> list[MeshAction]:
        actions: list[MeshAction] = [LeaveGroup(group) for group in self._groups]
        actions += self._drop(list(self._taken))
        self._prefix = prefix
        full = self._settings.role.is_full_thread_device
        self._groups = groups_of(prefix, full_thread_device=full)
        actions += [JoinGroup(group) for group in self._groups]
        return [*actions, UseContext(MESH_LOCAL_CONTEXT, prefix + bytes(8), _SLAAC_BITS)]

    def _lasting(self) -> set[bytes]:
        mesh_local = self.mesh_local
        return {*self._wanted, *(() if mesh_local is None else (mesh_local,))}

    def _settle(self) -> list[MeshAction]:
        """Have exactly those addresses that we should, for the short address that we have."""
        locator, rloc16, mesh_local = self.locator, self._rloc16, self.mesh_local
        if locator is None or rloc16 is None or mesh_local is None:
            return []
        wanted = [mesh_local, *self._wanted, locator]
        actions = self._drop([one for one in self._taken if one not in wanted])
        for address in wanted:
            if self._taken.get(address) != rloc16:
                preferred = address != locator
                actions.append(TakeAddress(address, _SLAAC_BITS, rloc16, preferred))
                self._taken[address] = rloc16
        return actions

    def _drop(self, addresses: list[bytes]) -> list[MeshAction]:
        for address in addresses:
            del self._taken[address]
        return [DropAddress(address) for address in addresses]

    def _slaac(self, data: NetworkData) -> list[bytes]:
        """Return one address for each on-mesh prefix that lets us make one, a few at most."""
        addresses = dict[bytes, None]()
        for tlv in data.tlvs:
            if isinstance(tlv.value, Prefix) and _may_make_addresses(tlv.value):
                prefix = tlv.value.prefix
                addresses[prefix + self._identity.iid(prefix)] = None
        return list(addresses)[: self._settings.most_addresses]


def _may_make_addresses(prefix: Prefix) -> bool:
    if prefix.prefix_length != _SLAAC_BITS or prefix.prefix[:1] in {b"\xfe", b"\xff"}:
        return False
    return any(
        entry.control.slaac and entry.control.on_mesh
        for tlv in prefix.tlvs
        if isinstance(tlv.value, BorderRouter)
        for entry in tlv.value.entries
    )
