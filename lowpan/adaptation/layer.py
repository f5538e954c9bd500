"""The adaptation layer of a node: IPv6 datagrams above, 6LoWPAN payloads below."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from random import Random

from lowpan.adaptation.contexts import ContextTable
from lowpan.adaptation.decompress import decompress, restore_checksum
from lowpan.adaptation.fragmentation import LEAST_ROOM, fragmented
from lowpan.adaptation.reassembly import (
    DatagramLost,
    DatagramReceived,
    FragmentRefused,
    Reassembler,
)
from lowpan.adaptation.remembered import RememberedHeaders
from lowpan.errors import MalformedFrame
from lowpan.mac.service import BROADCAST
from lowpan.wire.addresses import Surroundings, iid_of
from lowpan.wire.ipv6 import IPV6_HEADER, IPV6_HEADER_OCTETS, MTU
from lowpan.wire.lowpan_headers import Dispatch, LowpanHeaders, decode_lowpan_headers
from lowpan.wire.nhc import COMPRESSED_HEADERS, CompressedHeaders


@dataclass(frozen=True, slots=True)
class PayloadRefused:
    """A payload that is no part of a datagram that we can take."""

    source: bytes
    reason: str


@dataclass(slots=True)
class Ends:
    """Link-layer addresses of a payload, and what came with its last part."""

    source: bytes
    """2 or 8 octets: who sent the datagram on this PAN, over however many hops."""
    destination: bytes
    security_level: int = 0
    rssi: float | None = None
    lqi: int | None = None
    pan_id: int | None = None
    """Of who sent its last frame, as that says."""


Event = DatagramReceived | DatagramLost | FragmentRefused | PayloadRefused


MOST_HEARD = 64
"""Broadcasts that are remembered as read: many nodes of a simulation hear the same one."""


class Adaptation:
    """Compresses and fragments what goes out; gathers and decompresses what comes in.

    A DatagramReceived has the `Ends` of each of its parts as marks.  `now` is microseconds on the
    caller's clock; `random` draws the first datagram_tag.
    """

    def __init__(
        self,
        random: Random,
        *,
        contexts: ContextTable | None = None,
        reassembler: Reassembler | None = None,
    ) -> None:
        self.contexts = ContextTable() if contexts is None else contexts
        self._headers = RememberedHeaders(self.contexts)
        self.reassembler = Reassembler() if reassembler is None else reassembler
        self.counts: Counter[str] = Counter()
        """Datagrams and payloads by what became of them."""
        self._tag = random.randrange(0x10000)

    @property
    def next_tag(self) -> int:
        """Return the tag of the next datagram that takes several frames; they count up."""
        return self._tag

    def send_datagram(
        self, datagram: bytes, source: bytes, destination: bytes, *, room: int
    ) -> list[bytes]:
        """Return the payloads that carry `datagram` between two link-layer addresses, in order.

        `room` is what one frame can carry.  Raises as fragmented() does.
        """
        known = self._headers.compressed(datagram, source, destination)
        if known is not None and LEAST_ROOM <= room >= len(known):
            self.counts["sent"] += 1
            return [known]
        payloads = fragmented(
            datagram,
            self._surroundings(source, destination),
            room=room,
            datagram_tag=self._tag,
        )
        if known is None and len(payloads) == 1:
            self._headers.learn(datagram, source, destination, payloads[0])
        if len(payloads) > 1:
            self._tag = self._tag + 1 & 0xFFFF
        self.counts["sent"] += 1
        return payloads

    def receive_payload(self, payload: bytes, ends: Ends, *, now: int) -> list[Event]:
        """Take the payload of a data frame and return what it completes or ends."""
        try:
            if ends.destination == BROADCAST and not self.contexts.known:
                known = _heard_by_all(payload, ends.source)
                if known is not None:
                    return self._count([DatagramReceived(ends.source, BROADCAST, known, (ends,))])
            headers = decode_lowpan_headers(payload)
            if headers.mesh is not None:
                ends.source = headers.mesh.originator
                ends.destination = headers.mesh.final_destination
            if headers.fragment is not None:
                return self._count(self._fragment(headers, ends, now))
            datagram = self._whole(headers, ends)
        except MalformedFrame as error:
            return self._count([PayloadRefused(ends.source, str(error))])
        return self._count([DatagramReceived(ends.source, ends.destination, datagram, (ends,))])

    def next_deadline(self) -> int | None:
        """Return when to call handle_deadline(), None while nothing waits."""
        parts, contexts = self.reassembler.next_deadline(), self.contexts.next_deadline()
        if parts is None or contexts is None:
            return contexts if parts is None else parts
        return min(parts, contexts)

    def handle_deadline(self, *, now: int) -> list[Event]:
        """Give up datagrams whose parts did not come, and contexts whose time is over."""
        self.contexts.handle_deadline(now=now)
        late = self.reassembler.handle_deadline(now=now)
        return self._count([self._finished(event) for event in late])

    def _surroundings(self, source: bytes, destination: bytes) -> Surroundings:
        return Surroundings(iid_of(source), iid_of(destination), self.contexts.known)

    def _whole(self, headers: LowpanHeaders, ends: Ends) -> bytes:
        if headers.dispatch is Dispatch.IPV6:
            return _trimmed(headers.payload)
        if headers.dispatch is not Dispatch.IPHC:
            what = headers.dispatch.value if headers.dispatch is not None else "nothing"
            raise MalformedFrame(what, format="LowpanHeaders")
        surroundings = self._surroundings(ends.source, ends.destination)
        compressed, used = COMPRESSED_HEADERS.decode_prefix(headers.payload, surroundings)
        return decompress(compressed, headers.payload[used:])

    def _fragment(self, headers: LowpanHeaders, ends: Ends, now: int) -> list[Event]:
        fragment, piece = headers.fragment, headers.payload
        assert fragment is not None
        mark: tuple[Ends, CompressedHeaders | None] = (ends, None)
        if headers.dispatch is Dispatch.IPHC:
            surroundings = self._surroundings(ends.source, ends.destination)
            compressed, used = COMPRESSED_HEADERS.decode_prefix(piece, surroundings)
            piece = decompress(compressed, piece[used:], fragment.datagram_size)
            mark = (ends, compressed)
        elif fragment.datagram_offset is None and headers.dispatch is not Dispatch.IPV6:
            raise MalformedFrame("a first fragment without an IPv6 header", format="LowpanHeaders")
        events = self.reassembler.receive_fragment(
            ends.source, ends.destination, fragment, piece, now=now, mark=mark
        )
        return [self._finished(event) for event in events]

    def _finished(self, event: DatagramReceived | DatagramLost | FragmentRefused) -> Event:
        """Complete the datagram of the fragments that have all come."""
        if isinstance(event, FragmentRefused):
            return event
        marks: tuple[tuple[Ends, CompressedHeaders | None], ...] = event.marks
        ends = tuple(mark[0] for mark in marks)
        if isinstance(event, DatagramLost):
            return DatagramLost(event.source, event.datagram_tag, event.reason, ends)
        datagram = event.datagram
        try:
            for _, compressed in marks:
                if compressed is not None:
                    datagram = restore_checksum(compressed, datagram)
            datagram = _trimmed(datagram)
        except MalformedFrame as error:
            return PayloadRefused(event.source, str(error))
        return DatagramReceived(event.source, event.destination, datagram, ends)

    def _count(self, events: list[Event]) -> list[Event]:
        for event in events:
            self.counts[type(event).__name__] += 1
        return events


@lru_cache(maxsize=MOST_HEARD)
def _heard_by_all(payload: bytes, source: bytes) -> bytes | None:
    """Return the datagram in a compressed `payload` to all that takes no context to read.

    None if it is anything else; raise MalformedFrame.
    """
    headers = decode_lowpan_headers(payload)
    if headers.mesh or headers.fragment or headers.dispatch is not Dispatch.IPHC:
        return None
    surroundings = Surroundings(iid_of(source), iid_of(BROADCAST))
    compressed, used = COMPRESSED_HEADERS.decode_prefix(headers.payload, surroundings)
    return decompress(compressed, headers.payload[used:])


def _trimmed(datagram: bytes) -> bytes:
    """Return the octets that the IPv6 header says there are; raise MalformedFrame."""
    length = IPV6_HEADER_OCTETS + IPV6_HEADER.decode_prefix(datagram)[0].payload_length
    if length > len(datagram):
        reason = f"{length} octets announced, {len(datagram)} there"
        raise MalformedFrame(reason, format="Ipv6Header", field="payload_length", offset=4)
    if length > MTU:
        raise MalformedFrame(f"a datagram of {length} octets, {MTU} at most", format="Ipv6Header")
    return datagram[:length]


def weakest(parts: Iterable[Ends]) -> Ends:
    """Return the ends of a datagram with the least that protected any of its parts, one or more."""
    *before, last = parts = list(parts)
    if not before:
        return last
    level = min(part.security_level for part in parts)
    return Ends(last.source, last.destination, level, last.rssi, last.lqi, last.pan_id)
