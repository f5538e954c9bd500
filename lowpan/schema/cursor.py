"""Where a decoder stands in the octets, what it reads there, and what it refuses.

Positions are a base (nothing, or a variable) and a static offset behind it; fixed-size reads are
collected and done by one bounds check and one unpack.
"""

from collections.abc import Generator
from contextlib import contextmanager

from lowpan.schema.bits import BitLayout
from lowpan.schema.reads import Careful, Need, Reads, place, refusal
from lowpan.schema.source import Source
from lowpan.schema.terms import Code, Term


class Dead(Exception):
    """The code just written always raises: nothing after it can be reached."""


class Cursor:
    """A place in the region `o`, from its octet 0, of the function being written."""

    def __init__(self, format_name: str, careful: Careful | None) -> None:
        self.format_name = format_name
        self.source = Source("o, s=None")
        self.base = ""
        self.offset: int = 0
        self.end: tuple[str, int] = ("n", 0)
        self.path: tuple[str, ...] = ()
        self.needs: list[Need] = []
        """All needs of what stands at a known place in the region."""
        self.conditional = False
        """Inside a branch or loop of run time: nothing there may decide the shape of the rest."""
        self._reads = Reads(self.source, careful)

    def at(self, extra: int = 0) -> str:
        """Return source for the present position plus `extra`."""
        return place(self.base, self.offset + extra)

    def move(self, base: str, offset: int = 0) -> None:
        """Go on at `offset` behind `base`."""
        self.flush()
        self.base, self.offset = base, offset

    def take(self, code: str, size: int) -> Code:
        """Plan the read of one number with the struct code `code`, such as `<H`."""
        name = self.fresh()
        self._reads.plan(self.offset, code, name)
        self.need(size)
        self.offset += size
        return Code(name)

    def fresh(self) -> str:
        """Return a new local name, made of the present field's."""
        return self.source.fresh(self.path[-1] if self.path else "x")

    def need(self, size: int) -> None:
        """Require `size` more octets for the present field."""
        needed = self.offset + size, ".".join(self.path)
        self._reads.needs.append(needed)
        if not self.base:
            self.needs.append(needed)

    def flush(self) -> None:
        """Write the bounds check and the reads planned since the last flush."""
        always = not self.conditional
        self._reads.flush(self.format_name, self.base, self.end, always=always)

    def forget(self) -> None:
        """Drop what is planned: nothing reaches it."""
        self._reads.forget()

    def octets(self, size: int, *, swapped: bool = False) -> Code:
        """Return source for a slice of `size` octets, last first if `swapped`."""
        self.need(size)
        first, last = self.at(), self.at(size)
        if not swapped:
            text = f"o[{first}:{last}]"
        elif self.base:
            text = f"o[{first}:{last}][::-1]"
        else:
            stop = str(self.offset - 1) if self.offset else ""
            text = f"o[{self.offset + size - 1}:{stop}:-1]" if size else "b''"
        self.offset += size
        return Code(text)

    def refuse(self, reason: str) -> Term:
        """Write the refusal of this branch, which ends it."""
        self.flush()
        self.source.line(f"{self.raiser(reason)}({self.at()})")
        raise Dead

    def refuse_if(self, condition: str, reason: str, at: str | None = None) -> None:
        """Write a refusal for `reason` where `condition` holds."""
        refuse = self.raiser(reason)
        with self.source.block(f"if {condition}:"):
            self.source.line(f"{refuse}({at or self.at()})")

    def raiser(self, reason: str) -> str:
        """Return source to which `(offset)` or `(offset, reason)` is added: `raise refusal_1`."""
        made = refusal(self.format_name, ".".join(self.path), reason)
        return f"raise {self.source.constant(made, 'refusal')}"

    def expect_end(self) -> None:
        """Refuse octets that are left in the region."""
        if (self.base, self.offset) != self.end:
            self.refuse_if(f"{place(*self.end)} != {self.at()}", "octets left over")

    def region(self, text: str, end: str, reason: str) -> None:
        """Name the position `text` as `end`; refuse if it is not between here and the end."""
        self.flush()
        self.source.line(f"{end} = {text}")
        self.refuse_if(f"not {self.at()} <= {end} <= {place(*self.end)}", reason)

    @contextmanager
    def within(self, base: str, offset: int = 0) -> Generator[None, None, None]:
        """End the region at `offset` behind `base`."""
        self.flush()
        outer, self.end = self.end, (base, offset)
        try:
            yield
            self.flush()
        finally:
            self.end = outer

    def explain_value_error(self, at: str) -> None:
        """Write what turns a ValueError of the lines under `try` into MalformedFrame."""
        with self.source.block("except ValueError as error:"):
            self.source.line(f"{self.raiser('')}({at}, str(error)) from error")

    def number(self, bits: BitLayout) -> str:
        """Return the local name of the octets of `bits` as one number."""
        code = {1: "B", 2: "H", 4: "I", 8: "Q"}.get(bits.octets)
        if code:
            return self.take(("<" if bits.little_endian else ">") + code, bits.octets).text
        return self.integer(bits.octets, bits.little_endian).text

    def integer(self, size: int, little_endian: bool, *, signed: bool = False) -> Code:
        """Return the local name of a number of a size that struct does not know."""
        text, order = self.octets(size).text, "little" if little_endian else "big"
        self.flush()
        name = self.source.fresh()
        self.source.line(f"{name} = int.from_bytes({text}, {order!r}, signed={signed})")
        return Code(name)
