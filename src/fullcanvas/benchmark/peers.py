"""Other systems at the same work: the same photos, boxes and strokes, in turn with ours."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial
from typing import Any

import numpy as np

from fullcanvas.benchmark.marks import USUAL, corrected, marked
from fullcanvas.benchmark.photos import Photo
from fullcanvas.benchmark.timing import median, percentiles, timed
from fullcanvas.benchmark.watch import Times
from fullcanvas.evaluation.predictors import ModelPredictor, Predictor, load_predictor
from fullcanvas.inference.segmenter import Segmenter

OURS = "ours"
PHOTOS, STROKES = 2, 5


def against_peers(
    segmenter: Segmenter, peers: Sequence[str], photos: Sequence[Photo], seed: int
) -> dict[str, dict[str, Any]]:
    """The figures of each peer by its name, and of ours beside them.

    Args:
        segmenter: ours.
        peers: as `load_predictor` knows them: `grabcut`, `sam:ENCODER,DECODER` and so on.
        photos: the first of them are worked on.
        seed: of the boxes and strokes.

    Raises:
        ModelError: there is no such peer.
    """
    predictors: dict[str, Predictor] = {OURS: ModelPredictor(segmenter)}
    predictors |= {predictor.name: predictor for predictor in map(load_predictor, peers)}
    found = {name: Times() for name in predictors}
    for photo in photos[:PHOTOS]:
        for name, predictor in predictors.items():
            _work(predictor, photo, np.random.default_rng(seed), found[name])
    ours = found[OURS]
    return {
        name: _figures(times) | (_ratios(times, ours) if name != OURS else {})
        for name, times in found.items()
    }


def _work(predictor: Predictor, photo: Photo, rng: np.random.Generator, times: Times) -> None:
    """Mark all regions, then draw one stroke after another."""
    log = marked(rng, photo.shape[1], photo.shape[0], USUAL)
    spent, opened = timed(partial(predictor.open, photo))
    times.encode.append(spent)
    times.first.append(timed(partial(opened.apply, log))[0])
    for _ in range(STROKES):
        log = corrected(log, rng)
        times.correction.append(timed(partial(opened.apply, log))[0])


def _figures(times: Times) -> dict[str, Any]:
    return {
        "encode_ms": median(times.encode),
        "first_prediction_ms": median(times.first),
        "correction_ms": percentiles(times.correction),
    }


def _ratios(theirs: Times, ours: Times) -> dict[str, float]:
    """How many times as long they need, for an image with and without its encoding, and for a correction."""
    their_image, our_image = (median(times.encode) + median(times.first) for times in (theirs, ours))
    return {
        "ratio_for_an_image": their_image / our_image,
        "ratio_for_all_regions": median(theirs.first) / median(ours.first),
        "ratio_for_a_correction": median(theirs.correction) / median(ours.correction),
    }
