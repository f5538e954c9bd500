"""Frames whose headers are remembered are those that the encoder makes, to the octet."""

from hypothesis import given
from hypothesis import strategies as st

from lowpan.mac.frame_security import seal_frame, secured_control, security_control
from lowpan.mac.framing import data_frame
from lowpan.mac.keys import KeyIdentifier, KeyTable
from lowpan.mac.sealed_headers import MOST_REMEMBERED, SealedHeaders
from lowpan.mac.security import LinkSecurity
from lowpan.store import MemoryStore
from lowpan.wire.ieee802154 import Frame
from lowpan.wire.security_header import AuxiliarySecurityHeader
from tests.mac.secured import ALICE, BOB, KEY, PAN_ID

NAMES = [
    KeyIdentifier(1, 1),
    KeyIdentifier(1, 129),
    KeyIdentifier(2, 7, b"\1\2\3\4"),
    KeyIdentifier(3, 9, bytes(range(8))),
]
ADDRESSES = [b"\x00\x0a", b"\x00\x0b", ALICE, BOB]
LEVELS = [1, 2, 3, 5, 6, 7]


@given(
    st.lists(
        st.tuples(
            st.sampled_from(ADDRESSES),
            st.sampled_from([*ADDRESSES, b"\xff\xff"]),
            st.sampled_from(NAMES),
            st.sampled_from(LEVELS),
            st.sampled_from([0, 1, 2]),
            st.binary(max_size=80),
        ),
        min_size=1,
        max_size=20,
    )
)
def test_frames_of_one_node_are_as_if_each_was_encoded(
    sent: list[tuple[bytes, bytes, KeyIdentifier, int, int, bytes]],
) -> None:
    keys = KeyTable()
    for name in NAMES:
        keys.add(name, KEY)
    security = LinkSecurity(ALICE, keys, MemoryStore())
    for counter, (source, destination, name, level, version, payload) in enumerate(sent):
        security.key, security.level = name, level
        security.mic_octets = (0, 4, 8, 16)[level & 3]
        frame = data_frame(payload, source, destination, PAN_ID, acknowledged=True, version=version)
        frame.sequence_number = counter * 7 & 0xFF
        whole = Frame(
            secured_control(frame.control),
            frame.sequence_number,
            PAN_ID,
            destination,
            frame.source_pan_id,
            source,
            AuxiliarySecurityHeader(
                security_control(level, name.mode), counter, name.source, name.index
            ),
            (),
            payload,
        )
        key = keys.find(name, None)
        assert key is not None
        assert security.seal(frame, now=0) == seal_frame(whole, key.ccm_star, ALICE)


def test_what_is_remembered_is_bounded() -> None:
    headers = SealedHeaders()
    for number in range(3 * MOST_REMEMBERED):
        destination = number.to_bytes(2, "big")
        frame = data_frame(b"hello", b"\x00\x0a", destination, PAN_ID, acknowledged=True)
        control = secured_control(frame.control)
        octets = headers.octets(frame, control, NAMES[0], security_control(5, 1), number)
        assert octets[5:7] == destination[::-1]
    assert 0 < len(headers) <= MOST_REMEMBERED
