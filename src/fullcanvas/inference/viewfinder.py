"""Through which crop of the photo each region is seen, and what the mask head sees there."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from fullcanvas.annotation import Region
from fullcanvas.annotation.ink import Pen
from fullcanvas.canvas.boxes import Box
from fullcanvas.canvas.close_ups import crop_for
from fullcanvas.canvas.resolution import working_size
from fullcanvas.inference.embedding import Embedding, Encode
from fullcanvas.inference.ink_map import Change, InkMap, Touch
from fullcanvas.inference.model import Model
from fullcanvas.inference.model_file import ModelConfig
from fullcanvas.inference.roi import Roi

Inks = Mapping[Box, InkMap]
"""All ink, by the crop of the photo on whose plane it is drawn."""


@dataclass(frozen=True, slots=True, eq=False)
class Viewfinder:
    """One photo, as a model looks at it.

    Attributes:
        model: that looks.
        embedding: of all of the photo.
        encode: makes those of close-ups, with that model.
    """

    model: Model
    embedding: Embedding
    encode: Encode

    @property
    def config(self) -> ModelConfig:
        """How the model wants its inputs made."""
        return self.model.config

    def rois(self, boxes: Mapping[int, Box], kept: Mapping[int, Roi]) -> dict[int, Roi]:
        """What the head sees of each region, but for ink; close-ups are encoded where they are needed.

        Args:
            boxes: of the regions, by id, in photo pixels.
            kept: RoIs that may be made already; those of the same boxes are used again.
        """
        found = {id_: roi for id_, box in boxes.items() if (roi := kept.get(id_)) and roi.box == box}
        by_crop: dict[Box, list[int]] = {}
        for id_, box in boxes.items():
            if id_ not in found:
                by_crop.setdefault(self._crop(box), []).append(id_)
        for crop, ids in by_crop.items():  # one after another: hundreds of embeddings would fill the memory
            embedding = self._look(crop)
            found |= {id_: embedding.roi(boxes[id_], self.config.roi_size) for id_ in ids}
        return {id_: found[id_] for id_ in boxes}

    def inks(
        self, old: Inks, crops: Iterable[Box], changes: Sequence[Change], regions: Iterable[Region]
    ) -> tuple[dict[Box, InkMap], dict[Box, list[Touch]]]:
        """All ink on every plane that is looked at, and where it differs from before.

        Args:
            old: the ink before.
            crops: that regions are seen through now; all of the photo counts as one of them.
            changes: of regions since then.
            regions: all that there are now.
        """
        inks: dict[Box, InkMap] = {}
        touches: dict[Box, list[Touch]] = {}
        for crop in {self.embedding.crop, *crops}:
            if crop in old:
                inks[crop], touches[crop] = old[crop].changed(changes)
            else:  # regions seen through a new crop are answered for anyway
                inks[crop], _ = self.blank(crop).changed(Change.of(None, region) for region in regions)
                touches[crop] = []
        return inks, touches

    def blank(self, crop: Box) -> InkMap:
        """The working plane of a crop of the photo, without ink."""
        width, height = crop[2] - crop[0], crop[3] - crop[1]
        working = working_size(width, height, self.config.working_size)
        scale = working[0] / width, working[1] / height
        pen = Pen(*scale, self.config.disc_diameter, self.config.stroke_width, *crop[:2])
        return InkMap.empty(pen, *working)

    def _crop(self, box: Box) -> Box:
        whole = self.embedding
        return crop_for(box, whole.width, whole.height, self.config.working_size, self.config.closer_below)

    def _look(self, crop: Box) -> Embedding:
        return self.embedding if crop == self.embedding.crop else self.encode(crop)
