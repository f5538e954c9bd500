"""MAC frames of types 0..3 by hand: the yardstick for the codec that is compiled from FRAME.

Written to be as fast as a person would still write it, with the checks of the schema.  A frame
control alone decides where every field before the security header stands, so that a table, filled
as frames come, leads from its number to the places; the first octet of a security header does the
same for that header.
"""

from collections.abc import Callable
from struct import Struct
from struct import error as StructError  # noqa: N812 - it is a class
from typing import TYPE_CHECKING, NamedTuple, NoReturn

from lowpan.errors import FieldOutOfRange, MalformedFrame
from lowpan.wire.ieee802154 import Frame, FrameControl
from lowpan.wire.security_header import AuxiliarySecurityHeader, SecurityControl
from tests.benchmarks.reference_header_ies import decode_header_ies, encode_header_ies

if TYPE_CHECKING:
    from lowpan.wire.header_ies import HeaderIe

_ADDRESS_OCTETS = {0: 0, 2: 2, 3: 8}
_U16, _NUMBERED = Struct("<H").pack, Struct("<HB").pack
_COUNTER_AND_INDEX = Struct("<IB").unpack_from
_CONTROL_COUNTER_AND_INDEX = Struct("<BIB").pack


class _Shape(NamedTuple):
    """Where fields stand, in octets from the start; 0 or None for what is absent."""

    control: FrameControl
    sequence_number: int
    destination_pan_id: int
    destination: slice | None
    source_pan_id: int
    source: slice | None
    end: int
    """Where the security header, the header IEs or the payload begin."""
    secured: bool
    ie_present: bool


class _Header(NamedTuple):
    """What the encoder needs to know of a shape."""

    number: int
    destination_octets: int
    source_octets: int
    secured: bool
    ie_present: bool
    usual: Callable[..., bytes] | None
    """Packs number, sequence number, destination PAN ID and two addresses; None for others."""
    shape: _Shape


class _Suite(NamedTuple):
    """What a security control says: the length of the MIC and of the security header."""

    control: SecurityControl
    mic_octets: int
    octets: int
    usual: bool
    """A frame counter and a key index follow, and nothing else."""


def _suite(first: int) -> _Suite:
    mode, suppressed = first >> 3 & 3, bool(first & 0x20)
    control = SecurityControl(first & 7, mode, suppressed, bool(first & 0x40), bool(first & 0x80))
    octets = (1 if suppressed else 5) + (0, 1, 5, 9)[mode]
    return _Suite(control, (0, 4, 8, 16)[first & 3], octets, mode == 1 and not suppressed)


_SUITES = tuple(_suite(first) for first in range(256))
_SUITE_NUMBERS = {id(suite.control): first for first, suite in enumerate(_SUITES)}
_HEADERS: dict[int, _Header] = {}
"""id() of each control that a shape holds, and so keeps -> what to write."""


class _Shapes(dict[int, _Shape]):
    """Number of a frame control -> shape of its frames."""

    def __missing__(self, number: int) -> _Shape:
        shape = self[number] = _shape(number)
        control = shape.control
        to = _ADDRESS_OCTETS[control.destination_addressing_mode]
        by = _ADDRESS_OCTETS[control.source_addressing_mode]
        usual = shape.sequence_number and shape.destination_pan_id and to and by
        pack = Struct(f"<HBH{to}s{by}s").pack if usual and not shape.source_pan_id else None
        _HEADERS[id(control)] = _Header(
            number, to, by, shape.secured, shape.ie_present, pack, shape
        )
        return shape


_SHAPES = _Shapes()


def _shape(number: int) -> _Shape:
    control = FrameControl(
        frame_type=number & 7,
        security_enabled=bool(number & 0x0008),
        frame_pending=bool(number & 0x0010),
        acknowledgment_request=bool(number & 0x0020),
        pan_id_compression=bool(number & 0x0040),
        reserved=bool(number & 0x0080),
        sequence_number_suppression=bool(number & 0x0100),
        ie_present=bool(number & 0x0200),
        destination_addressing_mode=number >> 10 & 3,
        frame_version=number >> 12 & 3,
        source_addressing_mode=number >> 14,
    )
    version, to = control.frame_version, control.destination_addressing_mode
    by, compressed = control.source_addressing_mode, control.pan_id_compression
    if control.frame_type > 3 or version == 3 or 1 in (to, by):
        raise MalformedFrame(f"no frame has the frame control {number:#06x}", format="Frame")
    if version < 2:
        if compressed and not (to and by):
            raise MalformedFrame("PAN ID compression needs two addresses", format="Frame")
        return _place(control, to_pan=to != 0, by_pan=by != 0 and not compressed)
    if to and by and (to, by) != (3, 3):
        return _place(control, to_pan=True, by_pan=not compressed)
    if to or by:  # one address or two extended ones: one PAN ID, left out if compressed
        one = not compressed
        return _place(control, to_pan=to != 0 and one, by_pan=to == 0 and one)
    return _place(control, to_pan=compressed, by_pan=False)


def _place(control: FrameControl, *, to_pan: bool, by_pan: bool) -> _Shape:
    version_2 = control.frame_version == 2
    numbered = not (version_2 and control.sequence_number_suppression)
    to_pan_at = 3 if numbered else 2
    to_at = to_pan_at + (2 if to_pan else 0)
    by_pan_at = to_at + _ADDRESS_OCTETS[control.destination_addressing_mode]
    by_at = by_pan_at + (2 if by_pan else 0)
    end = by_at + _ADDRESS_OCTETS[control.source_addressing_mode]
    return _Shape(
        control,
        2 if numbered else 0,
        to_pan_at if to_pan else 0,
        slice(by_pan_at - 1, to_at - 1, -1) if by_pan_at > to_at else None,
        by_pan_at if by_pan else 0,
        slice(end - 1, by_at - 1, -1) if end > by_at else None,
        end,
        control.security_enabled and control.frame_version != 0,
        version_2 and control.ie_present,
    )


def decode_frame_by_hand(psdu: bytes) -> Frame:
    """Return the frame in `psdu`, which has no FCS any more; raise MalformedFrame."""
    size = mic_at = len(psdu)
    if size < 2:
        raise MalformedFrame("no frame control", format="Frame")
    (control, number_at, to_pan, to, by_pan, by, end, secured, ie_present) = _SHAPES[
        psdu[0] | psdu[1] << 8
    ]
    if size < end + secured:
        raise MalformedFrame("header cut short", format="Frame")
    security: AuxiliarySecurityHeader | None = None
    header_ies: tuple[HeaderIe, ...] = ()
    if secured:
        suite, mic_octets, octets, usual = _SUITES[psdu[end]]
        start, end, mic_at = end + 1, end + octets, size - mic_octets
        if mic_at < end:
            raise MalformedFrame("no room for security header and MIC", format="Frame")
        if usual:
            counter, key_index = _COUNTER_AND_INDEX(psdu, start)
            security = AuxiliarySecurityHeader(suite, counter, None, key_index)
        else:
            security = _unusual_security(suite, psdu[start:end])
    if ie_present:
        header_ies, end = decode_header_ies(psdu, end, mic_at)
    return Frame(
        control,
        psdu[number_at] if number_at else None,
        psdu[to_pan] | psdu[to_pan + 1] << 8 if to_pan else None,
        psdu[to] if to else None,
        psdu[by_pan] | psdu[by_pan + 1] << 8 if by_pan else None,
        psdu[by] if by else None,
        security,
        header_ies,
        psdu[end:mic_at],
        psdu[mic_at:],
    )


def _unusual_security(control: SecurityControl, rest: bytes) -> AuxiliarySecurityHeader:
    counter = None
    if not control.frame_counter_suppression:
        counter, rest = int.from_bytes(rest[:4], "little"), rest[4:]
    mode = control.key_identifier_mode
    key_source = rest[:-1] if mode >= 2 else None
    return AuxiliarySecurityHeader(control, counter, key_source, rest[-1] if mode else None)


def encode_frame_by_hand(frame: Frame) -> bytes:
    """Return the octets of `frame` without an FCS; raise FieldOutOfRange."""
    try:
        control, to, by, mic = frame.control, frame.destination, frame.source, frame.mic
        number, to_octets, by_octets, secured, ie_present, usual, shape = _HEADERS.get(
            id(control)
        ) or _header(control)
        if usual is None or to is None or by is None:
            octets = _unusual_header(number, shape, to_octets, frame)
        elif len(to) != to_octets or len(by) != by_octets or frame.source_pan_id is not None:
            _refuse("addresses")
        else:
            octets = usual(
                number, frame.sequence_number, frame.destination_pan_id, to[::-1], by[::-1]
            )
        if secured:
            octets += _encode_security(frame.security, len(mic))
        elif frame.security is not None or mic:
            _refuse("security header")
        if ie_present:
            return octets + encode_header_ies(frame.header_ies) + frame.payload + mic
        if frame.header_ies:
            _refuse("header IEs")
        return octets + frame.payload + mic
    except (StructError, TypeError, AttributeError, ValueError, OverflowError) as error:
        raise FieldOutOfRange(f"Frame: {error}") from error


def _refuse(what: str) -> NoReturn:
    raise ValueError(f"{what}: too long, or there or absent against the frame control")


def _encode_security(security: AuxiliarySecurityHeader | None, mic_octets: int) -> bytes:
    if security is None:
        raise ValueError("no security header")
    first = _SUITE_NUMBERS.get(id(security.control))
    if first is None:
        first = _suite_number(security.control)
    _, expected, _, usual = _SUITES[first]
    if mic_octets != expected:
        raise ValueError("MIC")
    if usual and security.key_source is None:
        return _CONTROL_COUNTER_AND_INDEX(first, security.frame_counter, security.key_index)
    return _encode_unusual_security(first, security)


def _header(control: FrameControl) -> _Header:
    """Return the header of a control that no shape holds."""
    if type(control) is not FrameControl:
        raise TypeError("FrameControl wanted")
    number = (
        control.frame_type
        | control.security_enabled << 3
        | control.frame_pending << 4
        | control.acknowledgment_request << 5
        | control.pan_id_compression << 6
        | control.reserved << 7
        | control.sequence_number_suppression << 8
        | control.ie_present << 9
        | control.destination_addressing_mode << 10
        | control.frame_version << 12
        | control.source_addressing_mode << 14
    )
    if not 0 <= number < 65536:
        raise ValueError("frame control")
    try:
        shape = _SHAPES[number]
    except MalformedFrame as error:
        raise ValueError(str(error)) from error
    if shape.control != control:  # a field ran over into the next
        raise ValueError("frame control")
    return _HEADERS[id(shape.control)]


def _unusual_header(number: int, shape: _Shape, to_octets: int, frame: Frame) -> bytes:
    """Return a header that is not of the usual shape, an acknowledgment's above all."""
    _, number_at, to_pan_at, to_at, by_pan_at, by_at, end, _, _ = shape
    if (frame.destination is None) is not (to_at is None):
        _refuse("destination")
    if (frame.source is None) is not (by_at is None):
        _refuse("source")
    if number_at:
        octets = _NUMBERED(number, frame.sequence_number)
    else:
        octets = _U16(number)
        if frame.sequence_number is not None:
            _refuse("sequence number")
    if to_pan_at:
        octets += _U16(frame.destination_pan_id)
    elif frame.destination_pan_id is not None:
        _refuse("destination PAN ID")
    if frame.destination is not None:
        octets += frame.destination[::-1]
        if len(frame.destination) != to_octets:
            _refuse("destination")
    if by_pan_at:
        octets += _U16(frame.source_pan_id)
    elif frame.source_pan_id is not None:
        _refuse("source PAN ID")
    if frame.source is not None:
        octets += frame.source[::-1]
    return octets if len(octets) == end else _refuse("source")


def _suite_number(control: SecurityControl) -> int:
    first = (
        control.security_level
        | control.key_identifier_mode << 3
        | control.frame_counter_suppression << 5
        | control.asn_in_nonce << 6
        | control.reserved << 7
    )
    if not 0 <= first < 256 or _SUITES[first].control != control:
        raise ValueError("security control")
    return first


def _encode_unusual_security(first: int, security: AuxiliarySecurityHeader) -> bytes:
    octets, mode = bytes([first]), first >> 3 & 3
    for value, size in (
        (security.frame_counter, 0 if first & 0x20 else 4),
        (security.key_source, (0, 0, 4, 8)[mode]),
        (security.key_index, 1 if mode else 0),
    ):
        if (value is not None) != bool(size):
            raise ValueError("a field that is there or absent against the security control")
        if isinstance(value, int):
            octets += value.to_bytes(size, "little")
        elif value is not None:
            if len(value) != size:
                raise ValueError("key source")
            octets += value
    return octets
