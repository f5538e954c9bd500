"""`lowpan sniff` run in this process, with a radio that does as the test says."""

from collections.abc import Callable

import pytest

from lowpan.cli import run
from tests.cli.commands import ATTACH
from tests.peers.scripted import Script, ScriptedRadio, install

AT_ONCE = f"replay:{ATTACH}?speed=max"
Sniff = Callable[..., tuple[int, str, list[str]]]


def sniffing(capfd: pytest.CaptureFixture[str]) -> Sniff:
    """Return the function that runs `lowpan sniff` here: status, output, lines of errors."""

    def sniffed(*arguments: object) -> tuple[int, str, list[str]]:
        status = run(["sniff", *map(str, arguments)])
        out, errors = capfd.readouterr()
        lines = errors.splitlines()
        assert all(line.startswith("lowpan: ") for line in lines)
        return status, out, [line.removeprefix("lowpan: ") for line in lines]

    return sniffed


def scripting(monkeypatch: pytest.MonkeyPatch) -> Callable[[Script], ScriptedRadio]:
    """Return the function that makes `scripted:` a radio with that script."""

    def made(script: Script) -> ScriptedRadio:
        return install(monkeypatch, ScriptedRadio("scripted:", script))

    return made
