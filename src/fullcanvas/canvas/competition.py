"""All regions compete for every pixel: projection of logits onto the canvas, argmax, and its uncertainty.

Everything works inside a rectangle of the canvas (its "area"), and gives there exactly what it would give for
the whole canvas. No array ever holds more than one region's projection.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
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
        since: the position in the log of the entry that last said where it is.
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


def compete(
    layers: Sequence[Layer], canvas: Canvas, area: Box, gaps: Gaps = _NO_GAPS, newest: Labels | None = None
) -> Labels:
    """Who owns each pixel of an area of the canvas.

    Args:
        layers: of all regions, in any order; a merged region has several.
        canvas: the plane.
        area: half-open, in canvas pixels.
        gaps: where regions do not compete.
        newest: what `newest_masks` says of the area.

    Returns:
        int32 [y1 - y0, x1 - x0]: the id of the region with the highest logit (the lower id of equals), 0
        where nobody competes for the pixel's centre.
    """
    x0, y0, x1, y1 = area
    labels = np.zeros((y1 - y0, x1 - x0), np.int32)
    best = np.full(labels.shape, -np.inf, np.float32)
    for layer, window in _present(layers, canvas, area):
        inside = within(window, area)
        logits = _competing(layer, canvas, area, window, gaps=gaps, newest=newest)
        highest = best[inside]
        np.copyto(labels[inside], layer.region, where=logits > highest)
        np.maximum(highest, logits, out=highest)
    return labels


def uncertainty(
    layers: Sequence[Layer], canvas: Canvas, area: Box, gaps: Gaps = _NO_GAPS, newest: Labels | None = None
) -> Plane:
    """How open the competition is: 1 - (p1 - p2) of the two most probable regions of each pixel.

    Args:
        layers, canvas, area, gaps, newest: as in `compete`; of a merged region the highest logit counts.

    Returns:
        float32 [y1 - y0, x1 - x0] in [0, 1]: 0 where only one region competes, 1 where none does.
    """
    x0, y0, x1, y1 = area
    best = np.full((y1 - y0, x1 - x0), -np.inf, np.float32)
    second, total = best.copy(), np.zeros_like(best)
    plain = not gaps and newest is None
    for _, group in groupby(_present(layers, canvas, area), lambda pair: pair[0].region):
        present = list(group)
        if plain and len(present) == 1:
            ((layer, window),) = present
            inside = within(window, area)
            _enter(_stretch(layer, canvas, window), best[inside], second[inside], total[inside])
            continue
        plane = np.full(best.shape, -np.inf, np.float32)
        for layer, window in present:
            part = plane[within(window, area)]
            logits = _competing(layer, canvas, area, window, gaps=gaps, newest=newest)
            np.maximum(part, logits, out=part)
        _enter_some(plane, best, second, total)
    # With `total` the sum of exp(logit - best): p1 - p2 = (1 - exp(second - best)) / total.
    held = total > 0
    gap = np.subtract(second, best, out=np.zeros_like(best), where=held)
    lead = np.divide(1 - np.exp(gap), total, out=np.zeros_like(best), where=held)
    openness: Plane = np.clip(1 - lead, 0, 1)
    return openness


def newest_masks(layers: Sequence[Layer], canvas: Canvas, area: Box, gaps: Gaps = _NO_GAPS) -> Labels | None:
    """The position in the log of the latest mask at each pixel: int32 [y1 - y0, x1 - x0], -1 where none is.

    None if there is no mask in the area. A mask does not count where its region has a gap.
    """
    masked = [(layer, window) for layer, window in _present(layers, canvas, area) if layer.mask is not None]
    if not masked:
        return None
    newest = np.full((area[3] - area[1], area[2] - area[0]), -1, np.int32)
    for layer, window in masked:
        inside = within(window, area)
        held = _mask_pixels(layer, canvas, window)
        if layer.region in gaps:
            held = held & ~gaps[layer.region][inside]
        np.maximum(newest[inside], layer.since, out=newest[inside], where=held)
    return newest


def _competing(
    layer: Layer, canvas: Canvas, area: Box, window: Box, *, gaps: Gaps, newest: Labels | None
) -> Plane:
    """The layer's logits in a window of the area, minus infinity where it does not compete."""
    logits, inside = _stretch(layer, canvas, window), within(window, area)
    if newest is not None:
        logits[newest[inside] > layer.since] = -np.inf
    if layer.mask is not None:
        logits[~_mask_pixels(layer, canvas, window)] = -np.inf
    if layer.region in gaps:
        logits[gaps[layer.region][inside]] = -np.inf
    return logits


def _mask_pixels(layer: Layer, canvas: Canvas, window: Box) -> Pixels:
    """Which pixels of a window in the layer's box have their centre in its mask: bool [h, w]."""
    assert layer.mask is not None  # noqa: S101 (its callers asked)
    if canvas.width * canvas.height > DISPLAY_PIXELS:
        return _sample(layer.mask, canvas, window)
    whole = canvas.window(layer.box)
    return _sample_whole(layer.mask, canvas, whole).part(within(window, whole))


@lru_cache(maxsize=256)
def _sample_whole(mask: Mask, canvas: Canvas, window: Box) -> Packed:
    return Packed.of(_sample(mask, canvas, window))


def _sample(mask: Mask, canvas: Canvas, window: Box) -> Pixels:
    columns = canvas.columns(window[0], window[2]).astype(np.intp)
    rows = canvas.rows(window[1], window[3]).astype(np.intp)
    pixels = mask.columns(int(columns[0]), int(columns[-1]) + 1)
    return np.ascontiguousarray(pixels[rows[:, None], columns - columns[0]])


def _enter_some(logits: Plane, best: Plane, second: Plane, total: Plane) -> None:
    """`_enter` where the logits are finite."""
    held = logits > -np.inf
    parts = best[held], second[held], total[held]
    _enter(logits[held], *parts)
    for plane, part in zip((best, second, total), parts, strict=True):
        plane[held] = part


def _enter(logits: Plane, best: Plane, second: Plane, total: Plane) -> None:
    """Let one more region into the running best, second best and sum of exp(logit - best), in place."""
    higher = logits > best
    decay = np.exp(-np.abs(logits - best))
    total[:] = np.where(higher, total * decay + 1, total + decay)
    second[:] = np.where(higher, best, np.maximum(second, logits))
    np.maximum(best, logits, out=best)


def _present(layers: Sequence[Layer], canvas: Canvas, area: Box) -> list[tuple[Layer, Box]]:
    """The layers that reach into the area, by region id, each with the part of the area that it covers."""
    windows = (
        (layer, intersection(canvas.window(layer.box), area))
        for layer in sorted(layers, key=lambda layer: layer.region)
    )
    return [(layer, window) for layer, window in windows if window is not None]


def _stretch(layer: Layer, canvas: Canvas, window: Box) -> Plane:
    """The layer's logits at the pixels of a window that lies in its box."""
    x0, y0, x1, y1 = window
    return stretch(layer.logits, layer.box, canvas.rows(y0, y1), canvas.columns(x0, x1))
