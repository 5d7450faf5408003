"""From a photo's file to colours: the formats opened, which side is up, and pixels that are not RGB."""

from __future__ import annotations

import threading
import warnings
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from functools import cache
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import ExifTags, Image, ImageFile, ImageOps

Pixels = NDArray[np.uint8]

MAX_PIXELS = 200_000_000
"""Pixels of the largest picture that is opened where its size is not known beforehand."""

# One picture is decoded at a time: each may need a gigabyte, and what Pillow warns of and refuses is set for
# the whole process.
_DECODER = threading.Lock()
_FORMATS = ("JPEG", "PNG", "WEBP", "TIFF", "BMP", "GIF", "AVIF")
_BEST: Mapping[str, Mapping[str, Any]] = {
    "JPEG": {"quality": 95, "subsampling": 0},
    "WEBP": {"lossless": True},
    "AVIF": {"quality": 100, "subsampling": "4:4:4"},
}
"""How formats are written that lose something unless told otherwise."""


@cache
def photo_formats() -> tuple[str, ...]:
    """What photos come in, of what this Pillow was built with; it knows other formats that start programs."""
    Image.init()
    return tuple(name for name in _FORMATS if name in Image.OPEN)


@contextmanager
def open_picture(
    file: Path | bytes, formats: tuple[str, ...], most: int = MAX_PIXELS
) -> Iterator[ImageFile.ImageFile]:
    """The picture in a file, of which the header is read, and nothing else until somebody loads it.

    Args:
        file: that holds it, or its content.
        formats: what Pillow calls those that will do.
        most: width x height; Pillow refuses twice as much, even where only decoding shows the size.

    Raises:
        OSError: the file cannot be read.
        PIL.Image.DecompressionBombError: it is too large.
        PIL.UnidentifiedImageError: it is of no such format. A damaged file fails in any way there is.
    """
    with _DECODER, warnings.catch_warnings():
        warnings.simplefilter("ignore")
        before, Image.MAX_IMAGE_PIXELS = Image.MAX_IMAGE_PIXELS, most
        try:
            # Given the path, Pillow maps some TIFFs into memory, and scrambles those on their side in EXIF.
            opened = BytesIO(file) if isinstance(file, bytes) else file.open("rb")
            with opened as stream, Image.open(stream, formats=formats) as picture:
                yield picture
        finally:
            Image.MAX_IMAGE_PIXELS = before


def turn_upright(picture: Image.Image) -> int:
    """Decode a picture, and turn it as its EXIF data say, in place; data that make no sense say nothing.

    Returns:
        The orientation of the pixels that are stored, 1 (upright) to 8, as in `Frame`.
    """
    if picture.format == "TIFF":  # Pillow turns these while it decodes them, and forgets how they lay
        orientation = orientation_of(picture)
        picture.load()
    else:
        picture.load()
        orientation = orientation_of(picture)
        _transpose(picture)
    return orientation


def orientation_of(picture: Image.Image) -> int:
    """How the pixels of a picture are stored, 1 to 8, before they are decoded; a PNG is, to know it."""
    try:
        said = picture.getexif().get(ExifTags.Base.Orientation)
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001 (there is no end to what cameras write, and to how it fails)
        return 1
    return next((known for known in range(2, 9) if known == said), 1)


def _transpose(picture: Image.Image) -> None:
    try:
        ImageOps.exif_transpose(picture, in_place=True)
    except MemoryError:
        raise
    except Exception:  # noqa: BLE001
        # EXIF data that cannot be read, or cannot be written back into the turned picture.
        return


def encode(pixels: Pixels, suffix: str) -> bytes:
    """The content of a file of this suffix, such as ".jpg", with these pixels; lossless where it can be."""
    kind = Image.registered_extensions()[suffix.lower()]
    file = BytesIO()
    Image.fromarray(pixels).save(file, kind, **_BEST.get(kind, {}))
    return file.getvalue()


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
    values = grey.astype(np.float32)
    finite = np.isfinite(values)
    low = float(values.min(where=finite, initial=np.inf))
    high = float(values.max(where=finite, initial=-np.inf))
    if not low < high:
        return np.full(values.shape, 128, np.uint8)
    values = np.nan_to_num(values, copy=False, nan=low, posinf=high, neginf=low)
    return np.round((values - low) * (255 / (high - low))).astype(np.uint8)
