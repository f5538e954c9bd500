"""`python -m tests.attacks.floods`: what a node keeps of floods from forged senders."""

import argparse
import gc
import tracemalloc
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import lru_cache
from itertools import islice
from random import Random
from typing import Any

from lowpan.adaptation.layer import Adaptation
from lowpan.mac.coordinating import Coordinating
from lowpan.mac.framing import command_frame, data_frame
from lowpan.mac.link_layer import LinkLayer
from lowpan.mac.service import CommandReceived, SendCommand, Transmit
from lowpan.node.addresses import link_local_of
from lowpan.node.node import Node
from lowpan.radio import Fcs, RadioCapability, ReceivedFrame, TransmitOutcome, TransmitStatus
from lowpan.wire.addresses import solicited_node
from lowpan.wire.checksum import with_checksum
from lowpan.wire.icmpv6 import ICMPV6, Icmpv6, Icmpv6Type
from lowpan.wire.ieee802154 import encode_frame
from lowpan.wire.ipv6 import ICMPV6 as ICMPV6_NUMBER
from lowpan.wire.ipv6 import IPV6_HEADER, Ipv6Header
from lowpan.wire.nd_options import LinkLayerAddress, NdOption, NdOptionType
from lowpan.wire.neighbour_discovery import NeighbourSolicitation
from tests.attacks.victim import VICTIM, datagram, payloads
from tests.mac.air import EXTENDED, PAN_ID, settings_of
from tests.mac.test_link_layer import secured

FRAMES = 100_000
INTERVAL = 3_000
"""Microseconds between two frames: more than a channel of 250 kbit/s carries."""
BROADCAST = b"\xff\xff"
DONE = TransmitOutcome(status=TransmitStatus.SUCCESS)


CACHE: Any = type(lru_cache(lambda: None))

Psdus = Iterator[bytes]
Hear = Callable[[bytes, int], None]


def senders() -> Iterator[bytes]:
    """Yield forged extended addresses, none twice."""
    number = 0
    while True:
        number += 1
        yield b"\x02\x66" + number.to_bytes(6, "big")


def frame(payload: bytes, source: bytes, destination: bytes = VICTIM) -> bytes:
    """Return a data frame in clear that asks for no acknowledgment."""
    made = data_frame(payload, source, destination, PAN_ID, acknowledged=False)
    made.sequence_number = source[-1]
    return encode_frame(made)


def first_fragments() -> Psdus:
    """Yield first fragments of the largest datagrams."""
    payload = payloads(bytes(1900))[0]
    for source in senders():
        yield frame(payload, source)


def all_fragments_but_one() -> Psdus:
    """Yield all fragments but the last of the largest datagrams."""
    parts = payloads(bytes(1900))[:-1]
    for source in senders():
        for part in parts:
            yield frame(part, source)


def solicitations() -> Psdus:
    """Yield questions for our address, each from a neighbour that nobody has heard of."""
    target, layer = link_local_of(VICTIM), Adaptation(Random(1))
    ends = solicited_node(target)
    for source in senders():
        asker = link_local_of(source)
        option = NdOption(NdOptionType.SOURCE_LINK_LAYER_ADDRESS, LinkLayerAddress(source))
        body = NeighbourSolicitation(target, (option,))
        message = ICMPV6.encode(Icmpv6(Icmpv6Type.NEIGHBOUR_SOLICITATION, 0, 0, body))
        upper = with_checksum(asker, ends, ICMPV6_NUMBER, message, 2)
        header = Ipv6Header(0, 0, len(upper), ICMPV6_NUMBER, 255, asker, ends)
        octets = IPV6_HEADER.encode(header) + upper
        for payload in layer.send_datagram(octets, source, BROADCAST, room=90):
            yield frame(payload, source, BROADCAST)


def datagrams() -> Psdus:
    """Yield datagrams to a port that is closed: each asks for an ICMPv6 error."""
    layer = Adaptation(Random(1))
    for source in senders():
        (payload,) = layer.send_datagram(datagram(b"x", source), source, VICTIM, room=90)
        yield frame(payload, source)


def sealed() -> Psdus:
    """Yield frames that look secured, whose MIC is wrong."""
    header = bytes.fromhex("49d8 00 efbe 0200".replace(" ", ""))
    for source in senders():
        yield header + source[::-1] + bytes.fromhex("0d 01000000 01".replace(" ", "")) + bytes(30)


def association_requests() -> Psdus:
    """Yield requests to join."""
    for source in senders():
        request = command_frame(b"\x01\x88", source, EXTENDED[1], PAN_ID)
        yield encode_frame(request)


def node(*, with_keys: bool = False) -> Hear:
    """Return what lets a node hear a frame; it answers at once, over a radio that does it all."""
    capabilities = RadioCapability.TRANSMIT | RadioCapability.CSMA | RadioCapability.ACKNOWLEDGE
    capabilities |= RadioCapability.ACK_TIMEOUT | RadioCapability.RETRIES
    security = secured(1) if with_keys else None
    made = Node(settings_of(1), capabilities, Random(1), security=security)
    made.start(now=0)

    def hear(psdu: bytes, now: int) -> None:
        actions = made.receive_frame(ReceivedFrame(psdu, Fcs.GOOD), now=now)
        for _ in range(4):
            sent = [action for action in actions if isinstance(action, Transmit)]
            actions = made.transmit_done(DONE, now=now) if sent else []
        deadline = made.next_deadline()
        if deadline is not None and deadline <= now:
            made.handle_deadline(now=now)

    return hear


def coordinator() -> Hear:
    """Return what lets a coordinator hear a frame that anybody may join."""
    settings = settings_of(1)
    link = LinkLayer(settings, RadioCapability.TRANSMIT, Random(1))
    engine = Coordinating(settings, Random(2), permit=True)

    def hear(psdu: bytes, now: int) -> None:
        for told in link.receive_frame(ReceivedFrame(psdu, Fcs.GOOD), now=now):
            if isinstance(told, CommandReceived):
                for asked in engine.receive_command(told):
                    if isinstance(asked, SendCommand):
                        link.carry_out(asked, now=now)
        deadline = link.next_deadline()
        if deadline is not None and deadline <= now:
            link.handle_deadline(now=now)

    return hear


FLOODS: dict[str, tuple[Callable[[], Psdus], Callable[[], Hear]]] = {
    "first fragments": (first_fragments, node),
    "datagrams without their last fragment": (all_fragments_but_one, node),
    "neighbour solicitations": (solicitations, node),
    "datagrams to a closed port": (datagrams, node),
    "sealed frames with a wrong MIC": (sealed, lambda: node(with_keys=True)),
    "association requests": (association_requests, coordinator),
}


@dataclass(frozen=True, slots=True)
class Kept:
    """Octets above what there was before."""

    half: int
    """What the node keeps after half of the flood."""
    end: int
    """What it keeps at the end."""
    caches: int
    """What caches of the whole process keep besides, however many nodes it has."""
    peak: int
    """The most there was at once, caches included."""


def measure(name: str, frames: int) -> Kept:
    """Let a new node hear a flood."""
    flood, make = FLOODS[name]
    psdus = flood()
    hear = make()
    for psdu in islice(psdus, 50):  # what is made once, such as codecs
        hear(psdu, 0)
    hear, half, peak = make(), 0, 0
    heard = list(islice(psdus, frames))  # so that making them costs nothing below
    tracemalloc.start()
    try:
        before = _own()
        for number, psdu in enumerate(heard):
            hear(psdu, number * INTERVAL)
            if number == frames // 2:
                peak = tracemalloc.get_traced_memory()[1]
                half = _own() - before
        whole, last_peak = tracemalloc.get_traced_memory()
        end = _own()
    finally:
        tracemalloc.stop()
    return Kept(half, end - before, whole - end, max(peak, last_peak) - before)


def _own() -> int:
    """Return the octets in use, those of emptied caches not counted."""
    for cache in [found for found in gc.get_objects() if type(found) is CACHE]:
        cache.cache_clear()
    gc.collect()
    tracemalloc.reset_peak()
    return tracemalloc.get_traced_memory()[0]


def main() -> None:
    """Measure all floods and print what is kept."""
    parser = argparse.ArgumentParser(prog="python -m tests.attacks.floods", description=__doc__)
    parser.add_argument("--frames", type=int, default=FRAMES, help="of each flood")
    frames = parser.parse_args().frames
    print(f"{frames:,} frames each, KiB    half     end  caches    peak")  # noqa: T201
    for name in FLOODS:
        kept = measure(name, frames)
        octets = (kept.half, kept.end, kept.caches, kept.peak)
        print(f"{name:40}{''.join(f'{each / 1024:8.0f}' for each in octets)}", flush=True)  # noqa: T201


if __name__ == "__main__":
    main()
