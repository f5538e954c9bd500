"""Putting lowpan into Wireshark's list of interfaces: a launcher in the user's extcap folder."""

import os
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

from lowpan.cli.report import CommandError

MARK = "launcher of lowpan for Wireshark"
"""A line that only our launchers have: no other file is overwritten or removed."""
_ASKING_S = 20
_TITLE = "Personal Extcap path:"
"""How Wireshark 4.2 and later call the folder."""


def install(path: str | None) -> Iterator[str]:
    """Write the launcher into folder `path`, or the user's own; yield what to tell the user."""
    launcher = _launcher(path)
    text = launcher_text(sys.executable)
    try:
        launcher.parent.mkdir(parents=True, exist_ok=True)
        _refuse_strange(launcher)
        launcher.write_text(text, encoding="utf-8")
        launcher.chmod(0o755)
    except OSError as error:
        cause = f"{launcher}: {error.strerror}"
        raise CommandError(cause, "name a folder that can be written with --path") from error
    yield f"installed {launcher}"
    yield "restart Wireshark, or refresh its interfaces, to see the radios"


def uninstall(path: str | None) -> Iterator[str]:
    """Remove the launcher from folder `path`, or the user's own; yield what to tell the user."""
    launcher = _launcher(path)
    try:
        if not launcher.exists():
            raise CommandError(f"{launcher}: is not there", "name its folder with --path")
        _refuse_strange(launcher)
        launcher.unlink()
    except OSError as error:
        raise CommandError(f"{launcher}: {error.strerror}", "remove it by hand") from error
    yield f"removed {launcher}"


def launcher_text(python: str) -> str:
    """Return the script that runs lowpan with the interpreter at `python`."""
    command = [python, "-m", "lowpan.cli", "extcap"]
    if sys.platform == "win32":
        return f"@rem {MARK}\r\n@{subprocess.list2cmdline(command)} %*\r\n"
    return f'#!/bin/sh\n# {MARK}\nexec {shlex.join(command)} "$@"\n'


def _launcher(path: str | None) -> Path:
    folder = extcap_folder() if path is None else Path(path).expanduser()
    return folder / ("lowpan.bat" if sys.platform == "win32" else "lowpan")


def _refuse_strange(launcher: Path) -> None:
    """Raise CommandError if `launcher` is a file of somebody else's."""
    if launcher.exists() and MARK not in launcher.read_text(encoding="utf-8", errors="replace"):
        cure = "move it away, or name another folder with --path"
        raise CommandError(f"{launcher}: there is another file of that name", cure)


def extcap_folder() -> Path:
    """Return the user's own extcap folder: what tshark says, else what Wireshark's guide says."""
    said = _folders_by_tshark()
    if _TITLE in said:
        return Path(said[_TITLE])
    if "Personal configuration:" in said:  # up to 4.0, which does not name the folder itself
        return Path(said["Personal configuration:"]) / "extcap"
    if sys.platform == "win32":
        return Path(os.environ.get("APPDATA", "~")).expanduser() / "Wireshark" / "extcap"
    return Path("~/.local/lib/wireshark/extcap").expanduser()


def _folders_by_tshark() -> dict[str, str]:
    """Return folders by their titles; none if there is no tshark."""
    command = ["tshark", "-G", "folders"]
    try:
        run = subprocess.run(
            command, capture_output=True, text=True, check=False, timeout=_ASKING_S
        )
    except (OSError, subprocess.TimeoutExpired):  # there is none, or it hangs
        return {}
    lines = (line.partition("\t") for line in run.stdout.splitlines())
    return {title.strip(): folder.strip() for title, _, folder in lines if folder.strip()}
