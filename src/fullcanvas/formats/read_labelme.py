"""Reading labelme's files: a json beside each photo, of shapes, of which the later lie over the earlier."""

from __future__ import annotations

import posixpath
from base64 import b64decode
from collections.abc import Callable, Iterable
from functools import partial
from math import hypot
from pathlib import Path, PureWindowsPath
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageDraw

from fullcanvas.formats.errors import ImportFormatError
from fullcanvas.formats.fields import Fields, collector_paused, read_json
from fullcanvas.formats.frame import Frame, Size
from fullcanvas.formats.imported import ImportedPhoto, Source, check_number, check_size, from_labels, usable
from fullcanvas.formats.outlines import check_outline
from fullcanvas.formats.pixels import open_picture
from fullcanvas.formats.places import check_place
from fullcanvas.formats.records import Category
from fullcanvas.formats.stacked import Drawn, stack

Pixels = NDArray[np.bool_]
Points = NDArray[np.float64]
_THIN = frozenset({"point", "points", "line", "linestrip"})
"""Shapes that enclose nothing."""
_FEWEST = {"polygon": 3, "rectangle": 2, "circle": 2, "oriented_rectangle": 4, "mask": 2}
"""The points of the other shapes, at least."""


@collector_paused()
def read_labelme(place: Path) -> Source:
    """The work in labelme's files. Where shapes overlap, the later one is on top, as in labelme.

    Shapes of one label and one `group_id` are one region. They lie over the upright photo that labelme shows.

    Args:
        place: the folder that holds the files, sub-folders included, or one of them.

    Raises:
        ImportFormatError: there is none that can be used; the message names a file and what is wrong. Reading
            a photo raises it too.
    """
    check_place(place)
    files = [place] if place.is_file() else sorted(place.rglob("*.json"))
    if not files:
        raise ImportFormatError(f"{place}: holds no json, as labelme puts beside each photo")
    root = place.parent if place.is_file() else place
    photos: dict[str, Callable[[Frame], ImportedPhoto]] = {}
    opened: list[Fields] = []
    problems: list[ImportFormatError] = []
    for file in files:
        name = file.relative_to(root).as_posix()
        try:
            fields = _open(file)
        except ImportFormatError as error:
            problems.append(error)
            photos[name] = partial(_refuse, error)
            continue
        opened.append(fields)
        told = _photo_of(name, fields.data.get("imagePath"))
        photos[name if told in photos else told] = partial(_read, fields)
    if not opened:
        raise problems[0]
    return Source(_categories(opened), photos)


def _open(file: Path) -> Fields:
    """A file without the photo that it may hold, which is large, and need not be the one beside it."""
    data = read_json(file)
    kept = {key: value for key, value in data.data.items() if key != "imageData"}
    fields = Fields(kept, data.where)
    fields.items("shapes", "shape")
    return fields


def _photo_of(name: str, image: Any) -> str:
    """The photo that a file is of: what it says, seen from its folder.

    Where that is no path, or leads out of what is imported, it is the photo beside that has the file's name.
    """
    path = PureWindowsPath(image) if isinstance(image, str) else PureWindowsPath()
    told = posixpath.normpath(posixpath.join(posixpath.dirname(name), path.as_posix()))
    return name if path.anchor or not path.name or told.startswith("..") else told


def _refuse(error: ImportFormatError, _frame: Frame) -> ImportedPhoto:
    raise error


def _categories(files: Iterable[Fields]) -> tuple[Category, ...]:
    """The labels of all shapes that may become regions: labelme has no list of them, and no stuff."""
    shapes = (shape for fields in files for shape in fields.items("shapes", "shape"))
    labels = (shape.data.get("label") for shape in shapes if _kind(shape) in _FEWEST)
    named = sorted(
        {label.strip() for label in labels if isinstance(label, str) and label.isprintable()} - {""}
    )
    return tuple(Category(number, name, True) for number, name in enumerate(named, 1))


def _kind(shape: Fields) -> str:
    """What a shape is; old files do not say that it is a polygon."""
    return str(shape.data.get("shape_type") or "polygon")


def _read(file: Fields, frame: Frame) -> ImportedPhoto:
    if any(file.data.get(side) is not None for side in ("imageWidth", "imageHeight")):
        size = file.whole("imageWidth", 1), file.whole("imageHeight", 1)
        check_size(size, frame, file.where, upright=True)
    shapes = [
        shape.called(f"shape {number}") for number, shape in enumerate(file.items("shapes", "shape"), 1)
    ]
    check_number(len(shapes), file.where)
    areas = [shape for shape in shapes if _kind(shape) not in _THIN]
    found, left_out = usable([partial(_draw, shape, frame.size) for shape in areas], file.where)
    labels, notes = stack([one for one, _ in found], *frame.size, later=True)
    if thin := len(shapes) - len(areas):
        notes.append(f"points and lines are no regions and were left out: {thin}")
    first: dict[tuple[str, int], int] = {}
    joined = [first.setdefault(group, n) if group else n for n, (_, group) in enumerate(found, 1)]
    names = {number: found[number - 1][0].name for number in dict.fromkeys(joined)}
    labels = np.array([0, *joined], np.int32)[labels]
    return from_labels(labels, names, frame, file.where, [*notes, *left_out], upright=True)


def _draw(shape: Fields, size: Size) -> tuple[Drawn, tuple[str, int] | None]:
    """A shape, and the label and number of its group, if it is of one."""
    kind, name = _kind(shape), shape.text("label").strip()
    if kind not in _FEWEST:
        raise shape.wrong(f"is of an unknown kind: {kind!a:.40}")
    points = _points(shape, _FEWEST[kind])
    try:
        check_outline(points, *size)
    except ImportFormatError as error:
        raise shape.wrong(str(error)) from error
    pixels = _of_mask(shape, points, size) if kind == "mask" else _filled(kind, points, size)
    group = None if shape.data.get("group_id") is None else (name, shape.whole("group_id"))
    return Drawn.of(pixels, name, shape.where), group


def _points(shape: Fields, fewest: int) -> Points:
    """The points of a shape: float [n, 2], x and y."""
    try:
        points = np.array(shape.data.get("points"), np.float64)
    except (TypeError, ValueError, OverflowError):
        points = np.zeros(0)
    if points.ndim != 2 or points.shape[1] != 2 or len(points) < fewest:
        raise shape.wrong(f"its points are [[x, y], ...], and at least {fewest}")
    return points


def _filled(kind: str, points: Points, size: Size) -> Pixels:
    """The pixels of a shape, its border included, as labelme fills it with Pillow: bool [H, W]."""
    plane = Image.new("L", size)
    draw = ImageDraw.Draw(plane)
    (x, y), (other_x, other_y) = points[:2].tolist()
    if kind == "circle":
        radius = hypot(x - other_x, y - other_y)
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=1, outline=1)
    elif kind == "rectangle":
        draw.rectangle((*points[:2].min(0).tolist(), *points[:2].max(0).tolist()), fill=1, outline=1)
    else:
        draw.polygon([(x, y) for x, y in points.tolist()], fill=1, outline=1)
    return np.asarray(plane) > 0


def _of_mask(shape: Fields, points: Points, size: Size) -> Pixels:
    """The pixels of a PNG that is laid into a box, whose last row and column belong to it: bool [H, W]."""
    corners = points[:2].astype(np.int64)
    (left, top), (right, bottom) = corners.min(0).tolist(), corners.max(0).tolist()
    wide, high = right - left + 1, bottom - top + 1
    inside = _decoded(shape, wide * high)
    if inside.shape != (high, wide):
        raise shape.wrong(
            f"its mask has {inside.shape[1]} x {inside.shape[0]} pixels, its box {wide} x {high}"
        )
    pixels = np.zeros(size[::-1], np.bool_)
    rows, columns = slice(max(top, 0), bottom + 1), slice(max(left, 0), right + 1)
    part = pixels[rows, columns]
    part[:] = inside[rows.start - top :, columns.start - left :][: part.shape[0], : part.shape[1]]
    return pixels


def _decoded(shape: Fields, most: int) -> Pixels:
    """A shape's mask, a PNG in base64, which has this many pixels: bool [height, width]."""
    text = shape.text("mask")
    try:
        with open_picture(b64decode(text, validate=True), ("PNG",), most) as picture:
            return np.asarray(picture.convert("L")) > 0
    except Exception as error:
        # A decoder fed with a damaged file fails in every way there is; all of them mean the same here.
        raise shape.wrong("its mask is no PNG in base64, or a damaged or far too large one") from error
