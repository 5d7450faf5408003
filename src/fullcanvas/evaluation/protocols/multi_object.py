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

from fullcanvas.annotation import DrawScribble, Point
from fullcanvas.datasets import Dataset, DatasetError, Sample
from fullcanvas.evaluation.predictors import FullImagePredictor
from fullcanvas.evaluation.protocols.clicks import EXTREME_COSTS, Trace, deepest, peak
from fullcanvas.evaluation.rounds import rng_of
from fullcanvas.simulation.annotators import PaperAnnotator, annotation_of
from fullcanvas.simulation.clicks import depth
from fullcanvas.simulation.overlap import LabelMap, confusion, region_ious

BUDGET = 10
"""Clicks per object; a photo whose objects do not all reach the target by then has failed."""

TARGET = 0.85
REACH = 5


class Strategy(StrEnum):
    """Which of the objects below the target gets the next click."""

    MAX_DT = "max-dt"
    WORST = "worst"
    WORST_LIMITED = "worst-limited"
    BEST = "best"
    RANDOM = "random"
    ROUND_ROBIN = "round-robin"


def check(dataset: Dataset) -> None:
    """Refuse a data set without objects.

    Raises:
        DatasetError: no photo has one.
    """
    if all(segment.iscrowd for record in dataset.records for segment in record.segments):
        raise DatasetError(f"{dataset.name}: no photo has a region to click on")


def click(sample: Sample, model: FullImagePredictor, strategy: Strategy, seed: int) -> Trace:
    """The IoU of every region after the extreme points and after each click, until all reach the target.

    `max-dt` clicks where the error of the whole label map is deepest. The others choose an object, and click
    on it as RITM does: the one with the lowest IoU (`worst`), with the highest (`best`), any (`random`);
    the lowest of those that had fewer than ten clicks, extreme points counted as one, and the highest when
    all had them (`worst-limited`, DynaMITe's wlb); any, and that again until it is good or had ten in a row
    (`round-robin`).
    """
    truth = sample.labels
    rng = rng_of(sample, seed)
    annotation = annotation_of(PaperAnnotator().mark(truth, rng), truth.shape[1], truth.shape[0])
    opened = model.open(sample.image)
    free = np.ones(truth.shape, bool)
    prediction = opened.apply(annotation)
    ious, turns = [_ious(sample, prediction)], list[int]()
    while min(ious[-1], default=1.0) < TARGET and len(ious) <= (BUDGET - 1) * len(sample.segments):
        order = None if strategy is Strategy.MAX_DT else _ranked(np.array(ious[-1]), strategy, turns, rng)
        turn = _choose(truth, prediction, free, order)
        if turn is None:
            break
        index, point = turn
        turns.append(index)
        _exclude(free, point)
        annotation = annotation.append(DrawScribble(int(truth[point[1], point[0]]), (point,)))
        prediction = opened.apply(annotation)
        ious.append(_ious(sample, prediction))
    return Trace(sample.image_id, tuple(ious))


def _ious(sample: Sample, prediction: LabelMap) -> tuple[float, ...]:
    return tuple(region_ious(confusion(sample.labels, prediction, len(sample.segments))).tolist())


def _choose(
    truth: LabelMap, prediction: LabelMap, free: NDArray[np.bool_], order: Sequence[int] | None
) -> tuple[int, Point] | None:
    """Which object to click on next, counted from 0, and where; None if all errors have been clicked on.

    Args:
        truth, prediction: int32 [H, W].
        free: bool [H, W], what may be clicked.
        order: the first of these that has an error is clicked; None clicks where the error is deepest.
    """
    known = truth > 0
    if order is None:
        point = peak(depth((truth != prediction) & known) * free)
        return None if point is None else (int(truth[point[1], point[0]]) - 1, point)
    for index in order:
        true, found = truth == index + 1, (prediction == index + 1) & known
        point = deepest(true & ~found, found & ~true, free)
        if point is not None:
            return index, point
    return None


def _ranked(
    ious: NDArray[np.float64], strategy: Strategy, turns: Sequence[int], rng: np.random.Generator
) -> list[int]:
    """The objects below the target, counted from 0, the one to be clicked on first.

    Args:
        ious: float64 [objects].
        strategy: any but `max-dt`.
        turns: the objects that were clicked on so far.
        rng: shuffles.
    """
    below = np.flatnonzero(ious < TARGET)
    if strategy in {Strategy.RANDOM, Strategy.ROUND_ROBIN}:
        shuffled: list[int] = rng.permutation(below).tolist()
        return shuffled if strategy is Strategy.RANDOM else _one_by_one(shuffled, turns)
    ranked = sorted(below.tolist(), key=lambda index: float(ious[index]))
    if strategy is Strategy.WORST_LIMITED:
        limited = [index for index in ranked if turns.count(index) >= BUDGET - 1]
        return [index for index in ranked if index not in limited] + limited[::-1]
    return ranked if strategy is Strategy.WORST else ranked[::-1]


def _one_by_one(shuffled: list[int], turns: Sequence[int]) -> list[int]:
    """The last object first, or last if it had its ten clicks in a row."""
    if not turns or turns[-1] not in shuffled:
        return shuffled
    others = [index for index in shuffled if index != turns[-1]]
    tired = len(turns) >= BUDGET and set(turns[-BUDGET:]) == {turns[-1]}
    return [*others, turns[-1]] if tired else [turns[-1], *others]


def _exclude(free: NDArray[np.bool_], point: Point) -> None:
    x, y = point
    rows, columns = np.ogrid[: free.shape[0], : free.shape[1]]
    free[(rows - y) ** 2 + (columns - x) ** 2 <= REACH**2] = False


def summarise(traces: Sequence[Trace]) -> dict[str, Any]:
    """For both ways to count extreme points: `nci` (clicks per object, a failed sample's are the budget),
    `nfo` (objects below the target in the end), `nfi` (samples with such an object), `iou` (mean over the
    objects of a sample, then over samples, in the end). Every annotation of a photo is a sample.
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
