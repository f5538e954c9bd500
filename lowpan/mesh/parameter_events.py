"""What network parameters tell, and are told once."""

from collections.abc import Collection
from dataclasses import dataclass

from lowpan.mesh.parameter_schedule import Value
from lowpan.mesh.service import MeshNews
from lowpan.radio import CHANNELS_2450


@dataclass(frozen=True, slots=True)
class ParameterScheduled(MeshNews):
    """The network will have another value."""

    parameter: int
    """See ParameterId."""
    value: Value
    moment: int
    """Microseconds: when."""


@dataclass(frozen=True, slots=True)
class ParameterApplied(MeshNews):
    """The network has this value now, as far as we know."""

    parameter: int
    value: Value


@dataclass(frozen=True, slots=True)
class ParametersNotSaved(MeshNews):
    """A crash now would lose what we know of changes; saving is tried again."""

    reason: str


@dataclass(frozen=True, slots=True)
class ParameterSettings:
    """What network parameters are told once."""

    security_level: int = 0
    """The least that the link layer must have done for messages that we believe: that of the
    network's data frames; 0 where nothing is secured, and anybody may say anything."""
    channels: Collection[int] = CHANNELS_2450
    """Where the network may go, and is looked for."""
