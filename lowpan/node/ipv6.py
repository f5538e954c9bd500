"""IPv6, ICMPv6 and UDP of a node (RFC 8200, RFC 4443, RFC 768)."""

from collections import Counter
from dataclasses import dataclass
from random import Random

from lowpan.adaptation.first_header import is_routable
from lowpan.adaptation.layer import Ends
from lowpan.errors import FieldOutOfRange, MalformedFrame
from lowpan.node import errors_sent
from lowpan.node.addresses import OwnAddresses, is_possible_source
from lowpan.node.errors_received import error_of
from lowpan.node.extension_headers import HeaderRefused, UpperLayer, upper_layer_of, without_mpl
from lowpan.node.multicast import MplReceiver
from lowpan.node.ports import Ports
from lowpan.node.service import (
    DatagramDiscarded,
    DatagramForHost,
    Discard,
    EchoReplied,
    Endpoint,
    IpAction,
    UdpReceived,
)
from lowpan.wire.addresses import UNSPECIFIED, is_multicast
from lowpan.wire.checksum import verifies, with_checksum
from lowpan.wire.icmpv6 import (
    ICMPV6,
    Echo,
    Icmpv6,
    Icmpv6Type,
)
from lowpan.wire.ipv6 import (
    FRAGMENT,
    IPV6,
    IPV6_HEADER,
    IPV6_HEADER_OCTETS,
    MTU,
    NO_NEXT_HEADER,
    UDP,
    Ipv6Header,
    upper_layer,
)
from lowpan.wire.ipv6 import ICMPV6 as ICMPV6_NUMBER
from lowpan.wire.ipv6_options import ALL_MPL_FORWARDERS
from lowpan.wire.udp import UDP_HEADER, UDP_HEADER_OCTETS, UdpHeader

HOP_LIMIT = 64
"""Of what we send, unless a router or the caller says otherwise."""

_NEIGHBOUR_DISCOVERY = range(Icmpv6Type.ROUTER_SOLICITATION, Icmpv6Type.REDIRECT + 1)
_REGISTRATION = (
    Icmpv6Type.DUPLICATE_ADDRESS_REQUEST,
    Icmpv6Type.DUPLICATE_ADDRESS_CONFIRMATION,
)
_HOP_LIMIT_AT = 7


@dataclass(slots=True)
class SendDatagram:
    """A datagram of ours, complete, that is to find its next hop."""

    datagram: bytes


@dataclass(slots=True)
class NeighbourDiscoveryReceived:
    """A neighbour discovery message, its checksum right, its hop limit yet to be judged."""

    message: Icmpv6
    source: bytes
    destination: bytes
    hop_limit: int
    ends: Ends


Ipv6Action = SendDatagram | NeighbourDiscoveryReceived | IpAction


class Ipv6:
    """What is done with a datagram that came in, and how those of ours are made.

    Datagrams for `for_host` (a TUN interface behind us has our addresses) go up as they are, all
    but neighbour discovery.  What is for others is passed on if it `is_router`.  `now` is
    microseconds.
    """

    def __init__(
        self,
        own: OwnAddresses,
        *,
        random: Random | None = None,
        for_host: bool = False,
        is_router: bool = False,
    ) -> None:
        self.own, self.is_router = own, is_router
        self.for_host = for_host
        self.hop_limit = HOP_LIMIT
        self.discarded: Counter[Discard] = Counter()
        self._multicasts = MplReceiver()
        self._ports = Ports(random)
        self._limit = errors_sent.ErrorLimit()

    # What comes in

    def receive_datagram(self, datagram: bytes, ends: Ends, *, now: int) -> list[Ipv6Action]:
        """Take a datagram that came over the link, whole."""
        try:
            return self._received(datagram, ends, now)
        except MalformedFrame as fault:
            return [self.discard(Discard.MALFORMED, datagram, str(fault))]
        except _Refused as refused:
            return [self.discard(refused.discard, datagram, refused.reason)]

    def _received(self, datagram: bytes, ends: Ends, now: int) -> list[Ipv6Action]:
        header, _ = IPV6_HEADER.decode_prefix(datagram)
        if not is_possible_source(header.source):
            raise _Refused(Discard.SPOOFED)
        if not self.own.is_ours(header.destination):
            self._refuse_impostor(header, ends)
            return self._forward(datagram, header, now)
        if is_multicast(header.destination):
            ours = self.own.get(header.source) is not None
            if not self._multicasts.is_new(datagram, header, ends.source, ours=ours, now=now):
                self.discarded[Discard.REPEATED] += 1
                return []
        return self._for_us(datagram, header, ends, now)

    def _for_us(
        self, datagram: bytes, header: Ipv6Header, ends: Ends, now: int
    ) -> list[Ipv6Action]:
        try:
            found = upper_layer_of(datagram, header)
        except HeaderRefused as refused:
            self._refuse_impostor(header, ends)
            return self._header_refused(datagram, refused, now)
        if found.protocol == ICMPV6_NUMBER:
            return self._icmpv6(datagram, header, found, ends)
        self._refuse_impostor(header, ends)
        return self._upper_layer(datagram, header, found, ends, now)

    def _upper_layer(
        self, datagram: bytes, header: Ipv6Header, found: UpperLayer, ends: Ends, now: int
    ) -> list[Ipv6Action]:
        protocol, upper = found.protocol, datagram[found.at :]
        if protocol == IPV6 and header.destination == ALL_MPL_FORWARDERS:
            return self._tunnelled(upper, ends, now)
        is_kept = protocol == UDP and self._ports.is_kept(int.from_bytes(upper[2:4], "big"))
        if self.for_host and not is_kept:
            return [DatagramForHost(without_mpl(datagram, header, found))]
        if protocol == UDP:
            return self._udp(datagram, header, upper, ends, now)
        if protocol == NO_NEXT_HEADER:
            return []
        problem = errors_sent.parameter_problem(
            errors_sent.UNRECOGNISED_NEXT_HEADER, found.pointer, datagram
        )
        answer = self.answer(datagram, protocol, upper, problem, now=now)
        return [self.discard(Discard.NO_PROTOCOL, datagram, f"protocol {protocol}"), *answer]

    def _header_refused(
        self, datagram: bytes, refused: HeaderRefused, now: int
    ) -> list[Ipv6Action]:
        """Obey the headers; a host behind us that has our addresses does so itself."""
        if self.for_host:
            return [DatagramForHost(datagram)]
        done: list[Ipv6Action] = [self.discard(refused.discard, datagram, refused.reason)]
        if refused.code is None:
            return done
        error = errors_sent.parameter_problem(refused.code, refused.pointer, datagram)
        return done + self._report(datagram, error, now, even_to_group=refused.even_to_group)

    def _tunnelled(self, datagram: bytes, ends: Ends, now: int) -> list[Ipv6Action]:
        """Take a multicast of a larger scope than the mesh, which came inside of one of the mesh.

        Nothing else may come so, nor one tunnel in another.
        """
        inner, _ = IPV6_HEADER.decode_prefix(datagram)
        if not is_multicast(inner.destination) or inner.destination == ALL_MPL_FORWARDERS:
            raise _Refused(Discard.NOT_FOR_US, "no multicast in a tunnel of multicasts")
        if not self.own.is_ours(inner.destination):
            return []  # a group of others
        return self._received(datagram, ends, now)

    def _refuse_impostor(self, header: Ipv6Header, ends: Ends) -> None:
        """Refuse what is from nobody (RFC 4291 §2.5.2), or from us although it came over the link.

        A service that answers it would talk to itself for ever.  Neighbour discovery has its own
        rules for both, by which duplicates are found.
        """
        own = self.own.get(header.source)
        is_ours = own is not None and own.ready and bool(ends.source)
        if is_ours or header.source == UNSPECIFIED:
            raise _Refused(Discard.SPOOFED)

    def _forward(self, datagram: bytes, header: Ipv6Header, now: int) -> list[Ipv6Action]:
        """Be a router, if we are one, for what may leave its link (RFC 4291 §2.5.6)."""
        if not (self.is_router and is_routable(header.source) and is_routable(header.destination)):
            raise _Refused(Discard.NOT_FOR_US)
        if header.hop_limit <= 1:
            error = errors_sent.hop_limit_exceeded(datagram)
            return [self.discard(Discard.HOP_LIMIT, datagram), *self._report(datagram, error, now)]
        at = _HOP_LIMIT_AT
        return [SendDatagram(datagram[:at] + bytes((header.hop_limit - 1,)) + datagram[at + 1 :])]

    def no_route(self, datagram: bytes, *, now: int) -> list[Ipv6Action]:
        """Give up a datagram that has no next hop; tell who sent it if that is somebody else."""
        discarded = self.discard(Discard.NO_ROUTE, datagram)
        error = errors_sent.unreachable(errors_sent.NO_ROUTE, datagram)
        if self.own.get(datagram[8:24]) is not None:
            return [discarded, *self._tell_host(datagram, error)]
        return [discarded, *self._report(datagram, error, now)]

    def _report(
        self, datagram: bytes, error: bytes, now: int, *, even_to_group: bool = False
    ) -> list[Ipv6Action]:
        """Send the `error` about a datagram of which nobody has looked at the upper layer."""
        try:
            protocol, at = upper_layer(datagram)
        except MalformedFrame:
            return []  # nobody can tell whether it is an error itself
        if protocol == FRAGMENT:
            return []  # neither here: it is a later piece
        return self.answer(
            datagram, protocol, datagram[at:], error, now=now, even_to_group=even_to_group
        )

    def _icmpv6(
        self, datagram: bytes, header: Ipv6Header, found: UpperLayer, ends: Ends
    ) -> list[Ipv6Action]:
        upper = datagram[found.at :]
        if not verifies(header.source, header.destination, ICMPV6_NUMBER, upper):
            raise _Refused(Discard.CHECKSUM)
        message = ICMPV6.decode(upper)
        source, destination, hop_limit = header.source, header.destination, header.hop_limit
        if message.type in _NEIGHBOUR_DISCOVERY or message.type in _REGISTRATION:
            if found.fragment:
                raise _Refused(Discard.FRAGMENT, "neighbour discovery, see RFC 6980")
            return [NeighbourDiscoveryReceived(message, source, destination, hop_limit, ends)]
        self._refuse_impostor(header, ends)
        if self.for_host:
            return [DatagramForHost(without_mpl(datagram, header, found))]
        body = message.body
        if isinstance(body, Echo):
            if message.type == Icmpv6Type.ECHO_REQUEST:
                return self._echo(header, body)
            told = (body.identifier, body.sequence_number, body.data, hop_limit)
            return [EchoReplied(source, destination, *told)]
        if message.type < 128:
            return [error_of(message, source)]
        raise _Refused(Discard.NO_PROTOCOL, f"ICMPv6 type {message.type}")

    def _echo(self, header: Ipv6Header, request: Echo) -> list[Ipv6Action]:
        """Answer from the address that was asked, or for a group from the best one (§4.2)."""
        source = header.destination
        if is_multicast(source):
            own = self.own.source_for(header.source)
            if own is None:
                return []
            source = own.address
        message = ICMPV6.encode(Icmpv6(Icmpv6Type.ECHO_REPLY, 0, 0, request))
        return [SendDatagram(self.icmpv6_datagram(message, source, header.source))]

    def _udp(
        self, datagram: bytes, header: Ipv6Header, upper: bytes, ends: Ends, now: int
    ) -> list[Ipv6Action]:
        udp, used = UDP_HEADER.decode_prefix(upper)
        if not used <= udp.length <= len(upper):
            raise _Refused(Discard.MALFORMED, f"UDP length {udp.length}")
        upper = upper[: udp.length]
        # a checksum of zero is no checksum, which IPv6 does not allow (RFC 8200 §8.1)
        if not udp.checksum or not verifies(header.source, header.destination, UDP, upper):
            raise _Refused(Discard.CHECKSUM)
        local = Endpoint(header.destination, udp.destination_port)
        if not self._ports.is_open(local):
            error = errors_sent.unreachable(errors_sent.PORT_UNREACHABLE, datagram)
            answer = self.answer(datagram, UDP, upper, error, now=now)
            return [self.discard(Discard.NO_PORT, datagram, f"port {local.port}"), *answer]
        return [
            UdpReceived(
                local,
                Endpoint(header.source, udp.source_port),
                upper[used:],
                header.hop_limit,
                ends.security_level,
                ends.rssi,
                ends.lqi,
                ends.source,
                ends.pan_id,
            )
        ]

    # What goes out

    def keep_ports(self, ports: frozenset[int]) -> None:
        """Receive UDP for `ports` at all our addresses, even if a host behind us has them too."""
        self._ports.keep(ports)

    def open_port(self, local: Endpoint) -> Endpoint:
        """Receive for `local`, see Ports.open()."""
        return self._ports.open(local)

    def close_port(self, local: Endpoint) -> None:
        """Receive for `local` no longer; harmless if it is closed."""
        self._ports.close(local)

    def send_udp(
        self, payload: bytes, local: Endpoint, remote: Endpoint, *, hop_limit: int | None = None
    ) -> list[Ipv6Action]:
        """Send a UDP datagram from `local`, whose address may be empty; raise FieldOutOfRange."""
        source = self._source(local.address, remote.address)
        length = UDP_HEADER_OCTETS + len(payload)
        if IPV6_HEADER_OCTETS + length > MTU:
            most = MTU - IPV6_HEADER_OCTETS - UDP_HEADER_OCTETS
            raise FieldOutOfRange(f"{len(payload)} octets, a UDP datagram carries {most}")
        header = UDP_HEADER.encode(UdpHeader(local.port, remote.port, length, 0))
        if source is None:
            return [self.discard(Discard.NO_ADDRESS, header + payload)]
        upper = with_checksum(source, remote.address, UDP, header + payload, 6)
        return [SendDatagram(self._datagram(upper, UDP, source, remote.address, hop_limit))]

    def send_echo_request(
        self, echo: Echo, destination: bytes, *, source: bytes = b"", hop_limit: int | None = None
    ) -> list[Ipv6Action]:
        """Ask `destination` for an echo; raise FieldOutOfRange if it is too large."""
        chosen = self._source(source, destination)
        message = ICMPV6.encode(Icmpv6(Icmpv6Type.ECHO_REQUEST, 0, 0, echo))
        if IPV6_HEADER_OCTETS + len(message) > MTU:
            raise FieldOutOfRange(f"{len(echo.data)} octets, an echo carries {MTU - 48}")
        if chosen is None:
            return [self.discard(Discard.NO_ADDRESS, message)]
        return [SendDatagram(self.icmpv6_datagram(message, chosen, destination, hop_limit))]

    def icmpv6_datagram(
        self, message: bytes, source: bytes, destination: bytes, hop_limit: int | None = None
    ) -> bytes:
        """Return the datagram of an ICMPv6 `message` whose checksum is yet to come."""
        upper = with_checksum(source, destination, ICMPV6_NUMBER, message, 2)
        return self._datagram(upper, ICMPV6_NUMBER, source, destination, hop_limit)

    def answer(  # noqa: PLR0913  (what about, what of it, what is said)
        self,
        datagram: bytes,
        protocol: int,
        upper: bytes,
        error: bytes,
        *,
        now: int,
        even_to_group: bool = False,
    ) -> list[Ipv6Action]:
        """Send the ICMPv6 `error` about `datagram` to whoever sent it, if it may be sent."""
        destination = datagram[24:40]
        to_group = is_multicast(destination) and not even_to_group
        if not errors_sent.may_be_answered(datagram, protocol, upper, to_group=to_group):
            return []
        own = self.own.get(destination) or self.own.source_for(datagram[8:24])
        if own is None or not self._limit.take(now=now):
            return []
        return [SendDatagram(self.icmpv6_datagram(error, own.address, datagram[8:24]))]

    def undeliverable(self, datagram: bytes) -> list[DatagramForHost]:
        """Tell the host behind us, if there is one, that its neighbour does not answer."""
        error = errors_sent.unreachable(errors_sent.ADDRESS_UNREACHABLE, datagram)
        return self._tell_host(datagram, error)

    def too_big(self, datagram: bytes) -> list[Ipv6Action]:
        """Give up a datagram above the MTU, and tell the host behind us, if there is one."""
        told = self._tell_host(datagram, errors_sent.packet_too_big(datagram))
        return [self.discard(Discard.TOO_BIG, datagram), *told]

    def _tell_host(self, datagram: bytes, error: bytes) -> list[DatagramForHost]:
        own = self.own.source_for(datagram[8:24])
        if not self.for_host or own is None:
            return []
        return [DatagramForHost(self.icmpv6_datagram(error, own.address, datagram[8:24]))]

    def discard(self, discard: Discard, datagram: bytes, reason: str = "") -> DatagramDiscarded:
        """Count a datagram that goes no further, and say so."""
        self.discarded[discard] += 1
        return DatagramDiscarded(discard, datagram, reason)

    def _source(self, wanted: bytes, destination: bytes) -> bytes | None:
        if wanted:
            return wanted
        own = self.own.source_for(destination)
        return None if own is None else own.address

    def _datagram(
        self, upper: bytes, protocol: int, source: bytes, destination: bytes, hop_limit: int | None
    ) -> bytes:
        if hop_limit is None:
            hop_limit = 1 if destination[:2] == b"\xff\x02" else self.hop_limit
        header = Ipv6Header(0, 0, len(upper), protocol, hop_limit, source, destination)
        return IPV6_HEADER.encode(header) + upper


class _Refused(Exception):
    """A datagram that goes no further."""

    def __init__(self, discard: Discard, reason: str = "") -> None:
        self.discard, self.reason = discard, reason
