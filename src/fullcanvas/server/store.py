"""The store: what a project remembers, in one database.

A change is committed, and on the disk, before its method returns. Changes to a photo carry the version that
the caller saw last; if the photo has changed meanwhile, nothing is stored and `StaleError` is raised.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from rich.console import Console
from sqlalchemy import Connection, RowMapping, delete, func, insert, select, update

from fullcanvas.annotation import Annotation
from fullcanvas.server import schema
from fullcanvas.server.database import SILENT, Database
from fullcanvas.server.errors import NotFoundError, StaleError, StoreError
from fullcanvas.server.filters import ALL, Filter
from fullcanvas.server.label_maps import decode_label_map, encode_label_map
from fullcanvas.server.labels import Label
from fullcanvas.server.logs import add_entries, entry_of, note_labels, read_log, values_of
from fullcanvas.server.progress import Progress, spend
from fullcanvas.server.records import Photo, Review
from fullcanvas.server.relabelling import Relabelling, read_labels, replace_labels
from fullcanvas.server.settings import remember, setting

MOST_CHANGED = 1000
"""How many changed photos are told at a time."""
_LABELS_FILE = "labels_file"


@dataclass(frozen=True, slots=True, eq=False)
class FinishedMap:
    """The result of a completed photo.

    Attributes:
        label_map: int32 [height, width] of region ids, 0 to `MAX_REGIONS`.
        model: the hash of the model that made it.
        content_hash: of the photo's file.
    """

    label_map: NDArray[np.int32]
    model: str
    content_hash: str


class Store:
    """What a project remembers. Its methods may be called from any thread.

    Args:
        place: the SQLite file, made if it is not there, or the address of a PostgreSQL database.
        console: is told when a database of an older version is brought up to date.

    Raises:
        StoreError: it cannot be opened, is no database, or is from a newer version of the program.
    """

    def __init__(self, place: Path | str, console: Console = SILENT) -> None:
        self._database = Database(place, console)
        self.progress = Progress(self._database)
        self.relabelling = Relabelling(self._database)

    @property
    def name(self) -> str:
        """What the database is called in messages; tells no password."""
        return self._database.name

    def close(self) -> None:
        """Let go of the database."""
        self._database.close()

    # photos

    def sync_photos(self, paths: Sequence[str]) -> None:
        """Make `paths` the photos that are present; what is known of others stays, unseen."""
        with self._database.write() as connection:
            _appear(connection, paths)
            for path in _present_paths(connection).difference(paths):
                _set_present(connection, path, False)

    def add_photos(self, paths: Sequence[str]) -> None:
        """Make `paths` present besides those that are; others' changes wait only if there is one to add."""
        with self._database.read() as connection:
            present = _present_paths(connection)
        came = [path for path in paths if path not in present]
        if came:
            with self._database.write() as connection:
                _appear(connection, came)

    def count_photos(self, wanted: Filter = ALL) -> int:
        """How many photos are present, or of those that are asked for."""
        query = select(func.count()).select_from(schema.photos).where(*wanted.conditions)
        with self._database.read() as connection:
            return int(connection.execute(query).scalar_one())

    def list_photos(self, offset: int = 0, limit: int | None = None, wanted: Filter = ALL) -> list[Photo]:
        """The photos that are present, or those of them that are asked for, by path."""
        table = schema.photos
        query = select(table).where(*wanted.conditions).order_by(table.c.path).offset(offset).limit(limit)
        with self._database.read() as connection:
            return [Photo.of(row) for row in connection.execute(query).mappings()]

    def labels_of(self, photo_ids: Sequence[int]) -> Mapping[int, Sequence[str]]:
        """The labels that the regions of photos have, by photo and by name; none of a photo without."""
        table = schema.labelled
        query = select(table).where(table.c.photo_id.in_(photo_ids)).order_by(table.c.photo_id, table.c.label)
        found: dict[int, list[str]] = {}
        with self._database.read() as connection:
            for row in connection.execute(query):
                found.setdefault(row.photo_id, []).append(row.label)
        return found

    def photo(self, photo_id: int) -> Photo:
        """The photo with this id.

        Raises:
            NotFoundError: there is none. Of one whose file was gone at the latest scan all is known.
        """
        with self._database.read() as connection:
            row = _row(connection, photo_id)
        return Photo.of(row)

    def photo_and_change(self, photo_id: int, key: str | None) -> tuple[Photo, dict[str, Any] | None]:
        """The photo; and what a change of this key made of it before, None if there was none.

        Returns:
            the photo, and the entry that the change made, in its JSON form, empty if it made none.

        Raises:
            NotFoundError: as for `photo`.
        """
        with self._database.read() as connection:
            row = _row(connection, photo_id)
            made = entry_of(connection, photo_id, key) if key is not None else None
        known = made is None and key is not None and row["last_key"] == key
        return Photo.of(row), {} if known else made

    def photo_after(self, photo_id: int) -> Photo | None:
        """The next present photo by path, or None."""
        table = schema.photos
        path = select(table.c.path).where(table.c.id == photo_id).scalar_subquery()
        query = select(table).where(schema.PRESENT, table.c.path > path).order_by(table.c.path).limit(1)
        with self._database.read() as connection:
            row = connection.execute(query).mappings().first()
        return Photo.of(row) if row else None

    def changed_since(self, revision: int | None) -> tuple[int, list[Photo]]:
        """The photos that are present and have changed since a revision, and the revision that this leads to.

        They come in the order of their changes, at most `MOST_CHANGED` of them; without a revision, none.
        """
        table = schema.photos
        later = [] if revision is None else [table.c.revision > revision]
        query = select(table).where(schema.PRESENT, *later).order_by(table.c.revision).limit(MOST_CHANGED)
        with self._database.read() as connection:
            latest = connection.execute(select(schema.NEXT_REVISION)).scalar_one() - 1
            rows = connection.execute(query).mappings().all() if later else []
        return rows[-1]["revision"] if rows else latest, [Photo.of(row) for row in rows]

    # annotations

    def annotation(self, photo_id: int) -> tuple[Photo, Annotation | None]:
        """The photo and its annotation, read at one moment; None if it never had one.

        Raises:
            NotFoundError: there is no such photo.
            StoreError: what is stored is not an annotation.
        """
        with self._database.read() as connection:
            row = _row(connection, photo_id)
            return Photo.of(row), read_log(connection, row)

    def authors(self, photo_id: int) -> list[str | None]:
        """Who made each entry of a photo's annotation, in order; None where there are no accounts."""
        table = schema.entries
        query = select(table.c.author).where(table.c.photo_id == photo_id).order_by(table.c.position)
        with self._database.read() as connection:
            return list(connection.execute(query).scalars())

    def save(
        self,
        photo: Photo,
        content_hash: str,
        before: Annotation | None,
        after: Annotation,
        *,
        key: str | None = None,
        author: str | None = None,
        spent: tuple[int, float] = (0, 0.0),
    ) -> Photo:
        """Store a changed annotation; only what was said since is written.

        Args:
            photo: as seen before the change.
            content_hash: of the photo's file.
            before: the annotation as stored.
            after: what it becomes: the same with more entries, or with others of them in force.
            key: the caller's name of this change.
            author: who made it; None where there are no accounts.
            spent: a region, or 0, and the seconds of work that went to it.

        Returns:
            The photo as it is now.

        Raises:
            StaleError: the photo has changed meanwhile.
            RefusedError: a region got a label that the project does not have.
            StoreError: it could not be stored.
        """
        values = {"status": "in_work", "last_key": key, "author": author, "content_hash": content_hash}
        with self._database.write() as connection:
            row = _change(connection, photo, {**values, **values_of(after)}, spent)
            add_entries(connection, photo.id, before, after, author=author, key=key)
            note_labels(connection, photo.id, before, after)
        return Photo.of(row)

    # finished work

    def complete(
        self,
        photo: Photo,
        made: FinishedMap,
        key: str | None = None,
        author: str | None = None,
        seconds: float = 0.0,
    ) -> Photo:
        """Close a photo and keep its label map, losslessly.

        Args:
            photo: as seen before the change.
            made: what to keep.
            key: the caller's name of this change.
            author: who made it; None where there are no accounts.
            seconds: of work since the latest change.

        Raises:
            StaleError: the photo has changed meanwhile.
            StoreError: it could not be stored.
        """
        table = schema.label_maps
        png = encode_label_map(made.label_map)
        height, width = made.label_map.shape
        values = {"status": "complete", "last_key": key, "author": author, "content_hash": made.content_hash}
        with self._database.write() as connection:
            row = _change(connection, photo, {**values, "width": width, "height": height}, (0, seconds))
            _drop_label_map(connection, photo.id)
            kept = {"photo_id": photo.id, "png": png, "model": made.model, "author": author}
            connection.execute(insert(table).values(kept))
        return Photo.of(row)

    def reopen(
        self,
        photo: Photo,
        before: Annotation | None = None,
        after: Annotation | None = None,
        *,
        review: Review | None = None,
        key: str | None = None,
        author: str | None = None,
        seconds: float = 0.0,
    ) -> Photo:
        """Open a complete photo to changes again; its stored label map goes.

        Args:
            photo, key, author, seconds: as in `complete`, and the errors as well.
            before, after: the annotation as in `save`, where it has to say more from here on.
            review: by which it is given back, if it is.
        """
        # Who gives a photo back has not worked on it.
        values = {"status": "in_work", "author": author} if review is None else review.values
        values |= {"last_key": key, **(values_of(after) if after else {})}
        with self._database.write() as connection:
            row = _change(connection, photo, values, (0, seconds))
            if after:
                add_entries(connection, photo.id, before, after, author=author, key=key)
            _drop_label_map(connection, photo.id)
        return Photo.of(row)

    def accept(self, photo: Photo, review: Review, key: str | None = None, seconds: float = 0.0) -> Photo:
        """Say of a complete photo that it was reviewed; arguments and errors are as in `complete`."""
        values = {"last_key": key, **review.values}
        with self._database.write() as connection:
            row = _change(connection, photo, values, (0, seconds))
        return Photo.of(row)

    def label_map(self, photo_id: int) -> NDArray[np.int32]:
        """The stored label map of a complete photo: int32 [height, width].

        Raises:
            StoreError: there is none, or it is damaged.
        """
        query = select(schema.label_maps.c.png).where(schema.label_maps.c.photo_id == photo_id)
        with self._database.read() as connection:
            png = connection.execute(query).scalar_one_or_none()
        if png is None:
            raise StoreError(f"{self.name}: photo {photo_id} has no stored label map")
        return decode_label_map(png)

    def model_of_map(self, photo_id: int) -> str | None:
        """The hash of the model that made a complete photo's label map; None if it is not complete."""
        query = select(schema.label_maps.c.model).where(schema.label_maps.c.photo_id == photo_id)
        with self._database.read() as connection:
            return connection.execute(query).scalar_one_or_none()

    # labels

    def labels(self) -> tuple[Label, ...]:
        """The project's labels, in their order."""
        with self._database.read() as connection:
            return tuple(label for label in read_labels(connection) if not label.deleted)

    def change_labels(self, change: Callable[[Sequence[Label]], Sequence[Label]]) -> Sequence[Label]:
        """Replace the labels, deleted ones too, by what `change` makes of them in one step; return those.

        Raises:
            StoreError: it could not be stored. What `change` raises passes through; nothing has changed then.
        """
        with self._database.write() as connection:
            return replace_labels(connection, change)

    def take_labels_over(self, content: str, change: Callable[[Sequence[Label]], Sequence[Label]]) -> None:
        """Change the labels by a file, unless what it says is what was taken over last.

        What was renamed or deleted since stays so, however often a program is started with the same file.
        """
        digest = hashlib.sha256(content.encode()).hexdigest()
        with self._database.write() as connection:
            if setting(connection, _LABELS_FILE) != digest:
                replace_labels(connection, change)
                remember(connection, _LABELS_FILE, digest)


def _present_paths(connection: Connection) -> set[str]:
    return set(connection.execute(select(schema.photos.c.path).where(schema.photos.c.present)).scalars())


def _appear(connection: Connection, paths: Sequence[str]) -> None:
    """See that photos are present, with what is known of them from before."""
    table = schema.photos
    known = {row.path: row.present for row in connection.execute(select(table.c.path, table.c.present))}
    revision = connection.execute(select(schema.NEXT_REVISION)).scalar_one()
    fresh = [path for path in paths if path not in known]
    added = [{"path": path, "revision": number} for number, path in enumerate(fresh, revision)]
    if added:
        connection.execute(insert(table), added)
    for path in paths:
        if not known.get(path, True):
            _set_present(connection, path, True)


def _set_present(connection: Connection, path: str, present: bool) -> None:
    values = {"present": present, "revision": schema.NEXT_REVISION}
    connection.execute(update(schema.photos).where(schema.photos.c.path == path).values(values))


def _row(connection: Connection, photo_id: int) -> RowMapping:
    table = schema.photos
    row = connection.execute(select(table).where(table.c.id == photo_id)).mappings().first()
    if row is None:
        raise NotFoundError(f"there is no photo {photo_id}")
    return row


def _change(
    connection: Connection, photo: Photo, values: dict[str, Any], spent: tuple[int, float]
) -> RowMapping:
    table = schema.photos
    mine = (table.c.id == photo.id, table.c.version == photo.version)
    counted = {"version": photo.version + 1, "revision": schema.NEXT_REVISION}
    changed = connection.execute(update(table).where(*mine).values({**counted, **values}))
    row = _row(connection, photo.id)
    if changed.rowcount != 1:
        raise StaleError(photo.path, row["version"])
    spend(connection, photo.id, *spent)
    return row


def _drop_label_map(connection: Connection, photo_id: int) -> None:
    connection.execute(delete(schema.label_maps).where(schema.label_maps.c.photo_id == photo_id))
