"""The 6LoWPAN, IPv6 and MLE layers of the Follower: contexts, fragments, messages."""

from typing import Any

from lowpan.adaptation.decompress import decompress
from lowpan.adaptation.reassembly import DatagramReceived, FragmentRefused, Reassembler
from lowpan.capture.addresses import AddressBook
from lowpan.capture.context_search import ContextSearch
from lowpan.capture.datagram import Datagram, datagram_of_headers, datagram_of_octets
from lowpan.capture.decoded import DecodedFrame, DecodedMle, Outcome, Protection
from lowpan.capture.key_sources import Given
from lowpan.capture.links import Link
from lowpan.capture.teaching import (
    contexts_in_neighbour_discovery,
    extended_of,
    learn_from_mle,
    learn_from_neighbour_discovery,
)
from lowpan.capture.unsealing import Unsealer
from lowpan.errors import MalformedFrame
from lowpan.wire.addresses import Context, Surroundings, iid_of
from lowpan.wire.iphc import Iphc
from lowpan.wire.lowpan_headers import Dispatch, LowpanHeaders, decode_lowpan_headers
from lowpan.wire.mle import MLE_ENVELOPE, MLE_MESSAGE, MLE_PORT, SECURED
from lowpan.wire.nhc import COMPRESSED_HEADERS, CompressedHeaders, Ipv6Nhc, UdpNhc

UNKNOWN_CONTEXT = Context(b"", 64, compress=False)
"""Stands for a context that nobody has told: its prefix reads as zero and the frame says so."""
MOST_PANS = 64
"""PANs whose contexts are kept apart."""
MOST_PAIRS = 4096
"""Pairs of addresses whose interface identifiers are remembered."""
MOST_DATAGRAMS, MOST_PER_SENDER = 1024, 64
"""Partial datagrams: a capture of many hops holds more of them than one node."""

_IPHC_FIRST, _IPHC_END = 0x60, 0x80
_Contexts = dict[int, Context]


class IpFollower:
    """Follows data frames from their clear payload upwards."""

    def __init__(self, given: Given, book: AddressBook, unsealer: Unsealer) -> None:
        self._given, self._book, self._unsealer = given, book, unsealer
        self._contexts: dict[int | None, _Contexts] = {}
        self._told: _Contexts = {}
        """The contexts told last, of any PAN: a network that changes its PAN ID keeps them."""
        self._pairs: dict[tuple[Any, ...], Surroundings] = {}
        self._search = ContextSearch()
        self._missing = False
        """Some datagram lacks a context: prefixes are collected from now on."""
        self._reassembler = Reassembler(
            most_datagrams=MOST_DATAGRAMS, most_per_sender=MOST_PER_SENDER
        )

    def follow(self, decoded: DecodedFrame, link: Link, payload: bytes) -> None:
        """Decode the 6LoWPAN `payload` of a frame on `link`; raise MalformedFrame."""
        if _IPHC_FIRST <= payload[0] < _IPHC_END:
            self._compressed(decoded, payload, link.surroundings)
        else:
            self._headers(decoded, link, decode_lowpan_headers(payload))
        datagram = decoded.datagram
        if datagram is None:
            return
        if self._missing:
            self._search.offer_all(datagram.payload)
        if datagram.unknown_contexts:
            self._missing = True
            if decoded.compressed is not None:
                self._seek(decoded.compressed.iphc, datagram, link.destination_pan_id)
        self._upper(decoded, link, datagram)

    def _seek(self, header: Iphc, datagram: Datagram, pan_id: int | None) -> None:
        """Find the context that `datagram` lacks, and complete its addresses."""
        control, search = header.control, self._search
        source = bool(control.sac and control.sam)
        destination = bool(control.dac and not control.m)
        if not destination and control.dac:
            return  # the prefix stands in the middle of a multicast address
        found = search.examine(datagram, pan_id, source=source, destination=destination)
        if found is None:
            return
        self._tell(pan_id, datagram.unknown_contexts[0], found)
        datagram.unknown_contexts = ()
        if source:
            datagram.source = found.network + datagram.source[8:]
        if destination:
            datagram.destination = found.network + datagram.destination[8:]

    def _surroundings(self, link: Link, source: bytes, destination: bytes) -> Surroundings:
        """Return the surroundings inside a mesh header, remembered for each pair of ends."""
        key = (link.destination_pan_id, source, destination)
        known = self._pairs.get(key)
        if known is None:
            if len(self._pairs) >= MOST_PAIRS:
                self._pairs.clear()
            contexts = self.contexts(link.destination_pan_id)
            known = Surroundings(iid_of(source), iid_of(destination), contexts, True)
            self._pairs[key] = known
        return known

    def contexts(self, pan_id: int | None) -> _Contexts:
        """Return the contexts of a PAN, unknown ones as UNKNOWN_CONTEXT; it grows in place."""
        contexts = self._contexts.get(pan_id)
        if contexts is None:
            if len(self._contexts) >= MOST_PANS:
                self._contexts.clear()
                self._pairs.clear()
            contexts = dict.fromkeys(range(16), UNKNOWN_CONTEXT)
            contexts |= self._told
            contexts |= self._given.contexts_of(pan_id)
            self._contexts[pan_id] = contexts
        return contexts

    # -- 6LoWPAN

    def _headers(self, decoded: DecodedFrame, link: Link, headers: LowpanHeaders) -> None:
        decoded.mesh, decoded.broadcast = headers.mesh, headers.broadcast
        decoded.fragment = headers.fragment
        source, destination = link.source or b"", link.destination or b""
        surroundings = link.surroundings
        if headers.mesh is not None:
            source, destination = headers.mesh.originator, headers.mesh.final_destination
            surroundings = self._surroundings(link, source, destination)
        if headers.fragment is not None:
            pan_id, hop = link.destination_pan_id, link.source or b""
            sender = b"%d %b %b" % (-1 if pan_id is None else pan_id, hop, source)
            self._fragment(decoded, headers, (sender, destination), surroundings)
        elif headers.dispatch is Dispatch.IPHC:
            self._compressed(decoded, headers.payload, surroundings)
        elif headers.dispatch is Dispatch.IPV6:
            decoded.datagram = datagram_of_octets(headers.payload)
        elif headers.payload:
            decoded.dispatch = headers.payload[0]

    def _compressed(
        self, decoded: DecodedFrame, payload: bytes, surroundings: Surroundings
    ) -> None:
        headers, used = COMPRESSED_HEADERS.decode_prefix(payload, surroundings)
        decoded.compressed = headers
        iphc, chain, rest = headers.iphc, headers.next_headers, payload[used:]
        if not chain:
            datagram = datagram_of_headers(iphc, None, rest)
        elif len(chain) == 1 and isinstance(chain[0], UdpNhc):
            datagram = datagram_of_headers(iphc, chain[0], rest)
        else:
            datagram = datagram_of_octets(decompress(headers, rest))
        decoded.datagram = datagram
        control, contexts = iphc.control, surroundings.contexts
        if (control.sac or control.dac) and (
            contexts[iphc.source_context] is UNKNOWN_CONTEXT
            or contexts[iphc.destination_context] is UNKNOWN_CONTEXT
        ):
            self._mark_unknown(datagram, headers, surroundings)
        if self._missing:
            self._search.offer(datagram.source)
            self._search.offer(datagram.destination)

    def _mark_unknown(
        self, datagram: Datagram, headers: CompressedHeaders, surroundings: Surroundings
    ) -> None:
        """Say which contexts are missing in the addresses of `datagram`."""
        layers = [(headers.iphc, datagram), *zip(_tunnelled(headers), _inner(datagram))]
        for header, layer in layers:
            needed, contexts = _contexts_needed(header), surroundings.contexts
            missing = [number for number in needed if contexts[number] is UNKNOWN_CONTEXT]
            layer.unknown_contexts = tuple(missing)

    def _fragment(
        self,
        decoded: DecodedFrame,
        headers: LowpanHeaders,
        ends: tuple[bytes, bytes],
        surroundings: Surroundings,
    ) -> None:
        fragment, piece = headers.fragment, headers.payload
        if fragment is None:
            return
        if headers.dispatch is Dispatch.IPHC:
            decoded.compressed, used = COMPRESSED_HEADERS.decode_prefix(piece, surroundings)
            piece = decompress(decoded.compressed, piece[used:], fragment.datagram_size)
        elif fragment.datagram_offset is None and headers.dispatch is not Dispatch.IPV6:
            decoded.dispatch = piece[0] if piece else None
            return
        now = (decoded.received.time_ns or 0) // 1000
        events = self._reassembler.receive_fragment(
            *ends, fragment, piece, now=now, mark=decoded
        )
        for event in events:
            if isinstance(event, FragmentRefused):
                raise MalformedFrame(event.reason, format="FragmentHeader")
            if isinstance(event, DatagramReceived):
                self._reassembled(decoded, event, surroundings)
            elif decoded in event.marks or event.source == ends[0]:
                decoded.notes += (f"datagram {event.datagram_tag:#06x} given up: {event.reason}",)

    def _reassembled(
        self, decoded: DecodedFrame, event: DatagramReceived, surroundings: Surroundings
    ) -> None:
        parts: tuple[DecodedFrame, ...] = event.marks
        decoded.reassembled_from = tuple(part.number for part in parts)
        for part in parts:
            part.reassembled_in = decoded.number
        decoded.datagram = datagram_of_octets(event.datagram)
        for part in parts:
            if part.compressed is not None:
                self._mark_unknown(decoded.datagram, part.compressed, surroundings)

    # -- what is inside the datagram

    def _upper(
        self, decoded: DecodedFrame, link: Link, datagram: Datagram
    ) -> None:
        udp, pan_id = datagram.udp, link.destination_pan_id
        if udp is not None:
            if MLE_PORT in (udp.source_port, udp.destination_port):
                self._mle(decoded, pan_id, datagram)
        elif datagram.icmpv6 is not None and datagram.icmpv6.type in _NEIGHBOUR_DISCOVERY:
            message = datagram.icmpv6
            if pan_id is None or not datagram.checksum_good:
                return
            learn_from_neighbour_discovery(self._book, pan_id, message, datagram.source)
            for number, context in contexts_in_neighbour_discovery(message):
                self._tell(pan_id, number, context)

    def _mle(self, decoded: DecodedFrame, pan_id: int | None, datagram: Datagram) -> None:
        envelope = MLE_ENVELOPE.decode(datagram.payload)
        sender = extended_of(datagram.source)
        payload: bytes | None = envelope.payload
        protection: Protection | None = None
        if envelope.suite == SECURED:
            payload, protection = self._unsealer.open_mle(
                envelope, datagram, sender or decoded.extended_source, pan_id
            )
        decoded.mle = DecodedMle(envelope, protection, None)
        if payload is None:
            return
        message = decoded.mle.message = MLE_MESSAGE.decode(payload)
        if protection is None or protection.outcome is not Outcome.DECRYPTED or pan_id is None:
            return  # anybody may have written it
        receiver = extended_of(datagram.destination) or decoded.extended_destination
        source = protection.nonce_address
        for number, context in learn_from_mle(self._book, pan_id, message, source, receiver):
            self._tell(pan_id, number, context)

    def _tell(self, pan_id: int | None, number: int, context: Context) -> None:
        """Take a context that the network itself has told, unless the user said otherwise."""
        contexts = self.contexts(pan_id)
        if number not in self._given.contexts_of(pan_id):
            contexts[number] = self._told[number] = context
            self._missing = False

    def told(self) -> _Contexts:
        """Return the contexts that were learnt last."""
        return self._told

    def expect(self, contexts: _Contexts) -> None:
        """Take contexts for granted until the network tells others."""
        self._told |= contexts


def _contexts_needed(header: Iphc) -> list[int]:
    """Return the contexts that the addresses of a compressed IPv6 header are made with."""
    control, needed = header.control, list[int]()
    if control.sac and control.sam:
        needed.append(header.source_context)
    if control.dac and header.destination_context not in needed:
        needed.append(header.destination_context)
    return needed


def _tunnelled(headers: CompressedHeaders) -> list[Iphc]:
    return [header.iphc for header in headers.next_headers if isinstance(header, Ipv6Nhc)]


def _inner(datagram: Datagram) -> list[Datagram]:
    found: list[Datagram] = []
    inner = datagram.inner
    while inner is not None:
        found.append(inner)
        inner = inner.inner
    return found


_NEIGHBOUR_DISCOVERY = frozenset(range(133, 138))
