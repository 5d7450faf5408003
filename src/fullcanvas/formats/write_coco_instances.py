"""Writing COCO's format of instances: `instances.json`, with the pixels of every thing as run lengths.

Stuff is no instance and is left out. Run lengths, unlike polygons, are exact to the pixel and can have holes.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count

from fullcanvas.annotation import Mask
from fullcanvas.formats.coco_json import CocoJson, segment_fields
from fullcanvas.formats.records import Category, ExportedPhoto
from fullcanvas.formats.segments import Segmented
from fullcanvas.formats.sinks import Sink

JSON = "instances.json"


class CocoInstances:
    """Writes an export in COCO's format of instances, as a `Writer`."""

    names = frozenset({JSON})

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._json = CocoJson()
        self._ids = count(1)

    def add(
        self, photo: ExportedPhoto, _name: str, segmented: Segmented, _classes: Sequence[Category]
    ) -> None:
        """Note a photo's things."""
        self._json.add_image(photo, segmented)
        masks = Mask.each(segmented.map)
        for segment in segmented.segments:
            if segment.category.isthing:
                size, counts = list(segmented.map.shape), masks[segment.id].counts
                instance = {"image_id": photo.id, "segmentation": {"size": size, "counts": counts}}
                # A region's id is its own within its photo, an instance's within the file.
                fields = {**segment_fields(segment), **instance, "id": next(self._ids)}
                self._json.add_annotation(fields)

    def finish(self, classes: Sequence[Category]) -> None:
        """Write the json."""
        self._sink.write(JSON, self._json.content([each for each in classes if each.isthing]))
