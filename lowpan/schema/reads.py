"""Fixed-size reads of a decoder, collected: one bounds check, one unpack, one kind of refusal."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from struct import Struct as Packer
from typing import Any

from lowpan.errors import MalformedFrame
from lowpan.schema.source import Source

Shortage = Callable[[int, int], Exception]
"""Octets there are, offset of the base -> what to raise."""
Need = tuple[int, str]
"""Offset behind the base up to which octets must be there, and the field that needs them."""
Careful = Callable[[bytes, Any], Any]
"""Octets that end early, surroundings -> never; what raises for the first field at fault."""
Read = tuple[int, str, str]
"""Offset behind the base, struct code, local name."""


def place(base: str, offset: int) -> str:
    """Return source for the position `offset` behind `base`."""
    if not base:
        return str(offset)
    return f"{base} {'-' if offset < 0 else '+'} {abs(offset)}" if offset else base


@dataclass(frozen=True, slots=True)
class _Checked:
    """A bounds check that was written."""

    of: tuple[str, tuple[str, int]]
    """The base and the end of the region that it compares."""
    line: int
    """Its place among the lines."""
    most: int


class Reads:
    """Reads planned since the last flush, all behind one base."""

    def __init__(self, source: Source, careful: Careful | None) -> None:
        """Write into `source`; without `careful`, which decodes anew, keep every check apart."""
        self.source, self.careful = source, careful
        self.needs: list[Need] = []
        self._planned: list[Read] = []
        self._checked: _Checked | None = None
        """The last bounds check that is always executed."""

    def plan(self, offset: int, code: str, name: str) -> None:
        """Plan to read a number by a struct code, such as `<H`, into a local name."""
        self._planned.append((offset, code, name))

    def forget(self) -> None:
        """Drop what is planned."""
        self._planned, self.needs = [], []

    def flush(
        self, format_name: str, base: str, region_end: tuple[str, int], *, always: bool
    ) -> None:
        """Write the bounds check and the reads; tell whether they are `always` executed."""
        most = max((end for end, _ in self.needs), default=0)
        if self.needs and not (base == region_end[0] and most <= region_end[1]):
            self._check(format_name, base, region_end, always)
        for order in "<>":
            self._unpack(order, base)
        self.forget()

    def _check(self, format_name: str, base: str, end: tuple[str, int], always: bool) -> None:
        """Write the bounds check, or widen the one before it.

        A widened one knows no longer which field comes to its end first: `careful` does.
        """
        most = max(need for need, _ in self.needs)
        have, earlier = place(*end), self._checked
        if self.careful and always and earlier is not None and earlier.of == (base, end):
            most = max(most, earlier.most)
            refuse = f"return {self.source.constant(self.careful, 'careful')}(o, s)"
            self.source.rewrite(earlier.line, f"if {have} < {place(base, most)}:")
            self.source.rewrite(earlier.line + 1, refuse)
            line = earlier.line
        else:
            line = len(self.source.lines)
            short = self.source.constant(shortage(format_name, self.needs), "short")
            with self.source.block(f"if {have} < {place(base, most)}:"):
                self.source.line(f"raise {short}({have}, {base or 0})")
        if always:
            self._checked = _Checked((base, end), line, most)

    def _unpack(self, order: str, base: str) -> None:
        """Write the reads of one byte order, and with them those of single octets."""
        wide = [read for read in self._planned if read[1][0] == order and read[1][1:] != "B"]
        singles = [read for read in self._planned if read[1][1:] == "B"]
        group = sorted(wide + singles)
        self._planned = [read for read in self._planned if read not in group]
        if not wide and len(group) <= 2:
            for offset, _, name in group:
                self.source.line(f"{name} = o[{place(base, offset)}]")
            return
        start = group[0][0]
        unpack = self.source.constant(_unpacker(order + _codes(group)), "unpack")
        targets = ", ".join(name for *_, name in group) + ("," if len(group) == 1 else "")
        where = f", {place(base, start)}" if base or start else ""
        self.source.line(f"{targets} = {unpack}(o{where})")


def _codes(group: list[Read]) -> str:
    """Return the struct codes of reads in their order, with `x` for octets between them."""
    codes, at = "", group[0][0]
    for offset, code, _ in group:
        codes += (f"{offset - at}x" if offset > at else "") + code[1:]
        at = offset + Packer(code).size
    return codes


def _unpacker(layout: str) -> Callable[..., Any]:
    return _UNPACKERS.setdefault(layout, Packer(layout).unpack_from)


_UNPACKERS: dict[str, Callable[..., Any]] = {}


def octets_short(missing: int) -> str:
    """Return the reason of a fault: octets that a field still needs, 1 or more."""
    return f"{missing} octet{'s' if missing > 1 else ''} short"


def shortage(format_name: str, needs: Iterable[Need]) -> Shortage:
    """Return what tells the first field that octets are missing for."""
    places = tuple(sorted(needs))

    def short(have: int, base: int) -> Exception:
        for end, field in places:
            if base + end > have:
                reason = octets_short(base + end - have)
                return MalformedFrame(reason, format=format_name, field=field, offset=have)
        raise AssertionError(places)

    return short


def refusal(format_name: str, field: str, reason: str) -> Callable[..., Exception]:
    """Return what makes the MalformedFrame of one place in a format: offset[, reason] -> it."""

    def refused(offset: int, why: str = reason) -> Exception:
        return MalformedFrame(why, format=format_name, field=field, offset=offset)

    return refused
