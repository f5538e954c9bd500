"""Messages of link establishment: octets, and what is believed of TLVs."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lowpan.mesh.link_messages import REJECT, LinkMessage, OwnWords, advertisement, read
from lowpan.mesh.link_settings import ROUTER, SLEEPER
from lowpan.wire.mle_draft import (
    LinkQuality,
    LinkQualityControl,
    NeighbourFlags,
    NeighbourLinkQuality,
)

AWAKE = OwnWords.of(b"\x12\x34", ROUTER, 240)
ASLEEP = OwnWords.of(bytes(range(8)), SLEEPER, 240)
OTHER = NeighbourLinkQuality(NeighbourFlags(True, True, False), 40, b"\x00\x07")

WORDS = {  # worked out by hand from the diagrams of the draft, §7
    "00 0002 1234 0101 0e 0308 6368616c6c656e67": AWAKE.request(b"challeng"),
    "00 0008 0001020304050607 0101 00 0204 000000f0 0304 63686131": ASLEEP.request(b"cha1"),
    "01 0002 1234 0101 0e 0404 72657370 0504 00000007 0804 00000009": AWAKE.accept(
        b"resp", link_layer_counter=7, mle_counter=9
    ),
    "02 0002 1234 0101 0e 0404 72657370 0804 00000009 0304 63686131": AWAKE.accept(
        b"resp", link_layer_counter=None, mle_counter=9, challenge=b"cha1"
    ),
    "03": REJECT,
    "04 0605 81 c0 28 0007": advertisement(LinkQuality(LinkQualityControl(True, 1), (OTHER,))),
    "01 0002 1234 0101 0e": AWAKE.accept_in_clear(),
}


@pytest.mark.parametrize(("octets", "message"), WORDS.items())
def test_octets_of_what_we_say(octets: str, message: bytes) -> None:
    assert message == bytes.fromhex(octets)


def test_an_accept_and_request_is_read_as_it_was_written() -> None:
    message = ASLEEP.accept(b"resp", link_layer_counter=7, mle_counter=9, challenge=b"challeng")
    assert read(message) == LinkMessage(
        2,
        challenge=b"challeng",
        response=b"resp",
        short_address=None,
        sleeps=True,
        timeout=240,
        link_layer_counter=7,
        mle_counter=9,
    )


def test_what_others_define_is_passed_over() -> None:
    assert read(bytes.fromhex("00 0304 63686131 c803 616263 c800")) == LinkMessage(
        0, challenge=b"cha1"
    )
    assert read(bytes.fromhex("4d c800")) == LinkMessage(0x4D)


UNBELIEVABLE = {
    "": "no message",
    "00 0304 6368": "cut short",
    "00 0303 636861": "a challenge of three octets",
    "00 0321" + 33 * "00": "a challenge that would not fit into an answer",
    "00 0304 63686131 0304 63686131": "two challenges",
    "04 0601 81 0601 81": "two Link Quality TLVs",
    "04 0605 80 c0280007": "neighbour addresses of one octet",
    "04 0609 81 c0280007 40280007": "one neighbour twice",
    "00 0003 123456": "no address",
    "00 0100": "no mode",
}


@pytest.mark.parametrize("octets", UNBELIEVABLE)
def test_what_is_malformed_or_twice_is_not_believed(octets: str) -> None:
    assert isinstance(read(bytes.fromhex(octets)), str)


def test_two_source_addresses_are_allowed() -> None:
    message = read(bytes.fromhex("00 0002 1234 0008 0001020304050607 0304 63686131"))
    assert message == LinkMessage(0, challenge=b"cha1", short_address=b"\x12\x34")


@given(st.binary(max_size=60))
def test_any_octets_are_read_or_refused(octets: bytes) -> None:
    assert isinstance(read(octets), LinkMessage | str)
