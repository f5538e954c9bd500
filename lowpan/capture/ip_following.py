"""The 6LoWPAN, IPv6 and MLE layers of the Follower: contexts, fragments, messages."""

from collections.abc import Mapping
from typing import Any

from lowpan.adaptation.decompress import decompress
from lowpan.adaptation.reassembly import (
    REASSEMBLY_TIMEOUT,
    DatagramReceived,
    FragmentRefused,
    Reassembler,
)
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
from lowpan.capture.unsealing import REPEATED, Unsealer
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
MOST_FRAGMENTS = 8192
"""Fragments of them all, about 2 kB each with the frames around them."""

_IPHC_FIRST, _IPHC_END = 0x60, 0x80
_BROADCAST = b"\xff\xff"
_Contexts = dict[int, Context]


class IpFollower:
    """Follows data frames from their clear payload upwards."""

    def __init__(self, given: Given, book: AddressBook, unsealer: Unsealer) -> None:
        self._given, self._book, self._unsealer = given, book, unsealer
        self._contexts: dict[int | None, _Contexts] = {}
        self._told: dict[int | None, _Contexts] = {}
        """What each PAN told first of each context."""
        self._expected: dict[int | None, _Contexts] = {}
        """What each PAN is going to tell."""
        self._parts: tuple[DecodedFrame, ...] = ()
        """The fragments of the datagram reassembled last."""
        self._clock = self._set_back = 0
        self._pairs: dict[tuple[Any, ...], Surroundings] = {}
        self._search = ContextSearch()
        self._missing = False
        """Some datagram lacks a context: prefixes are collected from now on."""
        self._reassembler = Reassembler(
            most_datagrams=MOST_DATAGRAMS,
            most_per_sender=MOST_PER_SENDER,
            most_fragments=MOST_FRAGMENTS,
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
        if (self._missing or datagram.unknown_contexts) and self._is_authentic(decoded, link):
            self._complete(decoded, datagram, link.destination_pan_id)
        self._upper(decoded, link, datagram)

    def _is_authentic(self, decoded: DecodedFrame, link: Link) -> bool:
        """Tell whether what a datagram says can be believed.

        Of a network that secures its frames, only frames that were opened, each fragment for
        itself; where nothing was ever secured there is nothing better to believe.
        """
        secured = link.source_pan_id in self._unsealer.secured
        for part in self._parts if decoded.reassembled_from else (decoded,):
            protection = part.protection
            if protection is None:
                if secured:
                    return False
            elif protection.outcome is not Outcome.DECRYPTED or protection.well_known:
                return False
        return True

    def _complete(self, decoded: DecodedFrame, datagram: Datagram, pan_id: int | None) -> None:
        """Collect prefixes, and find with them the context that a datagram lacks."""
        search = self._search
        search.offer(datagram.source)
        search.offer(datagram.destination)
        search.offer_all(datagram.payload)
        if datagram.unknown_contexts:
            self._missing = True
            parts = self._parts if decoded.reassembled_from else (decoded,)
            for part in parts:
                if part.compressed is not None:
                    self._seek(part.compressed.iphc, datagram, pan_id)
                    break

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
            known = Surroundings(
                iid_of(source),
                iid_of(destination),
                self.contexts(link.destination_pan_id),
                link.surroundings.tunnel_from_link_layer,
            )
            self._pairs[key] = known
        return known

    def has_room(self, pan_id: int | None) -> bool:
        """Tell whether contexts() of this PAN forgets no other one's."""
        return pan_id in self._contexts or len(self._contexts) < MOST_PANS

    def contexts(self, pan_id: int | None) -> _Contexts:
        """Return the contexts of a PAN, unknown ones as UNKNOWN_CONTEXT; it changes in place.

        Of too many PANs those are forgotten first that told no context.
        """
        contexts = self._contexts.get(pan_id)
        if contexts is None:
            if not self.has_room(pan_id):
                self._forget_a_pan()
            contexts = dict.fromkeys(range(16), UNKNOWN_CONTEXT)
            contexts |= self._expected.get(pan_id, {})
            contexts |= self._given.contexts_of(pan_id)
            self._contexts[pan_id] = contexts
        return contexts

    def _forget_a_pan(self) -> None:
        pans = [*(pan_id for pan_id in self._contexts if pan_id not in self._told), *self._contexts]
        del self._contexts[pans[0]]
        self._told.pop(pans[0], None)
        self._pairs.clear()

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
            # whoever hears all hops has to keep apart what each receiver gets of a datagram
            hop = link.destination or b""
            if hop == _BROADCAST:
                hop = link.source or b""
            sender = b"%a %b" % (link.destination_pan_id, source)
            self._fragment(decoded, headers, (sender, hop + destination), surroundings)
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
            datagram.unknown_contexts = _missing(iphc, contexts)
        if datagram.inner is not None:
            _mark_unknown(datagram, _missing_by_layer(headers, contexts))

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
        if decoded.duplicate_of is not None:
            return  # sent again although it arrived: it is there already
        missing: tuple[_Numbers, ...] = ()
        if decoded.compressed is not None:
            missing = _missing_by_layer(decoded.compressed, surroundings.contexts)
        now = self._now(decoded.received.time_ns)
        mark = decoded, missing
        for event in self._reassembler.receive_fragment(*ends, fragment, piece, now=now, mark=mark):
            if isinstance(event, FragmentRefused):
                raise MalformedFrame(event.reason, format="FragmentHeader", field=event.field)
            if isinstance(event, DatagramReceived):
                self._reassembled(decoded, event)
            elif mark in event.marks or event.source == ends[0]:
                decoded.notes += (f"datagram {event.datagram_tag:#06x} given up: {event.reason}",)

    def _now(self, time_ns: int | None) -> int:
        """Return microseconds on a clock that goes as the capture's does, and never far back.

        Files are joined, and clocks set, so that times begin anew; the wait for fragments must
        not begin with them.
        """
        if time_ns is None:
            return self._clock
        now = time_ns // 1000 + self._set_back
        if now < self._clock - REASSEMBLY_TIMEOUT:
            self._set_back += self._clock - now
            now = self._clock
        self._clock = now
        return now

    def _reassembled(self, decoded: DecodedFrame, event: DatagramReceived) -> None:
        marks: tuple[tuple[DecodedFrame, tuple[_Numbers, ...]], ...] = event.marks
        self._parts = parts = tuple(part for part, _ in marks)
        decoded.reassembled_from = tuple(part.number for part in parts)
        for part in parts:
            part.reassembled_in = decoded.number
        decoded.datagram = datagram_of_octets(event.datagram)
        for _, missing in marks:  # as it was when the addresses were completed
            _mark_unknown(decoded.datagram, missing)

    # -- what is inside the datagram

    def _upper(self, decoded: DecodedFrame, link: Link, datagram: Datagram) -> None:
        udp = datagram.udp
        if udp is not None:
            if MLE_PORT in (udp.source_port, udp.destination_port):
                self._mle(decoded, link.source_pan_id, datagram)
        elif datagram.icmpv6 is not None and datagram.icmpv6.type in _NEIGHBOUR_DISCOVERY:
            self._neighbour_discovery(decoded, link, datagram)

    def _neighbour_discovery(self, decoded: DecodedFrame, link: Link, datagram: Datagram) -> None:
        """Learn from a message that RFC 4861 §6.1, §7.1 and §8.1 let pass."""
        message, pan_id = datagram.icmpv6, link.source_pan_id
        if message is None or pan_id is None or message.code or datagram.hop_limit != 255:
            return
        if not datagram.checksum_good or not self._is_authentic(decoded, link):
            return
        learn_from_neighbour_discovery(
            self._book, pan_id, message, datagram.source, datagram.destination
        )
        for number, context in contexts_in_neighbour_discovery(message):
            self._tell(pan_id, number, context or UNKNOWN_CONTEXT)

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
        if protection is None or pan_id is None or datagram.hop_limit != 255:
            return  # anybody may have written it
        if protection.repeated:
            if decoded.duplicate_of is None:
                decoded.notes += (REPEATED,)
            return  # nor is a replay news
        receiver = extended_of(datagram.destination) or decoded.extended_destination
        source = protection.nonce_address
        for told in learn_from_mle(self._book, pan_id, message, source, receiver):
            self._tell(*told)

    def _tell(self, pan_id: int | None, number: int, context: Context) -> None:
        """Take a context that the network itself has told, unless the user said otherwise."""
        if number not in self._given.contexts_of(pan_id) and self.has_room(pan_id):
            self.contexts(pan_id)[number] = context
            self._told.setdefault(pan_id, {}).setdefault(number, context)
            self._missing = False

    def expect(self, other: "IpFollower") -> None:
        """Take for granted what `other` was told first, until the network tells anything else."""
        self._expected |= other._told


_Numbers = tuple[int, ...]


def _mark_unknown(datagram: Datagram, missing: tuple[_Numbers, ...]) -> None:
    """Note the `missing` contexts of a datagram and of those inside it."""
    layer: Datagram | None = datagram
    for numbers in missing:
        if layer is None:
            break
        layer.unknown_contexts = numbers
        layer = layer.inner


def _missing_by_layer(
    headers: CompressedHeaders, contexts: Mapping[int, Context]
) -> tuple[_Numbers, ...]:
    """Return the contexts missing in each IPv6 header, from the outermost to the innermost."""
    inside = (header.iphc for header in headers.next_headers if isinstance(header, Ipv6Nhc))
    return tuple(_missing(header, contexts) for header in (headers.iphc, *inside))


def _missing(header: Iphc, contexts: Mapping[int, Context]) -> _Numbers:
    """Return the contexts that the addresses of `header` are made with, and nobody has told."""
    control, needed = header.control, list[int]()
    if control.sac and control.sam:
        needed.append(header.source_context)
    if control.dac and header.destination_context not in needed:
        needed.append(header.destination_context)
    return tuple(number for number in needed if contexts[number] is UNKNOWN_CONTEXT)


_NEIGHBOUR_DISCOVERY = frozenset(range(133, 138))
