"""One image through the paper's protocol: extreme points, then round after round of scribbles."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from fullcanvas.annotation import Annotation, DrawScribble
from fullcanvas.datasets import Sample
from fullcanvas.evaluation import metrics
from fullcanvas.evaluation.metrics import Matches
from fullcanvas.evaluation.predictors import FullImagePredictor
from fullcanvas.simulation.annotators import Allocation, Annotator, Stroke, annotation_of
from fullcanvas.simulation.overlap import LabelMap, confusion, region_ious


@dataclass(frozen=True, slots=True)
class RoundResult:
    """How good the prediction is after some rounds of scribbles.

    Attributes:
        drawn: scribbles drawn so far in the whole image.
        ious: the IoU of each region.
        boundaries: the boundary F of each region.
        matches: what panoptic quality counts, by category.
    """

    drawn: int
    ious: tuple[float, ...]
    boundaries: tuple[float, ...]
    matches: Mapping[int, Matches]


@dataclass(frozen=True, slots=True)
class ImageResult:
    """All rounds of one sample.

    Attributes:
        image_id: the photo's id.
        things: whether each region is a thing.
        areas: the area of each region in pixels.
        rounds: the one before any scribble, and one after each round.
    """

    image_id: int
    things: tuple[bool, ...]
    areas: tuple[int, ...]
    rounds: tuple[RoundResult, ...]

    def to_json(self) -> dict[str, Any]:
        """The result as JSON values; `from_json` reads it back without loss."""
        return asdict(self)

    @classmethod
    def from_json(cls, data: Mapping[str, Any]) -> ImageResult:
        """A result that `to_json` wrote.

        Raises:
            KeyError, TypeError: it did not.
        """
        rounds = tuple(
            RoundResult(
                one["drawn"],
                tuple(one["ious"]),
                tuple(one["boundaries"]),
                {int(category): Matches(**counts) for category, counts in one["matches"].items()},
            )
            for one in data["rounds"]
        )
        return cls(data["image_id"], tuple(data["things"]), tuple(data["areas"]), rounds)


@dataclass(frozen=True, slots=True)
class Setup:
    """What is done with every sample, whichever kind of model answers.

    Attributes:
        annotator: marks regions and draws scribbles.
        allocation: how a round spends its budget of one scribble per region.
        rounds: of scribbles, 0 or more.
        seed: random numbers come from it and the image id, and from nothing else.
    """

    annotator: Annotator
    allocation: Allocation
    rounds: int
    seed: int


@dataclass(frozen=True, slots=True)
class FullImageSetup(Setup):
    """A setup with models that answer with label maps.

    Attributes:
        model: answers every round that has scribbles.
        first_model: answers the extreme points alone; often the same object as `model`.
    """

    model: FullImagePredictor
    first_model: FullImagePredictor


def evaluate_sample(
    sample: Sample,
    setup: FullImageSetup,
    watch: Callable[[Annotation, LabelMap], None] = lambda *_: None,
) -> ImageResult:
    """Lets the annotator work on a sample, and measures before any scribble and after every round.

    Args:
        sample: photo and truth.
        setup: who works, how, and with which model.
        watch: sees the annotation and the prediction each time one is measured.
    """
    annotator, model = setup.annotator, setup.model
    rng = rng_of(sample, setup.seed)
    height, width = sample.labels.shape
    annotation = annotation_of(annotator.mark(sample.labels, rng), width, height)
    opened = setup.first_model.open(sample.image)
    prediction = opened.apply(annotation)
    watch(annotation, prediction)
    measured = [_measure(sample, prediction, 0)]
    if setup.first_model is not model and setup.rounds:
        opened = model.open(sample.image)
    for _ in range(setup.rounds):
        strokes = annotator.correct(sample.labels, prediction, setup.allocation, rng)
        if strokes:
            annotation = _scribbled(annotation, strokes)
            prediction = opened.apply(annotation)
        watch(annotation, prediction)
        measured.append(_measure(sample, prediction, measured[-1].drawn + len(strokes)))
    return result_of(sample, measured)


def rng_of(sample: Sample, seed: int) -> np.random.Generator:
    """The random numbers of a sample: they follow its photo's id and the seed, and no order of work."""
    return np.random.default_rng(np.random.SeedSequence([seed, sample.image_id]))


def result_of(sample: Sample, rounds: Sequence[RoundResult]) -> ImageResult:
    """All that was measured on a sample, the round before any scribble first."""
    things = tuple(segment.isthing for segment in sample.segments)
    areas = tuple(segment.area for segment in sample.segments)
    return ImageResult(sample.image_id, things, areas, tuple(rounds))


def _scribbled(annotation: Annotation, strokes: Sequence[Stroke]) -> Annotation:
    for stroke in strokes:
        annotation = annotation.append(DrawScribble(stroke.region, stroke.points))
    return annotation


def _measure(sample: Sample, prediction: LabelMap, drawn: int) -> RoundResult:
    regions = len(sample.segments)
    table = confusion(sample.labels, prediction, regions)
    boundaries = metrics.boundary_scores(sample.labels, prediction, regions)
    matches = metrics.panoptic_matches(table, [segment.category_id for segment in sample.segments])
    return RoundResult(drawn, tuple(region_ious(table).tolist()), tuple(boundaries.tolist()), matches)
