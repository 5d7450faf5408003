"""The kinds of database that a project can be kept in, and what is particular to each.

Both give the same promises: a transaction that changes something is alone, one that reads sees one moment,
and what is committed is on the disk. Changes that come one after another cannot deadlock.
"""

from __future__ import annotations

import os
import sqlite3
import threading
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager, nullcontext
from itertools import chain, count
from pathlib import Path
from typing import Any, Protocol

from sqlalchemy import URL, Connection, Engine, create_engine, event, inspect, make_url
from sqlalchemy.exc import ArgumentError
from sqlalchemy.pool import QueuePool

from fullcanvas.files import sync_folder
from fullcanvas.server.errors import StoreError
from fullcanvas.server.mounts import network_mount

BUSY_SECONDS = 10
"""How long to wait for another program to finish its change."""
TURN_SECONDS = 60
"""How long to wait for the changes of this program that came before."""
_LOCK = 0x66756C6C  # PostgreSQL's advisory locks are numbers; ours spells "full"
_ELSEWHERE = "--project DIR names another place"


class Kind(Protocol):
    """A kind of database.

    Attributes:
        name: what it is called in messages; tells no password.
    """

    name: str

    def open(self) -> Engine:
        """Connections to it."""

    def turn(self, write: bool) -> AbstractContextManager[object]:
        """Held around a transaction, the connection included."""

    def prepare(self, connection: Connection, write: bool) -> None:
        """What has to be said before a transaction."""

    def begin(self, connection: Connection, write: bool) -> None:
        """What has to be said first in a transaction."""

    def back_up(self, connection: Connection, version: int) -> str:
        """Copy everything before tables of this version are changed; say where to."""

    def reason(self, text: str) -> str:
        """What the driver's message means."""


def kind_of(place: Path | str) -> Kind:
    """The kind of database at a place: a file is SQLite's.

    Raises:
        StoreError: it is an address, but not of a PostgreSQL database.
    """
    if isinstance(place, Path):
        return Sqlite(place)
    try:
        url = make_url(place)
    except (ArgumentError, ValueError):
        raise StoreError(_no_address("this")) from None  # whose message may hold a password
    if url.get_backend_name() != "postgresql":
        raise StoreError(_no_address(f"{url.get_backend_name()}:"))
    return Postgres(url.set(drivername="postgresql+psycopg"))


def _no_address(what: str) -> str:
    return f"{what} is no address of a database; write it as postgresql://USER@HOST/NAME, or leave it out"


class Sqlite:
    """An SQLite file, with a write-ahead log.

    Args:
        path: the file; made, with its folder, if it is not there.
    """

    def __init__(self, path: Path) -> None:
        self.name = str(path)
        self._path = path
        self._file: tuple[int, int] | None = None  # which one it is, once it is there
        self._writing = threading.Lock()

    def open(self) -> Engine:
        """Connections to the file.

        Raises:
            StoreError: its folder cannot be made, or cannot keep a database safely.
        """
        try:
            self._path.parent.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise StoreError(f"{self._path.parent}: {error.strerror}; {_ELSEWHERE}") from error
        if kind := network_mount(self._path.parent):
            raise StoreError(
                f"{self._path.parent}: is a network mount ({kind}), which cannot keep a database safely; "
                f"--project DIR names a place on this machine's own disk"
            )
        url = URL.create("sqlite", database=str(self._path))
        engine = create_engine(
            url, poolclass=QueuePool, max_overflow=-1, connect_args={"timeout": BUSY_SECONDS}
        )
        event.listen(engine, "connect", _prepare_sqlite)
        return engine

    @contextmanager
    def turn(self, write: bool) -> Iterator[None]:
        """Changes of this program come in turn.

        Left to SQLite, each would try again and again, with pauses; the quick ones would overtake the others.
        """
        with self._in_turn() if write else nullcontext():
            self._check_file()
            yield

    @contextmanager
    def _in_turn(self) -> Iterator[None]:
        if not self._writing.acquire(timeout=TURN_SECONDS):
            raise StoreError(f"{self.name}: too many changes are waiting for the disk; try again")
        try:
            yield
        finally:
            self._writing.release()

    def _check_file(self) -> None:
        """See that the file is the one that was opened: what is written to a deleted one is lost."""
        try:
            found = self._path.stat()
            file = found.st_dev, found.st_ino
        except OSError:  # it is not there, or SQLite will say what is wrong
            file = None
        self._file = self._file or file
        if self._file != file:
            raise StoreError(
                f"{self.name}: was moved, deleted or replaced while it was in use, so nothing can be stored; "
                "put it back, or stop Fullcanvas and start again"
            )

    def prepare(self, connection: Connection, write: bool) -> None:
        """Nothing."""

    def begin(self, connection: Connection, write: bool) -> None:
        """One that will write waits for its turn at once; later it might have to give up."""
        connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")

    def back_up(self, _connection: Connection, version: int) -> str:
        """Copy the database beside itself, to the file that it answers.

        Raises:
            StoreError: it cannot be copied.
        """
        taken = [entry.name for entry in self._path.parent.iterdir()]
        copy = self._path.with_name(_unused(f"{self._path.name}.backup-{version}", taken))
        partial = copy.with_name(f"{copy.name}.partial")
        try:
            partial.unlink(missing_ok=True)
            _copy_sqlite(self._path, partial)
            partial.rename(copy)
            sync_folder(copy.parent)
        except (OSError, sqlite3.Error) as error:
            partial.unlink(missing_ok=True)
            raise StoreError(
                f"{copy}: the backup before an update of the tables cannot be made ({error}); "
                "nothing was changed"
            ) from error
        return str(copy)

    def reason(self, text: str) -> str:
        """What the driver's message means."""
        return _meaning(text, _SQLITE_REASONS)


_SQLITE_REASONS = (
    ("locked", "another program holds the database; try again, or close it"),
    ("readonly", f"may not be written; {_ELSEWHERE}"),
    ("unable to open", f"cannot be opened or made here; {_ELSEWHERE}"),
    ("not a database", "is not a database; move it away, or restore it from a backup"),
    ("malformed", "the database is damaged; stop Fullcanvas and restore it from a backup"),
    ("disk is full", "the disk is full; nothing was stored"),
    ("disk I/O error", "the disk fails, or is full; nothing was stored"),
)


def _prepare_sqlite(connection: Any, _record: object) -> None:
    # The driver's own handling of transactions is switched off: `begin` says what is meant.
    connection.isolation_level = None
    # SQLite's own knows the letters of ASCII alone: Ö would not be found by ö.
    connection.create_function("lower", 1, str.lower, deterministic=True)
    cursor = connection.cursor()
    mode = cursor.execute("PRAGMA journal_mode = WAL").fetchone()[0]
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.execute("PRAGMA foreign_keys = ON")
    # In KiB: every connection keeps pages of its own, else 2 MB each once the database is as large.
    cursor.execute("PRAGMA cache_size = -500")
    cursor.close()
    if mode != "wal":
        raise StoreError(
            "the folder cannot keep the database safely (no write-ahead log; is it on a network mount?); "
            f"{_ELSEWHERE}"
        )


def _copy_sqlite(path: Path, copy: Path) -> None:
    source, target = sqlite3.connect(path), sqlite3.connect(copy)
    try:
        source.backup(target)
    finally:
        source.close()
        target.close()
    with copy.open("rb+") as file:
        os.fsync(file.fileno())


class Postgres:
    """A PostgreSQL database, all of whose tables are this project's.

    Args:
        url: of the database.
    """

    def __init__(self, url: URL) -> None:
        self.name = url.render_as_string(hide_password=True)
        self._url = url

    def open(self) -> Engine:
        """Connections to the database.

        Raises:
            StoreError: its driver is not installed.
        """
        try:
            return create_engine(
                self._url,
                max_overflow=-1,  # as many as there are requests at once, which the server bounds
                pool_pre_ping=True,  # it may have been restarted since
                hide_parameters=True,
                connect_args={"connect_timeout": BUSY_SECONDS},
            )
        except ModuleNotFoundError as error:
            raise StoreError(
                'PostgreSQL needs one more package: pip install "fullcanvas[postgres]"'
            ) from error

    def turn(self, _write: bool) -> AbstractContextManager[object]:
        """Nothing: the server's own locks are given in turn."""
        return nullcontext()

    def prepare(self, connection: Connection, write: bool) -> None:
        """One that reads sees one moment; one that writes sees what those before it wrote."""
        level = "READ COMMITTED" if write else "REPEATABLE READ"
        connection.execution_options(isolation_level=level, postgresql_readonly=not write)

    def begin(self, connection: Connection, write: bool) -> None:
        """Changes come one after another: whoever comes second waits here, and nowhere else."""
        if write:
            connection.exec_driver_sql(f"SET LOCAL lock_timeout = '{BUSY_SECONDS}s'")
            connection.exec_driver_sql(f"SELECT pg_advisory_xact_lock({_LOCK})")

    def back_up(self, connection: Connection, version: int) -> str:
        """Copy every table into a schema of its own, which it answers."""
        found = inspect(connection)
        place = _unused(f"fullcanvas_backup_{version}", found.get_schema_names())
        connection.exec_driver_sql(f"CREATE SCHEMA {place}")
        for table in found.get_table_names():
            connection.exec_driver_sql(f"CREATE TABLE {place}.{table} AS TABLE {table}")
        return f"the schema {place}"

    def reason(self, text: str) -> str:
        """What the driver's message means."""
        return _meaning(text, _POSTGRES_REASONS)


_POSTGRES_REASONS = (
    ("lock timeout", "another program holds the database; try again, or close it"),
    ("password", "the database does not let this user in; see its address, PGPASSWORD and ~/.pgpass"),
    ("connection", "the database does not answer; is it running, and its address right?"),
    ("No space left", "the disk of the database is full; nothing was stored"),
    ("read-only transaction", "the database may not be written"),
)


def _unused(name: str, taken: Sequence[str]) -> str:
    """The name, with a number after it if it is taken."""
    numbered = (f"{name}_{number}" for number in count(2))
    return next(found for found in chain([name], numbered) if found not in taken)


def _meaning(text: str, reasons: Sequence[tuple[str, str]]) -> str:
    found = next((sentence for part, sentence in reasons if part in text), None)
    return found or f"the database failed ({text.strip()})"
