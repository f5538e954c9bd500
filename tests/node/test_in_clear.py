"""What of a secured network may come in clear."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lowpan.mac.framing import data_frame
from lowpan.node.in_clear import comes_whole, protects_itself
from lowpan.node.service import UdpReceived
from lowpan.wire.ieee802154 import encode_frame
from lowpan.wire.lowpan_headers import DISPATCH, Dispatch
from lowpan.wire.udp_datagram import udp_datagram
from tests.mac.air import EXTENDED
from tests.node.test_mesh_side import ONE, TWO, meshed

ALICE = bytes.fromhex("fe80") + bytes(6) + bytes.fromhex("020000000000000a")
BOB = bytes.fromhex("fe80") + bytes(6) + bytes.fromhex("020000000000000b")
GLOBAL = bytes.fromhex("20010db8") + bytes(11) + b"\x01"
ALL_NODES = bytes.fromhex("ff02") + bytes(13) + b"\x01"
BEYOND = bytes.fromhex("ff05") + bytes(13) + b"\x01"

ENDS = {  # source port, destination port, source, destination, hop limit: whether it is MLE's
    (19788, 19788, ALICE, BOB, 255): True,
    (19788, 19788, ALICE, ALL_NODES, 255): True,
    (19788, 19788, ALICE, BOB, 254): False,
    (19788, 5683, ALICE, BOB, 255): False,
    (5683, 19788, ALICE, BOB, 255): False,
    (19788, 19788, GLOBAL, BOB, 255): False,
    (19788, 19788, ALICE, GLOBAL, 255): False,
    (19788, 19788, ALICE, BEYOND, 255): False,
}


@pytest.mark.parametrize(("ends", "is_mle"), ENDS.items())
def test_attack_22_only_mle_on_this_link_protects_itself(
    ends: tuple[int, int, bytes, bytes, int], is_mle: bool
) -> None:
    source_port, destination_port, source, destination, hop_limit = ends
    datagram = udp_datagram(
        *(b"payload", source, source_port, destination, destination_port), hop_limit=hop_limit
    )
    assert protects_itself(datagram) is is_mle
    tcp = datagram[:6] + b"\x06" + datagram[7:]
    assert not protects_itself(tcp)


@given(st.binary(min_size=40, max_size=60))
def test_any_datagram_is_told_without_an_exception(datagram: bytes) -> None:
    assert protects_itself(datagram) in {True, False}


def test_attack_22_only_whole_datagrams_of_one_link_may_come_in_clear() -> None:
    assert not comes_whole(b"")
    passed = {DISPATCH[octet] for octet in range(256) if comes_whole(bytes((octet,)))}
    assert passed == {Dispatch.IPV6, Dispatch.IPHC}


def test_attack_22_a_fragment_in_clear_neither_joins_nor_spoils_a_secured_datagram() -> None:
    """Even where data in clear is let through, for MLE."""
    mesh = meshed()
    alice, bob = mesh.room.nodes
    security, pan_id = alice.link.security, alice.link.radio.pan_id
    assert security is not None
    datagram = udp_datagram(bytes(300), ONE, 19788, TWO, 19788, hop_limit=255)
    parts = alice.adaptation.send_datagram(datagram, EXTENDED[0], EXTENDED[1], room=90)
    assert len(parts) > 2
    for number, payload in enumerate(parts):
        frame = data_frame(payload, EXTENDED[0], EXTENDED[1], pan_id, acknowledged=False)
        frame.sequence_number = 2 * number
        forged = encode_frame(frame)
        sealed = security.seal(frame, now=0)
        mesh.room.hear(1, sealed)
        mesh.room.hear(1, forged[:2] + bytes((2 * number + 1,)) + forged[3:])
    mesh.room.run(100_000)
    assert bob.adaptation.counts["in clear"] == len(parts)
    (received,) = mesh.engines[1].messages
    assert received.link_security_level == 5
    assert mesh.room.of(1, UdpReceived) == []
