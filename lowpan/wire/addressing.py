"""Addresses in the MAC header (IEEE 802.15.4-2020 §7.2)."""

from enum import IntEnum
from typing import Any

from construct import Construct, Switch

from lowpan.schema import ABSENT, Refused, little_endian_octets


class AddressingMode(IntEnum):
    """What address a frame has; 1 is reserved, and a frame that has it is dropped."""

    NONE = 0
    SHORT = 2
    EXTENDED = 3


def address(mode: Any) -> "Construct[Any, Any]":
    """Return the schema of the address that the field `mode` announces, in display order."""
    kinds = {
        0: ABSENT,
        1: Refused("addressing mode 1 is reserved"),
        2: little_endian_octets(2),
        3: little_endian_octets(8),
    }
    return Switch(mode, kinds)
