"""The clock of one node, which is not the world's."""


class Clock:
    """Counts microseconds from the moment `zero` of the world on, a little too fast or too slow.

    `drift_ppm` is how many microseconds it gains in a second; crystals of radios are within 40
    (IEEE 802.15.4-2020 §12.1.1 and others).
    """

    __slots__ = ("_ppb", "_zero", "is_worlds")

    def __init__(self, drift_ppm: float = 0.0, zero: int = 0) -> None:
        self._ppb, self._zero = round(drift_ppm * 1000), zero
        self.is_worlds = not self._ppb and not zero
        """It always shows what the world's does."""

    def local(self, moment: int) -> int:
        """Return what it shows at a moment of the world."""
        passed = moment - self._zero
        return passed + passed * self._ppb // 1_000_000_000

    def moment(self, local: int) -> int:
        """Return the first moment of the world at which it shows `local` or more."""
        passed = local * 1_000_000_000 // (1_000_000_000 + self._ppb)
        moment = self._zero + passed - 1
        while self.local(moment) < local:
            moment += 1
        return moment
