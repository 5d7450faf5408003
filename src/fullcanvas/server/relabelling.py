"""The rows of labels, and changing them wherever they were given."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import asdict, replace
from itertools import islice

from sqlalchemy import ColumnElement, Connection, RowMapping, delete, func, insert, select, update

from fullcanvas.server import schema
from fullcanvas.server.database import Database
from fullcanvas.server.errors import ConflictError, NotFoundError
from fullcanvas.server.labels import Color, Label
from fullcanvas.server.logs import dump, read_log

_LISTED = 3
"""How many photos a refusal names."""


class Relabelling:
    """The part of the store that changes and deletes labels. Its methods may be called from any thread.

    Whoever annotates meanwhile waits for a few statements, however many photos speak of the label.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    def change(
        self,
        label_id: int,
        *,
        name: str | None = None,
        isthing: bool | None = None,
        color: Color | None = None,
        merge: bool = False,
    ) -> Label:
        """Change a label, in one step; what is None stays.

        Args:
            label_id: of the label.
            name: another name, in all that was ever said; photos that speak of it have changed then.
            isthing, color: as in `Label`.
            merge: whether the label that has this name already takes the place of the one that is renamed.

        Returns:
            the label that there is then.

        Raises:
            NotFoundError: there is no such label.
            ConflictError: another one has the name, and they are not to be merged.
        """
        table = schema.labels
        with self._database.write() as connection:
            label = _found(connection, label_id)
            if name is not None and name != label.name:
                label = _renamed(connection, label, name, merge)
            thing = label.isthing if isthing is None else isthing
            changed = replace(label, isthing=thing, color=color or label.color)
            connection.execute(update(table).where(table.c.id == label.id).values(_row(changed)))
        return changed

    def delete(self, label_id: int) -> None:
        """Take a label away that no region has. It comes back, as it was, with any region that has it.

        Raises:
            NotFoundError: there is no such label.
            ConflictError: a region has it.
        """
        table = schema.labels
        # The search takes its time, so it is made while others may write.
        with self._database.read() as connection:
            label = _found(connection, label_id)
            seen = _versions(connection)
            _check_unused(connection, label, {})
        with self._database.write() as connection:
            now = _found(connection, label_id)
            _check_unused(connection, now, seen if now.name == label.name else {})
            connection.execute(update(table).where(table.c.id == label_id).values(deleted=True))


def read_labels(connection: Connection) -> tuple[Label, ...]:
    """All labels, deleted ones too, by id."""
    rows = connection.execute(select(schema.labels).order_by(schema.labels.c.id)).mappings()
    return tuple(_label(row) for row in rows)


def replace_labels(
    connection: Connection, change: Callable[[Sequence[Label]], Sequence[Label]]
) -> Sequence[Label]:
    """Put what `change` makes of all labels in their place; return it."""
    labels = change(read_labels(connection))
    connection.execute(delete(schema.labels))
    if labels:
        connection.execute(insert(schema.labels), [_row(label) for label in labels])
    return labels


def _row(label: Label) -> dict[str, object]:
    return {**asdict(label), "color": dump(label.color)}


def _label(row: RowMapping) -> Label:
    red, green, blue = json.loads(row["color"])
    return Label(row["id"], row["name"], row["isthing"], (red, green, blue), row["deleted"])


def _found(connection: Connection, label_id: int) -> Label:
    table = schema.labels
    query = select(table).where(table.c.id == label_id, ~table.c.deleted)
    row = connection.execute(query).mappings().first()
    if row is None:
        raise NotFoundError(f"there is no label {label_id}")
    return _label(row)


def _renamed(connection: Connection, label: Label, name: str, merge: bool) -> Label:
    """The label under its new name, or the one that it was merged into; all entries name it."""
    table = schema.labels
    row = connection.execute(select(table).where(table.c.name == name)).mappings().first()
    taken = _label(row) if row else None
    if taken and not taken.deleted and not merge:
        raise ConflictError(f"there is a label {name!r} already")
    _rename_entries(connection, label.name, name)
    if taken and not taken.deleted:
        connection.execute(update(table).where(table.c.id == label.id).values(deleted=True))
        return taken
    if taken:
        # The deleted label's id stays taken, under a name that nobody can give.
        connection.execute(update(table).where(table.c.id == taken.id).values(name=f"\x7f{taken.id}"))
    return replace(label, name=name)


def _renamed_body(old: str, name: str) -> ColumnElement[str]:
    """The text of an entry with the label `name` instead of `old`; the same text if it gives another."""
    # Quotes inside of texts are written \", so this can be nothing but the field.
    was, now = (f'"label":{dump(label)}' for label in (old, name))
    return func.replace(schema.entries.c.body, was, now)


def _rename_entries(connection: Connection, old: str, name: str) -> None:
    """Name a label otherwise wherever it was given, all at once; the photos have changed then."""
    entries, photos = schema.entries, schema.photos
    body = _renamed_body(old, name)
    named = select(entries.c.photo_id).where(entries.c.body != body)
    connection.execute(update(photos).where(photos.c.id.in_(named)).values(version=photos.c.version + 1))
    connection.execute(update(entries).where(entries.c.body != body).values(body=body))


def _versions(connection: Connection) -> Mapping[int, int]:
    table = schema.photos
    return {row.id: row.version for row in connection.execute(select(table.c.id, table.c.version))}


def _check_unused(connection: Connection, label: Label, seen: Mapping[int, int]) -> None:
    """See that no region of a photo that has changed since its version was seen has the label.

    Raises:
        ConflictError: one has.
    """
    users = list(islice(_photos_with(connection, label.name, seen), _LISTED + 1))
    if users:
        listed = ", ".join(users[:_LISTED]) + (", …" if len(users) > _LISTED else "")
        raise ConflictError(f"regions of these photos are labelled {label.name!r}: {listed}")


def _photos_with(connection: Connection, name: str, seen: Mapping[int, int]) -> Iterator[str]:
    """The paths of photos with a region of this label now, but for those as they were seen."""
    photos, entries = schema.photos, schema.entries
    named = select(entries.c.photo_id).where(entries.c.body != _renamed_body(name, ""))
    query = select(photos).where(photos.c.id.in_(named)).order_by(photos.c.path)
    for row in connection.execute(query).mappings().all():
        log = read_log(connection, row) if seen.get(row["id"]) != row["version"] else None
        if log and name in {region.label for region in log.regions.values()}:
            yield row["path"]
