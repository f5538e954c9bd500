"""Interface identifiers of a node: opaque, and the same after each restart (RFC 7217)."""

from hashlib import sha256
from random import Random

from lowpan.errors import StoreError
from lowpan.store import Store

_NAME = "thread/identity"
_IID_OCTETS, _SECRET_OCTETS = 8, 16
_RESERVED = bytes.fromhex("000000fffe")
"""How the interface identifiers of locators begin: no other address may look like one."""


class Identity:
    """A random identifier for the mesh, and others made of a secret for further prefixes."""

    def __init__(self, store: Store, random: Random) -> None:
        """Take what `store` has, or make both up and keep them; raise StoreError."""
        saved = store.load(_NAME)
        if saved is None:
            saved = _opaque(random) + random.randbytes(_SECRET_OCTETS)
            store.save(_NAME, saved)
        if len(saved) != _IID_OCTETS + _SECRET_OCTETS:
            raise StoreError(f"{_NAME} has {len(saved)} octets: not from here")
        self.mesh_local_iid, self._secret = saved[:_IID_OCTETS], saved[_IID_OCTETS:]

    def iid(self, prefix: bytes) -> bytes:
        """Return the interface identifier for `prefix` (8 octets), which tells nothing of us."""
        counter = 0
        while True:
            made = sha256(self._secret + prefix + bytes((counter,))).digest()[:_IID_OCTETS]
            if not made.startswith(_RESERVED):
                return made
            counter += 1


def _opaque(random: Random) -> bytes:
    while True:
        iid = random.randbytes(_IID_OCTETS)
        if not iid.startswith(_RESERVED):
            return iid
