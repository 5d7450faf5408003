"""Copy-paste: things of one photo laid over another, so that few photos make many scenes."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

_MOST = 4
_LARGEST_SHARE = 0.25
_SOFTNESS = 0.8

View = tuple[NDArray[np.uint8], NDArray[np.int32]]
"""A photo, uint8 [H, W, 3], and the numbers of its regions, int32 [H, W], 0 = void."""


def paste(onto: View, donor: View, things: NDArray[np.intp], rng: np.random.Generator) -> View:
    """One to four things of a donor, laid over another photo where they were in their own.

    Their edges are softened a little, so that a cut cannot be told from an outline by its sharpness. What is
    covered is gone, as behind a real thing; regions may end up in pieces.

    Args:
        onto: the photo that gets them.
        donor: of the same size; its numbers must not be `onto`'s.
        things: the numbers of the donor's things; those larger than a quarter of the view stay behind.
        rng: chooses.

    Returns:
        A new view; `onto` itself if the donor has nothing to give.
    """
    image, labels = donor
    there, counts = np.unique(labels, return_counts=True)
    small = there[counts <= _LARGEST_SHARE * labels.size]
    candidates = np.intersect1d(small, things)
    if not len(candidates):
        return onto
    chosen = rng.permutation(candidates)[: rng.integers(1, _MOST + 1)]
    covered = np.isin(labels, chosen)
    opacity = cv2.GaussianBlur(covered.astype(np.float32), (0, 0), _SOFTNESS)[:, :, None]
    mixed = onto[0] * (1 - opacity) + image * opacity
    return np.round(mixed).astype(np.uint8), np.where(covered, labels, onto[1])
