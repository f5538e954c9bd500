"""Opening of frames and MLE messages, against printed ones and those of OpenThread."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lowpan.capture.keyring import Keyring
from lowpan.capture.keys import Key, KeyKind, RawKey, ThreadKey
from lowpan.capture.opening import (
    AddressMissing,
    KeyMissing,
    Opened,
    open_mle_message,
    open_secured_frame,
)
from lowpan.errors import SecurityError
from lowpan.mac.ccm_star import MicMismatch, SecurityLevelRefused
from lowpan.mac.frame_security import SecurableFrame, seal_frame
from lowpan.mac.thread_keys import ANNOUNCE_NONCE_ADDRESS, derive
from lowpan.wire.ieee802154 import Frame, FrameControl, decode_frame
from lowpan.wire.mle import MLE_ENVELOPE, MLE_MESSAGE, MleCommand, MleEnvelope
from lowpan.wire.multipurpose import Multipurpose
from lowpan.wire.security_header import AuxiliarySecurityHeader, SecurityControl

NETWORK_KEY = bytes.fromhex("00112233445566778899aabbccddeeff")
OTHER_KEY = bytes.fromhex("ffeeddccbbaa99887766554433221100")
NODE_1, NODE_2 = bytes.fromhex("166e0a0000000001"), bytes.fromhex("166e0a0000000002")

DATA = bytes.fromhex(  # OpenThread's test_mac_frame: data of 2015 from 2400, key sequence 0
    "69a88ecefa022400240d02000000016b64600855b81018c7402efbf3daf94e5870"
)
DATA_IN_CLEAR = "78673a3f1c0080002c4700010001"
POLL = bytes.fromhex("6bdc85cefa473607d974458db26e8125c9dbac2b0a0d000000000104af14ceaa")
BEACON = bytes.fromhex(  # IEEE 802.15.4-2006 Annex C.2.1
    "08d0842143010000000048deac020500000055cf000051525354223bc1ec841ab553"
)
COMMAND = bytes.fromhex(  # IEEE 802.15.4-2006 Annex C.2.3
    "2bdc842143020000000048deacffff010000000048deac060500000001d84fde529061f9c6f1"
)
ANNEX_C_KEY = bytes.fromhex("c0c1c2c3c4c5c6c7c8c9cacbcccdcecf")
ANNEX_C_SENDER = bytes.fromhex("acde480000000001")


def open_psdu(keyring: Keyring, psdu: bytes, *addresses: bytes) -> Opened:
    frame = decode_frame(psdu)
    assert isinstance(frame, Frame | Multipurpose)
    return open_secured_frame(keyring, frame, psdu, addresses)


def sealed(frame: SecurableFrame, key: Key, sequence: int = 0, address: bytes = NODE_1) -> bytes:
    ccm_star = key.mac_key(sequence) if isinstance(key, ThreadKey) else key.ccm_star
    return seal_frame(frame, ccm_star, address)


def data_frame(index: int | None, counter: int = 7, pan_id: int = 0xFACE, mode: int = 1) -> Frame:
    control = FrameControl(
        1,
        security_enabled=True,
        pan_id_compression=True,
        frame_version=1,
        destination_addressing_mode=2,
        source_addressing_mode=2,
    )
    security = AuxiliarySecurityHeader(SecurityControl(5, mode), counter, key_index=index)
    return Frame(control, 1, pan_id, b"\0\1", None, b"\x24\0", security, payload=b"hello")


def test_frame_opens_with_its_open_octets_in_front() -> None:
    keyring = Keyring([ThreadKey(NETWORK_KEY), RawKey(ANNEX_C_KEY)])
    assert open_psdu(keyring, DATA, NODE_1).octets.hex() == DATA_IN_CLEAR
    assert open_psdu(keyring, POLL, bytes.fromhex("0a2bacdbc925816e")).octets.hex() == "04"
    for _ in range(2):  # the second time by the key that is remembered
        assert open_psdu(keyring, BEACON, ANNEX_C_SENDER).octets.hex() == "55cf000051525354"
        assert open_psdu(keyring, COMMAND, ANNEX_C_SENDER).octets.hex() == "01ce"


def test_opened_frame_says_key_sequence_and_address() -> None:
    opened = open_psdu(Keyring([ThreadKey(NETWORK_KEY)]), DATA, NODE_2, NODE_1)
    assert opened.choice.key == ThreadKey(NETWORK_KEY)
    assert opened.choice.sequence == 0
    assert opened.nonce_address == NODE_1


@pytest.mark.parametrize("address", [NODE_1, NODE_2])
def test_every_address_is_tried_with_every_key(address: bytes) -> None:
    keyring = Keyring([ThreadKey(OTHER_KEY), ThreadKey(NETWORK_KEY)])
    for counter in range(3):
        psdu = sealed(data_frame(1, counter), ThreadKey(NETWORK_KEY), 128, address)
        opened = open_psdu(keyring, psdu, NODE_1, NODE_2)
        assert (opened.octets, opened.nonce_address) == (b"hello", address)
        assert opened.choice.sequence == 128


def test_networks_on_one_pan_do_not_hide_each_other() -> None:
    keys: list[Key] = [ThreadKey(NETWORK_KEY), ThreadKey(OTHER_KEY), RawKey(ANNEX_C_KEY)]
    keyring = Keyring(keys)
    for turn in range(3):
        for key in keys:
            psdu = sealed(data_frame(1, turn), key)
            assert open_psdu(keyring, psdu, NODE_1).choice.key == key


def test_sequences_with_one_key_index_do_not_hide_each_other() -> None:
    key = ThreadKey(NETWORK_KEY)
    keyring = Keyring([key])
    for turn, sequence in enumerate([1, 129, 1, 129, 129, 1]):
        psdu = sealed(data_frame(2, turn), key, sequence)
        assert open_psdu(keyring, psdu, NODE_1).choice.sequence == sequence


def test_failure_says_what_is_missing() -> None:
    psdu = sealed(data_frame(1), ThreadKey(NETWORK_KEY))
    with pytest.raises(KeyMissing, match="no key for key identifier mode 1, index 1"):
        open_psdu(Keyring(), psdu, NODE_1)
    with pytest.raises(KeyMissing, match="none of 2 keys opens"):
        open_psdu(Keyring([ThreadKey(OTHER_KEY)], search_width=2), psdu, NODE_1)
    with pytest.raises(AddressMissing):
        open_psdu(Keyring([ThreadKey(NETWORK_KEY)]), psdu)
    implicit = sealed(data_frame(None, mode=0), RawKey(OTHER_KEY))
    with pytest.raises(KeyMissing, match=r"no key for key identifier mode 0$"):
        open_psdu(Keyring([ThreadKey(NETWORK_KEY)]), implicit, NODE_1)
    assert open_psdu(Keyring([RawKey(OTHER_KEY)]), implicit, NODE_1).octets == b"hello"


def test_wrong_mic_is_told_from_a_missing_key_where_the_key_is_certain() -> None:
    keyring = Keyring([ThreadKey(NETWORK_KEY)])
    good = sealed(data_frame(1), ThreadKey(NETWORK_KEY))
    bad = good[:-1] + bytes([good[-1] ^ 1])
    with pytest.raises(KeyMissing):
        open_psdu(keyring, bad, NODE_1)
    open_psdu(keyring, good, NODE_1)
    fingerprint = ThreadKey(NETWORK_KEY).fingerprint
    with pytest.raises(MicMismatch, match=f"MIC wrong under key {fingerprint}"):
        open_psdu(keyring, bad, NODE_1)


def test_level_without_mic_is_refused() -> None:
    psdu = bytes.fromhex("69dc842143020000000048deac010000000048deac0405000000d43e022b")
    with pytest.raises(SecurityLevelRefused):  # IEEE 802.15.4-2006 Annex C.2.2
        open_psdu(Keyring([RawKey(ANNEX_C_KEY)]), psdu, ANNEX_C_SENDER)


def remembered(keyring: Keyring) -> object:
    identifiers = [(1, None, index, 0xFACE) for index in range(1, 129)]
    return (
        [keyring.mac.usual(identifier) for identifier in identifiers],
        [[choice.sequence for choice in keyring.mac_choices((1, None, 1, 0xFACE))]],
        keyring.latest_sequence(ThreadKey(NETWORK_KEY)),
    )


@given(st.data())
def test_frame_with_wrong_mic_leaves_no_trace(data: st.DataObject) -> None:
    keyring = Keyring([ThreadKey(NETWORK_KEY)])
    open_psdu(keyring, DATA, NODE_1)
    before = remembered(keyring)
    index = data.draw(st.integers(1, 128))
    psdu = bytearray(sealed(data_frame(index), ThreadKey(NETWORK_KEY), index + 127))
    psdu[-1 - data.draw(st.integers(0, 8))] ^= data.draw(st.integers(1, 255))
    with pytest.raises(SecurityError):
        open_psdu(keyring, bytes(psdu), NODE_1, NODE_2)
    assert remembered(keyring) == before


CHILD_ID_REQUEST = bytes.fromhex(  # OpenThread's test_mac_frame, node 2 to node 1
    "00150100000000000000" + "01c2579c31b32aa186ba9aed5ab9a35988ebbb0dc3edeb8a53a6edf7dd456ef79a17"
    "b4abc675714637934a32b1219f9db36527d5fc501690"
)
CHILD_ID_ENDS = (
    bytes.fromhex("fe80000000000000146e0a0000000002"),
    bytes.fromhex("fe80000000000000146e0a0000000001"),
)
ADVERTISEMENT = bytes.fromhex(  # pyspinel's test_sniffer
    "0015060000000000000001f226cce17968521d92904fec1adb0b94777030b944df65450bc955f05737e3"
)
ADVERTISEMENT_SENDER = bytes.fromhex("22a0322cab25cba8")
ADVERTISEMENT_ENDS = (
    bytes.fromhex("fe8000000000000020a0322cab25cba8"),
    bytes.fromhex("ff020000000000000000000000000001"),
)


def envelope_of(octets: bytes) -> MleEnvelope:
    return MLE_ENVELOPE.decode(octets)


def test_mle_vectors_open() -> None:
    keyring = Keyring([ThreadKey(OTHER_KEY), ThreadKey(NETWORK_KEY)])
    envelope = envelope_of(CHILD_ID_REQUEST)
    opened = open_mle_message(keyring, envelope, CHILD_ID_ENDS, [NODE_2], pan_id=0xFACE)
    assert opened.octets.hex() == (
        "0b0408e347414d7ca10eee05040000000008040000000101010f0204000000f0120200030d030a0c09"
        "16080000000000010000"
    )
    assert MLE_MESSAGE.decode(opened.octets).command == MleCommand.CHILD_ID_REQUEST
    envelope = envelope_of(ADVERTISEMENT)
    opened = open_mle_message(keyring, envelope, ADVERTISEMENT_ENDS, [ADVERTISEMENT_SENDER])
    assert opened.octets.hex() == ("04000210000b085d96192b40aa4c04090a0e080000000000000001")
    assert opened.choice.sequence == 0
    assert opened.choice.key == ThreadKey(NETWORK_KEY)


def test_mle_message_is_tied_to_its_ends() -> None:
    keyring = Keyring([ThreadKey(NETWORK_KEY)])
    envelope = envelope_of(ADVERTISEMENT)
    source, destination = ADVERTISEMENT_ENDS
    open_mle_message(keyring, envelope, ADVERTISEMENT_ENDS, [ADVERTISEMENT_SENDER])
    with pytest.raises(MicMismatch):
        open_mle_message(keyring, envelope, (destination, source), [ADVERTISEMENT_SENDER])
    with pytest.raises(AddressMissing):
        open_mle_message(keyring, envelope, ADVERTISEMENT_ENDS, [])
    with pytest.raises(KeyMissing):
        open_mle_message(Keyring(), envelope, ADVERTISEMENT_ENDS, [ADVERTISEMENT_SENDER])


def test_mle_key_sequence_leads_to_the_mac_key() -> None:
    key = ThreadKey(NETWORK_KEY)
    keyring, ends = Keyring([key]), ADVERTISEMENT_ENDS
    security = AuxiliarySecurityHeader(SecurityControl(5, 2), 1, (5 << 20).to_bytes(4, "big"), 1)
    psdu = sealed(data_frame(1), key, 5 << 20)
    with pytest.raises(KeyMissing):
        open_psdu(keyring, psdu, NODE_1)
    aux = bytes.fromhex("1501000000" + "00500000" + "01")
    nonce = NODE_1 + bytes.fromhex("0000000105")
    octets = key.mle_key(5 << 20).seal(nonce, b"".join(ends) + aux, b"\x04", 5)
    open_mle_message(keyring, MleEnvelope(0, security, octets[:-4], octets[-4:]), ends, [NODE_1])
    assert open_psdu(keyring, psdu, NODE_1).choice.sequence == 5 << 20


def test_mle_message_without_security_or_counter_is_refused() -> None:
    keyring = Keyring([ThreadKey(NETWORK_KEY)])
    suppressed = AuxiliarySecurityHeader(
        SecurityControl(5, 2, frame_counter_suppression=True), None, bytes(4), 1
    )
    for envelope in (MleEnvelope(255, None, b"\x10"), MleEnvelope(0, suppressed, b"1", bytes(4))):
        with pytest.raises(SecurityError):
            open_mle_message(keyring, envelope, ADVERTISEMENT_ENDS, [NODE_1])


def test_announce_key_opens_without_any_address_and_is_told_apart() -> None:
    announce = Keyring()
    identifier = (2, b"\xff\xff\xff\xff", 0xFF, 0xFACE)
    (choice,) = announce.mac_choices(identifier)
    frame = data_frame(0xFF, mode=2)
    assert frame.security is not None
    frame.security.key_source = b"\xff\xff\xff\xff"
    psdu = seal_frame(frame, choice.ccm_star, ANNOUNCE_NONCE_ADDRESS)
    opened = open_psdu(announce, psdu)
    assert opened.octets == b"hello"
    assert opened.choice.key.kind is KeyKind.ANNOUNCE


KEYS = st.binary(min_size=16, max_size=16).filter(lambda octets: len(set(octets)) > 4)


@given(KEYS, st.integers(0, 2047))
def test_keys_are_never_shown(octets: bytes, sequence: int) -> None:
    key = ThreadKey(octets)
    keyring = Keyring([key, RawKey(octets, key_index=1)])
    index = sequence % 128 + 1
    psdu = sealed(data_frame(index), key, sequence)
    opened = open_psdu(keyring, psdu, NODE_1)
    with pytest.raises(SecurityError) as mismatch:
        open_psdu(keyring, psdu[:-1] + bytes([psdu[-1] ^ 1]), NODE_1)
    with pytest.raises(SecurityError) as missing:
        open_psdu(Keyring([RawKey(octets)]), psdu, NODE_1)
    shown = f"{opened!r} {mismatch.value!r} {missing.value!r} {keyring!r} {remembered(keyring)!r}"
    for secret in (octets, *derive(octets, sequence)):
        for at in range(13):
            assert secret[at : at + 4].hex() not in shown
            assert repr(secret[at : at + 4])[2:-1] not in shown
