"""Lines of octets: what is sent arrives, what is wrong is explained, what ends is told."""

import asyncio
import errno
import os
import socket
import termios
import time
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import serial

from lowpan.errors import RadioError
from lowpan.radio import parse_radio_uri
from lowpan_radios import port_names, serial_line
from lowpan_radios.line import MOST_UNSENT
from lowpan_radios.stream import Stream, lasting, open_stream
from tests.peers.pty import Pty
from tests.radios.contract_parts import PATIENCE, open_descriptors, until

TEXT = bytes(range(256)) * 1200
"""More than a pty or a socket holds; every octet, so that a cooked terminal would show."""


class Ear:
    """What a stream has told."""

    def __init__(self) -> None:
        self.octets = b""
        self.lost: list[str] = []

    def hear(self, octets: bytes) -> None:
        self.octets += octets


@pytest.fixture
async def pty() -> AsyncIterator[tuple[Pty, Ear]]:
    ear = Ear()
    line = Pty(ear.hear)
    yield line, ear
    line.close()


async def opened(target: str) -> tuple[Stream, Ear]:
    stream, ear = await open_stream(parse_radio_uri(f"test:{target}"), 115_200), Ear()
    stream.start(ear.hear, ear.lost.append)
    return stream, ear


async def refused(target: str) -> RadioError:
    with pytest.raises(RadioError) as caught:
        await open_stream(parse_radio_uri(f"test:{target}"), 115_200)
    assert str(caught.value).startswith(f"test:{target}: ")
    assert caught.value.cure
    return caught.value


async def test_unplugged_in_the_middle_of_opening_it_is_refused(
    pty: tuple[Pty, Ear], monkeypatch: pytest.MonkeyPatch
) -> None:
    def gone(*_: object, **__: object) -> None:
        raise termios.error(errno.EIO, "Input/output error")

    monkeypatch.setattr(serial, "Serial", gone)
    assert "Input/output error" in str(await refused(pty[0].path))


@pytest.fixture(params=[True, False], ids=["ready", "threads"])
def way(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(serial_line, "READY", request.param)


@pytest.mark.usefixtures("way")
async def test_all_octets_pass_both_ways(pty: tuple[Pty, Ear]) -> None:
    line, firmware = pty
    stream, ear = await opened(line.path)
    for start in range(0, len(TEXT), 1000):
        stream.write(TEXT[start : start + 1000])
    await line.write(TEXT)
    await until(lambda: len(ear.octets) + len(firmware.octets) >= 2 * len(TEXT))
    stream.close()
    assert ear.octets == firmware.octets == TEXT
    assert ear.lost == []


@pytest.mark.usefixtures("way")
async def test_unplugging_is_told_once(pty: tuple[Pty, Ear]) -> None:
    line, _ = pty
    stream, ear = await opened(line.path)
    await line.write(b"last words")
    await until(lambda: ear.octets == b"last words")
    line.unplug()
    await until(lambda: bool(ear.lost))
    assert len(ear.lost) == 1
    assert ear.lost[0].startswith("unplugged")
    stream.close()


@pytest.mark.usefixtures("way")
async def test_after_closing_nothing_is_told_and_nothing_left_open(pty: tuple[Pty, Ear]) -> None:
    line, _ = pty
    before = open_descriptors()
    stream, ear = await opened(line.path)
    stream.close()
    stream.close()
    assert open_descriptors() == before
    await line.write(b"too late")
    await asyncio.sleep(0)
    assert (ear.octets, ear.lost) == (b"", [])
    with pytest.raises(RadioError, match="closed"):
        stream.write(b"x")


async def test_who_takes_nothing_is_not_written_to_without_end(pty: tuple[Pty, Ear]) -> None:
    line, _ = pty
    line.stop_reading()
    stream, _ = await opened(line.path)
    stream.write(bytes(MOST_UNSENT))  # of which the line itself holds some
    stream.write(b"x")
    with pytest.raises(RadioError, match="takes no octets"):
        stream.write(bytes(100_000))
    begin = time.monotonic()
    stream.close()
    assert time.monotonic() - begin < 1  # it does not wait until all is sent


# Serial ports


async def test_a_port_is_opened_by_one_only(pty: tuple[Pty, Ear]) -> None:
    stream, _ = await opened(pty[0].path)
    error = await refused(pty[0].path)
    assert "is in use by this program" in str(error)
    stream.close()
    again, _ = await opened(pty[0].path)
    again.close()


async def test_the_process_that_holds_a_port_is_named(pty: tuple[Pty, Ear]) -> None:
    script = (
        "import fcntl, os, sys; d = os.open(sys.argv[1], os.O_RDWR | os.O_NOCTTY);"
        "fcntl.flock(d, fcntl.LOCK_EX); print('held', flush=True); sys.stdin.read()"
    )
    pipe = asyncio.subprocess.PIPE
    holder = await asyncio.create_subprocess_exec(
        "python3", "-c", script, pty[0].path, stdin=pipe, stdout=pipe
    )
    assert holder.stdout is not None
    await holder.stdout.readline()
    error = await refused(pty[0].path)
    assert f"(process {holder.pid})" in str(error)
    await holder.communicate(b"")


@pytest.mark.parametrize("baudrate", ["115200", "921600", "3000000", "12345", "2999999"])
async def test_a_pty_takes_any_speed(pty: tuple[Pty, Ear], baudrate: str) -> None:
    stream, ear = await opened(f"{pty[0].path}?baudrate={baudrate}&rtscts=1&xonxoff=0")
    await pty[0].write(b"hello")
    await until(lambda: ear.octets == b"hello")
    stream.close()


@pytest.mark.parametrize(
    ("raised", "cause", "cure"),
    [
        (serial.SerialException(errno.EACCES, "x"), "no permission to open", "usermod -aG"),
        (serial.SerialException(errno.EBUSY, "x"), "is in use", "ID_MM_DEVICE_IGNORE"),
        (serial.SerialException(errno.ENXIO, "x"), "there is no", "there is COM7"),
        (serial.SerialException(errno.EIO, "x"), "Input/output error", "there is COM7"),
        (ValueError("Failed to set custom baud rate"), "does not run at 115200", "?baudrate="),
    ],
)
async def test_what_is_wrong_with_a_port_is_explained(
    monkeypatch: pytest.MonkeyPatch, raised: Exception, cause: str, cure: str
) -> None:
    def fail(*_: object, **__: object) -> None:
        raise raised

    def dialout(_: str) -> str:
        return "dialout"

    monkeypatch.setattr(serial_line.serial, "Serial", fail)
    monkeypatch.setattr(serial_line, "ports_there", lambda: ["COM7"])
    monkeypatch.setattr(serial_line, "_group", dialout)
    error = await refused("/dev/ttyX9")
    assert cause in str(error)
    assert cure in error.cure


async def test_what_is_no_port_is_refused(tmp_path: Path) -> None:
    assert "there is no" in str(await refused(str(tmp_path / "ttyACM0")))
    (tmp_path / "file").write_bytes(b"")
    before = open_descriptors()
    assert "is no serial port" in str(await refused(str(tmp_path / "file")))
    assert "names no port" in str(await refused(""))
    assert "baudrate is" in str(await refused("/dev/ttyX9?baudrate=fast"))
    assert "rtscts is" in str(await refused("/dev/ttyX9?rtscts=maybe"))
    assert open_descriptors() == before


async def test_a_port_is_remembered_by_its_lasting_name(
    pty: tuple[Pty, Ear], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    link, number = Path(pty[0].path), pty[0].number
    monkeypatch.setattr(port_names, "LASTING", (tmp_path / "none", link.parent))
    assert lasting(parse_radio_uri(f"test:{number}?baudrate=1")).target == str(link)
    assert lasting(parse_radio_uri(f"test:{link}")).target == str(link)  # a link that was given
    for target in ("tcp://localhost:1", "fd:0", "/dev/ttyX9", "COM3"):
        assert lasting(parse_radio_uri(f"test:{target}")).target == target


# TCP and descriptors


@pytest.fixture
async def server() -> AsyncIterator[tuple[int, Ear, Callable[[], asyncio.StreamWriter]]]:
    ear, writers = Ear(), list[asyncio.StreamWriter]()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writers.append(writer)
        while octets := await reader.read(65_536):
            ear.hear(octets)

    listening = await asyncio.start_server(serve, "127.0.0.1", 0)
    yield listening.sockets[0].getsockname()[1], ear, lambda: writers[0]
    listening.close()
    for writer in writers:
        writer.close()


async def test_a_tcp_connection_is_a_line(
    server: tuple[int, Ear, Callable[[], asyncio.StreamWriter]],
) -> None:
    port, firmware, writer = server
    stream, ear = await opened(f"tcp://127.0.0.1:{port}")
    for start in range(0, len(TEXT), 1000):
        stream.write(TEXT[start : start + 1000])
    await until(lambda: len(firmware.octets) >= len(TEXT))
    writer().write(TEXT)
    await until(lambda: len(ear.octets) >= len(TEXT))
    assert ear.octets == firmware.octets == TEXT
    writer().close()
    await until(lambda: ear.lost == ["the connection has ended"])
    stream.close()


async def test_a_connection_that_cannot_be_made_is_explained() -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))  # and does not listen
        before = open_descriptors()
        error = await refused(f"tcp://127.0.0.1:{taken.getsockname()[1]}")
        assert "Connection refused" in str(error)
        assert open_descriptors() == before
    for place in ("tcp://", "tcp://host", "tcp://host:port", "tcp://host:99999", "tcp://[::1:1"):
        assert "write tcp://host:port" in (await refused(place)).cure


async def test_loops_that_watch_no_descriptors_read_sockets_by_threads(
    server: tuple[int, Ear, Callable[[], asyncio.StreamWriter]], monkeypatch: pytest.MonkeyPatch
) -> None:
    port, firmware, writer = server
    loop, before = asyncio.get_running_loop(), open_descriptors()
    from lowpan_radios import tcp_line  # noqa: PLC0415

    def watch_none(*_: object) -> None:
        raise NotImplementedError

    connection = socket.create_connection(("127.0.0.1", port))
    with monkeypatch.context() as patch:
        patch.setattr(loop, "add_reader", watch_none)
        stream, ear = tcp_line.socket_line("test", "ended", connection), Ear()
    stream.start(ear.hear, ear.lost.append)
    stream.write(b"hello")
    await until(lambda: firmware.octets == b"hello")
    writer().write(b"world")
    await until(lambda: ear.octets == b"world")
    stream.close()
    assert ear.lost == []
    await until(lambda: open_descriptors() <= before + 1)  # the server's own


async def test_a_descriptor_is_a_line_and_stays_its_owners() -> None:
    ours, theirs = socket.socketpair()
    with ours, theirs:
        before = open_descriptors()
        stream, ear = await opened(f"fd:{ours.fileno()}")
        stream.write(b"hello")
        assert theirs.recv(99) == b"hello"
        theirs.send(b"world")
        await until(lambda: ear.octets == b"world")
        stream.close()
        assert open_descriptors() == before
        ours.send(b"still open")
        assert theirs.recv(99) == b"still open"


async def test_a_terminal_given_as_a_descriptor_is_made_raw() -> None:
    master, slave = os.openpty()
    stream, ear = await opened(f"fd:{slave}")
    os.close(slave)
    os.write(master, b"\x03\r\x11\x7f\x04")
    await until(lambda: ear.octets == b"\x03\r\x11\x7f\x04")
    os.close(master)
    await until(lambda: len(ear.lost) == 1)
    stream.close()


async def test_what_is_no_descriptor_is_refused() -> None:
    for number in ("", "x", "-1", "9999", "99999999999999999999"):
        await refused(f"fd:{number}")


async def test_writing_to_a_line_that_is_gone_loses_it_later() -> None:
    ours, theirs = socket.socketpair()
    stream, ear = await opened(f"fd:{ours.fileno()}")
    theirs.close()
    stream.write(b"x")
    assert ear.lost == []  # told by the loop, not within the call
    async with asyncio.timeout(PATIENCE):
        await until(lambda: len(ear.lost) == 1)
    stream.close()
    ours.close()
