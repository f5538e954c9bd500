"""The options of radios: channels, page, and how long to stay on each channel."""

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from lowpan.cli.report import CommandError

if TYPE_CHECKING:
    from lowpan.aio.tuning import Tuning

MOST_CHANNELS = 256
"""In one list; no page of the standard has more."""
_SECONDS = {"ms": 0.001, "s": 1.0, "min": 60.0}
_SHORTEST_S, _LONGEST_S = 0.01, 3600.0


@dataclass(frozen=True, slots=True)
class TuningOptions:
    """As they were written; None if they were not."""

    channel: str | None = None
    page: int | None = None
    hop: str | None = None

    @property
    def first_given(self) -> str:
        """Return the first option that was given, such as `--hop`; empty if none was."""
        values = {"--channel": self.channel, "--page": self.page, "--hop": self.hop}
        return next((name for name, value in values.items() if value is not None), "")


def tuning_of(options: TuningOptions) -> "Tuning":
    """Return what `options` mean; raise CommandError."""
    from lowpan.aio.tuning import Tuning  # noqa: PLC0415  (with asyncio: only for radios)

    channels = () if options.channel is None else channels_of(options.channel)
    if options.hop is None:
        return Tuning(channels, options.page)
    if len(channels) < 2:
        raise CommandError("--hop without several channels", "add --channel 11-26")
    return Tuning(channels, options.page, seconds_of(options.hop))


def channels_of(text: str) -> tuple[int, ...]:
    """Return the channels that `11,15,20-26` names, in its order; raise CommandError."""
    channels: dict[int, None] = {}
    for part in text.split(","):
        match = re.fullmatch(r"\s*(\d{1,5})(?:\s*-\s*(\d{1,5}))?\s*", part, re.ASCII)
        first, last = (int(match[1]), int(match[2] or match[1])) if match else (1, 0)
        if not first <= last <= 0xFFFF or last - first >= MOST_CHANNELS:
            cure = "--channel takes a channel, a range or a list: 15, 11-26, 11,15,20-26"
            raise CommandError(f"--channel: {text!r} names no channels", cure)
        channels.update(dict.fromkeys(range(first, last + 1)))
    if len(channels) > MOST_CHANNELS:
        raise CommandError(f"--channel: {len(channels)} channels", f"{MOST_CHANNELS} at most")
    return tuple(channels)


def seconds_of(text: str) -> float:
    """Return the seconds that `250ms`, `1.5s` or `1min` is; raise CommandError."""
    match = re.fullmatch(r"(\d{1,9}(?:\.\d{1,9})?)\s*(ms|s|min)", text.strip(), re.ASCII)
    seconds = float(match[1]) * _SECONDS[match[2]] if match else 0.0
    if not _SHORTEST_S <= seconds <= _LONGEST_S:
        cure = "--hop takes a time with its unit, 10ms to 60min, such as 250ms or 2s"
        raise CommandError(f"--hop: {text!r} is no such time", cure)
    return seconds
