"""Writing label PNGs: a map of classes per photo in `semantic/`, and the classes in `labels.json`.

A pixel's value is the id of its class, 0 where there is none. Things of one class are not told apart.
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence

import cv2
import numpy as np
from numpy.typing import NDArray
from PIL import Image

from fullcanvas.formats.errors import ExportError
from fullcanvas.formats.records import Category, ExportedPhoto
from fullcanvas.formats.segments import Segmented
from fullcanvas.formats.sinks import Sink

MAPS = "semantic"
LABELS = "labels.json"
_LARGEST, _LARGEST_OF_A_BYTE = 65_535, 254
"""255 means "nothing is known" to most who read maps of one byte."""
_GREY = (128, 128, 128)


def check_values(categories: Sequence[Category]) -> None:
    """See whether a PNG can hold all classes.

    Raises:
        ExportError: the id of one does not fit into 16 bits.
    """
    largest = max(_values_of(categories).values(), default=0)
    if largest > _LARGEST:
        raise ExportError(
            f"a label PNG holds numbers up to {_LARGEST}, but a label of the project has the id {largest}; "
            "export another format"
        )


class LabelPng:
    """Writes an export as label PNGs, as a `Writer`.

    They are indexed pictures in the colours of the labels, or grey of 16 bits where an id is larger than 254.
    """

    names = frozenset({MAPS, LABELS})

    def __init__(self, sink: Sink, categories: Sequence[Category]) -> None:
        self._sink = sink
        self._values = _values_of(categories)
        self._categories = categories
        largest = max(self._values.values(), default=0)
        self._palette = _palette(categories, self._values) if largest <= _LARGEST_OF_A_BYTE else None

    def add(self, photo: ExportedPhoto, name: str, segmented: Segmented) -> None:  # noqa: ARG002
        """Write a photo's map."""
        table = np.zeros(max((segment.id for segment in segmented.segments), default=0) + 1, np.uint16)
        for segment in segmented.segments:
            table[segment.id] = self._values[segment.category.id]
        self._sink.write(f"{MAPS}/{name}.png", self._png(table[segmented.map]))

    def finish(self) -> None:
        """Write the classes, as `--labels` reads them."""
        labels = [
            {
                "id": self._values[each.id],
                "name": each.name,
                "isthing": each.isthing,
                "color": each.color or _GREY,
            }
            for each in self._categories
        ]
        self._sink.write(LABELS, (json.dumps(labels, ensure_ascii=False, indent=1) + "\n").encode())

    def _png(self, values: NDArray[np.uint16]) -> bytes:
        if self._palette is None:
            return cv2.imencode(".png", values)[1].tobytes()
        picture, file = Image.fromarray(values.astype(np.uint8), "L"), io.BytesIO()
        picture.putpalette(self._palette)
        picture.save(file, "PNG")
        return file.getvalue()


def _values_of(categories: Sequence[Category]) -> dict[int, int]:
    """The value of every class by its id: the id itself, or where that means "nothing", one more than all."""
    above = max((category.id for category in categories), default=0) + 1
    return {category.id: category.id or above for category in categories}


def _palette(categories: Sequence[Category], values: Mapping[int, int]) -> bytes:
    colors = np.zeros((256, 3), np.uint8)
    for category in categories:
        colors[values[category.id]] = category.color or _GREY
    return colors.tobytes()
