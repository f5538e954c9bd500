"""Tracked files are for anybody's machine: no package registry's host, no path of one workplace."""

import re
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

REGISTRIES = rb"(?:pypi|pythonhosted|npmjs|crates|rubygems|golang|debian|ubuntu)[.](?:org|io|com)"
PLACES = rb"(?<![\w.:/-])/(?:work|home|root|Users|private)/"
UNWANTED = re.compile(REGISTRIES + b"|" + PLACES)


def tracked() -> list[Path]:
    listing = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True)
    paths = [ROOT / name for name in listing.stdout.decode().split("\0") if name]
    return [path for path in paths if path.is_file()]


def test_no_registry_and_no_workplace_is_named() -> None:
    paths = tracked()
    assert ROOT / "pyproject.toml" in paths
    found = [(path.name, hit.group()) for path in paths for hit in hits(path.read_bytes())]
    assert found == []


def hits(octets: bytes) -> list[re.Match[bytes]]:
    return list(UNWANTED.finditer(octets))


@pytest.mark.parametrize("host", ["pypi", "files.pythonhosted", "registry.npmjs", "deb.debian"])
def test_a_registry_is_found(host: str) -> None:
    assert hits(f"see https://{host}.org/simple".encode())


@pytest.mark.parametrize("folder", ["work", "home", "root"])
def test_a_workplace_is_found(folder: str) -> None:
    assert hits(f"open('/{folder}/main/x')".encode())
    assert not hits(f"tests/{folder}/x, https://example.net/{folder}/x".encode())
