"""What the pages show of the command is what it prints."""

import re
import shlex
import subprocess
from pathlib import Path

import pytest

from tests.cli.commands import LOWPAN, ROOT

SIMULATED = "sim:"
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("**/*.md"))]


def sessions(page: Path) -> list[tuple[str, str]]:
    """Return the commands of `page` that need nothing but the source, and what they print."""
    shown = re.findall(
        r"^```(?:console)?\n\$ (lowpan .*)\n((?s:.*?))^```", page.read_text(), re.MULTILINE
    )
    return [
        (command, output)
        for command, output in shown
        if "tests/captures/" in command or SIMULATED in command  # others need radios
    ]


def masked(line: str) -> str:
    """Return a line without the numbers in it, addresses included."""
    return re.sub(r"\s+", " ", re.sub(r"\b[0-9a-f]+\b", "0", line)).strip()


SESSIONS = [(page.name, *session) for page in PAGES for session in sessions(page)]


@pytest.mark.parametrize(("page", "command", "shown"), SESSIONS)
def test_a_command_prints_what_the_page_shows(page: str, command: str, shown: str) -> None:
    run = subprocess.run(
        [*LOWPAN, *shlex.split(command)[1:]],
        cwd=ROOT,
        text=True,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        check=True,
    )
    if SIMULATED in command:  # who does what when is not the same in every version
        printed = {masked(line) for line in run.stdout.splitlines()}
        assert {masked(line) for line in shown.splitlines()} <= {*printed, "..."}
        assert ", 0 undecrypted" in run.stdout
        return
    pattern = re.escape(shown).replace(re.escape("...\n"), r"(?s:.*)")
    assert re.fullmatch(pattern, run.stdout), f"{page}: {run.stdout}"


def test_the_first_screen_and_the_quick_start_are_among_them() -> None:
    assert {"README.md", "quick-start.md"} <= {page for page, _, _ in SESSIONS}
