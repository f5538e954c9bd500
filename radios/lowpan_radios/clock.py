"""Clocks of radios: counters that wrap and drift, mapped to the host's time."""


class RadioClock:
    """Maps ticks of a radio's clock to host time, given when each tick's message arrived.

    Unwraps counters of `bits` bits to 64 bit; estimates offset and drift from the arrivals that
    were delayed least.  Times that it returns never go back, and are never after their arrival.
    """

    def __init__(self, bits: int, tick_ns: int = 1_000) -> None:
        self._bits, self._tick_ns = bits, tick_ns

    def unwrapped(self, ticks: int) -> int:
        """Return `ticks` since the clock's first zero."""
        raise NotImplementedError

    def time_ns(self, ticks: int, arrival_ns: int) -> int:
        """Return when the clock showed `ticks`, nanoseconds since 1970, for an unwrapped clock."""
        raise NotImplementedError

    def restart(self) -> None:
        """Forget the offset: the radio was reset and counts from zero again."""
