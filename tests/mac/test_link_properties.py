"""What holds whatever is lost or late, and whatever the radio does by itself."""

from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from heapq import heappop, heappush
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from lowpan.mac.acknowledging import awaited_ack
from lowpan.mac.link_layer import LinkLayer, LinkSettings
from lowpan.mac.service import Acknowledge, DataReceived, DataSent, LinkAction, Transmit
from lowpan.mac.timing import O_QPSK_2450
from lowpan.radio import (
    Fcs,
    RadioCapability,
    ReceivedFrame,
    TransmitOutcome,
    TransmitStatus,
)
from lowpan.wire.ieee802154 import Frame, FrameType, decode_frame
from tests.mac.air import SHORT, settings_of
from tests.mac.test_link_layer import secured

BY_ITSELF = (
    RadioCapability.CSMA,
    RadioCapability.ACK_TIMEOUT,
    RadioCapability.RETRIES,
    RadioCapability.ACKNOWLEDGE,
)
SENDER, RECEIVER = 0, 1


class LossyRadios:
    """Two link layers over radios that do what their capabilities say, badly.

    Frames are lost, outcomes are late, the channel is busy; all from one seed.
    """

    def __init__(
        self,
        capabilities: RadioCapability,
        random: Random,
        loss: float,
        *,
        secure: bool,
        version: int,
    ) -> None:
        self.capabilities, self.random, self.loss = capabilities, random, loss
        self.now, self._order = 0, 0
        self._events: list[tuple[int, int, Callable[[], None]]] = []
        self.links = [
            LinkLayer(
                settings_of(number),
                capabilities,
                Random(number),
                security=secured(number) if secure else None,
                settings=LinkSettings(frame_version=version),
            )
            for number in range(2)
        ]
        self.under_way = [0, 0]
        self.sent: Counter[int] = Counter()
        self.received: list[bytes] = []

    def take(self, number: int, actions: list[LinkAction]) -> None:
        for action in actions:
            if isinstance(action, Transmit):
                self.under_way[number] += 1
                assert self.under_way[number] == 1
                self.transmit(number, action)
            elif isinstance(action, Acknowledge):
                self.deliver(1 - number, action.psdu, 192 + O_QPSK_2450.air_time(len(action.psdu)))
            elif isinstance(action, DataSent):
                self.sent[action.handle] += 1
            elif isinstance(action, DataReceived):
                self.received.append(action.payload)

    def transmit(self, number: int, action: Transmit) -> None:
        """Put a frame on air, as often as a radio with these capabilities does."""
        if self.random.random() < self.loss / 4:
            status = self.random.choice(
                [TransmitStatus.CHANNEL_ACCESS_FAILURE, TransmitStatus.ABORTED]
            )
            self.at(500, lambda: self.done(number, TransmitOutcome(status=status)))
            return
        psdu, air = action.psdu, O_QPSK_2450.air_time(len(action.psdu))
        awaited = awaited_ack(psdu)
        most = 1 + (
            action.parameters.max_frame_retries
            if RadioCapability.RETRIES in self.capabilities
            else 0
        )
        if RadioCapability.ACK_TIMEOUT not in self.capabilities or awaited is None:
            self.deliver(1 - number, psdu, air)
            late = self.random.randrange(400)
            success = TransmitOutcome(status=TransmitStatus.SUCCESS)
            self.at(air + late, lambda: self.done(number, success))
            return
        ack: list[ReceivedFrame] = []
        tries = 0
        while tries < most and not ack:
            tries += 1
            if self.random.random() >= self.loss:
                answers = self.hear(1 - number, psdu)
                ack = [each for each in answers if self.random.random() >= self.loss]
        status = TransmitStatus.SUCCESS if ack else TransmitStatus.NO_ACK
        shown = ack[0] if ack else None
        outcome = TransmitOutcome(status=status, ack=shown, transmissions=tries)
        self.at(tries * (air + 900), lambda: self.done(number, outcome))

    def hear(self, number: int, psdu: bytes) -> list[ReceivedFrame]:
        """Let a link layer receive a frame; return the acknowledgments that it caused."""
        link, made = self.links[number], list[bytes]()
        if RadioCapability.ACKNOWLEDGE in self.capabilities:
            made += self.hardware_ack(link, psdu)
        actions = link.receive_frame(ReceivedFrame(psdu, Fcs.GOOD), now=self.now)
        made += [action.psdu for action in actions if isinstance(action, Acknowledge)]
        self.take(number, [each for each in actions if not isinstance(each, Acknowledge)])
        return [ReceivedFrame(each, Fcs.GOOD) for each in made]

    def hardware_ack(self, link: LinkLayer, psdu: bytes) -> list[bytes]:
        frame = decode_frame(psdu)
        if not isinstance(frame, Frame) or not frame.control.acknowledgment_request:
            return []
        if frame.control.frame_version == 2 and frame.control.security_enabled:
            ack = link.acknowledge_secured(frame, psdu, now=self.now)
            return [] if ack is None else [ack]
        return [bytes((2, 0, frame.sequence_number or 0))]

    def deliver(self, number: int, psdu: bytes, delay: int) -> None:
        if self.random.random() < self.loss:
            return

        def arrive() -> None:
            if psdu[0] & 7 == FrameType.ACKNOWLEDGMENT:
                frame = ReceivedFrame(psdu, Fcs.GOOD)
                self.take(number, self.links[number].receive_frame(frame, now=self.now))
                return
            for ack in self.hear(number, psdu):
                self.deliver(1 - number, ack.psdu, 192 + O_QPSK_2450.air_time(len(ack.psdu)))

        self.at(delay, arrive)

    def done(self, number: int, outcome: TransmitOutcome) -> None:
        self.under_way[number] -= 1
        self.take(number, self.links[number].transmit_done(outcome, now=self.now))

    def at(self, delay: int, do: Callable[[], None]) -> None:
        self._order += 1
        heappush(self._events, (self.now + delay, self._order, do))

    def run(self, until: int) -> None:
        steps = 0
        while True:
            steps += 1
            assert steps < 50_000, "deadlines make no progress"
            due = [
                (deadline, number)
                for number, link in enumerate(self.links)
                if (deadline := link.next_deadline()) is not None
            ]
            deadline, number = min(due, default=(until, 0))
            event = self._events[0][0] if self._events else until
            self.now = max(self.now, min(deadline, event))
            if self.now >= until:
                return
            if event <= deadline:
                heappop(self._events)[2]()
                continue
            link = self.links[number]
            self.take(number, link.handle_deadline(now=self.now))
            after = link.next_deadline()
            assert after is None or after > deadline


@dataclass(frozen=True)
class World:
    """What differs from run to run."""

    capabilities: frozenset[RadioCapability]
    seed: int
    loss: float
    secure: bool
    version: int
    count: int
    sleeps: bool


WORLDS = st.builds(
    World,
    capabilities=st.frozensets(st.sampled_from(BY_ITSELF)),
    seed=st.integers(0, 2**32),
    loss=st.sampled_from([0.0, 0.1, 0.5, 0.9, 1.0]),
    secure=st.booleans(),
    version=st.sampled_from([0, 1, 2]),
    count=st.integers(1, 20),
    sleeps=st.booleans(),
)


@settings(deadline=None, max_examples=200)
@given(WORLDS)
def test_every_payload_ends_once_and_arrives_at_most_once(world: World) -> None:
    count, sleeps, random = world.count, world.sleeps, Random(world.seed)
    can = RadioCapability.TRANSMIT
    for each in world.capabilities:
        can |= each
    radios = LossyRadios(can, random, world.loss, secure=world.secure, version=world.version)
    sender, receiver = radios.links
    if sleeps:
        radios.take(SENDER, sender.set_sleepers({SHORT[1]}, now=0))
    for handle in range(count):
        sent = sender.send_data(b"%d" % handle, SHORT[0], SHORT[1], handle=handle, now=radios.now)
        radios.take(SENDER, sent)
        radios.run(radios.now + random.randrange(5000))
    if sleeps:
        for _ in range(2 * count):
            radios.take(RECEIVER, receiver.poll(SHORT[0], now=radios.now))
            radios.run(radios.now + 50_000)
    radios.run(radios.now + 30_000_000)
    assert radios.sent == Counter(range(count))
    assert len(set(radios.received)) == len(radios.received)
    assert set(radios.received) <= {b"%d" % handle for handle in range(count)}
    if world.loss == 0 and (not sleeps or count <= 16):
        assert len(radios.received) == count
    assert sender.next_deadline() is receiver.next_deadline() is None


@pytest.mark.parametrize("secure", [False, True])
def test_what_strangers_send_is_not_kept(secure: bool) -> None:
    """Everything that grows by what is heard has a bound, and none of it is sent for."""
    link = LinkLayer(
        replace(settings_of(0)),
        RadioCapability.TRANSMIT,
        Random(1),
        security=secured(0) if secure else None,
        settings=LinkSettings(beacon=b"\xff\x0f\x00\x00"),
    )
    random, waiting = Random(2), 0
    for number in range(20_000):
        control = random.choice([0x8861, 0x8863, 0xC863, 0x0803, 0xA861, 0xA869])
        psdu = control.to_bytes(2, "little") + bytes((number & 0xFF,)) + bytes.fromhex("efbe0100")
        psdu += random.randbytes(8) + random.choice([b"\x04", b"\x07", b"\x01\x8e", b""])
        for action in link.receive_frame(ReceivedFrame(psdu, Fcs.GOOD), now=number):
            waiting += isinstance(action, Transmit)
        for action in link.handle_deadline(now=number):
            waiting += isinstance(action, Transmit)
    assert waiting <= 1, "nothing goes out before the radio has sent the last"
    assert sum(link.dropped.values()) > 0
