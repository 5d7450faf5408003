"""The click protocols against slow loops that follow the words of those who counted first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.ndimage import distance_transform_edt

from fullcanvas.annotation import Annotation, DrawScribble
from fullcanvas.datasets import Sample, Segment
from fullcanvas.evaluation.predictors import Baseline
from fullcanvas.evaluation.protocols import multi_object, single_object
from fullcanvas.evaluation.protocols.multi_object import Strategy
from fullcanvas.simulation.overlap import LabelMap

Click = tuple[int, int, int]
"""x, y, and the region that grows."""


def sample_of(seed: int, regions: int) -> Sample:
    """A photo of patches, some of them void; region 1 is the only thing."""
    rng = np.random.default_rng(seed)
    centres = rng.uniform((0, 0), (40, 60), (regions + 1, 2))
    rows, columns = np.mgrid[:40, :60]
    nearest = np.hypot(rows[..., None] - centres[:, 0], columns[..., None] - centres[:, 1]).argmin(-1)
    labels = nearest.astype(np.int32)
    segments = tuple(
        Segment(region, region, region == 1, int((labels == region).sum()))
        for region in range(1, regions + 1)
    )
    return Sample(seed, np.zeros((40, 60, 3), np.uint8), labels, segments)


def drawn(start: LabelMap, clicks: Sequence[Click]) -> LabelMap:
    """What the model of these tests answers: a first guess, and a disc around every click."""
    answer = start.copy()
    rows, columns = np.mgrid[: start.shape[0], : start.shape[1]]
    for x, y, region in clicks:
        answer[(rows - y) ** 2 + (columns - x) ** 2 <= 6**2] = region
    return answer


def clicks_of(annotation: Annotation) -> list[Click]:
    strokes = [entry for entry in annotation.entries if isinstance(entry, DrawScribble)]
    return [(*stroke.points[0], stroke.region) for stroke in strokes]


def first_guess(truth: LabelMap, seed: int) -> LabelMap:
    """The truth, displaced, with a region that is missing in the larger part of the photo."""
    moved = np.roll(truth, (3, -5), (0, 1))
    moved[:, :25][moved[:, :25] == truth.max()] = 1
    return np.where(np.random.default_rng(seed).random(truth.shape) < 0.02, 0, moved).astype(np.int32)


def model_of(start: LabelMap) -> Baseline:
    return Baseline("discs", lambda _image, annotation: drawn(start, clicks_of(annotation)))


def inside(mask: NDArray[np.bool_]) -> NDArray[np.float64]:
    depths: NDArray[np.float64] = distance_transform_edt(np.pad(mask, 1))[1:-1, 1:-1]
    return depths


def first_deepest(depths: NDArray[np.float64]) -> tuple[int, int] | None:
    if depths.max() == 0:
        return None
    rows, columns = np.nonzero(depths >= depths.max() - 1e-6)
    return int(columns[0]), int(rows[0])


def ritm_click(
    true: NDArray[np.bool_], found: NDArray[np.bool_], valid: NDArray[np.bool_], free: NDArray[np.bool_]
) -> tuple[int, int] | None:
    missed, extra = inside(true & ~found & valid) * free, inside(~true & found & valid) * free
    return first_deepest(missed if missed.max() > extra.max() + 1e-6 else extra)


def ritm(truth: LabelMap, start: LabelMap, clicks_before: int, target: float) -> tuple[int, float]:
    """How many clicks it takes, 20 where that is not enough, and the IoU in the end."""
    free, valid, clicks = np.ones(truth.shape, bool), truth > 0, list[Click]()
    for spent in range(clicks_before, 21):
        found = (drawn(start, clicks) == 1) & valid
        iou = float((found & (truth == 1)).sum() / (found | (truth == 1)).sum())
        point = ritm_click(truth == 1, found, valid, free)
        if iou >= target or point is None:
            return (spent if iou >= target else 20), iou
        x, y = point
        free[y, x] = False
        clicks.append((x, y, int(truth[y, x])))
    return 20, iou


@pytest.mark.parametrize("regions", [1, 2, 4])
def test_the_number_of_clicks_is_ritm_s(regions: int) -> None:
    samples = [sample_of(seed, regions) for seed in range(8)]
    truths = [np.where(one.labels > 1, 2, one.labels).astype(np.int32) for one in samples]
    starts = [np.where(first_guess(truth, seed) == 1, 1, 2) for seed, truth in enumerate(truths)]
    starts = [start.astype(np.int32) for start in starts]
    both = list(zip(truths, starts, strict=True))
    traces = [
        single_object.click(one, model_of(start), seed=0) for one, start in zip(samples, starts, strict=True)
    ]
    report = single_object.summarise(traces)
    for cost in (4, 1):
        scores = report[f"extreme_points_as_{cost}"]
        for target in (0.85, 0.90):
            counts = [
                ritm(truth, start, cost, target)[0] for truth, start in zip(truths, starts, strict=True)
            ]
            assert max(counts) > cost
            assert scores["noc"][f"{target:.2f}"] == pytest.approx(np.mean(counts))
            assert scores["not_reached"][f"{target:.2f}"] == counts.count(20)
        last = [ritm(truth, start, cost, 2)[1] for truth, start in both]
        assert scores["mean_iou"]["20"] == pytest.approx(np.mean(last))


def ious_of(truth: LabelMap, answer: LabelMap) -> list[float]:
    valid, found = truth > 0, list[float]()
    for region in range(1, int(truth.max()) + 1):
        true, claimed = truth == region, (answer == region) & valid
        found.append(float((true & claimed).sum() / (true | claimed).sum()))
    return found


def dynamite_turn(
    truth: LabelMap, answer: LabelMap, free: NDArray[np.bool_], strategy: Strategy, turns: list[int]
) -> tuple[int, int] | None:
    """Where to click, by a strategy that draws no lots."""
    valid, ious = truth > 0, ious_of(truth, answer)
    if strategy is Strategy.MAX_DT:
        return first_deepest(inside((truth != answer) & valid) * free)
    below = [place for place, iou in enumerate(ious) if iou < 0.85]
    by_iou = sorted(below, key=lambda place: ious[place])
    if strategy is Strategy.BEST:
        by_iou.reverse()
    if strategy is Strategy.WORST_LIMITED:
        tired = [place for place in by_iou if 1 + turns.count(place) >= 10]
        by_iou = [place for place in by_iou if place not in tired] + tired[::-1]
    for place in by_iou:
        point = ritm_click(truth == place + 1, answer == place + 1, valid, free)
        if point is not None:
            turns.append(place)
            return point
    return None


def dynamite(sample: Sample, start: LabelMap, strategy: Strategy, cost: int) -> tuple[float, int, float]:
    """Clicks per object, objects below the target in the end, and the mean IoU then."""
    truth, number = sample.labels, len(sample.segments)
    free, clicks, turns = np.ones(truth.shape, bool), list[Click](), list[int]()
    rows, columns = np.mgrid[: truth.shape[0], : truth.shape[1]]
    spent = cost * number
    while True:
        answer = drawn(start, clicks)
        ious = ious_of(truth, answer)
        point = dynamite_turn(truth, answer, free, strategy, turns)
        if min(ious) >= 0.85 or spent >= 10 * number or point is None:
            failed = sum(iou < 0.85 for iou in ious)
            return (10.0 if failed else spent / number), failed, float(np.mean(ious))
        x, y = point
        free &= (rows - y) ** 2 + (columns - x) ** 2 > 5**2
        clicks.append((x, y, int(truth[y, x])))
        spent += 1


@pytest.mark.parametrize("strategy", [Strategy.MAX_DT, Strategy.WORST, Strategy.WORST_LIMITED, Strategy.BEST])
def test_the_clicks_of_several_objects_are_dynamite_s(strategy: Strategy) -> None:
    samples = [sample_of(seed, 2 + seed % 4) for seed in range(8)]
    starts = [first_guess(one.labels, one.image_id) for one in samples]
    pairs = list(zip(samples, starts, strict=True))
    traces = [multi_object.click(one, model_of(start), strategy, seed=0) for one, start in pairs]
    report: dict[str, Any] = multi_object.summarise(traces)
    for cost in (4, 1):
        clicks, failed, means = zip(
            *(dynamite(one, start, strategy, cost) for one, start in pairs), strict=True
        )
        expected = {
            "nci": pytest.approx(np.mean(clicks)),
            "nfo": sum(failed),
            "nfi": sum(count > 0 for count in failed),
            "iou": pytest.approx(np.mean(means)),
        }
        assert report[f"extreme_points_as_{cost}"] == expected
        assert min(clicks) < 10
