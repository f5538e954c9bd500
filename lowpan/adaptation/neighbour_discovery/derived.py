"""Link-layer addresses that can be read off a link-local address (RFC 6775 §5.6)."""

from lowpan.wire.addresses import LINK_LOCAL_PREFIX

_SHORT_AT = slice(2, 6)
_SHORT_MARK = bytes.fromhex("00fffe00")
"""Octets 2..5 of an interface identifier that is made of a short address."""
_UNIVERSAL, _GROUP = 0x02, 0x01


def derived_link_address(address: bytes, pan_id: int | None) -> bytes | None:
    """Return the short or extended address that a link-local `address` is made of, if any.

    A short one stands behind 0000:00ff:fe00 (RFC 6282 §3.2.2) or, as Linux and RFC 4944 §6 have
    it, behind our PAN ID with its universal/local bit cleared.  All others are taken as EUI-64,
    which they need not be: who uses the result has to see whether it answers.
    """
    if address[:8] != LINK_LOCAL_PREFIX:
        return None
    iid = address[8:]
    if iid[_SHORT_AT] == _SHORT_MARK:
        prefix = int.from_bytes(iid[:2], "big")
        pan = None if pan_id is None else pan_id & ~(_UNIVERSAL << 8)
        # 100x xxxx: a multicast short address (RFC 4944 §9); 0xFFFE and 0xFFFF are nobody's
        unicast = iid[6] & 0xE0 != 0x80 and iid[6:] < b"\xff\xfe"
        return iid[6:] if unicast and prefix in (0, pan) else None
    extended = bytes((iid[0] ^ _UNIVERSAL,)) + iid[1:]
    return None if extended[0] & _GROUP or not any(iid) else extended
