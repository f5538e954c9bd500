import pytest

from lowpan.errors import FieldOutOfRange, MalformedFrame
from lowpan.wire.dataset import MeshCopTlv
from lowpan.wire.link_metrics import LinkMetricsTlv
from lowpan.wire.meshcop import Channel, Timestamp
from lowpan.wire.mle import (
    MLE_ENVELOPE,
    MLE_MESSAGE,
    SECURED,
    UNSECURED,
    MleCommand,
    MleEnvelope,
    MleMessage,
    Tlv,
    TlvType,
)
from lowpan.wire.mle_draft import (
    Challenge,
    LinkLayerFrameCounter,
    MleFrameCounter,
    Mode,
    Response,
    SourceAddress,
    Timeout,
)
from lowpan.wire.mle_tlvs import LeaderData, TlvRequest, Version
from lowpan.wire.network_data import NetworkDataTlv
from lowpan.wire.route64 import Route, Route64
from lowpan.wire.security_header import AuxiliarySecurityHeader, SecurityControl
from lowpan.wire.tlv import TlvList
from tests.wire.mle_captures import (
    MESSAGES_OF,
    captured,
    every_message,
    in_clear,
    link_local,
    mac_payload,
)

# OpenThread, tests/unit/test_mac_frame.cpp
CHILD_ID_REQUEST_FRAME = bytes.fromhex(
    "61dcbdcefa01000000000a6e1602000000000a6e167f33f04d4c4d4c8bf000150100000000000000"
    "01c2579c31b32aa186ba9aed5ab9a35988ebbb0dc3edeb8a53a6edf7dd456ef79a17b4abc6757146"
    "37934a32b1219f9db36527d5fc501690d2d4"
)
CHILD_ID_REQUEST = bytes.fromhex(
    "0b0408e347414d7ca10eee05040000000008040000000101010f0204000000f0120200030d030a0c"
    "0916080000000000010000"
)
# pyspinel, test_sniffer: the PSDU with its FCS
ADVERTISEMENT_FRAME = bytes.fromhex(
    "41d8980100ffffa8cb25ab2c32a0227f3b01f04d4c4d4cdc3b0015060000000000000001f226cce1"
    "7968521d92904fec1adb0b94777030b944df65450bc955f05737e39017"
)
ADVERTISEMENT = bytes.fromhex("04000210000b085d96192b40aa4c04090a0e080000000000000001")

AUXILIARY = AuxiliarySecurityHeader(SecurityControl(5, 2), 1, bytes(4), 1)


def test_envelope_of_a_secured_message() -> None:
    frame = mac_payload(CHILD_ID_REQUEST_FRAME[:-2])
    assert frame is not None
    source, destination, payload = frame
    envelope = MLE_ENVELOPE.decode(payload[9:])
    assert envelope.suite == SECURED
    assert envelope.security == AUXILIARY
    assert len(envelope.payload) == len(CHILD_ID_REQUEST)
    assert envelope.mic == CHILD_ID_REQUEST_FRAME[-6:-2]
    assert MLE_ENVELOPE.encode(envelope) == payload[9:]
    clear = in_clear(link_local(source), link_local(destination), payload[9:])
    assert clear == CHILD_ID_REQUEST


def test_child_id_request() -> None:
    message = MleMessage(
        MleCommand.CHILD_ID_REQUEST,
        (
            Tlv(TlvType.RESPONSE, Response(bytes.fromhex("e347414d7ca10eee"))),
            Tlv(TlvType.LINK_LAYER_FRAME_COUNTER, LinkLayerFrameCounter(0)),
            Tlv(TlvType.MLE_FRAME_COUNTER, MleFrameCounter(1)),
            Tlv(TlvType.MODE, Mode(True, True, True, True)),
            Tlv(TlvType.TIMEOUT, Timeout(240)),
            Tlv(TlvType.VERSION, Version(3)),
            Tlv(TlvType.TLV_REQUEST, TlvRequest((10, 12, 9))),
            Tlv(TlvType.ACTIVE_TIMESTAMP, Timestamp(1)),
        ),
    )
    assert MLE_MESSAGE.decode(CHILD_ID_REQUEST) == message
    assert MLE_MESSAGE.encode(message) == CHILD_ID_REQUEST


def test_advertisement() -> None:
    frame = mac_payload(ADVERTISEMENT_FRAME[:-2])
    assert frame is not None
    all_nodes = bytes.fromhex("ff02") + bytes(13) + b"\x01"
    assert in_clear(link_local(frame[0]), all_nodes, frame[2][10:]) == ADVERTISEMENT
    message = MleMessage(
        MleCommand.ADVERTISEMENT,
        (
            Tlv(TlvType.SOURCE_ADDRESS, SourceAddress(b"\x10\x00")),
            Tlv(TlvType.LEADER_DATA, LeaderData(0x5D96192B, 0x40, 0xAA, 0x4C, 4)),
            Tlv(TlvType.ROUTE64, Route64(0x0E, (4,), (Route(0, 0, 1),))),
        ),
    )
    assert MLE_MESSAGE.decode(ADVERTISEMENT) == message
    assert MLE_MESSAGE.encode(message) == ADVERTISEMENT


def untyped(message: TlvList) -> list[tuple[int, bytes]]:
    """Return the TLVs whose content stayed octets, at any depth."""
    found: list[tuple[int, bytes]] = []
    for tlv in message.tlvs:
        assert isinstance(tlv, Tlv | MeshCopTlv | NetworkDataTlv | LinkMetricsTlv)
        if isinstance(tlv.value, bytes):
            found.append((tlv.type, tlv.value))
        elif isinstance(tlv.value, TlvList):
            found += untyped(tlv.value)
    return found


@pytest.mark.parametrize(("name", "count"), MESSAGES_OF.items())
def test_every_message_of_openthread_is_typed_to_the_last_tlv(name: str, count: int) -> None:
    messages = captured(name)
    assert len(messages) == count
    for whole in messages:
        message = MLE_MESSAGE.decode(whole.message)
        assert untyped(message) == []
        assert MLE_MESSAGE.encode(message) == whole.message
        assert message == MLE_MESSAGE.interpret(whole.message)[0]


def test_every_envelope_of_openthread() -> None:
    suites = set[int]()
    for whole in every_message():
        envelope = MLE_ENVELOPE.decode(whole.payload)
        suites.add(envelope.suite)
        assert MLE_ENVELOPE.encode(envelope) == whole.payload
        assert len(envelope.payload) == len(whole.message)
        if envelope.suite == UNSECURED:
            assert (envelope.security, envelope.mic) == (None, b"")
            assert envelope.payload == whole.message
    assert suites == {SECURED, UNSECURED}


@pytest.mark.parametrize("level", range(8))
def test_level_gives_the_length_of_the_mic(level: int) -> None:
    security = AuxiliarySecurityHeader(SecurityControl(level, 2), 7, b"\0\0\0\1", 2)
    mic = bytes((0, 4, 8, 16)[level % 4])
    envelope = MleEnvelope(SECURED, security, b"\x04", mic)
    octets = MLE_ENVELOPE.encode(envelope)
    assert MLE_ENVELOPE.decode(octets) == envelope
    with pytest.raises(FieldOutOfRange):
        MLE_ENVELOPE.encode(MleEnvelope(SECURED, security, b"\x04", mic + b"\0"))


@pytest.mark.parametrize(
    "octets",
    [
        *("", "01 04", "fe 04"),
        *("00", "00 15 01 00 00", "00 15 01000000 00000000"),  # no whole auxiliary header
        "00 15 01000000 00000000 01 c25757",  # no room for the MIC
    ],
)
def test_malformed_envelope(octets: str) -> None:
    with pytest.raises(MalformedFrame):
        MLE_ENVELOPE.decode(bytes.fromhex(octets))


@pytest.mark.parametrize(
    "envelope",
    [
        MleEnvelope(SECURED, None, b"\x04", bytes(4)),
        MleEnvelope(UNSECURED, AUXILIARY, b"\x04"),
        MleEnvelope(UNSECURED, None, b"\x04", bytes(4)),
        MleEnvelope(1, None, b"\x04"),
    ],
)
def test_envelope_that_cannot_be(envelope: MleEnvelope) -> None:
    with pytest.raises(FieldOutOfRange):
        MLE_ENVELOPE.encode(envelope)


@pytest.mark.parametrize(
    ("octets", "offset"),
    [
        ("", 0),  # no command
        ("04 00", 2),  # no length
        ("04 00 02 10", 3),  # TLV longer than the message
        ("04 00 02 1000 0b 09 0000000000000000", 7),
        ("04 0c ff", 3),
        ("04 0c ff01", 4),
        ("04 0c ff0100 00", 5),
    ],
)
def test_list_of_tlvs_must_fill_the_message(octets: str, offset: int) -> None:
    with pytest.raises(MalformedFrame) as caught:
        MLE_MESSAGE.decode(bytes.fromhex(octets))
    assert (caught.value.format, caught.value.offset) == ("MleMessage", offset)


@pytest.mark.parametrize("size", [0, 1, 253, 254, 255, 256, 1000, 65535])
def test_length_of_255_and_more_takes_three_octets(size: int) -> None:
    message = MleMessage(4, (Tlv(200, bytes(size)), Tlv(TlvType.TIMEOUT, Timeout(1))))
    octets = MLE_MESSAGE.encode(message)
    assert len(octets) == 1 + (2 if size < 255 else 4) + size + 6
    assert MLE_MESSAGE.decode(octets) == message


def test_tlv_of_65536_octets_does_not_fit() -> None:
    with pytest.raises(FieldOutOfRange):
        MLE_MESSAGE.encode(MleMessage(4, (Tlv(200, bytes(65536)),)))


@pytest.mark.parametrize("size", [0, 1, 254])
def test_long_form_of_a_short_length_is_kept(size: int) -> None:
    octets = bytes([4, 200, 0xFF, 0, size]) + bytes(size)
    message = MleMessage(4, (Tlv(200, bytes(size), long_form=True),))
    assert MLE_MESSAGE.decode(octets) == message
    assert MLE_MESSAGE.encode(message) == octets
    assert "long_form" in repr(message)


def test_malformed_content_stays_octets_and_takes_no_neighbour_with_it() -> None:
    message = MLE_MESSAGE.decode(bytes.fromhex("08 02 03 0000f0 01 01 0f 63 01 00"))
    assert message.tlvs == (
        Tlv(TlvType.TIMEOUT, b"\0\0\xf0"),
        Tlv(TlvType.MODE, Mode(True, True, True, True)),
        Tlv(99, b"\0"),
    )


def test_content_of_another_type_is_refused() -> None:
    with pytest.raises(FieldOutOfRange):
        MLE_MESSAGE.encode(MleMessage(4, (Tlv(TlvType.TIMEOUT, Version(5)),)))
    with pytest.raises(FieldOutOfRange):
        MLE_MESSAGE.encode(MleMessage(4, (Tlv(99, Version(5)),)))


def test_find_returns_the_first_of_a_type() -> None:
    message = MleMessage(
        4,
        (
            Tlv(TlvType.CHALLENGE, b"abc"),
            Tlv(TlvType.VERSION, Version(4)),
            Tlv(TlvType.VERSION, Version(5)),
            Tlv(TlvType.CSL_CHANNEL, Channel(0, 20)),
        ),
    )
    assert message.find(TlvType.VERSION) == Version(4)
    assert message.find(TlvType.CSL_CHANNEL, Channel) == Channel(0, 20)
    assert message.find(TlvType.CHALLENGE) == b"abc"
    assert message.find(TlvType.CHALLENGE, Challenge) is None
    assert message.find(TlvType.TIMEOUT) is None
