"""Imports run one way, and engines have no clock, entropy or I/O (docs/design.md)."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

SOURCE = Path(__file__).parent.parent / "lowpan"

FLOORS = [
    *("errors", "radio", "store", "schema", "wire", "mac", "adaptation", "mesh", "node"),
    *("capture", "sim", "aio", "border", "scapy", "cli"),
]
"""Each floor imports itself and those before it; only its user asks for `scapy`."""

ENGINES = {"schema", "wire", "mac", "adaptation", "mesh", "node"}

OUTSIDE = {
    *("asyncio", "concurrent", "multiprocessing", "sched", "signal", "threading", "_thread"),
    *("datetime", "random", "secrets", "time"),
    *("os", "pathlib", "select", "selectors", "serial", "socket", "sqlite3", "ssl", "subprocess"),
}
"""Modules with a clock, entropy or I/O, which no engine imports."""

PURE = {"random.Random", "socket.inet_ntop", "socket.inet_pton", "socket.AF_INET6"}
"""Names in OUTSIDE that only compute: the generator that is handed in, and address text."""


def imports(tree: ast.Module, package: str) -> Iterator[str]:
    """Yield every name that a module of `package` imports, dotted and absolute."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            parents = package.split(".")
            parents = parents[: len(parents) + 1 - node.level] if node.level else []
            origin = ".".join([*parents, *([node.module] if node.module else [])])
            yield from (f"{origin}.{alias.name}" for alias in node.names)


def faults(path: str, text: str) -> list[str]:
    """Return what the module at `path`, relative to lowpan's parent, imports against the rule."""
    parts = Path(path).with_suffix("").parts
    floor, package = parts[1], ".".join(parts[:-1])
    if floor == "__init__":  # the public names, which come from everywhere
        return []
    if floor not in FLOORS:
        return [f"{path}: {floor} is no floor of the house"]
    names = imports(ast.parse(text, path), package)
    return [f"{path}: {name}: {why}" for name in names if (why := fault(floor, name))]


def fault(floor: str, name: str) -> str:
    """Return why `floor` may not import the dotted `name`; empty if it may."""
    root, _, rest = name.partition(".")
    if root == "lowpan_radios":
        return "drivers are found by their entry point"
    if root == "scapy" and floor != "scapy":
        return "only lowpan/scapy.py imports scapy"
    if floor in ENGINES and root in OUTSIDE and name not in PURE:
        return "an engine has no clock, entropy or I/O"
    if root == "lowpan":
        other = rest.partition(".")[0]
        if other not in FLOORS[: FLOORS.index(floor) + 1]:
            return "not a floor above"
    return ""


def test_imports_run_one_way() -> None:
    paths = sorted(SOURCE.rglob("*.py"))
    assert len(paths) > 5
    assert [
        line
        for path in paths
        for line in faults(str(path.relative_to(SOURCE.parent)), path.read_text())
    ] == []


GOOD = [
    ("lowpan/wire/udp.py", "from lowpan.schema import Layout\nfrom lowpan import errors"),
    ("lowpan/wire/udp.py", "from .ipv6 import A\nfrom ..schema.layout import Layout"),
    ("lowpan/mac/__init__.py", "from . import keys\nfrom ..wire import frame"),
    ("lowpan/mesh/trickle.py", "from random import Random\nfrom socket import inet_ntop, AF_INET6"),
    ("lowpan/cli/sniff.py", "import time, os\nfrom lowpan.capture.reader import read"),
    ("lowpan/scapy.py", "from scapy.layers.inet6 import IPv6"),
]
BAD = [
    ("lowpan/wire/udp.py", "from lowpan.mac import keys", "not a floor above"),
    ("lowpan/wire/udp.py", "from lowpan import Frame", "not a floor above"),
    ("lowpan/wire/udp.py", "import lowpan", "not a floor above"),
    ("lowpan/wire/udp.py", "from ..mac.keys import Key", "not a floor above"),
    ("lowpan/wire/udp.py", "from .. import capture", "not a floor above"),
    ("lowpan/wire/__init__.py", "def f():\n    from ..node import Node", "not a floor above"),
    ("lowpan/errors.py", "from .radio import Radio", "not a floor above"),
    ("lowpan/node.py", "from random import randrange", "no clock"),
    ("lowpan/node.py", "import random", "no clock"),
    ("lowpan/mac/csma.py", "import os.path as x", "no clock"),
    ("lowpan/schema/layout.py", "from socket import socket", "no clock"),
    ("lowpan/sim/world.py", "from lowpan_radios import spinel", "entry point"),
    ("lowpan/cli/send.py", "import scapy.all", "only lowpan/scapy.py"),
    ("lowpan/util.py", "", "is no floor"),
]


@pytest.mark.parametrize(("path", "text"), GOOD)
def test_rule_lets_pass(path: str, text: str) -> None:
    assert faults(path, text) == []


@pytest.mark.parametrize(("path", "text", "why"), BAD)
def test_rule_finds(path: str, text: str, why: str) -> None:
    assert [why in fault for fault in faults(path, text)] == [True]
