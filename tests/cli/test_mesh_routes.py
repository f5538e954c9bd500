"""Options of a mesh: what they mean, and three commands of which the middle one forwards."""

import pytest

from lowpan.cli.mesh_routes import forwarding_of, link_address_of
from lowpan.cli.node_identity import IdentityOptions
from lowpan.errors import FieldOutOfRange
from tests.aio.media import uris
from tests.cli.commands import lowpan, start
from tests.cli.test_node import ended, first_lines

EUI64 = "02:00:00:00:00:00:00:03"


def test_without_options_nothing_is_forwarded() -> None:
    assert forwarding_of(IdentityOptions()) is None


def test_who_is_not_listed_is_a_neighbour() -> None:
    routes = ("0x0003=0x0002", f"{EUI64}=0x0002")
    settings = forwarding_of(IdentityOptions(mesh_routes=routes))
    assert settings is not None
    assert settings.mesh_under is not None
    finals = b"\x00\x03", bytes.fromhex(EUI64.replace(":", "")), b"\x00\x02", b"\x00\x09"
    second = b"\x00\x02"
    assert [settings.mesh_under(final) for final in finals] == [second, second, second, finals[3]]


@pytest.mark.parametrize("text", ["0x0003", "=", "0x10003=0x0002", "three=0x0002", "0xfffe=0x1"])
def test_what_is_no_route_is_refused(text: str) -> None:
    with pytest.raises(FieldOutOfRange):
        forwarding_of(IdentityOptions(mesh_routes=(text,)))


@pytest.mark.parametrize(
    ("text", "octets"),
    [("3", b"\x00\x03"), ("0xabcd", b"\xab\xcd"), (EUI64, b"\x02" + bytes(6) + b"\x03")],
)
def test_addresses_are_written_as_elsewhere(text: str, octets: bytes) -> None:
    assert link_address_of(text) == octets


def test_a_mistake_is_told_with_its_cure() -> None:
    done = lowpan("node", uris("zep")[0], "--mesh-route", "0x0003")
    assert done.returncode == 2
    assert "no route such as 0x0003=0x0002" in done.stderr


def test_the_node_in_the_middle_forwards_a_ping() -> None:
    near, far = uris("openthread-air")
    middle = near.replace("node=1", "node=3")
    third = ("--pan", "0xbeef", "--channel", "15", "--short", "0x0003", "--eui64", EUI64)
    second = (*third[:4], "--short", "0x0002", "--eui64", EUI64[:-1] + "2")
    first = (*third[:4], "--short", "0x0001", "--eui64", EUI64[:-1] + "1")
    forwards = start("node", middle, *second, "--mesh-under")
    answers = start("node", far, *third, "--mesh-route", "0x0001=0x0002")
    for process in (forwards, answers):
        first_lines(process, 4)
    done = lowpan(
        *("ping", near, "fe80::ff:fe00:3", "-c", "2", "-s", "500", "-W", "5s"),
        *(*first, "--mesh-route", "0x0003=0x0002"),
    )
    assert done.returncode == 0, done.stdout + done.stderr
    counters = {line.partition(":")[0]: line for line in ended(forwards)}
    assert "Forward" in counters["mesh under"]
    assert "mesh under" in "".join(ended(answers))
