"""Reading COCO's format of instances: polygons and run lengths, which may overlap."""

from __future__ import annotations

from collections.abc import Callable, Container, Mapping, Sequence
from functools import partial
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
from fullcanvas.formats.outlines import check_outline, draw_polygon
from fullcanvas.formats.panoptic import made_here
from fullcanvas.formats.places import find_json
from fullcanvas.formats.records import Category
from fullcanvas.formats.stacked import Drawn, stack

Pixels = NDArray[np.bool_]
_PATTERNS = (("instances.json",), ("annotations/instances_*.json", "instances_*.json"), ("*.json",))


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
        photos[name] = partial(_read, item, instances[id_], categories, made_here(data))
    return Source(tuple(categories.values()), photos, tuple(f"{file}: {note}" for note in notes))


def _image_of(item: Fields, number: int, images: Container[int]) -> tuple[int, Fields]:
    """The image that an annotation is of, and the annotation."""
    item = item.called(f"annotation {item.data.get('id', number)!a:.40}")
    image = item.whole("image_id")
    if image not in images:
        raise item.wrong(f"is of image {image!s:.40}, which is not listed")
    return image, item


def _read(
    image: Fields,
    instances: Sequence[Fields],
    categories: Mapping[int, Category],
    upright: bool,
    frame: Frame,
) -> ImportedPhoto:
    size = image.whole("width", 1), image.whole("height", 1)
    check_size(size, frame, image.where, upright=upright)
    check_number(len(instances), image.where)
    found, left_out = usable([partial(_draw, item, size, categories) for item in instances], image.where)
    drawn = [one for one in found if one is not None]
    labels, notes = stack(drawn, *size)
    if crowds := len(found) - len(drawn):
        notes.append(f"crowds are no regions and were left out: {crowds}")
    names = {number: one.name for number, one in enumerate(drawn, 1)}
    return from_labels(labels, names, frame, image.where, [*notes, *left_out], upright=upright)


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
    check_outline(corners, width, height)
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
