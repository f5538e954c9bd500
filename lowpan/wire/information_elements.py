"""Lists of information elements and what ends them (IEEE 802.15.4-2020 §7.4.1).

Header IEs stand in the clear and end at a header termination IE or where the frame ends.  Payload
IEs follow only behind HT1; they are encrypted with the payload, so that they are read from the
private payload after decryption.
"""

from dataclasses import dataclass

from construct import GreedyBytes, Struct, obj_

from lowpan.schema import Layout, Run
from lowpan.wire.header_ies import HEADER_IE, ElementId, HeaderIe
from lowpan.wire.payload_ies import PAYLOAD_IE, GroupId, PayloadIe

HEADER_IES = Run(HEADER_IE, last=(obj_.element_id == 0x7E) | (obj_.element_id == 0x7F))
"""Schema of the header IEs of a frame, up to HT1 or HT2."""


@dataclass(slots=True)
class PrivatePayload:
    """Payload of a frame whose header IEs end with HT1, in the clear."""

    payload_ies: tuple[PayloadIe, ...]
    """With the payload termination IE that ends them, if there is one."""
    payload: bytes = b""
    """In a MAC command frame the command identifier and its content."""


PRIVATE_PAYLOAD = Layout(
    PrivatePayload,
    Struct(
        "payload_ies" / Run(PAYLOAD_IE, last=obj_.group_id == 0xF, may_be_left_out=True),
        "payload" / GreedyBytes,
    ),
)


def has_payload_ies(header_ies: tuple[HeaderIe, ...]) -> bool:
    """Tell whether payload IEs follow `header_ies`: whether HT1 ends them."""
    return bool(header_ies) and header_ies[-1].element_id == ElementId.HEADER_TERMINATION_1


def split_payload(header_ies: tuple[HeaderIe, ...], payload: bytes) -> PrivatePayload:
    """Return the payload IEs that `header_ies` announce in the clear `payload`, and the rest.

    Raise MalformedFrame if they do not fit.
    """
    if has_payload_ies(header_ies):
        return PRIVATE_PAYLOAD.decode(payload)
    return PrivatePayload((), payload)


def terminated(
    header_ies: tuple[HeaderIe, ...], private: PrivatePayload
) -> tuple[tuple[HeaderIe, ...], PrivatePayload]:
    """Return `header_ies` and `private`, both without terminations, with those they need.

    HT1 goes before payload IEs, HT2 between header IEs and a payload without payload IEs, a
    payload termination between payload IEs and the payload.  The content of a MAC command is a
    payload.
    """
    if private.payload_ies:
        header_ies = (*header_ies, HeaderIe(ElementId.HEADER_TERMINATION_1))
        if private.payload:
            payload_ies = (*private.payload_ies, PayloadIe(GroupId.PAYLOAD_TERMINATION))
            private = PrivatePayload(payload_ies, private.payload)
    elif header_ies and private.payload:
        header_ies = (*header_ies, HeaderIe(ElementId.HEADER_TERMINATION_2))
    return header_ies, private
