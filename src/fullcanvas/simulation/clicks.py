"""An annotator who clicks into errors instead of drawing scribbles: each is a scribble of a single point."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from fullcanvas.annotation import Point
from fullcanvas.simulation.annotators import Allocation, PaperAnnotator, Stroke, choose_errors, regions_of
from fullcanvas.simulation.components import ErrorComponent, error_components
from fullcanvas.simulation.extreme import ExtremePoints
from fullcanvas.simulation.overlap import BinaryMask, LabelMap


@dataclass(frozen=True, slots=True)
class ClickAnnotator:
    """Exact extreme points, and then clicks on the errors that the paper's annotator would scribble into."""

    @property
    def name(self) -> str:
        """`clicks`; `load.load_annotator` knows it."""
        return "clicks"

    def mark(self, truth: LabelMap, rng: np.random.Generator) -> list[ExtremePoints]:
        """The extreme points of every region, as `Annotator.mark`."""
        return PaperAnnotator().mark(truth, rng)

    def correct(
        self, truth: LabelMap, prediction: LabelMap, allocation: Allocation, rng: np.random.Generator
    ) -> list[Stroke]:
        """One round of a click per region on average."""
        errors = error_components(truth, prediction)
        chosen = choose_errors(errors, allocation, len(regions_of(truth)))
        return [Stroke(error.region, (click_on(error, rng),)) for error in chosen]


def click_on(component: ErrorComponent, rng: np.random.Generator) -> Point:
    """A pixel (x, y) of the component that lies at least half as deep inside it as its deepest one."""
    inside = depth(component.mask)
    ys, xs = np.nonzero(inside >= inside.max() / 2)
    place = rng.integers(len(xs))
    return int(xs[place]) + component.box[0], int(ys[place]) + component.box[1]


def depth(mask: BinaryMask) -> NDArray[np.float32]:
    """How far each pixel of a mask lies inside it: float32 [H, W]; the array's edge bounds the mask too."""
    padded = np.pad(mask.astype(np.uint8), 1)
    distance = cv2.distanceTransform(padded, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    return np.asarray(distance[1:-1, 1:-1], np.float32)
