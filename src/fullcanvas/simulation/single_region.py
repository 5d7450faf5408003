"""The simulated annotator of a single-region model: one region, its mask, and one correction at a time."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from fullcanvas.annotation import Point, Scribble
from fullcanvas.annotation.marks import Marks
from fullcanvas.simulation.components import error_components
from fullcanvas.simulation.overlap import LabelMap, confusion, region_ious
from fullcanvas.simulation.scribbles import draw_scribble

OWN, REST = 1, 2


class Correction(NamedTuple):
    """A stroke.

    Attributes:
        positive: whether the region should gain the pixels under it, or lose them.
        points: the pixels (x, y) in drawing order.
    """

    positive: bool
    points: tuple[Point, ...]


def correct(
    truth: LabelMap, region: int, mask: NDArray[np.bool_], rng: np.random.Generator, most: int = 1
) -> list[Correction]:
    """The corrections of the errors that cost the region most IoU; none if its mask is right.

    The region and all other known pixels are treated as two regions: a missed component earns a scribble
    from the region into it, a wrongly claimed one a stroke from outside into it.

    Args:
        truth: int32 [H, W]; 0 is void.
        region: its id in `truth`.
        mask: bool [H, W], what was predicted for it.
        rng: draws the strokes.
        most: how many errors are corrected.
    """
    two, predicted = two_regions(truth, region), np.where(mask, OWN, REST).astype(np.int32)
    found = error_components(two, predicted)
    worst = sorted(found, key=lambda error: error.gains.get(OWN, 0.0), reverse=True)[:most]
    return [Correction(error.region == OWN, draw_scribble(two, predicted, error, rng)) for error in worst]


def corrected(
    truth: LabelMap, marks: Marks, mask: NDArray[np.bool_], rng: np.random.Generator, most: int = 1
) -> Marks:
    """What is said of a region after `correct` has been drawn; the same marks if its mask is right."""
    drawn = correct(truth, marks.region.id, mask, rng, most)
    scribbles = [Scribble(points) for positive, points in drawn if positive]
    negatives = [Scribble(points) for positive, points in drawn if not positive]
    region = replace(marks.region, scribbles=(*marks.region.scribbles, *scribbles))
    return replace(marks, region=region, negatives=(*marks.negatives, *negatives))


def two_regions(truth: LabelMap, region: int) -> LabelMap:
    """The truth as one region against the rest: int32 [H, W] of `OWN`, `REST` and 0, which stays void."""
    return np.where(truth == 0, 0, np.where(truth == region, OWN, REST)).astype(np.int32)


def mask_iou(truth: LabelMap, region: int, mask: NDArray[np.bool_]) -> float:
    """The IoU of a mask, bool [H, W], with a region of the truth, in [0, 1]; void counts for neither."""
    predicted = np.where(mask, OWN, REST)
    return float(region_ious(confusion(two_regions(truth, region), predicted, REST))[0])
