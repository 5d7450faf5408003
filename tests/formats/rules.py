"""panopticapi's rules for the files of COCO's panoptic format, checked again with Pillow."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image


def read_ids(path: Path) -> NDArray[np.uint32]:
    """panopticapi's rgb2id."""
    with Image.open(path) as image:
        assert image.mode == "RGB"
        color = np.asarray(image, np.uint32)
    return color[..., 0] + 256 * color[..., 1] + 256 * 256 * color[..., 2]


def check_rules(folder: Path) -> dict[str, Any]:
    """The JSON file, after every rule was found to hold."""
    data: dict[str, Any] = json.loads((folder / "panoptic.json").read_text())
    images = {image["id"]: image for image in data["images"]}
    categories = {category["id"]: category for category in data["categories"]}
    assert len(images) == len(data["images"])
    assert len(categories) == len(data["categories"])
    for category in categories.values():
        # Its converters to other formats look for one.
        assert len(category["color"]) == 3
        assert all(part in range(256) for part in category["color"])
    assert [item["image_id"] for item in data["annotations"]] == list(images)
    for annotation in data["annotations"]:
        ids = read_ids(folder / "panoptic" / annotation["file_name"])
        image = images[annotation["image_id"]]
        assert ids.shape == (image["height"], image["width"])
        segments = {segment["id"]: segment for segment in annotation["segments_info"]}
        assert len(segments) == len(annotation["segments_info"])
        assert set(segments) == set(np.unique(ids).tolist()) - {0}
        for id_, segment in segments.items():
            _check_segment(segment, ids == id_, categories)
        stuff = [s["category_id"] for s in segments.values() if not categories[s["category_id"]]["isthing"]]
        assert len(stuff) == len(set(stuff))
    return data


def _check_segment(segment: dict[str, Any], mask: NDArray[np.bool_], categories: dict[int, Any]) -> None:
    ys, xs = np.nonzero(mask)
    assert segment["area"] == len(ys)
    x, y = int(xs.min()), int(ys.min())
    assert segment["bbox"] == [x, y, int(xs.max()) - x + 1, int(ys.max()) - y + 1]
    assert segment["iscrowd"] == 0
    assert segment["category_id"] in categories
