"""Small panoptic data sets, written to disk for tests."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

CATEGORIES = [
    {"id": 1, "name": "thing", "isthing": 1},
    {"id": 2, "name": "stuff", "isthing": 0},
]


def write_map(path: Path, ids: NDArray[np.integer[Any]]) -> None:
    """A PNG of region ids, the way COCO writes them."""
    rgb = np.stack([ids % 256, ids // 256 % 256, ids // 65536], -1).astype(np.uint8)
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.fromarray(rgb).save(path)


def describe(ids: NDArray[np.integer[Any]], **more: Any) -> list[dict[str, Any]]:
    """The segments of a map: odd ids are things, even ones stuff."""
    present = [int(id_) for id_ in np.unique(ids) if id_ > 0]
    return [
        {"id": id_, "category_id": 1 if id_ % 2 else 2, "area": int((ids == id_).sum()), "iscrowd": 0, **more}
        for id_ in present
    ]


def content(
    maps: Sequence[NDArray[np.integer[Any]]], image_ids: Sequence[int] | None = None
) -> dict[str, Any]:
    """The json of a data set with one annotation per map; equal image ids share a photo."""
    ids = list(image_ids or range(1, len(maps) + 1))
    sizes = {image_id: ids_.shape for image_id, ids_ in zip(ids, maps, strict=True)}
    return {
        "images": [
            {"id": image_id, "file_name": f"{image_id:012d}.jpg", "height": height, "width": width}
            for image_id, (height, width) in sizes.items()
        ],
        "annotations": [
            {"image_id": image_id, "file_name": f"map{number}.png", "segments_info": describe(ids_)}
            for number, (image_id, ids_) in enumerate(zip(ids, maps, strict=True))
        ],
        "categories": [dict(category) for category in CATEGORIES],
    }


def write_dataset(
    folder: Path,
    maps: Sequence[NDArray[np.integer[Any]]],
    image_ids: Sequence[int] | None = None,
    layout: tuple[str, str, str] = ("panoptic.json", "panoptic", "images"),
) -> dict[str, Any]:
    """A data set on disk, with photos in which every segment has its own colour; returns its json.

    Args:
        folder: the data set's.
        maps: region ids [H, W] of each annotation.
        image_ids: of the photos; 1, 2, ... if not given.
        layout: where the json, the maps and the photos go within the folder.
    """
    data = content(maps, image_ids)
    file, map_folder, image_folder = (folder / part for part in layout)
    file.parent.mkdir(parents=True, exist_ok=True)
    image_folder.mkdir(parents=True, exist_ok=True)
    for annotation, ids in zip(data["annotations"], maps, strict=True):
        write_map(map_folder / annotation["file_name"], ids)
        colours = np.random.default_rng(0).integers(0, 256, (int(ids.max()) + 1, 3), np.uint8)
        Image.fromarray(colours[ids]).save(image_folder / f"{annotation['image_id']:012d}.jpg", quality=95)
    file.write_text(json.dumps(data), encoding="utf-8")
    return data


def halves(height: int = 12, width: int = 20, column: int = 8) -> NDArray[np.int64]:
    """A map of two regions, 1 left of `column` and 2 right of it."""
    return np.where(np.arange(width) < column, 1, 2)[None].repeat(height, 0)
