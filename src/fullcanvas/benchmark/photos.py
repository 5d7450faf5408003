"""The real photos that are measured on, cut and resized to the sizes that are compared."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from fullcanvas.benchmark.errors import BenchmarkError
from fullcanvas.canvas.resolution import resize
from fullcanvas.formats.pixels import open_picture, to_rgb, turn_upright

Photo = NDArray[np.uint8]

EXAMPLES = Path("examples/photos")
ENDINGS = {".jpg", ".jpeg", ".png", ".webp"}
FORMATS = ("JPEG", "PNG", "WEBP")


def read_photos(folder: Path | None, most: int) -> list[Photo]:
    """The first photos of a folder, by name: uint8 [H, W, 3], RGB, upright.

    Args:
        folder: of photos; None takes `examples/photos`, which a checkout has.
        most: how many.

    Raises:
        BenchmarkError: there are none, or one cannot be read.
    """
    place = EXAMPLES if folder is None else folder
    paths = sorted(path for path in place.glob("*") if path.suffix.lower() in ENDINGS)
    if not paths:
        raise BenchmarkError(f"there are no photos in {place}; name a folder of them with --photos")
    return [_read(path) for path in paths[:most]]


def _read(path: Path) -> Photo:
    try:
        with open_picture(path, FORMATS) as picture:
            turn_upright(picture)
            return to_rgb(picture)
    except Exception as error:
        # A decoder fed with a damaged file fails in every way there is; all of them mean the same here.
        raise BenchmarkError(f"{path} cannot be read: {error}") from error


def sized(photo: Photo, width: int, height: int) -> Photo:
    """The photo's middle, cut to the proportions of width x height and resized to it."""
    rows, columns = photo.shape[:2]
    across = max(1, min(columns, round(rows * width / height)))
    down = max(1, min(rows, round(columns * height / width)))
    top, left = (rows - down) // 2, (columns - across) // 2
    return resize(photo[top : top + down, left : left + across], width, height)


def size_of(megapixels: float) -> tuple[int, int]:
    """Width and height, 4 : 3, of a photo of this many megapixels (0.3072 is 640 x 480)."""
    quarter = round((megapixels * 1e6 / 12) ** 0.5)
    return 4 * quarter, 3 * quarter
