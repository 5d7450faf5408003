"""Renaming and deleting labels, wherever they were given."""

from __future__ import annotations

import json

from sqlalchemy import Connection, RowMapping, select, update

from fullcanvas.server import schema
from fullcanvas.server.database import Database
from fullcanvas.server.errors import ConflictError, NotFoundError
from fullcanvas.server.logs import dump, read_log


class Relabelling:
    """The part of the store that renames and deletes labels. Its methods may be called from any thread."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def rename(self, label_id: int, name: str) -> None:
        """Give a label another name, in all that was ever said; photos that speak of it have changed then.

        Raises:
            NotFoundError: there is no such label.
            ConflictError: another one has the name.
        """
        table, photos = schema.labels, schema.photos
        with self._database.write() as connection:
            old = _name(connection, label_id)
            if old == name:
                return
            taken = connection.execute(select(table).where(table.c.name == name)).mappings().first()
            if taken is not None and not taken["deleted"]:
                raise ConflictError(f"there is a label {name!r} already")
            if taken is not None:
                # The deleted label's id stays taken, under a name that nobody can give.
                nobodys = f"\x7f{taken['id']}"
                connection.execute(update(table).where(table.c.id == taken["id"]).values(name=nobodys))
            connection.execute(update(table).where(table.c.id == label_id).values(name=name))
            for photo_id in _rename_entries(connection, old, name):
                mine = photos.c.id == photo_id
                connection.execute(update(photos).where(mine).values(version=photos.c.version + 1))

    def delete(self, label_id: int) -> None:
        """Take a label away that no region has. It comes back, as it was, with any region that has it.

        Raises:
            NotFoundError: there is no such label.
            ConflictError: a region has it.
        """
        table = schema.labels
        with self._database.write() as connection:
            name = _name(connection, label_id)
            users = _photos_with(connection, name)
            if users:
                listed = ", ".join(users[:3]) + (", …" if len(users) > 3 else "")
                raise ConflictError(f"regions of {len(users)} photos are labelled {name!r}: {listed}")
            connection.execute(update(table).where(table.c.id == label_id).values(deleted=True))


def _name(connection: Connection, label_id: int) -> str:
    table = schema.labels
    query = select(table.c.name).where(table.c.id == label_id, ~table.c.deleted)
    found: str | None = connection.execute(query).scalar_one_or_none()
    if found is None:
        raise NotFoundError(f"there is no label {label_id}")
    return found


def _entries_with(connection: Connection, name: str) -> list[RowMapping]:
    """The entries that give a label."""
    table = schema.entries
    # Where the text is found is narrowed down by the database; whether it is the label, by who reads it.
    like = table.c.body.contains(f'"label":{dump(name)}', autoescape=True)
    rows = connection.execute(select(table).where(like)).mappings()
    return [row for row in rows if json.loads(row["body"]).get("label") == name]


def _rename_entries(connection: Connection, old: str, name: str) -> set[int]:
    """The photos whose logs have changed."""
    table = schema.entries
    found = _entries_with(connection, old)
    for row in found:
        body = dump({**json.loads(row["body"]), "label": name})
        mine = (table.c.photo_id == row["photo_id"], table.c.position == row["position"])
        connection.execute(update(table).where(*mine).values(body=body))
    return {row["photo_id"] for row in found}


def _photos_with(connection: Connection, name: str) -> list[str]:
    """The photos that have a region of this label now, by path."""
    table = schema.photos
    named = {row["photo_id"] for row in _entries_with(connection, name)}
    # All photos are gone through: a query takes so many numbers and no more.
    rows = connection.execute(select(table).order_by(table.c.path)).mappings().all()
    logs = ((row["path"], read_log(connection, row)) for row in rows if row["id"] in named)
    return [path for path, log in logs if log and name in {region.label for region in log.regions.values()}]
