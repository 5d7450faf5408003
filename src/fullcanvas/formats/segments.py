"""From a photo's regions to the segments that an export holds of it."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from fullcanvas.formats.errors import ExportError
from fullcanvas.formats.records import Category, Regions

REGION_CATEGORY = Category(0, "region", True)
"""The class of regions without a label, under `Unlabelled.REGION`."""


class Unlabelled(StrEnum):
    """What becomes of regions without a label: no export, void, or segments of the class "region"."""

    ERROR = "error"
    VOID = "void"
    REGION = "region"


@dataclass(frozen=True, slots=True)
class Segment:
    """A thing, or all stuff of one class.

    Attributes:
        id: its value in the map: the id of its region, or of the first of its regions.
        category: its class.
        area: the number of its pixels, 1 or more.
        box: x, y, width and height of its tight box, in pixels.
    """

    id: int
    category: Category
    area: int
    box: tuple[int, int, int, int]


@dataclass(frozen=True, slots=True, eq=False)
class Segmented:
    """What an export holds of a photo.

    Attributes:
        map: int32 [H, W] of segment ids, 0 = void; of the upright photo.
        segments: those that have pixels, by id.
    """

    map: NDArray[np.int32]
    segments: tuple[Segment, ...]


def segments_of(regions: Regions, classes: Mapping[str, Category], unlabelled: Unlabelled) -> Segmented:
    """The segments of a photo: every thing, and the stuff of each class. A region without pixels has none.

    Args:
        regions: of the photo.
        classes: by name.
        unlabelled: what becomes of regions without a label.

    Raises:
        ExportError: a region has no label, or one that is no class, or the map holds a region that is not
            listed.
    """
    allowed = {*classes, *(() if unlabelled is Unlabelled.ERROR else (None,))}
    if without := [region for region, label in regions.labels.items() if label not in allowed]:
        raise ExportError(f"{name_regions(without)} without a label of the project")
    label_map = regions.label_map()
    segment_of, category_of = _assign(regions.labels, classes, unlabelled)
    table = np.full(int(label_map.max(initial=0)) + 1, -1, np.int32)
    for region, segment in {0: 0, **dict.fromkeys(regions.labels, 0), **segment_of}.items():
        if region < len(table):
            table[region] = segment
    segmented = table[label_map]
    if segmented.min(initial=0) < 0:
        raise ExportError("was changed while it was exported; export again")
    measured = _measure(segmented)
    return Segmented(
        segmented, tuple(Segment(id_, category_of[id_], area, box) for id_, area, box in measured)
    )


def name_regions(ids: list[int]) -> str:
    """Regions by their ids, in words."""
    return f"region{'' if len(ids) == 1 else 's'} {', '.join(map(str, ids))}"


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


def _measure(segmented: NDArray[np.int32]) -> list[tuple[int, int, tuple[int, int, int, int]]]:
    """(id, area, (x, y, width, height)) of every segment in the map, by id.

    Works on runs of equal pixels within a row: there are few of them, however large the photo.
    """
    starts = np.ones(segmented.shape, np.bool_)
    np.not_equal(segmented[:, 1:], segmented[:, :-1], out=starts[:, 1:])
    rows, columns = np.nonzero(starts)
    lengths = np.diff(rows * segmented.shape[1] + columns, append=segmented.size)
    ids, run = np.unique(segmented[rows, columns], return_inverse=True)
    low = np.full((2, len(ids)), np.iinfo(np.intp).max)
    high = np.zeros((2, len(ids)), np.intp)
    for axis, (first, last) in enumerate(((columns, columns + lengths), (rows, rows + 1))):
        np.minimum.at(low[axis], run, first)
        np.maximum.at(high[axis], run, last)
    areas = np.bincount(run, lengths).astype(np.intp).tolist()
    boxes = np.concatenate([low, high - low]).T.tolist()
    measured = zip(ids.tolist(), areas, boxes, strict=True)
    return [(id_, area, (x, y, width, height)) for id_, area, (x, y, width, height) in measured if id_ != 0]
