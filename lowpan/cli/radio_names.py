"""Which names are radios, and which are captures."""

import re
import stat
import sys
from pathlib import Path

EXAMPLE_RADIO = "spinel:/dev/ttyACM0"
"""What the name of a radio looks like."""
_MEMORY = {"null", "zero", "full", "random", "urandom", "stdin", "stdout", "stderr", "tty"}
"""Character devices that are no serial ports; and open descriptors, which have any name."""


def is_radio(name: str) -> bool:
    """Tell whether `name` is a radio: a serial port, or a URI of an installed driver.

    A file that is there is a capture, whatever its name.
    """
    try:
        mode = Path(name).stat().st_mode
    except (OSError, ValueError):  # ValueError: a NUL in it
        return _is_absent_port(name) or has_radio_scheme(name)
    return stat.S_ISCHR(mode) and _is_port(name)


def has_radio_scheme(name: str) -> bool:
    """Tell whether `name` is a URI of an installed driver."""
    scheme, colon, _ = name.partition(":")
    if not colon or not re.fullmatch(r"[A-Za-z][A-Za-z0-9+.-]+", scheme):
        return False
    from lowpan.radio import radio_schemes  # noqa: PLC0415  (reads the installed packages)

    return scheme.lower() in radio_schemes()


def radio_target(name: str) -> str:
    """Return the file or device that the radio `name` is at, if it is at one."""
    path = name.partition("?")[0]
    return path.partition(":")[2] if has_radio_scheme(name) else path


def _is_port(name: str) -> bool:
    parts = Path(name).parts
    return parts[-1] not in _MEMORY and "fd" not in parts[-2:]


def _is_absent_port(name: str) -> bool:
    """Tell whether `name` can only mean a serial port, though there is none at the moment."""
    if sys.platform == "win32":
        return re.fullmatch(r"(?i)COM\d+", name.partition("?")[0]) is not None
    if name.startswith("/dev/shm/"):  # a place for files
        return False
    return name.startswith("/dev/") and _is_port(name.partition("?")[0])
