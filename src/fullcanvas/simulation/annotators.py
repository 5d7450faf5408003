"""Simulated annotators: who marks the extreme points, and spends the budget of a round of scribbles."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple, Protocol

import numpy as np

from fullcanvas.annotation import AddRegion, Annotation, Point
from fullcanvas.simulation.components import ErrorComponent, error_components
from fullcanvas.simulation.extreme import ExtremePoints, extreme_points
from fullcanvas.simulation.overlap import LabelMap
from fullcanvas.simulation.scribbles import draw_scribble


class Allocation(StrEnum):
    """How a round spends its budget of one scribble per region on average."""

    ONE_PER_REGION = "one-per-region"
    FREE = "free"


class Stroke(NamedTuple):
    """A scribble to be drawn: the region that should grow, and the pixels (x, y) in drawing order."""

    region: int
    points: tuple[Point, ...]


class Annotator(Protocol):
    """Somebody who knows the truth and answers a prediction with annotations."""

    @property
    def name(self) -> str:
        """Identifies this annotator and its settings."""
        ...

    def mark(self, truth: LabelMap, rng: np.random.Generator) -> list[ExtremePoints]:
        """The extreme points (left, right, top, bottom) of the regions 1..N of `truth`, in order."""
        ...

    def correct(
        self, truth: LabelMap, prediction: LabelMap, allocation: Allocation, rng: np.random.Generator
    ) -> list[Stroke]:
        """The scribbles of one round, all chosen on the same prediction."""
        ...


@dataclass(frozen=True, slots=True)
class PaperAnnotator:
    """The annotator of the paper's section 4: exact extreme points, curves from a region into its errors."""

    pert: int = 0

    @property
    def name(self) -> str:
        """`paper`, or `paper:PERT` if its extreme points are inexact; `load.load_annotator` knows it."""
        return f"paper:{self.pert}" if self.pert else "paper"

    def mark(self, truth: LabelMap, rng: np.random.Generator) -> list[ExtremePoints]:
        """The extreme points of every region, as `Annotator.mark`."""
        return [extreme_points(truth == region, rng, self.pert) for region in regions_of(truth)]

    def correct(
        self, truth: LabelMap, prediction: LabelMap, allocation: Allocation, rng: np.random.Generator
    ) -> list[Stroke]:
        """One round, as `round_of_scribbles`."""
        return round_of_scribbles(truth, prediction, len(regions_of(truth)), allocation, rng)


def round_of_scribbles(
    truth: LabelMap,
    prediction: LabelMap,
    budget: int,
    allocation: str,
    rng: np.random.Generator,
    *,
    rounds: int = 1,
) -> list[Stroke]:
    """The scribbles that the paper's annotator draws in one round, all chosen on the same prediction.

    Args:
        truth: int32 [H, W], regions 1..N; void is 0 and never an error.
        prediction: int32 [H, W], the same ids; a pixel that is unassigned (0) is an error.
        budget: the most scribbles, the paper's is one per region; those that find no error are forfeited.
        allocation: `free` spends on the largest gains in the image's summed IoU, several on one region if
            that is best; `one-per-region` on the error that costs each region most: pixels that it lacks, or
            pixels that it should not have, and that another region is then scribbled into.
        rng: draws the scribbles.
        rounds: how many rounds are drawn at once, all on this prediction, no two scribbles on one error.

    Raises:
        ValueError: the allocation is neither of the two.
    """
    chosen = choose_errors(error_components(truth, prediction), allocation, budget, rounds)
    return [Stroke(error.region, draw_scribble(truth, prediction, error, rng)) for error in chosen]


def choose_errors(
    errors: Iterable[ErrorComponent], allocation: str, budget: int, rounds: int = 1
) -> Sequence[ErrorComponent]:
    """The error components that get a scribble, the largest gain first; each gets at most one.

    Arguments as in `round_of_scribbles`: at most `rounds` times the budget in all, and, with one per region,
    at most `rounds` for each region.
    """
    if Allocation(allocation) is Allocation.FREE:
        return sorted(errors, key=lambda error: -error.image_gain)[: budget * rounds]
    return _worst_of_each(list(errors), rounds)[: budget * rounds]


def _worst_of_each(errors: Sequence[ErrorComponent], most: int) -> Sequence[ErrorComponent]:
    """Up to `most` errors of each region; an error of two regions is chosen for the one it costs more."""
    found: Counter[int] = Counter()
    chosen: dict[int, ErrorComponent] = {}
    costs = [
        (gain, region, place) for place, error in enumerate(errors) for region, gain in error.gains.items()
    ]
    for _, region, place in sorted(costs, key=lambda cost: -cost[0]):
        if found[region] < most and place not in chosen:
            found[region] += 1
            chosen[place] = errors[place]
    return list(chosen.values())


def regions_of(truth: LabelMap) -> list[int]:
    """The ids of the regions in a label map, ascending."""
    present = np.flatnonzero(np.bincount(truth.ravel()))
    return [int(region) for region in present if region > 0]


def annotation_of(points: Iterable[ExtremePoints], width: int, height: int) -> Annotation:
    """The annotation of a photo of that size that adds the regions 1..N in order, with no scribble yet.

    The entries are made here rather than by `add_region`, which refuses a region of a single pixel as a
    slip of the hand; data sets do hold some.
    """
    annotation = Annotation(width, height)
    for region, four in enumerate(points, 1):
        annotation = annotation.append(AddRegion(region, four))
    return annotation
