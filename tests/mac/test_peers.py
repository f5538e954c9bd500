"""Short addresses stand for extended ones only where that was proven or configured."""

import pytest

from lowpan.errors import FieldOutOfRange
from lowpan.mac.peers import Peers

PEERS = [bytes.fromhex(f"02000000000000{number:02x}") for number in range(40)]
PAN, SHORT = 0xBEEF, b"\x00\x0a"


def candidates(peers: Peers, short: bytes = SHORT, pan_id: int | None = PAN) -> list[bytes]:
    """Return those that a frame which nobody has sealed is tried with."""
    return list(peers.candidates(short, pan_id))


def test_unknown_short_address_has_no_candidates() -> None:
    assert candidates(Peers()) == []


def test_configured_peer_is_the_first_candidate() -> None:
    peers = Peers()
    for peer in PEERS[:20]:
        peers.add(peer)
    peers.add(PEERS[30], SHORT, pan_id=PAN)
    assert peers.extended(SHORT, PAN) == PEERS[30]
    assert candidates(peers)[0] == PEERS[30]
    assert peers.extended(SHORT, 0xFACE) is None


def test_peer_known_by_its_extended_address_is_tried() -> None:
    peers = Peers()
    peers.verified(PEERS[1], None, PAN)
    assert candidates(peers) == [PEERS[1]]
    assert peers.extended(SHORT, PAN) is None
    peers.verified(PEERS[1], SHORT, PAN)
    assert peers.extended(SHORT, PAN) == PEERS[1]


def test_short_address_that_changes_hands_follows_the_proof() -> None:
    peers = Peers()
    peers.verified(PEERS[1], SHORT, PAN)
    peers.verified(PEERS[2], SHORT, PAN)
    assert peers.extended(SHORT, PAN) == PEERS[2]
    peers.verified(PEERS[1], b"\x00\x0b", PAN)
    assert peers.extended(SHORT, PAN) == PEERS[2]
    assert peers.extended(b"\x00\x0b", PAN) == PEERS[1]


def test_peer_has_one_short_address_the_last_one() -> None:
    peers = Peers()
    for number in range(1000):
        peers.verified(PEERS[1], number.to_bytes(2, "big"), PAN)
    assert peers.extended(b"\x00\x01", PAN) is None
    assert peers.extended((999).to_bytes(2, "big"), PAN) == PEERS[1]


@pytest.mark.parametrize("short", [b"\xff\xfe", b"\xff\xff"])
def test_addresses_of_nobody_are_not_learnt(short: bytes) -> None:
    peers = Peers()
    peers.verified(PEERS[1], short, PAN)
    assert peers.extended(short, PAN) is None
    assert candidates(peers, short) == []


def test_few_are_tried_for_a_frame_and_all_in_the_end() -> None:
    peers = Peers(most_candidates=8)
    for peer in PEERS:
        peers.verified(peer, None, PAN)
    rounds = [candidates(peers) for _ in range(5)]
    assert [len(tried) for tried in rounds] == [8] * 5
    assert {peer for tried in rounds for peer in tried} == set(PEERS)


def test_newcomer_is_tried_first() -> None:
    peers = Peers(most_candidates=2)
    for peer in PEERS[:20]:
        peers.verified(peer, None, PAN)
    assert candidates(peers)[0] == PEERS[19]
    peers.verified(PEERS[30], None, PAN)
    assert candidates(peers)[0] == PEERS[30]


def test_search_that_ends_early_does_not_take_turns() -> None:
    peers = Peers(most_candidates=2)
    for peer in PEERS[:4]:
        peers.verified(peer, None, PAN)
    assert next(peers.candidates(SHORT, PAN)) == PEERS[3]
    assert next(peers.candidates(SHORT, PAN)) == PEERS[3]


def test_learnt_peers_are_bounded_and_configured_ones_stay() -> None:
    peers = Peers(most_peers=4, most_candidates=100)
    peers.add(PEERS[0], SHORT, pan_id=PAN)
    peers.verified(PEERS[1], b"\x00\x01", PAN)
    peers.add(PEERS[1])
    for number in range(2, 40):
        peers.verified(PEERS[number], bytes([1, number]), PAN)
    assert set(candidates(peers)) == {PEERS[0], PEERS[1], *PEERS[36:]}
    assert peers.extended(SHORT, PAN) == PEERS[0]
    assert peers.extended(b"\x00\x01", PAN) == PEERS[1]
    assert peers.extended(bytes([1, 35]), PAN) is None
    assert peers.extended(bytes([1, 36]), PAN) == PEERS[36]


@pytest.mark.parametrize(("extended", "short"), [(SHORT, None), (PEERS[1], b"\x01")])
def test_what_is_no_address_is_refused(extended: bytes, short: bytes | None) -> None:
    with pytest.raises(FieldOutOfRange):
        Peers().add(extended, short)


def test_a_suggested_peer_is_tried_and_displaces_nobody() -> None:
    peers = Peers(most_suggested=2)
    peers.suggest(PEERS[1], SHORT, PAN)
    assert candidates(peers) == [PEERS[1]]
    assert peers.extended(SHORT, PAN) is None, "nobody has proven it"
    peers.verified(PEERS[2], SHORT, PAN)
    peers.suggest(PEERS[3], SHORT, PAN)
    assert candidates(peers)[:2] == [PEERS[2], PEERS[3]]
    assert peers.extended(SHORT, PAN) == PEERS[2]
    for number in range(4, 8):
        peers.suggest(PEERS[number], number.to_bytes(2, "big"), PAN)
    assert PEERS[3] not in candidates(peers), "the latest are tried"
