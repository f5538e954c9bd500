"""Spinel's messages and values: a recorded session of a real ot-rcp, and any octets."""

import random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lowpan.errors import FieldOutOfRange, MalformedFrame
from lowpan.radio import Fcs, ReceivedFrame
from lowpan.wire.fcs import append_fcs16
from lowpan.wire.secret import Secret
from lowpan_radios.rcp_frames import RawFrames
from lowpan_radios.spinel import (
    SpinelMessage,
    decode_pui,
    decode_puis,
    decode_spinel,
    encode_pui,
    encode_spinel,
)
from lowpan_radios.spinel_keys import RCP_MAC_KEY, RcpMacKey, SpinelKey
from lowpan_radios.spinel_names import Command, Property, Status
from lowpan_radios.spinel_raw import (
    RECEIVED_METADATA,
    STREAM_RAW,
    AckSecurity,
    Data,
    ReceivedMetadata,
    StreamRaw,
    decode_received,
)
from lowpan_radios.spinel_transmit import (
    TRANSMIT_METADATA,
    TransmitMetadata,
    decode_result,
)

SESSION = {  # recorded: message, and what it is
    "80060070": SpinelMessage(0, Command.PROP_VALUE_IS, 0, b"\x70"),
    "810381800100": SpinelMessage(1, Command.PROP_VALUE_SET, 0x4001, b"\0"),
    "8902b001": SpinelMessage(9, Command.PROP_VALUE_GET, Property.RCP_API_VERSION),
    "8b068b247f": SpinelMessage(11, Command.PROP_VALUE_IS, Property.RADIO_CAPS, b"\x7f"),
    "980201": SpinelMessage(8, Command.PROP_VALUE_GET, Property.PROTOCOL_VERSION, iid=1),
    "8e0102": SpinelMessage(14, Command.RESET, None, b"\2"),
    "8900": SpinelMessage(9, Command.NOOP),
    "8a28": SpinelMessage(10, 40),
    "880784267856": SpinelMessage(
        8, Command.PROP_VALUE_INSERTED, Property.MAC_SRC_MATCH_SHORT_ADDRESSES, b"\x78\x56"
    ),
}
BEACON = "0f0000c0b9cefa010000ddccbbaa0278d1ec8000000a000b008fcb025f0000000001000005000000000000"
METADATA = ReceivedMetadata(-20, -128, 0, 11, 0, 0x5F02CB8F, 0, AckSecurity(0, 0))


@pytest.mark.parametrize(("octets", "message"), SESSION.items())
def test_recorded_messages(octets: str, message: SpinelMessage) -> None:
    assert decode_spinel(bytes.fromhex(octets)) == message
    assert encode_spinel(message).hex() == octets


def test_caps_of_the_recorded_radio() -> None:
    caps = bytes.fromhex("050c1822810440418604")
    assert decode_puis(caps) == (5, 12, 24, 34, 513, 64, 65, 518)


@given(st.integers(0, 2_097_151), st.binary(max_size=3))
def test_packed_integers_are_encoded_and_decoded(number: int, rest: bytes) -> None:
    octets = encode_pui(number)
    assert decode_pui(octets + rest) == (number, len(octets))


@pytest.mark.parametrize("number", [-1, 2_097_152])
def test_no_other_integers_are_packed(number: int) -> None:
    with pytest.raises(FieldOutOfRange):
        encode_pui(number)


@given(st.binary(max_size=12))
def test_any_octets_are_a_message_or_malformed(octets: bytes) -> None:
    try:
        message = decode_spinel(octets)
    except MalformedFrame:
        return
    assert decode_spinel(encode_spinel(message)) == message


@pytest.mark.parametrize(
    "message",
    [
        SpinelMessage(16, Command.NOOP),
        SpinelMessage(0, Command.NOOP, iid=4),
        SpinelMessage(1, Command.PROP_VALUE_GET),
        SpinelMessage(1, Command.RESET, Property.CAPS),
    ],
)
def test_what_is_no_message_is_not_encoded(message: SpinelMessage) -> None:
    with pytest.raises(FieldOutOfRange):
        encode_spinel(message)


# STREAM_RAW, received


def test_recorded_beacon() -> None:
    psdu, metadata = decode_received(bytes.fromhex(BEACON))
    assert psdu.hex() == "00c0b9cefa010000ddccbbaa0278d1"
    assert metadata == METADATA
    assert (
        STREAM_RAW.encode(StreamRaw(Data(psdu), RECEIVED_METADATA.encode(metadata))).hex() == BEACON
    )


def frames_of(value: bytes) -> tuple[ReceivedFrame | None, ReceivedFrame | None]:
    """Return the frame as the short and as the long way make it."""
    return (
        RawFrames().frame(b"\x80\x06\x71" + value, 3, 10**18),
        RawFrames().any_frame(value, 10**18),
    )


def test_recorded_beacon_as_a_frame() -> None:
    psdu, fcs = bytes.fromhex("00c0b9cefa010000ddccbbaa02"), bytes.fromhex("78d1")
    short, long = frames_of(bytes.fromhex(BEACON))
    assert short == long
    time_us = METADATA.timestamp_us
    assert short == ReceivedFrame(psdu, Fcs.GOOD, fcs, 10**18, 11, None, -20, 0, time_us, False)


_METADATA = st.builds(
    ReceivedMetadata,
    st.integers(-128, 127),
    st.integers(-128, 127),
    st.integers(0, 0x3F),
    st.integers(0, 255),
    st.integers(0, 255),
    st.integers(0, 2**40),
    st.integers(0, 2),
    st.none() | st.builds(AckSecurity, st.integers(0, 255), st.integers(0, 2**32 - 1)),
)


@given(st.binary(max_size=125), st.booleans(), _METADATA, st.binary(max_size=4), st.integers(0, 30))
def test_the_short_way_tells_what_the_long_way_tells(
    psdu: bytes, good: bool, metadata: ReceivedMetadata, more: bytes, cut: int
) -> None:
    octets = append_fcs16(psdu) if good else psdu
    value = STREAM_RAW.encode(StreamRaw(Data(octets), RECEIVED_METADATA.encode(metadata) + more))
    for whole in (value, value[:-cut] if cut else value):
        short, long = frames_of(whole)
        assert short == long


@given(st.binary(max_size=40))
def test_any_value_is_a_frame_or_none(value: bytes) -> None:
    short, long = frames_of(value)
    assert short == long


def test_metadata_hold_as_far_as_they_go() -> None:
    value = bytes.fromhex(BEACON)
    begin = 2 + 15
    known = [decode_received(value[:end])[1] for end in range(begin, len(value) + 1)]
    assert known[0] == ReceivedMetadata()
    assert known[1] == ReceivedMetadata(-20)
    assert known[4] == ReceivedMetadata(-20, -128, 0)
    assert known[7] == ReceivedMetadata(-20, -128, 0, 11)
    assert known[15] == ReceivedMetadata(-20, -128, 0, 11, 0)  # half a timestamp is none
    assert known[16] == ReceivedMetadata(-20, -128, 0, 11, 0, 0x5F02CB8F)
    assert known[-1] == METADATA
    with pytest.raises(MalformedFrame):
        decode_received(value[: begin - 1])


def test_structs_may_be_longer_than_we_know() -> None:
    head = bytes.fromhex("0300 020007 c4 80 1000 0c00 0f c8 0102000000000000 aaaa 0200 0055")
    _, metadata = decode_received(head + bytes.fromhex("0700 01 05000000 eeee"))
    assert metadata == ReceivedMetadata(-60, -128, 0x10, 15, 200, 0x0201, 0, AckSecurity(1, 5))


def test_old_radios_count_milliseconds_and_the_rest() -> None:
    _, metadata = decode_received(bytes.fromhex("0300020007 c4800000 0800 0fc8 e8030000 0700"))
    assert metadata.timestamp_us == 1_000_007
    _, metadata = decode_received(bytes.fromhex("0300020007 c4800000"))
    assert metadata == ReceivedMetadata(-60, -128, 0)


def test_an_fcs_that_does_not_fit_says_nothing_unless_the_radio_says_so() -> None:
    overwritten = bytes.fromhex("0500 0200070000 c4800000")
    marked = bytes.fromhex("0500 0200070000 c4800400")
    for value, fcs in ((overwritten, Fcs.ABSENT), (marked, Fcs.BAD)):
        frame, same = frames_of(value)
        assert frame == same
        assert frame is not None
        assert (frame.psdu.hex(), frame.fcs) == ("020007", fcs)


def test_invalid_rssi_is_absent_and_own_frames_are_left_out() -> None:
    frame, _ = frames_of(bytes.fromhex("0500 0200070000 7f800000"))
    assert frame is not None
    assert frame.rssi is None
    assert frames_of(bytes.fromhex("0500 0200070000 c4800100")) == (None, None)


# STREAM_RAW, sent


def test_metadata_that_a_real_host_sends() -> None:
    metadata = TransmitMetadata(11, 4, 15, 1, security_processed=0, rx_channel_after_tx=11)
    octets = bytes.fromhex("0b040f0100000000000000000000000b7f")
    assert TRANSMIT_METADATA.encode(metadata) == octets
    assert TRANSMIT_METADATA.decode(octets) == metadata


def test_recorded_results() -> None:
    sent = decode_result(
        bytes.fromhex("0000000000008000000a000000000000000000000001000005000000000000"),
        secured=False,
    )
    assert (sent.status, sent.ack, sent.frame_counter) == (Status.OK, None, None)
    acked = decode_result(
        bytes.fromhex("0001000500120010ac20ec8000000a000b004f1c125f0000000001000005000000000000"),
        secured=False,
    )
    assert acked.frame_pending
    assert acked.ack is not None
    assert acked.ack[0].hex() == "120010ac20"
    assert decode_result(bytes.fromhex("110000"), secured=False).status == Status.NO_ACK
    enhanced = decode_result(
        bytes.fromhex(
            "00010119001a2c1acefa77665544332211020d010000000176f4d44c7d3e"
            "ec8000000a000b00b5ae325f00000000010000050000000000000108000000"
        ),
        secured=True,
    )
    assert (enhanced.key_index, enhanced.frame_counter) == (1, 8)
    assert enhanced.ack is not None
    assert len(enhanced.ack[0]) == 25


@given(st.binary(max_size=60), st.booleans())
def test_any_result_tells_a_status_or_is_malformed(octets: bytes, secured: bool) -> None:
    try:
        result = decode_result(octets, secured=secured)
    except MalformedFrame:
        assert all(octet & 0x80 for octet in octets[:3])  # no status
        return
    assert result.status == decode_pui(octets)[0]


# RCP_MAC_KEY


def test_recorded_keys_and_their_secrecy() -> None:
    octets = bytes.fromhex(
        "08011000e059a0ab62ce08619146b9fe6994b0a41000de89c53af382b421e0fde5a9bae3bef0"
        "10009be0d1af7bd87350deabcdd07febb9d5"
    )
    keys = RCP_MAC_KEY.decode(octets)
    assert (keys.key_id_mode, keys.key_index) == (8, 1)
    assert keys.current.key.hex() == "de89c53af382b421e0fde5a9bae3bef0"
    assert RCP_MAC_KEY.encode(keys) == octets
    assert "de89c53a" not in repr(keys)


def test_keys_never_show_in_an_error() -> None:
    key = random.Random(1).randbytes(16)
    three = [SpinelKey(Secret(key))] * 3
    with pytest.raises(FieldOutOfRange) as caught:
        RCP_MAC_KEY.encode(RcpMacKey(8, 256, *three))
    assert key.hex()[:8] not in str(caught.value)
    assert repr(key)[2:10] not in str(caught.value)
