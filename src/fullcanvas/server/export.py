"""From a project to the photos of an export."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Literal, get_args

import numpy as np
from numpy.typing import NDArray

from fullcanvas.annotation import Annotation
from fullcanvas.formats.errors import ExportError
from fullcanvas.formats.pixels import encode
from fullcanvas.formats.records import Category, ExportedPhoto, Regions
from fullcanvas.inference.model_file import ModelError
from fullcanvas.inference.session import Session
from fullcanvas.server.embeddings import Embeddings
from fullcanvas.server.errors import ServerError, StoreError
from fullcanvas.server.photos import stored_turned
from fullcanvas.server.project import Project
from fullcanvas.server.records import CLOSED, Photo, Status

Asked = Literal["reviewed", "complete", "all"]
_ASKED: Mapping[Asked, Collection[str]] = {
    "reviewed": ("reviewed",),
    "complete": CLOSED,
    "all": get_args(Status),
}
_CHANGED = "was reopened or emptied while it was exported; export again"


@dataclass(frozen=True, slots=True)
class Selection:
    """What of a project is exported.

    Attributes:
        photos: by path; none of them has been read yet.
        in_work: how many of them are not complete, so that the model answers them while they are exported.
        status: what photos had to be: "reviewed", "complete" (reviewed ones are), or "all".
        not_asked: how many photos are left out because they are not.
        without_regions: how many of those asked for are left out because they have no region. A complete
            photo is not: somebody has said that it holds none.
        missing: what to say of photos that were worked on and whose files have gone, or None.
    """

    photos: Sequence[ExportedPhoto]
    in_work: int
    status: Asked
    not_asked: int
    without_regions: int
    missing: str | None

    @property
    def left_out(self) -> list[str]:
        """Lines about the photos that are left out."""
        counts = {
            f"not {self.status}": self.not_asked,
            "neither complete nor with a region": self.without_regions,
        }
        lines = [f"{number_of(count, 'photo')} {reason}" for reason, count in counts.items() if count]
        return [*lines, *([self.missing] if self.missing else [])]


def categories(project: Project) -> list[Category]:
    """The project's labels as classes, by id, whatever order people see them in: their numbers stay."""
    labels = sorted(project.store.labels(), key=lambda label: label.id)
    return [Category(label.id, label.name, label.isthing, label.color) for label in labels]


def select(embeddings: Embeddings, status: Asked = "complete") -> Selection:
    """What to export of a project; costs two queries, however many photos there are.

    Complete photos come with the label map that was stored; others are segmented when their map is asked
    for.

    Args:
        embeddings: of the project's photos.
        status: what photos have to be, as in `Selection`.

    Raises:
        ExportError: photos have regions, but none is as was asked for, or their files have gone.
    """
    present = embeddings.project.store.list_photos()
    asked = [photo for photo in present if photo.status in _ASKED[status]]
    if not asked and any(photo.regions for photo in present):
        raise ExportError(
            f"no photo is {status} yet, so there is nothing to export; photos in work come along only if all "
            "are asked for (status = all)"
        )
    kept = [photo for photo in asked if photo.closed or photo.regions]
    missing = embeddings.project.missing
    if missing and not kept:
        raise ExportError(f"there is nothing to export: {missing}")
    photos = [_exported(embeddings, photo) for photo in kept]
    in_work = sum(not photo.closed for photo in kept)
    return Selection(photos, in_work, status, len(present) - len(asked), len(asked) - len(kept), missing)


def number_of(count: int, noun: str) -> str:
    """A number of things in words."""
    return f"{count} {noun}{'' if count == 1 else 's'}"


def _exported(embeddings: Embeddings, photo: Photo) -> ExportedPhoto:
    return ExportedPhoto(
        id=photo.id,
        file_name=photo.path,
        unlabelled=photo.unlabelled,
        regions=partial(_regions, embeddings, photo),
        picture=partial(_picture, embeddings.project, photo),
    )


def _regions(embeddings: Embeddings, listed: Photo) -> Regions:
    """What is said of a photo now: an export takes a while, and somebody may be annotating meanwhile."""
    store = embeddings.project.store
    with _failing(listed):
        photo, log = store.annotation(listed.id)
    if log is None or photo.closed < listed.closed or not (photo.closed or photo.regions):
        raise ExportError(_CHANGED)
    labels = {region.id: region.label for region in log.regions.values()}
    return Regions(labels, partial(_label_map, embeddings, photo, log))


def _label_map(embeddings: Embeddings, photo: Photo, log: Annotation) -> NDArray[np.int32]:
    """What was stored of a complete photo, whatever has become of its file, or what the model says."""
    project = embeddings.project
    with _failing(photo):
        if photo.closed:
            return _finished(project, photo)
        return segment(embeddings, photo, project.checked_hash(photo), log)


def _finished(project: Project, photo: Photo) -> NDArray[np.int32]:
    try:
        return project.store.label_map(photo.id)
    except StoreError:
        if project.store.photo(photo.id).closed:
            raise
        raise ExportError(_CHANGED) from None


def _picture(project: Project, photo: Photo) -> Path | bytes:
    """The photo's file, or a file made anew where loaders that know nothing of EXIF would see it turned."""
    with _failing(photo):
        project.checked_hash(photo)  # the map would lie over other pixels
        file = project.file(photo)
        if not stored_turned(file, project.max_pixels):
            return file
        return encode(project.decode(photo), file.suffix)


@contextmanager
def _failing(photo: Photo) -> Iterator[None]:
    """What keeps one photo from being exported, as the reason that is given for leaving it out."""
    try:
        yield
    except (ServerError, ModelError) as error:
        names = (f"{photo.path}: ", f"{Path(photo.path).name}: ")
        reason = next((str(error).removeprefix(name) for name in names if str(error).startswith(name)), error)
        raise ExportError(str(reason)) from error


def segment(
    embeddings: Embeddings, photo: Photo, content_hash: str, annotation: Annotation
) -> NDArray[np.int32]:
    """The photo's label map at full resolution: int32 [H, W]."""
    session = Session(embeddings.segmenter, embeddings.of(photo, content_hash), annotation)
    with embeddings.room:
        return session.label_map
