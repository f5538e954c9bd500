"""A radio that does as most hardware does: CSMA-CA, acknowledgments and repetitions by itself."""

from random import Random
from typing import TYPE_CHECKING, ClassVar

from lowpan.errors import MalformedFrame
from lowpan.mac.acknowledging import (
    AwaitedAck,
    SecuredAck,
    awaited_ack,
    enhanced_ack,
    is_data_request,
)
from lowpan.mac.timing import MAC_MAX_BE, MAC_MIN_BE
from lowpan.radio import (
    RadioCapability,
    RadioSettings,
    ReceivedFrame,
    TransmitOutcome,
    TransmitParameters,
    TransmitStatus,
)
from lowpan.sim.addressing import destination_of, pan_id_of
from lowpan.sim.sim_radio import CAPABILITIES, SWITCHED_OFF, Link, SimRadio, Transmission
from lowpan.wire.ieee802154 import Frame, FrameType, decode_frame

if TYPE_CHECKING:
    from lowpan.sim.medium import Medium

TRANSCEIVER_CAPABILITIES = (
    CAPABILITIES
    | RadioCapability.CSMA
    | RadioCapability.ACK_TIMEOUT
    | RadioCapability.RETRIES
    | RadioCapability.ACKNOWLEDGE
    | RadioCapability.SOURCE_MATCH
)

_ACKNOWLEDGMENT, _COMMAND = int(FrameType.ACKNOWLEDGMENT), int(FrameType.MAC_COMMAND)
_ASKS, _VERSION, _VERSION_2 = 0x20, 0x30, 0x20
_BROADCAST = b"\xff\xff"
_ABORTED = TransmitParameters()


class Transceiver(SimRadio):
    """A SimRadio that waits for a free channel, acknowledges, and repeats what was not.

    It keeps the standard's times as the link layer does over a bare one.  Acknowledgments of
    secured frames of version 2 are left to `acknowledge_secured`.  One transmission at a time.
    """

    capabilities: ClassVar[RadioCapability] = TRANSCEIVER_CAPABILITIES

    __slots__ = (
        "_awaited",
        "_awaited_number",
        "_be",
        "_channel",
        "_free_at",
        "_gain",
        "_nb",
        "_pan_id",
        "_parameters",
        "_psdu",
        "_random",
        "_transmissions",
        "acknowledge_secured",
    )

    def __init__(self, medium: "Medium", number: int, power: float, random: Random) -> None:
        self._pan_id = _BROADCAST
        super().__init__(medium, number, None, power)
        self.acknowledge_secured: SecuredAck | None = None
        self._random = random
        self._psdu, self._parameters = b"", _ABORTED
        self._channel, self._gain = 0, 0.0
        self._nb = self._be = self._transmissions = 0
        self._free_at = 0
        """Until then it is silent after a frame of its own."""
        self._awaited: AwaitedAck | None = None
        self._awaited_number: int | None = None
        """Sequence number of the acknowledgment that it waits for; None if it does not wait."""

    def configure(self, settings: RadioSettings) -> None:
        """Be as `settings` say."""
        super().configure(settings)
        self._pan_id = settings.pan_id.to_bytes(2, "little")

    def reset(self) -> None:
        """Forget what it was told to do, and be off."""
        super().reset()
        self._psdu = b""
        self._awaited_number, self.acknowledge_secured = None, None

    # Sending

    def transmit(self, psdu: bytes, parameters: TransmitParameters) -> None:
        """Send as `parameters` say; transmitted() tells what became of it."""
        self._psdu, self._parameters, self._transmissions = psdu, parameters, 0
        self._channel, self._gain = self._manner(parameters)
        self._awaited_number = None
        self._attempt()

    def awaits(self, acknowledgment: bytes) -> bool:
        """Tell whether this may be the acknowledgment that it waits for."""
        number = self._awaited_number
        if number is None:
            return False
        return self._awaited is not None or acknowledgment[2:3] == bytes((number,))

    @property
    def awaits_any(self) -> bool:
        """Tell whether it listens for an acknowledgment, though it is asleep otherwise."""
        return self._awaited_number is not None

    def _attempt(self) -> None:
        if not self._parameters.csma:
            self._put_on_air(self._psdu, self._channel, self._gain, self._sent)
            return
        self._nb, self._be = 0, MAC_MIN_BE
        self._back_off()

    def _back_off(self) -> None:
        """Assess the channel after a random wait (§6.2.5.1)."""
        medium = self.medium
        schedule = medium.schedule
        begin = max(schedule.now, self._free_at, self.last_end)
        begin += self._random.getrandbits(self._be) * medium.unit_backoff_period
        self._pending = schedule.at(begin + medium.cca, self._assess, begin)

    def _assess(self, begin: int) -> None:
        if not self.is_on:
            self.transmitted(SWITCHED_OFF)
        elif self.last_end <= begin and not self.medium.is_busy(self, self._channel, begin):
            self._put_on_air(self._psdu, self._channel, self._gain, self._sent)
        else:
            self._nb += 1
            self._be = min(self._be + 1, MAC_MAX_BE)
            if self._nb <= self._parameters.max_csma_backoffs:
                self._back_off()
            else:
                self._end(TransmitStatus.CHANNEL_ACCESS_FAILURE)

    def _sent(self, transmission: Transmission) -> None:
        medium, psdu = self.medium, self._psdu
        medium.deliver(transmission)
        if psdu is not transmission.psdu:
            return  # a reset while it was on air
        self._transmissions += 1
        wait = self._ack_wait(psdu)
        if wait:
            self._pending = medium.schedule.after(wait, self._unacknowledged)
        else:
            self._end(TransmitStatus.SUCCESS)

    def _ack_wait(self, psdu: bytes) -> int:
        """Wait for what acknowledges `psdu`; return for how long, 0 if it asks for nothing."""
        if len(psdu) >= 3 and not psdu[0] & 4 and psdu[1] & _VERSION != _VERSION_2:
            if not psdu[0] & _ASKS:
                return 0
            self._awaited, self._awaited_number = None, psdu[2]
            return self.medium.ack_wait
        awaited = awaited_ack(psdu) if len(psdu) >= 3 else None
        if awaited is None:
            return 0
        self._awaited, self._awaited_number = awaited, awaited.sequence_number or 0
        return self.medium.timing.ack_wait_for(awaited.longest)

    def _unacknowledged(self) -> None:
        self._awaited_number = None
        if not self.is_on:
            self._end(TransmitStatus.ABORTED)
        elif self._transmissions <= self._parameters.max_frame_retries:
            self._attempt()
        else:
            self._end(TransmitStatus.NO_ACK)

    def _end(self, status: TransmitStatus, ack: ReceivedFrame | None = None) -> None:
        medium, psdu = self.medium, self._psdu
        self._pending, self._psdu = None, b""
        if self._transmissions:
            self._free_at = medium.schedule.now + medium.interframe_space(len(psdu))
        self.transmitted(TransmitOutcome(status=status, ack=ack, transmissions=self._transmissions))

    # Receiving

    def hear(self, transmission: Transmission, link: Link, psdu: bytes) -> None:
        """Acknowledge what is for us, and give on what is not for others."""
        if psdu and psdu[0] & 7 == _ACKNOWLEDGMENT:
            self._take_acknowledgment(self.frame_of(transmission, link, psdu))
            return
        pending = False
        if not self.settings.promiscuous:
            destination = transmission.destination
            if psdu is not transmission.psdu:
                destination = destination_of(psdu)
            pan_id = None if destination is None else pan_id_of(psdu)
            if pan_id is not None and pan_id not in (self._pan_id, _BROADCAST):
                return
            if psdu and psdu[0] & _ASKS and destination in self.addresses:
                pending = self._acknowledge(psdu)
        frame = self.frame_of(transmission, link, psdu)
        frame.acked_with_pending = pending
        self.received(frame)

    def _take_acknowledgment(self, ack: ReceivedFrame) -> None:
        if self.settings.promiscuous:
            self.received(ack)
        if self._awaited_number is None or not self.awaits(ack.psdu):
            return
        if self._awaited is not None and not self._awaited.is_in(ack.psdu):
            return
        self._awaited_number = None
        if self._pending is not None:
            self._pending.cancel()
        self._end(TransmitStatus.SUCCESS, ack)

    def _acknowledge(self, psdu: bytes) -> bool:
        """Answer a frame that asks for it; tell whether the answer said that more waits."""
        if psdu[1] & _VERSION != _VERSION_2:
            pending = psdu[0] & 7 == _COMMAND and self._has_pending(psdu)
            self.acknowledge(bytes((0x12 if pending else 0x02, 0, psdu[2])))
            return pending
        frame = _frame_in(psdu)
        if frame is None:
            return False
        pending = is_data_request(frame) and self._waits_for(frame.source)
        if frame.control.security_enabled:
            make = self.acknowledge_secured
            ack = None if make is None else make(frame, psdu)
            pending = ack is not None and bool(ack[0] & 0x10)
        else:
            ack = enhanced_ack(frame, frame_pending=pending)
        if ack is not None:
            self.acknowledge(ack)
        return pending

    def _has_pending(self, psdu: bytes) -> bool:
        frame = _frame_in(psdu)
        return frame is not None and is_data_request(frame) and self._waits_for(frame.source)

    def _waits_for(self, source: bytes | None) -> bool:
        """Tell whether a frame waits for `source`, as far as we were told."""
        match = self.settings.source_match
        return self.settings.ack_pending if match is None else source in match


def _frame_in(psdu: bytes) -> Frame | None:
    try:
        frame = decode_frame(psdu)
    except MalformedFrame:
        return None
    return frame if isinstance(frame, Frame) else None
