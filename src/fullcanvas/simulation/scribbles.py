"""One corrective scribble for one error component (section 4 and figure 4 of the paper)."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from fullcanvas.annotation import Point
from fullcanvas.simulation.components import ErrorComponent
from fullcanvas.simulation.overlap import LabelMap

TRIES = 10


def draw_scribble(
    truth: LabelMap, prediction: LabelMap, component: ErrorComponent, rng: np.random.Generator
) -> tuple[Point, ...]:
    """A stroke from the true region's predicted part into the component.

    A first point on the border of the component, on the side of what the region has already; two more
    uniform inside the component; a Bezier curve through the three. Of ten tries the longest that lies
    wholly inside the true region; if there is none, the longest run of the last curve that does.

    Args:
        truth, prediction: int32 [H, W].
        component: one of `error_components(truth, prediction)`.

    Returns:
        The pixels (x, y) of the stroke in drawing order, neighbours 8-adjacent; at least one.
    """
    starts = _starts(truth, prediction, component)
    inside = _coordinates(component.mask, component.box[0], component.box[1])
    if not len(starts):
        starts = inside
    best: NDArray[np.intp] | None = None
    for _ in range(TRIES):
        start, middle, end = starts[rng.integers(len(starts))], *inside[rng.integers(len(inside), size=2)]
        curve = _bezier_through(start, middle, end)
        hits = _inside(truth, curve, component.region)
        if hits.all() and (best is None or len(curve) > len(best)):
            best = curve
    if best is None:
        best = _longest_run(curve, hits)
    return tuple((int(x), int(y)) for x, y in best)


def _starts(truth: LabelMap, prediction: LabelMap, component: ErrorComponent) -> NDArray[np.intp]:
    """Pixels (x, y) that truth and prediction give to the region, 8-adjacent to the component: [n, 2]."""
    x0, y0, x1, y1 = component.box
    height, width = truth.shape
    left, top = max(x0 - 1, 0), max(y0 - 1, 0)
    right, bottom = min(x1 + 1, width), min(y1 + 1, height)
    mask = np.zeros((bottom - top, right - left), np.uint8)
    mask[y0 - top : y1 - top, x0 - left : x1 - left] = component.mask
    near = cv2.dilate(mask, np.ones((3, 3), np.uint8)) > 0
    window = np.s_[top:bottom, left:right]
    near &= (truth[window] == component.region) & (prediction[window] == component.region)
    return _coordinates(near, left, top)


def _coordinates(mask: NDArray[np.bool_], left: int, top: int) -> NDArray[np.intp]:
    ys, xs = np.nonzero(mask)
    return np.stack([xs + left, ys + top], 1)


def _bezier_through(
    start: NDArray[np.intp], middle: NDArray[np.intp], end: NDArray[np.intp]
) -> NDArray[np.intp]:
    """The pixels of the quadratic Bezier curve that passes `middle` half-way: [n, 2], each once in a row."""
    control = 2 * middle - (start + end) / 2
    # A quadratic curve is never longer than its control polygon, so two samples a pixel leave no gap.
    polygon = np.linalg.norm(control - start) + np.linalg.norm(end - control)
    t = np.linspace(0, 1, 2 + 2 * int(np.ceil(2 * polygon)))[:, None]
    curve = (1 - t) ** 2 * start + 2 * t * (1 - t) * control + t**2 * end
    pixels = np.round(curve).astype(np.intp)
    changes = np.flatnonzero((np.diff(pixels, axis=0) != 0).any(1)) + 1
    kept: NDArray[np.intp] = pixels[np.concatenate([[0], changes])]
    return kept


def _inside(truth: LabelMap, curve: NDArray[np.intp], region: int) -> NDArray[np.bool_]:
    """Which pixels of the curve belong to the true region; those off the image do not."""
    height, width = truth.shape
    x, y = curve.T
    on_image = (x >= 0) & (x < width) & (y >= 0) & (y < height)
    found = truth[np.clip(y, 0, height - 1), np.clip(x, 0, width - 1)] == region
    inside: NDArray[np.bool_] = on_image & found
    return inside


def _longest_run(curve: NDArray[np.intp], hits: NDArray[np.bool_]) -> NDArray[np.intp]:
    padded = np.concatenate([[False], hits, [False]])
    edges = np.flatnonzero(np.diff(padded.astype(np.int8)))
    begins, ends = edges[::2], edges[1::2]
    longest = int(np.argmax(ends - begins))
    return curve[begins[longest] : ends[longest]]
