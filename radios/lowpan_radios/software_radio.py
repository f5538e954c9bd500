"""Radios without a link layer of their own: filtering, acknowledging and repeating in software."""

import asyncio
from dataclasses import dataclass, replace
from time import perf_counter_ns, time_ns

from lowpan.errors import MalformedFrame, RadioClosed, RadioError
from lowpan.mac.acknowledging import (
    AddressFilter,
    AwaitedAck,
    SecuredAck,
    awaited_ack,
    enhanced_ack,
    immediate_ack,
    is_data_request,
)
from lowpan.radio import (
    Fcs,
    Happening,
    RadioCapability,
    RadioSettings,
    RadioUri,
    ReceivedFrame,
    TransmitOutcome,
    TransmitParameters,
    TransmitStatus,
)
from lowpan.wire.ieee802154 import Frame, decode_frame
from lowpan_radios.base import BaseRadio

SOFTWARE_PARAMETERS = ("ack_timeout_ms", "ack_wait_us")
"""Parameters of the URI that SoftwareRadio understands."""

A_TURNAROUND_TIME_US = 192
"""From the end of a frame to its acknowledgement, 12 symbols of 2450 MHz O-QPSK (§10.1.3)."""

ACK_TIMEOUT_MS = 50
"""Default: an idle host answers within 1 ms, a busy one may not run us for some tens of them.

The standard's 864 us (macAckWaitDuration) hold for hardware only.
"""

SOFTWARE_CAPABILITIES = (
    RadioCapability.TRANSMIT
    | RadioCapability.ACK_TIMEOUT
    | RadioCapability.RETRIES
    | RadioCapability.ACKNOWLEDGE
    | RadioCapability.SOURCE_MATCH
    | RadioCapability.RECEIVER_OFF
    | RadioCapability.PROMISCUOUS
)
"""What every SoftwareRadio does.  Not CSMA: it cannot hear whether the channel is free."""


@dataclass(slots=True)
class _Pending:
    """A frame of ours on air whose acknowledgement is awaited."""

    ack: AwaitedAck
    channel: int
    answer: "asyncio.Future[ReceivedFrame | None]"
    """None once the radio is closed."""


class SoftwareRadio(BaseRadio):
    """A BaseRadio that filters by address, acknowledges, awaits acknowledgements and repeats.

    A driver adds `_send` and hands what it hears to `_heard`; it sets `channels` where they are
    not those of 2450 MHz.  URI parameters: `ack_wait_us` (0..2000) between a frame and our
    acknowledgement, `ack_timeout_ms` (1..10000) for the acknowledgements of others.
    """

    acknowledge_secured: SecuredAck | None = None
    """Set by a link layer that has the keys; without it, secured frames of version 2 that ask for
    an acknowledgement get none from here."""

    def __init__(
        self,
        uri: RadioUri,
        description: str,
        capabilities: RadioCapability = SOFTWARE_CAPABILITIES,
        *,
        settings: RadioSettings | None = None,
        extended_address: bytes | None = None,
    ) -> None:
        capabilities |= SOFTWARE_CAPABILITIES
        super().__init__(uri.text, description, capabilities, settings=settings)
        self._ack_wait_ns = 1000 * uri.integer(
            "ack_wait_us", A_TURNAROUND_TIME_US, low=0, high=2000
        )
        self._ack_timeout = uri.integer("ack_timeout_ms", ACK_TIMEOUT_MS, low=1, high=10_000) / 1000
        self._own_extended_address = extended_address
        self._pending: _Pending | None = None
        self._every_channel = False
        self._listen_as(self.settings)

    @property
    def hears_all_channels(self) -> bool:
        """Whether the frames of channels that it is not tuned to are given as well."""
        return self._every_channel and self.settings.promiscuous

    # What a driver does in its own way

    def _send(self, psdu: bytes, channel: int) -> None:
        """Put `psdu` on air now, without waiting; raise RadioError if that cannot be done."""
        raise NotImplementedError

    # Settings

    async def _apply(self, settings: RadioSettings) -> RadioSettings:
        """Filter by `settings` from now on; a driver with a tuner to set calls this afterwards."""
        return self._listen_as(settings)

    def _listen_as(self, settings: RadioSettings) -> RadioSettings:
        if settings.extended_address is None:
            settings = replace(settings, extended_address=self._own_extended_address)
        self.settings = settings
        self._filter = AddressFilter(settings)
        return settings

    # Receiving

    def _heard(self, frame: ReceivedFrame, arrived_ns: int | None = None) -> None:
        """Filter, acknowledge and queue `frame`, which arrived at `arrived_ns` (None: just now).

        `arrived_ns` is nanoseconds since 1970; with the kernel's timestamp of a datagram the wait
        before our acknowledgement counts from there, however late the event loop was.
        """
        if self._closed:
            return
        pending = self._pending
        if pending is not None:
            self._answer(pending, frame)
        settings = self.settings
        elsewhere = frame.channel is not None and frame.channel != settings.channel
        if not settings.rx_on_when_idle or (elsewhere and not self.hears_all_channels):
            self.statistics.filtered += 1
        elif settings.promiscuous:
            self._deliver(frame)
        elif frame.fcs is Fcs.BAD:
            self.statistics.bad_fcs += 1
            self.statistics.filtered += 1
        else:
            self._filtered(frame, arrived_ns)

    def _filtered(self, frame: ReceivedFrame, arrived_ns: int | None) -> None:
        try:
            header = decode_frame(frame.psdu)
        except MalformedFrame:
            header = None
        if header is None or not self._filter.accepts(header):
            self.statistics.filtered += 1
            return
        if isinstance(header, Frame) and header.control.acknowledgment_request:
            self._acknowledge(frame, header, arrived_ns)
        self._deliver(frame)

    def _acknowledge(self, frame: ReceivedFrame, header: Frame, arrived_ns: int | None) -> None:
        """Answer a frame to us alone, before anything else is done with it.

        The wait is spent spinning: it is shorter than what an event loop's timer can measure, and
        another callback in between could make the answer late.
        """
        if not self._filter.is_ours(header.destination):
            return  # it was to everybody
        begin = perf_counter_ns()
        late = 0 if arrived_ns is None else max(time_ns() - arrived_ns, 0)
        frame_pending = is_data_request(header) and self._waits_for(header.source)
        if header.control.frame_version != 2:
            ack = immediate_ack(header, frame_pending=frame_pending)
        elif not header.control.security_enabled:
            ack = enhanced_ack(header, frame_pending=frame_pending)
        else:
            make = self.acknowledge_secured
            ack = None if make is None else make(header, frame.psdu)
        if ack is None:
            return
        until = begin + self._ack_wait_ns - late
        while perf_counter_ns() < until:
            pass
        try:
            self._send(ack, self.settings.channel)
        except RadioError as error:
            self._notice(Happening.SAID, f"no acknowledgement sent: {error}")
            return
        frame.acked_with_pending = bool(ack[0] & 0x10)

    def _waits_for(self, sender: bytes | None) -> bool:
        """Tell whether a frame waits for `sender`."""
        senders = self.settings.source_match
        return self.settings.ack_pending if senders is None else sender in senders

    @staticmethod
    def _answer(pending: _Pending, frame: ReceivedFrame) -> None:
        """End the wait of `pending` if `frame` is its acknowledgement."""
        if (
            frame.fcs is not Fcs.BAD
            and frame.channel in (None, pending.channel)
            and pending.ack.is_in(frame.psdu)
            and not pending.answer.done()
        ):
            pending.answer.set_result(frame)

    # Transmitting

    async def _transmit(self, psdu: bytes, parameters: TransmitParameters) -> TransmitOutcome:
        channel = self.settings.channel if parameters.channel is None else parameters.channel
        if self.channels and channel not in self.channels:
            known = f"{self.channels[0]}-{self.channels[-1]}"
            raise RadioError(f"{self.uri}: no channel {channel}", f"it has {known}")
        ack = awaited_ack(psdu)
        if ack is None:
            self._send(psdu, channel)
            return TransmitOutcome(status=TransmitStatus.SUCCESS, transmissions=1)
        most = 1 + max(parameters.max_frame_retries, 0)
        for transmissions in range(1, most + 1):
            answer = await self._exchange(psdu, channel, ack)
            if answer is not None:
                return TransmitOutcome(
                    status=TransmitStatus.SUCCESS, ack=answer, transmissions=transmissions
                )
        return TransmitOutcome(status=TransmitStatus.NO_ACK, transmissions=most)

    async def _exchange(self, psdu: bytes, channel: int, ack: AwaitedAck) -> ReceivedFrame | None:
        """Send `psdu` once; return its acknowledgement, None if there was none in time."""
        answer: asyncio.Future[ReceivedFrame | None] = asyncio.get_running_loop().create_future()
        self._pending = _Pending(ack, channel, answer)
        try:
            self._send(psdu, channel)
            await asyncio.wait((answer,), timeout=self._ack_timeout)
        finally:
            self._pending = None
        if self._closed:
            raise RadioClosed(f"{self.uri}: closed")
        return answer.result() if answer.done() else None

    def _end(self) -> None:
        super()._end()
        pending = self._pending
        if pending is not None and not pending.answer.done():
            pending.answer.set_result(None)
