"""Writing label PNGs: a map of classes per photo in `semantic/`, and the classes in `labels.json`.

A pixel's value is the id of its class, 0 where there is none. Things of one class are not told apart.
"""

from __future__ import annotations

import io
import json
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from fullcanvas.formats.errors import ExportError
from fullcanvas.formats.records import GREY, Category, ExportedPhoto
from fullcanvas.formats.segments import Segmented
from fullcanvas.formats.sinks import Sink

MAPS = "semantic"
LABELS = "labels.json"
_LARGEST, _LARGEST_OF_A_BYTE = 65_535, 254
"""Of the ids of labels. 255 means "unknown" to most who read maps of one byte."""
_REGION = 254
"""Stands for regions without a label, whose class has the id 0, which is no region's here."""


def check_values(categories: Sequence[Category]) -> None:
    """See whether a PNG can hold all classes.

    Raises:
        ExportError: it cannot.
    """
    largest = max((category.id for category in categories), default=0)
    if largest > _LARGEST:
        raise ExportError(
            f"a label PNG holds numbers up to {_LARGEST}, but a label of the project has the id {largest}; "
            "export another format"
        )
    if len({_value(category) for category in categories}) < len(categories):
        raise ExportError(
            f"in a label PNG, {_REGION} is for regions without a label, but it is the id of a label of the "
            "project; give these regions a label, or make them void"
        )


class LabelPng:
    """Writes an export as label PNGs, as a `Writer`.

    They are indexed pictures in the colours of the labels, or grey of 16 bits where an id is larger than 254.
    """

    names = frozenset({MAPS, LABELS})

    def __init__(self, sink: Sink) -> None:
        self._sink = sink

    def add(
        self, _photo: ExportedPhoto, name: str, segmented: Segmented, classes: Sequence[Category]
    ) -> None:
        """Write a photo's map."""
        table = np.zeros(max((segment.id for segment in segmented.segments), default=0) + 1, np.uint16)
        for segment in segmented.segments:
            table[segment.id] = _value(segment.category)
        self._sink.write(f"{MAPS}/{name}.png", _png(table[segmented.map], classes))

    def finish(self, classes: Sequence[Category]) -> None:
        """Write the classes, as `--labels` reads them."""
        labels = [
            {
                "id": _value(each),
                "name": each.name,
                "isthing": each.isthing,
                "color": each.color or GREY,
            }
            for each in classes
        ]
        self._sink.write(LABELS, (json.dumps(labels, ensure_ascii=False, indent=1) + "\n").encode())


def _value(category: Category) -> int:
    return category.id or _REGION


def _png(values: NDArray[np.uint16], classes: Sequence[Category]) -> bytes:
    if any(_value(category) > _LARGEST_OF_A_BYTE for category in classes):
        return cv2.imencode(".png", values)[1].tobytes()
    colors = np.zeros((256, 3), np.uint8)
    for category in classes:
        colors[_value(category)] = category.color or GREY
    picture, file = Image.fromarray(values.astype(np.uint8), "L"), io.BytesIO()
    picture.putpalette(colors.tobytes())
    picture.save(file, "PNG")
    return file.getvalue()
