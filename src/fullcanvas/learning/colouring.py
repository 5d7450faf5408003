"""Changes to the colours of training photos."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray


class Colouring(NamedTuple):
    """How the colours of a photo are changed.

    Attributes:
        saturation: 0 is grey, 1 as it is.
        contrast: about the middle grey; 1 as it is.
        brightness: is added, in levels of 0..255.
        gains: float64 [3], a factor per channel.
    """

    saturation: float
    contrast: float
    brightness: float
    gains: NDArray[np.float64]


def draw_colouring(rng: np.random.Generator) -> Colouring:
    """Random gain per channel, brightness, contrast and saturation; one photo in twenty goes grey."""
    saturation = 0.0 if rng.random() < 0.05 else rng.uniform(0.6, 1.4)
    return Colouring(saturation, rng.uniform(0.7, 1.3), rng.uniform(-25, 25), rng.uniform(0.9, 1.1, 3))


def coloured(image: NDArray[np.uint8], colouring: Colouring) -> NDArray[np.uint8]:
    """A uint8 [h, w, 3] photo with its colours changed."""
    pixels = image.astype(np.float32)
    grey = pixels.mean(2, keepdims=True)
    pixels = grey + (pixels - grey) * colouring.saturation
    pixels = ((pixels - 127) * colouring.contrast + 127 + colouring.brightness) * colouring.gains
    changed: NDArray[np.uint8] = np.clip(pixels, 0, 255).astype(np.uint8)
    return changed
