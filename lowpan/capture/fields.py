"""Every field by its name: what `lowpan fields` lists and what -e and -T json can give."""

from difflib import get_close_matches

from lowpan.capture import (
    fields_frame,
    fields_icmpv6,
    fields_ipv6,
    fields_lowpan,
    fields_mac,
    fields_mac_content,
    fields_mle,
    fields_thread,
)
from lowpan.capture.field import Field, within
from lowpan.errors import LowpanError

ALL_FIELDS: tuple[Field, ...] = (
    *fields_frame.FRAME,
    *fields_mac.HEADER,
    *fields_mac.SECURITY,
    *within("frame", fields_mac.ELEMENTS),
    *within("beacon", fields_mac_content.BEACONS),
    *within("command", fields_mac_content.COMMANDS),
    *within("thread_beacon", fields_thread.BEACON),
    *fields_lowpan.BEFORE_IPV6,
    *within("compressed", fields_lowpan.COMPRESSED),
    *within("datagram", fields_ipv6.IPV6),
    *within("datagram", fields_icmpv6.ICMPV6),
    *within("datagram.icmpv6", fields_icmpv6.NEIGHBOUR_DISCOVERY, fields_icmpv6.OPTIONS),
    *within("mle", fields_mle.MESSAGE, fields_mle.DRAFT, fields_mle.THREAD, fields_mle.NEWER),
    *within("mle", fields_thread.NETWORK_DATA, fields_thread.MESHCOP),
    *fields_frame.LOWPAN,
)
"""In the order in which they stand in a frame."""

_ON_REQUEST = {"udp.payload", "lowpan.icmpv6.body", "frame.time_delta"}

DEFAULT_FIELDS: tuple[Field, ...] = tuple(
    field for field in ALL_FIELDS if field.name not in _ON_REQUEST
)
"""What -T json gives unasked.  Payloads in clear may hold a dataset, and so a key."""

FIELDS: dict[str, Field] = {field.name: field for field in ALL_FIELDS}


class UnknownField(LowpanError):
    """A name that is no field's."""


def find_field(name: str) -> Field:
    """Return the field called `name`; raise UnknownField, which says what it might have been."""
    if name in FIELDS:
        return FIELDS[name]
    near = get_close_matches(name, FIELDS, n=3)
    hint = f"; near it are {', '.join(near)}" if near else ""
    raise UnknownField(f"{name} is no field{hint}")


def fields_like(text: str) -> list[Field]:
    """Return the fields whose name or description contains `text`, whatever its case."""
    text = text.lower()
    return [
        field
        for field in ALL_FIELDS
        if text in field.name.lower() or text in field.description.lower()
    ]
