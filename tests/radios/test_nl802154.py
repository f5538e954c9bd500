"""nl802154 over a socket that answers what Linux 6.12 with mac802154_hwsim has answered."""

import errno
import struct
import sys
from collections import deque
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lowpan.errors import MalformedFrame
from lowpan_radios import netlink
from lowpan_radios.netlink import (
    ATTRIBUTES,
    GENERIC_BODY,
    MESSAGE,
    MESSAGES,
    NLM_F_ACK,
    NLM_F_DUMP,
    NLM_F_REQUEST,
    Attribute,
    Attributes,
    GenericBody,
    Message,
    Messages,
)
from lowpan_radios.nl802154 import Attr, Command, Nl802154, WpanDevice, WpanPhy

pytestmark = pytest.mark.skipif(sys.byteorder != "little", reason="recorded on such a machine")

FAMILY = bytes.fromhex(
    "5c0200001000000001000000ba000000010200000d0002006e6c383032313534000000000600010024000000"
    "080003000100000008000400000000000800050028000000e401060014000100080001000100000008000200"
    "0e000000140002000800010005000000080002000e000000140003000800010007000000080002000b000000"
    "140004000800010008000000080002000b000000140005000800010009000000080002000b00000014000600"
    "080001000d000000080002000b00000014000700080001000e000000080002000b0000001400080008000100"
    "0c000000080002000b000000140009000800010014000000080002000b00000014000a00080001000a000000"
    "080002000b00000014000b00080001000b000000080002000b00000014000c00080001001000000008000200"
    "0b00000014000d000800010011000000080002000b00000014000e00080001000f000000080002000b000000"
    "14000f000800010012000000080002000b000000140010000800010013000000080002000b00000014001100"
    "0800010023000000080002000b000000140012000800010024000000080002000b0000001400130008000100"
    "26000000080002000b000000140014000800010027000000080002000b000000140015000800010028000000"
    "080002000b000000140016000800010029000000080002000b00000014001700080001002a00000008000200"
    "0b00000014001800080001002b000000080002000c000000340007001800010008000200150000000b000100"
    "636f6e6669670000180002000800020016000000090001007363616e00000000"
)
"""Answer of 6.12 to who nl802154 is: one message."""

PHY = bytes.fromhex(
    "440100002400020022000000bb00000003010000080001000000000009000200706879300000000008001400"
    "020000000500070000000000050008000e0000000401150008001600ffffff0708001600ff07000008001600"
    "ff07000008001600ff3f000008001600ffff000008001600ff00000008001600ffff3f000800160000000000"
    "0800160000000000080016000000000008001600000000000800160000000000080016000000000008001600"
    "0000000008001600000000000800160000000000080016000000000008001600000000000800160000000000"
    "0800160000000000080016000000000008001600000000000800160000000000080016000000000008001600"
    "0000000008001600000000000800160000000000080016000000000008001600000000000800160000000000"
    "08001600000000000800160000000000"
)
"""Radio phy0 on channel 14, its capabilities left out."""

DEVICES = bytes.fromhex(
    "980000002400020023000000bb0000000701000008000300030000000a0004007770616e3100000008000100"
    "0100000008000500000000000c000600010000000100000008001400090000000c0017006e53bdd717bcc696"
    "06000a00ffff000006000900ffff000005000f00030000000500100005000000050012000400000005001100"
    "03000000050013000000000005001a0000000000980000002400020023000000bb0000000701000008000300"
    "05000000090004006d6f6e3300000000080001000000000008000500010000000c0006000300000000000000"
    "080014000b0000000c001700000000000000000006000a00ffff000006000900ffff000005000f0003000000"
    "050010000500000005001200040000000500110003000000050013000000000005001a0000000000"
)
"""Interfaces wpan1 (node) and mon3 (monitor)."""

DONE = bytes.fromhex("140000000300020022000000bb00000000000000")
"""End of a list."""


def said(error: int, text: str = "") -> bytes:
    """Return the answer that ends a request."""
    told = ATTRIBUTES.encode(Attributes((Attribute(1, text.encode() + b"\0"),))) if text else b""
    return MESSAGE.encode(Message(2, 0x100, 0, 0, struct.pack("=i16x", -error) + told))


class Kernel:
    """A netlink socket; each request takes the next of `answers`, which are datagrams."""

    def __init__(self) -> None:
        self.answers: deque[list[bytes]] = deque([[FAMILY, said(0)]])
        self.requests: list[Message] = []
        self.strangers: list[bytes] = []
        self.closed = False
        self.waiting: deque[tuple[bytes, tuple[int, int]]] = deque()

    def send(self, octets: bytes) -> None:
        (request,) = MESSAGES.decode(octets).messages
        self.requests.append(request)
        self.waiting.extend((stranger, (7, 0)) for stranger in self.strangers)
        for datagram in self.answers.popleft():
            self.waiting.append((answering(datagram, request), (0, 0)))

    def recvfrom(self, most: int) -> tuple[bytes, tuple[int, int]]:
        assert most >= 1 << 16
        if not self.waiting:
            raise TimeoutError(errno.ETIMEDOUT, "timed out")
        return self.waiting.popleft()

    def close(self) -> None:
        self.closed = True

    def bind(self, address: tuple[int, int]) -> None:
        assert address == (0, 0)

    def settimeout(self, seconds: float) -> None:
        assert seconds > 0

    def setsockopt(self, *option: int) -> None:
        assert option[0] == 270

    @property
    def asked(self) -> tuple[GenericBody, int]:
        last = self.requests[-1]
        return GENERIC_BODY.decode(last.body), last.flags


def answering(datagram: bytes, request: Message) -> bytes:
    """Return `datagram` with the sequence number of `request`, where it can be read."""
    try:
        messages = MESSAGES.decode(datagram).messages
    except MalformedFrame:
        return datagram
    mended = tuple(replace(message, sequence=request.sequence) for message in messages)
    return MESSAGES.encode(Messages(mended))


def install(kernel: Kernel, patch: pytest.MonkeyPatch) -> None:
    """Let `kernel` be what a netlink socket is."""

    def opened(family: int, kind: int, protocol: int) -> Kernel:
        assert (family, kind, protocol) == (16, 3, 16)
        return kernel

    patch.setattr(netlink.socket, "socket", opened)
    patch.setattr(netlink.socket, "AF_NETLINK", 16, raising=False)


@pytest.fixture
def kernel(monkeypatch: pytest.MonkeyPatch) -> Kernel:
    kernel = Kernel()
    install(kernel, monkeypatch)
    return kernel


@pytest.fixture
def radios(kernel: Kernel) -> Iterator[Nl802154]:
    with Nl802154() as radios:
        yield radios
    assert kernel.closed


def test_the_family_is_asked_for(kernel: Kernel, radios: Nl802154) -> None:
    first = kernel.requests[0]
    assert (first.type, first.flags) == (16, NLM_F_REQUEST | NLM_F_ACK)
    assert GENERIC_BODY.decode(first.body) == GenericBody(3, (Attribute(2, b"nl802154\0"),))
    assert radios.sends_beacons


def test_radios_are_listed(kernel: Kernel, radios: Nl802154) -> None:
    kernel.answers.append([PHY, DONE])
    (phy,) = radios.phys()
    assert (phy.index, phy.name, phy.page, phy.channel) == (0, "phy0", 0, 14)
    assert phy.transmit_power is None
    assert phy.channels_of(0) == tuple(range(27))
    assert phy.channels_of(5) == tuple(range(8))
    assert phy.channels_of(7) == phy.channels_of(31) == phy.channels_of(32) == ()
    body, flags = kernel.asked
    assert kernel.requests[-1].type == 0x24
    assert (body, flags) == (GenericBody(Command.GET_WPAN_PHY, ()), NLM_F_REQUEST | NLM_F_DUMP)


def test_interfaces_are_listed(kernel: Kernel, radios: Nl802154) -> None:
    kernel.answers.append([DEVICES, DONE])
    assert radios.devices() == [
        WpanDevice(3, "wpan1", 1, 0, 0xFFFF, 0xFFFF, bytes.fromhex("96c6bc17d7bd536e")),
        WpanDevice(5, "mon3", 0, 1, 0xFFFF, 0xFFFF, None),
    ]


def test_one_radio(kernel: Kernel, radios: Nl802154) -> None:
    kernel.answers.append([PHY, said(0)])
    assert radios.phy(0).channel == 14
    assert kernel.asked[0].attributes == (Attribute(Attr.WPAN_PHY, bytes(4)),)


@pytest.mark.parametrize(
    ("call", "arguments", "told"),
    [
        ("set_channel", (1, 0, 26), (9, {1: "01000000", 7: "00", 8: "1a"})),
        ("set_pan_id", (3, 0xABCD), (10, {3: "03000000", 9: "cdab"})),
        ("set_short_address", (3, 2), (11, {3: "03000000", 10: "0200"})),
        ("set_transmit_power", (1, -3), (12, {1: "01000000", 11: "d4feffff"})),
        ("add_monitor", (1, "mon1"), (7, {1: "01000000", 4: "6d6f6e3100", 5: "01000000"})),
        ("remove", (3,), (8, {3: "03000000"})),
    ],
)
def test_what_is_told(
    kernel: Kernel,
    radios: Nl802154,
    call: str,
    arguments: tuple[object, ...],
    told: tuple[int, dict[int, str]],
) -> None:
    kernel.answers.append([said(0)])
    getattr(radios, call)(*arguments)
    body, flags = kernel.asked
    assert flags == NLM_F_REQUEST | NLM_F_ACK
    assert (body.command, {a.type: a.value.hex() for a in body.attributes}) == told


def test_a_refusal_has_the_words_of_the_kernel(kernel: Kernel, radios: Nl802154) -> None:
    kernel.answers.extend([[said(errno.ERANGE, "integer out of range")], [said(errno.EPERM)]])
    with pytest.raises(OSError, match="integer out of range") as caught:
        radios.set_channel(0, 0, 27)
    assert caught.value.errno == errno.ERANGE
    with pytest.raises(PermissionError, match="Operation not permitted"):
        radios.set_channel(0, 0, 26)


def test_a_kernel_without_the_family(kernel: Kernel) -> None:
    kernel.answers[0] = [said(errno.ENOENT)]
    with pytest.raises(FileNotFoundError):
        Nl802154()
    assert kernel.closed


def test_answers_to_others_and_of_others_are_left_out(kernel: Kernel, radios: Nl802154) -> None:
    stale = MESSAGE.encode(Message(0x24, 2, 0x999, 0, b"\x07\x01\0\0"))
    kernel.strangers = [PHY, said(errno.EPERM)]  # from another process
    kernel.answers.append([PHY, DONE])
    kernel.waiting.append((stale, (0, 0)))
    assert len(radios.phys()) == 1


def test_a_kernel_that_says_nothing(kernel: Kernel, radios: Nl802154) -> None:
    kernel.answers.append([PHY])
    with pytest.raises(TimeoutError):
        radios.phys()


def test_a_list_without_an_end(kernel: Kernel, radios: Nl802154) -> None:
    kernel.answers.append([PHY] * 2000)
    with pytest.raises(OSError, match="no end"):
        radios.phys()


@given(cut=st.integers(1, 300), octet=st.integers(0, 255), at=st.integers(0, 300))
def test_answers_that_are_none(cut: int, octet: int, at: int) -> None:
    kernel = Kernel()
    with pytest.MonkeyPatch.context() as patch:
        install(kernel, patch)
        radios = Nl802154()
        bent = bytearray(PHY[:-cut])
        bent[at % len(bent)] = octet
        kernel.answers.append([bytes(bent), DONE])
        with suppress(OSError):
            assert all(isinstance(phy, WpanPhy) for phy in radios.phys())


ATTRIBUTE_LISTS = st.lists(
    st.builds(Attribute, st.integers(0, 0xFFFF), st.binary(max_size=40)), max_size=8
).map(tuple)
MESSAGE_LISTS = st.lists(
    st.builds(
        Message,
        st.integers(0, 0xFFFF),
        st.integers(0, 0xFFFF),
        st.integers(0, 0xFFFFFFFF),
        st.integers(0, 0xFFFFFFFF),
        st.binary(max_size=60),
    ),
    max_size=5,
).map(tuple)


@given(MESSAGE_LISTS)
def test_messages_come_back(messages: tuple[Message, ...]) -> None:
    octets = MESSAGES.encode(Messages(messages))
    assert len(octets) % 4 == 0
    assert MESSAGES.decode(octets) == Messages(messages)


@given(st.integers(0, 255), ATTRIBUTE_LISTS)
def test_bodies_come_back(command: int, attributes: tuple[Attribute, ...]) -> None:
    body = GenericBody(command, attributes)
    assert GENERIC_BODY.decode(GENERIC_BODY.encode(body)) == body


@given(st.binary(max_size=200))
def test_any_octets_are_messages_or_malformed(octets: bytes) -> None:
    for layout in (MESSAGES, ATTRIBUTES, GENERIC_BODY, netlink.ERROR_BODY):
        try:
            layout.decode(octets)
        except MalformedFrame:
            continue
