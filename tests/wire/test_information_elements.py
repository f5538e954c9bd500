"""Runs of information elements: what ends them, and what belongs to the payload."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lowpan.errors import MalformedFrame
from lowpan.wire.header_ies import Csl, ElementId, HeaderIe
from lowpan.wire.ieee802154 import FRAME, Frame, FrameControl, FrameType
from lowpan.wire.information_elements import (
    PRIVATE_PAYLOAD,
    PrivatePayload,
    has_payload_ies,
    split_payload,
    terminated,
)
from lowpan.wire.payload_ies import GroupId, Mlme, NestedIe, PayloadIe
from tests.wire.mac_samples import check_same_octets_or_malformed

CSL = HeaderIe(ElementId.CSL, Csl(1, 2))
HT1, HT2 = HeaderIe(ElementId.HEADER_TERMINATION_1), HeaderIe(ElementId.HEADER_TERMINATION_2)
IETF = PayloadIe(GroupId.IETF, b"\xc9")
SYNCHRONIZATION = PayloadIe(GroupId.MLME, Mlme((NestedIe(False, 0x1A, bytes(6)),)))
END = PayloadIe(GroupId.PAYLOAD_TERMINATION)

# IEEE 802.15.4-2015 Table 9-6: header IEs, payload IEs, payload -> the two lists as sent
TERMINATIONS = [
    ((CSL,), (), b"", (CSL,), ()),
    ((CSL,), (), b"\x04", (CSL, HT2), ()),
    ((), (IETF,), b"", (HT1,), (IETF,)),
    ((CSL,), (IETF,), b"", (CSL, HT1), (IETF,)),
    ((), (IETF,), b"\x04", (HT1,), (IETF, END)),
    ((CSL, CSL), (IETF, SYNCHRONIZATION), b"\x04", (CSL, CSL, HT1), (IETF, SYNCHRONIZATION, END)),
    ((), (), b"\x04", (), ()),
    ((), (), b"", (), ()),
]


@pytest.mark.parametrize(
    ("header_ies", "payload_ies", "payload", "header_ies_sent", "payload_ies_sent"), TERMINATIONS
)
def test_terminations(
    header_ies: tuple[HeaderIe, ...],
    payload_ies: tuple[PayloadIe, ...],
    payload: bytes,
    header_ies_sent: tuple[HeaderIe, ...],
    payload_ies_sent: tuple[PayloadIe, ...],
) -> None:
    sent = terminated(header_ies, PrivatePayload(payload_ies, payload))
    assert sent == (header_ies_sent, PrivatePayload(payload_ies_sent, payload))
    control = FrameControl(FrameType.DATA, frame_version=2, ie_present=bool(header_ies_sent))
    private = PRIVATE_PAYLOAD.encode(sent[1])
    frame = FRAME.decode(FRAME.encode(Frame(control, 1, header_ies=sent[0], payload=private)))
    assert frame.header_ies == header_ies_sent
    assert has_payload_ies(frame.header_ies) == bool(payload_ies)
    assert split_payload(frame.header_ies, frame.payload) == sent[1]


PRIVATE = {
    "": PrivatePayload(()),
    "01a8c9": PrivatePayload((IETF,)),
    "01a8c900f8": PrivatePayload((IETF, END)),
    "01a8c900f8626364": PrivatePayload((IETF, END), b"bcd"),
    "00f801a8c9": PrivatePayload((END,), bytes.fromhex("01a8c9")),
}


@pytest.mark.parametrize(("octets", "private"), PRIVATE.items())
def test_private_payload(octets: str, private: PrivatePayload) -> None:
    assert split_payload((HT1,), bytes.fromhex(octets)) == private
    assert PRIVATE_PAYLOAD.encode(private).hex() == octets


@pytest.mark.parametrize("octets", ["01a8c904", "01a8c90401", "02a8c9", "04", "0011"])
def test_malformed_private_payload(octets: str) -> None:
    with pytest.raises(MalformedFrame):
        split_payload((CSL, HT1), bytes.fromhex(octets))


@pytest.mark.parametrize("header_ies", [(), (CSL,), (CSL, HT2), (HT2,)])
def test_without_ht1_all_is_payload(header_ies: tuple[HeaderIe, ...]) -> None:
    assert split_payload(header_ies, b"\x01\xa8\xc9") == PrivatePayload((), b"\x01\xa8\xc9")


@given(st.binary(max_size=24))
def test_any_octets_decode_or_are_malformed(octets: bytes) -> None:
    check_same_octets_or_malformed(PRIVATE_PAYLOAD, octets)


# header IEs in the octets of a data frame of version 2 without addresses, then what is left
RUNS = {
    "": ((), b""),
    "803f": ((HT2,), b""),
    "803f040d": ((HT2,), bytes.fromhex("040d")),
    "003f01a8c9": ((HT1,), bytes.fromhex("01a8c9")),
    "040d01000200": ((CSL,), b""),
    "040d01000200803f04": ((CSL, HT2), b"\x04"),
    "040d01000200040d01000200": ((CSL, CSL), b""),
}


@pytest.mark.parametrize(("octets", "ies_and_payload"), RUNS.items())
def test_header_ies_end_at_a_termination_or_with_the_frame(
    octets: str, ies_and_payload: tuple[tuple[HeaderIe, ...], bytes]
) -> None:
    frame = FRAME.decode(bytes.fromhex("012207" + octets))
    assert (frame.header_ies, frame.payload) == ies_and_payload


@pytest.mark.parametrize("octets", ["04", "040d0100", "040d0100020004", "01a8c9", "020d0100020062"])
def test_header_ies_that_end_nowhere_are_malformed(octets: str) -> None:
    with pytest.raises(MalformedFrame):
        FRAME.decode(bytes.fromhex("012207" + octets))


def test_header_ies_end_before_the_mic() -> None:
    head = bytes.fromhex("0922070d0100000001040d01000200")
    frame = FRAME.decode(head + bytes(4))
    assert (frame.header_ies, frame.payload, frame.mic) == ((CSL,), b"", bytes(4))
    for octets in (head + bytes(3), head + bytes(5), head[:-1] + bytes(4)):
        with pytest.raises(MalformedFrame):
            FRAME.decode(octets)
