"""Nodes whose addresses the operating system has, by TUN, in namespaces of the test."""

import json
import re
import signal
import subprocess
import sys
from collections.abc import Generator
from contextlib import suppress
from textwrap import dedent

import pytest

from tests.peers.namespaces import Namespace, interrupted, one_namespace, two_namespaces

LOWPAN = (sys.executable, "-m", "lowpan.cli")
HOSTS = ["fe80::ff:fe00:1", "fe80::ff:fe00:2"]
GLOBAL = ["2001:db8::1", "2001:db8::2"]


def start_node(namespace: Namespace, number: int, *options: str) -> "subprocess.Popen[str]":
    """Start node 1 or 2, at one end of the cable between the namespaces; it is on air then."""
    port = 17754
    radio = f"zep://10.77.0.{3 - number}:{port}?bind=10.77.0.{number}:{port}&ack_timeout_ms=200"
    return start(namespace, number, radio, *options)


def start(
    namespace: Namespace, number: int, radio: str, *options: str, before: tuple[str, ...] = ()
) -> "subprocess.Popen[str]":
    """Start a node, and wait until it says that it is on air."""
    identity = ["--pan", "0xbeef", "--short", f"0x000{number}"]
    identity += ["--eui64", f"02:00:00:00:00:00:00:0{number}", "--address", "2001:db8::/64"]
    process = namespace.start(*before, *LOWPAN, "node", radio, "--json", *identity, *options)
    assert process.stdout is not None
    first = process.stdout.readline()
    assert first.startswith('{"event": "started"'), first + process.stdout.read()
    return process


ALONE = "zep://127.0.0.1:9?bind=127.0.0.1:17754"
"""A radio that nobody hears."""


@pytest.fixture(scope="module")
def hosts() -> Generator[tuple[Namespace, Namespace]]:
    """Two systems, each behind a node."""
    with two_namespaces() as (one, other):
        start_node(one, 1, "--tun", "lowpan0")
        start_node(other, 2, "--tun", "lowpan0", "--route", "2001:db8:1::/48")
        yield one, other


def test_the_system_has_addresses_and_routes(hosts: tuple[Namespace, Namespace]) -> None:
    shown = hosts[1].run("ip", "-6", "address", "show", "dev", "lowpan0")
    assert "mtu 1280" in shown
    assert set(re.findall(r"inet6 (\S+)", shown)) == {
        "2001:db8::2/64",
        "fe80::2/64",
        "fe80::ff:fe00:2/64",
    }
    routes = hosts[1].run("ip", "-6", "route", "show", "dev", "lowpan0")
    assert {line.split()[0] for line in routes.splitlines()} == {
        "2001:db8::/64",
        "2001:db8:1::/48",
        "fe80::/64",
    }


@pytest.mark.parametrize("size", [56, 500, 1232])
@pytest.mark.parametrize("address", ["fe80::ff:fe00:2%lowpan0", "fe80::2%lowpan0", "2001:db8::2"])
def test_systems_ping_each_other(
    hosts: tuple[Namespace, Namespace], address: str, size: int
) -> None:
    said = hosts[0].run("ping", "-c", "3", "-i", "0.3", "-s", str(size), address)
    assert "3 packets transmitted, 3 received, 0% packet loss" in said


def test_what_is_unreachable_is_said_to_be(hosts: tuple[Namespace, Namespace]) -> None:
    said = hosts[0].run("ping", "-c", "1", "-W", "8", "2001:db8::99", check=False)
    assert "Destination unreachable: Address unreachable" in said


def test_groups_that_programs_join_are_heard(hosts: tuple[Namespace, Namespace]) -> None:
    listen = """
        import socket, struct
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as sock:
            sock.settimeout(20)
            sock.bind(("::", 5683))
            index = socket.if_nametoindex("lowpan0")
            group = socket.inet_pton(socket.AF_INET6, "ff02::fd") + struct.pack("I", index)
            sock.setsockopt(socket.IPPROTO_IPV6, socket.IPV6_JOIN_GROUP, group)
            print("joined", flush=True)
            print(*sock.recvfrom(100))
    """
    send = """
        import socket
        with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as sock:
            index = socket.if_nametoindex("lowpan0")
            sock.sendto(b"to the group", ("ff02::fd", 5683, 0, index))
    """
    listening = hosts[1].start(sys.executable, "-c", dedent(listen))
    assert listening.stdout is not None
    assert listening.stdout.readline() == "joined\n"
    said = ""
    for _ in range(10):  # the system reports its groups a little later
        hosts[0].run(sys.executable, "-c", dedent(send))
        with suppress(subprocess.TimeoutExpired):
            said, _ = listening.communicate(timeout=0.5)
            break
    assert said.startswith("b'to the group' ('fe80::")


def test_a_coap_get_of_a_kilobyte(hosts: tuple[Namespace, Namespace]) -> None:
    pytest.importorskip("aiocoap", reason="pip install aiocoap")
    server = hosts[1].start(sys.executable, "-W", "ignore", "-m", "tests.peers.coap_server")
    assert server.stdout is not None
    assert server.stdout.readline() == "listening\n"
    client = (sys.executable, "-W", "ignore", "-m", "aiocoap.cli.client", "--quiet")
    said = hosts[0].run(*client, f"coap://[{GLOBAL[1]}]/kilobyte")
    assert said.rstrip("\n") == "0123456789abcdef" * 64


def test_tcp_goes_through_as_fast_as_the_air_allows(hosts: tuple[Namespace, Namespace]) -> None:
    serve = """
        import socket
        with socket.create_server(("::", 8080), family=socket.AF_INET6) as server:
            print("listening", flush=True)
            with server.accept()[0] as connection:
                while octets := connection.recv(4096):
                    connection.sendall(octets)
    """
    ask = f"""
        import socket
        with socket.create_connection(("{GLOBAL[1]}", 8080), timeout=30) as connection:
            connection.sendall(bytes(20_000))
            connection.shutdown(socket.SHUT_WR)
            count = 0
            while octets := connection.recv(4096):
                count += len(octets)
        print(count)
    """
    server = hosts[1].start(sys.executable, "-c", dedent(serve))
    assert server.stdout is not None
    assert server.stdout.readline() == "listening\n"
    assert hosts[0].run(sys.executable, "-c", dedent(ask)) == "20000\n"


# How interfaces come and go


def interfaces(namespace: Namespace) -> list[str]:
    """Return the interfaces but lo."""
    links = json.loads(namespace.run("ip", "-json", "link"))
    return [link["ifname"] for link in links if link["ifname"] != "lo"]


def addresses(namespace: Namespace) -> set[str]:
    """Return the addresses of lowpan0."""
    links = json.loads(namespace.run("ip", "-json", "-6", "address", "show", "lowpan0"))
    return {address["local"] for link in links for address in link["addr_info"]}


WITHOUT_THE_RIGHT = ("setpriv", "--bounding-set=-net_admin", "--inh-caps=-net_admin")

OURS = {"fe80::ff:fe00:1", "fe80::1", "2001:db8::1"}


@pytest.fixture
def alone() -> Generator[Namespace]:
    """A system of its own."""
    with one_namespace() as namespace:
        yield namespace


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM, signal.SIGKILL])
def test_whatever_ends_the_node_the_interface_is_gone(alone: Namespace, number: int) -> None:
    process = start(alone, 1, ALONE, "--tun", "lowpan0")
    assert interfaces(alone) == ["lowpan0"]
    assert addresses(alone) == OURS
    status, rest = interrupted(process, number)
    assert interfaces(alone) == []
    if number != signal.SIGKILL:
        assert status == 0
        assert json.loads(rest.splitlines()[-1])["counters"]["tun"]["interface"] == "lowpan0"


def make_lasting(namespace: Namespace) -> None:
    """Make an interface as `ip tuntap` does for a user, with an address of the user's own."""
    namespace.run("ip", "tuntap", "add", "dev", "lowpan0", "mode", "tun")
    namespace.run("ip", "address", "add", "2001:db8:5::5/64", "dev", "lowpan0")


def test_an_interface_that_was_there_is_left_as_it_was(alone: Namespace) -> None:
    make_lasting(alone)
    process = start(alone, 1, ALONE, "--tun", "lowpan0", "--route", "2001:db8:1::/48")
    assert addresses(alone) == {*OURS, "2001:db8:5::5"}
    interrupted(process)
    assert addresses(alone) == {"2001:db8:5::5"}
    assert "2001:db8:1::" not in alone.run("ip", "-6", "route", "show", "table", "all")


def test_what_a_crash_left_on_it_is_removed_at_the_next_start(alone: Namespace) -> None:
    make_lasting(alone)
    process = start(alone, 1, ALONE, "--tun", "lowpan0", "--route", "2001:db8:1::/48")
    interrupted(process, signal.SIGKILL)
    assert addresses(alone) == {*OURS, "2001:db8:5::5"}
    process = start(alone, 2, ALONE, "--tun", "lowpan0")
    theirs = {"fe80::ff:fe00:2", "fe80::2", "2001:db8::2"}
    assert addresses(alone) == {*theirs, "2001:db8:5::5"}
    _, rest = interrupted(process)
    told = [json.loads(line) for line in rest.splitlines()]
    (notice,) = [event["text"] for event in told if event["event"] == "interface_notice"]
    for left in ("fe80::1/64", "2001:db8::1/64", "2001:db8:1::/48"):
        assert left in notice
    assert addresses(alone) == {"2001:db8:5::5"}


def refused(namespace: Namespace, *before: str, name: str = "lowpan0") -> list[str]:
    """Start a node that cannot; return the lines of its complaint."""
    command = [*before, *LOWPAN, "node", ALONE, "--tun", name]
    return namespace.run(*command, check=False).splitlines()


def test_an_interface_in_use_is_refused(alone: Namespace) -> None:
    start(alone, 1, ALONE, "--tun", "lowpan0")
    other = [*LOWPAN, "node", ALONE.replace("17754", "17755"), "--tun", "lowpan0"]
    said = alone.run(*other, check=False).splitlines()
    assert "lowpan0: cannot be opened: Device or resource busy" in said[0]
    assert said[1] == "lowpan: another process has it: end that, or choose another name"


def test_an_interface_of_another_kind_is_refused(alone: Namespace) -> None:
    alone.run("ip", "link", "add", "lowpan0", "type", "veth")
    said = refused(alone)
    assert "there is another kind of interface with that name" in said[1]


def test_without_the_right_it_says_how_to_get_it(alone: Namespace) -> None:
    said = refused(alone, *WITHOUT_THE_RIGHT)
    assert "lowpan0: cannot be opened: Operation not permitted" in said[0]
    assert "sudo setcap cap_net_admin+ep " in said[1]


def test_what_somebody_has_prepared_needs_no_right(alone: Namespace) -> None:
    alone.run("ip", "tuntap", "add", "dev", "lowpan0", "mode", "tun", "user", "0")
    alone.run(*["ip", "link", "set", "lowpan0", "addrgenmode", "none", "mtu", "1280", "up"])
    for address in OURS:
        alone.run("ip", "address", "add", f"{address}/64", "dev", "lowpan0")
    process = start(alone, 1, ALONE, "--tun", "lowpan0", before=WITHOUT_THE_RIGHT)
    assert interrupted(process)[0] == 0
    assert addresses(alone) == OURS


@pytest.mark.parametrize("name", ["", "a/b", "sixteen-letters-", ".."])
def test_a_name_that_is_none_is_refused(alone: Namespace, name: str) -> None:
    assert "is no name of an interface" in refused(alone, name=name)[0]


def test_an_interface_that_is_removed_ends_the_node(alone: Namespace) -> None:
    process = start(alone, 1, ALONE, "--tun", "lowpan0")
    alone.run("ip", "link", "del", "lowpan0")
    assert process.stdout is not None
    said = process.stdout.read()
    assert process.wait(20) == 2
    assert "TUN interface lowpan0 is gone" in said


def test_a_system_that_switches_ipv6_off_has_it_here(alone: Namespace) -> None:
    alone.run("sh", "-c", "echo 1 > /proc/sys/net/ipv6/conf/default/disable_ipv6")
    start(alone, 1, ALONE, "--tun", "lowpan0")
    assert addresses(alone) == OURS
