"""The page of attacks names tests that there are, and no attack is tested that it does not name."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
PAGE = (ROOT / "docs" / "attacks.md").read_text()
WANTED = {*range(1, 14), *range(17, 21), 22, 26, 27, 30, 31}
"""Those that a node has to stand."""

_ROW = re.compile(r"^\| (\d+) \|.*\| (.*) \|$", re.MULTILINE)
_FILE_OR_TEST = re.compile(r"`(tests/[\w/]+\.py|test_\w+)`")
ROWS = {int(number): shown for number, shown in _ROW.findall(PAGE)}


def names_in(path: Path) -> Iterator[str]:
    """Yield the names of the functions in a file."""
    for node in ast.walk(ast.parse(path.read_text())):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node.name


def numbers_of(test: str) -> set[int]:
    """Return the attacks that a test names."""
    found = re.match(r"test_attack_((?:\d+_)+)", test)
    return {int(number) for number in found[1].split("_") if number} if found else set()


def test_every_attack_that_a_node_has_to_stand_is_there() -> None:
    assert ROWS.keys() >= WANTED


@pytest.mark.parametrize("number", ROWS)
def test_what_the_page_names_is_there_and_bears_its_number(number: int) -> None:
    file, named = None, set[int]()
    for word in _FILE_OR_TEST.findall(ROWS[number]):
        if word.startswith("tests/"):
            file = ROOT / word
        else:
            assert file is not None
            assert word in set(names_in(file)), f"{word} is not in {file}"
            named |= numbers_of(word)
    assert number in named


def test_no_attack_is_tested_that_the_page_does_not_name() -> None:
    tested = {
        number
        for path in (ROOT / "tests").glob("**/test_*.py")
        for test in names_in(path)
        for number in numbers_of(test)
    }
    assert tested <= ROWS.keys()


def test_the_numbers_of_a_name_are_told() -> None:
    assert numbers_of("test_attack_8_9_any_payload") == {8, 9}
    assert numbers_of("test_attack_solicitation_flood") == set()
