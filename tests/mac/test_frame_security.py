"""Opening and sealing of whole frames, against printed and captured ones."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lowpan.errors import SecurityError
from lowpan.mac.ccm_star import CcmStarKey, MicMismatch, SecurityLevelRefused
from lowpan.mac.frame_security import SecurableFrame, open_frame, open_octets, seal_frame
from lowpan.mac.thread_keys import derive
from lowpan.wire.ieee802154 import Frame, FrameControl, decode_frame
from lowpan.wire.multipurpose import Multipurpose, MultipurposeControl, MultipurposeLongControl
from lowpan.wire.security_header import AuxiliarySecurityHeader, SecurityControl

ANNEX_C_KEY = CcmStarKey(bytes.fromhex("c0c1c2c3c4c5c6c7c8c9cacbcccdcecf"))
NETWORK_KEY = bytes.fromhex("00112233445566778899aabbccddeeff")
MAC_KEY = CcmStarKey(derive(NETWORK_KEY, 0)[1])
SENDER = bytes.fromhex("166e0a0000000001")

VECTORS = {  # PSDU, key, sender, open octets, private payload in clear
    "beacon of 2006, IEEE 802.15.4-2006 C.2.1": (
        "08d0842143010000000048deac020500000055cf000051525354223bc1ec841ab553",
        (ANNEX_C_KEY, "acde480000000001", 4, "51525354"),
    ),
    "MAC command of 2006, IEEE 802.15.4-2006 C.2.3": (
        "2bdc842143020000000048deacffff010000000048deac060500000001d84fde529061f9c6f1",
        (ANNEX_C_KEY, "acde480000000001", 1, "ce"),
    ),
    "data of 2015, OpenThread's test_mac_frame": (
        "69a88ecefa022400240d02000000016b64600855b81018c7402efbf3daf94e5870",
        (MAC_KEY, "166e0a0000000001", 0, "78673a3f1c0080002c4700010001"),
    ),
    "data request of 2006, OpenThread's test_mac_frame": (
        "6bdc85cefa473607d974458db26e8125c9dbac2b0a0d000000000104af14ceaa",
        (MAC_KEY, "0a2bacdbc925816e", 1, ""),
    ),
    "data of 2006, captured from OpenThread": (
        "6998b1cefa00d801d80d00000000014be2d5be523cefcc13422af6b43830158fe4ebaad7530dfb"
        "0509853b060f1c1ebfd584d4",
        (
            MAC_KEY,
            "02aabbccdd000002",
            0,
            "767707f3ffb3b74202ebedaecbb161026173ff010802aabbccdd000002040102",
        ),
    ),
}


def decoded(psdu: bytes) -> SecurableFrame:
    frame = decode_frame(psdu)
    assert isinstance(frame, Frame | Multipurpose)
    return frame


@pytest.mark.parametrize("vector", VECTORS.values(), ids=VECTORS)
def test_vector(vector: tuple[str, tuple[CcmStarKey, str, int, str]]) -> None:
    psdu, (key, sender, octets_in_clear, clear) = bytes.fromhex(vector[0]), vector[1]
    frame = decoded(psdu)
    assert open_octets(frame) == octets_in_clear
    private = open_frame(frame, psdu, key, bytes.fromhex(sender))
    assert private.hex() == clear
    in_clear = replace(frame, payload=frame.payload[:octets_in_clear] + private, mic=b"")
    assert seal_frame(in_clear, key, bytes.fromhex(sender)) == psdu


def test_command_of_2015_hides_its_identifier_and_authenticates_its_ies() -> None:
    """OpenThread's test_mac_frame: the FCS 59e1 fits 72, which is 04 in clear."""
    psdu = bytes.fromhex("6baa8dcefa006801680d0800000001040ded0b350c803f724b8889d6")
    frame = decoded(psdu)
    assert open_octets(frame) == 0
    assert frame.payload == b"\x72"
    # Its sender is not printed.  With any sender, the octets go in as they must come out:
    sealed = seal_frame(replace(frame, payload=b"\x04"), MAC_KEY, SENDER)
    assert sealed[: -len(b"\x72" + frame.mic)] == psdu[: -len(b"\x72" + frame.mic)]
    assert open_frame(decoded(sealed), sealed, MAC_KEY, SENDER) == b"\x04"
    changed = sealed.replace(b"\xed\x0b", b"\xee\x0b")
    with pytest.raises(MicMismatch):
        open_frame(decoded(changed), changed, MAC_KEY, SENDER)


def test_level_without_mic_is_refused_both_ways() -> None:
    psdu = bytes.fromhex(
        "69dc842143020000000048deac010000000048deac0405000000d43e022b"  # Annex C.2.2
    )
    with pytest.raises(SecurityLevelRefused):
        open_frame(decoded(psdu), psdu, ANNEX_C_KEY, SENDER)
    with pytest.raises(SecurityLevelRefused):
        seal_frame(decoded(psdu), ANNEX_C_KEY, SENDER)


def test_frame_without_security_is_refused_both_ways() -> None:
    psdu = bytes.fromhex("418801cefaffff002400")
    with pytest.raises(SecurityError):
        open_frame(decoded(psdu), psdu, MAC_KEY, SENDER)
    with pytest.raises(SecurityError):
        seal_frame(decoded(psdu), MAC_KEY, SENDER)


@pytest.mark.parametrize(
    ("kind", "payload"), [(3, ""), (0, ""), (0, "ffcf"), (0, "ffcf01"), (0, "ffcf0001")]
)
def test_frame_that_ends_in_its_open_octets_is_refused(kind: int, payload: str) -> None:
    control = FrameControl(kind, security_enabled=True, frame_version=1, source_addressing_mode=3)
    frame = Frame(
        control,
        sequence_number=1,
        source_pan_id=0xFACE,
        source=SENDER,
        security=AuxiliarySecurityHeader(SecurityControl(5, 1), 7, key_index=1),
        payload=bytes.fromhex(payload),
    )
    with pytest.raises(SecurityError):
        seal_frame(frame, MAC_KEY, SENDER)
    with pytest.raises(SecurityError):
        open_frame(frame, bytes(60), MAC_KEY, SENDER)


def tsch_frame(security_control: SecurityControl, counter: int | None) -> Frame:
    control = FrameControl(
        1,
        security_enabled=True,
        frame_version=2,
        pan_id_compression=True,
        destination_addressing_mode=2,
        source_addressing_mode=2,
    )
    security = AuxiliarySecurityHeader(security_control, counter, key_index=1)
    return Frame(control, 1, 0xFACE, b"\xff\xff", None, b"\x24\x00", security, payload=b"hello")


@pytest.mark.parametrize("address", [SENDER, b"\x24\x00"])
@pytest.mark.parametrize(
    ("security_control", "counter"),
    [
        (SecurityControl(5, 1, frame_counter_suppression=True), None),
        (SecurityControl(5, 1, frame_counter_suppression=True, asn_in_nonce=True), None),
        (SecurityControl(5, 1, asn_in_nonce=True), 7),
    ],
)
def test_slot_number_takes_the_place_of_the_counter(
    address: bytes, security_control: SecurityControl, counter: int | None
) -> None:
    frame = tsch_frame(security_control, counter)
    psdu = seal_frame(frame, MAC_KEY, address, absolute_slot_number=10098)
    sealed = decoded(psdu)
    assert open_frame(sealed, psdu, MAC_KEY, address, absolute_slot_number=10098) == frame.payload
    with pytest.raises(MicMismatch):
        open_frame(sealed, psdu, MAC_KEY, address, absolute_slot_number=10099)
    with pytest.raises(SecurityError):
        open_frame(sealed, psdu, MAC_KEY, address)


def test_short_address_in_the_nonce_needs_a_pan_id() -> None:
    control = SecurityControl(5, 1, frame_counter_suppression=True)
    frame = replace(tsch_frame(control, None), destination_pan_id=None)
    with pytest.raises(SecurityError):
        open_frame(frame, bytes(60), MAC_KEY, b"\x24\x00", absolute_slot_number=1)


KINDS = st.sampled_from([(kind, version) for kind in (1, 2, 3) for version in (1, 2)])


@given(KINDS, st.sampled_from([1, 2, 3, 5, 6, 7]), st.binary(min_size=1, max_size=80))
def test_what_is_sealed_opens_again(kind: tuple[int, int], level: int, payload: bytes) -> None:
    control = FrameControl(
        kind[0], security_enabled=True, frame_version=kind[1], source_addressing_mode=3
    )
    security = AuxiliarySecurityHeader(SecurityControl(level, 1), 7, key_index=1)
    frame = Frame(control, 1, None, None, 0xFACE, SENDER, security, payload=payload)
    psdu = seal_frame(frame, MAC_KEY, SENDER)
    sealed = decoded(psdu)
    private = open_frame(sealed, psdu, MAC_KEY, SENDER)
    assert sealed.payload[: open_octets(sealed)] + private == payload
    assert open_octets(sealed) == (1 if kind == (3, 1) else 0)


@given(st.binary(max_size=60), st.integers(0, 0xFFFFFFFF))
def test_multipurpose_frames_hide_their_payload(payload: bytes, counter: int) -> None:
    frame = Multipurpose(
        MultipurposeControl(long_frame_control=True, source_addressing_mode=3),
        MultipurposeLongControl(security_enabled=True, sequence_number_suppression=True),
        source=SENDER,
        security=AuxiliarySecurityHeader(SecurityControl(5, 1), counter, key_index=1),
        payload=payload,
    )
    psdu = seal_frame(frame, MAC_KEY, SENDER)
    sealed = decoded(psdu)
    assert isinstance(sealed, Multipurpose)
    assert open_frame(sealed, psdu, MAC_KEY, SENDER) == payload


@given(st.data())
def test_any_changed_bit_is_noticed_or_makes_another_frame(data: st.DataObject) -> None:
    psdu = bytes.fromhex(VECTORS["data of 2015, OpenThread's test_mac_frame"][0])
    bit = data.draw(st.integers(15 * 8, len(psdu) * 8 - 1))  # behind the security header
    changed = bytearray(psdu)
    changed[bit // 8] ^= 1 << bit % 8
    with pytest.raises(MicMismatch):
        open_frame(decoded(bytes(changed)), bytes(changed), MAC_KEY, SENDER)
