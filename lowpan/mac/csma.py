"""Unslotted CSMA-CA (IEEE 802.15.4-2020 §6.2.5.1), for radios that leave it to the host."""

from dataclasses import dataclass
from random import Random

from lowpan.mac.timing import MAC_MAX_BE, MAC_MAX_CSMA_BACKOFFS, MAC_MIN_BE, PhyTiming


@dataclass(frozen=True, slots=True)
class CsmaSettings:
    """Attributes of CSMA-CA (table 8-94)."""

    mac_min_be: int = MAC_MIN_BE
    """0..mac_max_be."""
    mac_max_be: int = MAC_MAX_BE
    """3..8."""
    mac_max_csma_backoffs: int = MAC_MAX_CSMA_BACKOFFS
    """0..5."""


class CsmaCa:
    """The backoffs of one attempt to send; NB and BE are the standard's.

    Wait for backoff(), assess the channel, and if it is busy ask for the next one.
    """

    def __init__(self, settings: CsmaSettings, timing: PhyTiming, random: Random) -> None:
        self._settings, self._timing, self._random = settings, timing, random
        self._nb, self._be = 0, settings.mac_min_be

    def backoff(self) -> int:
        """Return microseconds to wait before the channel is assessed."""
        return self._random.randrange(1 << self._be) * self._timing.unit_backoff_period

    def channel_busy(self) -> bool:
        """Count a channel that was not free; tell whether to try again."""
        self._nb += 1
        self._be = min(self._be + 1, self._settings.mac_max_be)
        return self._nb <= self._settings.mac_max_csma_backoffs
