"""Delivery ratios in their other forms: expected transmissions, and the octet of the draft's TLV.

A delivery ratio is the share of frames that arrive, 0..1, in one direction of a link.
"""

from math import inf

PERFECT_IDR = 32
"""Inverse delivery ratio of a link that loses nothing; the octet is in units of 1/32."""
UNUSABLE_IDR = 255


def expected_transmissions(forward: float, backward: float = 1.0) -> float:
    """Return ETX: how often a frame is sent until it has arrived; infinite if it never does.

    `backward` is the delivery ratio of its acknowledgments, if `forward` does not include them.
    """
    both = forward * backward
    return 1 / both if both > 0 else inf


def inverse_delivery_ratio(delivery_ratio: float | None) -> int:
    """Return the octet of a Link Quality TLV, 32..255, of frames that arrive from a neighbour.

    (draft-kelsey-intarea-mesh-link-establishment-06 §7.7.)  255 says that the link is unusable:
    what loses seven of eight frames, or more, and of which nothing is known.
    """
    if delivery_ratio is None or delivery_ratio * UNUSABLE_IDR <= PERFECT_IDR:
        return UNUSABLE_IDR
    return max(PERFECT_IDR, round(PERFECT_IDR / delivery_ratio))


def delivery_ratio_of(incoming_idr: int) -> float:
    """Return the delivery ratio that an octet 0..255 stands for.

    Less than 32, which claims that more arrives than is sent, is taken for perfect.
    """
    if incoming_idr >= UNUSABLE_IDR:
        return 0.0
    return PERFECT_IDR / max(incoming_idr, PERFECT_IDR)
