"""Source text of one generated function, and the objects that it names."""

import re
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any

from lowpan.schema.terms import Const, Term

_PLAIN = (int, bytes, str, bool, type(None))


class Source:
    """Lines of a function body; constants that have no literal become names of its globals."""

    def __init__(self, arguments: str) -> None:
        self.arguments = arguments
        self.lines: list[str] = []
        self.names: dict[str, Any] = {}
        self.held: dict[str, str] = {}
        """Expressions that are always evaluated -> the local name that holds their value."""
        self._depth = 1
        self._fresh = 0

    def line(self, text: str) -> None:
        """Add one line at the present depth."""
        self.lines.append("    " * self._depth + text)

    def rewrite(self, place: int, text: str) -> None:
        """Write another text into the line at `place`, at its depth."""
        depth = len(self.lines[place]) - len(self.lines[place].lstrip(" "))
        self.lines[place] = " " * depth + text

    def first(self, text: str) -> None:
        """Add one line at the start of the function."""
        self.lines.insert(0, "    " + text)

    def fresh(self, hint: str = "x") -> str:
        """Return a name that is not in use."""
        self._fresh += 1
        return f"{hint}_{self._fresh}"

    def constant(self, value: Any, hint: str) -> str:
        """Return a global name for `value`, the same one for the same object."""
        for name, known in self.names.items():
            if known is value:
                return name
        name = self.fresh(re.sub(r"\W", "", hint))
        self.names[name] = value
        return name

    def function_name(self, function: Callable[..., Any]) -> str:
        """Return a global name for `function`."""
        return self.constant(function, getattr(function, "__name__", "function"))

    def literal(self, value: Any) -> str:
        """Return source that gives `value`."""
        if type(value) in _PLAIN or value == ():
            return repr(value)
        if isinstance(value, int):  # of an IntEnum
            return repr(int(value))
        return self.constant(value, type(value).__name__)

    def text(self, term: Term) -> str:
        """Return source that gives the value of `term`."""
        return self.literal(term.value) if isinstance(term, Const) else term.text

    @contextmanager
    def block(self, header: str) -> Generator[None, None, None]:
        """Indent what is added inside under `header`."""
        self.line(header)
        self._depth += 1
        before = len(self.lines)
        try:
            yield
        finally:
            if len(self.lines) == before:
                self.line("pass")
            self._depth -= 1

    def guard(self, errors: tuple[type[Exception], ...], explain: Callable[..., Any]) -> None:
        """Put the lines so far under a `try`; `explain(arguments, error)` gives what to raise."""
        caught, told = self.constant(errors, "errors"), self.constant(explain, "explain")
        self.lines = ["    try:", *("    " + line for line in self.lines)]
        self.line(f"except {caught} as error:")
        self.line(f"    raise {told}(v, s, error) from error")

    def function(self, name: str) -> Callable[..., Any]:
        """Compile the lines to a function of that name; `source` on it is its text."""
        text = "\n".join([f"def {name}({self.arguments}):", *self.lines])
        namespace = dict(self.names)
        exec(compile(text, f"<lowpan {name}>", "exec"), namespace)
        made: Callable[..., Any] = namespace[name]
        vars(made)["source"] = text
        return made
