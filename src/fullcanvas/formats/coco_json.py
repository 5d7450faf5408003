"""What the json files of COCO's formats have in common."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from fullcanvas.formats.records import GREY, Category, ExportedPhoto
from fullcanvas.formats.segments import Segment, Segmented

MADE_HERE = "Made with Fullcanvas"
"""What an export's json says of itself: its maps lie over the photos as they are seen, whatever is stored."""


class CocoJson:
    """A json file while it is being made. What it holds is kept as text, which takes the least room."""

    def __init__(self) -> None:
        self._images: list[str] = []
        self._annotations: list[str] = []

    def add_image(self, photo: ExportedPhoto, segmented: Segmented) -> None:
        """Add a photo."""
        height, width = segmented.map.shape
        image = {"id": photo.id, "file_name": photo.file_name, "width": width, "height": height}
        self._images.append(_dump(image))

    def add_annotation(self, annotation: Mapping[str, Any]) -> None:
        """Add an annotation of a photo."""
        self._annotations.append(_dump(annotation))

    def content(self, categories: Sequence[Category]) -> bytes:
        """The whole file."""
        parts = {
            "info": _dump({"description": MADE_HERE, "version": "1.0"}),
            "licenses": "[]",
            "images": _lines(self._images),
            "annotations": _lines(self._annotations),
            "categories": _lines(_dump(_category(each)) for each in categories),
        }
        return ("{\n" + ",\n".join(f'"{name}": {value}' for name, value in parts.items()) + "\n}\n").encode()


def segment_fields(segment: Segment) -> dict[str, Any]:
    """What both of COCO's formats say of a segment."""
    return {
        "id": segment.id,
        "category_id": segment.category.id,
        "area": segment.area,
        "bbox": segment.box,
        "iscrowd": 0,
    }


def _category(category: Category) -> dict[str, Any]:
    return {
        "id": category.id,
        "name": category.name,
        "supercategory": category.name,
        "isthing": int(category.isthing),
        "color": category.color or GREY,  # panopticapi's converters look for one
    }


def _lines(items: Iterable[str]) -> str:
    return "[\n" + ",\n".join(items) + "\n]"


def _dump(item: Mapping[str, Any]) -> str:
    return json.dumps(item, ensure_ascii=False)
