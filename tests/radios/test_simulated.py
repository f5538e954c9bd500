"""The radio of a simulated world keeps the contract of all drivers, in virtual time."""

import asyncio
from dataclasses import replace

import pytest

import lowpan
from lowpan.errors import RadioError
from lowpan.radio import (
    Fcs,
    Radio,
    RadioSettings,
    ReceivedFrame,
    TransmitParameters,
    TransmitStatus,
)
from lowpan.sim.sim_radio import Transmission
from lowpan.sim.transceiver import Transceiver
from lowpan.sim.world import World
from lowpan_radios.simulated import SimulatedRadio
from tests.radios.contract import RadioContract
from tests.radios.contract_parts import data_frame, explained
from tests.sim.nodes import security_of, settings_of

PEER = RadioSettings(promiscuous=False, pan_id=0xABCD, short_address=2)


class Peer:
    """The air around a simulated radio, and a neighbour that acknowledges."""

    uri = "sim:"
    shows = frozenset({"rssi", "lqi", "channel", "radio_time_us"})
    acknowledges = True

    def __init__(self, world: World) -> None:
        self.world = world
        self.neighbour = world.add_transceiver()
        self.neighbour.configure(PEER)
        self.radio: SimulatedRadio | None = None
        self.on_air: list[tuple[int, bytes]] = []
        world.medium.on_air = self._note

    @property
    def channel(self) -> int:
        assert self.radio is not None
        return self.radio.sim_radio.channel

    @property
    def deaf(self) -> bool:
        return not self.neighbour.is_on

    @deaf.setter
    def deaf(self, deaf: bool) -> None:
        self.neighbour.switch(on=not deaf)

    async def hear(self, frame: ReceivedFrame) -> None:
        assert self.radio is not None
        await asyncio.sleep(0.0001)
        self.radio.sim_radio.received(replace(frame))

    async def garbage(self, octets: bytes) -> None:
        """Do nothing: there is no line."""

    async def half_a_message(self) -> None:
        """Do nothing: there is no line."""

    async def unplug(self) -> None:
        raise NotImplementedError

    async def plug_in(self) -> None:
        raise NotImplementedError

    def _note(self, transmission: Transmission) -> None:
        if self.radio is not None and transmission.sender is self.radio.sim_radio:
            self.on_air.append((transmission.channel, transmission.psdu))
            self.neighbour.configure(replace(PEER, channel=self.channel))


class SimulatedContract(RadioContract):
    measures_energy = True
    exclusive = False
    line = False
    unplugged = False
    tells_bad_fcs = False

    def __init__(self, peer: Peer) -> None:
        self.peer = peer

    async def open(self, uri: str) -> Radio:
        self.peer.radio = radio = SimulatedRadio(self.peer.world, uri=uri)
        self.peer.world.medium.connect(radio.sim_radio, self.peer.neighbour, -50)
        return radio


CASES = [
    name
    for name in dir(SimulatedContract)
    if name.startswith("test_") and getattr(SimulatedContract, name) is not None
]


@pytest.mark.parametrize("name", CASES)
def test_contract(name: str) -> None:
    world = World(1)
    peer = Peer(world)
    world.run(getattr(SimulatedContract(peer), name)(peer))


def test_a_transmission_whose_caller_was_cancelled_ends_before_the_next_begins() -> None:
    world = World(1)
    peer = Peer(world)

    async def main() -> None:
        async with await SimulatedContract(peer).open("sim:") as radio:
            first = asyncio.create_task(radio.transmit(data_frame(1)))
            await asyncio.sleep(0.001)
            first.cancel()
            outcome = await radio.transmit(data_frame(2))
            assert outcome.status is TransmitStatus.SUCCESS
            assert [psdu for _, psdu in peer.on_air] == [data_frame(1), data_frame(2)]

    world.run(main())


def test_frames_come_through_the_air_with_the_time_of_the_world() -> None:
    world = World(1)
    peer = Peer(world)

    async def main() -> None:
        async with await SimulatedContract(peer).open("sim:") as radio:
            await asyncio.sleep(1)
            peer.neighbour.transmit(data_frame(1), TransmitParameters(csma=False))
            frame = await radio.receive()
        air = 192 + 192 + 32 * (len(frame.psdu) + 2)
        assert frame.time_ns == (1_000_000 + air) * 1000
        assert (frame.rssi, frame.fcs) == (-50, Fcs.GOOD)

    world.run(main())


@pytest.mark.parametrize("secured", [False, True])
def test_programs_for_asyncio_run_in_virtual_time(secured: bool) -> None:
    world = World(7)

    async def main() -> list[float]:
        one, two = SimulatedRadio(world), SimulatedRadio(world)
        world.medium.connect(one.sim_radio, two.sim_radio, -60)
        async with node(one, 0) as asking, node(two, 1) as asked:
            times = [
                (await asking.ping(asked.addresses[0], size=size)).round_trip
                for size in (8, 500, 1200)
            ]
            with pytest.raises(TimeoutError):
                await asking.ping("fe80::1234", timeout=60)
        return times

    def node(radio: SimulatedRadio, number: int) -> lowpan.Node:
        settings = settings_of(number)
        return lowpan.Node(
            radio,
            channel=settings.channel,
            pan_id=settings.pan_id,
            short_address=settings.short_address,
            extended_address=settings.extended_address,
            security=security_of(number, 2) if secured else None,
            random=world.draw(),
        )

    times = world.run(main())
    assert 0.004 < times[0] < 0.03
    assert times == sorted(times)
    assert world.now > 60_000_000
    first = world.digest
    world = World(7)
    assert world.run(main()) == times
    assert world.digest == first


def test_what_never_happens_is_said() -> None:
    with pytest.raises(RuntimeError, match="nothing will ever happen"):
        World().run(asyncio.Event().wait())


def test_a_channel_that_is_none_is_refused() -> None:
    async def main() -> None:
        radio = SimulatedRadio(World())
        assert isinstance(radio.sim_radio, Transceiver)
        with pytest.raises(RadioError) as caught:
            await radio.configure(RadioSettings(channel=27))
        explained(caught.value, "sim:")

    World().run(main())
