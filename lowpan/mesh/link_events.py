"""What link establishment tells whoever runs the node, besides what all mesh engines tell."""

from dataclasses import dataclass

from lowpan.mesh.service import MeshNews


@dataclass(frozen=True, slots=True)
class JoinerHeard(MeshNews):
    """Somebody without a key asks for us, or claims to: anybody can have sent it."""

    joiner: bytes
    """Extended address, as it says."""


@dataclass(frozen=True, slots=True)
class MleNotSent(MeshNews):
    """A message was not sealed: no counters are left, no key, or the store failed."""

    reason: str


@dataclass(frozen=True, slots=True)
class LinksNotSaved(MeshNews):
    """A restart now would not know all neighbours; saving is tried again."""

    reason: str
