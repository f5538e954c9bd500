"""A capture for Wireshark: from a radio into a FIFO, each frame at once."""

from contextlib import ExitStack
from typing import TYPE_CHECKING

from lowpan.aio.live_radio import LiveRadio
from lowpan.capture.decoded import DecodedFrame
from lowpan.cli.live_frames import LiveFrames
from lowpan.cli.live_options import TuningOptions, tuning_of
from lowpan.cli.live_signals import terminated_as_interrupted
from lowpan.cli.live_writing import LiveCopies

if TYPE_CHECKING:
    from lowpan.radio import RadioNotice


def capture(radio: str, fifo: str, options: TuningOptions) -> None:
    """Write what `radio` hears into `fifo`, until Wireshark closes it or ends us.

    The capture begins before the radio is opened, so that Wireshark need not wait for that; what
    happens to the radio is told in comments on frames, for Wireshark takes any other word as an
    error.  Raises CommandError or RadioError.
    """
    tuning = tuning_of(options)
    with ExitStack() as stack:
        stack.enter_context(terminated_as_interrupted())
        try:
            copies = LiveCopies(radio, "", stack)
            copies.add(fifo)
            live = stack.enter_context(LiveRadio(radio, tuning))
            frames = LiveFrames(live, DecodedFrame, copies, tell=_keep_quiet, idle=copies.check)
            for _ in frames:
                pass
        except (BrokenPipeError, KeyboardInterrupt):
            return


def _keep_quiet(_: "RadioNotice") -> None:
    """Say nothing."""
