"""HDLC-lite: recorded lines, every way to cut them, and garbage."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lowpan_radios.hdlc import MOST_OCTETS, HdlcDecoder, fcs_x25, hdlc_encode

RECORDED = {  # of a real ot-rcp, with 11, 13, 7d and f8 escaped, also in the FCS
    "7e80060070ee747e": "80060070",
    "7e870606017d31157e": "87060601",
    "7e8406818001007dd8fd7e": "840681800100",
    "7e8d06220b0c0d0e0f107d31127d331415161718191a69bc7e": (
        "8d06220b0c0d0e0f101112131415161718191a"
    ),
    "7e820638007d5d467e": "82063800",
    "7e7e85062a007d5db77e": "85062a00",
}
DAMAGED = "7e8101ffff7e"


def decoded(octets: bytes, cuts: list[int]) -> tuple[list[bytes], int, int]:
    """Return what a decoder makes of `octets` cut at those places."""
    decoder = HdlcDecoder()
    places = sorted({0, len(octets), *(cut % (len(octets) + 1) for cut in cuts)})
    messages = [m for a, b in pairwise(places) for m in decoder.decode(octets[a:b])]
    return messages, decoder.damaged, decoder.garbage


def test_check_value_of_the_catalogue() -> None:
    assert fcs_x25(b"123456789") == 0x906E


@pytest.mark.parametrize(("line", "message"), RECORDED.items())
def test_recorded_lines(line: str, message: str) -> None:
    assert HdlcDecoder().decode(bytes.fromhex(line)) == [bytes.fromhex(message)]


@pytest.mark.parametrize("line", ["7e80060070ee747e", "7e870606017d31157e", "7e820638007d5d467e"])
def test_encodes_as_the_recorded_host_and_radio_do(line: str) -> None:
    assert hdlc_encode(bytes.fromhex(RECORDED[line])).hex() == line


@given(st.lists(st.binary(min_size=1, max_size=300)), st.lists(st.integers(0, 5000)))
def test_messages_arrive_whole_in_any_blocks(messages: list[bytes], cuts: list[int]) -> None:
    line = b"".join(map(hdlc_encode, messages))
    assert decoded(line, cuts) == (messages, 0, 0)


_LINES = st.lists(
    st.one_of(
        st.binary(max_size=60),
        st.sampled_from([b"\x7e", b"\x7d", b"\x7d\x7e", b"\x7e\x7e", b"\x7d\x7d\x5e"]),
        st.binary(min_size=1, max_size=20).map(hdlc_encode),
        st.just(b"\x55" * 1500),
    )
).map(b"".join)


@given(_LINES, st.lists(st.integers(0, 9000)))
def test_any_octets_give_the_same_in_any_blocks(line: bytes, cuts: list[int]) -> None:
    assert decoded(line, cuts) == decoded(line, [])


@given(_LINES, st.binary(min_size=1, max_size=40))
def test_a_message_after_any_octets_is_found(noise: bytes, message: bytes) -> None:
    assert HdlcDecoder().decode(noise + hdlc_encode(message))[-1] == message


def test_what_precedes_the_first_flag_is_garbage_and_what_has_a_wrong_fcs_damaged() -> None:
    line = b"*** boot ***" + bytes.fromhex(DAMAGED) + b"x" + bytes.fromhex("7e80060070ee747e")
    assert decoded(line, []) == ([bytes.fromhex("80060070")], 1, len("*** boot ***") + 1)


def test_a_message_whose_first_flag_was_before_our_time_is_taken() -> None:
    assert HdlcDecoder().decode(bytes.fromhex("80060070ee747e")) == [bytes.fromhex("80060070")]


def test_an_endless_message_is_given_up_and_costs_no_memory() -> None:
    decoder = HdlcDecoder()
    decoder.decode(b"\x7e")
    for _ in range(1000):
        assert decoder.decode(b"\x55" * 999) == []
        assert decoder.kept <= MOST_OCTETS
    assert decoder.decode(b"\x7e" + hdlc_encode(b"again")) == [b"again"]
    assert decoder.garbage == 999_000


def test_a_new_line_does_not_end_what_the_old_one_began() -> None:
    decoder = HdlcDecoder()
    decoder.decode(b"\x7e\x80\x06")
    decoder.restart()
    assert decoder.decode(hdlc_encode(b"first")) == [b"first"]
    assert decoder.damaged == decoder.garbage == 0
