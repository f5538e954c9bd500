"""Serial ports: pyserial opens and sets them up, then they are read in blocks."""

import errno
import os
from contextlib import suppress
from functools import partial
from pathlib import Path

import serial

from lowpan.errors import RadioError
from lowpan.radio import RadioUri
from lowpan_radios.line import Line, ReadyLine, ReadyWay, ThreadLine, WaitingWay
from lowpan_radios.port_names import held_by, ports_there

LOWEST_BAUDRATE, HIGHEST_BAUDRATE = 300, 12_000_000

NOT_THERE = {errno.ENOENT, errno.ENXIO, errno.ENODEV, errno.ENOTDIR}
REFUSED = {errno.EACCES, errno.EPERM}
BUSY = {errno.EBUSY, errno.EAGAIN}
"""EBUSY: the other holder asked for it alone (TIOCEXCL); EAGAIN: it holds the lock (flock)."""

ENDED = "unplugged"

READY = os.name == "posix"
"""Whether the event loop can watch the descriptor of a port."""


def open_serial(uri: RadioUri, baudrate: int) -> Line:
    """Open the port for us alone; raise RadioError with the cause and the cure."""
    port = _open_port(uri, baudrate)
    if not READY:
        read, cancel = partial(_read_some, port), partial(_cancel, port)
        return WaitingSerial(uri, port, WaitingWay(read, port.write, cancel, port.close))
    descriptor = port.fileno()
    _take_alone(port)
    read, write = partial(os.read, descriptor), partial(os.write, descriptor)
    way = ReadyWay(descriptor, read, write, partial(_give_back, port))
    return ReadySerial(uri, port, way)


class ReadySerial(ReadyLine):
    """A port whose descriptor the event loop watches."""

    def __init__(self, uri: RadioUri, port: serial.Serial, way: ReadyWay) -> None:
        super().__init__(uri.text, ENDED, way)
        self._uri, self._port = uri, port

    def set_baudrate(self, baudrate: int) -> None:
        """Go on at another speed; see Stream."""
        _set_baudrate(self._uri, self._port, baudrate)


class WaitingSerial(ThreadLine):
    """A port read and written by threads."""

    def __init__(self, uri: RadioUri, port: serial.Serial, way: WaitingWay) -> None:
        super().__init__(uri.text, ENDED, way)
        self._uri, self._port = uri, port

    def set_baudrate(self, baudrate: int) -> None:
        """Go on at another speed; see Stream."""
        _set_baudrate(self._uri, self._port, baudrate)


def _set_baudrate(uri: RadioUri, port: serial.Serial, baudrate: int) -> None:
    try:
        port.baudrate = baudrate
    except (serial.SerialException, OSError, ValueError) as error:
        raise _no_such_speed(uri, baudrate) from error


def _open_port(uri: RadioUri, baudrate: int) -> serial.Serial:
    baudrate = uri.integer("baudrate", baudrate, low=LOWEST_BAUDRATE, high=HIGHEST_BAUDRATE)
    rtscts, xonxoff = uri.flag("rtscts", False), uri.flag("xonxoff", False)
    path = uri.target
    if not path:
        raise RadioError(f"{uri.text}: names no port", _choice())
    try:
        return serial.Serial(
            path,
            baudrate,
            rtscts=rtscts,
            xonxoff=xonxoff,
            exclusive=True,
            inter_byte_timeout=0,  # VMIN = 1: no octets means unplugged, not that none came yet
        )
    except (serial.SerialException, OSError) as error:
        raise _explained(uri, path, error) from error
    except ValueError as error:  # what pyserial says of a speed that the port does not take
        raise _no_such_speed(uri, baudrate) from error
    except Exception as error:
        if type(error).__module__ != "termios":  # which other systems have not
            raise
        raise _explained(uri, path, OSError(*error.args)) from error  # unplugged just now


def _no_such_speed(uri: RadioUri, baudrate: int) -> RadioError:
    cure = "take one that it has, such as ?baudrate=115200 or ?baudrate=460800"
    return RadioError(f"{uri.text}: {uri.target} does not run at {baudrate} baud", cure)


def _explained(uri: RadioUri, path: str, error: OSError) -> RadioError:
    number = error.errno
    if number in NOT_THERE or (number is None and not READY and "FileNotFound" in str(error)):
        return RadioError(f"{uri.text}: there is no {path}", _choice())
    if number in REFUSED:
        if READY:
            return RadioError(f"{uri.text}: no permission to open {path}", how_to_be_let_in(path))
        return RadioError(f"{uri.text}: {path} is in use", "end the program that has it open")
    if number in BUSY:
        who = held_by(path)
        by = f" by {who}" if who else ""
        return RadioError(f"{uri.text}: {path} is in use{by}", how_to_free(who))
    if number is None and "configure port" in str(error):  # termios refused it
        return RadioError(f"{uri.text}: {path} is no serial port", _choice())
    return RadioError(f"{uri.text}: cannot open {path}: {_why(error)}", _choice())


def _why(error: OSError) -> str:
    return os.strerror(error.errno) if error.errno else str(error)


def _choice() -> str:
    there = ports_there()
    if not there:
        return "plug the radio in: this machine has no serial port now"
    return "there is " + ", ".join(there[:6]) + (", ..." if len(there) > 6 else "")


def how_to_be_let_in(path: str) -> str:
    """Return what gives us the permission to open the port."""
    if (group := _group(path)) in ("", "root"):
        return f"let a udev rule give {path} to a group that you are in (docs: radios/serial)"
    return f"join its group and log in again: sudo usermod -aG {group} $USER"


def _group(path: str) -> str:
    with suppress(OSError, KeyError):  # unknown groups are told of in the other way
        return Path(path).group()
    return ""


def how_to_free(who: str) -> str:
    """Return what makes `who` leave a port; empty: whoever has it."""
    if not who or "ModemManager" in who:
        return (
            "if it is ModemManager: sudo systemctl stop ModemManager, or keep it off the port "
            "by the udev rule ENV{ID_MM_DEVICE_IGNORE}=1"
        )
    return "end it, or take another port"


def _take_alone(port: serial.Serial) -> None:
    """Let also programs that do not ask for the lock be refused, and octets come at once."""
    import fcntl  # noqa: PLC0415  (not on every system)
    import termios  # noqa: PLC0415

    with suppress(OSError):  # a port that cannot is still locked
        fcntl.ioctl(port.fileno(), termios.TIOCEXCL)
    with suppress(AttributeError, NotImplementedError, OSError, ValueError):
        port.set_low_latency_mode(True)  # FTDI chips keep octets for 16 ms; others have no such


def _give_back(port: serial.Serial) -> None:
    import fcntl  # noqa: PLC0415
    import termios  # noqa: PLC0415

    with suppress(OSError, termios.error, serial.SerialException):  # unplugged: nothing waits
        termios.tcflush(port.fileno(), termios.TCOFLUSH)  # close() would wait for it to be sent
        fcntl.ioctl(port.fileno(), termios.TIOCNXCL)
    port.close()


def _read_some(port: serial.Serial) -> bytes:
    first = port.read(1)
    return first + port.read(port.in_waiting) if first else b""


def _cancel(port: serial.Serial) -> None:
    port.cancel_read()
    port.cancel_write()
