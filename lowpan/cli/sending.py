"""What `lowpan send` does: frames in; one line for each, and a summary, out."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from contextlib import ExitStack
from dataclasses import dataclass, field
from pathlib import Path

from lowpan.aio.tuning import Tuning, open_tuned
from lowpan.capture.files import open_source
from lowpan.capture.reader import open_records
from lowpan.cli.output import Output
from lowpan.cli.report import CommandError
from lowpan.errors import CaptureError, FieldOutOfRange, MalformedFrame
from lowpan.radio import Radio, RadioCapability, TransmitOutcome, TransmitParameters, TransmitStatus
from lowpan.wire.fcs import has_good_fcs16

LONGEST_LINE = 1024
"""Characters of a line of hexadecimal: a frame has 127 octets."""

_CAPTURES = (
    *(bytes.fromhex("a1b2c3d4"), bytes.fromhex("d4c3b2a1"), bytes.fromhex("a1b23c4d")),
    *(bytes.fromhex("4d3cb2a1"), bytes.fromhex("0a0d0d0a"), b"\x1f\x8b"),
)
"""How captures begin, gzipped ones too."""

_ACKNOWLEDGMENT_REQUEST = 0x20
_SEPARATORS = str.maketrans("", "", " \t:-")


@dataclass(frozen=True, slots=True)
class SendOptions:
    """The options of `lowpan send`."""

    frames: tuple[str, ...] = ()
    """Hexadecimal."""
    file: str | None = None
    channel: int | None = None
    page: int | None = None
    count: int = 1
    interval: float | None = None
    """Seconds."""
    no_csma: bool = False
    retries: int = 3
    fcs: bool = False


@dataclass(slots=True)
class Tally:
    """What became of all frames."""

    statuses: Counter[TransmitStatus] = field(default_factory=Counter[TransmitStatus])
    fastest: int | None = None
    """Microseconds."""
    slowest: int = 0
    total: int = 0

    def add(self, outcome: TransmitOutcome) -> None:
        """Take in one outcome."""
        self.statuses[outcome.status] += 1
        duration = outcome.duration_us or 0
        self.fastest = duration if self.fastest is None else min(duration, self.fastest)
        self.slowest = max(duration, self.slowest)
        self.total += duration

    def lines(self, uri: str) -> Iterator[str]:
        """Yield the summary."""
        frames = self.statuses.total()
        yield f"--- {uri} ---"
        parts = [
            f"{frames} frame{'s' if frames != 1 else ''}",
            f"{self.statuses[TransmitStatus.SUCCESS]} went well",
        ]
        parts += [
            f"{number} {status.value}"
            for status, number in self.statuses.items()
            if status is not TransmitStatus.SUCCESS
        ]
        yield ", ".join(parts)
        if self.fastest is not None:
            times = (self.fastest, self.total / frames, self.slowest)
            yield "min/mean/max " + "/".join(f"{each / 1000:.1f}" for each in times) + " ms"


def send(uri: str, options: SendOptions) -> int:
    """Do it and return the exit status; raise CommandError for what the user can mend."""
    if bool(options.frames) == (options.file is not None):
        cure = "`lowpan send RADIO 030801ffffffff07`, or --file FILE"
        raise CommandError("give frames, or a file of them", cure)
    given = [_octets(text, "HEX", fcs=options.fcs) for text in options.frames]
    tally = Tally()
    with Output() as output, ExitStack() as stack:
        output.most_lines = 1
        frames = _of_file(options, stack) if options.file is not None else _repeated(given, options)
        try:
            asyncio.run(_send(uri, options, frames, tally, output))
        finally:
            if tally.statuses:
                for line in tally.lines(uri):
                    output.line(line)
    return 0 if set(tally.statuses) <= {TransmitStatus.SUCCESS} else 1


async def _send(
    uri: str, options: SendOptions, frames: Iterator[bytes], tally: Tally, output: Output
) -> None:
    tuning = Tuning(() if options.channel is None else (options.channel,), options.page)
    interval = options.interval
    if interval is None:
        interval = 1.0 if options.file is None else 0.0
    parameters = TransmitParameters(csma=not options.no_csma, max_frame_retries=options.retries)
    async with await open_tuned(uri, tuning) as radio:
        output.line(f"{radio.description}, channel {radio.settings.channel}")
        for number, psdu in enumerate(frames, start=1):
            if number > 1 and interval:
                await asyncio.sleep(interval)
            try:
                outcome = await radio.transmit(psdu, parameters)
            except FieldOutOfRange as error:
                cure = "--fcs leaves the FCS out, which the radio writes"
                raise CommandError(f"frame {number}: {error}", cure) from error
            tally.add(outcome)
            output.line(f"frame {number}, {len(psdu)} octets: {told(radio, psdu, outcome)}")


def told(radio: Radio, psdu: bytes, outcome: TransmitOutcome) -> str:
    """Return what became of `psdu`, as far as the radio tells."""
    parts = [outcome.status.value]
    if outcome.status is TransmitStatus.SUCCESS:
        parts = ["sent"]
        if psdu[0] & _ACKNOWLEDGMENT_REQUEST:
            waits = RadioCapability.ACK_TIMEOUT in radio.capabilities
            parts.append("acknowledged" if waits else "and nobody waited for its acknowledgment")
    if outcome.transmissions is not None:
        times = "transmission" if outcome.transmissions == 1 else "transmissions"
        parts.append(f"{outcome.transmissions} {times}")
    if outcome.ack is not None and outcome.ack.rssi is not None:
        parts.append(f"ack at {outcome.ack.rssi:.0f} dBm")
    if outcome.duration_us is not None:
        parts.append(f"{outcome.duration_us / 1000:.1f} ms")
    if outcome.reason:
        parts.append(outcome.reason)
    return ", ".join(parts)


def _repeated(frames: list[bytes], options: SendOptions) -> Iterator[bytes]:
    for _ in range(options.count):
        yield from frames


def _of_file(options: SendOptions, stack: ExitStack) -> Iterator[bytes]:
    """Yield the frames of the file, as often as wanted; raise CommandError."""
    name = options.file or "-"
    if name == "-" and options.count > 1:
        raise CommandError("--count with standard input", "give --file a file, or leave it out")
    for _ in range(options.count):
        yield from _of_capture(name) if _is_capture(name) else _of_lines(name, options, stack)


def _is_capture(name: str) -> bool:
    if name == "-":
        return False
    try:
        with Path(name).open("rb") as file:
            return file.read(4).startswith(_CAPTURES)
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", error)
        raise CommandError(f"--file {name}: {reason}", "give the path of a file") from error


def _of_capture(name: str) -> Iterator[bytes]:
    """Yield the frames of a capture, without their FCS."""
    try:
        with open_records(name) as records:
            for record in records:
                try:
                    yield record.interface.frame_of(record).psdu
                except MalformedFrame as error:
                    cause = f"--file {name}: frame {record.number}: {error}"
                    raise CommandError(cause, "take the frame out of the capture") from error
    except CaptureError as error:
        raise CommandError(f"--file {error}", "give a capture that is whole") from error


def _of_lines(name: str, options: SendOptions, stack: ExitStack) -> Iterator[bytes]:
    """Yield the frame of each line; `#` begins a remark."""
    try:
        file, name, close = open_source(name)
    except CaptureError as error:
        raise CommandError(f"--file {error}", "give the path of a file") from error
    stack.callback(close)
    for number, line in enumerate(_lines(file), start=1):
        text = line.partition("#")[0].strip()
        if text:
            yield _octets(text, f"{name}, line {number}", fcs=options.fcs)


def _lines(file: object) -> Iterator[str]:
    """Yield the lines of a file of octets; one that is too long comes in pieces."""
    readline = getattr(file, "readline", None)
    while readline is not None and (line := readline(LONGEST_LINE)):
        yield line.decode("ascii", "replace")


def _octets(text: str, where: str, *, fcs: bool) -> bytes:
    """Return the frame that `text` is, without its FCS; raise CommandError."""
    try:
        octets = bytes.fromhex(text.translate(_SEPARATORS).removeprefix("0x"))
    except ValueError:
        cure = "write octets in pairs of hex digits, such as 030801ffffffff07"
        raise CommandError(f"{where}: {text[:40]!r} is no hexadecimal", cure) from None
    if not fcs:
        return octets
    if not has_good_fcs16(octets):
        cure = "leave --fcs out if the frame has none"
        raise CommandError(f"{where}: the last two octets are not the FCS of the others", cure)
    return octets[:-2]
