"""Scans take turns: one at a time has the radio, and what is to be sent waits."""

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from random import Random

from lowpan.errors import FieldOutOfRange
from lowpan.mac.scanning import ChannelBegun, PanFound, ScanAction, ScanDone, Scanning, ScanPlan
from lowpan.mac.service import Configure, MeasureEnergy, Transmit
from lowpan.radio import RadioSettings

ForOthers = Configure | Transmit | MeasureEnergy | PanFound | ScanDone
"""What a scan says to radio, membership, and whoever wanted it."""


@dataclass(frozen=True, slots=True)
class _Scan:
    plan: ScanPlan
    for_membership: bool


class ScanTurns:
    """Which scan has the radio, and which are to follow."""

    def __init__(self, random: Random) -> None:
        self._random = random
        self.running: Scanning | None = None
        """The one that has the radio."""
        self.held: list[Transmit] = []
        """What the link layer wants sent meanwhile; one frame at most."""
        self._scan: _Scan | None = None
        self._wanted: deque[_Scan] = deque()

    @property
    def is_busy(self) -> bool:
        """Tell whether a scan is under way, or wanted."""
        return self.running is not None or bool(self._wanted)

    def want(self, plan: ScanPlan) -> None:
        """Scan for whoever runs us; FieldOutOfRange: such a scan is under way."""
        scans = [self._scan, *self._wanted]
        if any(scan is not None and not scan.for_membership for scan in scans):
            raise FieldOutOfRange("one scan after the other")
        self._wanted.append(_Scan(plan, for_membership=False))

    def look(self, plan: ScanPlan) -> None:
        """Scan for a PAN to join, before anything else."""
        self._wanted.appendleft(_Scan(plan, for_membership=True))

    def may_begin(self, *, joins: bool) -> bool:
        """Tell whether a scan may begin; while we join a PAN, only one that is part of that."""
        if not self._wanted or self.running is not None:
            return False
        return not joins or self._wanted[0].for_membership

    def begin(self, radio: RadioSettings) -> list[ScanAction]:
        """Let the next scan have the radio, which is as `radio` says."""
        self._scan = scan = self._wanted.popleft()
        self.running = Scanning(scan.plan, radio, self._random)
        return self.running.start()

    def carry_out(self, actions: Sequence[ScanAction], *, now: int) -> list[ForOthers]:
        """Return what of `actions` is for others, with what comes of it.

        At its end a scan needs not tune the radio: the settings of the link layer hold again.
        """
        done: list[ForOthers] = []
        ends = any(isinstance(action, ScanDone) for action in actions)
        for action in actions:
            match action:
                case Configure() if ends:
                    pass
                case Configure() if self.running is not None:
                    done.append(action)
                    # the radio does one thing after the other, so that it is tuned before it sends
                    done += self.carry_out(self.running.configured(now=now), now=now)
                case PanFound() if self._scan is not None and self._scan.for_membership:
                    pass
                case ChannelBegun():
                    pass
                case _:
                    done.append(action)
        return done

    def end(self) -> tuple[list[Transmit], bool]:
        """Give the radio back; return what was held, and whether this was for a PAN to join."""
        scan, self._scan, self.running = self._scan, None, None
        held, self.held = self.held, []
        return held, scan is not None and scan.for_membership
