"""GrabCut, one region at a time (OpenCV)."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

from fullcanvas.annotation import Annotation
from fullcanvas.canvas.boxes import Box
from fullcanvas.evaluation.baselines.boxes import boxes_of, compose, seeds_of

ITERATIONS = 5
MARGIN = 0.25
"""How much of the surroundings GrabCut sees, as a fraction of the box's sides."""

LARGEST_SIDE = 200
"""The longer side, in pixels, at which it works: in full size a photo of 15 regions takes it 10 s."""

LEAST_PIXELS = 10
"""Fewer pixels than this, in or around a region, make no model of colours: it then claims its whole box."""


def grabcut_labels(image: NDArray[np.uint8], annotation: Annotation) -> NDArray[np.int32]:
    """The label map int32 [H, W]: every region claims what GrabCut finds in its box, and `compose` decides.

    A region's seeds are surely its own, all other seeds and what lies outside its box surely are not.
    """
    seeds = seeds_of(annotation)
    claims = {id_: _claim(image, seeds, id_, box) for id_, box in boxes_of(annotation).items()}
    return compose(annotation, claims)


def _claim(image: NDArray[np.uint8], seeds: NDArray[np.int32], id_: int, box: Box) -> NDArray[np.bool_]:
    x0, y0, x1, y1 = box
    margin_x, margin_y = (int(MARGIN * side) + 2 for side in (x1 - x0, y1 - y0))
    left, top = max(x0 - margin_x, 0), max(y0 - margin_y, 0)
    window = np.s_[top : y1 + margin_y, left : x1 + margin_x]
    inside = np.s_[y0 - top : y1 - top, x0 - left : x1 - left]
    mask = np.full(seeds[window].shape, cv2.GC_BGD, np.uint8)
    mask[inside] = cv2.GC_PR_FGD
    mask[(seeds[window] > 0) & (seeds[window] != id_)] = cv2.GC_BGD
    mask[seeds[window] == id_] = cv2.GC_FGD
    found = _grabcut(image[window], mask)
    claimed: NDArray[np.bool_] = (found[inside] == cv2.GC_FGD) | (found[inside] == cv2.GC_PR_FGD)
    return claimed


def _grabcut(image: NDArray[np.uint8], mask: NDArray[np.uint8]) -> NDArray[np.uint8]:
    """GrabCut's answer to a mask, both uint8 [h, w], found at `LARGEST_SIDE`."""
    height, width = mask.shape
    scale = min(1.0, LARGEST_SIDE / max(height, width))
    size = max(1, round(width * scale)), max(1, round(height * scale))
    pixels = cv2.resize(image, size, interpolation=cv2.INTER_AREA)
    small = cv2.resize(mask, size, interpolation=cv2.INTER_NEAREST)
    if min(np.count_nonzero(small == cv2.GC_BGD), np.count_nonzero(small != cv2.GC_BGD)) < LEAST_PIXELS:
        return mask
    # The mixtures start from a random clustering; with its own seed a region's answer is always the same.
    cv2.setRNGSeed(0)
    background, foreground = np.zeros((1, 65)), np.zeros((1, 65))
    cv2.grabCut(pixels, small, (0, 0, 0, 0), background, foreground, ITERATIONS, cv2.GC_INIT_WITH_MASK)
    return np.asarray(cv2.resize(small, (width, height), interpolation=cv2.INTER_NEAREST), np.uint8)
