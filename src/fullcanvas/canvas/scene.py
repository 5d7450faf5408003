"""What a label map is made of: the logits of regions, and what was drawn by hand; filling the rest."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from fullcanvas.canvas.boxes import Box
from fullcanvas.canvas.competition import Canvas, Contest, Labels, Layer, Plane
from fullcanvas.canvas.strokes import Drawn, Stroke, claim, draw


@dataclass(frozen=True, slots=True, eq=False)
class Scene:
    """What competes for the canvas.

    Attributes:
        layers: by id of the region or of the part of a merged one.
        strokes: in the order of the log.
    """

    layers: Mapping[int, Layer]
    strokes: Sequence[Stroke]

    def labels(self, canvas: Canvas, area: Box) -> Labels:
        """Who owns each pixel of an area: int32 [y1 - y0, x1 - x0], 0 = unassigned."""
        contest, drawn = self._contest(canvas, area)
        labels = contest.labels()
        claim(labels, drawn, contest.newest)
        return labels

    def uncertainty(self, canvas: Canvas, area: Box) -> Plane:
        """How open the competition is in an area: float32 [y1 - y0, x1 - x0]; 0 where the person drew."""
        contest, drawn = self._contest(canvas, area)
        unsure = contest.uncertainty()
        unsure[claim(np.zeros(unsure.shape, np.int32), drawn, contest.newest)] = 0
        return unsure

    def changes(self, other: Scene, canvas: Canvas) -> list[Box]:
        """Windows of the canvas outside of which both scenes give the same labels and uncertainty."""
        windows = [
            canvas.window(layer.box)
            for id_ in {**self.layers, **other.layers}
            for layer in _differing(self.layers.get(id_), other.layers.get(id_))
        ]
        mine, others = ({stroke.index: stroke for stroke in scene.strokes} for scene in (self, other))
        for index in {**mine, **others}:
            one, another = mine.get(index), others.get(index)
            if one != another:
                windows += [
                    _on(canvas, stroke.window(canvas)) for stroke in (one, another) if stroke is not None
                ]
        return windows

    def _contest(self, canvas: Canvas, area: Box) -> tuple[Contest, Drawn]:
        drawn = draw(self.strokes, canvas, area)
        return Contest.of(self.layers.values(), canvas, area, drawn.gaps), drawn


def _on(canvas: Canvas, window: Box) -> Box:
    x0, y0, x1, y1 = window
    return max(x0, 0), max(y0, 0), min(x1, canvas.width), min(y1, canvas.height)


def _differing(one: Layer | None, other: Layer | None) -> list[Layer]:
    """Those of the two that there are, if they do not compete alike."""
    if one is None or other is None:
        return [layer for layer in (one, other) if layer is not None]
    same = one.logits is other.logits and _key(one) == _key(other)
    return [] if same else [one, other]


def _key(layer: Layer) -> tuple[object, ...]:
    return layer.region, layer.box, layer.since, layer.mask


def fill(labels: Labels) -> Labels:
    """The label map with every unassigned pixel given to the region of the nearest assigned one.

    Args:
        labels: int32 [h, w], 0 = unassigned.

    Returns:
        int32 [h, w]; all 0 if nothing is assigned. Distances are OpenCV's approximation of Euclidean ones:
        the region that a pixel goes to may be up to a twentieth farther away than the nearest.
    """
    empty = labels == 0
    if not empty.any() or empty.all():
        return labels.copy()
    _, nearest = cv2.distanceTransformWithLabels(
        empty.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_5, labelType=cv2.DIST_LABEL_PIXEL
    )
    owners = np.zeros(int(nearest.max()) + 1, np.int32)
    owners[nearest[~empty]] = labels[~empty]
    filled: Labels = owners[nearest]
    return filled


def filled_from(labels: Labels, canvas: Canvas, area: Box, shown: Labels, display: Canvas) -> Labels:
    """An area of a larger canvas, filled as the display is.

    Args:
        labels: int32 [y1 - y0, x1 - x0], the area, not filled.
        canvas: that it is an area of.
        area: half-open, in pixels of `canvas`.
        shown: int32 [h, w], the filled label map of the display.
        display: the canvas of `shown`, over the same photo.

    Returns:
        int32 [y1 - y0, x1 - x0]; an unassigned pixel has the region of the display's pixel around its centre.
    """
    columns = _cells(canvas.columns(area[0], area[2]), display.width, canvas.photo_width)
    rows = _cells(canvas.rows(area[1], area[3]), display.height, canvas.photo_height)
    return np.where(labels == 0, shown[rows[:, None], columns], labels)


def _cells(centres: NDArray[np.float64], size: int, photo_size: int) -> NDArray[np.intp]:
    return np.minimum(np.floor(centres * size / photo_size).astype(np.intp), size - 1)
