"""From a project to the photos of an export."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fullcanvas.annotation import Annotation
from fullcanvas.formats.errors import ExportError
from fullcanvas.formats.records import Category, ExportedPhoto
from fullcanvas.inference.session import Session
from fullcanvas.server.embeddings import Embeddings
from fullcanvas.server.errors import StoreError
from fullcanvas.server.project import Project
from fullcanvas.server.store import Photo


def categories(project: Project) -> list[Category]:
    """The project's labels as classes."""
    return [Category(label.id, label.name, label.isthing) for label in project.store.labels()]


def exported_photos(embeddings: Embeddings, only_complete: bool = False) -> list[ExportedPhoto]:
    """The photos of a project that have regions, by path.

    Complete photos come with the label map that was stored; others are segmented when their map is asked
    for.

    Args:
        embeddings: of the project's photos.
        only_complete: whether photos that are not complete are left out.
    """
    store = embeddings.project.store
    listed = [photo for photo in store.list_photos() if photo.closed or not only_complete]
    read = (store.annotation(photo.id) for photo in listed if photo.regions)
    return [_exported(embeddings, photo, log) for photo, log in read if log]


def _exported(embeddings: Embeddings, photo: Photo, annotation: Annotation) -> ExportedPhoto:
    project = embeddings.project
    content_hash = project.checked_hash(photo)

    def label_map() -> NDArray[np.int32]:
        if photo.closed:
            return _finished(project, photo)
        return segment(embeddings, photo, content_hash, annotation)

    return ExportedPhoto(
        id=photo.id,
        file_name=photo.path,
        file=project.file(photo),
        width=annotation.width,
        height=annotation.height,
        labels={region.id: region.label for region in annotation.regions.values()},
        label_map=label_map,
    )


def _finished(project: Project, photo: Photo) -> NDArray[np.int32]:
    try:
        return project.store.label_map(photo.id)
    except StoreError:
        if project.store.photo(photo.id).closed:
            raise
        raise ExportError(f"{photo.path}: was reopened while it was exported; export again") from None


def segment(
    embeddings: Embeddings, photo: Photo, content_hash: str, annotation: Annotation
) -> NDArray[np.int32]:
    """The photo's label map at full resolution: int32 [H, W]."""
    session = Session(embeddings.segmenter, embeddings.of(photo, content_hash), annotation)
    with embeddings.room:
        return session.label_map
