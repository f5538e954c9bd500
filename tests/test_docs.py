"""What the pages say is true: their programs run, their commands and links exist."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
PAGES = [ROOT / "README.md", *sorted((ROOT / "docs").glob("**/*.md"))]
README = (ROOT / "README.md").read_text()


def programs(page: Path) -> str:
    """Return the Python blocks of `page`, which continue each other, as one program."""
    return "\n".join(
        re.findall(r"^```python\n(.*?)^```", page.read_text(), re.MULTILINE | re.DOTALL)
    )


@pytest.mark.parametrize(
    "page", [page for page in PAGES if programs(page)], ids=lambda page: page.name
)
def test_programs_run(page: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    exec(compile(programs(page), page.name, "exec"), {"__name__": "__main__"})


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_make_targets_exist(page: Path) -> None:
    command = r"(?:^|`)(?:\w+=\w+ )?make (?:\w+=\S+ )?([a-z]+)"
    named = re.findall(command, page.read_text(), re.MULTILINE)
    rules = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE)
    assert set(named) <= set(rules)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\(([^)#:]+)(?:#[^)]*)?\)", page.read_text())
    assert [target for target in targets if not (page.parent / target).exists()] == []


def test_standards_table_is_filled_in() -> None:
    table = README.partition("<!-- standards: begin -->")[2].partition("<!-- standards: end -->")[0]
    rows = [[cell.strip() for cell in row.split("|")[1:-1]] for row in table.split("\n") if row]
    assert rows[0] == ["standard", "section", "state", "what is left"]
    assert len(rows) > 10
    for standard, section, state, left in rows[2:]:
        assert standard
        assert section
        assert state in {"in full", "in part", "not"}
        assert bool(left) == (state == "in part"), section


def test_ci_runs_the_test_command_of_the_readme() -> None:
    assert "make test " in README
    assert "\nstep make test\n" in (ROOT / ".ci" / "run").read_text()


def test_sniff_guide_names_the_options_that_there_are() -> None:
    script = "import sys\nsys.argv = ['lowpan', 'sniff', '--help']\n"
    script += "from lowpan.cli import main\nmain()"
    run = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    offered = [options(line) for line in run.stdout.splitlines() if line.lstrip().startswith("-")]
    documented = options((ROOT / "docs" / "sniff.md").read_text())
    assert documented <= set().union(*offered)
    assert [names for names in offered if not names & documented] == [{"--help"}]


def options(text: str) -> set[str]:
    """Return the options that `text` names."""
    return set(re.findall(r"(?<![\w-])--?[a-zA-Z][a-z-]*", text))
