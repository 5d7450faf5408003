"""Reading COCO's format of instances: polygons and run lengths, which may overlap."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fullcanvas.annotation import AnnotationError, Mask
from fullcanvas.annotation.mask import compress
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

Pixels = NDArray[np.bool_]
_PATTERNS = ("instances.json", "annotations/instances_*.json", "instances_*.json", "*.json")
_FINE = 5  # COCO draws polygons on a grid so many times as fine


def read_coco_instances(place: Path) -> Source:
    """The work in a COCO file of instances. Where they overlap, the one with fewer pixels is on top.

    Args:
        place: the json file, or a folder that holds one.

    Raises:
        ImportFormatError: it cannot be used; the message names the file and what is wrong. Reading a photo
            raises it too.
    """
    file = find_json(place, _PATTERNS, "COCO instances")
    data = read_json(file)
    categories = read_categories(data, str(file))
    images = {whole(item, "id", f"{file}: an image"): item for item in items(data, "images", str(file))}
    instances: dict[int, list[Mapping[str, Any]]] = {id_: [] for id_ in images}
    for item in items(data, "annotations", str(file)):
        image = whole(item, "image_id", f"{file}: an annotation")
        if image not in images:
            raise ImportFormatError(f"{file}: an annotation is of image {image}, which is not listed")
        instances[image].append(item)
    photos = {
        text(image, "file_name", f"{file}: image {id_}"): partial(
            _read, image, instances[id_], categories, f"{file}: image {id_}"
        )
        for id_, image in images.items()
    }
    return Source(tuple(categories.values()), photos)


def _read(
    image: Mapping[str, Any],
    instances: Sequence[Mapping[str, Any]],
    categories: Mapping[int, Category],
    where: str,
) -> ImportedPhoto:
    width, height = whole(image, "width", where, 1), whole(image, "height", where, 1)
    crowds = [item for item in instances if item.get("iscrowd")]
    drawn = []
    for number, item in enumerate((item for item in instances if not item.get("iscrowd")), 1):
        which = f"{where}, annotation {item.get('id', number)!r:.40}"
        category = whole(item, "category_id", which)
        if category not in categories:
            raise ImportFormatError(f"{which}: has the unknown category {category}")
        drawn.append((_pixels(item.get("segmentation"), width, height, which), categories[category].name))
    labels, notes = _stack([pixels for pixels, _ in drawn], width, height)
    if crowds:
        notes.append(f"{len(crowds)} crowds were left out: they are no regions")
    return from_labels(labels, {number: name for number, (_, name) in enumerate(drawn, 1)}, notes)


def _stack(masks: Sequence[Pixels], width: int, height: int) -> tuple[NDArray[np.int32], list[str]]:
    """The label map of masks, numbered from 1, the smaller on top; and what was lost."""
    areas = [int(mask.sum()) for mask in masks]
    labels = np.zeros((height, width), np.int32)
    overlap = 0
    for index in sorted(range(len(masks)), key=lambda index: -areas[index]):
        overlap += int((labels[masks[index]] > 0).sum())
        labels[masks[index]] = index + 1
    gone = len(masks) - len(set(np.unique(labels).tolist()) - {0})
    notes = [f"{overlap} pixels in several instances went to the smaller ones"] if overlap else []
    if gone:
        notes.append(f"{gone} instances without a pixel of their own were left out")
    return labels, notes


def _pixels(segmentation: Any, width: int, height: int, where: str) -> Pixels:
    """The mask of an instance: bool [height, width]."""
    if isinstance(segmentation, Mapping):
        return _of_runs(segmentation, width, height, where)
    mask = np.zeros((height, width), np.bool_)
    if not isinstance(segmentation, list) or not segmentation:
        raise ImportFormatError(f"{where}: has no polygons and no run lengths")
    for polygon in segmentation:
        try:
            corners = np.array(polygon, np.float64)
        except (TypeError, ValueError):
            corners = np.zeros(0)
        if corners.ndim != 1 or len(corners) < 6 or len(corners) % 2 or not (abs(corners) < 1e6).all():
            raise ImportFormatError(f"{where}: a polygon is a list x, y, x, y, ... of at least 3 corners")
        mask |= draw_polygon(corners.reshape(-1, 2), width, height)
    return mask


def _of_runs(segmentation: Mapping[str, Any], width: int, height: int, where: str) -> Pixels:
    size, counts = segmentation.get("size"), segmentation.get("counts")
    if size != [height, width]:
        raise ImportFormatError(
            f"{where}: its run lengths are of {size!r:.40}, the image of {[height, width]}"
        )
    try:
        if isinstance(counts, list):
            if not all(type(count) is int and 0 <= count <= width * height for count in counts):
                raise ImportFormatError(f"{where}: run lengths are whole numbers, which its counts are not")
            counts = compress(np.array(counts, np.int64))
        return Mask(width, height, str(counts)).pixels
    except AnnotationError as error:
        raise ImportFormatError(f"{where}: {error}") from error


def draw_polygon(corners: NDArray[np.float64], width: int, height: int) -> Pixels:
    """The pixels of a polygon, as COCO's own code draws them.

    Args:
        corners: float [n, 2], x and y; the last is joined to the first.
        width, height: of the image, in pixels.

    Returns:
        bool [height, width].
    """
    fine = np.trunc(_FINE * corners + 0.5).astype(np.int64)
    closed = np.concatenate([fine, fine[:1]])
    way = np.concatenate([_edge(start, stop) for start, stop in pairwise(closed)])
    u, v = way.T
    turns = np.flatnonzero(u[1:] != u[:-1]) + 1
    x = (np.where(u[turns] < u[turns - 1], u[turns], u[turns] - 1) + 0.5) / _FINE - 0.5
    y = np.ceil(np.clip((np.minimum(v[turns], v[turns - 1]) + 0.5) / _FINE - 0.5, 0, height))
    kept = (np.floor(x) == x) & (x >= 0) & (x <= width - 1)
    # Down the columns, each of these is where the polygon begins or ends.
    places = (x[kept] * height + y[kept]).astype(np.int64)
    crossings = np.bincount(places, minlength=width * height + 1)[:-1]
    inside: Pixels = np.cumsum(crossings) % 2 == 1
    return inside.reshape(width, height).T


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
