"""Filters in the kernel: the real one runs them, on a pair of Unix sockets."""

import socket
import sys
from collections.abc import Iterator

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lowpan.errors import MalformedFrame
from lowpan.mac.acknowledging import AddressFilter
from lowpan.radio import RadioSettings
from lowpan.wire.ieee802154 import FrameType, decode_frame
from lowpan_radios.wpan_filter import attach, monitor_program, node_program
from tests.radios.contract_parts import data_frame

pytestmark = pytest.mark.skipif(sys.platform != "linux", reason="Linux's filters")

EXTENDED = bytes.fromhex("0200000000000001")
OURS = RadioSettings(promiscuous=False, pan_id=0xABCD, short_address=2, extended_address=EXTENDED)


class Filtered:
    """A socket pair with a filter at its near end."""

    def __init__(self) -> None:
        self.near, self.far = socket.socketpair(socket.AF_UNIX, socket.SOCK_DGRAM)
        self.near.setblocking(False)

    def passes(self, octets: bytes) -> bool:
        try:
            self.far.send(octets)
            return self.near.recv(2048) == octets
        except (BlockingIOError, PermissionError):  # the sender of a Unix socket is told
            return False


@pytest.fixture(scope="module")
def pair() -> Iterator[Filtered]:
    pair = Filtered()
    attach(monitor_program(OURS), pair.near)
    yield pair
    pair.near.close()
    pair.far.close()


TO_US = [
    data_frame(1),
    bytes.fromhex("418801cdabffff010011"),  # to everybody
    bytes.fromhex("418801ffffffff010011"),  # in every PAN
    bytes.fromhex("41880affff0200010011"),
    bytes.fromhex("41cc01cdab0100000000000002") + bytes(10),
    bytes.fromhex("020007"),  # an acknowledgement
    bytes.fromhex("008001cdab0200ff0f0000"),  # a beacon
    bytes.fromhex("41a801341207000100"),  # version 2: looked at elsewhere
    bytes.fromhex("05000b00"),  # multipurpose, likewise
]
TO_OTHERS = [
    bytes.fromhex("418801cdab0300010011"),
    bytes.fromhex("4188013412ffff010011"),
    bytes.fromhex("41cc01cdab0200000000000002") + bytes(10),
    bytes.fromhex("41cc01cdab0100000000000003") + bytes(10),
    bytes.fromhex("4188"),
    b"",
]


@pytest.mark.parametrize("psdu", TO_US)
def test_what_may_be_for_us_passes(pair: Filtered, psdu: bytes) -> None:
    assert pair.passes(psdu)


@pytest.mark.parametrize("psdu", TO_OTHERS)
def test_what_is_for_others_does_not(pair: Filtered, psdu: bytes) -> None:
    assert not pair.passes(psdu)


@st.composite
def bent(draw: st.DrawFn) -> bytes:
    """Return one of the frames above with an octet put for another."""
    octets = bytearray(draw(st.sampled_from([frame for frame in TO_US + TO_OTHERS if frame])))
    octets[draw(st.integers(0, len(octets) - 1))] = draw(st.integers(0, 255))
    return bytes(octets)


FRAMES = st.binary(max_size=125) | bent()


@given(FRAMES)
def test_nothing_is_left_out_that_the_filter_behind_it_takes(pair: Filtered, psdu: bytes) -> None:
    try:
        frame = decode_frame(psdu)
    except MalformedFrame:
        return
    if AddressFilter(OURS).accepts(frame) or psdu[0] & 7 == FrameType.ACKNOWLEDGMENT:
        assert pair.passes(psdu)


@given(st.binary(min_size=1, max_size=125))
def test_a_promiscuous_monitor_and_a_node_get_all(psdu: bytes) -> None:
    for program in (monitor_program(RadioSettings()), node_program()):
        pair = Filtered()
        attach(program, pair.near)
        assert pair.passes(psdu)
        pair.near.close()
        pair.far.close()


def test_without_addresses_only_what_is_for_everybody() -> None:
    pair = Filtered()
    attach(monitor_program(RadioSettings(promiscuous=False)), pair.near)
    assert pair.passes(bytes.fromhex("418801cdabffff010011"))
    assert not pair.passes(data_frame(1))
    assert not pair.passes(bytes.fromhex("41cc01cdab0000000000000000") + bytes(10))
    pair.near.close()
    pair.far.close()
