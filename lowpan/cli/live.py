"""What `lowpan sniff RADIO` does: frames of a radio in; lines, counts or a capture out."""

import os
import sys
from collections import deque
from collections.abc import Iterable, Iterator
from contextlib import ExitStack
from functools import partial
from itertools import islice
from time import monotonic

from lowpan.aio.live_radio import LiveRadio
from lowpan.capture.decoded import DecodedFrame
from lowpan.capture.follower import Follower
from lowpan.cli.copying import refuse_same_file
from lowpan.cli.live_counts import LiveCounts, Silence
from lowpan.cli.live_frames import Follow, LiveFrames
from lowpan.cli.live_options import tuning_of
from lowpan.cli.live_output import LiveOutput, StatusLine
from lowpan.cli.live_signals import terminated_as_interrupted
from lowpan.cli.live_texts import beginning, silence_text, status_text, summary_text
from lowpan.cli.live_writing import LiveCopies, find_wireshark, reader_is_gone
from lowpan.cli.radio_names import radio_target
from lowpan.cli.report import CommandError
from lowpan.cli.sniffing import Show, SniffOptions, shower
from lowpan.cli.source import given_by
from lowpan.radio import Happening, RadioNotice

_BEGINS_ANEW = {Happening.LOST, Happening.RETURNED, Happening.RESET}
"""What may explain a silence: only a new one is worth a word."""


def sniff_radio(options: SniffOptions) -> int:
    """Do it until interrupted; raise CommandError or RadioError for what the user can mend."""
    if options.write is not None:
        refuse_same_file(radio_target(options.capture), options.write)
    wireshark = find_wireshark() if options.wireshark else None
    status = StatusLine()
    output = LiveOutput(status)
    show = _shower(options, output)
    follow: Follow = Follower(given_by(options.keys, os.environ)).follow
    if show is _exhaust and not status.is_wanted:
        follow = DecodedFrame  # nobody would see what is in them
    tuning = tuning_of(options.tuning)
    with ExitStack() as stack:
        stack.enter_context(terminated_as_interrupted())
        live = stack.enter_context(LiveRadio(options.capture, tuning))
        listening = _Listening(live, output, status, shows_log=options.whole_tree)
        try:
            with output, ExitStack() as files:
                copies = LiveCopies(live.radio.uri, live.radio.description, files)
                if options.write is not None:
                    copies.add(options.write)
                if wireshark is not None:
                    copies.add_wireshark(wireshark)
                show(listening.frames(follow, copies, options.count))
        finally:
            listening.end(is_decoded=follow is not DecodedFrame)
    return 0


def _shower(options: SniffOptions, output: LiveOutput) -> Show:
    if options.shows_nothing:
        return _exhaust
    if options.write == "-":
        raise CommandError(
            "-w - writes the capture where the output would go", "give -w a file, or no output form"
        )
    return shower(options, output)


def _exhaust(frames: Iterable[DecodedFrame]) -> None:
    deque(frames, maxlen=0)


class _Listening:
    """One radio being listened to: its counts, its writers, and what the user is told."""

    def __init__(
        self, live: LiveRadio, output: LiveOutput, status: StatusLine, *, shows_log: bool
    ) -> None:
        self._live, self._output, self._status = live, output, status
        self._shows_log = shows_log
        now = monotonic()
        self._counts, self._silence, self._seen = LiveCounts(now), Silence(now), 0
        self._is_read = True
        status.tell(beginning(live))

    def frames(
        self, follow: Follow, copies: LiveCopies, count: int | None
    ) -> Iterator[DecodedFrame]:
        """Yield each frame once it was written and counted."""
        idle = partial(self._idle, copies)
        frames = LiveFrames(self._live, follow, copies, tell=self._tell_notice, idle=idle)
        add = self._counts.add
        try:
            for decoded in islice(frames, count):
                add(decoded)
                yield decoded
        except BrokenPipeError:
            self._is_read = False
            raise
        finally:
            self._status.hide()

    def end(self, *, is_decoded: bool) -> None:
        """Say what was heard in all, unless the reader of the output has gone."""
        self._status.hide()
        if self._is_read and not reader_is_gone(sys.stdout):
            text = summary_text(self._counts, self._live, monotonic(), is_decoded=is_decoded)
            self._status.tell(text)

    def _tell_notice(self, notice: RadioNotice) -> None:
        if notice.happening in _BEGINS_ANEW:
            self._silence.heard(monotonic())
        if notice.happening is not Happening.SAID or self._shows_log:
            self._output.flush()
            text = f"radio {notice.happening.value}: {notice.text}"
            self._status.tell(f"{self._live.radio.uri}: {text}")

    def _idle(self, copies: LiveCopies) -> None:
        """Show what waits, and look around, while there is nothing else to do."""
        self._output.flush()
        copies.check()
        if reader_is_gone(sys.stdout):
            raise BrokenPipeError
        now = monotonic()
        if self._seen != self._counts.frames:
            self._seen = self._counts.frames
            self._silence.heard(now)
        seconds = self._silence.due(now)
        if seconds is not None:
            self._status.tell(*silence_text(self._live, seconds))
        self._status.show(lambda: status_text(self._counts, self._live, now))
