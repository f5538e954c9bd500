"""Counts over a capture: kinds of frames, who sent them, and what could not be read."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

from lowpan.capture.decoded import DecodedFrame, Outcome
from lowpan.capture.formats import seconds
from lowpan.capture.names import FRAME_TYPES, MAC_COMMANDS, MLE_COMMANDS, name_of
from lowpan.capture.summary import mac_text, protocol_of
from lowpan.radio import Fcs

MOST_NODES = 4096
"""Nodes counted one by one, about 2 MiB; frames of more senders count as of others."""
OTHERS = "others"


@dataclass(slots=True)
class NodeCounts:
    """What one sender sent."""

    short_addresses: set[str] = field(default_factory=set[str])
    frames: int = 0
    octets: int = 0
    first_ns: int | None = None
    last_ns: int | None = None
    rssi_sum: float = 0.0
    rssi_count: int = 0

    def add(self, decoded: DecodedFrame) -> None:
        """Count one frame."""
        received = decoded.received
        self.frames += 1
        self.octets += decoded.length
        if received.time_ns is not None:
            if self.first_ns is None:
                self.first_ns = received.time_ns
            self.last_ns = received.time_ns
        if received.rssi is not None:
            self.rssi_sum += received.rssi
            self.rssi_count += 1

    @property
    def rssi(self) -> float | None:
        """Mean of the signal strength, dBm; None if the capture does not tell it."""
        return self.rssi_sum / self.rssi_count if self.rssi_count else None


class Statistics:
    """Counts of all frames that were added, in bounded memory."""

    def __init__(self) -> None:
        self.frames = 0
        self.octets = 0
        self.first_ns: int | None = None
        self.last_ns: int | None = None
        self.kinds: Counter[str] = Counter()
        self.protocols: Counter[str] = Counter()
        self.mle_commands: Counter[str] = Counter()
        self.channels: Counter[str] = Counter()
        self.outcomes: Counter[str] = Counter()
        """Of secured frames and MLE messages."""
        self.bad_fcs = self.malformed = self.duplicates = self.reassembled = 0
        self.nodes: dict[str, NodeCounts] = {}

    def add(self, decoded: DecodedFrame) -> None:
        """Count one frame."""
        received = decoded.received
        self.frames += 1
        self.octets += decoded.length
        if received.time_ns is not None:
            if self.first_ns is None:
                self.first_ns = received.time_ns
            self.last_ns = received.time_ns
        if received.channel is not None:
            self.channels[str(received.channel)] += 1
        self.bad_fcs += received.fcs is Fcs.BAD
        self.malformed += bool(decoded.faults)
        self.duplicates += decoded.duplicate_of is not None
        self.reassembled += bool(decoded.reassembled_from)
        self._count_layers(decoded)
        self._count_sender(decoded)

    def _count_layers(self, decoded: DecodedFrame) -> None:
        frame, mle = decoded.frame, decoded.mle
        if frame is not None:
            kind = name_of(FRAME_TYPES, frame.control.frame_type, "type")
            if decoded.command is not None:
                kind = name_of(MAC_COMMANDS, decoded.command.command_id, "Command")
            self.kinds[kind] += 1
            self.protocols[protocol_of(decoded)] += 1
        if decoded.protection is not None:
            self.outcomes[f"MAC {decoded.protection.outcome.value}"] += 1
        if mle is None:
            return
        if mle.protection is not None:
            self.outcomes[f"MLE {mle.protection.outcome.value}"] += 1
        if mle.message is not None:
            self.mle_commands[name_of(MLE_COMMANDS, mle.message.command, "command")] += 1

    def _count_sender(self, decoded: DecodedFrame) -> None:
        source: bytes | None = getattr(decoded.frame, "source", None)
        if source is None:
            return
        address = mac_text(decoded.extended_source or source)
        if address not in self.nodes:
            address = address if len(self.nodes) < MOST_NODES else OTHERS
            self.nodes.setdefault(address, NodeCounts())
        node = self.nodes[address]
        node.add(decoded)
        if len(source) == 2 and address != OTHERS:
            node.short_addresses.add(mac_text(source))

    @property
    def undecrypted(self) -> int:
        """Secured frames and MLE messages that stayed closed."""
        opened = Outcome.DECRYPTED.value
        return sum(count for name, count in self.outcomes.items() if not name.endswith(opened))

    def as_json(self) -> dict[str, Any]:
        """Return all counts as JSON has them; times in seconds since 1970, as text."""
        return {
            **self._totals(),
            "kinds": dict(self.kinds),
            "protocols": dict(self.protocols),
            "mle_commands": dict(self.mle_commands),
            "channels": dict(self.channels),
            "outcomes": dict(self.outcomes),
            "nodes": [self._node(address, node) for address, node in self._by_frames()],
        }

    def _totals(self) -> dict[str, Any]:
        return {
            "frames": self.frames,
            "octets": self.octets,
            "first": _moment(self.first_ns),
            "last": _moment(self.last_ns),
            "bad_fcs": self.bad_fcs,
            "undecrypted": self.undecrypted,
            "malformed": self.malformed,
            "duplicates": self.duplicates,
            "reassembled_datagrams": self.reassembled,
        }

    def _node(self, address: str, node: NodeCounts) -> dict[str, Any]:
        return {
            "address": address,
            "short_addresses": sorted(node.short_addresses),
            "frames": node.frames,
            "octets": node.octets,
            "first": _moment(node.first_ns),
            "last": _moment(node.last_ns),
            "rssi": None if node.rssi is None else round(node.rssi, 1),
        }

    def _by_frames(self) -> list[tuple[str, NodeCounts]]:
        return sorted(self.nodes.items(), key=lambda item: (-item[1].frames, item[0]))

    def tables(self) -> list[tuple[str, list[str], list[list[str]]]]:
        """Return title, column names and rows of each table that has something to say."""
        totals = [[name.replace("_", " "), _text(value)] for name, value in self._totals().items()]
        counts = {
            "Kinds of frames": self.kinds,
            "Protocols": self.protocols,
            "MLE commands": self.mle_commands,
            "Protection": self.outcomes,
            "Channels": self.channels,
        }
        tables = [("Capture", ["", "count"], totals)]
        for title, counter in counts.items():
            rows = [[name, str(count)] for name, count in counter.most_common()]
            tables.append((title, ["", "count"], rows))
        return [table for table in [*tables, self._node_table()] if table[2]]

    def _node_table(self) -> tuple[str, list[str], list[list[str]]]:
        names = ["address", "short", "frames", "octets", "first", "last", "RSSI"]
        rows = [
            [
                address,
                " ".join(sorted(node.short_addresses)) or "-",
                str(node.frames),
                str(node.octets),
                self._since(node.first_ns),
                self._since(node.last_ns),
                "-" if node.rssi is None else f"{node.rssi:.1f}",
            ]
            for address, node in self._by_frames()
        ]
        return "Nodes", names, rows

    def _since(self, time_ns: int | None) -> str:
        """Return seconds since the capture began."""
        return "-" if time_ns is None else f"{(time_ns - (self.first_ns or 0)) / 1e9:.3f}"


def _moment(time_ns: int | None) -> str | None:
    return None if time_ns is None else seconds(time_ns)


def _text(value: Any) -> str:
    return "-" if value is None else str(value)
