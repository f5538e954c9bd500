"""How decoded frames show themselves: structure in full, longer runs of octets by their count.

What a frame carries in clear once it is decrypted may be a key: datasets travel in MLE, in CoAP,
and in the ICMPv6 errors that quote them.  So nothing that is long enough to hold one is shown.
"""

from dataclasses import fields, is_dataclass
from typing import Any, cast

from lowpan.wire.addresses import format_ipv6
from lowpan.wire.secret import Secret

MOST_SHOWN = 8
"""Octets shown one by one at most: an extended address, half a key."""

_IPV6_ADDRESSES = frozenset(
    {"source", "destination", "target_address", "destination_address", "registered_address"}
)


def shown(value: Any, name: str = "") -> str:
    """Return what `repr()` gives, without the octets; `name` is the field that has the value."""
    if isinstance(value, bytes):
        return _octets(value, name)
    if is_dataclass(value) and not isinstance(value, type):
        parts = ((field.name, getattr(value, field.name)) for field in fields(value))
        told = [f"{name}={shown(part, name)}" for name, part in parts]
        return f"{type(value).__name__}({', '.join(told)})"
    if isinstance(value, tuple):
        told = [shown(part) for part in cast("tuple[object, ...]", value)]
        return f"({', '.join(told)}{',' * (len(told) == 1)})"
    return repr(value)


def _octets(octets: bytes, name: str) -> str:
    if isinstance(octets, Secret):
        return repr(octets)
    if len(octets) <= MOST_SHOWN:
        return octets.hex() or "b''"
    if len(octets) == 16 and name in _IPV6_ADDRESSES:
        return format_ipv6(octets)
    return f"<{len(octets)} octets>"
