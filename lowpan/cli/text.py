"""Frames as lines of text, with or without colour."""

import os
from collections.abc import Callable, Iterator

from lowpan.capture.decoded import DecodedFrame
from lowpan.capture.rows import Times
from lowpan.capture.summary import ends_of, is_faulty, protocol_of, says
from lowpan.capture.tree import hex_dump, tree

_COLOURS = {
    "MLE": "green",
    "UDP": "cyan",
    "ICMPv6": "magenta",
    "6LoWPAN": "yellow",
    "802.15.4": "bright_black",
}
"""By protocol; any other is blue, and what is wrong is red."""
_OTHERS, _FAULTY = "blue", "red"
_ENDS_WIDTH = 44
"""Columns for both addresses; longer ones push the rest to the right."""

Paint = Callable[[str, str], str]
"""Function of a text and the colour to give it."""


def wants_colour(choice: str, is_terminal: bool) -> bool:
    """Return whether to use colour; `choice` is always, never or auto."""
    if choice != "auto":
        return choice == "always"
    return is_terminal and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def plain(text: str, _: str) -> str:
    """Return `text` as it is."""
    return text


def coloured() -> Paint:
    """Return the function that colours a text for a terminal."""
    from rich.color import ColorSystem  # noqa: PLC0415  (on terminals only)
    from rich.style import Style  # noqa: PLC0415

    styles: dict[str, tuple[str, str]] = {}
    for name in {*_COLOURS.values(), _OTHERS, _FAULTY}:
        before, _, after = (
            Style.parse(name).render("|", color_system=ColorSystem.STANDARD).partition("|")
        )
        styles[name] = before, after

    def paint(text: str, colour: str) -> str:
        before, after = styles[colour]
        return f"{before}{text}{after}"

    return paint


class TextLines:
    """Makes the lines of each frame; to be called for every frame, in their order."""

    def __init__(self, paint: Paint, *, whole_tree: bool, octets: bool) -> None:
        self._paint, self._whole_tree, self._octets = paint, whole_tree, octets
        self._times = Times()

    def __call__(self, decoded: DecodedFrame) -> Iterator[str]:
        """Yield the lines of `decoded`."""
        relative = self._times.relative(decoded.received.time_ns)
        if self._whole_tree:
            yield from self._tree(decoded, relative)
        else:
            yield self._paint(line_of(decoded, relative), colour_of(decoded))
        if self._octets:
            received = decoded.received
            yield from hex_dump(received.psdu + received.fcs_octets)
        if self._whole_tree or self._octets:
            yield ""

    def _tree(self, decoded: DecodedFrame, relative: int | None) -> Iterator[str]:
        colour = colour_of(decoded)
        for line in tree(decoded, relative):
            heading = line.depth < 2
            yield self._paint(str(line), colour) if heading else str(line)


def colour_of(decoded: DecodedFrame) -> str:
    """Return the colour of a frame: by protocol, or the warning one."""
    return _FAULTY if is_faulty(decoded) else _COLOURS.get(protocol_of(decoded), _OTHERS)


def line_of(decoded: DecodedFrame, relative_ns: int | None) -> str:
    """Return number, time, channel and RSSI where known, ends, protocol, and what is said."""
    ends = f"{' > '.join(ends_of(decoded))}"
    radio = "".join(f"{part} " for part in _radio(decoded))
    return (
        f"{decoded.number:>5} {_time(relative_ns):>12} {radio}{ends:<{_ENDS_WIDTH}} "
        f"{protocol_of(decoded):<8} {says(decoded)}"
    )


def _time(relative_ns: int | None) -> str:
    if relative_ns is None:
        return "-"
    sign, micro = ("-", -relative_ns // 1000) if relative_ns < 0 else ("", relative_ns // 1000)
    return f"{sign}{micro // 1_000_000}.{micro % 1_000_000:06d}"


def _radio(decoded: DecodedFrame) -> Iterator[str]:
    received = decoded.received
    if received.channel is not None:
        yield f"ch {received.channel}"
    if received.rssi is not None:
        yield f"{received.rssi:g} dBm"
