"""What a node is secured by, and what its mesh engine is, as its options say."""

from contextlib import AsyncExitStack
from random import Random
from typing import TYPE_CHECKING

from lowpan.aio.node_options import NodeOptions
from lowpan.aio.securing import NodeSecurity, opened_store
from lowpan.mesh.service import MeshEngine
from lowpan.radio import RadioSettings
from lowpan.store import Store

if TYPE_CHECKING:
    from lowpan.aio.mle_options import MleParts
    from lowpan.mac.security import LinkSecurity
    from lowpan.mesh.thread.child import ThreadChild


class NodeParts:
    """Parts of a node with `options`, whose store is open until `stack` ends."""

    def __init__(
        self,
        options: NodeOptions,
        radio: RadioSettings,
        stack: AsyncExitStack,
        random: Random,
        *,
        now: int,
    ) -> None:
        """Make them for who is as `radio` says; raise StoreError, FieldOutOfRange."""
        self._options, self._stack = options, stack
        self._store: Store | None = None
        self.security: LinkSecurity | None = None
        self.child: ThreadChild | None = None
        self.mle: MleParts | None = None
        extended = radio.extended_address
        assert extended is not None
        if options.thread is not None:
            self.security = options.thread.secures(extended, self.store)
            self.child = options.thread.child(self.security, self.store, random, now=now)
        elif options.mle is not None:
            self.mle = options.mle.parts(
                extended, self.store, random, poll_interval=options.poll_interval, now=now
            )
            self.security = self.mle.link
        elif isinstance(options.security, NodeSecurity):
            self.security = options.security.secures(
                extended, self.store, radio.pan_id, coordinator=options.coordinator
            )
        else:
            self.security = options.security

    @property
    def mesh(self) -> MeshEngine | None:
        """Return the mesh engine, if there is one."""
        return self.child if self.mle is None else self.mle.engine

    @property
    def store(self) -> Store:
        """Return the store, open from the first time on; raise StoreError."""
        if self._store is None:
            self._store = opened_store(self._options.store, self._stack)
        return self._store

    def settle(self, *, now: int) -> None:
        """Before an orderly end: what the next start need not find out; raises StoreError."""
        try:
            for mesh in (self.child, self.mle):
                if mesh is not None:
                    mesh.settle(now=now)
        finally:
            if self.security is not None:
                self.security.settle(now=now)
