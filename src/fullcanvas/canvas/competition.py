"""All regions compete for every pixel: projection of logits onto the canvas, argmax, and its uncertainty.

Everything works inside a rectangle of the canvas (its "area"), and gives there exactly what it would give for
the whole canvas. No array ever holds more than one region's projection.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import lru_cache
from itertools import groupby

import numpy as np
from numpy.typing import NDArray

from fullcanvas.annotation import Mask
from fullcanvas.canvas.bits import Packed, Pixels
from fullcanvas.canvas.boxes import Box, intersection, within
from fullcanvas.canvas.resolution import DISPLAY_PIXELS
from fullcanvas.canvas.sampling import stretch

Plane = NDArray[np.float32]
Labels = NDArray[np.int32]
Gaps = Mapping[int, Pixels]
"""By region: where it does not compete in an area, bool [y1 - y0, x1 - x0]."""

_NO_GAPS: Gaps = {}


@dataclass(frozen=True, slots=True)
class Canvas:
    """A plane of width x height pixels laid over a photo of photo_width x photo_height pixels."""

    width: int
    height: int
    photo_width: int
    photo_height: int

    @property
    def area(self) -> Box:
        """The whole canvas."""
        return 0, 0, self.width, self.height

    def window(self, box: Box) -> Box:
        """The canvas pixels whose centres lie in a half-open box of the photo; it may hold none."""
        x0, x1 = (_first_centre(edge, self.width, self.photo_width) for edge in (box[0], box[2]))
        y0, y1 = (_first_centre(edge, self.height, self.photo_height) for edge in (box[1], box[3]))
        return x0, y0, x1, y1

    def columns(self, x0: int, x1: int) -> NDArray[np.float64]:
        """The centres of the pixels x0..x1 - 1 of a row, in photo coordinates."""
        return _centres(x0, x1) * (self.photo_width / self.width)

    def rows(self, y0: int, y1: int) -> NDArray[np.float64]:
        """The centres of the pixels y0..y1 - 1 of a column, in photo coordinates."""
        return _centres(y0, y1) * (self.photo_height / self.height)


def _centres(start: int, stop: int) -> NDArray[np.float64]:
    return np.arange(start, stop, dtype=np.float64) + 0.5


def _first_centre(edge: int, size: int, photo_size: int) -> int:
    """The first canvas pixel whose centre, (u + 0.5) * photo_size / size, is at `edge` or past it; exact."""
    return -((photo_size - 2 * size * edge) // (2 * photo_size))


@dataclass(frozen=True, slots=True, eq=False)
class Layer:
    """What one region, or a part of a merged one, brings to the canvas.

    Attributes:
        region: its id, 1 or more.
        box: its box in photo pixels, half-open.
        logits: float32 [M, M], to be stretched over the box.
        since: the index, among the entries in force, of the one that last said where it is.
        mask: the only pixels where it competes, and where what is older does not; its whole box if None.
    """

    region: int
    box: Box
    logits: Plane
    since: int = 0
    mask: Mask | None = None


def project(layer: Layer, canvas: Canvas, area: Box) -> Plane:
    """The logits in an area of the canvas: float32 [y1 - y0, x1 - x0], minus infinity outside the box."""
    x0, y0, x1, y1 = area
    plane = np.full((y1 - y0, x1 - x0), -np.inf, np.float32)
    window = intersection(canvas.window(layer.box), area)
    if window is not None:
        plane[within(window, area)] = _stretch(layer, canvas, window)
    return plane


@dataclass(frozen=True, slots=True, eq=False)
class Contest:
    """The competition in an area of the canvas.

    Attributes:
        canvas: the plane.
        area: half-open, in canvas pixels.
        present: the layers that reach into the area, by region id; each with the window, half-open in canvas
            pixels, of the area that its box holds.
        gaps: where regions do not compete.
        newest: `since` of the latest mask at each pixel: int32 [y1 - y0, x1 - x0], -1 where none is; None if
            there is no mask in the area. A mask does not count where its region has a gap.
    """

    canvas: Canvas
    area: Box
    present: Sequence[tuple[Layer, Box]]
    gaps: Gaps
    newest: Labels | None

    @classmethod
    def of(cls, layers: Iterable[Layer], canvas: Canvas, area: Box, gaps: Gaps = _NO_GAPS) -> Contest:
        """The competition of all regions' layers, in any order; a merged region has several."""
        windows = (
            (layer, intersection(canvas.window(layer.box), area))
            for layer in sorted(layers, key=lambda layer: layer.region)
        )
        present = [(layer, window) for layer, window in windows if window is not None]
        return cls(canvas, area, present, gaps, _newest(present, canvas, area, gaps))

    def labels(self) -> Labels:
        """Who owns each pixel of the area.

        Returns:
            int32 [y1 - y0, x1 - x0]: the id of the region with the highest logit (the lower id of equals), 0
            where nobody competes for the pixel's centre.
        """
        best = self._nobody()
        labels = np.zeros(best.shape, np.int32)
        for layer, window in self.present:
            inside = within(window, self.area)
            logits, highest = self._logits(layer, window), best[inside]
            np.copyto(labels[inside], layer.region, where=logits > highest)
            np.maximum(highest, logits, out=highest)
        return labels

    def uncertainty(self) -> Plane:
        """How open it is: 1 - (p1 - p2) of the two most probable regions of each pixel.

        Returns:
            float32 [y1 - y0, x1 - x0] in [0, 1]: 0 where only one region competes, 1 where none does. Of a
            merged region the highest logit counts.
        """
        best = self._nobody()
        second, total = best.copy(), np.zeros_like(best)
        for _, group in groupby(self.present, lambda pair: pair[0].region):
            window, logits = self._highest(list(group))
            inside = within(window, self.area)
            _enter(logits, best[inside], second[inside], total[inside])
        return _openness(best, second, total)

    def _nobody(self) -> Plane:
        x0, y0, x1, y1 = self.area
        return np.full((y1 - y0, x1 - x0), -np.inf, np.float32)

    def _highest(self, layers: Sequence[tuple[Layer, Box]]) -> tuple[Box, Plane]:
        """The highest logits of one region's layers, and the window of the area in which they are."""
        if len(layers) == 1:
            ((layer, window),) = layers
            return window, self._logits(layer, window)
        plane = self._nobody()
        for layer, window in layers:
            part = plane[within(window, self.area)]
            np.maximum(part, self._logits(layer, window), out=part)
        return self.area, plane

    def _logits(self, layer: Layer, window: Box) -> Plane:
        """A layer's logits in a window, minus infinity where it does not compete."""
        logits, inside = _stretch(layer, self.canvas, window), within(window, self.area)
        if self.newest is not None:
            logits[self.newest[inside] > layer.since] = -np.inf
        if layer.mask is not None:
            logits[~_mask_pixels(layer.mask, layer.box, self.canvas, window)] = -np.inf
        if layer.region in self.gaps:
            logits[self.gaps[layer.region][inside]] = -np.inf
        return logits


def _newest(present: Sequence[tuple[Layer, Box]], canvas: Canvas, area: Box, gaps: Gaps) -> Labels | None:
    """What `Contest.newest` says."""
    masked = [(layer, layer.mask, window) for layer, window in present if layer.mask is not None]
    if not masked:
        return None
    newest = np.full((area[3] - area[1], area[2] - area[0]), -1, np.int32)
    for layer, mask, window in masked:
        inside = within(window, area)
        held = _mask_pixels(mask, layer.box, canvas, window)
        if layer.region in gaps:
            held = held & ~gaps[layer.region][inside]
        np.maximum(newest[inside], layer.since, out=newest[inside], where=held)
    return newest


def _mask_pixels(mask: Mask, box: Box, canvas: Canvas, window: Box) -> Pixels:
    """Which pixels of a window in a box have their centre in a mask: bool [h, w]."""
    if canvas.width * canvas.height > DISPLAY_PIXELS:
        return _sample(mask, canvas, window)
    whole = canvas.window(box)
    return _sample_whole(mask, canvas, whole).part(within(window, whole))


@lru_cache(maxsize=256)
def _sample_whole(mask: Mask, canvas: Canvas, window: Box) -> Packed:
    return Packed.of(_sample(mask, canvas, window))


def _sample(mask: Mask, canvas: Canvas, window: Box) -> Pixels:
    columns = canvas.columns(window[0], window[2]).astype(np.intp)
    rows = canvas.rows(window[1], window[3]).astype(np.intp)
    pixels = mask.columns(int(columns[0]), int(columns[-1]) + 1)
    return np.ascontiguousarray(pixels[rows[:, None], columns - columns[0]])


def _enter(logits: Plane, best: Plane, second: Plane, total: Plane) -> None:
    """Let one more region into the running best, second best and sum of exp(logit - best), in place."""
    higher = logits > best
    with np.errstate(invalid="ignore"):
        decay = np.abs(logits - best)
    np.exp(-decay, out=decay)
    np.fmax(decay, 0, out=decay)  # NaN where neither this region nor an earlier one competes
    total[:] = np.where(higher, total * decay + 1, total + decay)
    second[:] = np.where(higher, best, np.maximum(second, logits))
    np.maximum(best, logits, out=best)


def _openness(best: Plane, second: Plane, total: Plane) -> Plane:
    """1 - (p1 - p2), where p1 - p2 = (1 - exp(second - best)) / total; 1 where nobody competes."""
    held = total > 0
    gap = np.subtract(second, best, out=np.zeros_like(best), where=held)
    lead = np.divide(1 - np.exp(gap), total, out=np.zeros_like(best), where=held)
    openness: Plane = np.clip(1 - lead, 0, 1)
    return openness


def _stretch(layer: Layer, canvas: Canvas, window: Box) -> Plane:
    """The layer's logits at the pixels of a window that lies in its box."""
    x0, y0, x1, y1 = window
    return stretch(layer.logits, layer.box, canvas.rows(y0, y1), canvas.columns(x0, x1))
