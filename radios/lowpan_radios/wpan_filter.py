"""Filters that the kernel runs on each frame before it wakes us: classic BPF (socket(7))."""

import struct
from array import array
from socket import SOL_SOCKET, socket

from lowpan.radio import RadioSettings

SO_ATTACH_FILTER = 26
LOAD_OCTET, LOAD_HALF, LOAD_WORD = 0x30, 0x28, 0x20
AND, JUMP_EQUAL, JUMP_GREATER, RETURN = 0x54, 0x15, 0x25, 0x06
PACKET_TYPE = 0xFFFFF004
"""Where BPF finds what the kernel says of a frame: SKF_AD_OFF + SKF_AD_PKTTYPE."""
PACKET_OTHERHOST, PACKET_OUTGOING = 3, 4
WHOLE = 0x40000
"""Octets to let pass of a frame: all."""

Step = tuple[int, str | int, str | int, int]
"""Operation, where to go if it holds and if not (`accept`, `drop`, or steps to skip), operand."""
Instruction = tuple[int, int, int, int]
"""Operation, steps to skip if it holds and if not, operand (struct sock_filter)."""


def assembled(steps: list[Step]) -> list[Instruction]:
    """Return the instructions of `steps`; who comes to their end is accepted."""
    ends = {"accept": len(steps), "drop": len(steps) + 1}

    def skipped(at: int, to: str | int) -> int:
        return ends[to] - at - 1 if isinstance(to, str) else to

    instructions = [
        (operation, skipped(at, then), skipped(at, otherwise), operand)
        for at, (operation, then, otherwise, operand) in enumerate(steps)
    ]
    return [*instructions, (RETURN, 0, 0, WHOLE), (RETURN, 0, 0, 0)]


def node_program() -> list[Instruction]:
    """Return what leaves out our own transmissions, and frames for others."""
    return assembled(
        [
            (LOAD_OCTET, 0, 0, PACKET_TYPE),
            (JUMP_EQUAL, "drop", 0, PACKET_OUTGOING),
            (JUMP_EQUAL, "drop", 0, PACKET_OTHERHOST),
        ]
    )


def monitor_program(settings: RadioSettings) -> list[Instruction]:
    """Return what leaves out frames that are surely for others, unless promiscuous.

    It sees PAN ID and address of the destination in versions 0 and 1; whatever is of another
    form, or has no destination, is left to the filter behind it.
    """
    if settings.promiscuous:
        return assembled([])
    return assembled(
        [
            (LOAD_OCTET, 0, 0, 0),
            (AND, 0, 0, 0x07),
            (JUMP_GREATER, "accept", 0, 3),
            (JUMP_EQUAL, "accept", 0, 2),  # we may be waiting for it
            (LOAD_OCTET, 0, 0, 1),
            (AND, 0, 0, 0x20),
            (JUMP_EQUAL, "accept", 0, 0x20),
            (LOAD_OCTET, 0, 0, 1),
            (AND, 0, 0, 0x0C),
            (JUMP_EQUAL, "accept", 0, 0x00),
            (JUMP_EQUAL, "accept", 0, 0x04),
            *_in_pan(settings.pan_id),
            *_to(settings.short_address, settings.extended_address),
        ]
    )


def _in_pan(pan_id: int) -> list[Step]:
    """Return what drops frames to other PANs."""
    if pan_id == 0xFFFF:
        return []
    swapped = int.from_bytes(pan_id.to_bytes(2, "little"), "big")
    return [
        (LOAD_HALF, 0, 0, 3),
        (JUMP_EQUAL, 1, 0, swapped),
        (JUMP_EQUAL, 0, "drop", 0xFFFF),
    ]


def _to(short: int, extended: bytes | None) -> list[Step]:
    """Return what drops frames to other addresses."""
    swapped = int.from_bytes(short.to_bytes(2, "little"), "big")
    own = (extended or bytes(8))[::-1]  # as on air
    ours = "accept" if extended is not None else "drop"
    return [
        (LOAD_OCTET, 0, 0, 1),
        (AND, 0, 0, 0x0C),
        (JUMP_EQUAL, 3, 0, 0x0C),
        (LOAD_HALF, 0, 0, 5),
        (JUMP_EQUAL, "accept", 0, 0xFFFF),
        (JUMP_EQUAL, "accept", "drop", swapped),
        (LOAD_WORD, 0, 0, 5),
        (JUMP_EQUAL, 0, "drop", int.from_bytes(own[:4], "big")),
        (LOAD_WORD, 0, 0, 9),
        (JUMP_EQUAL, ours, "drop", int.from_bytes(own[4:], "big")),
    ]


def attach(program: list[Instruction], to: socket) -> None:
    """Have the kernel run `program` on each frame for the socket; raises OSError."""
    code = array("B", b"".join(struct.pack("=HBBI", *step) for step in program))
    address, _ = code.buffer_info()
    to.setsockopt(SOL_SOCKET, SO_ATTACH_FILTER, struct.pack("@HP", len(program), address))
