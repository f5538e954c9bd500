"""A store in a file: what it keeps, and what it refuses to open."""

import os
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from lowpan.aio.sqlite_store import SqliteStore
from lowpan.errors import StoreError
from lowpan.store import MemoryStore, Store

RECORDS = {f"outgoing/{number:08x}": bytes([number]) * 4 for number in range(20)}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "node.store"


def filled(path: Path) -> Path:
    with SqliteStore(path) as store:
        for name, octets in RECORDS.items():
            store.save(name, octets)
    return path


@pytest.fixture(params=["file", "memory"])
def store(request: pytest.FixtureRequest, path: Path) -> Iterator[Store]:
    if request.param == "memory":
        yield MemoryStore()
    else:
        with SqliteStore(path) as opened:
            yield opened


def test_store_keeps_the_last_octets_under_a_name(store: Store) -> None:
    assert store.load("a") is None
    store.save("a", b"1")
    store.save("a", b"\x00\xff")
    store.save("b", b"")
    assert store.load("a") == b"\x00\xff"
    assert store.load("b") == b""
    store.remove("a")
    store.remove("never there")
    assert store.load("a") is None
    assert store.load("b") == b""


def test_store_lists_names_by_prefix(store: Store) -> None:
    for name in ("b/2", "a%", "a", "b/1", "b", "B/0", "b0", "a_", "ä/1"):
        store.save(name, b"")
    assert store.names("b/") == ["b/1", "b/2"]
    assert store.names("a_") == ["a_"]
    assert store.names("ä") == ["ä/1"]
    assert store.names() == ["B/0", "a", "a%", "a_", "b", "b/1", "b/2", "b0", "ä/1"]


def test_records_are_there_after_closing_and_opening(path: Path) -> None:
    with SqliteStore(filled(path)) as store:
        assert {name: store.load(name) for name in store.names()} == RECORDS


def test_records_are_synced_before_save_returns(path: Path) -> None:
    """What the manual says of these settings: a commit survives a loss of power."""
    with SqliteStore(path) as store:
        settings = {
            name: store._pragma(name)  # pyright: ignore[reportPrivateUsage]
            for name in ("synchronous", "journal_mode", "locking_mode")
        }
    assert settings == {"synchronous": 2, "journal_mode": "truncate", "locking_mode": "exclusive"}


def test_file_alone_has_everything_that_was_saved(path: Path) -> None:
    """Nobody loses counters by a copy of the one file, made while the node runs."""
    with SqliteStore(path) as store:
        store.save("a", b"1234")
        copy = path.with_name("copy")
        copy.write_bytes(path.read_bytes())
        with SqliteStore(copy) as copied:
            assert copied.load("a") == b"1234"


def test_only_the_owner_may_read_it(path: Path) -> None:
    with SqliteStore(path) as store:
        store.save("a", b"1")
        for file in path.parent.iterdir():
            assert file.stat().st_mode & 0o777 == 0o600, file


def test_rights_that_are_too_wide_are_taken_back(path: Path) -> None:
    filled(path).chmod(0o664)
    SqliteStore(path).close()
    assert path.stat().st_mode & 0o777 == 0o600


def test_nothing_else_is_left_beside_it(path: Path) -> None:
    filled(path)
    assert {file.name for file in path.parent.iterdir()} <= {path.name, f"{path.name}-journal"}


def test_second_opener_is_told_that_it_is_in_use(path: Path) -> None:
    with SqliteStore(path) as store:
        with pytest.raises(StoreError, match="in use") as raised:
            SqliteStore(path)
        assert "store of its own" in raised.value.cure
        store.save("a", b"1")  # the first one still can
    SqliteStore(path).close()


def test_second_process_is_told_that_it_is_in_use(path: Path) -> None:
    program = (
        "import sys; from lowpan.aio.sqlite_store import SqliteStore\n"
        "from lowpan.errors import StoreError\n"
        "try: SqliteStore(sys.argv[1])\n"
        "except StoreError as error: print(error)"
    )
    with SqliteStore(path):
        with pytest.raises(StoreError):  # which must not give up the lock of the first one
            SqliteStore(path)
        done = subprocess.run(
            [sys.executable, "-c", program, str(path)],
            check=True,
            capture_output=True,
            text=True,
            env={**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)},
        )
    assert "is in use" in done.stdout


def test_closed_store_says_so(path: Path) -> None:
    store = SqliteStore(path)
    store.close()
    store.close()
    with pytest.raises(StoreError, match="closed"):
        store.save("a", b"1")


FOREIGN = {
    "emptied": b"",
    "text": b"once upon a time " * 1000,
    "cut short": None,
}


@pytest.mark.parametrize("content", FOREIGN.values(), ids=FOREIGN)
def test_file_that_is_no_store_is_refused_and_left_alone(path: Path, content: bytes | None) -> None:
    octets = filled(path).read_bytes()[:-4096] if content is None else content
    path.write_bytes(octets)
    with pytest.raises(StoreError) as raised:
        SqliteStore(path)
    assert "new" in raised.value.cure
    assert path.read_bytes() == octets


def test_database_of_another_program_is_refused(path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE record (name TEXT, octets BLOB, crc32 INTEGER)")
    connection.close()
    path.chmod(0o644)
    with pytest.raises(StoreError, match="no store of lowpan"):
        SqliteStore(path)
    assert path.stat().st_mode & 0o777 == 0o644


def test_store_of_another_version_is_refused(path: Path) -> None:
    connection = sqlite3.connect(filled(path))
    connection.execute("PRAGMA user_version = 2")
    connection.close()
    with pytest.raises(StoreError, match="version 2"):
        SqliteStore(path)


@pytest.mark.parametrize("where", ["missing/node.store", "."])
def test_place_where_no_file_can_be_is_explained(tmp_path: Path, where: str) -> None:
    tmp_path.chmod(0o755)
    with pytest.raises(StoreError) as raised:
        SqliteStore(tmp_path / where)
    assert "directory" in raised.value.cure
    assert tmp_path.stat().st_mode & 0o777 == 0o755


def test_full_medium_is_a_store_error_and_keeps_what_was(path: Path) -> None:
    with SqliteStore(filled(path)) as store:
        store._pragma("max_page_count = 2")  # pyright: ignore[reportPrivateUsage]
        with pytest.raises(StoreError, match="full") as raised:
            store.save("large", bytes(100_000))
        assert raised.value.cure == "free some space"
        assert store.load("outgoing/00000003") == bytes([3]) * 4
        store.save("outgoing/00000003", b"5678")
        assert store.load("outgoing/00000003") == b"5678"


def read_all(path: Path) -> dict[str, bytes | None] | None:
    """Return all records, None where the store says that it is damaged."""
    try:
        with SqliteStore(path) as store:
            return {name: store.load(name) for name in store.names()}
    except StoreError:
        return None


def test_no_changed_octet_makes_a_record_vanish_or_change(path: Path) -> None:
    octets = filled(path).read_bytes()
    read_all(path)  # what opening writes is in the header from now on
    octets = path.read_bytes()
    noticed = 0
    used = [at for at in range(len(octets)) if octets[at] and at >= 100][::2]
    for at in [*range(0, 100, 3), *used]:
        changed = bytearray(octets)
        changed[at] ^= 0xFF
        path.write_bytes(changed)
        found = read_all(path)
        assert found is None or found == RECORDS, f"octet {at}"
        noticed += found is None
    assert noticed > len(used) * 0.9
