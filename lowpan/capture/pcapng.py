"""Pcapng: sections of blocks; interfaces, then their frames (draft-ietf-opsawg-pcapng)."""

from collections.abc import Generator
from math import gcd

from lowpan.capture.blocks import Blocks
from lowpan.capture.pcapng_blocks import (
    BYTE_ORDERS,
    FORMATS,
    BlockType,
    Formats,
    InterfaceDescription,
    Option,
    OptionCode,
)
from lowpan.capture.record import LONGEST_RECORD, Interface, Record
from lowpan.errors import MalformedFrame

SECTION_HEADER = BlockType.SECTION_HEADER.to_bytes(4, "big")
"""The first four octets of every pcapng file: the same in both byte orders."""

LONGEST_BLOCK = 2 * LONGEST_RECORD
"""Octets of a block that lowpan reads at most: the longest frame, and as much about it."""

MOST_INTERFACES = 4096
"""In one section: more are damage, and would fill the memory."""

LONGEST_NAME = 256
"""Characters kept of the name and the description of an interface."""

_BILLION = 1_000_000_000


_Clock = tuple[Interface, int, int, int]
"""Of an interface: nanoseconds = ticks * 2nd // 3rd + 4th."""


class PcapngReader:
    """Reads the blocks of a file in order; knows the interfaces of the present section."""

    def __init__(self, blocks: Blocks) -> None:
        self.interfaces: list[Interface] = []
        self._blocks = blocks
        self._formats = FORMATS["little"]
        self._clocks: list[_Clock] = []
        self._number = 0
        self._foreign = False
        """The section has a version that is not known: its blocks are skipped."""

    def records(self) -> Generator[Record]:
        """Yield the records; raise CaptureError where the file is damaged."""
        blocks, at = self._blocks, 0
        index: int
        try:
            while True:
                octets, clocks = blocks.octets, self._clocks
                unpack, end = self._formats.enhanced_packet.unpack_from, len(octets)
                while at + 32 <= end:  # a short way for frames without options: the mass of a file
                    kind, size, index, high, low, length, original_length = unpack(octets, at)
                    at_next = at + size
                    if kind != 6 or size != (length + 35 & -4) or index >= len(clocks):
                        break
                    if length > LONGEST_RECORD or at_next > end:
                        break
                    if octets[at_next - 4 : at_next] != octets[at + 4 : at + 8]:
                        break
                    interface, multiplier, divisor, offset = clocks[index]
                    time_ns = (high << 32 | low) * multiplier // divisor + offset
                    self._number += 1
                    frame = octets[at + 28 : at + 28 + length]
                    yield Record(self._number, time_ns, frame, original_length, interface)
                    at = at_next
                size, wanted = self._measure(octets, at)
                if size and not wanted:
                    self._skip(at, size)
                    at = 0
                elif size and at + size <= end:
                    record = self._block(octets[at : at + size], blocks.offset + at)
                    at += size
                    if record is not None:
                        yield record
                elif blocks.advance(at):
                    at = 0
                else:
                    break
            if left := len(blocks.octets):
                raise blocks.damage(blocks.offset, f"the file ends {left} octets into a block")
        finally:
            blocks.close()

    def _measure(self, octets: bytes, at: int) -> tuple[int, bool]:
        """Return the size of the block at `at` and if we read it; 0 for one not yet at hand."""
        if len(octets) < at + 12:
            return 0, False
        if octets.startswith(SECTION_HEADER, at):
            byte_order = BYTE_ORDERS.get(octets[at + 8 : at + 12])
            if byte_order is None:
                raise self._blocks.damage(self._blocks.offset + at, "a section without byte order")
            self._formats = FORMATS[byte_order]
            self._foreign = False
        kind, size = self._formats.block.unpack_from(octets, at)
        wanted = kind in _READ_BLOCKS and not self._foreign
        if size < 12 or size & 3 or (wanted and size > LONGEST_BLOCK):
            reason = f"a block of {size} octets is announced"
            raise self._blocks.damage(self._blocks.offset + at, reason)
        return size, wanted

    def _skip(self, at: int, size: int) -> None:
        """Leave a block behind without ever holding all of it."""
        blocks, start = self._blocks, self._blocks.offset + at
        if not (blocks.skip(at + size - 4) and blocks.want(4)):
            raise blocks.damage(start, f"the file ends inside a block of {size} octets")
        self._check_end(blocks.octets[:4], size, start)
        blocks.skip(4)

    def _check_end(self, octets: bytes, size: int, start: int) -> None:
        (again,) = self._formats.length.unpack(octets)
        if again != size:
            reason = f"a block of {size} octets says at its end that it has {again}"
            raise self._blocks.damage(start, reason)

    def _block(self, block: bytes, start: int) -> Record | None:
        """Take in a whole block that stands at `start` of the file; return the frame in it."""
        self._check_end(block[-4:], len(block), start)
        kind, _ = self._formats.block.unpack_from(block)
        try:
            match kind:
                case BlockType.SECTION_HEADER:
                    self._section(block[8:-4])
                case BlockType.INTERFACE_DESCRIPTION:
                    self._interface(block[8:-4])
                case BlockType.SIMPLE_PACKET:
                    return self._simple_packet(block)
                case _:
                    return self._packet(kind, block)
        except (MalformedFrame, _Damage) as error:
            raise self._blocks.damage(start, str(error)) from error
        return None

    def _section(self, body: bytes) -> None:
        section = self._formats.section_header.decode_prefix(body)[0]
        self._foreign = section.version_major != 1
        self.interfaces = []
        self._clocks = []

    def _interface(self, body: bytes) -> None:
        if len(self.interfaces) == MOST_INTERFACES:
            raise _Damage(f"more than {MOST_INTERFACES} interfaces in a section")
        description = self._formats.interface_description.decode_prefix(body)[0]
        interface = described(description, len(self.interfaces), self._formats)
        self.interfaces.append(interface)
        common = gcd(_BILLION, interface.resolution)
        multiplier, divisor = _BILLION // common, interface.resolution // common
        self._clocks.append((interface, multiplier, divisor, interface.time_offset * _BILLION))

    def _packet(self, kind: int, block: bytes) -> Record:
        """Read an enhanced packet block, or the obsolete packet block."""
        if len(block) < 32:
            raise _Damage(f"{len(block)} octets are no room for a frame")
        index: int
        if kind == BlockType.PACKET:
            fields = self._formats.packet.unpack_from(block)
            index, (high, low, length, original_length) = fields[2], fields[4:]
        else:
            index, high, low, length, original_length = self._formats.enhanced_packet.unpack_from(
                block
            )[2:]
        if length > min(LONGEST_RECORD, len(block) - 32):
            raise _Damage(f"a frame of {length} octets in a block of {len(block)}")
        if index >= len(self._clocks):
            raise _Damage(f"a frame of interface {index}, which is not described")
        interface, multiplier, divisor, offset = self._clocks[index]
        comments = self._comments(block[28 + (length + 3 & -4) : -4])
        self._number += 1
        time_ns = (high << 32 | low) * multiplier // divisor + offset
        frame = block[28 : 28 + length]
        return Record(self._number, time_ns, frame, original_length, interface, comments)

    def _simple_packet(self, block: bytes) -> Record:
        if len(block) < 16 or not self.interfaces:
            raise _Damage("no room for a frame" if self.interfaces else "no interface is described")
        (original_length,) = self._formats.length.unpack_from(block, 8)
        length = min(original_length, self.interfaces[0].snap_length or original_length)
        if length > min(LONGEST_RECORD, len(block) - 16):
            raise _Damage(f"a frame of {length} octets in a block of {len(block)}")
        self._number += 1
        frame = block[12 : 12 + length]
        return Record(self._number, None, frame, original_length, self.interfaces[0])

    def _comments(self, octets: bytes) -> tuple[str, ...]:
        options = self._formats.options.decode_prefix(octets)[0].options
        return tuple(_text(option) for option in options if option.code == OptionCode.COMMENT)


class _Damage(Exception):
    """What is wrong with a block, for whoever knows where it stands."""


_READ_BLOCKS = frozenset(BlockType)


def described(description: InterfaceDescription, number: int, formats: Formats) -> Interface:
    """Return the interface that a description block tells of."""
    options: dict[int, Option] = {}
    for option in description.options:
        options.setdefault(option.code, option)

    def integer(code: OptionCode, size: int, missing: int) -> int:
        option = options.get(code)
        if option is None or len(option.value) != size:
            return missing
        return int.from_bytes(option.value, formats.byte_order, signed=size == 8)

    def text(code: OptionCode) -> str:
        return _text(options[code])[:LONGEST_NAME] if code in options else ""

    ticks = integer(OptionCode.INTERFACE_TIME_RESOLUTION, 1, 6)
    return Interface(
        link_type=description.link_type,
        number=number,
        name=text(OptionCode.INTERFACE_NAME),
        description=text(OptionCode.INTERFACE_DESCRIPTION),
        resolution=1 << (ticks & 0x7F) if ticks & 0x80 else 10**ticks,
        time_offset=integer(OptionCode.INTERFACE_TIME_OFFSET, 8, 0),
        snap_length=description.snap_length,
        fcs_length=_FCS_LENGTHS.get(integer(OptionCode.INTERFACE_FCS_LENGTH, 1, -1)),
    )


_FCS_LENGTHS = {0: 0, 2: 2, 4: 4, 16: 2, 32: 4}
"""if_fcslen -> octets.  The draft counts bits, and gives 4 as its example."""


def _text(option: Option) -> str:
    return option.value.rstrip(b"\0").decode("utf-8", "replace")
