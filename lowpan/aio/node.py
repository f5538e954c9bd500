"""Node: a host on an IEEE 802.15.4 network, for programs on asyncio."""

import asyncio
from collections.abc import Callable, Iterable, Sequence
from contextlib import AsyncExitStack
from ipaddress import IPv6Interface, IPv6Network
from random import Random, SystemRandom
from typing import TYPE_CHECKING, Any, Self, TypeVar

from lowpan.aio.endpoint import Endpoints, NodeDatagramTransport
from lowpan.aio.events import MOST_EVENTS, EventReaders, Events
from lowpan.aio.mle import Mle
from lowpan.aio.mle_options import MleOptions
from lowpan.aio.node_options import (
    NodeOptions,
    address_within,
    extended_address_of,
    interface_of,
    network_of,
)
from lowpan.aio.node_parts import NodeParts
from lowpan.aio.node_state import state_of
from lowpan.aio.pinging import SIZE, EchoAnswer, EchoFailure, Pinger, Pingers
from lowpan.aio.place import ENERGY_S, SCAN_S, KnownDevices, Place
from lowpan.aio.running import Running, now_of
from lowpan.aio.securing import NodeSecurity, StoreOrPath
from lowpan.aio.socket_addresses import Address, octets_of
from lowpan.aio.thread_options import Thread, thread_options_of
from lowpan.errors import RadioClosed, RadioError
from lowpan.mac.association import Associated
from lowpan.mac.scanning import PanDescriptor, ScanType
from lowpan.mac.security import LinkSecurity
from lowpan.mesh.thread.events import Attached
from lowpan.node.addresses import OwnAddress
from lowpan.node.node import Node as NodeEngine
from lowpan.node.settings import NodeSettings
from lowpan.radio import Radio, RadioCapability, RadioSettings, open_radio
from lowpan.wire.addresses import format_ipv6, iid_of

if TYPE_CHECKING:
    from lowpan.aio.tun_host import TunHost
    from lowpan.mesh.thread.child import ThreadChild

CLOSING_S = 0.5
"""Seconds that what was sent gets to leave before the radio is let go."""

READY_S = 3.0
"""Seconds that entering waits for a first address, while others are asked whether they have it."""

Protocol = TypeVar("Protocol", bound=asyncio.DatagramProtocol)


class Node:
    """A host with IPv6 addresses of its own on the link that a radio is tuned to.

    `async with lowpan.Node("spinel:/dev/ttyACM0", channel=15, pan_id=0xBEEF) as node:`; from there
    to the end of the block it answers pings and neighbours.  A radio that is given open stays
    open.  Entering raises RadioError, StoreError, TunError and AssociationError.  The end of the
    block waits half a second at most for what was sent to leave, and raises what has ended the node
    before, unless that was the end of the radio.
    """

    def __init__(  # noqa: PLR0913  (each with its default)
        self,
        radio: Radio | str,
        *,
        channel: int | None = None,
        page: int | None = None,
        pan_id: int | None = None,
        short_address: int | None = None,
        extended_address: bytes | str | None = None,
        addresses: Sequence[str | IPv6Interface] = (),
        security: NodeSecurity | LinkSecurity | None = None,
        store: StoreOrPath | None = None,
        tun: str | None = None,
        routes: Sequence[str | IPv6Network] = (),
        associate: bool = False,
        poll_interval: float | None = None,
        coordinator: bool = False,
        thread: Thread | None = None,
        mle: MleOptions | None = None,
        settings: NodeSettings | None = None,
        random: Random | None = None,
    ) -> None:
        """Say who it is; see NodeOptions.  Raises FieldOutOfRange.

        `radio` is open, or the URI of one.  With a NodeSecurity, `thread` (a dataset in hex digits,
        or more) or `mle` a `store` is needed: a file, or one that is open.  `random` is for tests:
        who knows it can answer for others.
        """
        self._radio_or_uri = radio
        self.options = NodeOptions(
            channel=channel,
            page=page,
            pan_id=pan_id,
            short_address=short_address,
            extended_address=extended_address_of(extended_address),
            addresses=tuple(map(interface_of, addresses)),
            security=security,
            store=store,
            tun=tun,
            routes=tuple(map(network_of, routes)),
            associate=associate,
            poll_interval=poll_interval,
            coordinator=coordinator,
            thread=thread_options_of(thread),
            mle=mle,
            settings=settings,
        )
        self._random = random or SystemRandom()
        self._stack = AsyncExitStack()
        self._events = EventReaders()
        self._running: Running | None = None
        self._tun: TunHost | None = None
        self._child: ThreadChild | None = None
        self._mle: Mle | None = None

    async def __aenter__(self) -> Self:
        """Open the radio and be on air."""
        if self._running is not None:
            raise RuntimeError("a node is entered once; make another one")
        try:
            await self._open()
        except BaseException:
            await self._stack.aclose()
            raise
        return self

    async def __aexit__(self, kind: type[BaseException] | None, *rest: object) -> None:
        """Let what was sent leave, then go off air and give everything back."""
        running = self._live
        try:
            if kind is None:
                await running.drained(CLOSING_S)
        finally:
            await self._stack.aclose()
        failure = running.failure
        if kind is None and failure is not None and not isinstance(failure, RadioClosed):
            raise failure

    # What it is

    @property
    def engine(self) -> NodeEngine:
        """Return the engine inside, to look at: addresses, counters, tables."""
        return self._live.engine

    @property
    def radio(self) -> Radio:
        """Return the radio, to look at: what it is, its settings and statistics."""
        return self._live.radio

    @property
    def thread(self) -> "ThreadChild":
        """Return the engine of our place in a Thread network; RuntimeError without one."""
        if self._child is None:
            raise RuntimeError("a node that joins no Thread network")
        return self._child

    @property
    def mle(self) -> Mle:
        """Return links, network parameters and keys of a node with MLE; RuntimeError without."""
        if self._mle is None:
            raise RuntimeError("no MLE: make it with mle=MleOptions(...), and enter it")
        return self._mle

    @property
    def radio_settings(self) -> RadioSettings:
        """Return who the node is to the radio: channel, PAN ID, addresses."""
        return self.engine.link.radio

    @property
    def addresses(self) -> list[str]:
        """Return our IPv6 addresses that are ready for use, that of the short address first."""
        return [format_ipv6(own.address) for own in self.engine.own if own.ready]

    @property
    def failure(self) -> BaseException | None:
        """Return what has ended it before the end of its block, None if nothing has."""
        return self._live.failure

    def state(self) -> dict[str, Any]:
        """Return who it is, what it knows and has counted, in values that JSON has."""
        return state_of(self._live, self._tun, self._mle)

    def events(self, most: int = MOST_EVENTS) -> Events:
        """Return what happens from now on, for `async for`; of more than `most`, the newest.

        Before the block, it is what happens from its beginning on.
        """
        return self._events.add(most)

    # What it does

    async def attached(self) -> None:
        """Wait until we are a child of a Thread network, for as long as that takes."""
        self._live.check()
        events = self.events()
        if self.thread.rloc16 is not None:
            return
        async for event in events:
            if isinstance(event, Attached):
                return
        self._live.check()

    async def create_datagram_endpoint(
        self,
        protocol_factory: Callable[[], Protocol],
        local_addr: Sequence[object] | None = None,
        remote_addr: Sequence[object] | None = None,
    ) -> tuple[NodeDatagramTransport, Protocol]:
        """Open a UDP port, as the event loop's method of that name does; raise OSError.

        Addresses are `(host, port)` or longer, with an IPv6 address for a host; `::` for all of
        ours, port 0 for a free one.  error_received() is told ICMPv6 errors, also without
        `remote_addr`.  For groups, see join().
        """
        running = self._live
        running.check()
        transport, protocol = self._endpoints.open(protocol_factory, local_addr, remote_addr)
        try:
            await asyncio.sleep(0)  # until connection_made() was called
        except BaseException:
            transport.close()
            raise
        return transport, protocol

    async def ping(
        self,
        address: Address,
        *,
        size: int = SIZE,
        timeout: float = 1.0,  # noqa: ASYNC109  (as ping -W)
        hop_limit: int | None = None,
    ) -> EchoAnswer:
        """Ask `address` for an echo of `size` octets, 0..1232, and return the first answer.

        Raises TimeoutError after `timeout` seconds, OSError if it cannot be reached,
        FieldOutOfRange if it cannot be asked.
        """
        with self.pinger(address, size=size, hop_limit=hop_limit) as pinger:
            pinger.send()
            async with asyncio.timeout(timeout):
                answer = await pinger.answer()
        if isinstance(answer, EchoFailure):
            raise answer.error
        return answer

    def pinger(self, address: Address, *, size: int = SIZE, hop_limit: int | None = None) -> Pinger:
        """Return what sends many echo requests; raise FieldOutOfRange."""
        self._live.check()
        return self._pingers.open(octets_of(address), size=size, hop_limit=hop_limit)

    def join(self, group: Address) -> None:
        """Listen to a multicast group, as often as it is joined; raise FieldOutOfRange."""
        self.engine.join(octets_of(group))

    def leave(self, group: Address) -> None:
        """Undo one join()."""
        self.engine.leave(octets_of(group))

    def add_address(self, address: str | IPv6Interface) -> None:
        """Have one more IPv6 address, see NodeOptions; raise FieldOutOfRange.

        One that is not made of the extended address is ready, as an AddressChanged tells, once
        nobody else was found to have it: after a second.  Where addresses are registered, all are
        ready once a router has taken them.
        """
        running, interface = self._live, interface_of(address)
        engine, now = running.engine, running.now()
        extended = engine.link.extended_address
        assert extended is not None
        octets, length = address_within(interface, extended), interface.network.prefixlen
        if octets[8:] == iid_of(extended) and engine.discovery.registering is None:
            running.put(engine.add_address(octets, extended, now=now, prefix_length=length))
        else:
            running.put(engine.check_address(OwnAddress(octets, length, extended), now=now))

    def remove_address(self, address: Address) -> None:
        """Have an IPv6 address no longer; harmless if it is not ours."""
        running = self._live
        running.put(running.engine.remove_address(octets_of(address), now=running.now()))

    # Its place in a PAN

    async def associate(self) -> Associated:
        """Join a PAN again, as entering does with `associate=True`; raise AssociationError."""
        return await self._place.associate()

    async def disassociate(self) -> None:
        """Leave the PAN that was joined, and look for it no more."""
        await self._place.disassociate()

    def permit_joining(self, seconds: float | None = None) -> None:
        """Let devices join us for so long, or until told otherwise; 0: no longer.

        Raises FieldOutOfRange for who is no coordinator.
        """
        duration = None if seconds is None else round(seconds * 1_000_000)
        self.engine.management.permit_joining(duration, now=self._live.now())

    async def scan(
        self,
        channels: Iterable[int] | None = None,
        *,
        seconds: float = SCAN_S,
        passive: bool = False,
    ) -> list[PanDescriptor]:
        """Return the coordinators that answer on `channels`, or are heard if it is `passive`.

        Meanwhile the radio is there, `seconds` on each channel: what comes in is missed, and what
        is sent waits.  Raises FieldOutOfRange, and what has ended the node.
        """
        scan_type = ScanType.PASSIVE if passive else ScanType.ACTIVE
        return list((await self._place.scan(scan_type, channels, seconds)).pans)

    async def scan_energy(
        self, channels: Iterable[int] | None = None, *, seconds: float = ENERGY_S
    ) -> dict[int, float]:
        """Return the highest energy on each channel, dBm; otherwise like scan().

        Raises RadioError if the radio does not measure.
        """
        done = await self._place.scan(ScanType.ENERGY, channels, seconds)
        return dict(done.energies)

    # How it begins

    @property
    def _live(self) -> Running:
        if self._running is None:
            raise RuntimeError("a node lives inside of `async with Node(...) as node:`")
        return self._running

    async def _open(self) -> None:
        options, stack = self.options, self._stack
        radio = self._radio_or_uri
        if isinstance(radio, str):
            radio = await stack.enter_async_context(await open_radio(radio))
        if RadioCapability.TRANSMIT not in radio.capabilities:
            cure = "take a radio that can send, such as spinel:"
            raise RadioError(f"{radio.uri}: only listens, and a node has to answer", cure)
        settings = options.radio_settings(radio.settings, self._random)
        now = now_of(asyncio.get_running_loop())
        parts = NodeParts(options, settings, stack, self._random, now=now)
        engine = NodeEngine(
            settings,
            radio.capabilities,
            self._random,
            security=parts.security,
            settings=options.node_settings(radio),
            mesh=parts.mesh,
        )
        running = Running(engine, radio, self._events)
        self._place = Place(running, channel=options.channel, pan_id=options.pan_id)
        self._endpoints, self._pingers = Endpoints(running, self), Pingers(running, self._random)
        self._child = parts.child
        self._mle = None if parts.mle is None else Mle(running, parts.mle)
        stack.callback(lambda: parts.settle(now=running.now()))
        if options.tun is not None:
            from lowpan.aio.tun_host import TunHost  # noqa: PLC0415  (needs Linux, and pyroute2)

            self._tun = await TunHost.open(running, options.tun, options.routes)
            stack.push_async_callback(self._tun.close)
        stack.push_async_callback(running.close)
        self._running = running
        await running.start()
        if options.coordinator and options.store is not None:
            KnownDevices(parts.store, running).restore()
        if options.associate:
            await self._place.associate()
        await running.addressed(READY_S)
        for address in options.addresses:
            self.add_address(address)
        if self._tun is not None:
            await self._tun.start()
