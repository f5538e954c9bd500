"""Acknowledging what we receive, where the radio does not (IEEE 802.15.4-2020 §6.7.4.2)."""

from collections import OrderedDict
from collections.abc import Callable

from lowpan.errors import LowpanError
from lowpan.mac.acknowledging import enhanced_ack, immediate_ack, is_data_request, secured_ack
from lowpan.mac.security import LinkSecurity, Opened, Refusal
from lowpan.mac.service import Drop
from lowpan.wire.ieee802154 import Frame, FrameType
from lowpan.wire.mac_command import CommandId

MOST_REMEMBERED = 64
"""Secured acknowledgments kept for repetitions, 10 kB: of the last quarter of a second."""

Waits = Callable[[bytes], bool]
"""Tells whether frames wait for an address."""


class Answering:
    """Makes the acknowledgments to frames for us that ask for one.

    A secured frame of version 2 is acknowledged only if it may be believed, for its Enh-Ack costs
    a frame counter: a stranger's gets none, and a repetition gets the same octets as before.
    """

    def __init__(self, security: LinkSecurity | None, waits_for: Waits) -> None:
        self._security, self._waits_for = security, waits_for
        self._made: OrderedDict[bytes, bytes] = OrderedDict()
        self.unsent = 0
        """Acknowledgments that could not be secured: the store failed, or no counter was left."""

    def answer(
        self, frame: Frame, psdu: bytes, opened: Opened | Refusal, *, now: int
    ) -> bytes | None:
        """Return the acknowledgment to `frame`, which asks for one and is to us alone."""
        source = frame.source
        pending = source is not None and self._waits_for(source) and _is_poll(frame, opened)
        if frame.control.frame_version != 2:
            return immediate_ack(frame, frame_pending=pending)
        if not frame.control.security_enabled:
            return enhanced_ack(frame, frame_pending=pending)
        if isinstance(opened, Refusal):
            return self._made.get(psdu) if opened.drop is Drop.DUPLICATE else None
        ack = self._made.get(psdu)
        return ack if ack is not None else self._sealed(frame, psdu, pending, now)

    def _sealed(self, frame: Frame, psdu: bytes, pending: bool, now: int) -> bytes | None:
        ack = secured_ack(frame, frame_pending=pending)
        if ack is None or self._security is None:
            return None
        try:
            sealed = self._security.seal(ack, now=now)
        except LowpanError:
            self.unsent += 1
            return None
        self._made[psdu] = sealed
        if len(self._made) > MOST_REMEMBERED:
            self._made.popitem(last=False)
        return sealed


def _is_poll(frame: Frame, opened: Opened | Refusal) -> bool:
    """Tell whether `frame` asks for what waits, as far as is known before it is opened."""
    if isinstance(opened, Refusal):
        return is_data_request(frame)
    kind = frame.control.frame_type
    return kind == FrameType.MAC_COMMAND and opened.payload[:1] == _DATA_REQUEST


_DATA_REQUEST = bytes((CommandId.DATA_REQUEST,))
