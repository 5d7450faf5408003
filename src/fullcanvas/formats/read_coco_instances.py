"""Reading COCO's format of instances: polygons and run lengths, which may overlap."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Sequence
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fullcanvas.annotation import AnnotationError, Mask
from fullcanvas.annotation.mask import checked_runs, compress
from fullcanvas.formats.errors import ImportFormatError
from fullcanvas.formats.fields import Fields, collector_paused, read_categories, read_json
from fullcanvas.formats.frame import Frame, Size
from fullcanvas.formats.imported import ImportedPhoto, Source, check_number, check_size, from_labels, usable
from fullcanvas.formats.places import find_json
from fullcanvas.formats.records import Category
from fullcanvas.formats.stacked import Drawn, stack

Pixels = NDArray[np.bool_]
_PATTERNS = (("instances.json",), ("annotations/instances_*.json", "instances_*.json"), ("*.json",))
_FINE = 5  # COCO draws polygons on a grid this many times as fine as the pixels


@collector_paused()
def read_coco_instances(place: Path) -> Source:
    """The work in a COCO file of instances. Where they overlap, the one with fewer pixels is on top.

    Args:
        place: the json file, or a folder that holds one.

    Raises:
        ImportFormatError: it cannot be used; the message names the file and what is wrong. Reading a photo
            raises it too.
    """
    file = find_json(place, _PATTERNS, "file of COCO instances")
    data = read_json(file)
    categories = read_categories(data, isthing=True)
    images = data.by_id("images", "image")
    instances: dict[int, list[Fields]] = {id_: [] for id_ in images}
    listed = data.items("annotations", "annotation")
    placed, notes = usable(
        [partial(_image_of, item, number, images) for number, item in enumerate(listed, 1)], data.where
    )
    for image, item in placed:
        instances[image].append(item)
    photos: dict[str, Callable[[Frame], ImportedPhoto]] = {}
    for id_, item in images.items():
        name = item.text("file_name")
        if name in photos:
            raise item.wrong(f"is the second one that is called {name}")
        photos[name] = partial(_read, item, instances[id_], categories)
    return Source(tuple(categories.values()), photos, tuple(f"{file}: {note}" for note in notes))


def _image_of(item: Fields, number: int, images: Container[int]) -> tuple[int, Fields]:
    """The image that an annotation is of, and the annotation."""
    item = item.called(f"annotation {item.data.get('id', number)!a:.40}")
    image = item.whole("image_id")
    if image not in images:
        raise item.wrong(f"is of image {image!s:.40}, which is not listed")
    return image, item


def _read(
    image: Fields, instances: Sequence[Fields], categories: Mapping[int, Category], frame: Frame
) -> ImportedPhoto:
    size = image.whole("width", 1), image.whole("height", 1)
    check_size(size, frame, image.where)
    check_number(len(instances), image.where)
    found, left_out = usable([partial(_draw, item, size, categories) for item in instances], image.where)
    drawn = [one for one in found if one is not None]
    labels, notes = stack(drawn, *size)
    if crowds := len(found) - len(drawn):
        notes.append(f"crowds are no regions and were left out: {crowds}")
    names = {number: one.name for number, one in enumerate(drawn, 1)}
    return from_labels(labels, names, frame, image.where, [*notes, *left_out])


def _draw(item: Fields, size: Size, categories: Mapping[int, Category]) -> Drawn | None:
    """An instance; None of a crowd."""
    if item.truth("iscrowd", default=False):
        return None
    category = item.whole("category_id")
    if category not in categories:
        raise item.wrong(f"has the unknown category {category!s:.40}")
    segmentation, name = item.data.get("segmentation"), categories[category].name
    if isinstance(segmentation, Mapping):
        return Drawn.of(_of_runs(segmentation, *size, item.where), name, item.where)
    if not isinstance(segmentation, list) or not segmentation:
        raise item.wrong("has no polygons and no run lengths")
    outlines, flaws = usable([partial(_corners, polygon, *size) for polygon in segmentation], item.where)
    mask = np.zeros(size[::-1], np.bool_)
    for outline in outlines:
        mask |= draw_polygon(outline, *size)
    return Drawn.of(mask, name, item.where, flaws)


def _corners(polygon: Any, width: int, height: int) -> NDArray[np.float64]:
    """The corners of a polygon: float [n, 2]."""
    try:
        corners = np.array(polygon, np.float64)
    except (TypeError, ValueError, OverflowError):
        corners = np.zeros(0)
    if corners.ndim != 1 or len(corners) < 6 or len(corners) % 2:
        raise ImportFormatError("a polygon is a list x, y, x, y, ... of at least 3 corners")
    corners = corners.reshape(-1, 2)
    side = max(width, height)
    if not ((corners >= -side) & (corners <= 2 * side)).all():  # false for NaN, too
        raise ImportFormatError("a polygon goes far out of the image")
    # An outline that passes every pixel's border twice is this long; a longer one is meant to take time.
    if np.abs(np.diff(corners, axis=0, append=corners[:1])).sum() > 8 * (width + 2) * (height + 2):
        raise ImportFormatError("a polygon is longer than any outline in an image of this size")
    return corners


def _of_runs(segmentation: Mapping[str, Any], width: int, height: int, where: str) -> Pixels:
    size, counts = segmentation.get("size"), segmentation.get("counts")
    if size != [height, width]:
        raise ImportFormatError(
            f"{where}: its run lengths are of {size!a:.40}, the image of {[height, width]}"
        )
    try:
        if isinstance(counts, list):
            if not all(type(count) is int and 0 <= count <= width * height for count in counts):
                raise ImportFormatError(f"{where}: run lengths are whole numbers, which its counts are not")
            counts = compress(np.array(counts, np.int64))
        drawn = checked_runs(str(counts), width, height)[1::2].any()
    except AnnotationError as error:
        raise ImportFormatError(f"{where}: {error}") from error
    return Mask(width, height, str(counts)).pixels if drawn else np.zeros((height, width), np.bool_)


def draw_polygon(corners: NDArray[np.float64], width: int, height: int) -> Pixels:
    """The pixels of a polygon, as COCO's own code draws them.

    Args:
        corners: float [n, 2], x and y; the last is joined to the first.
        width, height: of the image, in pixels.

    Returns:
        bool [height, width].
    """
    fine = np.trunc(_FINE * corners + 0.5).astype(np.int64)
    crossings = np.zeros(width * height + 1, np.int64)
    for start, stop in pairwise([*fine, fine[0]]):
        np.add.at(crossings, _crossings(start, stop, width, height), 1)
    inside: Pixels = np.cumsum(crossings[:-1]) % 2 == 1
    return inside.reshape(width, height).T


def _crossings(
    start: NDArray[np.int64], stop: NDArray[np.int64], width: int, height: int
) -> NDArray[np.int64]:
    """Where an edge crosses the columns of pixels, counted down them: there a polygon begins or ends."""
    u, v = _edge(start, stop).T
    turns = np.flatnonzero(u[1:] != u[:-1]) + 1
    x = (np.where(u[turns] < u[turns - 1], u[turns], u[turns] - 1) + 0.5) / _FINE - 0.5
    y = np.ceil(np.clip((np.minimum(v[turns], v[turns - 1]) + 0.5) / _FINE - 0.5, 0, height))
    kept = (np.floor(x) == x) & (x >= 0) & (x <= width - 1)
    places: NDArray[np.int64] = (x[kept] * height + y[kept]).astype(np.int64)
    return places


def _edge(start: NDArray[np.int64], stop: NDArray[np.int64]) -> NDArray[np.int64]:
    """The fine grid's points on an edge, in order: int [n, 2]."""
    dx, dy = np.abs(stop - start)
    axis = 0 if dx >= dy else 1
    flip = start[axis] > stop[axis]
    low, high = (stop, start) if flip else (start, stop)
    length = int(max(dx, dy))
    along = np.arange(length + 1)
    slope = (high[1 - axis] - low[1 - axis]) / length if length else 0.0
    points = np.empty((length + 1, 2), np.int64)
    points[:, axis] = low[axis] + along
    points[:, 1 - axis] = np.trunc(low[1 - axis] + slope * along + 0.5)
    return points[::-1] if flip else points
