"""Models without a canvas, as the paper scores them: every mask for itself, nothing is composed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fullcanvas.annotation import Region
from fullcanvas.annotation.ink import Pen
from fullcanvas.annotation.marks import Marks, maps_of
from fullcanvas.canvas.boxes import Box, region_box
from fullcanvas.canvas.competition import Canvas, Layer, project
from fullcanvas.datasets import Sample
from fullcanvas.evaluation import metrics
from fullcanvas.evaluation.predictors import FromModelFile, Image, OpenedAlone, SingleRegionPredictor
from fullcanvas.evaluation.rounds import ImageResult, RoundResult, Setup, result_of, rng_of
from fullcanvas.inference import Segmenter
from fullcanvas.inference.embedding import Embedding
from fullcanvas.simulation.overlap import BinaryMask, confusion, region_ious
from fullcanvas.simulation.single_region import OWN, REST, corrected, two_regions


@dataclass(frozen=True, slots=True)
class SingleRegionModel(FromModelFile[Segmenter]):
    """A model file whose regions do not compete."""

    def look_at(self, image: Image) -> OpenedAlone:
        """Encodes an image: uint8 [H, W, 3], RGB."""
        return _OpenedModel(self.model, self.model.encode(image))


@dataclass(frozen=True, slots=True)
class _OpenedModel:
    segmenter: Segmenter
    embedding: Embedding

    def masks(self, marks: Sequence[Marks]) -> Iterator[BinaryMask]:
        """The mask of every region, one at a time: bool [H, W], true where its logit is positive."""
        if not marks:
            return
        config, seen = self.segmenter.config, self.embedding
        pen = Pen(seen.scale_x, seen.scale_y, config.disc_diameter, config.stroke_width)
        heat = config.points == "heat-maps"
        size = seen.working_width, seen.working_height
        maps = maps_of(marks, pen, *size, shared=config.shared, heat=heat)
        framing = config.framing(seen.width, seen.height)
        boxes = [region_box(each.region, framing) for each in marks]
        rois = [seen.roi(box, config.roi_size) for box in boxes]
        annotations = [
            roi.align(plane[:, roi.rows.start : roi.rows.stop, roi.columns.start : roi.columns.stop])
            for roi, plane in zip(rois, maps, strict=True)
        ]
        for box, logits in zip(boxes, self.segmenter.logits(rois, annotations), strict=True):
            yield self._mask(box, logits)

    def _mask(self, box: Box, logits: NDArray[np.float32]) -> BinaryMask:
        width, height = self.embedding.width, self.embedding.height
        canvas = Canvas(width, height, width, height)
        mask: BinaryMask = project(Layer(1, box, logits), canvas, canvas.area) > 0
        return mask


@dataclass(frozen=True, slots=True)
class SingleRegionSetup(Setup):
    """A setup with models that answer with a mask per region.

    Attributes:
        model: answers every round that has scribbles.
        first_model: answers the extreme points alone; often the same object as `model`.
    """

    model: SingleRegionPredictor
    first_model: SingleRegionPredictor


def evaluate_alone(sample: Sample, setup: SingleRegionSetup) -> ImageResult:
    """One image through the paper's protocol for single-region models: one correction per region and round.

    As `rounds.evaluate_sample`; panoptic quality has no meaning where masks overlap, and is left out.
    """
    model, first = setup.model, setup.first_model
    rng = rng_of(sample, setup.seed)
    points = setup.annotator.mark(sample.labels, rng)
    marks = [Marks(Region(id_, four)) for id_, four in enumerate(points, 1)]
    opened = first.look_at(sample.image)
    results: list[RoundResult] = []
    drawn = 0
    for number in range(setup.rounds + 1):
        if number == 1 and first is not model:
            opened = model.look_at(sample.image)
        last = number == setup.rounds
        measured, next_marks = _round(sample, opened, marks, drawn, None if last else rng)
        results.append(measured)
        drawn += sum(one != other for one, other in zip(marks, next_marks, strict=True))
        marks = next_marks
    return result_of(sample, results)


def _round(
    sample: Sample, opened: OpenedAlone, marks: Sequence[Marks], drawn: int, rng: np.random.Generator | None
) -> tuple[RoundResult, list[Marks]]:
    """Measures all masks, and corrects each if there is an `rng`: the result, and the next marks."""
    ious, boundaries, next_marks = [], [], []
    for each, mask in zip(marks, opened.masks(marks), strict=True):
        iou, boundary = _measure(sample, each.region.id, mask)
        ious.append(iou)
        boundaries.append(boundary)
        next_marks.append(corrected(sample.labels, each, mask, rng) if rng else each)
    return RoundResult(drawn, tuple(ious), tuple(boundaries), {}), next_marks


def _measure(sample: Sample, region: int, mask: BinaryMask) -> tuple[float, float]:
    """IoU and boundary F of one mask."""
    truth, predicted = two_regions(sample.labels, region), np.where(mask, OWN, REST).astype(np.int32)
    iou = region_ious(confusion(truth, predicted, REST))[0]
    return float(iou), float(metrics.boundary_scores(truth, predicted, REST)[0])
