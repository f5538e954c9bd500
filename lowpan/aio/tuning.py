"""Tuning: the channels that a radio is to listen on, one after another if there are several."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass, replace
from itertools import cycle

from lowpan.errors import RadioError
from lowpan.radio import Radio, RadioCapability, RadioSettings, open_radio

MOST_FAILURES = 5
"""Attempts to change the channel that may fail in a row, while the radio is not known as lost."""


@dataclass(frozen=True, slots=True)
class Tuning:
    """Where to listen; what is None or empty stays as the radio has it."""

    channels: tuple[int, ...] = ()
    """In the order in which they are listened on."""
    page: int | None = None
    hop_s: float = 0.25
    """Seconds on each channel, if there are several."""


async def open_tuned(uri: str, tuning: Tuning) -> Radio:
    """Open the radio at `uri`, let it give all it hears, tune it; raise RadioError."""
    radio = await open_radio(uri)
    try:
        _refuse_strange_channels(radio, tuning)
        settings = replace(
            radio.settings,
            promiscuous=RadioCapability.PROMISCUOUS in radio.capabilities,
            channel=tuning.channels[0] if tuning.channels else radio.settings.channel,
            page=radio.settings.page if tuning.page is None else tuning.page,
        )
        asked = tuning.channels or tuning.page is not None
        if asked or settings != radio.settings:
            await tune(radio, settings)
    except BaseException:
        await radio.close()
        raise
    return radio


async def tune(radio: Radio, settings: RadioSettings) -> None:
    """Apply `settings`, and raise RadioError if the radio reads back another channel."""
    await radio.configure(settings)
    now = radio.settings
    if (now.channel, now.page) != (settings.channel, settings.page):
        raise RadioError(
            f"{radio.uri}: tuned to channel {settings.channel}, page {settings.page},"
            f" and it says channel {now.channel}, page {now.page}",
            "reset it or plug it in again; its firmware may be for another band",
        )


async def hop(radio: Radio, tuning: Tuning, is_lost: Callable[[], bool]) -> None:
    """Change the channel for ever; raise RadioError if the radio refuses again and again.

    While `is_lost` says so every attempt fails, and it is for the radio to return.
    """
    failures = 0
    for channel in cycle(tuning.channels):
        try:
            await tune(radio, replace(radio.settings, channel=channel))
            failures = 0
        except RadioError:
            failures = 0 if is_lost() else failures + 1
            if failures == MOST_FAILURES:
                raise
        await asyncio.sleep(tuning.hop_s)


def _refuse_strange_channels(radio: Radio, tuning: Tuning) -> None:
    """Raise RadioError before anything is changed; a radio may not tell which it has."""
    if tuning.page not in (None, radio.settings.page):
        return  # which channels another page has, nobody has said yet
    known = radio.channels
    strange = [channel for channel in tuning.channels if known and channel not in known]
    if strange:
        has = f"it has {min(known)}-{max(known)}"
        raise RadioError(f"{radio.uri}: there is no channel {strange[0]}", has)
