"""Annotations in the database: a row of the photo for what the log is as a whole, and one for each entry."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from sqlalchemy import Connection, RowMapping, delete, insert, select, update

from fullcanvas.annotation import Annotation, AnnotationError
from fullcanvas.annotation.entries import to_json
from fullcanvas.annotation.log import VERSION
from fullcanvas.server import schema
from fullcanvas.server.errors import RefusedError, StoreError
from fullcanvas.server.labels import LABELS_VERSION
from fullcanvas.server.settings import increase


def read_log(connection: Connection, row: RowMapping) -> Annotation | None:
    """The annotation of a photo, whose row is given; None if it never had one.

    Raises:
        StoreError: what is stored is not an annotation.
    """
    if row["width"] is None:
        return None
    table = schema.entries
    query = select(table.c.body).where(table.c.photo_id == row["id"]).order_by(table.c.position)
    try:
        return log_of(row, connection.execute(query).scalars().all())
    except (AnnotationError, json.JSONDecodeError) as error:
        raise StoreError(f"the annotation of {row['path']} is damaged ({error})") from error


def log_of(row: RowMapping, bodies: Sequence[str]) -> Annotation:
    """The annotation that a photo's row and the bodies of its entries say.

    Raises:
        AnnotationError, json.JSONDecodeError: what they say is none.
    """
    data = {name: row[name] for name in ("width", "height", "model", "cursor", "next_region", "tip")}
    listed = [json.loads(body) for body in bodies]
    forks = json.loads(row["forks"] or "[]")
    version = row["log_version"] or VERSION
    return Annotation.from_json({"version": version, **data, "forks": forks, "entries": listed})


def values_of(annotation: Annotation) -> dict[str, Any]:
    """What the row of its photo says of a log."""
    return {
        "width": annotation.width,
        "height": annotation.height,
        "model": annotation.model,
        "log_version": VERSION,
        "cursor": annotation.cursor,
        "forks": dump(annotation.forks) if annotation.forks else None,
        "tip": annotation.tip,
        "next_region": annotation.next_region,
        "regions": len(annotation.regions),
        "unlabelled": sum(region.label is None for region in annotation.regions.values()),
    }


def add_entries(
    connection: Connection,
    photo_id: int,
    before: Annotation | None,
    after: Annotation,
    *,
    author: str | None,
    key: str | None,
) -> None:
    """Store what was said since, the last of it by the key of the change: a log only grows."""
    known = len(before.entries) if before else 0
    added: list[dict[str, Any]] = [
        {
            "photo_id": photo_id,
            "position": position,
            "author": author,
            "key": None,
            "body": dump(to_json(entry)),
        }
        for position, entry in enumerate(after.entries[known:], known)
    ]
    if added:
        added[-1]["key"] = key
        connection.execute(insert(schema.entries), added)


def entry_of(connection: Connection, photo_id: int, key: str) -> dict[str, Any] | None:
    """The entry that the change of this key made, in its JSON form; None if none did."""
    table = schema.entries
    query = select(table.c.body).where(table.c.photo_id == photo_id, table.c.key == key)
    body = connection.execute(query).scalar_one_or_none()
    return body and json.loads(body)


def note_labels(connection: Connection, photo_id: int, before: Annotation | None, after: Annotation) -> None:
    """Note which labels the regions of a photo have now; one that was deleted may have come back.

    Raises:
        RefusedError: the project has no such label any more, not even a deleted one.
    """
    had, have = (labels_in(log) if log else set() for log in (before, after))
    noted, labels = schema.labelled, schema.labels
    if gone := had - have:
        mine = (noted.c.photo_id == photo_id, noted.c.label.in_(gone))
        connection.execute(delete(noted).where(*mine))
    if fresh := have - had:
        connection.execute(insert(noted), [{"photo_id": photo_id, "label": label} for label in fresh])
        back = (labels.c.deleted, labels.c.name.in_(fresh))
        if connection.execute(update(labels).where(*back).values(deleted=False)).rowcount:
            increase(connection, LABELS_VERSION)
        known = connection.execute(select(labels.c.name).where(labels.c.name.in_(fresh))).scalars()
        if lost := sorted(fresh.difference(known)):
            raise RefusedError(f"there is no label {lost[0]!r} any more; it may have another name now")


def labels_in(annotation: Annotation) -> set[str]:
    """The labels that its regions have."""
    return {region.label for region in annotation.regions.values() if region.label is not None}


def dump(value: Any) -> str:
    """JSON as it is stored."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":"))
