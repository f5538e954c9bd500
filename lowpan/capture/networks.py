"""Networks: who is on air, from the frames that were heard; without I/O or clock."""

from dataclasses import dataclass, field

from lowpan.capture.decoded import DecodedFrame
from lowpan.errors import MalformedFrame
from lowpan.radio import Fcs
from lowpan.wire.beacon import ThreadBeacon
from lowpan.wire.dataset import Discovery, MeshCopType
from lowpan.wire.ieee802154 import Frame
from lowpan.wire.meshcop import DiscoveryResponse, ExtendedPanId, NetworkName
from lowpan.wire.mle import SECURED, MleCommand, TlvType
from lowpan.wire.zigbee_beacon import ZIGBEE_BEACON, ZigbeeBeacon

MOST_NETWORKS = 1024
"""A stranger can claim any number of networks; further ones are only counted."""

MOST_SENDERS = 256
"""Of one network, likewise."""

ANY_PAN = 0xFFFF

_THREAD_VERSIONS = {2: "1.1", 3: "1.2", 4: "1.3", 5: "1.4"}
"""As Version TLVs and discovery say them; 5 is 1.3.1 too."""

_SURE, _LIKELY, _WEAK = 3, 2, 1


@dataclass(slots=True)
class Sender:
    """One node of a network, as it was heard last."""

    address: bytes
    """2 or 8 octets."""
    rssi: float | None = None
    lqi: int | None = None
    frames: int = 0


@dataclass(slots=True)
class FoundNetwork:
    """A network, and what its frames tell of it; what they do not tell is None or empty."""

    pan_id: int
    channel: int | None
    page: int | None = None
    extended_pan_id: bytes | None = None
    """8 octets."""
    name: str = ""
    protocol: str = "802.15.4"
    """Such as `Thread 1.4`, `Zigbee PRO`, `MLE`, `6LoWPAN`."""
    joinable: bool | None = None
    """Whether the last beacon or discovery response let others join."""
    frames: int = 0
    senders: dict[bytes, Sender] = field(default_factory=dict[bytes, Sender])
    sureness: int = 0
    """How sure the protocol is: 0 not at all, 3 by the network's own word."""

    @property
    def nearest(self) -> Sender | None:
        """Return the sender that was heard best."""
        return max(self.senders.values(), key=_strength, default=None)

    def is_called(self, protocol: str, sureness: int) -> None:
        """Note what the network speaks, unless something surer is known."""
        if sureness >= self.sureness:
            self.protocol, self.sureness = protocol, sureness


class Networks:
    """Gathers networks; what it stores is bounded, and no frame makes it raise."""

    def __init__(self) -> None:
        self.found: list[FoundNetwork] = []
        self.frames = 0
        """That were looked at and whose FCS is not wrong."""
        self.unnamed = 0
        """Frames that name no network: acknowledgments, requests to all."""
        self.crowded_out = 0
        """Frames of networks for which there was no room."""

    def add(self, decoded: DecodedFrame, channel: int | None) -> FoundNetwork | None:
        """Take in a frame heard on `channel`; return its network, None if it names none."""
        frame, received = decoded.frame, decoded.received
        if received.fcs is Fcs.BAD or not isinstance(frame, Frame):
            return None
        self.frames += 1
        discovery, zigbee = _discovery(decoded), _zigbee(decoded)
        pan_id = _pan_id(frame, answers=discovery is not None)
        if pan_id in (None, ANY_PAN):
            self.unnamed += 1
            return None
        extended_pan_id = _extended_pan_id(decoded.thread_beacon, zigbee, discovery)
        channel = channel if received.channel is None else received.channel
        network = self._network(pan_id, channel, extended_pan_id)
        if network is None:
            self.crowded_out += 1
            return None
        network.frames += 1
        network.page = received.page if network.page is None else network.page
        _note_sender(network, decoded)
        _note_beacon(network, decoded, zigbee)
        if discovery is not None:
            _note_discovery(network, discovery)
        else:
            _note_traffic(network, decoded)
        return network

    def _network(
        self, pan_id: int | None, channel: int | None, extended_pan_id: bytes | None
    ) -> FoundNetwork | None:
        """Return the network meant, a new one if it is new; None if there is no room."""
        same = [each for each in self.found if (each.pan_id, each.channel) == (pan_id, channel)]
        for network in same:
            if extended_pan_id in (None, network.extended_pan_id):
                return network
        for network in same:
            if network.extended_pan_id is None:
                network.extended_pan_id = extended_pan_id
                return network
        if pan_id is None or len(self.found) == MOST_NETWORKS:
            return None
        network = FoundNetwork(pan_id, channel, extended_pan_id=extended_pan_id)
        self.found.append(network)
        return network


def _strength(sender: Sender) -> tuple[float, int]:
    return (
        -1000.0 if sender.rssi is None else sender.rssi,
        -1 if sender.lqi is None else sender.lqi,
    )


def _pan_id(frame: Frame, *, answers: bool) -> int | None:
    """Return the PAN that the sender is in; None if the frame does not say.

    Who asks around, or joins, comes from a PAN that is none: only an answer, or a beacon, is
    believed when it goes from one PAN to another.
    """
    source, destination = frame.source_pan_id, frame.destination_pan_id
    if frame.source is None:
        return None
    if source is None:
        return destination
    return source if answers or destination in (None, source) else None


def _extended_pan_id(
    thread: ThreadBeacon | None, zigbee: ZigbeeBeacon | None, discovery: Discovery | None
) -> bytes | None:
    for beacon in (thread, zigbee):
        if beacon is not None:
            return beacon.extended_pan_id
    if discovery is not None:
        found = discovery.find(MeshCopType.EXTENDED_PAN_ID, ExtendedPanId)
        return found.extended_pan_id if found is not None else None
    return None


def _discovery(decoded: DecodedFrame) -> Discovery | None:
    """Return the content of a discovery response."""
    mle = decoded.mle
    if mle is None or mle.message is None or mle.message.command != MleCommand.DISCOVERY_RESPONSE:
        return None
    return mle.message.find(TlvType.THREAD_DISCOVERY, Discovery)


def _zigbee(decoded: DecodedFrame) -> ZigbeeBeacon | None:
    if decoded.beacon is None or decoded.thread_beacon is not None:
        return None
    try:
        return ZIGBEE_BEACON.decode(decoded.beacon.payload)
    except MalformedFrame:  # another protocol's, or none
        return None


def _note_sender(network: FoundNetwork, decoded: DecodedFrame) -> None:
    frame, received = decoded.frame, decoded.received
    address = frame.source if isinstance(frame, Frame) else None
    if address is None:
        return
    sender = network.senders.get(address)
    if sender is None:
        if len(network.senders) == MOST_SENDERS:
            return
        sender = network.senders[address] = Sender(address)
    sender.frames += 1
    sender.rssi = received.rssi if received.rssi is not None else sender.rssi
    sender.lqi = received.lqi if received.lqi is not None else sender.lqi


def _note_beacon(network: FoundNetwork, decoded: DecodedFrame, zigbee: ZigbeeBeacon | None) -> None:
    if decoded.beacon is not None:
        network.joinable = decoded.beacon.superframe_specification.association_permit
    if decoded.thread_beacon is not None:
        control = decoded.thread_beacon.control
        network.joinable = control.joining_permitted
        name = decoded.thread_beacon.network_name.rstrip(b"\0").decode("utf-8", "replace")
        network.name = name or network.name
        network.is_called("Thread", _LIKELY)
    elif zigbee is not None:
        profile = {1: "Zigbee", 2: "Zigbee PRO"}.get(zigbee.control.stack_profile, "Zigbee")
        network.is_called(profile, _SURE)


def _note_discovery(network: FoundNetwork, discovery: Discovery) -> None:
    name = discovery.find(MeshCopType.NETWORK_NAME, NetworkName)
    if name is not None:
        network.name = name.name
    response = discovery.find(MeshCopType.DISCOVERY_RESPONSE, DiscoveryResponse)
    if response is not None:
        version = _THREAD_VERSIONS.get(response.version, f"version {response.version}")
        network.is_called(f"Thread {version}", _SURE)
    network.joinable = discovery.find(MeshCopType.STEERING_DATA) is not None


def _note_traffic(network: FoundNetwork, decoded: DecodedFrame) -> None:
    """Guess the protocol from frames that do not tell."""
    mle = decoded.mle
    if mle is not None and mle.envelope.suite == SECURED:
        network.is_called("MLE", _LIKELY)
    elif (decoded.datagram or decoded.compressed or decoded.fragment or decoded.mesh) is not None:
        network.is_called("6LoWPAN", _WEAK)
