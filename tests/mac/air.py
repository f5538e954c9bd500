"""Link layers in one room, in virtual time: what one transmits all others hear, unless lost."""

from collections.abc import Callable
from heapq import heappop, heappush
from random import Random

from lowpan.mac.link_layer import LinkLayer, LinkSettings
from lowpan.mac.security import LinkSecurity
from lowpan.mac.service import Acknowledge, LinkAction, Transmit
from lowpan.mac.timing import O_QPSK_2450
from lowpan.radio import (
    Fcs,
    RadioCapability,
    RadioSettings,
    ReceivedFrame,
    TransmitOutcome,
    TransmitStatus,
)

PAN_ID = 0xBEEF
EXTENDED = [bytes.fromhex(f"0200000000000{number:03x}") for number in range(16)]
SHORT = [number.to_bytes(2, "big") for number in range(1, 17)]

Lose = Callable[[bytes], bool]


def settings_of(number: int) -> RadioSettings:
    return RadioSettings(
        channel=15,
        promiscuous=False,
        pan_id=PAN_ID,
        short_address=number + 1,
        extended_address=EXTENDED[number],
    )


class Air:
    """Radios that do nothing by themselves: all of it is left to the link layers."""

    def __init__(self, count: int = 2, *, lose: Lose = lambda psdu: False) -> None:
        self.now = 0
        self.lose: Lose = lose
        self.links = [self._link(number) for number in range(count)]
        self.told: list[list[LinkAction]] = [[] for _ in range(count)]
        """What each link layer has told the layer above."""
        self.on_air: list[bytes] = []
        self.heed: Callable[[int, LinkAction], None] = lambda number, action: None
        """Does what the layer above does when it is told something."""
        self._events: list[tuple[int, int, Callable[[], None]]] = []
        self._order = 0

    def _link(self, number: int) -> LinkLayer:
        return LinkLayer(settings_of(number), RadioCapability.TRANSMIT, Random(number))

    def secure(
        self, number: int, security: LinkSecurity | None, settings: LinkSettings | None = None
    ) -> None:
        """Give a link layer keys, and other settings."""
        self.links[number] = LinkLayer(
            settings_of(number),
            RadioCapability.TRANSMIT,
            Random(number),
            security=security,
            settings=settings,
        )

    def take(self, number: int, actions: list[LinkAction]) -> None:
        """Do what a link layer asks, and note what it tells."""
        for action in actions:
            if isinstance(action, Transmit):
                self._put_on_air(number, action.psdu)
                done = self.now + O_QPSK_2450.air_time(len(action.psdu))
                self._at(done, lambda: self._done(number))
            elif isinstance(action, Acknowledge):
                self._put_on_air(number, action.psdu, after=O_QPSK_2450.turnaround)
            else:
                self.told[number].append(action)
                self.heed(number, action)

    def run(self, until: int = 20_000_000) -> None:
        """Let time pass until nothing is due, or `until`."""
        while True:
            due = [
                (deadline, number)
                for number, link in enumerate(self.links)
                if (deadline := link.next_deadline()) is not None
            ]
            next_due = min(due, default=(until, -1))
            next_event = self._events[0][0] if self._events else until
            self.now = max(self.now, min(next_due[0], next_event))
            if self.now >= until:
                return
            if next_event <= next_due[0]:
                heappop(self._events)[2]()
            else:
                link = self.links[next_due[1]]
                self.take(next_due[1], link.handle_deadline(now=self.now))

    def hear(self, number: int, psdu: bytes) -> None:
        """Let one link layer receive what nobody here has sent."""
        frame = ReceivedFrame(psdu, Fcs.GOOD, channel=15, rssi=-40.0)
        self.take(number, self.links[number].receive_frame(frame, now=self.now))

    def _put_on_air(self, number: int, psdu: bytes, after: int = 0) -> None:
        end = self.now + after + O_QPSK_2450.air_time(len(psdu))
        self.on_air.append(psdu)
        if self.lose(psdu):
            return
        for other in range(len(self.links)):
            if other != number:
                self._at(end, lambda other=other: self.hear(other, psdu))  # type: ignore[misc]

    def _done(self, number: int) -> None:
        outcome = TransmitOutcome(status=TransmitStatus.SUCCESS)
        self.take(number, self.links[number].transmit_done(outcome, now=self.now))

    def _at(self, time: int, do: Callable[[], None]) -> None:
        self._order += 1
        heappush(self._events, (time, self._order, do))
