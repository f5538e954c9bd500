"""Rows: the chosen fields of a frame as one line of text or as JSON, by a function made for them.

Going through a list of fields for every frame would cost more than decoding it.  So the source of
one function is written that visits each layer once, as dataclasses do for __init__: a layer that
a frame does not have costs one test, however many of its fields are asked for.
"""

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from lowpan.capture.decoded import DecodedFrame
from lowpan.capture.field import Field, part_values, parts_of
from lowpan.capture.fields_frame import TIME_DELTA, TIME_RELATIVE
from lowpan.capture.fields_ipv6 import inside
from lowpan.capture.fields_mac import frame_view, mle_security
from lowpan.capture.formats import SECONDS, Json
from lowpan.wire.ieee802154 import Frame

Row = Callable[[DecodedFrame], str]
JsonValue = Json | list[Json]


@dataclass(frozen=True, slots=True)
class RowStyle:
    """How the values of a row are put together: the settings of tshark's -E."""

    separator: str = "\t"
    """Between fields."""
    aggregator: str = ","
    """Between values of one field."""
    occurrence: Literal["a", "f", "l"] = "a"
    """Of more values: all, the first, the last."""
    quote: str = ""
    """Around what is not empty."""


class Times:
    """Times of frames against those before; a row function asks for every frame, in order."""

    def __init__(self) -> None:
        self._first: int | None = None
        self._previous: int | None = None

    def relative(self, time_ns: int | None) -> int | None:
        """Return nanoseconds since the first frame that has a time."""
        if time_ns is None:
            return None
        if self._first is None:
            self._first = time_ns
        return time_ns - self._first

    def delta(self, time_ns: int | None) -> int | None:
        """Return nanoseconds since the frame before, 0 for the first."""
        if time_ns is None:
            return None
        previous, self._previous = self._previous, time_ns
        return 0 if previous is None else time_ns - previous


def row_function(fields: Sequence[Field], style: RowStyle | None = None) -> Row:
    """Return the function from a frame to its row, without a line end.

    It is to be called once for every frame, in their order, for times count from the first.
    """
    source = _Rows(fields, style or RowStyle())
    row: Row = source.function()
    return row


def json_function(fields: Sequence[Field]) -> Row:
    """Return the function from a frame to one JSON object of those of `fields` that it has.

    Numbers and flags are JSON's own; all else is the text that row_function() gives.  A field
    with several values has a list.
    """
    values = values_function(fields)
    encode = json.JSONEncoder(ensure_ascii=False, separators=(", ", ": ")).encode
    return lambda decoded: encode(values(decoded))


def values_function(fields: Sequence[Field]) -> Callable[[DecodedFrame], dict[str, JsonValue]]:
    """Return the function from a frame to name and value of those of `fields` that it has."""
    function: Callable[[DecodedFrame], dict[str, JsonValue]] = _Values(fields).function()
    return function


@dataclass(slots=True)
class _Node:
    """What is wanted of one object on the way to fields."""

    leaves: list[int] = field(default_factory=list[int])
    children: dict[str, "_Node"] = field(default_factory=dict[str, "_Node"])


_REPEATED: dict[str, tuple[str, Callable[[DecodedFrame], Any]]] = {
    "frame.security": ("{mle} is not None", mle_security),
    "datagram": (
        "datagram is not None and (datagram.inner is not None"
        " or datagram.icmpv6 is not None and datagram.icmpv6.type < 128)",
        inside,
    ),
}
"""Objects of which a frame can have more: when it is so, and the function that gives them."""


class _Source:
    """Source text of a function of a frame `f`, in which v0, v1 ... are the fields' values."""

    empty = ""
    """What stands for no value, as source."""

    def __init__(self, fields: Sequence[Field]) -> None:
        self.fields = fields
        self.lines = ["def of_frame(f):"]
        self.constants: dict[str, Any] = {}
        self._names: dict[int, str] = {}

    def function(self) -> Any:
        """Return the function."""
        if self.fields:
            names = " = ".join(f"v{index}" for index in range(len(self.fields)))
            self.line(f"{names} = {self.empty}")
        self._paths()
        if any(field.part is not None for field in self.fields):
            self.line(f"parts = {self.constant(parts_of)}(f)")
        self._lists()
        self.finish()
        scope = dict(self.constants)
        exec(compile("\n".join(self.lines), "<rows>", "exec"), scope)
        return scope["of_frame"]

    def finish(self) -> None:
        """Write the end of the function."""
        raise NotImplementedError

    def leaf(self, variable: str, chosen: Field, depth: int) -> None:
        """Write what sets `variable` to the field `chosen`, whose raw value is `a`, not None."""
        raise NotImplementedError

    def add(self, variable: str, depth: int) -> None:
        """Write what adds the value `w` to those of `variable`."""
        raise NotImplementedError

    def listed(self, chosen: Field, values: str) -> str:
        """Return the expression of the value of `chosen`, of an iterable of raw ones."""
        raise NotImplementedError

    def line(self, text: str, depth: int = 1) -> None:
        """Write one line."""
        self.lines.append("    " * depth + text)

    def constant(self, value: Any) -> str:
        """Return the name under which the function finds `value`."""
        name = self._names.get(id(value))
        if name is None:
            name = self._names[id(value)] = f"c{len(self.constants)}"
            self.constants[name] = value
        return name

    def _paths(self) -> None:
        """Write the visit of each layer, then of the layers that come again."""
        root = _Node()
        for index, chosen in enumerate(self.fields):
            if chosen.path:
                node = root
                way = chosen.path.split(".")[:-1]
                for name in way:
                    node = node.children.setdefault(name, _Node())
                node.leaves.append(index)
        self._visit(root, "f", "", 1)
        for path, (condition, more) in _REPEATED.items():
            found: _Node | None = root
            for name in path.split("."):
                found = found.children.get(name) if found is not None else None
            if found is not None:
                self.line(
                    f"if {condition.format(mle='mle' if 'mle' in root.children else 'f.mle')}:"
                )
                self.line(f"for x in {self.constant(more)}(f):", 2)
                self._visit(found, "x", "x", 3, again=True)

    def _visit(self, node: _Node, owner: str, path: str, depth: int, again: bool = False) -> None:
        attributes: dict[str, list[int]] = {}
        for index in node.leaves:
            attribute = self.fields[index].path.rpartition(".")[2]
            attributes.setdefault(attribute, []).append(index)
        for attribute, indexes in attributes.items():
            self.line(f"a = {owner}.{attribute}", depth)
            inner = depth
            if attribute not in _NEVER_NONE:
                self.line("if a is not None:", depth)
                inner += 1
            for index in indexes:
                self.leaf("w" if again else f"v{index}", self.fields[index], inner)
                if again:
                    self.add(f"v{index}", inner)
        for name, child in node.children.items():
            below = f"{path}.{name}" if path else name
            variable = below.replace(".", "_")
            self.line(f"{variable} = {owner}.{name}", depth)
            if name in _ALWAYS_THERE:
                self._visit(child, variable, below, depth, again)
                continue
            self.line(f"if {variable} is not None:", depth)
            if below == "frame":
                self.line(f"if {variable}.__class__ is not {self.constant(Frame)}:", depth + 1)
                self.line(f"{variable} = {self.constant(frame_view)}({variable})", depth + 2)
            self._visit(child, variable, below, depth + 1, again)

    def _lists(self) -> None:
        """Write what sets the fields without a path, those of one layer together."""
        layers: dict[str, list[int]] = {}
        for index, chosen in enumerate(self.fields):
            if not chosen.path:
                layers.setdefault(chosen.layer, []).append(index)
        for layer, indexes in layers.items():
            names = layer.split(".") if layer else []
            ways = (".".join(["f", *names[: count + 1]]) for count in range(len(names)))
            conditions = [f"{way} is not None" for way in ways]
            self.line(f"if {' and '.join(conditions) or 'True'}:")
            for index in indexes:
                self._list(index, self.fields[index])

    def _list(self, index: int, chosen: Field) -> None:
        if chosen.part is not None:
            part, attribute = self.constant(chosen.part), repr(chosen.attribute)
            values = f"{self.constant(part_values)}(parts, {part}, {attribute})"
            self.line(f"if {part} in parts:", 2)
            self.line(f"v{index} = {self.listed(chosen, values)}", 3)
        elif chosen.values is not None:
            values = f"{self.constant(chosen.values)}(f)"
            self.line(f"v{index} = {self.listed(chosen, values)}", 2)


_ALWAYS_THERE = {"received", "control"}
"""Objects that are never None."""
_NEVER_NONE = {"number", "length", "source_port", "destination_port", "datagram_tag", "command"}
"""Numbers that are never None."""
_COUNTERS = {"number", "frame_counter"}
"""Numbers that hardly come twice: no use in remembering their texts."""
_CLOCKS = {TIME_RELATIVE: Times.relative, TIME_DELTA: Times.delta}


class _Rows(_Source):
    """The function that gives a line of text."""

    empty = "''"

    def __init__(self, fields: Sequence[Field], style: RowStyle) -> None:
        super().__init__(fields)
        self.style = style
        self.times = Times()

    def leaf(self, variable: str, chosen: Field, depth: int) -> None:
        form = chosen.format
        if chosen.name in _CLOCKS:
            clock = self.constant(_CLOCKS[chosen.name].__get__(self.times))
            self.line(f"{variable} = {self.constant(form.texts.make)}({clock}(a))", depth)
        elif chosen.path.rpartition(".")[2] in _COUNTERS:
            self.line(f"{variable} = str(a)", depth)
        elif form is SECONDS:  # as seconds() does, without the call where it is easy
            make = self.constant(form.texts.make)
            self.line("t = str(a)", depth)
            easy = "f'{t[:-9]}.{t[-9:]}' if a > 999_999_999"
            self.line(f"{variable} = {easy} else {make}(a)", depth)
        elif form.fleeting:
            self.line(f"{variable} = {self.constant(form.texts.make)}(a)", depth)
        else:
            texts = self.constant(form.texts)
            other = f" or {texts}[f.{chosen.otherwise}]" if chosen.otherwise else ""
            self.line(f"{variable} = {texts}[a]{other}", depth)

    def add(self, variable: str, depth: int) -> None:
        aggregator = self.constant(self.style.aggregator)
        if self.style.occurrence == "l":
            self.line(f"if w: {variable} = w", depth)
        else:
            self.line(f"if not {variable}: {variable} = w", depth)
        if self.style.occurrence == "a":
            joined = f"f'{{{variable}}}{{{aggregator}}}{{w}}'"
            self.line(f"elif w: {variable} = {joined}", depth)

    def listed(self, chosen: Field, values: str) -> str:
        return f"{self.constant(self._joined)}({self.constant(chosen.format)}, {values})"

    def _joined(self, form: Any, values: Any) -> str:
        texts = [text for value in values if (text := form.text(value))]
        if self.style.occurrence == "f":
            texts = texts[:1]
        elif self.style.occurrence == "l":
            texts = texts[-1:]
        return self.style.aggregator.join(texts)

    def finish(self) -> None:
        quote = self.constant(self.style.quote)
        if self.style.quote:
            for index in range(len(self.fields)):
                self.line(f"if v{index}: v{index} = f'{{{quote}}}{{v{index}}}{{{quote}}}'")
        values = "".join(f"v{index}, " for index in range(len(self.fields)))
        # several times as fast as an f-string where most values are empty
        self.line(f"return {self.style.separator!r}.join(({values}))")


class _Values(_Source):
    """The function that gives a dictionary for JSON."""

    empty = "None"

    def __init__(self, fields: Sequence[Field]) -> None:
        super().__init__(fields)
        self.times = Times()

    def leaf(self, variable: str, chosen: Field, depth: int) -> None:
        value, form = "a", chosen.format
        if chosen.name in _CLOCKS:
            value = f"{self.constant(_CLOCKS[chosen.name].__get__(self.times))}(a)"
        native = self.constant(form.native)
        self.line(f"{variable} = {value if form.plain else f'{native}({value})'}", depth)
        if chosen.otherwise:
            other = f"f.{chosen.otherwise}"
            self.line(f"if {variable} is None and {other} is not None:", depth)
            self.line(f"{variable} = {native}({other})", depth + 1)

    def add(self, variable: str, depth: int) -> None:
        self.line(f"if w is not None: {variable} = {self.constant(_also)}({variable}, w)", depth)

    def listed(self, chosen: Field, values: str) -> str:
        return f"{self.constant(_natives)}({self.constant(chosen.format)}, {values})"

    def finish(self) -> None:
        self.line("d = {}")
        for index, chosen in enumerate(self.fields):
            self.line(f"if v{index} is not None: d[{chosen.name!r}] = v{index}")
        self.line("return d")


def _natives(form: Any, values: Any) -> JsonValue:
    found: list[Json] = [
        native
        for value in values
        if value is not None and (native := form.native(value)) is not None
    ]
    return found if len(found) > 1 else found[0] if found else None


def _also(value: JsonValue, another: Json) -> JsonValue:
    if value is None:
        return another
    return [*value, another] if isinstance(value, list) else [value, another]
