"""Header IEs by hand, for the frames of reference_ieee802154."""

from struct import Struct
from typing import Any

from lowpan.errors import MalformedFrame
from lowpan.wire.header_ies import Csl, HeaderIe, RendezvousTime, TimeCorrection, VendorSpecific

_VENDOR, _CSL, _RENDEZVOUS, _CORRECTION = 0x00, 0x1A, 0x1D, 0x1E
_HEAD = Struct("<H").pack
_ONE, _TWO, _THREE = Struct("<H"), Struct("<HH"), Struct("<HHH")


def decode_header_ies(psdu: bytes, at: int, end: int) -> tuple[tuple[HeaderIe, ...], int]:
    """Return the header IEs in `psdu` from `at` on, and where they end: at HT1, HT2 or `end`."""
    found: list[HeaderIe] = []
    while at < end:
        start = at + 2
        if start > end:
            raise MalformedFrame("half a head", format="HeaderIe")
        head = psdu[at] | psdu[at + 1] << 8
        kind, at = head >> 7, start + (head & 0x7F)
        if at > end or kind > 0xFF:
            raise MalformedFrame("no header IE, or cut short", format="HeaderIe")
        if kind == _CSL and at - start == 4:
            found.append(HeaderIe(kind, Csl(*_TWO.unpack_from(psdu, start))))
        else:
            found.append(HeaderIe(kind, _content(kind, psdu[start:at])))
            if kind in (0x7E, 0x7F):
                break
    return tuple(found), at


def _content(kind: int, octets: bytes) -> Any:
    size = len(octets)
    if kind == _VENDOR and size >= 3:
        return VendorSpecific(octets[2::-1], octets[3:])
    if kind == _CSL and size == 6:
        return Csl(*_THREE.unpack(octets))
    if kind == _RENDEZVOUS and size in (2, 4):
        return RendezvousTime(*(_ONE if size == 2 else _TWO).unpack(octets))
    if kind == _CORRECTION and size == 2:
        (raw,) = _ONE.unpack(octets)
        return TimeCorrection(((raw & 0xFFF) ^ 0x800) - 0x800, raw >= 0x8000, raw >> 12 & 7)
    return octets


def encode_header_ies(header_ies: tuple[HeaderIe, ...]) -> bytes:
    """Return the octets of `header_ies`; raise whatever shows that one does not fit."""
    octets = b""
    for ie in header_ies:
        content, kind = ie.content, ie.element_id
        if not isinstance(content, bytes):
            content = _octets(kind, content)
        size = len(content)
        if size > 0x7F or kind > 0xFF:
            raise ValueError("header IE")
        octets += _HEAD(kind << 7 | size) + content
    return octets


def _octets(kind: int, content: Any) -> bytes:
    match content:
        case Csl(phase, period, None) if kind == _CSL:
            return _TWO.pack(phase, period)
        case Csl(phase, period, rendezvous) if kind == _CSL:
            return _THREE.pack(phase, period, rendezvous)
        case RendezvousTime(time, None) if kind == _RENDEZVOUS:
            return _ONE.pack(time)
        case RendezvousTime(time, interval) if kind == _RENDEZVOUS:
            return _TWO.pack(time, interval)
        case VendorSpecific(oui, information) if kind == _VENDOR and len(oui) == 3:
            return oui[::-1] + information
        case TimeCorrection(time, nack, reserved) if kind == _CORRECTION:
            if not -0x800 <= time < 0x800 or reserved >> 3:
                raise ValueError("time correction")
            return _ONE.pack(time & 0xFFF | reserved << 12 | (0x8000 if nack else 0))
        case _:
            raise ValueError("content of another kind")
