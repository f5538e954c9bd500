"""Damaged capture files: the frames before the damage, its place, and no other end."""

import io
from collections.abc import Callable
from pathlib import Path
from random import Random
from time import process_time

import pytest

from lowpan.capture.key_sources import Given
from lowpan.capture.reader import Readable
from lowpan.capture.session import open_capture
from lowpan.errors import CaptureError
from tests.fuzz.corpus import FILES as CORPUS_OF_FILES
from tests.fuzz.corpus import keep
from tests.fuzz.files import Damage, whole_files
from tests.fuzz.plan import FILES, SEED, SHARDS
from tests.fuzz.seeds import KEYS

BY_PATH = 16
"""Each so many-th file is read by its path, so that its beginning is read twice."""


@pytest.mark.parametrize("shard", range(SHARDS))
def test_damaged_files(
    shard: int, tmp_path: Path, tried: Callable[[str, int, float], None]
) -> None:
    damage, path = Damage(Random(f"files {SEED} {shard}")), tmp_path / "damaged"
    began = process_time()
    for number in range(FILES // SHARDS):
        octets, source = damage.file(), None
        if number % BY_PATH == 0:
            path.write_bytes(octets)
            source = path
        try:
            look_through(source or io.BytesIO(octets))
        except Exception as error:
            kept = keep(octets, CORPUS_OF_FILES)
            pytest.fail(f"{kept.name}, seed {SEED}: {error!r}")
    tried("damaged files", FILES // SHARDS, process_time() - began)


@pytest.mark.parametrize("number", range(len(whole_files())))
def test_what_is_damaged_was_sound(number: int) -> None:
    frames, damage = look_through(io.BytesIO(b"".join(whole_files()[number])))
    assert damage is None
    assert frames >= 32


def look_through(source: Path | Readable) -> tuple[int, CaptureError | None]:
    """Return how many frames a file gives, and the one complaint at its end or start."""
    frames = 0
    try:
        with open_capture(source, Given(keys=list(KEYS))) as capture:
            for frames, decoded in enumerate(capture, 1):
                assert decoded.number == frames
            return frames, capture.damage
    except CaptureError as damage:
        return frames, damage
