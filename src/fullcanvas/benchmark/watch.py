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
from fullcanvas.canvas.boxes import Box
from fullcanvas.inference.cancellation import Cancellation
from fullcanvas.inference.embedding import Embedding
from fullcanvas.inference.model_file import ModelFile
from fullcanvas.inference.roi import Roi
from fullcanvas.inference.segmenter import Segmenter
from fullcanvas.inference.session import Session


class CountingSegmenter(Segmenter):
    """A segmenter that notes for how many regions its mask head was asked, and how long it encoded.

    Attributes:
        asked: for how many regions, one number per batch.
        encoded: milliseconds spent on photos and close-ups.
    """

    def __init__(self, model: ModelFile, threads: int | None = None) -> None:
        super().__init__(model, threads)
        self.asked: list[int] = []
        self.encoded = 0.0

    def encode(self, image: NDArray[np.uint8], crop: Box | None = None) -> Embedding:
        """The embedding, as `Segmenter.encode`."""
        spent, embedding = timed(partial(super().encode, image, crop))
        self.encoded += spent
        return embedding

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


def opened(segmenter: CountingSegmenter, photo: NDArray[np.uint8], log: Annotation, times: Times) -> Session:
    """Open a photo with a log; note how long its encoding took, close-ups included, and how long the rest."""
    segmenter.encoded = 0.0
    spent, session = timed(partial(segmenter.open, photo, log))
    times.encode.append(segmenter.encoded)
    times.first.append(spent - segmenter.encoded)
    return session


def correct(segmenter: CountingSegmenter, session: Session, after: Annotation, times: Times) -> None:
    """Let the session go to a log with one more scribble; note how long that took."""
    segmenter.asked.clear()
    spent, _patch = timed(partial(session.apply, after))
    times.correction.append(spent)
    times.asked.append(sum(segmenter.asked))


def spent_in(times: Times) -> dict[str, Any]:
    """What takes how many milliseconds, as far as it can be told of any system."""
    return {
        "encode_ms": median(times.encode),
        "first_prediction_ms": median(times.first),
        "correction_ms": percentiles(times.correction),
    }


def figures_of(times: Times) -> dict[str, Any]:
    """The figures that every comparison of the engine with itself has: `spent_in`, and what was asked."""
    return {**spent_in(times), "regions_asked": float(np.mean(times.asked))}
