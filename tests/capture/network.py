"""A made network: frames and messages of nodes that a test chooses, and a Follower to hear them."""

from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cache

from lowpan.adaptation.compress import compress
from lowpan.capture.decoded import DecodedFrame
from lowpan.capture.follower import Follower
from lowpan.capture.key_sources import Given
from lowpan.capture.keys import Key, RawKey, ThreadKey
from lowpan.capture.session import open_capture
from lowpan.mac.ccm_star import CcmStarKey, nonce
from lowpan.mac.frame_security import seal_frame
from lowpan.radio import Fcs, ReceivedFrame
from lowpan.wire.addresses import Context, Surroundings, iid_of, link_local
from lowpan.wire.checksum import with_checksum
from lowpan.wire.icmpv6 import ECHO, ICMPV6, Echo, Icmpv6, Icmpv6Body, Icmpv6Type
from lowpan.wire.ieee802154 import Frame, FrameControl, encode_frame
from lowpan.wire.ipv6 import ICMPV6 as ICMPV6_NUMBER
from lowpan.wire.ipv6 import IPV6_HEADER, UDP, Ipv6Header
from lowpan.wire.mle import MLE_ENVELOPE, MLE_MESSAGE, MLE_PORT, MleEnvelope, MleMessage
from lowpan.wire.security_header import (
    AUXILIARY_SECURITY_HEADER,
    AuxiliarySecurityHeader,
    SecurityControl,
)
from lowpan.wire.udp import UDP_HEADER, UdpHeader
from tests.capture.octets import CAPTURES

NETWORK_KEY = bytes.fromhex("00112233445566778899aabbccddeeff")
SECOND_KEY = bytes.fromhex("ffeeddccbbaa99887766554433221100")
LLSEC_KEY = bytes.fromhex("c0c1c2c3c4c5c6c7c8c9cacbcccdcecf")
THREAD = ThreadKey(NETWORK_KEY)

OPENTHREAD = sorted(path.stem for path in (CAPTURES / "openthread").glob("*.pcap"))
LINUX = sorted(path.stem for path in (CAPTURES / "linux").glob("*.pcap"))

PAN = 0xFACE
ALICE, BOB, EVE = (bytes.fromhex(f"02aabbccdd0000{last}") for last in ("0a", "0b", "ee"))
A, B, EVERYBODY = b"\x04\x0a", b"\x04\x0b", b"\xff\xff"
"""Short addresses."""
PREFIX = bytes.fromhex("fd1234560789abcd")


def keys_of(name: str) -> list[Key]:
    """Return the keys that open the capture `name`."""
    if name in LINUX:
        return [RawKey(LLSEC_KEY)]
    return [THREAD, ThreadKey(SECOND_KEY)] if name.startswith("xii-") else [THREAD]


@cache
def followed(name: str, look_ahead: int = 0) -> tuple[DecodedFrame, ...]:
    """Return all frames of a capture, decoded in one pass unless `look_ahead` says otherwise."""
    folder = "linux" if name in LINUX else "openthread"
    path = CAPTURES / folder / f"{name}.pcap"
    with open_capture(path, keys=keys_of(name), look_ahead=look_ahead) as capture:
        frames = tuple(capture)
    assert capture.damage is None
    return frames


@dataclass
class Air:
    """Where frames are heard: each `hear()` is one frame, a millisecond after the last one."""

    given: Given = field(default_factory=Given)
    now_ns: int | None = 1_700_000_000_000_000_000
    number: int = 0

    def __post_init__(self) -> None:
        self.follower = Follower(self.given)

    def hear(self, psdu: bytes, *, fcs: Fcs = Fcs.GOOD, channel: int | None = None) -> DecodedFrame:
        self.number += 1
        if self.now_ns is not None:
            self.now_ns += 1_000_000
        received = ReceivedFrame(psdu, fcs, time_ns=self.now_ns, channel=channel)
        return self.follower.follow(self.number, received, len(psdu) + 2)

    def hear_all(self, psdus: Iterable[bytes]) -> list[DecodedFrame]:
        return [self.hear(psdu) for psdu in psdus]


def air(*keys: Key) -> Air:
    return Air(Given(keys=list(keys)))


@dataclass
class Seal:
    """How a frame is secured: level 5, key identifier mode 1 unless `source` is given."""

    key: CcmStarKey
    sender: bytes
    counter: int
    index: int = 1
    source: bytes | None = None
    level: int = 5

    def header(self) -> AuxiliarySecurityHeader:
        mode = {None: 1, 4: 2, 8: 3}[None if self.source is None else len(self.source)]
        control = SecurityControl(self.level, mode)
        return AuxiliarySecurityHeader(control, self.counter, self.source, self.index)


def thread_seal(sender: bytes, counter: int, *, sequence: int = 0, key: ThreadKey = THREAD) -> Seal:
    return Seal(key.mac_key(sequence), sender, counter, (sequence & 0x7F) + 1)


def frame(  # noqa: PLR0913  (a frame has many fields)
    source: bytes | None,
    destination: bytes | None,
    payload: bytes,
    *,
    kind: int = 1,
    version: int = 1,
    pan_id: int = PAN,
    number: int = 1,
    ack: bool = False,
    seal: Seal | None = None,
) -> bytes:
    """Return the PSDU of a frame inside one PAN."""
    control = FrameControl(
        kind,
        security_enabled=seal is not None,
        acknowledgment_request=ack,
        pan_id_compression=source is not None and destination is not None,
        destination_addressing_mode=_mode(destination),
        source_addressing_mode=_mode(source),
        frame_version=version,
    )
    alone = source is not None and destination is None
    made = Frame(
        control,
        number,
        None if destination is None else pan_id,
        destination,
        pan_id if alone else None,
        source,
        None if seal is None else seal.header(),
        payload=payload,
    )
    if version == 2 and len(source or b"") == len(destination or b"") == 8:
        made.destination_pan_id = None
    return encode_frame(made) if seal is None else seal_frame(made, seal.key, seal.sender)


def _mode(address: bytes | None) -> int:
    return {0: 0, 2: 2, 8: 3}[len(address or b"")]


def ipv6(
    source: bytes, destination: bytes, upper: bytes, kind: int = ICMPV6_NUMBER, hops: int = 255
) -> bytes:
    """Return a datagram; the checksum of UDP or ICMPv6 is put in."""
    at = {UDP: 6, ICMPV6_NUMBER: 2}.get(kind)
    if at is not None:
        upper = with_checksum(source, destination, kind, upper, at)
    header = Ipv6Header(0, 0, len(upper), kind, hops, source, destination)
    return IPV6_HEADER.encode(header) + upper


def udp(source: bytes, destination: bytes, payload: bytes, port: int = 5683) -> bytes:
    header = UDP_HEADER.encode(UdpHeader(port, port, 8 + len(payload), 0))
    return ipv6(source, destination, header + payload, UDP)


def icmpv6(source: bytes, destination: bytes, kind: int, body: Icmpv6Body) -> bytes:
    return ipv6(source, destination, ICMPV6.encode(Icmpv6(kind, 0, 0, body)))


def echo(source: bytes, destination: bytes, number: int = 1, data: bytes = b"data") -> bytes:
    body = ECHO.decode(ECHO.encode(Echo(1, number, data)))
    return icmpv6(source, destination, Icmpv6Type.ECHO_REQUEST, body)


def local(address: bytes) -> bytes:
    """Return the link-local address of a short or extended one."""
    return link_local(iid_of(address))


def lowpan(
    datagram: bytes,
    source: bytes = b"",
    destination: bytes = b"",
    contexts: dict[int, Context] | None = None,
) -> bytes:
    """Return the datagram compressed, for a frame between two link-layer addresses."""
    to, by = (iid_of(b"" if end == EVERYBODY else end) for end in (destination, source))
    return compress(datagram, Surroundings(by, to, contexts or {}))


def mle(  # noqa: PLR0913  (all of it is in the envelope)
    message: MleMessage,
    sender: bytes,
    receiver: bytes,
    counter: int,
    *,
    sequence: int = 0,
    key: ThreadKey = THREAD,
    level: int = 5,
    hops: int = 255,
) -> bytes:
    """Return the datagram of a secured message between two nodes; at level 4 it has no MIC.

    `receiver` is an extended address or an IPv6 one.
    """
    source = local(sender)
    destination = local(receiver) if len(receiver) == 8 else receiver
    security = AuxiliarySecurityHeader(
        SecurityControl(level, 2), counter, sequence.to_bytes(4, "big"), (sequence & 0x7F) + 1
    )
    authenticated = source + destination + AUXILIARY_SECURITY_HEADER.encode(security)
    octets = MLE_MESSAGE.encode(message)
    if level == 5:
        octets = key.mle_key(sequence).seal(
            nonce(sender, counter, level), authenticated, octets, level
        )
    mic = octets[-4:] if level == 5 else b""
    payload = octets[: len(octets) - len(mic)]
    envelope = MLE_ENVELOPE.encode(MleEnvelope(0, security, payload, mic))
    header = UDP_HEADER.encode(UdpHeader(MLE_PORT, MLE_PORT, 8 + len(envelope), 0))
    return ipv6(source, destination, header + envelope, UDP, hops)


def mle_frame(datagram: bytes, sender: bytes, receiver: bytes, *, number: int = 1) -> bytes:
    """Return the frame of such a datagram, unsecured itself; `receiver` may be a group."""
    destination = receiver if len(receiver) == 8 else EVERYBODY
    return frame(sender, destination, lowpan(datagram, sender, destination), number=number)
