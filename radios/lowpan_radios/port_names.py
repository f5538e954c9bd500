"""Names of serial ports: the one that lasts, and who holds a port now."""

import os
import stat
from collections.abc import Iterator
from pathlib import Path

LASTING = (Path("/dev/serial/by-id"), Path("/dev/serial/by-path"))
"""Where udev keeps links that stay when a stick comes back under another number; best first."""

PROCESSES = Path("/proc")


def lasting_name(path: str) -> str:
    """Return the link that will lead to the port again, or `path` where there is none.

    A link that was given is kept, whoever made it.
    """
    given = Path(path)
    if given.is_symlink():
        return path
    for folder in LASTING:
        for link in sorted(_entries(folder)):
            if os.path.realpath(link) == os.path.realpath(given):
                return str(link)
    return path


def holders(path: str) -> list[tuple[int, str]]:
    """Return number and name of the processes that have the port open, as far as we may see."""
    found = list[tuple[int, str]]()
    try:
        wanted = Path(path).stat()
    except OSError:  # not there: nobody holds it
        return found
    for process in _processes():
        if any(_same(wanted, descriptor) for descriptor in _entries(process / "fd")):
            found.append((int(process.name), _name(process)))
    return sorted(found)


def _processes() -> Iterator[Path]:
    return (process for process in _entries(PROCESSES) if process.name.isdecimal())


def _entries(folder: Path) -> list[Path]:
    try:
        return list(folder.iterdir())
    except OSError:  # not there any more, or not ours to look into
        return []


def _same(wanted: os.stat_result, descriptor: Path) -> bool:
    try:
        found = descriptor.stat()
    except OSError:
        return False
    if stat.S_ISCHR(wanted.st_mode):
        return stat.S_ISCHR(found.st_mode) and found.st_rdev == wanted.st_rdev
    return (found.st_dev, found.st_ino) == (wanted.st_dev, wanted.st_ino)


def _name(process: Path) -> str:
    try:
        return (process / "comm").read_text().strip()
    except OSError:
        return "a process"


def held_by(path: str) -> str:
    """Return `NAME (process 123)` for those that have the port open; empty if none is seen."""
    return ", ".join(
        "this program" if number == os.getpid() else f"{name} (process {number})"
        for number, name in holders(path)
    )


def ports_there() -> list[str]:
    """Return the serial ports of this machine, by names that last where there are any."""
    from serial.tools.list_ports import comports  # noqa: PLC0415  (slow to import, seldom needed)

    return sorted(lasting_name(port.device) for port in comports())
