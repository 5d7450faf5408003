"""Writing COCO's panoptic format: `panoptic.json`, and a PNG of segment ids per photo in `panoptic/`.

A segment's id in the PNG is R + 256 G + 65536 B; 0 is void. Segment ids are region ids, so a thing's segment
can be traced back to its region; stuff of one class is one segment, named by the first of its regions.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from fullcanvas.formats.coco_json import CocoJson, segment_fields
from fullcanvas.formats.records import Category, ExportedPhoto
from fullcanvas.formats.segments import Segmented
from fullcanvas.formats.sinks import Sink

JSON = "panoptic.json"
MAPS = "panoptic"


class CocoPanoptic:
    """Writes an export in COCO's panoptic format, as a `Writer`."""

    names = frozenset({JSON, MAPS})

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._json = CocoJson()

    def add(
        self, photo: ExportedPhoto, name: str, segmented: Segmented, _classes: Sequence[Category]
    ) -> None:
        """Write a photo's map."""
        map_name = f"{name}.png"
        self._sink.write(f"{MAPS}/{map_name}", _png(segmented.map))
        self._json.add_image(photo, segmented)
        segments = [segment_fields(segment) for segment in segmented.segments]
        self._json.add_annotation({"image_id": photo.id, "file_name": map_name, "segments_info": segments})

    def finish(self, classes: Sequence[Category]) -> None:
        """Write the json."""
        self._sink.write(JSON, self._json.content(classes))


def _png(ids: NDArray[np.int32]) -> bytes:
    colors = np.empty((*ids.shape, 3), np.uint8)
    for channel, shift in enumerate((16, 8, 0)):  # OpenCV's order is blue, green, red
        colors[..., channel] = (ids >> shift) & 255
    _, png = cv2.imencode(".png", colors)
    return png.tobytes()
