"""Construct schemas with value classes, compiled to fast codecs."""

from lowpan.schema.layout import Layout
from lowpan.schema.nodes import (
    ABSENT,
    Before,
    Content,
    Derived,
    ExtendedLength,
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
    "ExtendedLength",
    "Layout",
    "Refused",
    "Require",
    "Run",
    "Scaled",
    "Sized",
    "little_endian_octets",
    "when",
]
