"""Which channels a command visits on a radio."""

from lowpan.cli.live_options import channels_of
from lowpan.cli.report import CommandError
from lowpan.radio import CHANNELS_2450, Radio


def channels_to_visit(radio: Radio, text: str | None) -> tuple[int, ...]:
    """Return those named, or the usual ones that the radio has; raise CommandError."""
    if text is None:
        usual = tuple(channel for channel in CHANNELS_2450 if channel in radio.channels)
        return usual or radio.channels or CHANNELS_2450
    channels = channels_of(text)
    strange = [each for each in channels if radio.channels and each not in radio.channels]
    if strange:
        has = f"it has {radio.channels[0]}-{radio.channels[-1]}"
        raise CommandError(f"{radio.uri}: there is no channel {strange[0]}", has)
    return channels
