"""A photo of 24 megapixels with many regions: what is held at once stays bounded."""

import subprocess
import sys

import pytest

REGIONS = 40
FULL_MEGABYTES = 6000 * 4000 * 4 / 2**20

SCRIPT = """
import resource, sys
import numpy as np
from fullcanvas.annotation import Annotation
from fullcanvas.inference import Segmenter

def peak():
    kilobytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return kilobytes / (2**20 if sys.platform == "darwin" else 2**10)

segmenter = Segmenter.load(sys.argv[1])
image = np.full((4000, 6000, 3), 90, np.uint8)
small = segmenter.open(image[:40, :60])
small.add_region([(0, 0), (59, 0), (9, 0), (9, 39)])
before = peak()
log = Annotation(6000, 4000)
for index in range(int(sys.argv[2])):
    left = 50 * index
    log = log.add_region([(left, 2000), (left + 3900, 2000), (3000, index), (3000, 3999)])
session = segmenter.open(image, log)
session.scribble([(10, 1000), (3900, 3000)])
session.undo()
shown = peak() - before
labels = session.label_map
assert labels.shape == (4000, 6000) and (labels[::500, ::500] > 1).any()
print(shown, peak() - before)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no resource module")
def test_memory_does_not_grow_with_regions_times_pixels(model_path):
    command = [sys.executable, "-c", SCRIPT, str(model_path), str(REGIONS)]
    done = subprocess.run(command, capture_output=True, text=True, check=True, timeout=300)
    shown, full = map(float, done.stdout.split())
    # One full-resolution plane is FULL_MEGABYTES large; one for each region would be 40 of them.
    assert shown < FULL_MEGABYTES
    assert full < 2 * FULL_MEGABYTES
