"""For whom a frame is, as far as a radio finds out before anything is decoded."""

_DESTINATION, _SOURCE = 0x0C, 0xC0
_BOTH_EXTENDED = 0xCC


def destination_of(psdu: bytes) -> bytes | None:
    """Return the destination address, in display order.

    None if there is none, or if the frame is of a kind that every receiver looks at itself.
    """
    at = _destination_at(psdu)
    if not at:
        return None
    octets = 2 if psdu[1] & _DESTINATION == 0x08 else 8
    return psdu[at + octets - 1 : at - 1 : -1] if len(psdu) >= at + octets else None


def pan_id_of(psdu: bytes) -> bytes | None:
    """Return the destination PAN ID in the order of the air, None if there is none."""
    at = _destination_at(psdu)
    return psdu[at - 2 : at] if at and _has_pan_id(psdu) else None


def _destination_at(psdu: bytes) -> int:
    """Return where the destination address begins, 0 if there is none (§7.2.2)."""
    if len(psdu) < 7 or psdu[0] & 4 or psdu[1] & _DESTINATION < 0x08:
        return 0
    version = psdu[1] & 0x30
    if version < 0x20:
        return 5
    if version > 0x20:
        return 0
    return 2 + (not psdu[1] & 1) + 2 * _has_pan_id(psdu)


def _has_pan_id(psdu: bytes) -> bool:
    """Tell whether the PAN ID stands before the destination address (table 7-2)."""
    second = psdu[1]
    if second & 0x30 < 0x20 or not psdu[0] & 0x40:
        return True
    return bool(second & _SOURCE) and second & _BOTH_EXTENDED != _BOTH_EXTENDED
