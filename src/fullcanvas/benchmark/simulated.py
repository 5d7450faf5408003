"""A simulated annotator, who knows the truth, works on real photos while the engine is watched."""

from __future__ import annotations

from typing import Any

import numpy as np

from fullcanvas.benchmark.errors import BenchmarkError
from fullcanvas.benchmark.watch import CountingSegmenter, Times, correct, figures_of, opened
from fullcanvas.datasets import Dataset, Sample
from fullcanvas.simulation.annotators import Allocation, PaperAnnotator, annotation_of

PHOTOS, ROUNDS = 10, 2


def simulated(segmenter: CountingSegmenter, dataset: Dataset, seed: int) -> dict[str, Any]:
    """The figures of the paper's annotator on the first photos of a data set, two rounds of scribbles each.

    Raises:
        BenchmarkError: the segmentations were right from the start.
    """
    times, regions = Times(), []
    for index in range(min(PHOTOS, len(dataset))):
        sample = dataset.load(index)
        regions.append(len(sample.segments))
        _annotate(segmenter, sample, np.random.default_rng((seed, index)), times)
    if not times.correction:
        raise BenchmarkError(f"in {dataset.name} there was nothing to correct; name a larger data set")
    return {"photos": len(regions), "regions": float(np.mean(regions)), **figures_of(times)}


def _annotate(segmenter: CountingSegmenter, sample: Sample, rng: np.random.Generator, times: Times) -> None:
    """Every scribble is applied alone, on top of those before it, as a person's are."""
    annotator = PaperAnnotator()
    height, width = sample.labels.shape
    log = annotation_of(annotator.mark(sample.labels, rng), width, height)
    session = opened(segmenter, sample.image, log, times)
    for _ in range(ROUNDS):
        for stroke in annotator.correct(sample.labels, session.label_map, Allocation.FREE, rng):
            log = log.scribble(stroke.points, region=stroke.region)
            correct(segmenter, session, log, times)
