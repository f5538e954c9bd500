"""UDP endpoints, as a program knows them from asyncio's own event loops."""

import asyncio
import errno
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lowpan.aio.endpoint import NodeDatagramTransport, udp_ends
from lowpan.aio.running import WAITING_HIGH
from lowpan.aio.socket_addresses import (
    endpoint_of,
    error_of,
    error_of_discard,
    is_error,
    octets_of,
    socket_address_of,
)
from lowpan.errors import FieldOutOfRange
from lowpan.node.service import Discard, Endpoint, ErrorReceived
from lowpan.wire.addresses import parse_ipv6
from tests.aio.media import EXTENDED, GROUP, MEDIA, SHORT, Notes, node_on, nodes
from tests.peers.cable import COMPLETE, Cable

PORT = 5683


async def opened(node: Any, *addresses: Any) -> tuple[NodeDatagramTransport, Notes]:
    """Open an endpoint, past its connection_made()."""
    transport, protocol = await node.create_datagram_endpoint(Notes, *addresses)
    assert await protocol.told() == ("made",)
    assert protocol.transport is transport
    return transport, protocol


@pytest.mark.parametrize("medium", MEDIA)
@pytest.mark.parametrize("addresses", [SHORT, EXTENDED], ids=["short", "extended"])
async def test_datagrams_go_both_ways(medium: str, addresses: list[str]) -> None:
    async with nodes(medium) as (one, other):
        _, server = await opened(other, ("::", PORT))
        client, answers = await opened(one, (addresses[0], 4000))
        for size in (0, 1, 60, 1000, 1232):
            client.sendto(bytes(size), (addresses[1], PORT))
            payload, source = await server.told()
            assert (len(payload), source) == (size, (addresses[0], 4000, 0, 0))
            server.transport.sendto(b"re", source)  # type: ignore[attr-defined]
            assert await answers.told() == (b"re", (addresses[1], PORT, 0, 0))


@pytest.mark.parametrize("medium", MEDIA)
async def test_a_group_is_heard_by_those_who_joined_it(medium: str) -> None:
    async with nodes(medium) as (one, other):
        _, heard = await opened(other, ("::", PORT))
        sender, _ = await opened(one)
        other.join(GROUP)
        sender.sendto(b"joined", (GROUP, PORT))
        assert (await heard.told())[0] == b"joined"
        other.leave(GROUP)
        sender.sendto(b"left", (GROUP, PORT))
        sender.sendto(b"to all", ("ff02::1", PORT))
        assert (await heard.told())[0] == b"to all"


async def test_what_asyncio_calls_it() -> None:
    async with nodes("cable") as (one, _):
        server, _ = await opened(one, ("::", PORT))
        assert server.get_extra_info("sockname") == ("::", PORT, 0, 0)
        assert server.get_extra_info("peername") is None
        assert server.get_extra_info("node") is one
        assert server.get_extra_info("socket", "none") == "none"
        client, protocol = await opened(one, None, (f"{SHORT[1]}%wlan0", PORT))
        host, port, *_ = client.get_extra_info("sockname")
        assert host == SHORT[0]
        assert port >= 49152
        assert client.get_extra_info("peername") == (SHORT[1], PORT, 0, 0)
        assert client.get_protocol() is protocol
        assert isinstance(client, asyncio.DatagramTransport)
        assert f"]:{port}" in repr(client)


async def test_closing() -> None:
    async with nodes("cable") as (one, other):
        transport, protocol = await opened(one, ("::", PORT))
        sender, _ = await opened(other)
        assert not transport.is_closing()
        sender.sendto(b"on its way", (SHORT[0], PORT))
        transport.close()
        assert transport.is_closing()
        transport.close()
        transport.abort()
        transport.sendto(b"too late", (SHORT[1], 1))
        assert await protocol.told() == ("lost", None)
        again, _ = await opened(one, ("::", PORT))  # the port is free
        assert again.get_extra_info("sockname")[1] == PORT
        assert protocol.notes.empty()


async def test_the_end_of_the_node_is_the_end_of_its_endpoints() -> None:
    async with nodes("cable") as (one, _):
        transport, protocol = await opened(one, ("::", PORT))
    assert await protocol.told() == ("lost", None)
    assert transport.is_closing()


async def test_nobody_listens_at_the_port() -> None:
    async with nodes("cable") as (one, _):
        client, protocol = await opened(one, None, (SHORT[1], PORT))
        client.sendto(b"anybody?")
        what, error = await protocol.told()
        assert what == "error"
        assert isinstance(error, ConnectionRefusedError)
        assert f"[{SHORT[1]}]:{PORT}" in str(error)
        anyone, protocol = await opened(one)
        anyone.sendto(b"anybody?", (SHORT[1], PORT))
        assert isinstance((await protocol.told())[1], ConnectionRefusedError)


async def test_errors_about_datagrams_of_others_are_not_believed() -> None:
    async with nodes("cable") as (one, _):
        _, protocol = await opened(one, ("::", PORT), (SHORT[1], PORT))
        headers = bytes.fromhex("6000000000081140")
        source, elsewhere = parse_ipv6(SHORT[0]), parse_ipv6(EXTENDED[1])
        for sent_to, ports in ((elsewhere, "16331633"), (parse_ipv6(SHORT[1]), "16341633")):
            quoted = headers + source + sent_to + bytes.fromhex(ports)
            told = ErrorReceived(sent_to, 1, 4, 0, quoted)
            one._live.put([told])  # pyright: ignore[reportPrivateUsage]
        await asyncio.sleep(0)
        assert protocol.notes.empty()


async def test_a_datagram_that_is_too_large() -> None:
    async with nodes("cable") as (one, _):
        client, protocol = await opened(one, None, (SHORT[1], PORT))
        client.sendto(bytes(1233))
        assert (await protocol.told())[1].errno == errno.EMSGSIZE


async def test_nobody_beyond_the_link() -> None:
    async with nodes("cable", addresses=["2001:db8::/64"]) as (one, _):
        client, protocol = await opened(one, None, ("2001:db8:1::1", PORT))
        client.sendto(b"far away")
        assert (await protocol.told())[1].errno == errno.ENETUNREACH


async def test_addresses_and_ports_that_cannot_be() -> None:
    async with nodes("cable") as (one, _):
        with pytest.raises(OSError, match="no address of this node") as raised:
            await one.create_datagram_endpoint(Notes, ("fe80::77", PORT))
        assert raised.value.errno == errno.EADDRNOTAVAIL
        await opened(one, ("::", PORT))
        with pytest.raises(OSError, match="taken") as raised:
            await one.create_datagram_endpoint(Notes, ("::", PORT))
        assert raised.value.errno == errno.EADDRINUSE
        with pytest.raises(OSError, match="no names"):
            await one.create_datagram_endpoint(Notes, None, ("coap.example", PORT))
        for nobody in (("::", PORT), (SHORT[1], 0)):
            with pytest.raises(OSError, match="nobody"):
                await one.create_datagram_endpoint(Notes, None, nobody)
        with pytest.raises(OverflowError):
            await one.create_datagram_endpoint(Notes, ("::", 65536))
        with pytest.raises(TypeError):
            await one.create_datagram_endpoint(Notes, ("::",))


async def test_sending_asks_for_an_address_that_fits() -> None:
    async with nodes("cable") as (one, _):
        anyone, _ = await opened(one)
        with pytest.raises(ValueError, match="no address"):
            anyone.sendto(b"whither?")
        client, _ = await opened(one, None, (SHORT[1], PORT))
        client.sendto(b"the same", (SHORT[1], PORT, 0, 0))
        with pytest.raises(ValueError, match="alone"):
            client.sendto(b"another", (SHORT[1], PORT + 1))
        for data in ("text", 5):
            with pytest.raises(TypeError):
                client.sendto(data)  # type: ignore[arg-type]


async def test_only_the_remote_address_is_heard_if_there_is_one() -> None:
    cable = Cable()
    async with (
        node_on(cable.radio(), 0) as one,
        node_on(cable.radio(), 1) as other,
    ):
        _, protocol = await opened(one, ("::", PORT), (SHORT[1], 1))
        sender, _ = await opened(other, ("::", 2))
        sender.sendto(b"from port 2", (SHORT[0], PORT))
        friend, _ = await opened(other, ("::", 1))
        friend.sendto(b"from port 1", (SHORT[0], PORT))
        assert (await protocol.told())[0] == b"from port 1"


async def test_a_factory_that_fails_gives_the_port_back() -> None:
    def fail() -> Notes:
        raise ZeroDivisionError

    async with nodes("cable") as (one, _):
        with pytest.raises(ZeroDivisionError):
            await one.create_datagram_endpoint(fail, ("::", PORT))
        await opened(one, ("::", PORT))


async def test_a_protocol_that_fails_harms_nobody_else(
    caplog: pytest.LogCaptureFixture,
) -> None:
    class Clumsy(asyncio.DatagramProtocol):
        def datagram_received(self, data: bytes, addr: Any) -> None:
            raise ZeroDivisionError

    async with nodes("cable") as (one, other):
        await one.create_datagram_endpoint(Clumsy, ("::", PORT))
        sender, _ = await opened(other)
        sender.sendto(b"oops", (SHORT[0], PORT))
        await other.ping(SHORT[0])
        assert one.failure is None
    assert "ZeroDivisionError" in caplog.text


async def test_a_new_protocol_takes_over() -> None:
    async with nodes("cable") as (one, other):
        transport, before = await opened(one, ("::", PORT))
        after = Notes()
        transport.set_protocol(after)
        sender, _ = await opened(other)
        sender.sendto(b"for whom?", (SHORT[0], PORT))
        assert (await after.told())[0] == b"for whom?"
        assert before.notes.empty()


async def test_writers_are_asked_to_pause_and_to_go_on() -> None:
    cable = Cable()
    async with node_on(cable.radio(COMPLETE), 0) as one, node_on(cable.radio(COMPLETE), 1) as other:
        client, protocol = await opened(one, None, (SHORT[1], PORT))
        _, heard = await opened(other, ("::", PORT))
        for _ in range(WAITING_HIGH + 2):
            client.sendto(bytes(1000))
        late, late_protocol = await opened(one, None, (SHORT[1], PORT))
        assert await protocol.told() == ("pause",)
        assert await late_protocol.told() == ("pause",)
        assert await protocol.told() == ("resume",)
        assert await late_protocol.told() == ("resume",)
        for _ in range(WAITING_HIGH + 2):
            assert len((await heard.told())[0]) == 1000
        late.close()
        assert protocol.notes.empty()


# Addresses and errors


def test_addresses_as_asyncio_has_them() -> None:
    one = parse_ipv6("fe80::1")
    assert octets_of("fe80::1%wlan0") == octets_of(one) == one
    for nobody in ("fe80::x", b"short"):
        with pytest.raises(FieldOutOfRange):
            octets_of(nobody)
    assert endpoint_of(("fe80::1", 5, 0, 3)) == Endpoint(one, 5)
    assert endpoint_of(("::", 5)) == endpoint_of(("", 5)) == endpoint_of((None, 5))
    assert socket_address_of(Endpoint(b"", 5)) == ("::", 5, 0, 0)
    for strange in ((5, 5), ("fe80::1", 5, 0, 0, 0)):
        with pytest.raises(TypeError):
            endpoint_of(strange)


ERRORS = {
    (1, 0): errno.ENETUNREACH,
    (1, 1): errno.EACCES,
    (1, 3): errno.EHOSTUNREACH,
    (1, 4): errno.ECONNREFUSED,
    (1, 99): errno.EHOSTUNREACH,
    (2, 0): errno.EMSGSIZE,
    (3, 0): errno.EHOSTUNREACH,
    (4, 1): errno.EPROTO,
    (99, 0): errno.EPROTO,
}  # as icmpv6_err_convert() of Linux makes them


@pytest.mark.parametrize(("kind", "number"), ERRORS.items())
def test_icmpv6_errors_are_those_of_linux(kind: tuple[int, int], number: int) -> None:
    error = error_of(ErrorReceived(b"", *kind, 1280, b""), "somebody")
    assert error.errno == number
    assert "somebody" in str(error)


def test_losses_are_no_errors() -> None:
    errors = {discard for discard in Discard if is_error(discard)}
    assert errors == {
        Discard.NO_ROUTE,
        Discard.NO_NEIGHBOUR,
        Discard.NO_PAN,
        Discard.NO_ADDRESS,
        Discard.TOO_BIG,
    }
    assert error_of_discard(Discard.NO_NEIGHBOUR, "x").errno == errno.EHOSTUNREACH


@given(st.binary(max_size=60))
def test_any_octets_have_two_ends_or_none(datagram: bytes) -> None:
    ends = udp_ends(datagram)
    assert ends is None or len(datagram) >= 44
