"""What a person might have said: random boxes and wavering strokes, the same for the same seed."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from fullcanvas.annotation import Annotation

SMALLEST_SIDE = 0.08
"""Of a box, as a fraction of the photo's side; the largest is 1."""

USUAL = 11
"""Regions on a photo. Where there are more they are smaller, so that they cover the photo as often."""


def marked(rng: np.random.Generator, width: int, height: int, count: int) -> Annotation:
    """An annotation of `count` regions; the sides of their boxes are log-uniform, as real ones about are."""
    log = Annotation(width, height)
    shrink = min(1.0, (USUAL / count) ** 0.5)
    for _ in range(count):
        sides = np.exp(rng.uniform(np.log(SMALLEST_SIDE), 0, 2)) * (width, height) * shrink
        sides = np.maximum(sides, 2)
        x0, y0 = (rng.random(2) * ((width, height) - sides)).astype(int).tolist()
        x1, y1 = x0 + int(sides[0]) - 1, y0 + int(sides[1]) - 1
        x, y = int(rng.integers(x0, x1 + 1)), int(rng.integers(y0, y1 + 1))
        log = log.add_region([(x0, y), (x1, y), (x, y0), (x, y1)])
    return log


def stroke(log: Annotation, rng: np.random.Generator) -> tuple[int, list[list[float]]]:
    """A region, and the points of a scribble that begins about its middle and wavers from there."""
    region = int(rng.choice(list(log.regions)))
    return region, np.clip(_walk(log, region, rng), 0, (log.width - 1, log.height - 1)).tolist()


def _walk(log: Annotation, region: int, rng: np.random.Generator) -> NDArray[np.float64]:
    start = np.array(log.regions[region].extreme_points).mean(0)
    walk: NDArray[np.float64] = start + np.cumsum(rng.normal(0, max(log.width, log.height) / 40, (8, 2)), 0)
    return walk


def corrected(log: Annotation, rng: np.random.Generator) -> Annotation:
    """The log with one more scribble."""
    region, points = stroke(log, rng)
    return log.scribble(points, region=region)


def scribbled(log: Annotation, rng: np.random.Generator, count: int) -> Annotation:
    """The log with `count` more scribbles in every region, none of which leaves the region's box."""
    for region in [*log.regions] * count:
        points = np.array(log.regions[region].extreme_points)
        inside = np.clip(_walk(log, region, rng), points.min(0), points.max(0))
        log = log.scribble(inside.tolist(), region=region)
    return log
