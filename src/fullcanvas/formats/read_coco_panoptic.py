"""Reading COCO's panoptic format: a json file, and a PNG of segment ids per photo."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from fullcanvas.formats.errors import ImportFormatError
from fullcanvas.formats.imported import (
    ImportedPhoto,
    Source,
    find_json,
    from_labels,
    items,
    read_categories,
    read_json,
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
    images = {
        whole(item, "id", f"{file}: an image"): text(item, "file_name", f"{file}: an image")
        for item in items(data, "images", str(file))
    }
    maps = _maps(file)
    photos = {}
    for item in items(data, "annotations", str(file)):
        name = text(item, "file_name", f"{file}: an annotation")
        image = whole(item, "image_id", f"{file}: the annotation {name}")
        if image not in images:
            raise ImportFormatError(f"{file}: the annotation {name} is of image {image}, which is not listed")
        photos[images[image]] = partial(_read, maps / name, item, categories, f"{file}: {name}")
    return Source(tuple(categories.values()), photos)


def _maps(file: Path) -> Path:
    candidates = [file.parent / file.stem, file.parent.parent / file.stem]
    for candidate in candidates:
        if candidate.is_dir():
            return candidate
    raise ImportFormatError(f"{file}: the folder of its maps is missing; looked for {candidates[0]}")


def _read(
    file: Path, item: Mapping[str, Any], categories: Mapping[int, Category], where: str
) -> ImportedPhoto:
    names: dict[int, str | None] = {}
    crowds = set()
    for segment in items(item, "segments_info", where):
        id_ = whole(segment, "id", f"{where}: a segment", 1)
        category = whole(segment, "category_id", f"{where}: segment {id_}")
        if category not in categories:
            raise ImportFormatError(f"{where}: segment {id_} has the unknown category {category}")
        if segment.get("iscrowd"):
            crowds.add(id_)
        else:
            names[id_] = categories[category].name
    channels = _pixels(file)
    labels = (channels @ np.array([1, 256, 65536], np.int32)).astype(np.int32)
    unknown = sorted(set(np.unique(labels).tolist()) - {0, *names, *crowds})
    if unknown:
        raise ImportFormatError(f"{file}: holds the segments {unknown[:5]}, which the json does not list")
    notes = [f"{len(crowds)} crowds were left out: they are no regions"] if crowds else []
    return from_labels(labels, names, notes)


def _pixels(file: Path) -> np.ndarray[Any, np.dtype[np.int32]]:
    try:
        with Image.open(file, formats=("PNG",)) as picture:
            if picture.mode not in ("RGB", "RGBA"):
                raise ImportFormatError(f"{file}: is a PNG of mode {picture.mode}; ids are stored as RGB")
            return np.asarray(picture.convert("RGB"), np.int32)
    except (OSError, SyntaxError, Image.DecompressionBombError) as error:
        raise ImportFormatError(f"{file}: cannot be read as PNG ({error})") from error
