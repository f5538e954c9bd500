from typing import Any

import pytest

from lowpan.errors import FieldOutOfRange, KeyFormatError, MalformedFrame
from lowpan.schema import Layout
from lowpan.wire.dataset import (
    DATASET,
    MESHCOP_TLV,
    Dataset,
    MeshCopTlv,
    MeshCopType,
    dataset_from_hex,
)
from lowpan.wire.meshcop import (
    CHANNEL_MASK,
    DISCOVERY_REQUEST,
    DISCOVERY_RESPONSE,
    NETWORK_KEY,
    SECURITY_POLICY,
    STEERING_DATA,
    Channel,
    ChannelMask,
    ChannelMaskEntry,
    DelayTimer,
    DiscoveryRequest,
    DiscoveryResponse,
    ExtendedPanId,
    MeshLocalPrefix,
    NetworkKey,
    NetworkName,
    PanId,
    Pskc,
    SecurityPolicy,
    SteeringData,
    Timestamp,
)
from lowpan.wire.mle import MLE_MESSAGE, MleMessage, Tlv, TlvType
from lowpan.wire.secret import Secret, fingerprint

# OpenThread, tests/unit/test_dataset.cpp
TEXT = (
    "0e080000000000010000000300000f35060004001fffe002081de5bfecd5165b8f0708fde21f0c8a"
    "13e8e70510eaf9149fdc7378770698d59180221958030f4f70656e5468726561642d616163330102"
    "face04102eaae29484388e3119581a7b5a948c070c0402a0f7f8"
)
KEY = bytes.fromhex("eaf9149fdc7378770698d59180221958")
PSKC = bytes.fromhex("2eaae29484388e3119581a7b5a948c07")

VALUE = Dataset(
    (
        MeshCopTlv(MeshCopType.ACTIVE_TIMESTAMP, Timestamp(1)),
        MeshCopTlv(MeshCopType.CHANNEL, Channel(0, 15)),
        MeshCopTlv(
            MeshCopType.CHANNEL_MASK,
            ChannelMask((ChannelMaskEntry(0, bytes.fromhex("001fffe0")),)),
        ),
        MeshCopTlv(MeshCopType.EXTENDED_PAN_ID, ExtendedPanId(bytes.fromhex("1de5bfecd5165b8f"))),
        MeshCopTlv(
            MeshCopType.MESH_LOCAL_PREFIX, MeshLocalPrefix(bytes.fromhex("fde21f0c8a13e8e7"))
        ),
        MeshCopTlv(MeshCopType.NETWORK_KEY, NetworkKey(Secret(KEY))),
        MeshCopTlv(MeshCopType.NETWORK_NAME, NetworkName("OpenThread-aac3")),
        MeshCopTlv(MeshCopType.PAN_ID, PanId(0xFACE)),
        MeshCopTlv(MeshCopType.PSKC, Pskc(Secret(PSKC))),
        MeshCopTlv(MeshCopType.SECURITY_POLICY, SecurityPolicy(672, b"\xf7\xf8")),
    )
)


def test_active_dataset() -> None:
    assert dataset_from_hex(TEXT) == VALUE
    assert DATASET.encode(VALUE).hex() == TEXT


def test_white_space_does_not_matter() -> None:
    assert dataset_from_hex("  " + TEXT[:14].upper() + "\n" + TEXT[14:] + "\r\n") == VALUE


def test_find() -> None:
    dataset = dataset_from_hex(TEXT)
    assert dataset.find(MeshCopType.PAN_ID) == PanId(0xFACE)
    key = dataset.find(MeshCopType.NETWORK_KEY, NetworkKey)
    assert key is not None
    assert key.network_key == KEY
    assert dataset.find(MeshCopType.PENDING_TIMESTAMP, Timestamp) is None


def holds_a_key(text: str) -> bool:
    """Tell whether `text` shows as much as 4 octets in a row of one of the keys."""
    shown = text.lower().replace(" ", "")
    pieces = [key[at : at + 4] for key in (KEY, PSKC) for at in range(13)]
    return any(piece.hex() in shown or repr(piece)[2:-1].lower() in shown for piece in pieces)


def test_no_repr_shows_a_key() -> None:
    assert holds_a_key(repr(KEY))
    assert holds_a_key(PSKC.hex(" "))
    message = MleMessage(12, (Tlv(TlvType.ACTIVE_OPERATIONAL_DATASET, VALUE),))
    texts = [repr(message), repr(NetworkKey(Secret(KEY))), str(Pskc(Secret(PSKC)))]
    texts.append(repr(dataset_from_hex(TEXT)))
    assert not any(map(holds_a_key, texts))
    assert fingerprint(KEY) in texts[0]
    assert fingerprint(PSKC) in texts[0]


def test_plain_octets_given_as_a_key_are_hidden_too() -> None:
    plain: Any = KEY
    assert not holds_a_key(repr(NetworkKey(plain)))
    assert not holds_a_key(repr(Pskc(plain).pskc))


def test_no_repr_shows_a_malformed_key() -> None:
    for kind in (MeshCopType.NETWORK_KEY, MeshCopType.PSKC, MeshCopType.JOINER_ROUTER_KEK):
        tlv = MESHCOP_TLV.decode(bytes([kind, 15]) + KEY[:15])
        assert tlv.value == KEY[:15]
        assert not holds_a_key(repr(tlv))
    damaged = bytes.fromhex(TEXT)[:-1]
    message = MleMessage(12, (Tlv(TlvType.PENDING_OPERATIONAL_DATASET, damaged),))
    octets = MLE_MESSAGE.encode(message)
    assert MLE_MESSAGE.decode(octets) == message
    assert not holds_a_key(repr(MLE_MESSAGE.decode(octets)))


@pytest.mark.parametrize(
    "value",
    [
        Dataset((MeshCopTlv(99, NetworkKey(Secret(KEY))),)),
        Dataset((MeshCopTlv(MeshCopType.PSKC, NetworkKey(Secret(KEY))),)),
        Dataset((MeshCopTlv(MeshCopType.NETWORK_KEY, NetworkKey(Secret(KEY[:15]))),)),
        Dataset((*VALUE.tlvs, MeshCopTlv(MeshCopType.CHANNEL, Channel(256, 11)))),
        Dataset((*VALUE.tlvs, MeshCopTlv(256, b""))),
    ],
)
def test_no_error_shows_a_key(value: Dataset) -> None:
    with pytest.raises(FieldOutOfRange) as caught:
        DATASET.encode(value)
    assert not holds_a_key(str(caught.value))


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "without any TLV"),
        ("  ", "without any TLV"),
        ("zz" + TEXT, "pairs of hex digits"),
        (TEXT[:-1], "pairs of hex digits"),
        ("ключ", "pairs of hex digits"),
        (TEXT[:-2], "cut or damaged"),
        ("0510" + KEY.hex()[:-2], "cut or damaged"),
        ("050f" + KEY.hex()[:-2], "Network Key in the dataset has 15 octets"),
        ("0411" + PSKC.hex() + "00", "PSKc in the dataset has 17 octets"),
    ],
)
def test_text_that_is_no_dataset(text: str, reason: str) -> None:
    with pytest.raises(KeyFormatError, match=reason) as caught:
        dataset_from_hex(text)
    assert not holds_a_key(str(caught.value))
    assert caught.value.__suppress_context__ or caught.value.__context__ is None


def test_channels_of_a_mask() -> None:
    entry = ChannelMaskEntry(0, bytes.fromhex("001fffe0"))
    assert list(entry.channels()) == list(range(11, 27))
    assert list(ChannelMaskEntry(0, b"\x80\x01").channels()) == [0, 15]


VECTORS: list[tuple[Layout[Any], str, Any]] = [
    # from messages of OpenThread, capture v-discovery-announce
    (DISCOVERY_REQUEST, "5000", DiscoveryRequest(5, joiner=False)),
    (DISCOVERY_REQUEST, "5800", DiscoveryRequest(5, joiner=True)),
    (DISCOVERY_RESPONSE, "5000", DiscoveryResponse(5, native_commissioner=False)),
    (STEERING_DATA, "ff", SteeringData(b"\xff")),
    (SECURITY_POLICY, "02a0 f778", SecurityPolicy(672, b"\xf7\x78")),
    # worked out by hand
    (DISCOVERY_RESPONSE, "4cff", DiscoveryResponse(4, True, True, reserved=0xFF)),
    (SECURITY_POLICY, "0002 ff", SecurityPolicy(2, b"\xff")),
    (
        CHANNEL_MASK,
        "00 04 001fffe0 02 00",
        ChannelMask((ChannelMaskEntry(0, bytes.fromhex("001fffe0")), ChannelMaskEntry(2, b""))),
    ),
]


@pytest.mark.parametrize(("layout", "octets", "value"), VECTORS)
def test_vector(layout: Layout[Any], octets: str, value: Any) -> None:
    assert layout.decode(bytes.fromhex(octets)) == value
    assert layout.encode(value) == bytes.fromhex(octets)


MALFORMED: list[tuple[int, str]] = [
    (MeshCopType.NETWORK_NAME, "4d" * 17),
    (MeshCopType.NETWORK_NAME, "ff"),
    (MeshCopType.STEERING_DATA, ""),
    (MeshCopType.STEERING_DATA, "00" * 17),
    (MeshCopType.SECURITY_POLICY, "02a0"),
    (MeshCopType.SECURITY_POLICY, "02a0f7f800"),
    (MeshCopType.CHANNEL_MASK, "00 05 001fffe0"),
    (MeshCopType.DELAY_TIMER, "0000"),
]


@pytest.mark.parametrize(("kind", "octets"), MALFORMED)
def test_malformed_content_stays_octets(kind: int, octets: str) -> None:
    content = bytes.fromhex(octets)
    (tlv,) = DATASET.decode(bytes([kind, len(content)]) + content).tlvs
    assert tlv == MeshCopTlv(kind, content)


def test_network_name_is_text() -> None:
    name = "Über-Mesh 🐝"
    octets = DATASET.encode(Dataset((MeshCopTlv(MeshCopType.NETWORK_NAME, NetworkName(name)),)))
    assert octets[2:].decode() == name
    assert DATASET.decode(octets).find(3) == NetworkName(name)
    with pytest.raises(FieldOutOfRange):
        DATASET.encode(Dataset((MeshCopTlv(3, NetworkName("Über-Mesh 🐝🐝")),)))
    with pytest.raises(FieldOutOfRange):
        DATASET.encode(Dataset((MeshCopTlv(3, NetworkName("\ud800")),)))


def test_network_key_decodes_to_a_secret() -> None:
    value = NETWORK_KEY.decode(KEY)
    assert type(value.network_key) is Secret
    assert NETWORK_KEY.encode(value) == KEY
    with pytest.raises(MalformedFrame):
        NETWORK_KEY.decode(KEY[:15])


def test_pending_dataset_with_its_delay() -> None:
    tlv = MESHCOP_TLV.decode(bytes.fromhex("3404 00007427"))
    assert tlv == MeshCopTlv(MeshCopType.DELAY_TIMER, DelayTimer(29735))
