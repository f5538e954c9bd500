"""Discovery: which networks are there, asked on one channel after the other, without a key."""

from dataclasses import dataclass

from lowpan.mac.service import Configure
from lowpan.mesh.discovery import discovery_message
from lowpan.mesh.service import MeshAction, MleReceived, StayAwake
from lowpan.mesh.thread.events import Discovering, NetworkFound
from lowpan.mesh.thread.network import ThreadNetwork
from lowpan.mesh.thread.station import NO_SHORT_ADDRESS, Station
from lowpan.wire.addresses import ALL_ROUTERS
from lowpan.wire.dataset import Discovery, MeshCopType
from lowpan.wire.meshcop import ExtendedPanId, NetworkName
from lowpan.wire.mle import MleMessage, TlvType

_ANY_PAN = 0xFFFF


@dataclass(frozen=True, slots=True)
class Found:
    """A network that answered: where it says that it is."""

    channel: int
    pan_id: int | None
    extended_pan_id: bytes | None
    name: str | None
    rssi: float

    def may_be(self, network: ThreadNetwork) -> bool:
        """Tell whether it may be `network`, as far as both say who they are."""
        if network.channel is not None and network.channel != self.channel:
            return False
        if network.extended_pan_id is not None:
            return self.extended_pan_id == network.extended_pan_id
        return network.name is None or network.name == self.name


@dataclass(frozen=True, slots=True)
class Discovered:
    """All channels were asked: what may be our network, the strongest first."""

    found: tuple[Found, ...]


class Scanning:
    """Asks on each channel that the network may be on; bounded in what it keeps."""

    def __init__(self, station: Station) -> None:
        self._station = station
        self._channels: list[int] = []
        self._channel = 0
        self._found: dict[tuple[int, int | None, bytes | None], Found] = {}
        self._deadline: int | None = None

    @property
    def is_under_way(self) -> bool:
        """Whether answers are waited for."""
        return self._deadline is not None

    def start(self, *, now: int) -> list[MeshAction]:
        """Ask on the first channel."""
        network = self._station.network
        known = network.channel
        self._channels = list(network.channels if known is None else (known,))
        self._found = {}
        return self._next_channel(now)

    def stop(self) -> None:
        """Ask no more."""
        self._deadline = None

    def next_deadline(self) -> int | None:
        """Return when to call handle_deadline(), None while nothing is asked."""
        return self._deadline

    def handle_deadline(self, *, now: int) -> list[MeshAction | Discovered]:
        """Go on to the next channel, or tell what was found on all."""
        if self._deadline is None or now < self._deadline:
            return []
        if self._channels:
            return [*self._next_channel(now)]
        self._deadline = None
        network = self._station.network
        fitting = [found for found in self._found.values() if found.may_be(network)]
        return [Discovered(tuple(sorted(fitting, key=lambda found: found.rssi, reverse=True)))]

    def receive_response(self, message: MleMessage, received: MleReceived) -> list[MeshAction]:
        """Take an answer, of which nothing is proven."""
        discovery = message.find(TlvType.THREAD_DISCOVERY, Discovery)
        if self._deadline is None or discovery is None:
            return []
        extended = discovery.find(MeshCopType.EXTENDED_PAN_ID, ExtendedPanId)
        name = discovery.find(MeshCopType.NETWORK_NAME, NetworkName)
        found = Found(
            self._channel,
            received.pan_id,
            None if extended is None else extended.extended_pan_id,
            None if name is None else name.name,
            -128.0 if received.rssi is None else received.rssi,
        )
        key = (found.channel, found.pan_id, found.extended_pan_id)
        is_new = key not in self._found
        if is_new and len(self._found) >= self._station.settings.most_networks:
            return []
        self._found[key] = found
        told = (found.channel, found.pan_id, found.extended_pan_id, found.name)
        return [NetworkFound(*told, received.link_source)] if is_new else []

    def _next_channel(self, now: int) -> list[MeshAction]:
        station = self._station
        self._channel = self._channels.pop(0)
        self._deadline = now + station.settings.discovery_wait
        settings = station.tuned(self._channel, _ANY_PAN, NO_SHORT_ADDRESS)
        return [
            StayAwake(),
            Configure(settings),
            Discovering(self._channel),
            *station.send_in_clear(discovery_message(), ALL_ROUTERS),
        ]
