"""Reading label PNGs: one grey or indexed picture per photo, whose values are classes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path

import numpy as np
from PIL import Image

from fullcanvas.formats.errors import ImportFormatError
from fullcanvas.formats.imported import ImportedPhoto, Source, from_labels
from fullcanvas.formats.records import Category

UNASSIGNED = 0
VOID = 255
"""Means "nothing is known" wherever no class has this number."""


def read_label_png(place: Path, categories: Iterable[Category] | None = None) -> Source:
    """The work in a folder of PNGs named as the photos are (`a/cat.png` for `a/cat.jpg`).

    Each value of a picture but 0 becomes one region, of however many parts.

    Args:
        place: the folder.
        categories: the classes by their values; without them, regions get no label.

    Raises:
        ImportFormatError: there is no such folder, or no PNG in it. Reading a photo raises it too, naming
            the file and what is wrong.
    """
    files = sorted(place.rglob("*.png")) if place.is_dir() else []
    if not files:
        raise ImportFormatError(f"{place}: holds no PNG; name the folder of label maps")
    known = None if categories is None else {item.id: item for item in categories}
    photos = {file.relative_to(place).as_posix(): partial(_read, file, known) for file in files}
    return Source(tuple(known.values()) if known else (), photos)


def _read(file: Path, categories: Mapping[int, Category] | None) -> ImportedPhoto:
    try:
        with Image.open(file, formats=("PNG",)) as picture:
            if picture.mode not in ("P", "L", "I", "I;16"):
                raise ImportFormatError(
                    f"{file}: is a PNG of mode {picture.mode}; label maps are indexed or grey"
                )
            labels = np.asarray(picture).astype(np.int32)
    except (OSError, SyntaxError, Image.DecompressionBombError) as error:
        raise ImportFormatError(f"{file}: cannot be read as PNG ({error})") from error
    values = [value for value in np.unique(labels).tolist() if value != UNASSIGNED]
    if categories is None:
        return from_labels(labels, dict.fromkeys(values))
    unknown = [value for value in values if value not in categories and value != VOID]
    if unknown:
        raise ImportFormatError(f"{file}: holds the values {unknown[:5]}, which are no class's number")
    return from_labels(labels, {value: categories[value].name for value in values if value in categories})
