"""Contents of MeshCoP TLVs: what makes a Thread network, and how joiners find it."""

from collections.abc import Iterator
from dataclasses import dataclass

from construct import (
    BitsInteger,
    BitStruct,
    Bytes,
    Flag,
    GreedyBytes,
    Int8ub,
    Int16ub,
    Int32ub,
    Struct,
)

from lowpan.schema import Derived, Layout, Run, Sized
from lowpan.wire.secret import Secret, from_secret, to_secret
from lowpan.wire.tlv import octets_of_length


@dataclass(frozen=True, slots=True)
class Channel:
    """A channel of one channel page."""

    page: int
    channel: int
    """16 bits; as CSL Channel, 0 stands for the network's channel."""


CHANNEL = Layout(Channel, Struct("page" / Int8ub, "channel" / Int16ub))


@dataclass(frozen=True, slots=True)
class PanId:
    """PAN ID of the network."""

    pan_id: int
    """16 bits."""


PAN_ID = Layout(PanId, Struct("pan_id" / Int16ub))


@dataclass(frozen=True, slots=True)
class ExtendedPanId:
    """Extended PAN ID of the network."""

    extended_pan_id: bytes
    """8 octets."""


EXTENDED_PAN_ID = Layout(ExtendedPanId, Struct("extended_pan_id" / Bytes(8)))


def _to_text(octets: bytes, surroundings: object) -> str:
    return octets.decode()  # a UnicodeDecodeError is a ValueError


def _from_text(text: str, surroundings: object) -> bytes:
    return text.encode()


@dataclass(frozen=True, slots=True)
class NetworkName:
    """Name of the network, for people."""

    name: str
    """At most 16 octets of UTF-8."""


NETWORK_NAME = Layout(
    NetworkName, Struct("name" / Derived(octets_of_length(0, 16), _to_text, _from_text))
)


@dataclass(frozen=True, slots=True)
class DomainName:
    """Name of the Thread domain."""

    name: str
    """UTF-8."""


DOMAIN_NAME = Layout(DomainName, Struct("name" / Derived(GreedyBytes, _to_text, _from_text)))


@dataclass(frozen=True, slots=True)
class Pskc:
    """Key that a commissioner proves to have."""

    pskc: Secret
    """16 octets."""

    def __post_init__(self) -> None:
        """Keep the key out of sight, also where plain octets were given."""
        object.__setattr__(self, "pskc", Secret(self.pskc))


PSKC = Layout(Pskc, Struct("pskc" / Derived(Bytes(16), to_secret, from_secret)))


@dataclass(frozen=True, slots=True)
class NetworkKey:
    """Key from which all keys of the network are derived."""

    network_key: Secret
    """16 octets."""

    def __post_init__(self) -> None:
        """Keep the key out of sight, also where plain octets were given."""
        object.__setattr__(self, "network_key", Secret(self.network_key))


NETWORK_KEY = Layout(NetworkKey, Struct("network_key" / Derived(Bytes(16), to_secret, from_secret)))


@dataclass(frozen=True, slots=True)
class MeshLocalPrefix:
    """Prefix of addresses that never leave the network."""

    prefix: bytes
    """8 octets, of 64 bits."""


MESH_LOCAL_PREFIX = Layout(MeshLocalPrefix, Struct("prefix" / Bytes(8)))


@dataclass(frozen=True, slots=True)
class SteeringData:
    """Bloom filter of the joiners that the commissioner expects; all ones admit everybody."""

    bloom_filter: bytes
    """1 to 16 octets."""


STEERING_DATA = Layout(SteeringData, Struct("bloom_filter" / octets_of_length(1, 16)))


@dataclass(frozen=True, slots=True)
class BorderAgentLocator:
    """RLOC16 of the border agent."""

    address: bytes
    """2 octets."""


BORDER_AGENT_LOCATOR = Layout(BorderAgentLocator, Struct("address" / Bytes(2)))


@dataclass(frozen=True, slots=True)
class CommissionerSessionId:
    """Number of the active commissioner's session."""

    session_id: int
    """16 bits."""


COMMISSIONER_SESSION_ID = Layout(CommissionerSessionId, Struct("session_id" / Int16ub))


@dataclass(frozen=True, slots=True)
class SecurityPolicy:
    """How long a key sequence lasts, and what the network lets its members do."""

    rotation_time: int
    """Hours, 16 bits."""
    flags: bytes
    """1 octet, or 2 since Thread 1.2."""


SECURITY_POLICY = Layout(
    SecurityPolicy, Struct("rotation_time" / Int16ub, "flags" / octets_of_length(1, 2))
)


@dataclass(frozen=True, slots=True)
class Timestamp:
    """Age of a dataset: the later one wins."""

    seconds: int
    """48 bits."""
    ticks: int = 0
    """1/32768 seconds, 15 bits."""
    authoritative: bool = False
    """The U bit: taken from a clock that knows the time of day."""


TIMESTAMP = Layout(
    Timestamp,
    BitStruct("seconds" / BitsInteger(48), "ticks" / BitsInteger(15), "authoritative" / Flag),
)


@dataclass(frozen=True, slots=True)
class UdpPort:
    """UDP port of the commissioner or of the joiner router."""

    port: int
    """16 bits."""


UDP_PORT = Layout(UdpPort, Struct("port" / Int16ub))


@dataclass(frozen=True, slots=True)
class DelayTimer:
    """Time until the pending dataset becomes the active one."""

    delay: int
    """Milliseconds, 32 bits."""


DELAY_TIMER = Layout(DelayTimer, Struct("delay" / Int32ub))


@dataclass(frozen=True, slots=True)
class ChannelMaskEntry:
    """Channels of one channel page."""

    page: int
    mask: bytes
    """The highest bit of the first octet is channel 0."""

    def channels(self) -> Iterator[int]:
        """Yield the numbers of the channels that are set, ascending."""
        for number in range(8 * len(self.mask)):
            if self.mask[number // 8] & 0x80 >> number % 8:
                yield number


CHANNEL_MASK_ENTRY = Layout(
    ChannelMaskEntry, Sized(Struct("page" / Int8ub, "length" / Int8ub), "mask" / GreedyBytes)
)


@dataclass(frozen=True, slots=True)
class ChannelMask:
    """Channels that the network may use."""

    entries: tuple[ChannelMaskEntry, ...]


CHANNEL_MASK = Layout(ChannelMask, Struct("entries" / Run(CHANNEL_MASK_ENTRY)))


@dataclass(frozen=True, slots=True)
class DiscoveryRequest:
    """Who looks for networks."""

    version: int
    """Thread version, 4 bits."""
    joiner: bool
    """The sender wants to be commissioned."""
    reserved: int = 0
    """The lower three bits of the first octet, and the second octet."""


DISCOVERY_REQUEST = Layout(
    DiscoveryRequest,
    BitStruct("version" / BitsInteger(4), "joiner" / Flag, "reserved" / BitsInteger(11)),
)


@dataclass(frozen=True, slots=True)
class DiscoveryResponse:
    """What the network that was found admits."""

    version: int
    """Thread version, 4 bits."""
    native_commissioner: bool
    """Commissioners may speak to it over its own radio link."""
    commercial_commissioning: bool = False
    """The CCM bit."""
    reserved: int = 0
    """The lower two bits of the first octet, and the second octet."""


DISCOVERY_RESPONSE = Layout(
    DiscoveryResponse,
    BitStruct(
        "version" / BitsInteger(4),
        "native_commissioner" / Flag,
        "commercial_commissioning" / Flag,
        "reserved" / BitsInteger(10),
    ),
)
