import numpy as np
import pytest

from fullcanvas.inference import Segmenter
from tests.tiny_model import write_tiny_model


@pytest.fixture(scope="session")
def model_path(tmp_path_factory):
    return write_tiny_model(tmp_path_factory.mktemp("model") / "tiny.zip")


@pytest.fixture(scope="session")
def segmenter(model_path):
    return Segmenter.load(model_path)


@pytest.fixture(scope="session")
def image():
    """A photo of 90 x 60 pixels: soft coloured blobs."""
    return photo(90, 60)


def photo(width, height):
    rng = np.random.default_rng(5)
    y, x = np.mgrid[:height, :width] / max(width, height)
    waves = rng.uniform(2, 20, (3, 2)), rng.uniform(0, 6, 3)
    planes = [np.sin(a * x + b * y + phase) for (a, b), phase in zip(*waves, strict=True)]
    return ((np.stack(planes, 2) + 1) * 127).astype(np.uint8)
