"""Construct schemas with value classes, compiled to fast codecs."""

from lowpan.schema.constructs import UnsupportedSchema
from lowpan.schema.layout import Layout
from lowpan.schema.nodes import (
    ABSENT,
    Derived,
    Refused,
    Require,
    Scaled,
    little_endian_octets,
    when,
)
from lowpan.schema.regions import Before, Content, EitherForm, IfRoom, Run, Sized

__all__ = [
    "ABSENT",
    "Before",
    "Content",
    "Derived",
    "EitherForm",
    "IfRoom",
    "Layout",
    "Refused",
    "Require",
    "Run",
    "Scaled",
    "Sized",
    "UnsupportedSchema",
    "little_endian_octets",
    "when",
]
