"""How well a prediction agrees with the truth. Void pixels (0 in the truth) count nowhere.

Prediction and truth use the same ids: region i of the prediction is meant to be region i of the truth.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from fullcanvas.simulation.overlap import LabelMap

Scores = NDArray[np.float64]

SMALL, MEDIUM = 32**2, 96**2
"""Areas in pixels at which COCO's small regions end, and its medium ones."""

BOUNDARY_TOLERANCE = 0.008
"""How far boundary pixels may lie apart and still agree, as a fraction of the image's diagonal (DAVIS)."""


def size_class(area: int) -> str:
    """COCO's `small`, `medium` or `large`, by the region's area in pixels."""
    return "small" if area < SMALL else "medium" if area < MEDIUM else "large"


def distribution(ious: Scores) -> dict[str, list[float]]:
    """How IoU is distributed over regions: the shares of ten equal bins, and the nine deciles between.

    A bin holds its lower end; the last one holds 1 too. Both lists are empty if there are no regions.
    """
    if not len(ious):
        return {"shares": [], "deciles": []}
    shares = np.histogram(ious, bins=10, range=(0.0, 1.0))[0] / len(ious)
    deciles = np.quantile(ious, np.arange(1, 10) / 10)
    return {"shares": shares.tolist(), "deciles": deciles.tolist()}


def boundary_scores(truth: LabelMap, prediction: LabelMap, regions: int) -> Scores:
    """The boundary F of each region 1..N: float64 [N].

    A region's boundary is its pixels beside a known pixel that is not the region's (4-neighbours), so the
    image's edge and void bound nothing. A boundary pixel agrees if the other boundary has one within the
    tolerance, `ceil(0.008 * diagonal)` pixels. F is the harmonic mean of both shares of agreeing pixels; 1 if
    neither has a boundary, 0 if one of them has none.
    """
    reach = int(np.ceil(BOUNDARY_TOLERANCE * np.hypot(*truth.shape)))
    predicted = np.where(truth > 0, prediction, 0)
    inner = _inner_edges(truth, truth), _inner_edges(predicted, truth)
    return np.array(
        [
            _boundary_score(inner[0] & (truth == region), inner[1] & (predicted == region), reach)
            for region in range(1, regions + 1)
        ],
        np.float64,
    )


def _inner_edges(labels: LabelMap, truth: LabelMap) -> NDArray[np.bool_]:
    """Known pixels with a known 4-neighbour of another label: bool [H, W]."""
    edges = np.zeros(labels.shape, bool)
    known = truth > 0
    for axis in (0, 1):
        one, other = (np.s_[:-1], np.s_[1:]) if axis == 0 else (np.s_[:, :-1], np.s_[:, 1:])
        change = (labels[one] != labels[other]) & known[one] & known[other]
        edges[one] |= change
        edges[other] |= change
    return edges


def _boundary_score(true: NDArray[np.bool_], predicted: NDArray[np.bool_], reach: int) -> float:
    if not true.any() or not predicted.any():
        return float(true.any() == predicted.any())
    # No distance that matters leaves the box that holds both boundaries.
    x, y, width, height = cv2.boundingRect((true | predicted).astype(np.uint8))
    window = np.s_[y : y + height, x : x + width]
    precision = _share_near(predicted[window], true[window], reach)
    recall = _share_near(true[window], predicted[window], reach)
    return 2 * precision * recall / (precision + recall) if precision + recall else 0.0


def _share_near(pixels: NDArray[np.bool_], others: NDArray[np.bool_], reach: int) -> float:
    """The share of `pixels` that have one of `others` within `reach` pixels."""
    distance = cv2.distanceTransform((~others).astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    # Distances are roots of whole numbers, with a rounding error that depends on where the pixels lie.
    return float(np.mean(distance[pixels] < reach + 0.01))


@dataclass(frozen=True, slots=True)
class Matches:
    """What panoptic quality counts for one category.

    Attributes:
        iou: the summed IoU of the matched pairs.
        matched: the number of pairs of a true and a predicted region with an IoU above 0.5.
        extra: predicted regions without a partner, those that lie mostly on void aside.
        missed: true regions without a partner.
    """

    iou: float = 0.0
    matched: int = 0
    extra: int = 0
    missed: int = 0

    def __add__(self, other: Matches) -> Matches:
        return Matches(
            self.iou + other.iou,
            self.matched + other.matched,
            self.extra + other.extra,
            self.missed + other.missed,
        )

    @property
    def quality(self) -> float | None:
        """The category's panoptic quality in [0, 1], or None if it never occurs."""
        return self.iou / self.weight if self.weight else None

    @property
    def weight(self) -> float:
        """What the summed IoU is divided by: pairs, and half of what has no partner."""
        return self.matched + (self.extra + self.missed) / 2


def panoptic_matches(table: NDArray[np.int64], categories: Sequence[int]) -> dict[int, Matches]:
    """The matches of one image by category, by the rules of COCO's panoptic quality.

    Crowds are void here, whatever their category: nobody marks them. COCO's own code counts their pixels in
    unions, and forgives only what lies mostly on a crowd of its own category.

    Args:
        table: int64 [N + 1, N + 1], from `simulation.overlap.confusion`.
        categories: the category of each region 1..N, in the truth and (as the annotator says it) in the
            prediction.
    """
    areas, claimed = table[1:].sum(1), table.sum(0)
    union = areas[:, None] + table[1:, 1:].sum(0)[None, :] - table[1:, 1:]
    kinds = np.asarray(categories, np.int64)
    ious = np.where(kinds[:, None] == kinds[None, :], table[1:, 1:] / np.maximum(union, 1), 0.0)
    pairs = ious > 0.5
    found: dict[int, Matches] = {}
    for index, category in enumerate(categories):
        predicted, on_void = int(claimed[index + 1]), int(table[0, index + 1])
        extra = predicted > 0 and not pairs[:, index].any() and on_void <= predicted / 2
        matched = bool(pairs[index].any())
        iou = float(ious[index][pairs[index]].sum())
        one = Matches(iou, int(matched), int(extra), int(areas[index] > 0 and not matched))
        found[category] = found.get(category, Matches()) + one
    return found


def panoptic_quality(matches: Mapping[int, Matches]) -> float | None:
    """The mean quality of the categories that occur, in [0, 1]; None if none does."""
    qualities = [one.quality for one in matches.values()]
    known = [quality for quality in qualities if quality is not None]
    return float(np.mean(known)) if known else None


def bootstrap_intervals(
    sums: Scores, counts: NDArray[np.integer], seed: int, resamples: int = 1000
) -> list[tuple[float, float] | None]:
    """The 95 % intervals of K means over regions when images are drawn again with replacement.

    Args:
        sums: float64 [images, K], the summed scores of each image's regions.
        counts: integers [images, K], how many regions each sum is over.
        seed: the same seed gives the same intervals.
        resamples: how often the images are drawn; all K means see the same draws.

    Returns:
        The 2.5th and the 97.5th percentile of each mean; None where there are no regions.
    """
    rng = np.random.default_rng(np.random.SeedSequence(seed))
    images = len(sums)
    means = np.full((resamples, sums.shape[1]), np.nan)
    for row in means:
        times = np.bincount(rng.integers(images, size=images), minlength=images).astype(np.float64)
        total = times @ counts
        # A draw of nothing but images without such regions has no mean.
        np.divide(times @ sums, total, out=row, where=total > 0)
    return [_interval(column[np.isfinite(column)]) for column in means.T]


def panoptic_interval(
    matches: Sequence[Mapping[int, Matches]], seed: int, resamples: int = 1000
) -> tuple[float, float] | None:
    """The 95 % interval of panoptic quality when images are drawn again with replacement.

    Args:
        matches: of each image, by category.
        seed: the same seed draws the same images as in `bootstrap_intervals`.
        resamples: how often the images are drawn.

    Returns:
        The 2.5th and the 97.5th percentile; None if no category occurs. A category that a draw lacks is no
        part of that draw's mean.
    """
    kinds = {
        category: column for column, category in enumerate(sorted({key for one in matches for key in one}))
    }
    ious, weights = np.zeros((2, len(matches), len(kinds)))
    for row, one in enumerate(matches):
        for category, counts in one.items():
            ious[row, kinds[category]] = counts.iou
            weights[row, kinds[category]] = counts.weight
    rng = np.random.default_rng(np.random.SeedSequence(seed))
    found = []
    for _ in range(resamples):
        times = np.bincount(rng.integers(len(ious), size=len(ious)), minlength=len(ious)).astype(np.float64)
        total = times @ weights
        if (total > 0).any():
            found.append(float(np.mean((times @ ious)[total > 0] / total[total > 0])))
    return _interval(np.array(found))


def _interval(means: Scores) -> tuple[float, float] | None:
    if not len(means):
        return None
    low, high = np.quantile(means, [0.025, 0.975])
    return float(low), float(high)
