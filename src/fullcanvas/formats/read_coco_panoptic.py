"""Importing COCO's panoptic format: a json file, and a PNG of segment ids per photo."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np

from fullcanvas.formats.errors import ImportFormatError
from fullcanvas.formats.fields import collector_paused
from fullcanvas.formats.frame import Frame
from fullcanvas.formats.imported import ImportedPhoto, Source, from_labels, left_out, read_png, usable
from fullcanvas.formats.panoptic import MODES, Listed, Panoptic, find_panoptic, read_panoptic, segment_ids


@collector_paused()
def read_coco_panoptic(place: Path) -> Source:
    """The work in a folder in COCO's panoptic format (`panoptic.json` and `panoptic/`, or as downloaded).

    Args:
        place: the folder, or the json file itself.

    Raises:
        ImportFormatError: it cannot be used; the message names the file and what is wrong. Reading a photo
            raises it too.
    """
    file, maps = find_panoptic(place)
    panoptic = read_panoptic(file)
    photos: dict[str, Callable[[Frame], ImportedPhoto]] = {}
    for annotation in panoptic.listed:
        photo = annotation.image.text("file_name")
        if photo in photos:
            raise annotation.fields.wrong(f"is the second one of {photo}")
        photos[photo] = partial(_read, maps / annotation.map, panoptic, annotation)
    return Source(tuple(panoptic.categories.values()), photos)


def _read(file: Path, panoptic: Panoptic, annotation: Listed, frame: Frame) -> ImportedPhoto:
    where = annotation.fields.where
    readers = panoptic.readers(annotation)
    segments, notes = usable(list(readers.values()), where)
    labels = segment_ids(read_png(file, MODES, frame, "ids are stored as RGB", upright=panoptic.upright))
    present = set(np.unique(labels).tolist())
    unknown = sorted(present - {0, *readers})
    if unknown and not present & readers.keys():
        raise ImportFormatError(f"{file}: holds the segments {unknown[:5]}, which the json does not list")
    names = {segment.id: segment.category.name for segment in segments if not segment.iscrowd}
    notes += left_out(labels, unknown, "the json does not list")
    if crowds := len(segments) - len(names):
        notes.append(f"crowds are no regions and were left out: {crowds}")
    if gone := len(names.keys() - present):
        notes.append(f"segments without a pixel in the map were left out: {gone}")
    return from_labels(labels, names, frame, where, notes, upright=panoptic.upright)
