"""Reading YOLO's format of segments: the names of classes, and a text of outlines per photo.

A text lies in a folder `labels` beside the folder `images` that holds the photo: `labels/train/a.txt`, or, as
Roboflow writes it, `train/labels/a.txt`.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from pathlib import Path, PurePath
from typing import Any

import cv2
import numpy as np
import yaml
from numpy.typing import NDArray

from fullcanvas.formats.errors import ImportFormatError
from fullcanvas.formats.frame import Frame
from fullcanvas.formats.imported import ImportedPhoto, Source, check_number, from_labels, usable
from fullcanvas.formats.places import check_place
from fullcanvas.formats.records import Category
from fullcanvas.formats.stacked import Drawn, stack
from fullcanvas.formats.write_yolo import IMAGES, OUTLINES

_LARGEST = 64 * 2**20
"""Bytes of a text: more than the outlines of any photo take."""
_CLASSES = "classes.txt"
"""What some programs, such as Label Studio, write in the place of the yaml file: a name a line."""
_NAMES = "`names: [cat, dog]` or `names: {0: cat, 1: dog}`"


def read_yolo(place: Path) -> Source:
    """The work in a data set in YOLO's format. Where things overlap, the one with fewer pixels is on top.

    Outlines lie over the upright photo, as those who train on them see it, and are filled as they fill them.

    Args:
        place: the file that names the classes, in YAML or as `classes.txt`, or the folder that holds it.

    Raises:
        ImportFormatError: it cannot be used; the message names the file and what is wrong. Reading a photo
            raises it too.
    """
    file = _find(place)
    categories = [Category(number + 1, name, True) for number, name in enumerate(_names(file))]
    texts = {text: text.relative_to(file.parent) for text in sorted(file.parent.rglob("*.txt"))}
    photos = {
        _photo_of(place): partial(_read, text, categories)
        for text, place in texts.items()
        if OUTLINES in place.parent.parts
    }
    if not photos:
        raise ImportFormatError(
            f"{file.parent}: holds no text of outlines; they lie in folders called {OUTLINES}, beside "
            f"{file.name} or below it"
        )
    return Source(tuple(categories), photos)


def _photo_of(text: PurePath) -> str:
    """The photo that a text is of, but for its extension, as seen from the folder `images` or beside that."""
    parts = list(text.parts)
    parts[parts.index(OUTLINES)] = IMAGES
    return PurePath(*parts).as_posix().removeprefix(f"{IMAGES}/")


def _find(place: Path) -> Path:
    check_place(place)
    if place.is_file():
        return place
    found = sorted(path for pattern in ("*.yaml", "*.yml") for path in place.glob(pattern))
    if not found and (place / _CLASSES).is_file():
        return place / _CLASSES
    if len(found) != 1:
        many = f"several ({', '.join(path.name for path in found[:3])})" if found else "none"
        raise ImportFormatError(
            f"{place}: a YOLO data set has one yaml file (or {_CLASSES}), and here is {many}"
        )
    return found[0]


def _names(file: Path) -> list[str]:
    """The names of the classes, by their numbers from 0."""
    names = _text(file).strip().splitlines() if file.name == _CLASSES else _listed(file)
    if not isinstance(names, list) or not names or not all(isinstance(name, str) for name in names):
        raise ImportFormatError(f"{file}: names no classes, as {_NAMES}")
    return [name.strip() for name in names]


def _listed(file: Path) -> Any:
    """What the YAML file has as `names`: a list, if they are listed or numbered from 0."""
    try:
        data: Any = yaml.safe_load(_text(file))
    except (yaml.YAMLError, RecursionError, ValueError) as error:
        raise ImportFormatError(f"{file}: is not YAML ({str(error).splitlines()[0]})") from error
    names = data.get("names") if isinstance(data, dict) else None
    if isinstance(names, dict) and names.keys() == set(range(len(names))):
        return [names[number] for number in range(len(names))]
    return names


def _text(file: Path) -> str:
    try:
        if file.stat().st_size > _LARGEST:
            raise ImportFormatError(f"{file}: is larger than {_LARGEST >> 20} MB")
        return file.read_text(encoding="utf-8-sig")
    except OSError as error:
        raise ImportFormatError(f"{file}: cannot be read ({error.strerror})") from error
    except UnicodeDecodeError as error:
        raise ImportFormatError(f"{file}: is not text in UTF-8") from error


def _read(file: Path, categories: Sequence[Category], frame: Frame) -> ImportedPhoto:
    lines = [(number, line) for number, line in enumerate(_text(file).splitlines(), 1) if line.strip()]
    check_number(len(lines), str(file))
    readers = [partial(_draw, line, categories, frame, f"line {number}") for number, line in lines]
    drawn, left_out = usable(readers, str(file))
    labels, notes = stack(drawn, *frame.size)
    names = {number: one.name for number, one in enumerate(drawn, 1)}
    return from_labels(labels, names, frame, str(file), [*notes, *left_out], upright=True)


def _draw(line: str, categories: Sequence[Category], frame: Frame, where: str) -> Drawn:
    try:
        number, *values = (float(value) for value in line.split())
    except ValueError as error:
        raise ImportFormatError(f"{where}: holds something that is no number") from error
    if not (number.is_integer() and 0 <= number < len(categories)):
        raise ImportFormatError(f"{where}: the class {number:g} is not one of 0 to {len(categories) - 1}")
    if len(values) == 4:
        raise ImportFormatError(f"{where}: is a box; outlines are imported, of at least 3 corners")
    corners = np.array(values)
    if len(values) < 6 or len(values) % 2 or not ((corners >= 0) & (corners <= 1)).all():
        raise ImportFormatError(
            f"{where}: an outline is x y x y ... of at least 3 corners, in fractions of the photo from 0 to 1"
        )
    return Drawn.of(_fill(corners.reshape(-1, 2), frame), categories[int(number)].name, where)


def _fill(corners: NDArray[np.float64], frame: Frame) -> NDArray[np.bool_]:
    """The pixels of an outline, its border included: bool [H, W]."""
    places = np.minimum((corners * frame.size).astype(np.int32), (frame.width - 1, frame.height - 1))
    mask = np.zeros((frame.height, frame.width), np.uint8)
    cv2.fillPoly(mask, [places], [1])
    return mask > 0
