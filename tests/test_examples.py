"""The programs that the README and the documentation show are those in examples/."""

import runpy
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text()


def test_program_of_the_readme_is_the_example() -> None:
    shown = README.partition("<!-- program: begin -->\n")[2].partition("<!-- program: end -->")[0]
    docstring, _, program = (ROOT / "examples" / "read_capture.py").read_text().partition("\n\n")
    assert docstring.startswith('"""')
    assert shown.strip() == f"```python\n{program}```"
    assert len(program.splitlines()) == 12


def test_program_prints_who_says_what(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(ROOT)
    runpy.run_path("examples/read_capture.py")
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 40
    assert lines[0] == "1 02:aa:bb:cc:dd:00:00:01 Parent Request"
    assert "15 02:aa:bb:cc:dd:00:00:01 Child ID Response" in lines


def test_library_guide_shows_the_attach() -> None:
    guide = ROOT / "docs" / "library.md"
    assert "```{literalinclude} ../examples/test_attach.py" in guide.read_text()
