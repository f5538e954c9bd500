"""What goes wrong in a world: partitions, held and damaged frames, crashes; all by its seed."""

from collections.abc import Iterable
from random import Random

from lowpan.errors import FieldOutOfRange
from lowpan.sim.medium import DAMAGED, DUPLICATED, HELD, RECEIVED, Medium
from lowpan.sim.node import SimNode
from lowpan.sim.sim_radio import Link, SimRadio, Transmission

_ECHO = (1_000, 100_000)
"""Microseconds after which a duplicate comes."""


class Faults:
    """The faults of one world; each holds until it is taken back."""

    def __init__(self, medium: Medium, random: Random) -> None:
        self.medium = medium
        self._fault_random = random
        self._damaged = self._duplicated = 0.0
        self._held: set[tuple[SimRadio, SimRadio]] = set()
        self._held_radios: set[SimRadio] = set()
        self._waiting: list[tuple[Transmission, Link]] = []

    # Nodes

    def crash(self, node: SimNode) -> None:
        """Let a node be gone without a goodbye: nothing is settled, only what was saved is left."""
        node.crash()

    def restart(self, node: SimNode) -> None:
        """Let a node begin again with what it had saved."""
        node.restart()

    # Links

    def partition(self, *groups: Iterable[SimNode]) -> None:
        """Let nodes of different groups hear nothing of each other; the others are one more."""
        self.medium.part([node.radio for node in group] for group in groups)

    def repair(self) -> None:
        """End the partition."""
        self.medium.reunite()

    def hold(self, one: SimNode, other: SimNode | None = None) -> None:
        """Hold back the frames between two nodes, or all to and from one, until release().

        They are on air as others are, and arrive late.
        """
        if other is None:
            self._held_radios.add(one.radio)
        else:
            self._held |= {(one.radio, other.radio), (other.radio, one.radio)}
        self._watch()

    def release(self) -> None:
        """Hold back nothing more: what was held arrives in its order, each as long as it lasts."""
        self._held.clear()
        self._held_radios.clear()
        waiting, self._waiting = self._waiting, []
        medium = self.medium
        moment = medium.schedule.now
        for transmission, link in waiting:
            self._hear_at(moment, transmission, link, transmission.psdu)
            moment += transmission.end - transmission.start + medium.ack_wait
        self._watch()

    def lose(self, share: float) -> None:
        """Lose this share of all frames, 0..1, besides what links lose."""
        self.medium.loss = _share(share)

    def corrupt(self, share: float) -> None:
        """Change an octet in this share of the frames, 0..1, such that their FCS is right again."""
        self._damaged = _share(share)
        self._watch()

    def duplicate(self, share: float) -> None:
        """Let this share of the frames, 0..1, arrive once more, up to a tenth of a second later."""
        self._duplicated = _share(share)
        self._watch()

    def _watch(self) -> None:
        is_wanted = self._held or self._held_radios or self._damaged or self._duplicated
        self.medium.interference = self._interfere if is_wanted else None

    def _interfere(self, transmission: Transmission, link: Link) -> int:
        """Say what becomes of a frame that would arrive, and see to it unless it just does."""
        pair = (link.sender, link.receiver)
        if pair in self._held or not self._held_radios.isdisjoint(pair):
            self._waiting.append((transmission, link))
            return HELD
        random, psdu = self._fault_random, transmission.psdu
        now = self.medium.schedule.now
        if self._damaged and psdu and random.random() < self._damaged:
            damaged = bytearray(psdu)
            damaged[random.randrange(len(damaged))] ^= random.randrange(1, 256)
            self._hear_at(now, transmission, link, bytes(damaged))
            return DAMAGED
        if self._duplicated and random.random() < self._duplicated:
            self._hear_at(now, transmission, link, psdu)
            self._hear_at(now + random.randrange(*_ECHO), transmission, link, psdu)
            return DUPLICATED
        return RECEIVED

    def _hear_at(self, moment: int, transmission: Transmission, link: Link, psdu: bytes) -> None:
        self.medium.schedule.at(moment, self.medium.give, transmission, link, psdu)


def _share(share: float) -> float:
    if not 0 <= share <= 1:
        raise FieldOutOfRange(f"a share of {share}: it is 0..1")
    return share
