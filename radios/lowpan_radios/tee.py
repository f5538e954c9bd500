"""A radio that also writes down all that it hears and sends."""

from collections import deque
from dataclasses import replace

from lowpan.capture.writer import CaptureWriter
from lowpan.errors import CaptureError, FieldOutOfRange, RadioError
from lowpan.radio import (
    Fcs,
    Radio,
    RadioNotice,
    ReceivedFrame,
    TransmitOutcome,
    TransmitParameters,
    TransmitStatus,
)
from lowpan_radios.wrapper import Wrapper

MOST_NOTICES = 64
"""Notices that wait for a frame to be written beside; of more the first are forgotten."""


class Tee(Wrapper):
    """The radio `radio`, with every frame written to `writer`, which stays the caller's.

    open_writer() makes one: pcapng with TAP, so that channel, RSSI and LQI are kept.  Received
    frames are written when they are fetched, sent ones when their outcome is known, which is
    their comment; notices are comments of the next frame.  Besides what the radio raises,
    RadioError is raised if the capture cannot be written.
    """

    def __init__(self, radio: Radio, writer: CaptureWriter) -> None:
        super().__init__(radio)
        self._writer = writer
        self._notices: deque[str] = deque(maxlen=MOST_NOTICES)
        self._last_ns = 0

    async def next_event(self) -> ReceivedFrame | RadioNotice:
        """Return the next frame or notice, written down."""
        event = await self.radio.next_event()
        if isinstance(event, RadioNotice):
            self._notices.append(f"{event.happening.value}: {event.text}")
        else:
            self._write(event)
        return event

    async def transmit(
        self,
        psdu: bytes,
        parameters: TransmitParameters = TransmitParameters(),  # noqa: B008  (frozen)
    ) -> TransmitOutcome:
        """Send `psdu`, and write it down with its outcome."""
        channel, page = self.settings.channel, self.settings.page
        if parameters.channel is not None:
            channel = parameters.channel
        outcome = await self.radio.transmit(psdu, parameters)
        sent = ReceivedFrame(psdu, Fcs.ABSENT, b"", outcome.time_ns, channel, page)
        self._write(sent, outcome_text(outcome))
        if outcome.ack is not None:
            self._write(outcome.ack)
        return outcome

    def _write(self, frame: ReceivedFrame, *comments: str) -> None:
        notices = tuple(self._notices)
        if frame.time_ns is not None:
            # what we sent is known only afterwards; a capture's times never go back
            self._last_ns = max(self._last_ns, frame.time_ns)
            if frame.time_ns < self._last_ns:
                frame = replace(frame, time_ns=self._last_ns)
        try:
            self._writer.write(frame, (*notices, *comments))
        except (CaptureError, FieldOutOfRange, OSError) as error:
            cause = f"{self.uri}: its frames cannot be written down: {error}"
            raise RadioError(cause, "make room on the disk, or leave the capture out") from error
        self._notices.clear()


def outcome_text(outcome: TransmitOutcome) -> str:
    """Return what became of a frame, such as `transmitted: no ack, 4 times, 23.1 ms`."""
    texts = [f"transmitted: {outcome.status.value}"]
    if outcome.status is TransmitStatus.SUCCESS and outcome.ack is not None:
        texts[0] += ", acknowledged"
    if outcome.transmissions is not None and outcome.transmissions != 1:
        texts.append(f"{outcome.transmissions} times")
    if outcome.duration_us is not None:
        texts.append(f"{outcome.duration_us / 1000:.1f} ms")
    if outcome.reason:
        texts.append(outcome.reason)
    return ", ".join(texts)
