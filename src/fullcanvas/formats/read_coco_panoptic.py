"""Reading COCO's panoptic format: a json file, and a PNG of segment ids per photo."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path, PureWindowsPath
from typing import Any

import numpy as np

from fullcanvas.formats.coco_panoptic import made_here
from fullcanvas.formats.errors import ImportFormatError
from fullcanvas.formats.frame import Frame
from fullcanvas.formats.imported import (
    ImportedPhoto,
    Source,
    by_id,
    find_json,
    from_labels,
    items,
    read_categories,
    read_json,
    read_png,
    text,
    whole,
)
from fullcanvas.formats.records import Category

_PATTERNS = ("panoptic.json", "annotations/panoptic_*.json", "panoptic_*.json")


def read_coco_panoptic(place: Path) -> Source:
    """The work in a folder in COCO's panoptic format (`panoptic.json` and `panoptic/`, or as downloaded).

    Args:
        place: the folder, or the json file itself.

    Raises:
        ImportFormatError: it cannot be used; the message names the file and what is wrong. Reading a photo
            raises it too.
    """
    file = find_json(place, _PATTERNS, "COCO panoptic annotations")
    data = read_json(file)
    categories = read_categories(data, str(file))
    images = by_id(data, "images", str(file))
    maps, upright = _maps(file), made_here(data)
    photos: dict[str, Callable[[Frame], ImportedPhoto]] = {}
    for item in items(data, "annotations", str(file)):
        name = text(item, "file_name", f"{file}: an annotation")
        where = f"{file}: the annotation {name}"
        path = PureWindowsPath(name)  # which knows both slashes, and drives
        if path.anchor or ".." in path.parts:
            raise ImportFormatError(f"{where} leads out of {maps}")
        image = whole(item, "image_id", where)
        if image not in images:
            raise ImportFormatError(f"{where} is of image {image!s:.40}, which is not listed")
        photo = text(images[image], "file_name", f"{file}: image {image}")
        if photo in photos:
            raise ImportFormatError(f"{where} is the second one of {photo}")
        photos[photo] = partial(_read, maps / name, item, categories, f"{file}: {name}", upright=upright)
    return Source(tuple(categories.values()), photos)


def _maps(file: Path) -> Path:
    candidates = [file.parent / file.stem, file.parent.parent / file.stem]
    for candidate in candidates:
        if candidate.is_dir():
            return candidate
    raise ImportFormatError(f"{file}: the folder of its maps is missing; looked for {candidates[0]}")


def _read(
    file: Path,
    item: Mapping[str, Any],
    categories: Mapping[int, Category],
    where: str,
    frame: Frame,
    *,
    upright: bool,
) -> ImportedPhoto:
    names, crowds = _segments(item, categories, where)
    channels = read_png(file, ("RGB", "RGBA"), frame, "ids are stored as RGB", upright=upright)[..., :3]
    labels = (channels.astype(np.int32) @ np.array([1, 256, 65536], np.int32)).astype(np.int32)
    unknown = sorted(set(np.unique(labels).tolist()) - {0, *names, *crowds})
    if unknown:
        raise ImportFormatError(f"{file}: holds the segments {unknown[:5]}, which the json does not list")
    notes = [f"{len(crowds)} crowds were left out: they are no regions"] if crowds else []
    return from_labels(labels, names, frame, where, notes, upright=upright)


def _segments(
    item: Mapping[str, Any], categories: Mapping[int, Category], where: str
) -> tuple[dict[int, str | None], set[int]]:
    """The class of each segment, and the segments that are crowds."""
    names: dict[int, str | None] = {}
    crowds = set()
    for id_, segment in by_id(item, "segments_info", where).items():
        category = whole(segment, "category_id", f"{where}: segment {id_!s:.40}")
        if id_ == 0 or category not in categories:
            known = f"the unknown category {category!s:.40}" if id_ else "an id that means no segment"
            raise ImportFormatError(f"{where}: segment {id_!s:.40} has {known}")
        if segment.get("iscrowd"):
            crowds.add(id_)
        else:
            names[id_] = categories[category].name
    return names, crowds
