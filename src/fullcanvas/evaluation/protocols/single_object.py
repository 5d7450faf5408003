"""Number of clicks for one object a photo, as RITM and its successors count (GrabCut, Berkeley).

They start from nothing; here the object's extreme points come first, counted as four clicks and as one. The
background is a second region whose extreme points are the photo's corners: they say and cost nothing.
A click inside the object grows the object, one outside grows the background; each is a scribble of one point.
The object's box is exact, so there is no zooming in; there is no averaging over flipped photos either.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from fullcanvas.annotation import AddRegion, Annotation, DrawScribble
from fullcanvas.datasets import Dataset, DatasetError, Sample
from fullcanvas.evaluation.predictors import FullImagePredictor
from fullcanvas.evaluation.protocols.clicks import EXTREME_COSTS, Trace, deepest
from fullcanvas.evaluation.rounds import rng_of
from fullcanvas.simulation.extreme import extreme_points
from fullcanvas.simulation.overlap import LabelMap

MOST_CLICKS = 20
TARGETS = (0.85, 0.90)
OBJECT, BACKGROUND = 1, 2


def check(dataset: Dataset) -> None:
    """Refuse a data set that is not one of one object a photo.

    Raises:
        DatasetError: a photo does not have exactly one thing.
    """
    for record in dataset.records:
        things = sum(one.isthing and not one.iscrowd and one.area != 0 for one in record.segments)
        if things != 1:
            raise DatasetError(f"{record.map}: has {things} things; this protocol is for one object a photo")


def click(sample: Sample, model: FullImagePredictor, seed: int) -> Trace:
    """The IoU of the object, the only thing, after its extreme points and after each of 19 clicks."""
    truth = _truth(sample)
    rng = rng_of(sample, seed)
    annotation = _marked(truth, rng)
    opened = model.open(sample.image)
    free = np.ones(truth.shape, bool)
    ious: list[tuple[float, ...]] = []
    prediction = opened.apply(annotation)
    for _ in range(MOST_CLICKS):
        ious.append((_iou(truth, prediction),))
        found = prediction == OBJECT
        point = deepest((truth == OBJECT) & ~found, (truth == BACKGROUND) & found, free)
        if point is None:
            continue
        x, y = point
        free[y, x] = False
        annotation = annotation.append(DrawScribble(int(truth[y, x]), (point,)))
        prediction = opened.apply(annotation)
    return Trace(sample.image_id, tuple(ious))


def _truth(sample: Sample) -> LabelMap:
    """1 on the object, 2 on all else that is known, 0 on void."""
    (thing,) = (segment.id for segment in sample.segments if segment.isthing)
    known = np.where(sample.labels > 0, BACKGROUND, 0)
    return np.where(sample.labels == thing, OBJECT, known).astype(np.int32)


def _marked(truth: LabelMap, rng: np.random.Generator) -> Annotation:
    height, width = truth.shape
    right, bottom = width - 1, height - 1
    corners = ((0, 0), (right, bottom), (right, 0), (0, bottom))
    points = extreme_points(truth == OBJECT, rng)
    annotation = Annotation(width, height).append(AddRegion(OBJECT, points))
    return annotation.append(AddRegion(BACKGROUND, corners))


def _iou(truth: LabelMap, prediction: LabelMap) -> float:
    true, found = truth == OBJECT, (prediction == OBJECT) & (truth > 0)
    return float((true & found).sum() / (true | found).sum())


def summarise(traces: Sequence[Trace]) -> dict[str, Any]:
    """For both ways to count extreme points: `noc` (mean number of clicks to reach a target, 20 where it is
    not reached within 20), `not_reached` (how many samples need 20 or more) and `mean_iou` after k clicks.
    """
    ious = np.array([[step[0] for step in trace.ious] for trace in traces])
    return {f"extreme_points_as_{cost}": _counted(ious, cost) for cost in EXTREME_COSTS}


def _counted(ious: np.ndarray[Any, np.dtype[np.float64]], cost: int) -> dict[str, Any]:
    """The scores float64 [images, 20] when the first step cost this many clicks."""
    steps = ious[:, : MOST_CLICKS - cost + 1]
    clicks = {
        target: np.where((steps >= target).any(1), (steps >= target).argmax(1) + cost, MOST_CLICKS)
        for target in TARGETS
    }
    return {
        "noc": {f"{target:.2f}": float(counts.mean()) for target, counts in clicks.items()},
        "not_reached": {
            f"{target:.2f}": int((counts >= MOST_CLICKS).sum()) for target, counts in clicks.items()
        },
        "mean_iou": {str(cost + step): float(value) for step, value in enumerate(steps.mean(0))},
    }
