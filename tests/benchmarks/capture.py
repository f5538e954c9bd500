"""A capture to measure on: a busy, secured Thread-like network of forty nodes, made from a seed.

Half of what is acknowledged is acknowledged in the file.  Beside the capture stands a Wireshark
profile with the network key, all addresses and the one 6LoWPAN context.
"""

import struct
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from ipaddress import IPv6Address
from pathlib import Path
from random import Random

from cryptography.hazmat.primitives.ciphers.aead import AESCCM

from lowpan.mac.thread_keys import derive
from lowpan.wire.checksum import with_checksum
from lowpan.wire.fcs import append_fcs16
from lowpan.wire.ipv6 import ICMPV6, UDP
from tests.benchmarks.datagrams import LINK_LOCAL, PREFIX, compressed_udp

FORM = 1
"""Grows when the same seed no longer gives the same file."""
NETWORK_KEY = bytes.fromhex("00112233445566778899aabbccddeeff")
PAN_ID, BROADCAST = 0xFACE, 0xFFFF
ROUTERS, CHILDREN_OF_EACH = 10, 3
ACKNOWLEDGED = 0.5
"""Share of the frames that ask for an acknowledgment and get one."""
ALL_NODES, ALL_RPL_NODES = (IPv6Address(text).packed for text in ("ff02::1", "ff02::1a"))

_LEVEL = 5
"""Encrypted, with a MIC of 4 octets."""
_COMMAND, _DATA = 0x986B, 0x9869
"""Frame control: secured, acknowledged, version 2006, one PAN ID, short addresses."""
_PENDING = 0x10
_BROADCAST_2006, _BROADCAST_2003, _UNICAST_2003 = 0xD841, 0xC841, 0xCC61
_BEACON, _ACK = 0xC000, 0x0002


@dataclass(slots=True)
class Node:
    """One node and its counters."""

    short: int
    extended: bytes
    parent: "Node | None"
    frame_counter: int
    mle_counter: int
    sequence_number: int
    datagram_tag: int

    @property
    def iid(self) -> bytes:
        """Interface identifier of the extended address."""
        return bytes((self.extended[0] ^ 2,)) + self.extended[1:]

    def next_number(self) -> int:
        """Return the sequence number of the next frame."""
        self.sequence_number = self.sequence_number + 1 & 0xFF
        return self.sequence_number


class Network:
    """Forty nodes that talk."""

    def __init__(self, seed: int) -> None:
        self.random = Random(seed)
        mle_key, mac_key = derive(NETWORK_KEY, 0)
        self._mle, self._mac = AESCCM(mle_key, tag_length=4), AESCCM(mac_key, tag_length=4)
        self.routers = [self._node(number << 10, None) for number in range(1, ROUTERS + 1)]
        self.children = [
            self._node(router.short + number, router)
            for router in self.routers
            for number in range(1, CHILDREN_OF_EACH + 1)
        ]
        self._all = self.routers + self.children
        self._kinds: dict[Callable[[], list[bytes]], float] = {
            self._poll: 10,
            self._data: 40,
            self._fragments: 2.5,
            self._over_mesh: 5,
            self._advertisement: 5,
            self._beacon: 2,
            self._icmpv6: 3,
        }

    def frames(self) -> Iterator[bytes]:
        """Yield PSDUs without end, without FCS."""
        kinds, weights = list(self._kinds), list(self._kinds.values())
        while True:
            for frame in self.random.choices(kinds, weights)[0]():
                yield frame
                if frame[0] & 0x20 and self.random.random() < ACKNOWLEDGED:
                    yield struct.pack("<HB", _ACK, frame[2])

    def _node(self, short: int, parent: Node | None) -> Node:
        draw = self.random.randrange
        extended = b"\x02\x00" + self.random.randbytes(6)
        counters = draw(1_000, 5_000), draw(100, 500), draw(256), draw(65_536)
        return Node(short, extended, parent, *counters)

    def _neighbours(self) -> tuple[Node, Node]:
        """Return who sends to whom: a child and its parent, or two routers."""
        node = self.random.choice(self._all)
        if node.parent is None:
            return node, self.random.choice([other for other in self.routers if other is not node])
        ends = [node, node.parent]
        self.random.shuffle(ends)
        return ends[0], ends[1]

    def _sealed(
        self, control: int, ends: tuple[Node, Node], private: bytes, clear: bytes = b""
    ) -> bytes:
        source, destination = ends
        source.frame_counter += 1
        number, counter = source.next_number(), source.frame_counter
        header = struct.pack("<HBHHH", control, number, PAN_ID, destination.short, source.short)
        header += struct.pack("<BIB", _LEVEL | 1 << 3, counter, 1) + clear
        nonce = source.extended + struct.pack(">IB", counter, _LEVEL)
        return header + self._mac.encrypt(nonce, private, header)

    # -- kinds of frames

    def _poll(self) -> list[bytes]:
        child = self.random.choice(self.children)
        assert child.parent is not None
        return [self._sealed(_COMMAND, (child, child.parent), b"", b"\x04")]

    def _data(self) -> list[bytes]:
        ends = self._neighbours()
        pending = _PENDING if self.random.random() < 0.05 else 0
        size = self.random.randrange(8, 44)
        headers, payload = compressed_udp(self.random, _names(ends[0]), _names(ends[1]), size)
        return [self._sealed(_DATA | pending, ends, headers + payload)]

    def _fragments(self) -> list[bytes]:
        """Return a datagram of 200 octets in two link fragments."""
        source, destination = ends = self._neighbours()
        source.datagram_tag = source.datagram_tag + 1 & 0xFFFF
        headers, payload = compressed_udp(
            self.random, _names(source), _names(destination), 152, elided=True
        )
        first = struct.pack(">HH", 0xC000 | 200, source.datagram_tag) + headers + payload[:56]
        rest = struct.pack(">HHB", 0xE000 | 200, source.datagram_tag, 13) + payload[56:]
        return [self._sealed(_DATA, ends, octets) for octets in (first, rest)]

    def _over_mesh(self) -> list[bytes]:
        originator, final = self.random.choices(self.routers, k=2)
        size = self.random.randrange(8, 30)
        headers, payload = compressed_udp(self.random, _names(originator), _names(final), size)
        first = 0xB0 | self.random.randrange(1, 15)
        mesh = struct.pack(">BHH", first, originator.short, final.short)
        return [self._sealed(_DATA, self._neighbours(), mesh + headers + payload)]

    def _advertisement(self) -> list[bytes]:
        """Return an MLE Advertisement: source address, leader data, routes."""
        random, router = self.random, self.random.choice(self.routers)
        ids = sum(1 << 63 - (other.short >> 10) for other in self.routers)
        links = bytes(random.choices((0x51, 0xA1, 0x01, 0xF2), k=ROUTERS))
        message = b"\x04\x00\x02" + struct.pack(">H", router.short)
        message += b"\x0b\x08" + struct.pack(">IBBBB", 0x1234_5678, 64, 5, 4, 1)
        message += struct.pack(">BBBQ", 9, 9 + len(links), random.randrange(256), ids) + links
        router.mle_counter += 1
        counter, ends = router.mle_counter, (LINK_LOCAL + router.iid, ALL_NODES)
        security = struct.pack("<BI", _LEVEL | 2 << 3, counter) + bytes(4) + b"\x01"
        nonce = router.extended + struct.pack(">IB", counter, _LEVEL)
        octets = b"\0" + security + self._mle.encrypt(nonce, message, b"".join(ends) + security)
        udp = struct.pack(">HHHH", 19788, 19788, 8 + len(octets), 0) + octets
        udp = with_checksum(*ends, UDP, udp, 6)
        header = self._broadcast(_BROADCAST_2006, router)
        return [header + b"\x7f\x3b\x01\xf0" + udp[:4] + udp[6:8] + octets]

    def _beacon(self) -> list[bytes]:
        router = self.random.choice(self.routers)
        header = struct.pack("<HBH", _BEACON, router.next_number(), PAN_ID) + router.extended[::-1]
        name = b"OpenThread".ljust(16, b"\0")
        return [header + b"\xff\x0f\0\0\x03\x91" + name + bytes.fromhex("dead00beef00cafe")]

    def _icmpv6(self) -> list[bytes]:
        """Return an RPL DIO to all, or a neighbour solicitation to one."""
        random, node = self.random, self.random.choice(self._all)
        source = LINK_LOCAL + node.iid
        if random.random() < 0.6:
            rank, number = random.randrange(256, 2048), random.randrange(256)
            dio = struct.pack(">BBHBBHBBBB", 155, 1, 0, 30, 240, rank, 0x88, number, 0, 0)
            dio = with_checksum(
                source, ALL_RPL_NODES, ICMPV6, dio + PREFIX + self.routers[0].iid, 2
            )
            return [self._broadcast(_BROADCAST_2003, node) + b"\x7b\x3b\x3a\x1a" + dio]
        router = random.choice(self.routers)
        destination = LINK_LOCAL + router.iid
        option = b"\x01\x02" + node.extended + bytes(6)
        message = struct.pack(">BBHI", 135, 0, 0, 0) + destination + option
        message = with_checksum(source, destination, ICMPV6, message, 2)
        header = struct.pack("<HBH", _UNICAST_2003, node.next_number(), PAN_ID)
        ends = router.extended[::-1] + node.extended[::-1]
        return [header + ends + b"\x7b\x33\x3a" + message]

    def _broadcast(self, control: int, node: Node) -> bytes:
        header = struct.pack("<HBHH", control, node.next_number(), PAN_ID, BROADCAST)
        return header + node.extended[::-1]


def _names(node: Node) -> tuple[bytes, bytes]:
    """Return the interface identifiers of both addresses of `node`, short and extended."""
    return struct.pack(">6sH", bytes.fromhex("000000fffe00"), node.short), node.iid


def capture(folder: Path, count: int, seed: int = 1) -> Path:
    """Return a capture of `count` frames in `folder`, made if it is not there yet."""
    path = folder / f"thread-{count}-{seed}-{FORM}.pcap"
    if not path.exists():
        folder.mkdir(exist_ok=True)
        unfinished = path.with_suffix(".part")
        with unfinished.open("wb") as file:
            file.writelines(_records(count, seed))
        unfinished.rename(path)
    return path


def _records(count: int, seed: int) -> Iterator[bytes]:
    yield struct.pack("<IHHiIII", 0xA1B2C3D4, 2, 4, 0, 0, 65535, 195)
    clock, now = Random(f"clock {seed}"), 1_700_000_000_000_000
    frames = Network(seed).frames()
    for _ in range(count):
        octets = append_fcs16(next(frames))
        now += 500 if octets[0] == _ACK else clock.randrange(1_000, 8_000)
        seconds, microseconds = divmod(now, 1_000_000)
        yield struct.pack("<IIII", seconds, microseconds, len(octets), len(octets)) + octets


def profile(folder: Path, seed: int = 1) -> Path:
    """Return a Wireshark profile for the captures from `seed`."""
    network, path = Network(seed), folder / f"profile-{seed}-{FORM}"
    path.mkdir(parents=True, exist_ok=True)
    addresses = [
        f'"{node.short:04x}","{PAN_ID:04x}",{node.extended.hex()}\n'
        for node in network.routers + network.children
    ]
    files = {
        "ieee802154_keys": f'"{NETWORK_KEY.hex()}","1","Thread hash"\n',
        "802154_addresses": "".join(addresses),
        "preferences": (
            f"6lowpan.context0: {IPv6Address(PREFIX + bytes(8))}/64\n"
            "thread.thr_seq_ctr: 00000000\n"
            "wpan.fcs_format: ITU-T CRC-16\n"
        ),
    }
    for name, text in files.items():
        (path / name).write_text(text)
    return path
