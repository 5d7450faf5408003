"""From a project to the photos of an export."""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from fullcanvas.annotation import Annotation
from fullcanvas.formats.records import Category, ExportedPhoto
from fullcanvas.inference.segmenter import Segmenter
from fullcanvas.server.project import Project
from fullcanvas.server.store import Photo


def categories(project: Project) -> list[Category]:
    """The project's labels as classes."""
    return [Category(label.id, label.name, label.isthing) for label in project.store.labels()]


def exported_photos(
    project: Project,
    segmenter: Segmenter,
    only_complete: bool = False,
    room: AbstractContextManager[object] | None = None,
) -> list[ExportedPhoto]:
    """The photos that have regions, by path.

    Complete photos come with the label map that was stored; others are segmented when their map is asked
    for.

    Args:
        project: whose photos.
        segmenter: answers for photos that are not complete.
        only_complete: whether those are left out.
        room: held while a photo is segmented.
    """
    listed = [photo for photo in project.store.list_photos() if photo.closed or not only_complete]
    read = (project.store.annotation(photo.id) for photo in listed if photo.regions)
    held = room or nullcontext()
    return [_exported(project, segmenter, photo, log, held) for photo, log in read if log]


def _exported(
    project: Project,
    segmenter: Segmenter,
    photo: Photo,
    annotation: Annotation,
    room: AbstractContextManager[object],
) -> ExportedPhoto:
    project.checked_hash(photo)

    def label_map() -> NDArray[np.int32]:
        if photo.closed:
            return project.store.label_map(photo.id)
        with room:
            return segment(project, segmenter, photo, annotation)

    return ExportedPhoto(
        id=photo.id,
        file_name=photo.path,
        file=project.file(photo),
        width=annotation.width,
        height=annotation.height,
        labels={region.id: region.label for region in annotation.regions.values()},
        label_map=label_map,
    )


def segment(
    project: Project, segmenter: Segmenter, photo: Photo, annotation: Annotation
) -> NDArray[np.int32]:
    """The photo's label map at full resolution: int32 [H, W]."""
    current = replace(annotation, model=segmenter.hash)
    return segmenter.open(project.decode(photo), current).label_map
