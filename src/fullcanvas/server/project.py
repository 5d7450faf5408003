"""A project: a folder of photos, and the store that remembers what was said about them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console

from fullcanvas.formats.frame import Frame
from fullcanvas.formats.pixels import MAX_PIXELS, Pixels
from fullcanvas.server.database import SILENT
from fullcanvas.server.errors import ConflictError, PhotoError, StoreError
from fullcanvas.server.labels import Label, checked_name, merge, read_labels
from fullcanvas.server.photos import confine, content_hash, decode, frame, scan
from fullcanvas.server.records import Photo
from fullcanvas.server.store import Store

FOLDER = ".fullcanvas"
DATABASE = "fullcanvas.db"
_LISTED = 5
"""How many photos a message names."""


@dataclass(frozen=True)
class Project:
    """A folder of photos and its store; `open_project` makes one.

    Attributes:
        folder: that holds the photos.
        store: what is known about them.
        skipped: photos that were left out of the scan.
        max_pixels: the largest photo that is opened.
    """

    folder: Path
    store: Store
    skipped: tuple[str, ...] = ()
    max_pixels: int = MAX_PIXELS

    @property
    def name(self) -> str:
        """What the project is called: its folder's name."""
        return self.folder.resolve().name or str(self.folder)

    @property
    def missing(self) -> str | None:
        """What to say of photos that were worked on and whose files were gone at the latest scan."""
        paths = self.store.progress.missing()
        if not paths:
            return None
        more = f" and {len(paths) - _LISTED} more" if len(paths) > _LISTED else ""
        return (
            f"{', '.join(paths[:_LISTED])}{more}; worked on, but not in the folder any more; "
            "back under the same name, a photo has its work again"
        )

    def file(self, photo: Photo) -> Path:
        """The photo's file.

        Raises:
            PhotoError: it is gone, or leads out of the folder.
        """
        return confine(self.folder, photo.path)

    def checked_hash(self, photo: Photo) -> str:
        """The hash of the photo's file.

        Raises:
            PhotoError: the file cannot be read, or is not the one that was annotated.
        """
        found = content_hash(self.file(photo))
        if photo.content_hash not in (None, found):
            raise PhotoError(
                f"{photo.path}: the file has changed since it was annotated, so its regions may not fit; "
                "put the old file back, or give the new one another name"
            )
        return found

    def decode(self, photo: Photo, content: str | None = None) -> Pixels:
        """The upright photo: uint8 [height, width, 3], RGB; only of a file with the hash `content`, if given.

        Raises:
            PhotoError: it cannot be opened.
        """
        return decode(self.file(photo), self.max_pixels, content)

    def frame(self, photo: Photo) -> Frame:
        """How the photo lies; it is decoded for that.

        Raises:
            PhotoError: it cannot be opened.
        """
        return frame(self.file(photo), self.max_pixels)

    def add_label(self, item: dict[str, Any]) -> Label:
        """Add one label, described as in a file of labels.

        Raises:
            LabelsError: it cannot be one.
            ConflictError: there is one of this name.
        """
        name = checked_name(item["name"])

        def add(known: Sequence[Label]) -> Sequence[Label]:
            if any(label.name == name and not label.deleted for label in known):
                raise ConflictError(f"there is a label {name!r} already")
            return merge([{**item, "name": name}], known)

        return next(label for label in self.store.change_labels(add) if label.name == name)


def home(folder: Path, place: Path | None) -> Path:
    """Where a project keeps its files: `place`, or `.fullcanvas` in the folder of photos."""
    return place or folder / FOLDER


def open_project(
    folder: Path,
    place: Path | None = None,
    labels: Path | None = None,
    max_pixels: int = MAX_PIXELS,
    database: str | None = None,
    *,
    begin: bool = True,
    console: Console = SILENT,
) -> Project:
    """The project of a folder of photos; no photo is decoded.

    Args:
        folder: that holds the photos.
        place: where the database is; `.fullcanvas` in the folder of photos if None.
        labels: a file of labels to take over.
        max_pixels: the largest photo that is opened.
        database: the address of a PostgreSQL database, instead of a file.
        begin: whether a folder that has no project gets one.
        console: is told when a database of an older version is brought up to date.

    Raises:
        PhotoError: there is no such folder.
        LabelsError: the file of labels cannot be used.
        StoreError: the database cannot be used, or there is none and none may be made.
    """
    found = scan(folder)
    file = home(folder, place) / DATABASE
    if not (begin or database or file.is_file()):
        raise StoreError(
            f"there is no project in {file.parent}: fullcanvas annotate begins one; "
            "--project names a folder elsewhere, --database a PostgreSQL database"
        )
    store = Store(database or file, console)
    try:
        if labels is not None:
            store.take_labels_over(repr(read_labels(labels)), partial(read_labels, labels))
        store.sync_photos(found.paths)
    except Exception:
        store.close()
        raise
    return Project(folder, store, found.skipped, max_pixels)
