"""Other systems at the same work: the same photos, boxes and strokes, in turn with ours."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from functools import partial
from typing import Any

import numpy as np

from fullcanvas.benchmark.marks import USUAL, corrected, marked
from fullcanvas.benchmark.photos import Photo
from fullcanvas.benchmark.timing import median, timed
from fullcanvas.benchmark.watch import CountingSegmenter, Times, spent_in
from fullcanvas.evaluation.predictors import FullImagePredictor, ModelPredictor, Opened

OURS = "ours"
PHOTOS, STROKES = 4, 6
REST = 0.1
"""Seconds before each correction: the threads of the system that ran before go on spinning for a while."""


def against_peers(
    segmenter: CountingSegmenter, peers: Sequence[FullImagePredictor], photos: Sequence[Photo], seed: int
) -> dict[str, dict[str, Any]]:
    """The figures of each peer by its name, and of ours beside them.

    Args:
        segmenter: ours.
        peers: the other systems.
        photos: the first of them are worked on.
        seed: of the boxes and strokes.
    """
    predictors: dict[str, FullImagePredictor] = {
        OURS: ModelPredictor(segmenter),
        **{peer.name: peer for peer in peers},
    }
    found = {name: Times() for name in predictors}
    for photo in photos[:PHOTOS]:
        _work(predictors, segmenter, photo, np.random.default_rng(seed), found)
    rows = {name: spent_in(times) for name, times in found.items()}
    return rows | {name: rows[name] | _ratios(found[name], found[OURS]) for name in rows if name != OURS}


def _work(
    predictors: Mapping[str, FullImagePredictor],
    ours: CountingSegmenter,
    photo: Photo,
    rng: np.random.Generator,
    found: Mapping[str, Times],
) -> None:
    """Mark all regions, then draw one stroke after another; everybody does each before the next."""
    log = marked(rng, photo.shape[1], photo.shape[0], USUAL)
    opened: dict[str, Opened] = {}
    for name, predictor in predictors.items():
        encode, opened[name] = timed(partial(predictor.open, photo))
        ours.encoded = 0.0
        first, _labels = timed(partial(opened[name].apply, log))
        found[name].encode.append(encode + ours.encoded)  # ours encodes close-ups when it knows the regions
        found[name].first.append(first - ours.encoded)
    for _ in range(STROKES):
        log = corrected(log, rng)
        for name, each in opened.items():
            time.sleep(REST)
            found[name].correction.append(timed(partial(each.apply, log))[0])


def _ratios(theirs: Times, ours: Times) -> dict[str, float]:
    """How many times as long they need, for an image with and without its encoding, and for a correction."""
    their_image, our_image = (median(times.encode) + median(times.first) for times in (theirs, ours))
    return {
        "ratio_for_an_image": their_image / our_image,
        "ratio_for_all_regions": median(theirs.first) / median(ours.first),
        "ratio_for_a_correction": median(theirs.correction) / median(ours.correction),
    }
