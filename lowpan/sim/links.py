"""Links: which radio hears which, how loud, and who is kept from hearing whom."""

from collections.abc import Iterable, Iterator

from lowpan.sim.propagation import PathLoss, Position
from lowpan.sim.sim_radio import Link, SimRadio

_HUNDREDTHS = 2
"""Digits of a level in dBm: finer ones may differ from one machine's logarithm to another's."""


class Links:
    """The links between radios, set one by one or by where the radios are."""

    def __init__(self, path_loss: PathLoss, transmit_power: float, faintest: float) -> None:
        self._path_loss, self._power, self._faintest = path_loss, transmit_power, faintest
        self._cell = path_loss.reach(transmit_power - faintest)
        self._cells: dict[tuple[int, int], dict[SimRadio, None]] = {}
        self._islands: dict[SimRadio, int] | None = None
        self._severed: dict[tuple[SimRadio, SimRadio], Link] = {}

    def connect(self, one: SimRadio, other: SimRadio, rssi: float, *, loss: float = 0.0) -> None:
        """Let two radios hear each other at `rssi` dBm; a link that was there is replaced."""
        for sender, receiver in ((one, other), (other, one)):
            self.set_link(sender, receiver, rssi, loss=loss)

    def set_link(
        self, sender: SimRadio, receiver: SimRadio, rssi: float, *, loss: float = 0.0
    ) -> None:
        """Let `receiver` hear `sender`, in this direction alone."""
        link = Link(sender, receiver, rssi, loss)
        if self._are_apart(sender, receiver):
            self._severed[sender, receiver] = link
        else:
            sender.reaches[receiver] = receiver.hears[sender] = link

    def link(self, sender: SimRadio, receiver: SimRadio) -> Link | None:
        """Return how `receiver` hears `sender` at present, None if it does not."""
        return sender.reaches.get(receiver)

    def disconnect(self, one: SimRadio, other: SimRadio) -> None:
        """Let two radios hear nothing of each other; harmless if they do not."""
        for sender, receiver in ((one, other), (other, one)):
            sender.reaches.pop(receiver, None)
            receiver.hears.pop(sender, None)
            self._severed.pop((sender, receiver), None)

    def place(self, radio: SimRadio, position: Position) -> None:
        """Put a radio somewhere, or move it: all of its links follow, and cost as many."""
        if radio.position is not None:
            self._cells[self._cell_of(radio.position)].pop(radio)
            for other in [*radio.reaches, *radio.hears]:
                self.disconnect(radio, other)
            for one, other in [pair for pair in self._severed if radio in pair]:
                self.disconnect(one, other)
        radio.position = position
        for other, where in list(self._around(position)):
            rssi = round(self._power - self._path_loss.between(position, where), _HUNDREDTHS)
            if rssi >= self._faintest:
                self.connect(radio, other, rssi)
        self._cells.setdefault(self._cell_of(position), {})[radio] = None

    # Partitions

    def part(self, islands: Iterable[Iterable[SimRadio]]) -> None:
        """Let radios of different islands hear nothing of each other, whatever their links are.

        Radios of no island are one more.  Links that are set meanwhile wait for reunite().
        """
        self.reunite()
        self._islands = {radio: number for number, island in enumerate(islands) for radio in island}
        for sender in [*self._islands]:
            for receiver in [*sender.reaches]:
                self._sever(sender, receiver)
            for other in [*sender.hears]:
                self._sever(other, sender)

    def reunite(self) -> None:
        """End the partition; all links are there again."""
        self._islands = None
        severed, self._severed = self._severed, {}
        for (sender, receiver), link in severed.items():
            sender.reaches[receiver] = receiver.hears[sender] = link

    def _sever(self, sender: SimRadio, receiver: SimRadio) -> None:
        if self._are_apart(sender, receiver):
            link = sender.reaches.pop(receiver, None)
            if link is not None:
                del receiver.hears[sender]
                self._severed[sender, receiver] = link

    def _are_apart(self, one: SimRadio, other: SimRadio) -> bool:
        islands = self._islands
        return islands is not None and islands.get(one) != islands.get(other)

    # Neighbourhoods

    def _around(self, position: Position) -> Iterator[tuple[SimRadio, Position]]:
        east, north = self._cell_of(position)
        for column in (east - 1, east, east + 1):
            for row in (north - 1, north, north + 1):
                for radio in self._cells.get((column, row), ()):
                    if radio.position is not None:
                        yield radio, radio.position

    def _cell_of(self, position: Position) -> tuple[int, int]:
        return int(position[0] // self._cell), int(position[1] // self._cell)
