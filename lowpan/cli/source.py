"""Where frames come from, and what is known before the first one."""

import stat
import sys
from collections.abc import Callable, Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from lowpan.capture.blocks import BLOCK
from lowpan.capture.files import Readable
from lowpan.capture.key_sources import (
    Given,
    keys_in_environment,
    parse_context,
    parse_dataset,
    parse_raw_key,
    parse_thread_key,
    read_key_file,
)
from lowpan.capture.reader import Records, open_records
from lowpan.capture.session import Capture, open_capture
from lowpan.capture.wireshark_profile import read_profile
from lowpan.cli.radio_names import EXAMPLE_RADIO
from lowpan.cli.report import CommandError
from lowpan.errors import CaptureError, KeyFormatError

_CURE = (
    "give the path of a pcap or pcapng file, or - for standard input;"
    f" or a radio such as {EXAMPLE_RADIO}"
)


@dataclass(frozen=True, slots=True)
class KeyOptions:
    """The options that tell of keys and networks, as they were written."""

    keys: tuple[str, ...] = ()
    raw_keys: tuple[str, ...] = ()
    datasets: tuple[str, ...] = ()
    key_files: tuple[str, ...] = ()
    profiles: tuple[str, ...] = ()
    contexts: tuple[str, ...] = ()
    ignore_fcs: bool = False


def given_by(options: KeyOptions, environment: Mapping[str, str]) -> Given:
    """Return what options and environment tell; raise CommandError, which quotes no key."""
    readers: list[tuple[str, str, Iterable[str], Callable[[str], Given]]] = [
        ("--profile", "a directory of Wireshark's", options.profiles, _profile),
        ("--keys", "lines `thread HEX`, `raw HEX` or `dataset HEX`", options.key_files, _key_file),
        ("--dataset", "the TLVs in hexadecimal", options.datasets, parse_dataset),
        ("--key", "32 hexadecimal digits", options.keys, _thread_key),
        ("--raw-key", "32 hexadecimal digits[,mode=N][,index=N]", options.raw_keys, _raw_key),
        ("--context", "N=PREFIX/LENGTH", options.contexts, _context),
    ]
    given = Given(ignore_fcs=options.ignore_fcs)
    try:
        given.add(keys_in_environment(environment))
    except KeyFormatError as error:
        raise CommandError(str(error), "LOWPAN_KEYS holds lines as a file of --keys does") from None
    for option, form, texts, read in readers:
        for text in texts:
            try:
                given.add(read(text))
            except KeyFormatError as error:
                raise CommandError(f"{option}: {error}", f"{option} takes {form}") from None
    return given


def _profile(text: str) -> Given:
    return read_profile(Path(text))


def _key_file(text: str) -> Given:
    return read_key_file(Path(text))


def _thread_key(text: str) -> Given:
    return Given(keys=[parse_thread_key(text)])


def _raw_key(text: str) -> Given:
    return Given(keys=[parse_raw_key(text)])


def _context(text: str) -> Given:
    return Given(contexts=dict([parse_context(text)]))


def open_source(
    name: str, given: Given, stack: ExitStack, before_read: Callable[[], None]
) -> Capture:
    """Open what `name` names: a capture file, a pipe, or `-`; raise CommandError.

    `stack` closes it.  `before_read` is called before each read that may have to wait.
    """
    try:
        return stack.enter_context(open_capture(_readable(name, stack, before_read), given))
    except CaptureError as error:
        raise CommandError(str(error), _CURE) from error


def open_source_records(name: str, stack: ExitStack, before_read: Callable[[], None]) -> Records:
    """Do the same for records that nobody wants decoded."""
    try:
        return stack.enter_context(open_records(_readable(name, stack, before_read)))
    except CaptureError as error:
        raise CommandError(str(error), _CURE) from error


def _readable(name: str, stack: ExitStack, before_read: Callable[[], None]) -> str | Readable:
    """Return the path of a regular file as it is, anything else as a file read with patience."""
    if _is_regular(name):
        return name
    if name == "-":
        if sys.stdin is None:  # a daemon's
            raise CaptureError("-: there is no standard input")
        return Patient(sys.stdin.buffer, name, before_read)
    try:
        file = stack.enter_context(Path(name).open("rb", buffering=0))  # noqa: SIM115  (it is)
    except (OSError, ValueError) as error:  # ValueError: a NUL in the path
        raise CaptureError(f"{name}: {getattr(error, 'strerror', error)}") from error
    return Patient(file, name, before_read)


def _is_regular(name: str) -> bool:
    try:
        return name != "-" and stat.S_ISREG(Path(name).stat().st_mode)
    except (OSError, ValueError):
        return False


class Patient:
    """A file that says so before it waits for more octets."""

    def __init__(self, file: Any, name: str, before_read: Callable[[], None]) -> None:
        self._read = getattr(file, "read1", file.read)
        self.fileno: Callable[[], int] = file.fileno
        self.name = name
        self._before_read = before_read

    def read(self, size: int = BLOCK) -> bytes | None:
        """Return what is there, at most `size` octets."""
        self._before_read()
        octets: bytes | None = self._read(size)
        return octets
