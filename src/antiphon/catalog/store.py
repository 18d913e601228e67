"""What clients have made, kept on disk: JSON documents in collections, and files beside them.

The documents lie in an SQLite database in WAL mode, the files in a folder. Every write is on disk before it
is answered, and either whole or not there, whatever kills the process. Several processes of one host may use
the same folder; it must not lie on a network file system (https://www.sqlite.org/wal.html).
"""

import asyncio
import contextlib
import fcntl
import os
import sqlite3
from collections.abc import Callable, Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import Protocol, TypeVar
from uuid import uuid4

from antiphon.errors import StorageError

_FORMAT = 1
"""``user_version`` of the database; a newer program counts it up when it changes the tables."""

_LOCKED_S = 5.0
"""How long a write waits for that of another process."""

_TABLES = """
CREATE TABLE IF NOT EXISTS documents (
    collection TEXT NOT NULL,
    id TEXT NOT NULL,
    body BLOB NOT NULL,
    PRIMARY KEY (collection, id)
) WITHOUT ROWID
"""

T = TypeVar("T")


class Store(Protocol):
    """Documents (JSON, as bytes) by collection and id, and files by name."""

    def get(self, collection: str, key: str) -> bytes | None:
        """The document as it is now; quick enough for the event loop."""
        ...

    async def list(self, collection: str) -> tuple[tuple[str, bytes], ...]:
        """Every id with its document, in the order of the ids."""
        ...

    async def put(self, collection: str, key: str, body: bytes) -> None:
        """Keep a document, in place of the one that is there."""
        ...

    async def claim(self, collection: str, key: str, body: bytes) -> bytes:
        """Keep a document unless there is one; the document that is there now."""
        ...

    async def update(self, collection: str, key: str, change: Callable[[bytes], bytes]) -> bytes | None:
        """Change a document, with nobody else changing it meanwhile; None when there is none.

        What ``change`` raises leaves the document as it was.
        """
        ...

    async def delete(self, collection: str, key: str) -> bool:
        """Forget a document; whether there was one."""
        ...

    async def put_file(self, name: str, content: bytes) -> None:
        """Keep a file."""
        ...

    async def get_file(self, name: str) -> bytes | None:
        """The content of a file."""
        ...

    async def delete_file(self, name: str) -> None:
        """Forget a file, if there is one."""
        ...


@contextmanager
def local_store(folder: Path) -> Generator["LocalStore"]:
    """Open the store in a folder, which is made when it is not there; only its owner can read it.

    Raises:
        StorageError: the folder can't be used, or what lies in it is damaged or of a newer version.
    """
    store = LocalStore(folder)
    try:
        yield store
    finally:
        store.close()


class LocalStore:
    """A `Store` in a folder of this host; `local_store` opens and closes it."""

    def __init__(self, folder: Path) -> None:
        self._files = folder / "files"
        with _telling(folder):
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
            self._files.mkdir(mode=0o700, exist_ok=True)
            path = folder / "catalog.sqlite"
            os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
            with _alone(folder / "opening.lock"):
                self._writer = _connect(path, _LOCKED_S)
                _prepare(self._writer, folder)
            # Reads have a connection of their own, for a write holds its connection until it is on disk.
            self._reader = _connect(path, _LOCKED_S)
            self._reader.execute("PRAGMA query_only = ON")
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="catalog")

    def close(self) -> None:
        """Finish what was asked for, and let go of the folder."""
        self._thread.shutdown()
        self._reader.close()
        self._writer.close()

    def get(self, collection: str, key: str) -> bytes | None:
        """See `Store.get`: a look into a B-tree that the page cache holds, some 20 µs."""
        return _body(self._reader, collection, key)

    async def list(self, collection: str) -> tuple[tuple[str, bytes], ...]:
        """See `Store.list`."""
        query = "SELECT id, body FROM documents WHERE collection = ? ORDER BY id"
        return await self._run(lambda: tuple(self._writer.execute(query, (collection,))))

    async def put(self, collection: str, key: str, body: bytes) -> None:
        """See `Store.put`."""
        query = "REPLACE INTO documents VALUES (?, ?, ?)"
        await self._run(lambda: self._writer.execute(query, (collection, key, body)))

    async def claim(self, collection: str, key: str, body: bytes) -> bytes:
        """See `Store.claim`."""
        query = "INSERT OR IGNORE INTO documents VALUES (?, ?, ?)"
        await self._run(lambda: self._writer.execute(query, (collection, key, body)))
        return self.get(collection, key) or body

    async def update(self, collection: str, key: str, change: Callable[[bytes], bytes]) -> bytes | None:
        """See `Store.update`."""

        def change_alone() -> bytes | None:
            with _transaction(self._writer):
                before = _body(self._writer, collection, key)
                if before is None:
                    return None
                after = change(before)
                query = "UPDATE documents SET body = ? WHERE collection = ? AND id = ?"
                self._writer.execute(query, (after, collection, key))
                return after

        return await self._run(change_alone)

    async def delete(self, collection: str, key: str) -> bool:
        """See `Store.delete`."""
        query = "DELETE FROM documents WHERE collection = ? AND id = ?"
        return await self._run(lambda: self._writer.execute(query, (collection, key)).rowcount > 0)

    async def put_file(self, name: str, content: bytes) -> None:
        """See `Store.put_file`."""
        await self._run(lambda: _write(self._files / name, content))

    async def get_file(self, name: str) -> bytes | None:
        """See `Store.get_file`."""
        path = self._files / name
        return await self._run(lambda: path.read_bytes() if path.exists() else None)

    async def delete_file(self, name: str) -> None:
        """See `Store.delete_file`."""
        await self._run(lambda: (self._files / name).unlink(missing_ok=True))

    async def _run(self, call: Callable[[], T]) -> T:
        """Do it in the one thread that writes; it is done even if nobody waits for it any more."""
        return await asyncio.get_running_loop().run_in_executor(self._thread, call)


def _connect(path: Path, patience_s: float) -> sqlite3.Connection:
    return sqlite3.connect(path, timeout=patience_s, isolation_level=None, check_same_thread=False)


def _prepare(connection: sqlite3.Connection, folder: Path) -> None:
    """Bring the database into its form, and look whether it is whole.

    Raises:
        StorageError: it is not, or a newer program made it.
        sqlite3.Error: it is no database, or can't be written.
    """
    (version,) = connection.execute("PRAGMA user_version").fetchone()
    if version > _FORMAT:
        raise StorageError(
            f"The catalog in {folder} was made by a newer version of Antiphon. Use that version, or choose "
            "another folder with --catalog-dir or ANTIPHON_CATALOG_DIR."
        )
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute("PRAGMA synchronous = FULL")
    (finding,) = connection.execute("PRAGMA quick_check(1)").fetchone()
    if finding != "ok":
        raise sqlite3.DatabaseError(finding)
    connection.execute(_TABLES)
    connection.execute(f"PRAGMA user_version = {_FORMAT}")


def _body(connection: sqlite3.Connection, collection: str, key: str) -> bytes | None:
    query = "SELECT body FROM documents WHERE collection = ? AND id = ?"
    row = connection.execute(query, (collection, key)).fetchone()
    return row and row[0]


@contextmanager
def _transaction(connection: sqlite3.Connection) -> Generator[None]:
    connection.execute("BEGIN IMMEDIATE")
    try:
        yield
        connection.execute("COMMIT")
    finally:
        if connection.in_transaction:
            connection.execute("ROLLBACK")


def _write(path: Path, content: bytes) -> None:
    """Write a file so that it is there whole or not at all."""
    draft = path.with_name(f".{uuid4().hex}")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        draft.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            draft.unlink()
        raise
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


@contextmanager
def _alone(lock: Path) -> Generator[None]:
    """Hold other processes off: two that change the journal's mode at once would see an error."""
    handle = os.open(lock, os.O_RDWR | os.O_CREAT, 0o600)
    try:
        fcntl.flock(handle, fcntl.LOCK_EX)
        yield
    finally:
        os.close(handle)


@contextmanager
def _telling(folder: Path) -> Generator[None]:
    remedy = "choose another folder with --catalog-dir or ANTIPHON_CATALOG_DIR"
    try:
        yield
    except sqlite3.OperationalError as error:
        raise StorageError(f"Can't use the catalog in {folder}: {error}. Mend it, or {remedy}.") from None
    except sqlite3.DatabaseError as error:
        raise StorageError(
            f"The catalog in {folder} is damaged: {error}. Put back a copy of catalog.sqlite, move the "
            f"folder away to begin with an empty one, or {remedy}."
        ) from None
    except OSError as error:
        raise StorageError(f"Can't use {folder} for the catalog: {error.strerror}; {remedy}.") from None
