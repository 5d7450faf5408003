"""Reading label PNGs: one grey or indexed picture per photo, whose values are classes."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from functools import partial
from pathlib import Path

import numpy as np

from fullcanvas.formats.errors import ImportFormatError
from fullcanvas.formats.frame import Frame
from fullcanvas.formats.imported import ImportedPhoto, Source, from_labels, left_out, read_png
from fullcanvas.formats.places import check_place
from fullcanvas.formats.records import Category

UNASSIGNED = 0
VOID = 255
"""Means "nothing is known" where no class has this number; without classes, in pictures of up to 8 bits."""
_MODES = ("1", "P", "L", "I", "I;16")
_VOID = "the value 255 was taken for void; where it is a class, name it with --labels"


def read_label_png(place: Path, categories: Iterable[Category] | None = None) -> Source:
    """The work in a folder of PNGs named as the photos are (`a/cat.png` for `a/cat.jpg`).

    Each value of a picture but 0 and `VOID` becomes one region, of however many parts.

    Args:
        place: the folder.
        categories: the classes by their values; without them, regions get no label.

    Raises:
        ImportFormatError: there is no such folder, or no PNG in it. Reading a photo raises it too, naming
            the file and what is wrong.
    """
    check_place(place)
    if place.is_file():
        raise ImportFormatError(f"{place}: is a file; name the folder of label maps")
    files = sorted(place.rglob("*.png"))
    if not files:
        raise ImportFormatError(f"{place}: holds no PNG; name the folder of label maps")
    known = None if categories is None else {item.id: item for item in categories}
    photos = {file.relative_to(place).as_posix(): partial(_read, file, known) for file in files}
    return Source(tuple(known.values()) if known else (), photos)


def _read(file: Path, categories: Mapping[int, Category] | None, frame: Frame) -> ImportedPhoto:
    picture = read_png(file, _MODES, frame, "label maps are indexed or grey")
    labels = picture.astype(np.int32)
    values = [value for value in np.unique(labels).tolist() if value != UNASSIGNED]
    if categories is None:
        void = picture.dtype.itemsize == 1 and VOID in values
        names = dict.fromkeys(value for value in values if not (void and value == VOID))
        return from_labels(labels, names, frame, str(file), [_VOID] if void else [])
    unknown = [value for value in values if value not in categories and value != VOID]
    names = {value: categories[value].name for value in values if value in categories}
    if unknown and not names:
        raise ImportFormatError(f"{file}: holds the values {unknown[:5]}, which are no class's number")
    return from_labels(labels, names, frame, str(file), left_out(labels, unknown, "are no class's number"))
