"""Attacks 8 to 10 and 12 to 14: headers that lie. The numbers are those of docs/attacks.md."""

from itertools import product
from random import Random

import pytest

from lowpan.adaptation.layer import Adaptation
from lowpan.mac.service import Drop
from tests.attacks.victim import ATTACKER, VICTIM, Victim, datagram, payloads

ADDRESSES = VICTIM[::-1] + ATTACKER[::-1]


def test_attack_8_a_compressed_header_cut_anywhere_gives_nothing() -> None:
    (whole,) = payloads(b"x" * 20)
    victim = Victim()
    for cut in range(1, len(whole)):
        victim.hear(whole[:cut])
    assert victim.received == []
    victim.hear(whole)
    assert victim.received == [b"x" * 20]


def test_attack_8_every_header_that_says_more_than_is_there_is_survived() -> None:
    victim, random = Victim(), Random(8)
    for first, second in product(range(0x60, 0x80), range(256)):
        victim.hear(bytes((first, second)) + random.randbytes(random.randrange(24)))
    assert victim.received == []
    assert victim.answers()


def test_attack_9_no_datagram_is_larger_than_the_mtu() -> None:
    victim = Victim()
    layer = Adaptation(Random(1))
    for size, arrives in ((1232, True), (1233, False), (1900, False)):
        before = len(victim.received)
        large = datagram(bytes(size))
        victim.hear_all(layer.send_datagram(large, ATTACKER, VICTIM, room=96))
        assert (len(victim.received) == before + 1) is arrives


@pytest.mark.parametrize(
    "chain",
    [
        "7e33" + "e1 00" * 40,  # hop-by-hop headers, one behind the other
        "7e33" + "ee" * 60,  # tunnels in tunnels
        "7e33" + "ee7e33" * 20,
        "7e33" + "e0 3a 03 000000" * 10,  # lengths that are no multiples of 8
        "7e33" + "e1 ff" + "00" * 60,  # longer than the frame
        "7e33" + "e0 00" * 30 + "f0",
    ],
)
def test_attack_10_chains_of_headers_end(chain: str) -> None:
    victim = Victim()
    victim.hear(bytes.fromhex(chain.replace(" ", "")))
    assert victim.received == []
    assert victim.answers(8)


def test_attack_10_a_chain_of_headers_in_full_ends() -> None:
    octets = bytearray(datagram(b""))
    chain = b"\x00\x00\x01\x04\0\0\0\0" * 100  # hop-by-hop options of 8 octets each
    octets[6:7] = b"\x00"
    octets[4:6] = len(chain).to_bytes(2, "big")
    victim = Victim()
    layer = Adaptation(Random(1))
    victim.hear_all(layer.send_datagram(bytes(octets[:40]) + chain, ATTACKER, VICTIM, room=96))
    assert victim.received == []
    assert victim.answers(8)


@pytest.mark.parametrize(
    "header",
    [
        "0108 07 efbe" + VICTIM[::-1].hex(),  # no source
        "0180 07 efbe" + ATTACKER[::-1].hex(),  # no destination
        "0100 07",  # neither
        "0120 07" + 16 * "00",  # no source, version 2
        "4180 07" + ATTACKER[::-1].hex(),
    ],
)
def test_attack_12_a_frame_without_an_address_gives_no_datagram(header: str) -> None:
    victim = Victim()
    (compressed,) = payloads(b"x")
    for payload in (compressed, payloads(bytes(500))[0], b"\x41" + datagram(b"x")):
        victim.room.hear(1, bytes.fromhex(header.replace(" ", "")) + payload)
    assert victim.received == []
    assert victim.answers(8)


@pytest.mark.parametrize(
    "ies",
    [
        "7f 00",  # a header IE of 127 octets in a frame of 20
        "00 ff",
        "ff 87",  # a payload IE where a header IE belongs
        "00 3f" + "ff 8f",  # termination 1, then a payload IE of 2047 octets
        "00 3f" + "00 88" * 40,  # MLME IEs without content, without end
        "00 3f" + "02 88" + "ff c8",  # nested: longer than what is around it
        "04 0d",  # CSL, and the frame ends
        "00 00" * 50,
    ],
)
def test_attack_13_information_elements_that_lie_are_survived(ies: str) -> None:
    victim = Victim()
    header = bytes.fromhex("41aa 07 efbe".replace(" ", "")) + ADDRESSES
    before = sum(victim.node.link.dropped.values())
    victim.room.hear(1, header + bytes.fromhex(ies.replace(" ", "")) + bytes(3))
    refused = victim.counts.get("PayloadRefused", 0)
    assert sum(victim.node.link.dropped.values()) - before + refused <= 1
    assert victim.received == []
    assert victim.answers(8)


def test_attack_14_every_frame_control_is_survived() -> None:
    victim, random = Victim(), Random(14)
    for control in range(0x10000):
        victim.room.hear(1, control.to_bytes(2, "little") + random.randbytes(control % 24))
    assert victim.received == []
    assert victim.node.link.dropped[Drop.MALFORMED] > 0
    assert victim.answers()


def test_attack_13_information_elements_in_front_of_a_datagram_are_read_over() -> None:
    victim = Victim()
    header = bytes.fromhex("41aa 07 efbe".replace(" ", "")) + ADDRESSES
    ies = bytes.fromhex("040d 01020304 803f".replace(" ", ""))
    victim.room.hear(1, header + ies + payloads(b"x")[0])
    assert victim.received == [b"x"]
