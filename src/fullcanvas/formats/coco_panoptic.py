"""COCO's panoptic format: `panoptic.json`, and a PNG of segment ids per photo in `panoptic/`.

A segment's id in the PNG is R + 256 G + 65536 B; 0 is void. Segment ids are region ids, so a thing's segment
can be traced back to its region; stuff of one class is one segment, named by the first of its regions.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import StrEnum
from pathlib import PurePosixPath
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from fullcanvas.formats.errors import ExportError
from fullcanvas.formats.records import Category, ExportedPhoto
from fullcanvas.formats.sinks import Sink

MADE_HERE = "Made with Fullcanvas"
"""What an export's json says of itself: its maps lie over the photos as they are seen, whatever is stored."""

JSON = "panoptic.json"
MAPS = "panoptic"
IMAGES = "images"
NAMES = frozenset({JSON, MAPS, IMAGES})
REGION_CATEGORY = Category(0, "region", True)
"""The class of regions without a label, under `Unlabelled.REGION`."""


class Unlabelled(StrEnum):
    """What becomes of regions without a label: no export, void, or segments of the class "region"."""

    ERROR = "error"
    VOID = "void"
    REGION = "region"


def write_coco_panoptic(
    photos: Sequence[ExportedPhoto],
    categories: Sequence[Category],
    sink: Sink,
    unlabelled: Unlabelled = Unlabelled.ERROR,
    *,
    images: bool = False,
    progress: Callable[[Iterable[ExportedPhoto]], Iterable[ExportedPhoto]] = iter,
) -> None:
    """Write an export.

    Args:
        photos: what to export.
        categories: every class that a region may have.
        sink: where to.
        unlabelled: what becomes of regions without a label.
        images: whether the photos themselves go with it, into `images/`.
        progress: wraps the photos as they are written.

    Raises:
        ExportError: there is nothing to export, a region has no label (the message lists them) or an
            unknown one.
    """
    check_labels(photos, categories, unlabelled)
    by_name = {category.name: category for category in categories}
    listed = list(categories)
    if unlabelled is Unlabelled.REGION and any(None in photo.labels.values() for photo in photos):
        listed.append(REGION_CATEGORY)
    names = map_names([photo.file_name for photo in photos], [photo.id for photo in photos])
    annotations = []
    for photo in progress(photos):
        segments, panoptic = segments_of(photo, by_name, unlabelled)
        name = names[photo.id]
        sink.write(f"{MAPS}/{name}", _png(panoptic))
        annotations.append({"image_id": photo.id, "file_name": name, "segments_info": segments})
        if images:
            sink.add(f"{IMAGES}/{photo.file_name}", photo.file)
    sink.write(JSON, _json(photos, annotations, listed))


def check_labels(
    photos: Sequence[ExportedPhoto], categories: Sequence[Category], unlabelled: Unlabelled
) -> None:
    """See whether `write_coco_panoptic` can write these photos; it raises the same errors."""
    if not photos:
        raise ExportError("there is nothing to export: of the photos that are asked for none has a region")
    known = (category.name for category in categories)
    allowed = {*known, *(() if unlabelled is Unlabelled.ERROR else (None,))}
    lines = []
    for photo in photos:
        without = [str(region) for region, label in photo.labels.items() if label not in allowed]
        if without:
            noun = "region" if len(without) == 1 else "regions"
            lines.append(f"{photo.file_name}: {noun} {', '.join(without)}")
    if lines:
        more = [f"and {len(lines) - 20} more photos"] if len(lines) > 20 else []
        advice = "these regions have no label; give them one, or export with unlabelled = void or region:"
        raise ExportError("\n".join([advice, *lines[:20], *more]))


def segments_of(
    photo: ExportedPhoto, categories: Mapping[str, Category], unlabelled: Unlabelled
) -> tuple[list[dict[str, Any]], NDArray[np.int32]]:
    """The segments of a photo: their entries in the JSON file, and the map of their ids, int32 [H, W].

    A region that has no pixel has no segment.

    Raises:
        ExportError: the map is of another size than the photo, or holds a region that it does not list.
    """
    label_map = photo.label_map()
    if label_map.shape != (photo.height, photo.width):
        raise ExportError(f"{photo.file_name}: its label map is of another size; open the photo again")
    segment_of, category_of = _assign(photo.labels, categories, unlabelled)
    table = np.full(int(label_map.max(initial=0)) + 1, -1, np.int32)
    for region, segment in {0: 0, **dict.fromkeys(photo.labels, 0), **segment_of}.items():
        if region < len(table):
            table[region] = segment
    panoptic = table[label_map]
    if panoptic.min(initial=0) < 0:
        raise ExportError(f"{photo.file_name}: was changed while it was exported; export again")
    segments = [
        {"id": id_, "category_id": category_of[id_].id, "area": area, "bbox": box, "iscrowd": 0}
        for id_, area, box in _measure(panoptic)
    ]
    return segments, panoptic


def _assign(
    labels: Mapping[int, str | None], categories: Mapping[str, Category], unlabelled: Unlabelled
) -> tuple[dict[int, int], dict[int, Category]]:
    """The segment of every region that has one, and the class of every segment."""
    segment_of: dict[int, int] = {}
    category_of: dict[int, Category] = {}
    stuff: dict[int, int] = {}
    for region, label in sorted(labels.items()):
        if label is None and unlabelled is Unlabelled.VOID:
            continue
        category = REGION_CATEGORY if label is None else categories[label]
        segment = region if category.isthing else stuff.setdefault(category.id, region)
        segment_of[region] = segment
        category_of[segment] = category
    return segment_of, category_of


def _measure(panoptic: NDArray[np.int32]) -> list[tuple[int, int, list[int]]]:
    """(id, area, [x, y, width, height]) of every segment in the map, by id.

    Works on runs of equal pixels within a row: there are few of them, however large the photo.
    """
    starts = np.ones(panoptic.shape, np.bool_)
    np.not_equal(panoptic[:, 1:], panoptic[:, :-1], out=starts[:, 1:])
    rows, columns = np.nonzero(starts)
    lengths = np.diff(rows * panoptic.shape[1] + columns, append=panoptic.size)
    ids, run = np.unique(panoptic[rows, columns], return_inverse=True)
    low = np.full((2, len(ids)), np.iinfo(np.intp).max)
    high = np.zeros((2, len(ids)), np.intp)
    for axis, (first, last) in enumerate(((columns, columns + lengths), (rows, rows + 1))):
        np.minimum.at(low[axis], run, first)
        np.maximum.at(high[axis], run, last)
    areas = np.bincount(run, lengths).astype(np.intp)
    boxes = np.concatenate([low, high - low]).T.tolist()
    measured = zip(ids.tolist(), areas.tolist(), boxes, strict=True)
    return [(id_, area, box) for id_, area, box in measured if id_ != 0]


def map_names(file_names: Sequence[str], ids: Sequence[int]) -> dict[int, str]:
    """The file name of every photo's map, by photo id.

    `a/cat.jpg` has `a/cat.png`, as in COCO, and any other file its whole name with `.png` after it; names
    that would still meet, in any case of letters, get the photo's id.
    """
    names = {id_: _map_name(file_name) for id_, file_name in zip(ids, file_names, strict=True)}
    while len(times := Counter(name.casefold() for name in names.values())) < len(names):
        # Once more, where a photo happens to have the name that another one's id has led to.
        names = {
            id_: name if times[name.casefold()] == 1 else f"{name.removesuffix('.png')}.{id_}.png"
            for id_, name in names.items()
        }
    return names


def _map_name(file_name: str) -> str:
    path = PurePosixPath(file_name)
    return str(path.with_suffix(".png")) if path.suffix == ".jpg" else f"{file_name}.png"


def _png(panoptic: NDArray[np.int32]) -> bytes:
    colors = np.empty((*panoptic.shape, 3), np.uint8)
    for channel, shift in enumerate((16, 8, 0)):  # OpenCV's order is blue, green, red
        colors[..., channel] = (panoptic >> shift) & 255
    _, png = cv2.imencode(".png", colors)
    return png.tobytes()


def _json(
    photos: Sequence[ExportedPhoto], annotations: list[dict[str, Any]], categories: Sequence[Category]
) -> bytes:
    data = {
        "info": {"description": MADE_HERE, "version": "1.0"},
        "licenses": [],
        "images": [
            {"id": photo.id, "file_name": photo.file_name, "width": photo.width, "height": photo.height}
            for photo in photos
        ],
        "annotations": annotations,
        "categories": [
            {"id": item.id, "name": item.name, "supercategory": item.name, "isthing": int(item.isthing)}
            for item in categories
        ],
    }
    return json.dumps(data, ensure_ascii=False, indent=1).encode()
