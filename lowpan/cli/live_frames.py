"""Frames of a radio: numbered, written, decoded, with what happened to the radio beside them."""

from collections.abc import Callable, Iterator

from lowpan.aio.live_radio import LiveRadio
from lowpan.capture.decoded import DecodedFrame
from lowpan.cli.live_writing import LiveCopies
from lowpan.errors import RadioClosed
from lowpan.radio import Happening, RadioNotice, ReceivedFrame

Follow = Callable[[int, ReceivedFrame, int], DecodedFrame]
"""Function that decodes a frame: Follower.follow, or DecodedFrame itself to leave it as it is."""

TICK_S = 0.25
"""Seconds after which a wait for frames is interrupted to look around."""

MOST_COMMENTS = 16
"""Notices kept for the next frame; of more, the newest."""


class LiveFrames:
    """Iterate over it once, for the frames of `live` until it is closed.

    `idle` is called whenever nothing is left to do but to wait; `tell` with what happens to the
    radio, which also becomes a comment on the next frame that is written.
    """

    def __init__(
        self,
        live: LiveRadio,
        follow: Follow,
        copies: LiveCopies,
        *,
        tell: Callable[[RadioNotice], None],
        idle: Callable[[], None],
    ) -> None:
        self._live, self._follow, self._copies = live, follow, copies
        self._tell, self._idle = tell, idle
        self._number = 0
        self._comments: list[str] = []
        self._lost_ns: int | None = None

    def __iter__(self) -> Iterator[DecodedFrame]:
        """Yield each frame; raises RadioError, and BrokenPipeError if a writer's reader went."""
        while True:
            try:
                events = self._live.take(TICK_S)
            except RadioClosed:
                return
            for event in events:
                if isinstance(event, RadioNotice):
                    self._mark(event)
                else:
                    yield self._frame(event)
            self._idle()

    def _frame(self, frame: ReceivedFrame) -> DecodedFrame:
        """Write and decode; number and length are those of the capture that is written."""
        self._number += 1
        length = self._copies.write(self._number, frame, tuple(self._comments))
        self._comments.clear()
        return self._follow(self._number, frame, length)

    def _mark(self, notice: RadioNotice) -> None:
        self._tell(notice)
        if notice.happening is Happening.SAID:
            return
        text = f"radio {notice.happening.value}"
        if notice.happening is Happening.LOST:
            self._lost_ns = notice.time_ns
        elif notice.happening is Happening.RETURNED and self._lost_ns is not None:
            text = f"{text} after {(notice.time_ns - self._lost_ns) / 1e9:.1f} s"
            self._lost_ns = None
        self._comments.append(f"{text}: {notice.text}" if notice.text else text)
        del self._comments[:-MOST_COMMENTS]
