"""Writer: frames -> a pcap or pcapng file, or a pipe that Wireshark reads from."""

from pathlib import Path
from types import TracebackType
from typing import Literal, Self

from lowpan.capture.files import Named, Writable, is_stream, open_target
from lowpan.capture.linktype import WITH_FCS, WITH_TAP, octets_of
from lowpan.capture.pcap import FILE_HEADERS, NANOSECONDS, RECORD_HEADERS, FileHeader
from lowpan.capture.pcapng import MOST_INTERFACES
from lowpan.capture.pcapng_blocks import (
    FORMATS,
    BlockType,
    InterfaceDescription,
    Option,
    OptionCode,
    Options,
    SectionHeader,
)
from lowpan.capture.record import LONGEST_RECORD, Interface, Record
from lowpan.errors import CaptureError, FieldOutOfRange
from lowpan.radio import ReceivedFrame

Format = Literal["pcap", "pcapng"]

_PCAP_NAMES = {".pcap", ".cap", ".dmp"}

_PENDING = 1 << 16
"""Octets that wait at most until they are written together."""

_END = Option(OptionCode.END_OF_OPTIONS)


class CaptureWriter:
    """Writes frames to a capture; open_writer() makes one, a `with` block closes it.

    Times are written in nanoseconds; a frame without a time gets 1970, for no format can say
    that there is none.  Each method raises BrokenPipeError when whoever reads the pipe has gone,
    CaptureError if the file cannot be written, FieldOutOfRange for a frame that has no room.
    """

    def __init__(self, output: "_Output", form: "_Pcap | _Pcapng") -> None:
        self._output, self._form = output, form

    def write(self, frame: ReceivedFrame, comments: tuple[str, ...] = ()) -> None:
        """Write one frame; pcap has no room for comments and leaves them out."""
        interface = self._form.interface
        octets = octets_of(frame, interface.link_type, interface.fcs_length)
        self._put(Record(0, frame.time_ns, octets, len(octets), interface, comments))

    def copy(self, record: Record) -> None:
        """Write a record of another capture: as it is where the file can hold it so.

        A pcapng file takes any record with its interface and comments.  A pcap file that has
        another link type takes the frame in it, which raises what Interface.frame_of() does.
        """
        if self._form.holds(record.interface):
            self._put(record)
        else:
            self.write(record.interface.frame_of(record), record.comments)

    def flush(self) -> None:
        """Hand everything written so far to the system."""
        self._output.flush()

    def close(self) -> None:
        """Write what is left, and close the file unless the caller opened it."""
        self._output.close()

    def __enter__(self) -> Self:
        """Return the writer itself."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close the file."""
        self.close()

    def _put(self, record: Record) -> None:
        if len(record.octets) > LONGEST_RECORD or record.original_length >> 32:
            lengths = f"{len(record.octets)} octets of {record.original_length}"
            raise FieldOutOfRange(f"a capture has no room for a record of {lengths}")
        self._output.write(self._form.encode(record))


def open_writer(
    target: Named | Writable,
    *,
    form: Format | None = None,
    interface: Interface | None = None,
    flush_each: bool | None = None,
) -> CaptureWriter:
    """Begin a capture: at a path, `-` for standard output, or in a file that stays open.

    `form` follows from the name if not given: pcap for .pcap, .cap and .dmp, else pcapng.
    `interface` gives the link type and name that write() uses: if not given, link type 195 for
    pcap and 283 for pcapng.  `flush_each` hands over every frame at once, if not given to
    anything but a regular file.  Raises CaptureError if the file cannot be made.
    """
    name = target if isinstance(target, str) else str(getattr(target, "name", target))
    form = form or ("pcap" if Path(name).suffix.lower() in _PCAP_NAMES else "pcapng")
    made = _Pcap(interface) if form == "pcap" else _Pcapng(interface)
    header = made.header()  # nothing is opened for an interface that cannot be described
    output = _Output(target, flush_each)
    try:
        output.write(header)
        output.flush()  # who waits at the other end of a pipe wants to see that it works
    except BaseException:
        output.close()
        raise
    return CaptureWriter(output, made)


class _Pcap:
    """The pcap format (draft-ietf-opsawg-pcap)."""

    def __init__(self, interface: Interface | None) -> None:
        self.interface = interface or Interface(WITH_FCS)

    def header(self) -> bytes:
        link_type, fcs_length = self.interface.link_type, self.interface.fcs_length
        if fcs_length is not None:
            link_type |= fcs_length // 2 << 28 | 1 << 26
        return FILE_HEADERS["little"].encode(FileHeader(NANOSECONDS, link_type))

    def holds(self, interface: Interface) -> bool:
        mine = self.interface
        return interface.link_type == mine.link_type and interface.fcs_length == mine.fcs_length

    def encode(self, record: Record) -> bytes:
        seconds, fraction = divmod(record.time_ns or 0, 1_000_000_000)
        if seconds >> 32:
            raise FieldOutOfRange(f"pcap has no room for a time of {seconds} s since 1970")
        octets = record.octets
        pack = RECORD_HEADERS["little"].pack
        return pack(seconds, fraction, len(octets), record.original_length) + octets


class _Pcapng:
    """The pcapng format (draft-ietf-opsawg-pcapng): any number of interfaces."""

    def __init__(self, interface: Interface | None) -> None:
        self.interface = interface or Interface(WITH_TAP)
        self._at_once = interface is not None
        self._numbers: dict[Interface, int] = {}
        self._formats = FORMATS["little"]

    def header(self) -> bytes:
        """Begin a section."""
        self._numbers = {}
        application = Option(OptionCode.SECTION_USER_APPLICATION, b"lowpan")
        body = self._formats.section_header.encode(SectionHeader((application, _END)))
        section = self._block(BlockType.SECTION_HEADER, body)
        return section + (self._describe(self.interface) if self._at_once else b"")

    def holds(self, _: Interface) -> bool:
        return True

    def encode(self, record: Record) -> bytes:
        octets, time_ns, options, before = record.octets, record.time_ns or 0, b"", b""
        if time_ns >> 64:
            raise FieldOutOfRange(f"pcapng has no room for a time of {time_ns} ns since 1970")
        if record.comments:
            comments = (Option(OptionCode.COMMENT, _utf8(text)) for text in record.comments)
            options = self._formats.options.encode(Options((*comments, _END)))
        if record.interface not in self._numbers:
            if len(self._numbers) == MOST_INTERFACES:  # nobody reads more, and memory is bounded
                before = self.header()
            before += self._describe(record.interface)
        number, length = self._numbers[record.interface], len(octets)
        size = 32 + (length + 3 & -4) + len(options)
        times = time_ns >> 32, time_ns & 0xFFFFFFFF
        head = self._formats.enhanced_packet.pack(
            BlockType.ENHANCED_PACKET, size, number, *times, length, record.original_length
        )
        parts = before, head, octets, bytes(-length % 4), options, self._formats.length.pack(size)
        return b"".join(parts)

    def _describe(self, interface: Interface) -> bytes:
        """Return the description of `interface`, which has the next number from now on."""
        options = [
            Option(OptionCode.INTERFACE_NAME, _utf8(interface.name)),
            Option(OptionCode.INTERFACE_DESCRIPTION, _utf8(interface.description)),
            Option(OptionCode.INTERFACE_TIME_RESOLUTION, bytes([9])),  # nanoseconds
        ]
        if interface.fcs_length is not None:
            bits = bytes([interface.fcs_length * 8])
            options.append(Option(OptionCode.INTERFACE_FCS_LENGTH, bits))
        told = (*(option for option in options if option.value), _END)
        description = InterfaceDescription(interface.link_type, interface.snap_length, told)
        body = self._formats.interface_description.encode(description)
        self._numbers[interface] = len(self._numbers)
        return self._block(BlockType.INTERFACE_DESCRIPTION, body)

    def _block(self, kind: int, body: bytes) -> bytes:
        size = 12 + len(body)
        return self._formats.block.pack(kind, size) + body + self._formats.length.pack(size)


def _utf8(text: str) -> bytes:
    return text.encode("utf-8", "replace")  # stray octets of a path must not stop a capture


class _Output:
    """A file that octets are written to, with a buffer of its own.

    Python's would, when thrown away, try once more to write what a broken pipe has refused.
    """

    def __init__(self, target: Named | Writable, flush_each: bool | None) -> None:
        self._file, self._name, self._close = open_target(target)
        self._pending = bytearray()
        if flush_each is None:
            flush_each = is_stream(self._file)
        self._most = 0 if flush_each else _PENDING

    def write(self, octets: bytes) -> None:
        self._pending += octets
        if len(self._pending) > self._most:
            self.flush()

    def flush(self) -> None:
        octets, self._pending = memoryview(self._pending), bytearray()
        try:
            while octets:
                octets = octets[self._write(octets) :]
        except BrokenPipeError:
            raise
        except OSError as error:
            reason = error.strerror or error
            raise CaptureError(f"{self._name}: cannot be written: {reason}") from error

    def _write(self, octets: memoryview) -> int:
        written = self._file.write(octets)
        if written is None:
            raise OSError("it is in non-blocking mode and full")
        return written

    def close(self) -> None:
        try:
            self.flush()
        finally:
            self._close()
