"""What would change is told while it is being drawn, and nothing is stored."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from fullcanvas.annotation import Mask
from tests.server.conftest import LEFT, RIGHT, Page, PatchRead, read_patch

STROKE = [[20, 20], [60, 30]]


@pytest.fixture
def two(page: Page) -> Page:
    """A photo with two regions."""
    page.interact(1, "add_region", extreme_points=LEFT)
    page.interact(1, "add_region", extreme_points=RIGHT)
    return page


def patched(display: NDArray[np.uint16], patch: PatchRead) -> NDArray[np.uint16]:
    shown, header = display.copy(), patch.header
    shown[header["y0"] : header["y1"], header["x0"] : header["x1"]] = patch.labels
    return shown


def test_a_preview_shows_what_the_interaction_will(two: Page) -> None:
    before = two.display(1)
    photo, history = two.get("/photos/1"), two.get("/photos/1/history")
    for points in ([[20, 20], [40, 25]], STROKE):
        answer = two.post("/photos/1/preview", version=2, kind="scribble", points=points)
        assert answer.status_code == 200
    seen = read_patch(answer.content)
    assert seen.header["photo"] is None
    assert seen.header["region"] == 1
    assert np.array_equal(two.display(1), before)
    assert (two.get("/photos/1"), two.get("/photos/1/history")) == (photo, history)
    two.interact(1, "scribble", version=2, points=STROKE)
    assert np.array_equal(two.display(1), patched(before, seen))


def test_a_preview_of_what_cannot_be_done_says_why(two: Page) -> None:
    stale = two.post("/photos/1/preview", version=1, kind="fill")
    assert (stale.status_code, stale.json()["version"]) == (409, 2)
    assert two.post("/photos/1/preview", version=2, kind="label", region=1, label="none").status_code == 422
    assert two.post("/photos/99/preview", version=0, kind="fill").status_code == 404
    two.post("/photos/1/complete", version=2, complete=True)
    assert two.post("/photos/1/preview", version=3, kind="fill").status_code == 422


def test_a_mask_of_another_model_becomes_a_region(page: Page) -> None:
    pixels = np.zeros((80, 96), bool)
    pixels[10:30, 40:50] = pixels[50, 60] = True
    page.post("/labels", name="cat")
    answer = page.interact(1, "import_mask", mask=Mask.of(pixels).counts, label="cat")
    assert answer.header["region"] == 1
    assert np.array_equal(page.display(1), pixels.astype(int))
    (region,) = page.get("/photos/1")["regions"]
    assert (region["label"], region["box"]) == ("cat", [40, 10, 61, 51])
    refused = page.post("/photos/1/interactions", version=1, kind="import_mask", mask="06")
    assert refused.status_code == 422
    assert "do not fill 96 x 80 pixels" in refused.json()["detail"]
