"""Descriptors that somebody has opened for us: `fd:5`, a terminal or a socket."""

import os
from functools import partial

from lowpan.errors import RadioError
from lowpan.radio import RadioUri
from lowpan_radios.line import Line, ReadyLine, ReadyWay

ENDED = "the other end has closed it"


def open_descriptor(uri: RadioUri) -> Line:
    """Open the line at a descriptor of this process; the descriptor itself stays with its owner.

    It becomes non-blocking, also for its owner, and a terminal becomes raw.
    """
    text = uri.target.removeprefix("fd:")
    cure = "write fd:NUMBER with a descriptor that is open in this process"
    if os.name != "posix":
        raise RadioError(f"{uri.text}: this system has no such descriptors", "use tcp://host:port")
    if not text.isdecimal():
        raise RadioError(f"{uri.text}: names no descriptor", cure)
    try:
        descriptor = os.dup(int(text))
    except (OSError, OverflowError) as error:
        raise RadioError(f"{uri.text}: descriptor {text} is not open", cure) from error
    try:
        os.set_blocking(descriptor, False)
        _make_raw(descriptor)
    except BaseException:
        os.close(descriptor)
        raise
    read, write = partial(os.read, descriptor), partial(os.write, descriptor)
    way = ReadyWay(descriptor, read, write, partial(os.close, descriptor))
    return ReadyLine(uri.text, ENDED, way)


def _make_raw(descriptor: int) -> None:
    if os.isatty(descriptor):
        import tty  # noqa: PLC0415  (not on every system)

        tty.setraw(descriptor)
