"""The rows of labels, and changing them wherever they were given."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import asdict, replace

from sqlalchemy import Connection, RowMapping, delete, func, insert, select, update

from fullcanvas.server import schema
from fullcanvas.server.database import Database
from fullcanvas.server.errors import ConflictError, NotFoundError
from fullcanvas.server.labels import LABELS_VERSION, Color, Label
from fullcanvas.server.logs import dump
from fullcanvas.server.settings import increase, number, remember, setting

_LISTED = 3
"""How many photos a refusal names."""
_ORDER = "label_order"
"""By this name a project remembers the ids of its labels in their order, once somebody has moved one."""


class Relabelling:
    """The part of the store that changes and deletes labels. Its methods may be called from any thread.

    Whoever annotates meanwhile waits for a few statements, however many photos speak of the label.
    """

    def __init__(self, database: Database) -> None:
        self._database = database

    @property
    def version(self) -> int:
        """How often the labels have changed."""
        with self._database.read() as connection:
            return number(connection, LABELS_VERSION)

    def change(
        self,
        label_id: int,
        *,
        name: str | None = None,
        isthing: bool | None = None,
        color: Color | None = None,
        place: int | None = None,
        merge: bool = False,
    ) -> Label:
        """Change a label, in one step; what is None stays.

        Args:
            label_id: of the label.
            name: another name, in all that was ever said; photos that speak of it have changed then.
            isthing, color: as in `Label`.
            place: in the order of the labels, counted from 1; beyond its end is its end.
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
            if place is not None:
                _move(connection, label.id, place)
            increase(connection, LABELS_VERSION)
        return changed

    def delete(self, label_id: int) -> None:
        """Take a label away that no region has. It comes back, as it was, with any region that has it.

        Raises:
            NotFoundError: there is no such label.
            ConflictError: a region has it.
        """
        table = schema.labels
        with self._database.write() as connection:
            _check_unused(connection, _found(connection, label_id))
            connection.execute(update(table).where(table.c.id == label_id).values(deleted=True))
            increase(connection, LABELS_VERSION)


def read_labels(connection: Connection) -> tuple[Label, ...]:
    """All labels, deleted ones too, in their order: by id where nobody moved them; new ones come last."""
    rows = connection.execute(select(schema.labels).order_by(schema.labels.c.id)).mappings()
    order = json.loads(setting(connection, _ORDER) or "[]")
    places = {label_id: place for place, label_id in enumerate(order)}
    return tuple(sorted(map(_label, rows), key=lambda label: places.get(label.id, len(places))))


def replace_labels(
    connection: Connection, change: Callable[[Sequence[Label]], Sequence[Label]]
) -> Sequence[Label]:
    """Put what `change` makes of all labels in their place; return it."""
    labels = change(read_labels(connection))
    connection.execute(delete(schema.labels))
    if labels:
        connection.execute(insert(schema.labels), [_row(label) for label in labels])
    increase(connection, LABELS_VERSION)
    return labels


def _move(connection: Connection, label_id: int, place: int) -> None:
    """Put a label at this place among those that are offered; deleted ones keep theirs between them."""
    others = [label for label in read_labels(connection) if label.id != label_id]
    after = [label for label in others if not label.deleted][place - 1 :]
    at = others.index(after[0]) if after else len(others)
    ids = [label.id for label in others]
    remember(connection, _ORDER, dump([*ids[:at], label_id, *ids[at:]]))


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
    _rename_noted(connection, label.name, name)
    if taken and not taken.deleted:
        connection.execute(update(table).where(table.c.id == label.id).values(deleted=True))
        return taken
    if taken:
        # The deleted label's id stays taken, under a name that nobody can give.
        connection.execute(update(table).where(table.c.id == taken.id).values(name=f"\x7f{taken.id}"))
    return replace(label, name=name)


def _rename_entries(connection: Connection, old: str, name: str) -> None:
    """Name a label otherwise wherever it was given, all at once; the photos have changed then."""
    entries, photos = schema.entries, schema.photos
    # Quotes inside of texts are written \", so this can be nothing but the field.
    was, now = (f'"label":{dump(label)}' for label in (old, name))
    body = func.replace(entries.c.body, was, now)
    named = select(entries.c.photo_id).where(entries.c.body != body).distinct().subquery()
    # A revision for each: who asks for changes is told some at a time, and goes on after a revision.
    revision = connection.execute(select(schema.NEXT_REVISION)).scalar_one()
    place = func.row_number().over(order_by=named.c.photo_id)
    numbered = select(named.c.photo_id, (revision - 1 + place).label("revision")).subquery()
    changed = {"version": photos.c.version + 1, "revision": numbered.c.revision}
    connection.execute(update(photos).where(photos.c.id == numbered.c.photo_id).values(changed))
    connection.execute(update(entries).where(entries.c.body != body).values(body=body))


def _rename_noted(connection: Connection, old: str, name: str) -> None:
    """The same for what is noted of photos, some of which may have both labels."""
    table = schema.labelled
    both = select(table.c.photo_id).where(table.c.label == name)
    connection.execute(delete(table).where(table.c.label == old, table.c.photo_id.in_(both)))
    connection.execute(update(table).where(table.c.label == old).values(label=name))


def _check_unused(connection: Connection, label: Label) -> None:
    """See that no region has the label.

    Raises:
        ConflictError: one has.
    """
    photos, noted = schema.photos, schema.labelled
    having = select(photos.c.path).join(noted).where(noted.c.label == label.name)
    users = connection.execute(having.order_by(photos.c.path).limit(_LISTED + 1)).scalars().all()
    if users:
        listed = ", ".join(users[:_LISTED]) + (", …" if len(users) > _LISTED else "")
        raise ConflictError(f"regions of these photos are labelled {label.name!r}: {listed}")
