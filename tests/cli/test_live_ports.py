"""`lowpan sniff PORT` in a process of its own, with a firmware's double at the other end."""

import asyncio
import os
import signal
from asyncio.subprocess import PIPE, Process
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from dataclasses import replace
from pathlib import Path
from threading import Thread
from time import time_ns

import pytest

from lowpan.capture.reader import open_records
from lowpan.cli import run
from tests.cli.commands import LOWPAN, ROOT
from tests.peers.nordic import NordicSniffer
from tests.peers.rcp import rcp_on_pty
from tests.radios.contract_parts import heard_frame

PATIENCE_S = 15.0


class Sniffing:
    """The process, and what it says."""

    def __init__(self, process: Process) -> None:
        self.process = process

    async def frame(self) -> str:
        """Return the next line of output."""
        return await self._line(self.process.stdout)

    async def said(self) -> str:
        """Return the next line on standard error."""
        return (await self._line(self.process.stderr)).removeprefix("lowpan: ")

    async def _line(self, stream: asyncio.StreamReader | None) -> str:
        assert stream is not None
        line = await asyncio.wait_for(stream.readline(), PATIENCE_S)
        return line.decode().rstrip("\n")


@asynccontextmanager
async def sniffing(*arguments: str) -> AsyncGenerator[Sniffing]:
    path = os.pathsep.join(map(str, (ROOT, ROOT / "radios")))
    process = await asyncio.create_subprocess_exec(
        *LOWPAN,
        "sniff",
        *arguments,
        stdout=PIPE,
        stderr=PIPE,
        env={**os.environ, "PYTHONPATH": path},
    )
    try:
        yield Sniffing(process)
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def test_a_bare_port_is_asked_who_it_is(capfd: pytest.CaptureFixture[str]) -> None:
    async with rcp_on_pty() as firmware, asyncio.timeout(PATIENCE_S):
        port = firmware.uri.removeprefix("spinel:")
        words = ["sniff", port, "--channel", "20", "-c", "1", "-T", "fields", "-e", "wpan.seq_no"]
        statuses: list[int] = []  # here, for a port that another process has open is not asked
        command = Thread(target=lambda: statuses.append(run(words)), daemon=True)
        command.start()
        while command.is_alive():  # on air again and again, whether it listens by now or not
            await firmware.hear(heard_frame(1, 20))
            await asyncio.sleep(0.02)
    out, errors = capfd.readouterr()
    assert (statuses, out) == ([0], "1\n")
    said = errors.splitlines()[0]
    assert said.startswith(f"lowpan: {port}: OpenThread RCP OPENTHREAD/double")
    assert said.endswith("; listens on channel 20")


async def test_a_port_is_heard_lost_and_found_again(tmp_path: Path) -> None:
    heard = tmp_path / "heard.pcapng"
    form = ["-T", "fields", "-e", "wpan.seq_no", "-e", "wpan-tap.ch_num"]
    async with (
        rcp_on_pty() as firmware,
        sniffing(firmware.uri, "--channel", "20", "-w", str(heard), *form) as command,
    ):
        assert (await command.said()).endswith("; listens on channel 20")
        await firmware.hear(heard_frame(1, 20))
        assert await command.frame() == "1\t20"
        await firmware.unplug()
        assert ": radio lost: " in await command.said()
        await firmware.plug_in()
        assert ": radio returned: " in await command.said()
        assert firmware.channel == 20
        await firmware.hear(heard_frame(2, 20))
        assert await command.frame() == "2\t20"
        command.process.send_signal(signal.SIGINT)
        assert (await command.said()).startswith("2 frames in ")
        assert await asyncio.wait_for(command.process.wait(), PATIENCE_S) == 0
    comments = [record.comments for record in open_records(heard)]
    assert comments[0] == ()
    assert comments[1][0].startswith("radio lost: ")
    assert comments[1][1].startswith("radio returned after ")


async def test_times_of_the_capture_go_on_over_a_wrap_and_a_reboot(tmp_path: Path) -> None:
    heard, begin = tmp_path / "heard.pcapng", time_ns()
    clock = [0x7FFF_FFFF, 0x8000_0001, 0xFFFF_FFF0, 0x1_0000_0010, 0x1_0000_0020]
    async with (
        NordicSniffer() as firmware,
        sniffing(firmware.uri, "-w", str(heard), "-T", "fields", "-e", "wpan.seq_no") as command,
    ):
        await command.said()
        for number, ticks in enumerate(clock):
            await firmware.hear(replace(heard_frame(number, 11), radio_time_us=ticks))
            assert await command.frame() == str(number)
        await firmware.unplug()
        assert ": radio lost: " in await command.said()
        await firmware.plug_in()
        assert ": radio returned: " in await command.said()
        for number, ticks in enumerate((40, 30, 2_000), len(clock)):  # its clock began anew
            await firmware.hear(replace(heard_frame(number, 11), radio_time_us=ticks))
            assert await command.frame() == str(number)
        command.process.send_signal(signal.SIGINT)
        assert await asyncio.wait_for(command.process.wait(), PATIENCE_S) == 0
    times = [record.time_ns or 0 for record in open_records(heard)]
    assert times == sorted(times)
    assert begin < times[0] <= times[-1] < time_ns()


async def test_a_port_that_is_not_there_is_cause_and_cure() -> None:
    async with sniffing("/dev/ttyNOSUCH0") as command:
        assert "/dev/ttyNOSUCH0" in await command.said()
        assert await command.said()
        assert await command.said() == ""
        assert await command.process.wait() == 2
