"""The engine, watched: how long its parts took, and for how many regions the mask head answered."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fullcanvas.annotation import Annotation
from fullcanvas.benchmark.timing import median, percentiles, timed
from fullcanvas.inference.cancellation import Cancellation
from fullcanvas.inference.model_file import ModelFile
from fullcanvas.inference.roi import Roi
from fullcanvas.inference.segmenter import Segmenter
from fullcanvas.inference.session import Session


class CountingSegmenter(Segmenter):
    """A segmenter that notes for how many regions its mask head was asked."""

    def __init__(self, model: ModelFile, threads: int | None = None) -> None:
        super().__init__(model, threads)
        self.asked: list[int] = []

    def logits(
        self,
        rois: Sequence[Roi],
        annotations: Sequence[NDArray[np.float32]],
        cancellation: Cancellation | None = None,
    ) -> NDArray[np.float32]:
        """The mask head's answers, as `Segmenter.logits`."""
        self.asked.append(len(rois))
        return super().logits(rois, annotations, cancellation)


@dataclass(frozen=True, slots=True)
class Times:
    """Milliseconds, by what took them; and for how many regions the head answered in each correction."""

    encode: list[float] = field(default_factory=list)
    first: list[float] = field(default_factory=list)
    correction: list[float] = field(default_factory=list)
    full_map: list[float] = field(default_factory=list)
    asked: list[int] = field(default_factory=list)


def correct(segmenter: CountingSegmenter, session: Session, after: Annotation, times: Times) -> None:
    """Let the session go to a log with one more scribble; note how long that took."""
    segmenter.asked.clear()
    spent, _patch = timed(partial(session.apply, after))
    times.correction.append(spent)
    times.asked.append(sum(segmenter.asked))


def figures_of(times: Times) -> dict[str, Any]:
    """The figures that every comparison has, in milliseconds."""
    return {
        "encode_ms": median(times.encode),
        "first_prediction_ms": median(times.first),
        "correction_ms": percentiles(times.correction),
        "regions_asked": float(np.mean(times.asked)),
    }
