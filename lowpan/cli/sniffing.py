"""What `lowpan sniff` does: frames in; lines, counts or a capture out."""

import json
import os
import re
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import dataclass, field
from itertools import islice

from lowpan.capture.decoded import DecodedFrame
from lowpan.capture.field import Field
from lowpan.capture.fields import DEFAULT_FIELDS, UnknownField, find_field
from lowpan.capture.rows import Row, json_function, row_function
from lowpan.capture.statistics import Statistics
from lowpan.cli.copying import CopiedRecords, Copy, refuse_same_file
from lowpan.cli.live_options import TuningOptions
from lowpan.cli.output import Output
from lowpan.cli.progress import watched
from lowpan.cli.radio_names import EXAMPLE_RADIO, is_radio
from lowpan.cli.report import CommandError, report
from lowpan.cli.row_options import row_settings
from lowpan.cli.source import KeyOptions, given_by, open_source, open_source_records
from lowpan.cli.tables import plain_tables, print_rich_tables
from lowpan.cli.text import TextLines, coloured, plain, wants_colour
from lowpan.errors import CaptureError

Show = Callable[[Iterable[DecodedFrame]], None]
"""Function that shows all frames, in their order."""


@dataclass(frozen=True, slots=True)
class SniffOptions:
    """The options of `lowpan sniff`."""

    capture: str
    """Or a radio."""
    form: str = "text"
    """text, fields or json."""
    fields: tuple[str, ...] = ()
    settings: tuple[str, ...] = ()
    """As in tshark's -E: NAME=VALUE."""
    whole_tree: bool = False
    octets: bool = False
    statistics: bool = False
    count: int | None = None
    write: str | None = None
    colour: str = "auto"
    """auto, always or never."""
    keys: KeyOptions = field(default_factory=KeyOptions)
    tuning: TuningOptions = field(default_factory=TuningOptions)
    wireshark: bool = False

    @property
    def shows_nothing(self) -> bool:
        """Whether frames are written and no sort of output was asked for."""
        asked = self.form != "text" or self.whole_tree or self.octets or self.statistics
        return (self.write is not None or self.wireshark) and not asked


def sniff(options: SniffOptions) -> int:
    """Do it and return the exit status; raise CommandError for what the user can mend."""
    if is_radio(options.capture):
        from lowpan.cli.live import sniff_radio  # noqa: PLC0415  (with asyncio, rich, ...)

        return sniff_radio(options)
    _refuse_strange_scheme(options.capture)
    _refuse_radio_options(options)
    if options.write is not None:
        refuse_same_file(options.capture, options.write)
    damage: CaptureError | None = None
    with Output() as output, ExitStack() as stack:
        damage = (_copy if options.shows_nothing else _show)(options, output, stack)
    if damage is None:
        return 0
    report(str(damage))
    return 2


def nothing_named() -> CommandError:
    """Return what to say where neither a capture nor a radio is named: which radios are here.

    None is taken without being named: the only port may be another machine's.
    """
    from lowpan.radio.finding import find_radios  # noqa: PLC0415  (looks through the system)

    here = [radio.uri for radio in find_radios() if radio.hardware or radio.kind != "serial"]
    cause = "neither a capture nor a radio is named"
    if here:
        more = "; `lowpan radios` lists all" if len(here) > 1 else ""
        return CommandError(cause, f"here is a radio, perhaps: lowpan sniff {here[0]}{more}")
    return CommandError(cause, f"lowpan sniff capture.pcapng, or lowpan sniff {EXAMPLE_RADIO}")


def _refuse_strange_scheme(name: str) -> None:
    """Raise CommandError for what looks like the URI of a radio that no driver opens."""
    scheme, colon, _ = name.partition(":")
    if colon and re.fullmatch(r"[A-Za-z][A-Za-z0-9+.-]+", scheme) and not os.path.lexists(name):
        from lowpan.radio import radio_schemes  # noqa: PLC0415  (reads the installed packages)

        cure = f"there are {', '.join(sorted(radio_schemes()))}"
        raise CommandError(f"{name}: no such file, and no driver {scheme}", cure)


def _refuse_radio_options(options: SniffOptions) -> None:
    option = options.tuning.first_given or ("--wireshark" if options.wireshark else "")
    if option:
        cause = f"{option} is for radios, and {options.capture} is none"
        raise CommandError(cause, f"leave it out, or give a radio such as {EXAMPLE_RADIO}")


def _copy(options: SniffOptions, output: Output, stack: ExitStack) -> CaptureError | None:
    """Write the frames; return why not all of them."""
    copy = stack.enter_context(Copy(options.write or "-"))
    records = open_source_records(options.capture, stack, output.flush)
    remaining = islice(records, options.count)
    while True:
        try:
            record = next(remaining, None)
        except CaptureError as damage:
            return damage
        if record is None:
            return None
        copy.add(record)


def _show(options: SniffOptions, output: Output, stack: ExitStack) -> CaptureError | None:
    """Show the frames, and write them if wanted; return why not all of them."""
    if options.write == "-":
        raise CommandError(
            "-w - writes the capture where the output would go", "give -w a file, or no output form"
        )
    show = shower(options, output)
    given = given_by(options.keys, os.environ)
    capture = open_source(options.capture, given, stack, output.flush)
    if options.write is not None:
        copy = stack.enter_context(Copy(options.write))
        capture.records = CopiedRecords(capture.records, copy)
    frames = watched(capture, capture.records, wanted=not output.is_terminal)
    show(islice(frames, options.count))
    return capture.damage


def shower(options: SniffOptions, output: Output) -> Show:
    """Return what shows frames as the options ask; raise CommandError where they disagree."""
    if options.fields and options.form == "text":
        raise CommandError("-e FIELD without -T fields or -T json", "add -T fields")
    if options.settings and options.form != "fields":
        raise CommandError("-E without -T fields", "add -T fields")
    if options.form != "text" and (options.whole_tree or options.octets):
        raise CommandError(f"-v and -x do not go with -T {options.form}", "leave them out")
    if options.statistics:
        return _statistics_shower(options, output)
    if options.form == "fields":
        return _fields_shower(options, output)
    if options.form == "json":
        return _line_shower(json_function(_chosen(options.fields) or DEFAULT_FIELDS), output)
    paint = coloured() if wants_colour(options.colour, output.is_terminal) else plain
    lines = TextLines(paint, whole_tree=options.whole_tree, octets=options.octets)

    def show(frames: Iterable[DecodedFrame]) -> None:
        for decoded in frames:
            for line in lines(decoded):
                output.line(line)

    return show


def _chosen(names: Iterable[str]) -> list[Field]:
    try:
        return [find_field(name) for name in names]
    except UnknownField as error:
        raise CommandError(str(error), "`lowpan fields` lists them all") from error


def _fields_shower(options: SniffOptions, output: Output) -> Show:
    chosen = _chosen(options.fields)
    if not chosen:
        raise CommandError("-T fields without -e FIELD", "`lowpan fields` lists the fields")
    style, header = row_settings(options.settings)
    show_rows = _line_shower(row_function(chosen, style), output)

    def show(frames: Iterable[DecodedFrame]) -> None:
        if header:
            output.line(style.separator.join(field.name for field in chosen))
        show_rows(frames)

    return show


def _line_shower(row: Row, output: Output) -> Show:
    """Return what shows one line for each frame, with as little as possible in between."""

    def show(frames: Iterable[DecodedFrame]) -> None:
        lines, most = output.lines, output.most_lines
        add = lines.append
        for decoded in frames:
            add(row(decoded))
            if len(lines) >= most:
                output.flush()

    return show


def _statistics_shower(options: SniffOptions, output: Output) -> Show:
    if options.form == "fields" or options.whole_tree or options.octets:
        raise CommandError("--stats shows counts only", "use --stats alone or with -T json")

    def show(frames: Iterable[DecodedFrame]) -> None:
        statistics = Statistics()
        try:
            for decoded in frames:
                statistics.add(decoded)
        finally:  # who interrupts wants to see what was counted
            if options.form == "json":
                output.line(json.dumps(statistics.as_json(), ensure_ascii=False))
            elif output.is_terminal:
                print_rich_tables(statistics)
            else:
                for line in plain_tables(statistics):
                    output.line(line)

    return show
