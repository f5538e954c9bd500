"""Traces of simulated networks, read by tshark."""

import subprocess
from collections.abc import Callable
from pathlib import Path

from lowpan.capture.writer import open_writer
from lowpan.node.service import Endpoint
from lowpan.sim.world import World
from lowpan.store import MemoryStore
from tests.sim.nodes import KEY, PAN_ID, PORT, extended_of, secured_by, send, settings_of


def test_tshark_finds_nothing_malformed_in_a_trace_and_opens_it_with_the_key(
    tmp_path: Path, require_peer: Callable[[str], str]
) -> None:
    tshark, path, world = require_peer("tshark"), tmp_path / "trace.pcapng", World(1)
    for number in range(4):
        security = secured_by(MemoryStore(), number, 4)
        node = world.add_node(settings_of(number), security=security)
        node.node.open_port(Endpoint(b"", PORT))
    world.connect_all(-60)
    with open_writer(str(path)) as writer:
        world.trace(writer)
        for number in range(12):
            send(world.nodes[number % 4], bytes(40 * number), (number + 1) % 4)
            world.run_for(1_000_000)
    addresses = [
        option
        for number in range(4)
        for option in (
            "-o",
            f'uat:802154_addresses:"{number + 1:04x}","{PAN_ID:04x}",{extended_of(number).hex()}',
        )
    ]
    command = [tshark, "-r", str(path), "--disable-protocol", "coap", *addresses]
    command += ["-o", f'uat:ieee802154_keys:"{KEY.hex()}","1","No hash"']
    command += ["-T", "fields", "-E", "separator=|", "-e", "_ws.malformed", "-e", "udp.length"]
    done = subprocess.run(command, check=True, capture_output=True, text=True)
    rows = [line.split("|") for line in done.stdout.splitlines()]
    assert len(rows) == world.medium.transmissions
    assert {malformed for malformed, _ in rows} == {""}
    lengths = sorted(int(length) for _, length in rows if length)
    assert lengths == [8 + 40 * number for number in range(12)]
