"""Label maps of completed photos: as PNG files of 16-bit grey, without loss, or as shown; parts of all."""

from __future__ import annotations

from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from fullcanvas.canvas.boxes import Box, intersection
from fullcanvas.canvas.resolution import display_size
from fullcanvas.server.errors import RefusedError, StoreError

MAX_REGIONS = 2**16 - 1
"""The largest region id that fits."""
MOST_IN_FULL = 4_000_000
"""How many pixels of a label map are made at full resolution while others may wait for the photo."""


def encode_label_map(label_map: NDArray[np.int32]) -> bytes:
    """A label map as a 16-bit PNG.

    Raises:
        StoreError: an id does not fit.
    """
    if label_map.min(initial=0) < 0 or label_map.max(initial=0) > MAX_REGIONS:
        raise StoreError(f"a label map holds region ids from 0 to {MAX_REGIONS}")
    _, png = cv2.imencode(".png", label_map.astype(np.uint16))
    return png.tobytes()


def decode_label_map(png: bytes) -> NDArray[np.int32]:
    """The label map in a 16-bit PNG: int32 [height, width].

    Raises:
        StoreError: it is damaged.
    """
    # None if damaged; of nothing at all OpenCV makes an error of its own.
    image: Any = cv2.imdecode(np.frombuffer(png, np.uint8), cv2.IMREAD_UNCHANGED) if png else None
    if image is None or image.dtype != np.uint16 or image.ndim != 2:
        raise StoreError("a stored label map is damaged")
    label_map: NDArray[np.int32] = image.astype(np.int32)
    return label_map


def part_of(area: Box, width: int, height: int) -> Box:
    """The part of an area, in photo pixels, that lies in a photo of this size.

    Raises:
        RefusedError: there is none, or it has more pixels than are made at a time.
    """
    part = intersection(area, (0, 0, width, height))
    if part is None:
        raise RefusedError(f"no pixel of the photo, which has {width} x {height}, lies there")
    if (part[2] - part[0]) * (part[3] - part[1]) > MOST_IN_FULL:
        raise RefusedError(f"at most {MOST_IN_FULL} pixels of a label map are made at a time")
    return part


def shrink(full: NDArray[np.int32]) -> NDArray[np.int32]:
    """A full-resolution label map, int32 [H, W], read at the pixel centres of the display: int32 [h, w]."""
    height, width = full.shape
    display_width, display_height = display_size(width, height)
    columns = ((np.arange(display_width) + 0.5) * width / display_width).astype(np.intp)
    rows = ((np.arange(display_height) + 0.5) * height / display_height).astype(np.intp)
    return full[np.ix_(rows, columns)]
