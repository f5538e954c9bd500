"""What `import lowpan` gives, and what it must not load."""

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import lowpan

HEAVY = {"asyncio", "click", "construct", "cryptography", "rich", "scapy", "serial"}


def loaded_by(code: str) -> set[str]:
    """Return the top-level modules that a fresh interpreter has loaded after `code`."""
    script = f"{code}\nimport sys\nprint('\\n' + ' '.join(sys.modules))"
    run = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    return {name.partition(".")[0] for name in run.stdout.splitlines()[-1].split()}


def test_import_loads_nothing_heavy() -> None:
    loaded = loaded_by("import lowpan")
    assert "lowpan" in loaded
    assert loaded & HEAVY == set()


def test_help_loads_no_codec_and_no_cipher() -> None:
    loaded = loaded_by(
        "import sys\nsys.argv = ['lowpan', '--help']\n"
        "from lowpan.cli import main\ntry:\n    main()\nexcept SystemExit:\n    pass"
    )
    assert "lowpan" in loaded
    assert loaded & {"asyncio", "construct", "cryptography", "scapy", "serial"} == set()


@pytest.mark.parametrize("name", lowpan.__all__)
def test_public_name_is_there(name: str) -> None:
    assert getattr(lowpan, name).__name__ == name
    assert name in dir(lowpan)


def test_type_checkers_see_the_same_names_from_the_same_modules() -> None:
    tree = ast.parse(Path(lowpan.__file__).read_text())
    seen = {
        alias.name: node.module
        for node in ast.walk(tree)
        if isinstance(node, ast.ImportFrom) and (node.module or "").startswith("lowpan.")
        for alias in node.names
    }
    assert seen == vars(lowpan)["_HOMES"]
    assert sorted(seen) == lowpan.__all__


def test_unknown_name_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="'lowpan' has no attribute 'nonsense'"):
        getattr(lowpan, "nonsense")  # noqa: B009  (type checkers would refuse lowpan.nonsense)
