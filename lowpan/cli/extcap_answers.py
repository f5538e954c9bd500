"""What Wireshark asks of an extcap program, and the answers (extcap's documentation, version 4).

Answers are lines of `word {name=value}...`; frames go into a FIFO that Wireshark reads.
"""

import os
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from importlib import import_module
from typing import Any

from lowpan.capture.formats import printable
from lowpan.capture.linktype import WITH_TAP
from lowpan.cli.extcap_radios import Listed, radios_to_list
from lowpan.cli.live_options import TuningOptions, channels_of
from lowpan.cli.report import CommandError

HELP = "https://www.wireshark.org/docs/man-pages/extcap.html"
_PAGES = 31
"""The highest channel page that can be asked for."""


@dataclass(frozen=True, slots=True)
class ExtcapOptions:
    """The options that Wireshark gives."""

    interfaces: bool = False
    version: str | None = None
    interface: str | None = None
    link_types: bool = False
    config: bool = False
    capture: bool = False
    fifo: str | None = None
    capture_filter: str | None = None
    channel: str | None = None
    hop: str | None = None
    page: str | None = None


def answer(options: ExtcapOptions) -> int:
    """Do what Wireshark wants and return the exit status; raise CommandError or RadioError."""
    if options.interfaces:
        lines = interface_lines(import_module("lowpan").__version__, radios_to_list(os.environ))
    elif options.interface is None:
        cure = "Wireshark runs it; `lowpan extcap --install` lets Wireshark find it"
        raise CommandError("lowpan extcap is to be told what to do", cure)
    elif options.link_types:
        lines = link_type_lines()
    elif options.config:
        lines = setting_lines()
    elif options.capture:
        return _capture(options, options.interface)
    else:  # a filter to be checked: whatever is said means that it is wrong
        lines = iter(["capture filters are not evaluated"] if options.capture_filter else [])
    for line in lines:
        print(line)
    sys.stdout.flush()
    return 0


def _capture(options: ExtcapOptions, radio: str) -> int:
    if options.fifo is None:
        raise CommandError("--capture without --fifo", "name the FIFO to write into")
    tuning = TuningOptions(options.channel or None, _page(options.page), _hop(options))
    work: Any = import_module("lowpan.cli.extcap_capture")
    work.capture(radio, options.fifo, tuning)
    return 0


def _page(text: str | None) -> int | None:
    if not text:
        return None
    if not (text.isascii() and text.isdigit() and int(text) <= _PAGES):
        raise CommandError(f"--page: {text!r} is no channel page", f"--page takes 0..{_PAGES}")
    return int(text)


def _hop(options: ExtcapOptions) -> str | None:
    """Return the time on each channel; Wireshark gives it also with one channel or none."""
    several = bool(options.channel) and len(channels_of(options.channel or "")) > 1
    return (options.hop or None) if several else None


def interface_lines(version: str, radios: list[Listed]) -> Iterator[str]:
    """Yield the answer to `--extcap-interfaces`."""
    yield f"extcap {{version={version}}}{{help={HELP}}}{{display=lowpan}}"
    for radio in radios:
        display = f"{radio.uri}, {radio.display}" if radio.display else radio.uri
        yield f"interface {{value={radio.uri}}}{{display=lowpan: {_plain(display)}}}"


def link_type_lines() -> Iterator[str]:
    """Yield the answer to `--extcap-dlts`."""
    yield f"dlt {{number={WITH_TAP}}}{{name=IEEE802_15_4_TAP}}{{display=IEEE 802.15.4 TAP}}"


def setting_lines() -> Iterator[str]:
    """Yield the answer to `--extcap-config`; no value may hold a brace."""
    yield (
        "arg {number=0}{call=--channel}{display=Channels}{type=string}"
        "{tooltip=15, or 11-26, or 11,15,20-26; empty: as the radio has it}"
        r"{validation=^(\d+(-\d+)?(,\d+(-\d+)?)*)?$}"
    )
    yield (
        "arg {number=1}{call=--hop}{display=Time on each channel}{type=string}{default=250ms}"
        "{tooltip=Such as 250ms or 2s, for several channels}"
        r"{validation=^\d+(\.\d+)?(ms|s|min)$}"
    )
    yield (
        "arg {number=2}{call=--page}{display=Channel page}{type=string}"
        "{tooltip=0 in the 2450 MHz band; empty: as the radio has it}"
        r"{validation=^(\d\d?)?$}"
    )


def _plain(text: str) -> str:
    """Return `text` without what would end a value."""
    return printable(text).replace("{", "(").replace("}", ")")
