"""MAC headers of secured data frames, encoded once for each neighbour."""

from lowpan.mac.ccm_star import mic_octets_required
from lowpan.mac.keys import KeyIdentifier
from lowpan.wire.ieee802154 import Frame, FrameControl, FrameType, encode_frame
from lowpan.wire.security_header import AuxiliarySecurityHeader, SecurityControl

MOST_REMEMBERED = 64
"""Headers remembered, 20 kB: more neighbours than anybody sends to all the time."""

_COUNTER_OCTETS = 4
_DATA = int(FrameType.DATA)


class SealedHeaders:
    """Headers that differ in sequence number and frame counter alone, and so need no encoder."""

    __slots__ = ("_remembered",)

    def __init__(self) -> None:
        self._remembered: dict[tuple[object, ...], tuple[FrameControl, bytes, bytes]] = {}

    def __len__(self) -> int:
        """Return how many headers are remembered."""
        return len(self._remembered)

    @staticmethod
    def is_plain(frame: Frame) -> bool:
        """Tell whether `frame`, in clear, is one whose header can be remembered."""
        return (
            frame.control.frame_type == _DATA
            and not frame.header_ies
            and not frame.control.sequence_number_suppression
            and frame.sequence_number is not None
            and 0 <= frame.sequence_number <= 0xFF
        )

    def octets(
        self,
        frame: Frame,
        control: FrameControl,
        name: KeyIdentifier,
        security: SecurityControl,
        counter: int,
    ) -> bytes:
        """Return the header of `frame`, with `control` and a security header; all but the payload.

        Raises FieldOutOfRange where a field does not fit.
        """
        key = (
            *(frame.destination, frame.source, frame.destination_pan_id, frame.source_pan_id),
            *(security.security_level, name.mode, name.index, name.source),
        )
        known = self._remembered.get(key)
        if known is None or known[0] is not control:
            known = self._encoded(frame, control, name, security)
            if len(self._remembered) >= MOST_REMEMBERED:
                self._remembered.clear()
            self._remembered[key] = known
        _, front, back = known
        number = frame.sequence_number
        assert number is not None
        head = front[:2] + bytes((number,)) + front[3:]
        return head + counter.to_bytes(_COUNTER_OCTETS, "little") + back

    def _encoded(
        self, frame: Frame, control: FrameControl, name: KeyIdentifier, security: SecurityControl
    ) -> tuple[FrameControl, bytes, bytes]:
        octets = mic_octets_required(security.security_level)
        header = AuxiliarySecurityHeader(security, 0, name.source, name.index)
        empty = Frame(
            control,
            0,
            frame.destination_pan_id,
            frame.destination,
            frame.source_pan_id,
            frame.source,
            header,
            (),
            b"",
            bytes(octets),
        )
        encoded = encode_frame(empty)[:-octets]
        end = len(encoded) - (name.index is not None) - len(name.source or b"")
        return control, encoded[: end - _COUNTER_OCTETS], encoded[end:]
