"""The resolutions at which one photo is seen: by the encoder (working), by the person (display), in full."""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray

DISPLAY_PIXELS = 1_000_000
"""Photos of up to this many pixels are shown in full; larger ones compete at about this many."""

PADDING = 32
"""Both sides of what the encoder sees are multiples of this."""


def working_size(width: int, height: int, long_side: int) -> tuple[int, int]:
    """The (width, height) to which a photo is resized for the encoder: its long side becomes `long_side`.

    The aspect is kept, but for rounding and for sides that would be less than one pixel.
    """
    scale = long_side / max(width, height)
    return max(1, round(width * scale)), max(1, round(height * scale))


def padded_size(width: int, height: int) -> tuple[int, int]:
    """(width, height), each rounded up to a multiple of `PADDING`."""
    return -(-width // PADDING) * PADDING, -(-height // PADDING) * PADDING


def display_size(width: int, height: int, most: int = DISPLAY_PIXELS) -> tuple[int, int]:
    """The (width, height) at which a photo's regions compete while a person corrects them.

    Args:
        width, height: of the photo, in pixels.
        most: photos of up to this many pixels keep their size; larger ones are shrunk to at most as many
            (at least one pixel per side).
    """
    if width * height <= most:
        return width, height
    scale = (most / (width * height)) ** 0.5
    # Where the other side would be less than a pixel and is one, a side alone may have too many.
    return min(max(1, int(width * scale)), most), min(max(1, int(height * scale)), most)


def resize(image: NDArray[np.uint8], width: int, height: int) -> NDArray[np.uint8]:
    """The photo, uint8 [H, W, 3], at another size: areas averaged when it shrinks, bilinear otherwise."""
    if (image.shape[1], image.shape[0]) == (width, height):
        return image
    shrinks = width * height < image.shape[0] * image.shape[1]
    method = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
    return np.asarray(cv2.resize(image, (width, height), interpolation=method), np.uint8)


def resize_labels(labels: NDArray[np.int32], width: int, height: int) -> NDArray[np.int32]:
    """A label map, int32 [H, W] below 2**24, at another size: each pixel has the value at its centre."""
    # OpenCV resizes no int32. INTER_NEAREST would shift the map by up to a pixel against the photo.
    resized = cv2.resize(labels.astype(np.float32), (width, height), interpolation=cv2.INTER_NEAREST_EXACT)
    return np.asarray(resized, np.int32)
