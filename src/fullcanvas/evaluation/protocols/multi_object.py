"""Number of clicks per object when all objects of a photo are segmented together, as DynaMITe counts.

It starts from one click an object; here the extreme points of all regions come first, counted as four clicks
a region and as one. A click is a scribble of one point; it belongs to the true region under it, so a pixel
that a region wrongly claims is a click of its neighbour. A disc of 5 pixels around each is not clicked again.
"""

from __future__ import annotations

from collections.abc import Sequence
from enum import StrEnum
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fullcanvas.annotation import AddRegion, Annotation, DrawScribble, Point
from fullcanvas.datasets import Sample
from fullcanvas.evaluation.metrics import LabelMap, confusion, region_ious
from fullcanvas.evaluation.predictors import Predictor
from fullcanvas.evaluation.protocols.clicks import EXTREME_COSTS, Trace, deepest, depth, peak
from fullcanvas.simulation.extreme import extreme_points

BUDGET = 10
"""Clicks per object; a photo whose objects do not all reach the target by then has failed."""

TARGET = 0.85
REACH = 5


class Strategy(StrEnum):
    """Which of the objects below the target gets the next click."""

    MAX_DT = "max-dt"
    WORST = "worst"
    BEST = "best"
    RANDOM = "random"


def click(sample: Sample, model: Predictor, strategy: Strategy, seed: int) -> Trace:
    """The IoU of every region after the extreme points and after each click, until all reach the target.

    `max-dt` clicks where the error of the whole label map is deepest; the others choose an object (the one
    with the lowest IoU, with the highest, any) and click as RITM does on that one.
    """
    truth = sample.labels
    rng = np.random.default_rng(np.random.SeedSequence([seed, sample.image_id]))
    annotation = _marked(sample, rng)
    opened = model.open(sample.image)
    free = np.ones(truth.shape, bool)
    prediction = opened.apply(annotation)
    ious = [_ious(sample, prediction)]
    while min(ious[-1], default=1.0) < TARGET and len(ious) <= (BUDGET - 1) * len(sample.segments):
        point = _choose(truth, prediction, np.array(ious[-1]), free, strategy, rng)
        if point is None:
            break
        _exclude(free, point)
        annotation = annotation.append(DrawScribble(int(truth[point[1], point[0]]), (point,)))
        prediction = opened.apply(annotation)
        ious.append(_ious(sample, prediction))
    return Trace(sample.image_id, tuple(ious))


def _marked(sample: Sample, rng: np.random.Generator) -> Annotation:
    height, width = sample.labels.shape
    annotation = Annotation(width, height)
    for segment in sample.segments:
        points = extreme_points(sample.labels == segment.id, rng)
        annotation = annotation.append(AddRegion(segment.id, points))
    return annotation


def _ious(sample: Sample, prediction: LabelMap) -> tuple[float, ...]:
    return tuple(region_ious(confusion(sample.labels, prediction, len(sample.segments))).tolist())


def _choose(  # noqa: PLR0917 - all of them say where things stand
    truth: LabelMap,
    prediction: LabelMap,
    ious: NDArray[np.float64],
    free: NDArray[np.bool_],
    strategy: Strategy,
    rng: np.random.Generator,
) -> Point | None:
    """Where to click next; None if all errors have been clicked on."""
    known = truth > 0
    if strategy is Strategy.MAX_DT:
        return peak(depth((truth != prediction) & known) * free)
    for index in _ranked(ious, strategy, rng):
        true, found = truth == index + 1, (prediction == index + 1) & known
        point = deepest(true & ~found, found & ~true, free)
        if point is not None:
            return point
    return None


def _ranked(ious: NDArray[np.float64], strategy: Strategy, rng: np.random.Generator) -> list[int]:
    """The objects below the target, counted from 0, the one to be clicked on first."""
    below = np.flatnonzero(ious < TARGET)
    if strategy is Strategy.RANDOM:
        return [int(index) for index in rng.permutation(below)]
    ranked = sorted(below.tolist(), key=lambda index: float(ious[index]))
    return ranked if strategy is Strategy.WORST else ranked[::-1]


def _exclude(free: NDArray[np.bool_], point: Point) -> None:
    x, y = point
    rows, columns = np.ogrid[: free.shape[0], : free.shape[1]]
    free[(rows - y) ** 2 + (columns - x) ** 2 <= REACH**2] = False


def summarise(traces: Sequence[Trace]) -> dict[str, Any]:
    """For both ways to count extreme points: `nci` (clicks per object, a failed photo's are the budget),
    `nfo` (objects below the target in the end), `nfi` (photos with such an object), `iou` (mean over the
    objects of a photo, then over photos, in the end).
    """
    marked = [trace for trace in traces if trace.ious[0]]
    return {f"extreme_points_as_{cost}": _counted(marked, cost) for cost in EXTREME_COSTS}


def _counted(traces: Sequence[Trace], cost: int) -> dict[str, Any]:
    clicks, failed, means = [], [], []
    for trace in traces:
        objects = len(trace.ious[0])
        steps = trace.ious[: (BUDGET - cost) * objects + 1]
        last = np.array(steps[-1])
        failed.append(int((last < TARGET).sum()))
        clicks.append(BUDGET if failed[-1] else cost + (len(steps) - 1) / objects)
        means.append(float(last.mean()))
    return {
        "nci": float(np.mean(clicks)),
        "nfo": sum(failed),
        "nfi": sum(count > 0 for count in failed),
        "iou": float(np.mean(means)),
    }
