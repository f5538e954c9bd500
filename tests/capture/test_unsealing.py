"""What becomes of protection: keys, addresses, replays, forgeries, and what strangers cost."""

import time

import pytest

from lowpan.capture.decoded import DecodedFrame, Outcome
from lowpan.capture.follower import PUBLIC, Follower
from lowpan.capture.keys import AnnounceKey, RawKey, ThreadKey
from lowpan.capture.unsealing import MOST_ROAMERS, REPEATED
from lowpan.mac.thread_keys import (
    ANNOUNCE_KEY_INDEX,
    ANNOUNCE_KEY_SOURCE,
    ANNOUNCE_NONCE_ADDRESS,
)
from lowpan.wire.mle import MleCommand, MleMessage, Tlv, TlvType
from lowpan.wire.mle_draft import SourceAddress
from tests.capture.network import (
    ALICE,
    BOB,
    EVE,
    LLSEC_KEY,
    PAN,
    SECOND_KEY,
    THREAD,
    A,
    Air,
    B,
    Seal,
    air,
    echo,
    followed,
    frame,
    local,
    lowpan,
    mle,
    mle_frame,
    thread_seal,
)

PING = lowpan(echo(local(A), local(B)), A, B)
HELLO = MleMessage(MleCommand.ADVERTISEMENT, (Tlv(TlvType.SOURCE_ADDRESS, SourceAddress(A)),))


def data(counter: int, *, sequence: int = 0, number: int = 1, key: ThreadKey = THREAD) -> bytes:
    """Return a secured frame from A, whose extended address is ALICE."""
    seal = thread_seal(ALICE, counter, sequence=sequence, key=key)
    return frame(A, B, PING, seal=seal, number=number)


def outcome(decoded: DecodedFrame) -> Outcome | None:
    return None if decoded.protection is None else decoded.protection.outcome


def acquainted() -> Air:
    """Return the air of a network whose A is known to be ALICE."""
    network = air(THREAD)
    network.follower.book.learn(PAN, A, ALICE)
    return network


def test_key_and_address_are_named() -> None:
    opened = acquainted().hear(data(7))
    assert opened.protection is not None
    assert opened.protection.outcome is Outcome.DECRYPTED
    assert opened.protection.key == THREAD.fingerprint
    assert opened.protection.key_sequence == 0
    assert opened.protection.nonce_address == opened.extended_source == ALICE
    assert opened.datagram is not None


def test_without_a_key_or_an_address_it_says_so() -> None:
    assert outcome(air().hear(data(1))) is Outcome.NO_KEY
    assert outcome(air(THREAD).hear(data(1))) is Outcome.NO_ADDRESS
    assert outcome(acquainted().hear(data(1, key=ThreadKey(SECOND_KEY)))) is Outcome.NO_KEY


def test_a_key_that_serves_others_says_nothing_of_a_sender_without_an_address() -> None:
    network = acquainted()
    assert outcome(network.hear(data(1))) is Outcome.DECRYPTED
    stranger = frame(B, A, PING, seal=thread_seal(EVE, 1))
    assert outcome(network.hear(stranger)) is Outcome.NO_ADDRESS


def test_address_that_was_heard_is_tried_for_a_short_one_that_nobody_explained() -> None:
    network = air(THREAD)
    network.hear(frame(EVE, BOB, b""))
    assert outcome(network.hear(data(1))) is Outcome.NO_KEY  # none of the addresses fits
    network.hear(frame(ALICE, BOB, b""))
    found = network.hear(data(2))
    assert (outcome(found), found.extended_source) == (Outcome.DECRYPTED, ALICE)
    assert network.follower.book.extended(PAN, A) == ALICE


def test_strangers_do_not_keep_members_from_being_tried() -> None:
    network = air(THREAD)
    for stranger in range(2 * MOST_ROAMERS):
        network.hear(frame(b"\x0e" + stranger.to_bytes(7, "big"), BOB, b""))
    hello = MleMessage(MleCommand.ADVERTISEMENT, ())
    network.hear(mle_frame(mle(hello, ALICE, BOB, 1), ALICE, BOB))
    assert outcome(network.hear(data(1))) is Outcome.DECRYPTED


def test_mle_tells_whose_the_short_address_is() -> None:
    network = air(THREAD)
    told = network.hear(mle_frame(mle(HELLO, ALICE, BOB, 1), ALICE, BOB))
    assert told.mle is not None
    assert told.mle.message == HELLO
    assert outcome(network.hear(data(1))) is Outcome.DECRYPTED


def test_wrong_mic_is_told_from_a_missing_key() -> None:
    network = acquainted()
    network.hear(data(1))
    broken = data(2)[:-1] + b"\0"
    assert outcome(network.hear(broken)) is Outcome.MIC_BAD
    assert outcome(network.hear(data(2))) is Outcome.DECRYPTED


def test_key_sequence_may_change_in_the_middle() -> None:
    network = acquainted()
    for counter, sequence in enumerate([0, 0, 1, 1, 129, 1, 129, 2]):
        opened = network.hear(data(counter, sequence=sequence))
        assert opened.protection is not None
        assert opened.protection.key_sequence == sequence


def test_sequence_far_away_is_found_once_mle_has_named_it() -> None:
    network, sequence = acquainted(), 70_000
    for counter in range(20):
        assert outcome(network.hear(data(counter, sequence=sequence))) is Outcome.NO_KEY
    network.hear(mle_frame(mle(HELLO, ALICE, BOB, 1, sequence=sequence), ALICE, BOB))
    assert outcome(network.hear(data(30, sequence=sequence))) is Outcome.DECRYPTED


def test_forged_frames_do_not_hide_the_next_key() -> None:
    network = acquainted()
    network.follower.book.learn(PAN, B, BOB)
    network.hear_all([data(1), frame(B, A, PING, seal=thread_seal(BOB, 0))])
    for counter in range(9):
        forged = network.hear(data(counter, sequence=1)[:-1] + b"\0")
        assert outcome(forged) is Outcome.MIC_BAD or outcome(forged) is Outcome.NO_KEY
    answer = network.hear(frame(B, A, PING, seal=thread_seal(BOB, 1, sequence=1)))
    assert outcome(answer) is Outcome.DECRYPTED  # so this key is in use now
    assert outcome(network.hear(data(10, sequence=1))) is Outcome.DECRYPTED


def test_raw_key_opens_what_it_is_named_for() -> None:
    network = air(RawKey(LLSEC_KEY, key_identifier_mode=1, key_index=3))
    key = network.follower.keyring.keys[0]
    assert isinstance(key, RawKey)
    seal = Seal(key.ccm_star, ALICE, 5, index=3)
    assert outcome(network.hear(frame(ALICE, BOB, b"\x01", seal=seal))) is Outcome.DECRYPTED
    seal = Seal(key.ccm_star, ALICE, 6, index=4)
    assert outcome(network.hear(frame(ALICE, BOB, b"\x01", seal=seal))) is Outcome.NO_KEY


def test_mic_without_encryption_is_verified_too() -> None:
    key = RawKey(LLSEC_KEY)
    network = air(key)
    for counter in range(2):
        seal = Seal(key.ccm_star, ALICE, counter, level=1)
        psdu = frame(ALICE, BOB, b"\x01clear", seal=seal)
        heard = network.hear(psdu)
        assert (outcome(heard), heard.payload) == (Outcome.DECRYPTED, b"\x01clear")
        assert outcome(network.hear(psdu[:-5] + b"X" + psdu[-4:])) is Outcome.MIC_BAD


def test_frame_with_a_mic_only_is_shown_unchecked_and_teaches_nothing() -> None:
    seal = Seal(RawKey(LLSEC_KEY).ccm_star, ALICE, 1, level=1)
    told = bytes.fromhex("02 0a04 00")  # an association response: BOB is A
    network = air()
    heard = network.hear(frame(ALICE, BOB, PING, seal=seal))
    assert (outcome(heard), heard.payload) == (Outcome.NO_KEY, PING)
    assert heard.datagram is not None
    heard = network.hear(frame(ALICE, BOB, told, kind=3, seal=seal))
    assert heard.command is not None
    assert len(network.follower.book) == 0
    network = air(RawKey(LLSEC_KEY))
    network.hear(frame(ALICE, BOB, told, kind=3, seal=seal))
    assert network.follower.book.extended(PAN, A) == BOB


def test_what_is_not_opened_is_refused_and_not_a_crash() -> None:
    network = acquainted()
    network.hear(data(1))
    level_4 = bytes.fromhex("698801cefa0b040a04 0c 09000000 01 aabbccdd")
    assert outcome(network.hear(level_4)) is Outcome.REFUSED
    edition_2003 = bytes.fromhex("098801cefa0b04cefa0a04 01000000 00 aabbccdd")
    assert outcome(network.hear(edition_2003)) is Outcome.REFUSED
    command = bytes.fromhex("6b9801cefa0b040a04 0d 09000000 01 aabbccdd")  # ends before its id
    assert outcome(network.hear(command)) is Outcome.REFUSED
    assert outcome(network.hear(data(2))) is Outcome.DECRYPTED


# -- attacks of the list in docs: replay, forged counters, well-known key


def test_attack_17_replayed_data_is_told_from_new() -> None:
    network = acquainted()
    first, second = data(1, number=1), data(2, number=2)
    fresh = network.hear_all([first, second])
    assert [heard.notes for heard in fresh] == [(), ()]
    replayed = network.hear(first)
    assert (replayed.notes, replayed.duplicate_of) == ((REPEATED,), None)
    assert replayed.protection is not None
    assert replayed.protection.repeated
    same_counter = network.hear(data(2, number=3))
    assert same_counter.notes == (REPEATED,)
    again = network.hear(data(2, number=3))
    assert (again.duplicate_of, again.notes) == (4, ())


def test_attack_17_replayed_mle_teaches_nothing() -> None:
    network = air(THREAD)
    old = mle_frame(mle(HELLO, ALICE, BOB, 1), ALICE, BOB, number=1)
    renamed = MleMessage(MleCommand.ADVERTISEMENT, (Tlv(TlvType.SOURCE_ADDRESS, SourceAddress(B)),))
    takes_over = mle_frame(mle(HELLO, EVE, BOB, 5), EVE, BOB, number=3)
    network.hear_all(
        [old, mle_frame(mle(renamed, ALICE, BOB, 2), ALICE, BOB, number=2), takes_over]
    )
    assert network.follower.book.extended(PAN, A) == EVE
    replayed = network.hear(old)
    assert replayed.notes == (REPEATED,)
    assert replayed.mle is not None
    assert replayed.mle.protection is not None
    assert replayed.mle.protection.repeated
    assert network.follower.book.extended(PAN, A) == EVE


def test_attack_17_mle_replayed_into_another_pan_teaches_nothing() -> None:
    network = air(THREAD)
    datagram = mle(HELLO, ALICE, BOB, 1)
    network.hear(mle_frame(datagram, ALICE, BOB))
    payload = lowpan(datagram, ALICE, BOB)
    assert network.hear(frame(ALICE, BOB, payload, pan_id=0x0BAD)).notes == (REPEATED,)
    assert network.follower.book.extended(0x0BAD, A) is None


def test_attack_18_counters_begin_anew_with_each_key_and_sender() -> None:
    network = acquainted()
    network.hear_all([data(1000), data(1001, number=2)])
    assert network.hear(data(5, sequence=1, number=3)).notes == ()  # another key counts for itself
    assert network.hear(data(1001, number=4)).notes == (REPEATED,)  # and the old one goes on
    network.follower.book.learn(PAN, A, EVE)
    taken_over = network.hear(frame(A, B, PING, seal=thread_seal(EVE, 0)))
    assert (outcome(taken_over), taken_over.notes) == (Outcome.DECRYPTED, ())


def test_attack_19_forged_counter_does_not_lock_the_sender_out() -> None:
    network = acquainted()
    network.hear(data(1))
    forged = bytearray(data(2))
    forged[10:14] = b"\xff\xff\xff\xfe"  # the frame counter
    assert outcome(network.hear(bytes(forged))) is Outcome.MIC_BAD
    assert network.hear(data(2, number=2)).notes == ()
    hello = mle_frame(mle(HELLO, ALICE, BOB, 1), ALICE, BOB)
    network.hear(hello)
    at = hello.index(bytes.fromhex("0015")) + 2
    bad = network.hear(hello[:at] + b"\xff\xff\xff\xfe" + hello[at + 4 :])
    assert bad.mle is not None
    assert bad.mle.message is None
    assert network.hear(mle_frame(mle(HELLO, ALICE, BOB, 2), ALICE, BOB, number=2)).notes == ()


def test_attack_21_data_under_the_well_known_key_is_marked_and_teaches_nothing() -> None:
    network = acquainted()
    network.hear(data(1))
    seal = Seal(
        AnnounceKey().ccm_star, ANNOUNCE_NONCE_ADDRESS, 1, ANNOUNCE_KEY_INDEX, ANNOUNCE_KEY_SOURCE
    )
    heard = network.hear(frame(B, A, lowpan(echo(local(B), local(A)), B, A), seal=seal))
    assert heard.protection is not None
    assert (heard.protection.outcome, heard.protection.well_known) == (Outcome.DECRYPTED, True)
    assert heard.notes == (PUBLIC,)
    assert heard.extended_source is None  # the address in the nonce is nobody's
    assert network.follower.book.extended(PAN, B) is None


def test_injected_frames_of_linux_are_told_apart() -> None:
    echo_1, reply, replay, wrong_mic, unsecured, answer, _ = followed("llsec-python-injected-echo")
    assert [outcome(heard) for heard in (echo_1, reply, replay, wrong_mic, unsecured, answer)] == [
        Outcome.DECRYPTED,
        Outcome.DECRYPTED,
        Outcome.DECRYPTED,
        Outcome.MIC_BAD,
        None,
        Outcome.DECRYPTED,
    ]
    assert replay.duplicate_of == echo_1.number
    assert replay.protection is not None
    assert replay.protection.repeated
    assert wrong_mic.protection is not None
    assert "MIC wrong under key" in wrong_mic.protection.reason


def test_mle_at_a_level_without_mic_is_refused_also_from_a_known_sender() -> None:
    network = air(THREAD)
    network.hear(mle_frame(mle(HELLO, ALICE, BOB, 1), ALICE, BOB))
    heard = network.hear(mle_frame(mle(HELLO, ALICE, BOB, 2, level=4), ALICE, BOB, number=2))
    assert heard.mle is not None
    assert heard.mle.protection is not None
    assert heard.mle.protection.outcome is Outcome.REFUSED


@pytest.mark.parametrize("octets", [2048, 66_000, 100_000])
def test_secured_frame_of_any_length_is_survived(octets: int) -> None:
    network = acquainted()
    network.hear(data(1))
    assert outcome(network.hear(data(2) + bytes(octets))) is not Outcome.DECRYPTED
    assert outcome(network.hear(data(3))) is Outcome.DECRYPTED


def test_forged_short_addresses_do_not_cost_a_hundred_times_more() -> None:
    network = air(THREAD)
    for stranger in range(MOST_ROAMERS):
        network.hear(frame(b"\x0e" + stranger.to_bytes(7, "big"), BOB, b""))
    follower: Follower = network.follower
    begin = time.process_time()
    tried = 3_000
    for forged in range(tried):
        source = forged.to_bytes(2, "big")
        psdu = frame(A, B, PING + bytes(8)).replace(A, source)
        secured = psdu[:9] + bytes.fromhex("0d00000000 01") + psdu[9:]
        network.hear(bytes((psdu[0] | 8,)) + secured[1:])
    # 256 addresses and 20 keys for each would be 15 million trials: over a minute
    assert time.process_time() - begin < 20
    assert len(follower.book) == 0
