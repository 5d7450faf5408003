"""Importing existing work into a project from the command line."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import Any

from rich.console import Console
from rich.progress import track

from fullcanvas.annotation import Annotation
from fullcanvas.formats.errors import ImportFormatError
from fullcanvas.formats.frame import Frame
from fullcanvas.formats.imported import ImportedPhoto, Source
from fullcanvas.formats.read_coco_instances import read_coco_instances
from fullcanvas.formats.read_coco_panoptic import read_coco_panoptic
from fullcanvas.formats.read_label_png import read_label_png
from fullcanvas.formats.read_labelme import read_labelme
from fullcanvas.formats.read_yolo import read_yolo
from fullcanvas.formats.records import Category
from fullcanvas.server.errors import PhotoError, RefusedError, StaleError
from fullcanvas.server.label_maps import MAX_REGIONS
from fullcanvas.server.labels import MAX_ID, Label, checked_name, merge, read_labels
from fullcanvas.server.project import Project, open_project
from fullcanvas.server.records import Photo

FORMATS: Mapping[str, Callable[[Path], Source]] = {
    "coco-panoptic": read_coco_panoptic,
    "coco-instances": read_coco_instances,
    "label-png": read_label_png,
    "yolo": read_yolo,
    "labelme": read_labelme,
}


@dataclass(slots=True)
class Report:
    """What an import did.

    Attributes:
        photos, regions: how many were imported.
        skipped: lines about photos that were left as they were.
        failed: lines about photos that cannot be opened, or whose work cannot be used.
        notes: lines about what was not taken over as it was.
    """

    photos: int = 0
    regions: int = 0
    skipped: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


def import_project(
    folder: Path,
    origin: Path,
    *,
    form: str,
    overwrite: bool,
    labels: Path | None,
    place: Path | None,
    max_pixels: int,
    console: Console,
    database: str | None = None,
) -> Report:
    """Import existing work into the project of a folder of photos; a photo's is stored whole or not at all.

    A photo whose work cannot be used keeps no other from its own.

    Args:
        folder: that holds the photos.
        origin: the work: a folder, or the json file in it.
        form: one of `FORMATS`.
        overwrite: whether regions that a photo has are deleted (which can be undone) rather than the photo
            skipped. Complete photos are skipped in any case.
        labels: a file of labels to take over; the classes of label PNGs by their ids.
        place: where the database is; beside the photos if None.
        max_pixels: the largest photo that is opened.
        console: for progress bars, and an update of the database.
        database: the address of a PostgreSQL database, instead of a file.

    Raises:
        ServerError: the project cannot be used; photos imported before stay imported.
        ImportFormatError: the work as a whole cannot be used.
    """
    source = _source(origin, form, labels)
    project = open_project(folder, place, labels, max_pixels, database, console=console)
    try:
        named = _matches(source, project.store.list_photos())
        project.store.change_labels(lambda known: merge(_new_labels(source.categories, known), known))
        report = Report(
            notes=[*source.notes, *_unknown([name for name in source.photos if name not in named])]
        )
        for name, photo in track(named.items(), "Importing", console=console):
            try:
                _import(project, photo, source.photos[name], overwrite, report)
            except (ImportFormatError, PhotoError, RefusedError, StaleError) as error:
                report.failed.append(f"{photo.path}: {error}")
    finally:
        project.store.close()
    return report


def _source(origin: Path, form: str, labels: Path | None) -> Source:
    if form == "label-png" and labels is not None:
        return read_label_png(
            origin, [Category(label.id, label.name, label.isthing) for label in read_labels(labels)]
        )
    return FORMATS[form](origin)


def _matches(source: Source, photos: Sequence[Photo]) -> dict[str, Photo]:
    """The photo of each name in the source: the same path, with or without extensions, or the same name.

    A photo has at most one name. What is not the same path counts where one photo and one name alone have it.

    Raises:
        ImportFormatError: no photo is named.
    """
    by_path = {photo.path: photo for photo in photos}
    named: dict[str, Photo] = {}
    for of_name, of_path in _WAYS:
        found = _unique(by_path, of_path)
        taken = {photo.path for photo in named.values()}
        for key, name in _unique(source.photos, of_name).items():
            if name not in named and key in found and found[key] not in taken:
                named[name] = by_path[found[key]]
    if not named:
        asked = ", ".join(list(source.photos)[:3]) or "nothing"
        raise ImportFormatError(f"none of the photos is in what was to be imported; it speaks of {asked}")
    return {name: named[name] for name in source.photos if name in named}


def _unknown(names: Sequence[str]) -> list[str]:
    """A line about names that no photo has: work on all of COCO may be imported for ten of its photos."""
    told = (name if name.isprintable() else ascii(name)[1:-1] for name in names[:5])
    listed = ", ".join(told) + (", …" if len(names) > 5 else "")
    return [f"{len(names)} names are not among the photos: {listed}"] if names else []


def _plain(path: str) -> str:
    """A name in one form: Windows writes backslashes between folders, and macOS stores accents as letters."""
    return unicodedata.normalize("NFC", path.replace("\\", "/"))


def _without_extension(path: str) -> str:
    pure = PurePosixPath(_plain(path))
    return str(pure.parent / pure.stem)


def _name(path: str) -> str:
    return PurePosixPath(_plain(path)).name


def _stem(path: str) -> str:
    return PurePosixPath(_plain(path)).stem


_WAYS: tuple[tuple[Callable[[str], str], Callable[[str], str]], ...] = (
    (str, str),
    (_plain, _plain),
    (_without_extension, _plain),
    (_without_extension, _without_extension),
    (_name, _name),
    (_stem, _stem),
)
"""What has to be the same of a name in a source and of a photo's path; the surest first."""


def _unique(names: Iterable[str], key: Callable[[str], str]) -> dict[str, str]:
    """The names by their keys, of those that no other name has."""
    table: dict[str, list[str]] = {}
    for name in names:
        table.setdefault(key(name), []).append(name)
    return {shared: found[0] for shared, found in table.items() if len(found) == 1}


def _new_labels(categories: Sequence[Category], known: Sequence[Label]) -> list[dict[str, Any]]:
    """The classes that the project has no label for; they keep their ids where these are free."""
    names, ids = {label.name for label in known}, {label.id for label in known}
    fresh: list[dict[str, Any]] = []
    for category in categories:
        name = checked_name(category.name)
        if name not in names:
            names.add(name)
            item: dict[str, Any] = {"name": name, "isthing": category.isthing}
            if category.color:
                item["color"] = category.color
            free = category.id not in ids and 1 <= category.id <= MAX_ID
            fresh.append({**item, "id": category.id} if free else item)
    return fresh


def _import(
    project: Project,
    photo: Photo,
    read: Callable[[Frame], ImportedPhoto],
    overwrite: bool,
    report: Report,
) -> None:
    # As it is now: an import takes a while, and somebody may be annotating meanwhile.
    photo, before = project.store.annotation(photo.id)
    if photo.closed:
        report.skipped.append(f"{photo.path}: is {photo.status}; reopen it first")
        return
    if before is not None and before.entries and not overwrite:
        report.skipped.append(f"{photo.path}: has been worked on; --overwrite replaces its regions")
        return
    frame = project.frame(photo)
    imported = read(frame)
    if imported.regions:
        after = imported.annotate(before or Annotation(*frame.size))
        if after.next_region > MAX_REGIONS + 1:
            raise ImportFormatError(f"a photo can have {MAX_REGIONS} regions, deleted ones included")
        project.store.save(photo, project.checked_hash(photo), before, after)
        report.photos += 1
        report.regions += len(imported.regions)
    report.notes += [f"{photo.path}: {note}" for note in imported.notes]
