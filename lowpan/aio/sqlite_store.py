"""A durable store in one file, by SQLite."""

import os
import sqlite3
from collections.abc import Generator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from tempfile import mkstemp
from typing import Any, Self
from zlib import crc32

from lowpan.errors import StoreError

APPLICATION_ID = 0x6C6F7770
"""Says in the file whose it is: `lowp`."""
VERSION = 1
_TABLE = (
    "CREATE TABLE record"
    " (name TEXT PRIMARY KEY, octets BLOB NOT NULL, crc32 INTEGER NOT NULL) WITHOUT ROWID"
)
_BUSY, _READ_ONLY, _DAMAGED, _FULL = "in use", "out of reach", "damaged", "full"
_FOREIGN = "foreign"
_FAULTS = {
    sqlite3.SQLITE_BUSY: _BUSY,
    sqlite3.SQLITE_LOCKED: _BUSY,
    sqlite3.SQLITE_CORRUPT: _DAMAGED,
    sqlite3.SQLITE_NOTADB: _DAMAGED,
    sqlite3.SQLITE_READONLY: _READ_ONLY,
    sqlite3.SQLITE_PERM: _READ_ONLY,
    sqlite3.SQLITE_CANTOPEN: _READ_ONLY,
    sqlite3.SQLITE_FULL: _FULL,
}
_NEW_KEY = "counters would repeat with the old key: give the network a new one, then a new store"
_CURES = {
    _FOREIGN: f"name another file; if it was a store once, {_NEW_KEY}",
    _BUSY: "stop the other process, or give this node a store of its own",
    _READ_ONLY: "let this user read and write the file and its directory",
    _DAMAGED: f"restore no older copy and do not just start anew, {_NEW_KEY}",
    _FULL: "free some space",
}


class SqliteStore:
    """A Store in a file that one process has open at a time; see Store.

    What save() was told is on the medium when it returns, in the file itself: SQLite keeps what
    it needs to undo an unfinished change in a second file (a rollback journal), and syncs both.
    A write-ahead log would need one sync instead of four, but what it holds is lost without a word
    when somebody copies or keeps the file alone, and counters would begin again; and writes are
    few.  Each record has a checksum.  The file is for its owner's eyes (mode 0600).

    Opening makes a file that is not there.  One that is there and is not such a store, or damaged,
    or in use, is a StoreError: it is never replaced.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        """Open the store at `path`; raise StoreError."""
        self.path = Path(path)
        with self._explained():
            if not self.path.exists():
                _create(self.path)
            self._connection = sqlite3.connect(
                f"{self.path.absolute().as_uri()}?mode=rw",
                uri=True,
                timeout=0,
                isolation_level=None,
            )
            try:
                self._prepare()
            except BaseException:
                self._connection.close()
                raise

    def load(self, name: str) -> bytes | None:
        """Return what was last saved under `name`, None if nothing was."""
        rows = self._execute("SELECT octets, crc32 FROM record WHERE name = ?", name)
        if not rows:
            return None
        octets, checksum = rows[0]
        return self._checked(name, octets, checksum)

    def save(self, name: str, octets: bytes) -> None:
        """Keep `octets` under `name`; when this returns they survive a loss of power."""
        self._execute(
            "INSERT OR REPLACE INTO record VALUES (?, ?, ?)", name, octets, _checksum(name, octets)
        )

    def remove(self, name: str) -> None:
        """Forget `name`; harmless if it is not there."""
        self._execute("DELETE FROM record WHERE name = ?", name)

    def names(self, prefix: str = "") -> list[str]:
        """Return the names that begin with `prefix`, sorted."""
        rows = self._execute(
            "SELECT name FROM record WHERE name >= ? AND substr(name, 1, ?) = ? ORDER BY name",
            *(prefix, len(prefix), prefix),
        )
        return [name for (name,) in rows]

    def close(self) -> None:
        """Let others open it; harmless if it is closed."""
        with self._explained():
            self._connection.close()

    def __enter__(self) -> Self:
        """Return the store itself."""
        return self

    def __exit__(self, *exception: object) -> None:
        """Close it."""
        self.close()

    def _prepare(self) -> None:
        """Lock the file, see that it is ours and whole, and let it be synced."""
        self._pragma("locking_mode = EXCLUSIVE")
        if self._pragma("application_id") != APPLICATION_ID:
            raise StoreError(f"{self.path} is no store of lowpan", _CURES[_FOREIGN])
        version = self._pragma("user_version")
        if version != VERSION:
            raise StoreError(f"{self.path} has version {version} instead of {VERSION}")
        self._pragma("journal_mode = TRUNCATE")
        self._pragma("synchronous = FULL")
        self._pragma("fullfsync = ON")  # macOS: past the cache of the medium as well
        self._execute("BEGIN EXCLUSIVE")  # in this locking mode the lock outlasts it
        self._execute("COMMIT")
        found = self._pragma("quick_check(1)")
        if found != "ok":
            raise StoreError(f"{self.path} is damaged: {found}", _CURES[_DAMAGED])
        for row in self._execute("SELECT name, octets, crc32 FROM record"):
            self._checked(*row)  # a name that has changed would be a counter that begins again
        if self.path.stat().st_mode & 0o077:
            self.path.chmod(0o600)

    def _checked(self, name: str, octets: object, checksum: object) -> bytes:
        if not isinstance(octets, bytes) or _checksum(name, octets) != checksum:
            raise StoreError(f"{self.path} is damaged: {name} has changed", _CURES[_DAMAGED])
        return octets

    def _pragma(self, pragma: str) -> Any:
        rows = self._execute(f"PRAGMA {pragma}")
        return rows[0][0] if rows else None

    def _execute(self, statement: str, *values: object) -> list[Any]:
        with self._explained():
            return self._connection.execute(statement, values).fetchall()

    @contextmanager
    def _explained(self) -> Generator[None]:
        """Turn what goes wrong into a StoreError with its cause and cure."""
        try:
            yield
        except sqlite3.Error as error:
            code = getattr(error, "sqlite_errorcode", sqlite3.SQLITE_ERROR) & 0xFF
            fault = _FAULTS.get(code)
            said = f"{self.path} is {fault}: {error}" if fault else f"{self.path}: {error}"
            raise StoreError(said, _CURES.get(fault or "", "")) from error
        except UnicodeDecodeError as error:
            raise StoreError(
                f"{self.path} is damaged: text that is none", _CURES[_DAMAGED]
            ) from error
        except OSError as error:
            said = f"{self.path}: {error.strerror or error}"
            raise StoreError(said, _CURES[_READ_ONLY]) from error


def _create(path: Path) -> None:
    """Make an empty store; whole or not at all, whenever it is interrupted."""
    descriptor, unfinished = mkstemp(prefix=f".{path.name}.", dir=path.parent)  # mode 0600
    os.close(descriptor)
    try:
        with closing(sqlite3.connect(unfinished, isolation_level=None)) as connection:
            for statement in (
                "PRAGMA journal_mode = MEMORY",  # no second file; nobody can see this one yet
                "PRAGMA synchronous = FULL",
                "PRAGMA fullfsync = ON",
                "BEGIN",
                f"PRAGMA application_id = {APPLICATION_ID}",
                f"PRAGMA user_version = {VERSION}",
                _TABLE,
                "COMMIT",
            ):
                connection.execute(statement)
        with suppress(FileExistsError):  # another process was faster: theirs it is
            os.link(unfinished, path)
    finally:
        Path(unfinished).unlink()
    _sync_directory(path.parent)


def _sync_directory(directory: Path) -> None:
    if os.name != "posix":
        return
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _checksum(name: str, octets: bytes) -> int:
    return crc32(octets, crc32(name.encode()))
