"""What a crowded photo's ink covers is drawn once, and not again by every correction."""

import numpy as np

from fullcanvas.annotation import ink
from fullcanvas.benchmark.marks import corrected, marked, scribbled
from fullcanvas.inference import Segmenter
from tests.inference.conftest import photo
from tests.tiny_model import write_tiny_model

WIDTH, HEIGHT = 600, 450


def test_corrections_of_a_crowded_photo_draw_no_ink_a_second_time(tmp_path):
    path = write_tiny_model(tmp_path / "tiny.zip", working_size=256, closer_below=96)
    rng = np.random.default_rng(0)
    before = scribbled(marked(rng, WIDTH, HEIGHT, 100), rng, 4)
    session = Segmenter.load(path).open(photo(WIDTH, HEIGHT), before)
    strokes = [corrected(before, rng) for _ in range(40)]
    ink._drawn.cache_clear()
    for after in strokes:
        session.apply(after)
    drawn = ink._drawn.cache_info().misses
    for after in strokes:
        session.apply(after)
    assert ink._drawn.cache_info().misses == drawn
