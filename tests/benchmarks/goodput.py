"""UDP from node to node in virtual time at 250 kbit/s, beside what the standard allows.

The bound is computed from the standard's times and from the smallest headers, not from what the
stack does: docs/goodput.md has the formula.
"""

import gc
import time
from collections.abc import Iterator
from dataclasses import dataclass

from lowpan.mac.keys import KeyIdentifier, KeyTable
from lowpan.mac.security import LinkSecurity
from lowpan.mac.timing import MAC_MIN_BE, O_QPSK_2450, PhyTiming
from lowpan.node.addresses import link_local_of
from lowpan.node.node import NodeAction
from lowpan.node.service import Endpoint, UdpReceived
from lowpan.radio import RadioSettings
from lowpan.sim.world import World
from lowpan.store import MemoryStore
from tests.benchmarks.table import Row, at_least

LEAST_SHARE = 0.9
PORT, PAN_ID = 5683, 0xBEEF

LONGEST_PSDU = 125
"""Octets, without the FCS."""
MAC_HEADER = 2 + 1 + 2 + 2 + 2
"""Frame control, sequence number, PAN ID, two short addresses."""
SECURITY = 1 + 4 + 1 + 4
"""Security control, frame counter, key index, MIC of level 5."""
COMPRESSED = 2 + 1 + 4 + 2
"""IPHC that says all of addresses and hop limit; UDP control, ports in full, checksum."""
FRAG1, FRAGN = 4, 5
IPV6_AND_UDP = 40 + 8


def frames_of(payload: int, *, secured: bool) -> list[int]:
    """Return the octets of the PSDUs that a UDP payload takes at best (RFC 4944, RFC 6282)."""
    header = MAC_HEADER + (SECURITY if secured else 0)
    room = LONGEST_PSDU - header
    if COMPRESSED + payload <= room:
        return [header + COMPRESSED + payload]
    left = IPV6_AND_UDP + payload
    first = (room - FRAG1 - COMPRESSED + IPV6_AND_UDP) // 8 * 8
    frames = [header + FRAG1 + COMPRESSED + first - IPV6_AND_UDP]
    left -= first
    step = (room - FRAGN) // 8 * 8
    while left > 0:
        frames.append(header + FRAGN + min(step, left))
        left -= step
    return frames


def duration(psdu: int, timing: PhyTiming = O_QPSK_2450) -> float:
    """Return the microseconds that an acknowledged frame takes on a free channel, on average."""
    backoff = ((1 << MAC_MIN_BE) - 1) / 2 * timing.unit_backoff_period
    acknowledgment = timing.turnaround + timing.air_time(3)
    space = timing.interframe_space(psdu)
    return backoff + timing.cca + timing.turnaround + timing.air_time(psdu) + acknowledgment + space


def bound(payload: int, *, secured: bool) -> float:
    """Return the bit/s of payload that the standard's times allow."""
    return payload * 8e6 / sum(duration(psdu) for psdu in frames_of(payload, secured=secured))


@dataclass(frozen=True, slots=True)
class Goodput:
    """What a run has shown."""

    bit_rate: float
    """Bit/s of UDP payload."""
    cpu_us: float
    """Processor time for a datagram: both nodes and the medium."""
    frames: float
    """Transmissions for a datagram, acknowledgments not counted."""


def security_of(number: int) -> LinkSecurity:
    """Return the security of node 0 or 1, level 5, which knows the other."""
    keys = KeyTable()
    keys.add(KeyIdentifier(1, 1), bytes(range(16)))
    security = LinkSecurity(_extended(number), keys, MemoryStore())
    security.peers.add(_extended(1 - number), _short(1 - number), pan_id=PAN_ID)
    return security


def measure(payload: int, seconds: int, *, secured: bool, seed: int = 1) -> Goodput:
    """Let one node send to another as fast as it can, for `seconds` of virtual time."""
    world, arrived = World(seed), 0

    def told(action: NodeAction) -> None:
        nonlocal arrived
        arrived += isinstance(action, UdpReceived)

    for number in (0, 1):
        settings = RadioSettings(
            channel=15,
            promiscuous=False,
            pan_id=PAN_ID,
            short_address=number + 1,
            extended_address=_extended(number),
        )
        security = security_of(number) if secured else None
        world.add_node(settings, security=security, told=told)
    world.connect_all()
    sender, receiver = world.nodes
    local, remote = Endpoint(b"", PORT), Endpoint(link_local_of(_short(1)), PORT)
    for node in (sender.node, receiver.node):
        node.open_port(local)
    octets = bytes(payload)
    gc.collect()
    begin = time.process_time()
    asked = 0
    while world.now < seconds * 1_000_000:
        while asked - arrived < 8:  # some always wait
            sender.take(sender.node.send_udp(octets, local, remote, now=world.now))
            asked += 1
        world.run_for(4_000)
    cpu_us = (time.process_time() - begin) / arrived * 1e6
    frames = world.medium.transmissions / 2 / arrived
    return Goodput(arrived * payload * 8 / seconds, cpu_us, frames)


def rows(seconds: int) -> Iterator[Row]:
    """Yield goodput beside its bound, and what a datagram costs."""
    for payload in (60, 1000):
        for secured in (False, True):
            best = bound(payload, secured=secured)
            run = measure(payload, seconds, secured=secured)
            title = f"UDP of {payload} octets, {'level 5' if secured else 'in clear'}"
            yield at_least(f"{title}, of the bound", run.bit_rate / best, LEAST_SHARE, "{:.3f}")
            yield Row("  goodput", f"{run.bit_rate / 1000:.1f} of {best / 1000:.1f} kbit/s")
            cost = f"{run.cpu_us:.0f} us, {run.cpu_us / run.frames:.0f} us a frame"
            yield Row("  processor time, both nodes and medium", cost)


def _extended(number: int) -> bytes:
    return b"\x02\0\0\0\0\0\0" + bytes((number + 1,))


def _short(number: int) -> bytes:
    return bytes((0, number + 1))
