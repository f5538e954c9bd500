"""Construct schemas with value classes, compiled to fast codecs."""

from lowpan.schema.layout import Layout
from lowpan.schema.nodes import (
    ABSENT,
    Before,
    Content,
    Derived,
    EitherForm,
    ExtendedLength,
    IfRoom,
    Refused,
    Require,
    Run,
    Scaled,
    Sized,
    little_endian_octets,
    when,
)

__all__ = [
    "ABSENT",
    "Before",
    "Content",
    "Derived",
    "EitherForm",
    "ExtendedLength",
    "IfRoom",
    "Layout",
    "Refused",
    "Require",
    "Run",
    "Scaled",
    "Sized",
    "little_endian_octets",
    "when",
]
