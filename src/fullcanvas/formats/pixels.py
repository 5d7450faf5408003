"""From a photo's file to colours: the formats opened, which side is up, and pixels that are not RGB."""

from __future__ import annotations

from functools import cache

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

Pixels = NDArray[np.uint8]

_FORMATS = ("JPEG", "PNG", "WEBP", "TIFF", "BMP", "GIF", "AVIF")


@cache
def photo_formats() -> tuple[str, ...]:
    """What photos come in, of what this Pillow was built with; it knows other formats that start programs."""
    Image.init()
    return tuple(name for name in _FORMATS if name in Image.OPEN)


def turn_upright(picture: Image.Image) -> None:
    """Turn a decoded picture as its EXIF data say, in place; data that make no sense say nothing."""
    try:
        ImageOps.exif_transpose(picture, in_place=True)
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001 (there is no end to what cameras write, and to how it fails)
        # The data cannot be read; or they could, and cannot be written anew into the picture that is turned.
        return


def to_rgb(picture: Image.Image) -> Pixels:
    """The colours of a picture: uint8 [height, width, 3].

    Transparency is laid on white; grey values deeper than 8 bits are stretched from their darkest to their
    brightest.
    """
    if picture.mode.startswith(("I", "F")):
        grey = _stretch(np.asarray(picture))
        return np.repeat(grey[..., None], 3, axis=2)
    if picture.has_transparency_data:
        picture = picture.convert("RGBA")
        paper = Image.new("RGBA", picture.size, "white")
        picture = Image.alpha_composite(paper, picture)
    return np.asarray(picture.convert("RGB"))


def _stretch(grey: NDArray[np.generic]) -> Pixels:
    values = np.nan_to_num(grey.astype(np.float32))
    low, high = float(values.min()), float(values.max())
    if low == high:
        return np.full(values.shape, 128, np.uint8)
    return np.round((values - low) * (255 / (high - low))).astype(np.uint8)
