"""What an encoder has written so far: packs, pieces, and doubts about the value."""

import struct
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass

from lowpan.schema.source import Source

_SINGLE = {"B", "b"}
"""Struct codes that mean the same in either byte order, besides octets (`s`)."""


class Apart:
    """Octets written beside the output; `variable` holds them once they are all there."""

    variable = ""


@dataclass(slots=True)
class OpenRun:
    """A run that may have been left without its last item: a decoder would read on behind it."""

    place: str
    """Variable: octets written before its end; -1 if it was ended."""
    allowed: list[str]
    """Source for counts of octets that may follow, as they stand behind the region."""


class Writes:
    """Collects pieces and writes as few statements for them as it can."""

    def __init__(self, source: Source) -> None:
        self.source = source
        self.variable = ""
        """Local name of what was written so far, empty while nothing is."""
        self._name = ""
        """What that name is to be, empty if anything."""
        self._packed: list[tuple[str, str]] = []
        self._pieces: list[tuple[str, bool]] = []
        """Source, and whether it gives `bytes` for certain."""
        self._doubts: list[str] = []
        self._unfit = source.constant(ValueError, "ValueError")
        self.open_runs: list[OpenRun] = []
        """Runs of the region being written."""

    def pack(self, code: str, text: str) -> None:
        """Add a piece that `struct` packs."""
        self._packed.append((code, text))

    def octets(self, text: str, *, certain: bool = False) -> None:
        """Add a piece of octets, `certain` if the value cannot make it other than bytes."""
        self._close_pack()
        self._pieces.append((text, certain))

    def doubt(self, condition: str) -> None:
        """Refuse the value where `condition` holds, before anything else is written."""
        self._doubts.append(condition)

    def refuse(self) -> None:
        """Write the refusal of any value that comes here."""
        self.settle()
        self.source.line(f"raise {self._unfit}")

    def forget(self) -> None:
        """Drop what is collected: nothing reaches it."""
        self._packed, self._pieces, self._doubts = [], [], []

    def settle(self) -> None:
        """Write the doubts."""
        if self._doubts:
            with self.source.block(f"if {' or '.join(dict.fromkeys(self._doubts))}:"):
                self.source.line(f"raise {self._unfit}")
            self._doubts = []

    def flush(self) -> None:
        """Write everything collected into the output variable."""
        self.settle()
        self._close_pack()
        if not self.variable:
            first = self._joined()
            self.variable = self._name or self.source.fresh("out")
            self.source.line(f"{self.variable} = {first}")
        elif self._pieces:
            self.source.line(f"{self.variable} += {self._joined()}")

    def result(self) -> str:
        """Write everything collected and return source for all octets."""
        if self.variable:
            self.flush()
            self._end_region()
            return self.variable
        self.settle()
        return self._joined()

    def leave_open(self, ended: str) -> None:
        """Note a run of which `ended` tells at run time whether its last item was written."""
        self.flush()
        place = self.source.fresh("open")
        self.source.first(f"{place} = -1")
        self.source.line(f"{place} = -1 if {ended} else len({self.variable})")
        self.open_runs.append(OpenRun(place, []))

    def _end_region(self) -> None:
        """Refuse octets behind a run that was not ended: they would be read as its items."""
        for run in self.open_runs:
            expected = " + ".join([run.place, *run.allowed])
            self.doubt(f"0 <= {run.place} and len({self.variable}) != {expected}")
        self.settle()

    @contextmanager
    def apart(self) -> Generator[Apart, None, None]:
        """Collect what is written inside into a variable of its own."""
        if self.variable or self._pieces or self._packed:
            self.flush()
        outer, self.variable, name, self._name = self.variable, "", self._name, ""
        runs, self.open_runs = self.open_runs, []
        apart = Apart()
        try:
            yield apart
            self.flush()
            self._end_region()
            apart.variable = self.variable
        finally:
            self.variable, self._name, self.open_runs = outer, name, runs

    @contextmanager
    def arms(self) -> Generator[Callable[[], AbstractContextManager[None]], None, None]:
        """Give what opens each of several ways to go on.

        What is collected so far is written in each of them, in one go with what follows there.
        """
        self.settle()
        packed, pieces, begun, name = self._packed, self._pieces, self.variable, self._name
        self._name = begun or name or self.source.fresh("out")

        @contextmanager
        def arm() -> Generator[None, None, None]:
            self._packed, self._pieces, self.variable = [*packed], [*pieces], begun
            yield
            self.flush()

        yield arm
        self.forget()
        self.variable, self._name = self._name, name

    def _close_pack(self) -> None:
        while self._packed:
            ordered = (code[0] for code, _ in self._packed if not _is_any_order(code))
            order = next(ordered, "<")
            run: list[tuple[str, str]] = []
            while self._packed and (_is_any_order(self._packed[0][0]) or self._goes(order)):
                run.append(self._packed.pop(0))
            codes = "".join(code[1:] for code, _ in run)
            if len(run) == 1 and codes.endswith("s"):
                self._pieces.append((run[0][1], False))
                continue
            given = [text for _, text in run]
            if all(text.isdigit() for text in given):
                text = repr(_packer(order + codes)(*map(int, given)))
            else:
                pack = self.source.constant(_packer(order + codes), "pack")
                text = f"{pack}({', '.join(given)})"
            self._pieces.append((text, True))

    def _goes(self, order: str) -> bool:
        return self._packed[0][0][0] == order

    def _joined(self) -> str:
        """Return source for all pieces; what stands first makes sure that they are bytes."""
        self._close_pack()
        pieces, self._pieces = self._pieces, []
        if not self.variable and not (pieces and pieces[0][1]):
            pieces.insert(0, ("b''", True))
        return " + ".join(text for text, _ in pieces)


def _is_any_order(code: str) -> bool:
    return code[1:] in _SINGLE or code.endswith("s")


def _packer(layout: str) -> Callable[..., bytes]:
    return _PACKERS.setdefault(layout, struct.Struct(layout).pack)


_PACKERS: dict[str, Callable[..., bytes]] = {}
