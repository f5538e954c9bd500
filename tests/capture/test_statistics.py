"""Counts over captures."""

import json

from lowpan.capture.decoded import DecodedFrame
from lowpan.capture.key_sources import Given
from lowpan.capture.statistics import MOST_NODES, OTHERS, Statistics
from lowpan.radio import Fcs
from lowpan.wire.ieee802154 import Frame, FrameControl
from tests.capture.made_frames import CAPTURES, decoded, frames_of


def counted(name: str, told: Given | None = None) -> Statistics:
    statistics = Statistics()
    for frame in frames_of(CAPTURES / "openthread" / f"{name}.pcap", told):
        statistics.add(frame)
    return statistics


def test_an_attach() -> None:
    statistics = counted("i-attach-router")
    assert statistics.frames == 59
    assert statistics.kinds == {"Data": 43, "Ack": 16}
    assert statistics.protocols == {"MLE": 40, "802.15.4": 16, "UDP": 3}
    assert statistics.outcomes == {"MLE decrypted": 40, "MAC decrypted": 3}
    assert statistics.undecrypted == 0
    leader = statistics.nodes["02:aa:bb:cc:dd:00:00:01"]
    assert leader.short_addresses == {"0xd800"}
    assert sum(node.frames for node in statistics.nodes.values()) == 43


def test_without_keys_it_is_told_what_stays_closed() -> None:
    statistics = counted("i-attach-router", Given())
    assert statistics.outcomes == {"MLE no key": 40, "MAC no key": 3}
    assert statistics.undecrypted == 43


def test_what_is_wrong_is_counted() -> None:
    statistics = counted("ix-spinel-rcp")
    assert statistics.bad_fcs == 1
    assert statistics.malformed >= 2


def test_json_is_json_and_tells_the_same() -> None:
    statistics = counted("iii-ping-frag-mesh")
    told = json.loads(json.dumps(statistics.as_json()))
    assert told["frames"] == 1486
    assert told["reassembled_datagrams"] == statistics.reassembled > 40
    assert told["kinds"] == {"Data": 797, "Ack": 689}
    assert told["first"] == "1795334335.817899000"
    assert {node["address"]: node["frames"] for node in told["nodes"]} == {
        address: node.frames for address, node in statistics.nodes.items()
    }


def test_tables_have_a_title_and_full_rows() -> None:
    tables = counted("i-attach-router").tables()
    assert [title for title, _, _ in tables] == [
        *("Capture", "Kinds of frames", "Protocols", "MLE commands", "Protection", "Nodes")
    ]
    for _, names, rows in tables:
        assert all(len(row) == len(names) for row in rows)


def test_an_empty_capture() -> None:
    tables = Statistics().tables()
    assert [title for title, _, _ in tables] == ["Capture"]
    assert Statistics().as_json()["first"] is None


def from_sender(number: int) -> DecodedFrame:
    control = FrameControl(1, source_addressing_mode=3)
    frame = Frame(control, 1, None, None, 0xFACE, number.to_bytes(8, "big"), payload=b"\0")
    return decoded(frame)


def test_senders_beyond_the_bound_are_counted_together() -> None:
    statistics = Statistics()
    for number in range(MOST_NODES + 10):
        statistics.add(from_sender(number + 1))
    assert len(statistics.nodes) == MOST_NODES + 1
    assert statistics.nodes[OTHERS].frames == 10


def test_signal_strength_is_a_mean() -> None:
    statistics = Statistics()
    for rssi in (-60.0, -70.0, None):
        frame = from_sender(1)
        frame.received.rssi = rssi
        frame.received.channel = 15
        frame.received.fcs = Fcs.ABSENT
        statistics.add(frame)
    assert statistics.nodes["00:00:00:00:00:00:00:01"].rssi == -65.0
    assert statistics.channels == {"15": 3}
