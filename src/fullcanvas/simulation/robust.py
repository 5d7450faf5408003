"""An annotator with a trembling hand, to see how much a model needs the paper's perfect one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from fullcanvas.simulation.annotators import Allocation, Stroke, choose_errors, regions_of
from fullcanvas.simulation.components import ErrorComponent, error_components
from fullcanvas.simulation.extreme import ExtremePoints, extreme_points, jittered
from fullcanvas.simulation.medial import medial_stroke
from fullcanvas.simulation.overlap import LabelMap


@dataclass(frozen=True, slots=True)
class RobustAnnotator:
    """Extreme points that are off, strokes along the middle of errors, and now and then a wrong start.

    Attributes:
        sigma: standard deviation of the extreme points' error on each axis, in pixels.
        wrong_start: how often a stroke is begun too late, inside the error, and so belongs to the region that
            the prediction shows there.
    """

    sigma: float = 3.0
    wrong_start: float = 0.05

    @property
    def name(self) -> str:
        """`robust:SIGMA`; `load.load_annotator` knows it."""
        return f"robust:{self.sigma:g}"

    def mark(self, truth: LabelMap, rng: np.random.Generator) -> list[ExtremePoints]:
        """The extreme points of every region, as `Annotator.mark`, each off by a little."""
        exact = [extreme_points(truth == region, rng) for region in regions_of(truth)]
        height, width = truth.shape
        return [jittered(four, self.sigma, width, height, rng) for four in exact]

    def correct(
        self, truth: LabelMap, prediction: LabelMap, allocation: Allocation, rng: np.random.Generator
    ) -> list[Stroke]:
        """One round of a scribble per region on average, the same errors as the paper's annotator chooses."""
        budget = len(regions_of(truth))
        chosen = choose_errors(error_components(truth, prediction), allocation, budget)
        return [self._stroke(error, prediction, rng) for error in chosen]

    def _stroke(self, error: ErrorComponent, prediction: LabelMap, rng: np.random.Generator) -> Stroke:
        points = medial_stroke(error, rng)
        x, y = points[0]
        shown = int(prediction[y, x])
        late = rng.random() < self.wrong_start and shown > 0
        return Stroke(shown if late else error.region, points)
