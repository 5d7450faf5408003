"""COCO's panoptic format: `panoptic.json`, and a PNG of segment ids per photo in `panoptic/`.

A segment's id in the PNG is R + 256 G + 65536 B; 0 is void. Segment ids are region ids, so a thing's segment
can be traced back to its region; stuff of one class is one segment, named by the first of its regions.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from enum import StrEnum
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from fullcanvas.formats.errors import ExportError
from fullcanvas.formats.records import Category, ExportedPhoto, Outcome, Regions
from fullcanvas.formats.sinks import Sink

MADE_HERE = "Made with Fullcanvas"
"""What an export's json says of itself: its maps lie over the photos as they are seen, whatever is stored."""

JSON = "panoptic.json"
MAPS = "panoptic"
IMAGES = "images"
LEFT_OUT = "left-out.txt"
NAMES = frozenset({JSON, MAPS, IMAGES, LEFT_OUT})
_GREY = (128, 128, 128)
MOST_LISTED = 20
"""How many photos a message names."""
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
) -> Iterator[Outcome]:
    """Write an export photo by photo, and the json after the last.

    A photo that cannot be exported is left out; `left-out.txt` says which and why.

    Args:
        photos: what to export.
        categories: every class that a region may have.
        sink: where to.
        unlabelled: what becomes of regions without a label.
        images: whether the photos themselves go with it, upright, into `images/`.

    Yields:
        What became of each photo, when it has been written or left out.

    Raises:
        ExportError: there is nothing to export, regions have no label, or none of the photos can be exported
            (the message lists them). The first two are said at once, before any photo is asked for.
    """
    check_labels(photos, unlabelled)
    return _written(photos, categories, sink, unlabelled, images)


def _written(
    photos: Sequence[ExportedPhoto],
    categories: Sequence[Category],
    sink: Sink,
    unlabelled: Unlabelled,
    images: bool,
) -> Iterator[Outcome]:
    classes = {category.name: category for category in categories}
    names = map_names([photo.file_name for photo in photos], [photo.id for photo in photos])
    listed: list[tuple[str, str]] = []
    left_out: list[str] = []
    for photo in photos:
        try:
            segments, panoptic = segments_of(photo.regions(), classes, unlabelled)
            picture = photo.picture() if images else None
            _add_picture(sink, f"{IMAGES}/{photo.file_name}", picture)
        except ExportError as error:
            left_out.append(f"{photo.file_name}: {error}")
            yield Outcome(left_out=left_out[-1])
            continue
        sink.write(f"{MAPS}/{names[photo.id]}", _png(panoptic))
        listed.append(_entries(photo, names[photo.id], panoptic, segments))
        yield Outcome(turned=isinstance(picture, bytes))
    if not listed:
        raise ExportError(_list("none of the photos can be exported:", left_out, len(left_out)))
    if left_out:
        sink.write(LEFT_OUT, "".join(f"{line}\n" for line in left_out).encode())
    more = [REGION_CATEGORY] if unlabelled is Unlabelled.REGION else []
    sink.write(JSON, _json(listed, [*categories, *more]))


def check_labels(photos: Sequence[ExportedPhoto], unlabelled: Unlabelled) -> None:
    """See whether there are photos, and labels where there have to be; errors as in `write_coco_panoptic`.

    Only the regions of photos that the message lists are read.
    """
    if not photos:
        raise ExportError(
            "there is nothing to export: of the photos that are asked for none has a region or is complete"
        )
    without = [photo for photo in photos if photo.unlabelled]
    if without and unlabelled is Unlabelled.ERROR:
        lines = (f"{photo.file_name}: {_unlabelled_regions(photo)}" for photo in without)
        advice = "these regions have no label; give them one, or export with unlabelled = void or region:"
        raise ExportError(_list(advice, lines, len(without)))


def _unlabelled_regions(photo: ExportedPhoto) -> str:
    try:
        labels = photo.regions().labels
    except ExportError as error:
        return str(error)
    return _name_regions([region for region, label in labels.items() if label is None])


def _name_regions(regions: Sequence[int]) -> str:
    return f"region{'' if len(regions) == 1 else 's'} {', '.join(map(str, regions))}"


def _list(advice: str, lines: Iterable[str], total: int) -> str:
    """A message with the first lines of a list."""
    more = [f"and {total - MOST_LISTED} more photos"] if total > MOST_LISTED else []
    return "\n".join([advice, *islice(lines, MOST_LISTED), *more])


def _add_picture(sink: Sink, name: str, picture: Path | bytes | None) -> None:
    if isinstance(picture, Path):
        sink.add(name, picture)
    elif picture is not None:
        sink.write(name, picture)


def _entries(
    photo: ExportedPhoto, name: str, panoptic: NDArray[np.int32], segments: list[dict[str, Any]]
) -> tuple[str, str]:
    """What the json says of a photo, in `images` and in `annotations`: as text, which takes less room."""
    height, width = panoptic.shape
    image = {"id": photo.id, "file_name": photo.file_name, "width": width, "height": height}
    annotation = {"image_id": photo.id, "file_name": name, "segments_info": segments}
    return _dump(image), _dump(annotation)


def segments_of(
    regions: Regions, classes: Mapping[str, Category], unlabelled: Unlabelled
) -> tuple[list[dict[str, Any]], NDArray[np.int32]]:
    """The segments of a photo: their entries in the JSON file, and the map of their ids, int32 [H, W].

    A region that has no pixel has no segment.

    Raises:
        ExportError: a region has no label, or one that is no class, or the map holds a region that is not
            listed.
    """
    allowed = {*classes, *(() if unlabelled is Unlabelled.ERROR else (None,))}
    if without := [region for region, label in regions.labels.items() if label not in allowed]:
        raise ExportError(f"{_name_regions(without)} without a label of the project")
    label_map = regions.label_map()
    segment_of, category_of = _assign(regions.labels, classes, unlabelled)
    table = np.full(int(label_map.max(initial=0)) + 1, -1, np.int32)
    for region, segment in {0: 0, **dict.fromkeys(regions.labels, 0), **segment_of}.items():
        if region < len(table):
            table[region] = segment
    panoptic = table[label_map]
    if panoptic.min(initial=0) < 0:
        raise ExportError("was changed while it was exported; export again")
    segments = [
        {"id": id_, "category_id": category_of[id_].id, "area": area, "bbox": box, "iscrowd": 0}
        for id_, area, box in _measure(panoptic)
    ]
    return segments, panoptic


def _assign(
    labels: Mapping[int, str | None], classes: Mapping[str, Category], unlabelled: Unlabelled
) -> tuple[dict[int, int], dict[int, Category]]:
    """The segment of every region that has one, and the class of every segment."""
    segment_of: dict[int, int] = {}
    category_of: dict[int, Category] = {}
    stuff: dict[int, int] = {}
    for region, label in sorted(labels.items()):
        if label is None and unlabelled is Unlabelled.VOID:
            continue
        category = REGION_CATEGORY if label is None else classes[label]
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


def _json(listed: Sequence[tuple[str, str]], categories: Sequence[Category]) -> bytes:
    """The json file, of the entries of its photos."""
    parts = {
        "info": _dump({"description": MADE_HERE, "version": "1.0"}),
        "licenses": "[]",
        "images": _lines(image for image, _ in listed),
        "annotations": _lines(annotation for _, annotation in listed),
        "categories": _lines(_dump(_class(category)) for category in categories),
    }
    return ("{\n" + ",\n".join(f'"{name}": {value}' for name, value in parts.items()) + "\n}\n").encode()


def _class(category: Category) -> dict[str, Any]:
    return {
        "id": category.id,
        "name": category.name,
        "supercategory": category.name,
        "isthing": int(category.isthing),
        "color": list(category.color or _GREY),
    }


def _lines(items: Iterable[str]) -> str:
    return "[\n" + ",\n".join(items) + "\n]"


def _dump(item: Mapping[str, Any]) -> str:
    return json.dumps(item, ensure_ascii=False)
