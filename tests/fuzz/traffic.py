"""Traffic: an endless stream of frames, some as captured, most of them hostile."""

from collections.abc import Iterator
from random import Random

from lowpan.radio import Fcs, ReceivedFrame
from tests.fuzz.mutation import Mutator
from tests.fuzz.seeds import Seed

RUN = 32
"""Frames of a capture that come one after the other, so that fragments and acks find theirs."""
_CALM, _ROUGH = 0.6, 0.1
"""Share of frames that stay what they are: in calm runs datagrams get whole and nodes known."""
_CALM_RUNS = 0.3
_OUTSIDE = 0.1
"""Share of secured frames that are changed from outside, which mostly ends at their MIC."""
_FIRST_COUNTER = 1 << 24
"""Frame counters begin above those of the captures, so that nothing looks replayed."""
_STEP_NS = 2_000_000
_MINUTE_NS = 61_000_000_000
"""Fragments do not wait so long."""
_ODD_TIMES: tuple[int | None, ...] = (None, 0, -1, 1 << 63)


class Traffic:
    """Makes frames out of seeds; the same Random gives the same frames."""

    def __init__(self, seeds: tuple[Seed, ...], random: Random) -> None:
        self._seeds, self._random = seeds, random
        layers = [layer.octets for seed in seeds for layer in seed.layers if layer.octets]
        self._mutated = Mutator(random, layers).mutated
        self._now = 1_700_000_000_000_000_000
        self._counter = _FIRST_COUNTER
        self.mutants = 0
        """Changed frames so far."""

    def frames(self) -> Iterator[ReceivedFrame]:
        """Yield frames without end."""
        random, seeds, mutated = self._random.random, self._seeds, self._mutated
        good = Fcs.GOOD
        while True:
            start = int(random() * (len(seeds) - RUN))
            unchanged = _CALM if random() < _CALM_RUNS else _ROUGH
            for seed in seeds[start : start + RUN]:
                self._counter += 1
                if random() < unchanged:
                    psdu = seed.again(self._counter)
                else:
                    self.mutants += 1
                    layers = seed.layers
                    inner = len(layers) - 1
                    chosen = int(random() * inner) + 1 if inner and random() > _OUTSIDE else 0
                    layer = layers[chosen]
                    psdu = layer.wrap(mutated(layer.octets), self._counter)
                self._now += _STEP_NS
                yield ReceivedFrame(psdu, good, b"", self._now)
            yield self._odd_one()

    def _odd_one(self) -> ReceivedFrame:
        """Return a frame of random octets, or at a time that no clock says."""
        random = self._random
        self._now += random.choice((0, _MINUTE_NS))
        time_ns = random.choice((self._now, *_ODD_TIMES))
        psdu = random.randbytes(random.getrandbits(random.choice((3, 7, 7, 11))))
        if random.getrandbits(1):
            psdu = random.choice(self._seeds).psdu
        return ReceivedFrame(psdu, random.choice(list(Fcs)), b"", time_ns)
