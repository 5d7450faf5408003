"""The database of a project: opened, brought to its tables' version, and asked in transactions."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from rich.console import Console
from sqlalchemy import Connection, insert, inspect, select, update
from sqlalchemy.exc import DBAPIError

from fullcanvas.server import schema
from fullcanvas.server.engines import Kind, kind_of
from fullcanvas.server.errors import StoreError
from fullcanvas.server.migrations import migrate

SILENT = Console(quiet=True)


class Database:
    """What a transaction has changed is on the disk when its block ends.

    Args:
        place: the SQLite file, made if it is not there, or the address of a PostgreSQL database.
        console: is told when tables of an older version are brought up to date, which may take a while.

    Raises:
        StoreError: it cannot be opened, is no database, is from a newer version of the program, or its
            folder cannot keep it safely.
    """

    def __init__(self, place: Path | str, console: Console = SILENT) -> None:
        self._kind: Kind = kind_of(place)
        self.name = self._kind.name
        self._engine = self._kind.open()
        try:
            self._migrate(console)
        except StoreError:
            self.close()
            raise

    def close(self) -> None:
        """Let go of the database."""
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
            with self._kind.turn(write), self._engine.connect() as connection:
                self._kind.prepare(connection, write)
                with connection.begin():
                    self._kind.begin(connection, write)
                    yield connection
        except DBAPIError as error:
            raise StoreError(f"{self.name}: {self._kind.reason(str(error.orig))}") from error

    def _migrate(self, console: Console) -> None:
        with self.write() as connection:
            version = self._version(connection)
            if version == 0:
                schema.metadata.create_all(connection)
                value = {"name": "schema_version", "value": str(schema.VERSION)}
                connection.execute(insert(schema.settings).values(value))
            elif version < schema.VERSION:
                self._update(connection, version, console)
                mine = schema.settings.c.name == "schema_version"
                connection.execute(update(schema.settings).where(mine).values(value=str(schema.VERSION)))

    def _update(self, connection: Connection, version: int, console: Console) -> None:
        """Bring older tables up to date; nobody else can write meanwhile, so the copy holds all there is."""
        told = f"{self.name}: is of version {version}; copied, and brought to version {schema.VERSION}, once"
        console.print(told, soft_wrap=True, markup=False)
        copy = self._kind.back_up(connection, version)
        console.print(f"As it was, it is kept in {copy}", soft_wrap=True, markup=False)
        migrate(connection, version, console)

    def _version(self, connection: Connection) -> int:
        """Of the tables that are there, 0 if none are."""
        if not inspect(connection).has_table(schema.settings.name):
            return 0
        query = select(schema.settings.c.value).where(schema.settings.c.name == "schema_version")
        stored = str(connection.execute(query).scalars().first())
        if not stored.isdecimal():
            raise StoreError(f"{self.name}: is a database of something else. Nothing was changed")
        version = int(stored)
        if version > schema.VERSION:
            raise StoreError(
                f"{self.name}: was written by a newer Fullcanvas (its version {version}, ours "
                f"{schema.VERSION}); update Fullcanvas to open it. Nothing was changed"
            )
        return version
