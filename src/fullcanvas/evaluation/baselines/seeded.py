"""Baselines that grow all regions at once from the seeds: random walker and watershed (scikit-image)."""

from __future__ import annotations

from collections.abc import Mapping

import cv2
import numpy as np
from numpy.typing import NDArray
from skimage.segmentation import random_walker, watershed

from fullcanvas.annotation import Annotation
from fullcanvas.canvas.boxes import Box
from fullcanvas.evaluation.baselines.boxes import boxes_of, compose, seeds_of

WALKER_SIZE = 200
"""The longer side, in pixels, at which the random walker works; it factorises a matrix of all its pixels."""

BETA = 130.0
"""How strongly a step of colour stops the walker; scikit-image's own choice."""


def watershed_labels(image: NDArray[np.uint8], annotation: Annotation) -> NDArray[np.int32]:
    """The label map int32 [H, W] that the seeds flood, over the gradient of the image; `compose` settles
    what floods out of its box.
    """
    flooded = watershed(_gradient(image), markers=seeds_of(annotation))  # type: ignore[no-untyped-call]
    claims = {id_: flooded[y0:y1, x0:x1] == id_ for id_, (x0, y0, x1, y1) in boxes_of(annotation).items()}
    return compose(annotation, claims)


def _gradient(image: NDArray[np.uint8]) -> NDArray[np.float32]:
    """The steepest of the three channels at each pixel: float32 [H, W]."""
    smooth = cv2.GaussianBlur(image, (0, 0), 1.0).astype(np.float32)
    x, y = (cv2.Sobel(smooth, cv2.CV_32F, *axis) for axis in ((1, 0), (0, 1)))
    gradient: NDArray[np.float32] = np.hypot(x, y).max(-1)
    return gradient


def random_walker_labels(image: NDArray[np.uint8], annotation: Annotation) -> NDArray[np.int32]:
    """The label map int32 [H, W]: the seed of which region a random walker from a pixel reaches first.

    The walk is on the image reduced to `WALKER_SIZE`; the probabilities are enlarged again, and those of a
    region outside its box do not count. A region so small that the reduction leaves it no seed claims its
    whole box.
    """
    boxes, seeds = boxes_of(annotation), seeds_of(annotation)
    chances = _chances(image, seeds) if len(boxes) > 1 else {}
    reached = _likeliest(chances, boxes, seeds.shape)
    claims = {
        id_: (reached[y0:y1, x0:x1] == id_) | (id_ not in chances) for id_, (x0, y0, x1, y1) in boxes.items()
    }
    return compose(annotation, claims)


def _likeliest(
    chances: Mapping[int, NDArray[np.float32]], boxes: Mapping[int, Box], shape: tuple[int, ...]
) -> NDArray[np.int32]:
    """The region with the highest chance at each pixel, of those whose box holds it: int32 [H, W]."""
    best, labels = np.full(shape, -1.0, np.float32), np.zeros(shape, np.int32)
    for id_, chance in chances.items():
        x0, y0, x1, y1 = boxes[id_]
        window = np.s_[y0:y1, x0:x1]
        wins = chance[window] > best[window]
        best[window][wins] = chance[window][wins]
        labels[window][wins] = id_
    return labels


def _chances(image: NDArray[np.uint8], seeds: NDArray[np.int32]) -> dict[int, NDArray[np.float32]]:
    """Each seeded region's chance at each pixel: float32 [H, W]."""
    height, width = seeds.shape
    scale = min(1.0, WALKER_SIZE / max(height, width))
    size = (max(1, round(width * scale)), max(1, round(height * scale)))
    small = np.asarray(cv2.resize(image, size, interpolation=cv2.INTER_AREA), np.uint8)
    markers = np.zeros(size[::-1], np.int32)
    rows, columns = np.nonzero(seeds)
    markers[rows * size[1] // height, columns * size[0] // width] = seeds[rows, columns]
    ids = np.unique(markers[markers > 0])
    if len(ids) < 2 or (markers > 0).all():
        found = [(markers == id_).astype(np.float32) for id_ in ids]
    else:
        found = list(_walk(small, np.searchsorted(ids, markers) + (markers > 0)))
    enlarged = (cv2.resize(one, (width, height), interpolation=cv2.INTER_LINEAR) for one in found)
    return {int(id_): one for id_, one in zip(ids, enlarged, strict=True)}


def _walk(image: NDArray[np.uint8], markers: NDArray[np.intp]) -> NDArray[np.float32]:
    """Chances float32 [K, h, w] for markers 1..K."""
    # "bf" factorises once for all regions: exact, and faster than an iterative solution for each.
    chances = random_walker(image, markers, beta=BETA, mode="bf", return_full_prob=True, channel_axis=-1)
    return np.asarray(chances, np.float32)
