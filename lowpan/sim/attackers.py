"""Strangers on the air: they record what they hear, and send it again, as it was or changed."""

from collections.abc import Sequence
from random import Random
from typing import TYPE_CHECKING

from lowpan.radio import RadioSettings, ReceivedFrame, TransmitParameters
from lowpan.sim.propagation import Position
from lowpan.sim.sim_radio import SimRadio
from lowpan.sim.world import World
from lowpan.wire.ieee802154 import FrameType

if TYPE_CHECKING:
    from lowpan.sim.schedule import Event

INTERVAL = 100_000
"""Microseconds between two frames of an attacker, on average."""
MOST_RECORDED = 100_000
"""Frames that an attacker keeps: of more, a fair sample of all it has heard."""

_POLITE, _AT_ONCE = TransmitParameters(max_csma_backoffs=0), TransmitParameters(csma=False)
_ACKNOWLEDGMENT, _ASKS = int(FrameType.ACKNOWLEDGMENT), 0x20


class ReplayAttacker:
    """Hears all channels that it is told, keeps what it hears, and sends any of it at any time.

    `forge` is the share, 0..1, of frames that it changes before: counters, addresses, payloads,
    MICs.  With `acknowledge` it also answers each frame that asks for it at once, in the place of
    whom the frame is for.  It has no keys.
    """

    def __init__(  # noqa: PLR0913  (how it behaves, each with its default)
        self,
        world: World,
        position: Position | None = None,
        *,
        channels: Sequence[int] = (11,),
        interval: int = INTERVAL,
        forge: float = 0.0,
        acknowledge: bool = False,
        most_recorded: int = MOST_RECORDED,
    ) -> None:
        self.world, self.interval, self.forge = world, interval, forge
        self.acknowledge = acknowledge
        self.recorded: list[bytes] = []
        self.heard = self.transmitted = 0
        self._most, self._random = most_recorded, world.draw()
        self._next: Event | None = None
        self.radios: list[SimRadio] = [self._listener(channel, position) for channel in channels]
        """One for each channel."""

    def start(self) -> None:
        """Replay from now on, until stop()."""
        self.stop()
        self._plan()

    def stop(self) -> None:
        """Only listen."""
        if self._next is not None:
            self._next.cancel()
            self._next = None

    def _listener(self, channel: int, position: Position | None) -> SimRadio:
        radio = self.world.medium.add_radio(position)
        radio.configure(RadioSettings(channel=channel, promiscuous=True))
        radio.received = lambda frame: self._record(radio, frame)
        return radio

    def _record(self, radio: SimRadio, frame: ReceivedFrame) -> None:
        psdu = frame.psdu
        self.heard += 1
        if len(self.recorded) < self._most:
            self.recorded.append(psdu)
        elif (place := self._random.randrange(self.heard)) < self._most:
            self.recorded[place] = psdu
        if self.acknowledge and len(psdu) > 2 and psdu[0] & _ASKS and psdu[0] & 7 < 4:
            self.transmitted += 1
            radio.acknowledge(bytes((_ACKNOWLEDGMENT, 0, psdu[2])))

    def _plan(self) -> None:
        wait = self._random.randrange(1, 2 * self.interval)
        self._next = self.world.schedule.after(wait, self._send)

    def _send(self) -> None:
        random = self._random
        if self.recorded:
            psdu = random.choice(self.recorded)
            if random.random() < self.forge:
                psdu = forged(psdu, random)
            self.transmitted += 1
            order = _POLITE if random.random() < 0.5 else _AT_ONCE
            random.choice(self.radios).transmit(psdu, order)
        self._plan()


def forged(psdu: bytes, random: Random) -> bytes:
    """Return `psdu` with some of its octets changed: one bit, a counter, a MIC, its length."""
    octets = bytearray(psdu)
    how = random.randrange(4)
    if how == 0:
        octets[random.randrange(len(octets))] ^= 1 << random.randrange(8)
    elif how == 1:  # with two short addresses in one PAN, the frame counter is at 10
        for at in range(10, min(14, len(octets))):
            octets[at] = random.randrange(256)
    elif how == 2:
        for at in range(max(len(octets) - 4, 0), len(octets)):
            octets[at] = random.randrange(256)
    else:
        del octets[random.randrange(1, len(octets) + 1) :]
    return bytes(octets)
