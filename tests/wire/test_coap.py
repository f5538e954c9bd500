"""CoAP messages: vectors, the captures of OpenThread, and what is refused."""

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import lowpan
from lowpan.errors import FieldOutOfRange, MalformedFrame
from lowpan.wire.coap import (
    COAP_MESSAGE,
    MARKER,
    CoapCode,
    CoapControl,
    CoapMessage,
    CoapOption,
    CoapType,
    coap_message,
    uri_path,
)

CAPTURES = Path(__file__).parents[1] / "captures" / "openthread"
NETWORK_KEY = "00112233445566778899aabbccddeeff"
THREAD_MANAGEMENT_PORT = 61631

VECTORS = {
    # RFC 7252 appendix A, figure 16: GET coap://server/temperature, and its answer
    "40 01 7d34 bb 74656d7065726174757265": coap_message(
        CoapType.CONFIRMABLE, CoapCode.GET, 0x7D34, b"", uri_path(b"temperature")
    ),
    "60 45 7d34 ff 32322e332043": coap_message(
        CoapType.ACKNOWLEDGEMENT, CoapCode.CONTENT, 0x7D34, payload=b"22.3 C"
    ),
    # figure 17: with a token
    "41 01 7d35 20 bb 74656d7065726174757265": coap_message(
        CoapType.CONFIRMABLE, CoapCode.GET, 0x7D35, b"\x20", uri_path(b"temperature")
    ),
    # worked out by hand: extended deltas and lengths of both forms
    "40 01 0000 dd 00 00" + "78" * 13: coap_message(0, 1, 0, b"", [(13, b"x" * 13)]),
    "40 01 0000 ed 0000 ff" + "79" * 268: coap_message(0, 1, 0, b"", [(269, b"y" * 268)]),
    "40 01 0000 0e 0000" + "79" * 269: coap_message(0, 1, 0, b"", [(0, b"y" * 269)]),
    "70 00 0001": CoapMessage(CoapControl(1, CoapType.RESET, 0), CoapCode.EMPTY, 1, b"", ()),
}


@pytest.mark.parametrize(("octets", "message"), VECTORS.items())
def test_vector(octets: str, message: CoapMessage) -> None:
    assert COAP_MESSAGE.encode(message).hex() == octets.replace(" ", "")
    assert COAP_MESSAGE.decode(bytes.fromhex(octets)) == message


@pytest.mark.parametrize(
    "octets",
    [
        "",
        "40 01 00",  # cut
        "00 01 0000",  # version 0
        "80 01 0000",  # version 2
        "49 01 0000 000000000000000000",  # a token of 9 octets
        "44 01 0000 000000",  # a token that is cut
        "40 01 0000 ff",  # a marker without payload
        "40 01 0000 f0",  # 15 is reserved
        "40 01 0000 1f 00",
        "40 01 0000 b5 61",  # a value that is cut
        "40 01 0000 d0",  # an extended delta that is cut
    ],
)
def test_malformed_message(octets: str) -> None:
    with pytest.raises(MalformedFrame):
        COAP_MESSAGE.decode(bytes.fromhex(octets))


CONTROL = CoapControl(1, 0, 0)


@pytest.mark.parametrize(
    "message",
    [
        CoapMessage(CONTROL, 1, 0, b"", (), b"payload without a marker"),
        CoapMessage(CONTROL, 1, 0, b"", (CoapOption(MARKER),)),
        CoapMessage(CONTROL, 1, 0, b"", (CoapOption(MARKER), CoapOption(1, b"")), b"payload"),
        CoapMessage(CONTROL, 1, 0, b"", (CoapOption(MARKER, b"x"),), b"payload"),
        CoapMessage(CONTROL, 1, 0, b"", (CoapOption(65805),)),
        CoapMessage(CONTROL, 1, 0, b"token", ()),
        CoapMessage(CoapControl(1, 0, 9), 1, 0, b"nineocted", ()),
    ],
)
def test_message_that_does_not_fit(message: CoapMessage) -> None:
    with pytest.raises(FieldOutOfRange):
        COAP_MESSAGE.encode(message)


options = st.lists(st.tuples(st.integers(0, 3000), st.binary(max_size=400)), max_size=6)


@given(options, st.binary(max_size=8), st.binary(max_size=40))
def test_numbers_and_values_come_back(
    given_options: list[tuple[int, bytes]], token: bytes, payload: bytes
) -> None:
    message = coap_message(1, 2, 3, token, given_options, payload=payload)
    again = COAP_MESSAGE.decode(COAP_MESSAGE.encode(message))
    assert again == message
    assert list(again.numbered()) == sorted(given_options, key=lambda option: option[0])


def management_messages() -> list[bytes]:
    found = list[bytes]()
    for name in ("iv-coap-udp", "iii-ping-frag-mesh", "i-attach-router"):
        with lowpan.open_capture(CAPTURES / f"{name}.pcap", keys=NETWORK_KEY) as capture:
            for decoded in capture:
                datagram = decoded.datagram and (decoded.datagram.inner or decoded.datagram)
                udp = datagram and datagram.udp
                if datagram and udp and udp.destination_port == THREAD_MANAGEMENT_PORT:
                    found.append(datagram.payload)
    return found


def test_management_messages_of_openthread_decode_and_come_back() -> None:
    paths = set[bytes]()
    messages = management_messages()
    assert len(messages) > 10
    for octets in messages:
        message = COAP_MESSAGE.decode(octets)
        assert COAP_MESSAGE.encode(message) == octets
        paths.add(message.uri_path)
    assert {b"a/aq", b"a/an", b"a/as", b""} <= paths
