"""The database of a project: opened, brought to its tables' version, and asked in transactions."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from sqlalchemy import URL, Connection, create_engine, event, insert, inspect, select
from sqlalchemy.exc import DBAPIError

from fullcanvas.server import schema
from fullcanvas.server.errors import StoreError

BUSY_SECONDS = 10
"""How long to wait for another program to finish its change."""


class Database:
    """An SQLite file. What a transaction has changed is on the disk when its block ends.

    Args:
        path: the file, made if it is not there.

    Raises:
        StoreError: it cannot be opened, is no database, is from a newer version of the program, or its
            folder cannot keep it safely.
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        url = URL.create("sqlite", database=str(path))
        self._engine = create_engine(url, connect_args={"timeout": BUSY_SECONDS})
        event.listen(self._engine, "connect", _prepare)
        event.listen(self._engine, "begin", _begin)
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._migrate()
        except OSError as error:
            raise StoreError(f"{path.parent}: {error.strerror}; --project DIR names another place") from error
        except StoreError:
            self.close()
            raise

    def close(self) -> None:
        """Let go of the file."""
        self._engine.dispose()

    @contextmanager
    def read(self) -> Iterator[Connection]:
        """A transaction that sees one moment of the database."""
        with self._transaction(write=False) as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[Connection]:
        """A transaction that changes the database, alone; a failure in its block leaves no trace."""
        with self._transaction(write=True) as connection:
            yield connection

    @contextmanager
    def _transaction(self, write: bool) -> Iterator[Connection]:
        try:
            with self._engine.execution_options(write=write).begin() as connection:
                yield connection
        except DBAPIError as error:
            raise StoreError(f"{self._path}: {_reason(error)}") from error

    def _migrate(self) -> None:
        with self.write() as connection:
            if not inspect(connection).has_table(schema.settings.name):
                schema.metadata.create_all(connection)
                value = {"name": "schema_version", "value": str(schema.VERSION)}
                connection.execute(insert(schema.settings).values(value))
                return
            query = select(schema.settings.c.value).where(schema.settings.c.name == "schema_version")
            version = int(connection.execute(query).scalar_one())
        if version > schema.VERSION:
            raise StoreError(
                f"{self._path}: was written by a newer Fullcanvas (its version {version}, ours "
                f"{schema.VERSION}); update Fullcanvas to open it. Nothing was changed"
            )


def _prepare(connection: Any, _record: object) -> None:
    # The driver's own handling of transactions is switched off: `_begin` says what is meant.
    connection.isolation_level = None
    cursor = connection.cursor()
    mode = cursor.execute("PRAGMA journal_mode = WAL").fetchone()[0]
    cursor.execute("PRAGMA synchronous = FULL")
    cursor.execute("PRAGMA foreign_keys = ON")
    cursor.close()
    if mode != "wal":
        raise StoreError(
            "the folder cannot keep the database safely (no write-ahead log; is it on a network mount?); "
            "--project DIR names another place"
        )


def _begin(connection: Connection) -> None:
    write = connection.get_execution_options().get("write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")


def _reason(error: DBAPIError) -> str:
    text = str(error.orig)
    for part, sentence in (
        ("locked", "another program holds the database; try again, or close it"),
        ("readonly", "may not be written; --project DIR names another place"),
        ("unable to open", "cannot be opened or made here; --project DIR names another place"),
        ("not a database", "is not a database; move it away, or restore it from a backup"),
        ("disk is full", "the disk is full; nothing was stored"),
    ):
        if part in text:
            return sentence
    return f"the database failed ({text})"
