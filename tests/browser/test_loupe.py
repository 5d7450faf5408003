"""The loupe: what it shows, and when it is in nobody's way."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Locator, expect

from tests.browser.annotator import FLAG, PERSON, TWO_FRAMES, Annotator

pytestmark = pytest.mark.usefixtures("astronaut")


@pytest.fixture
def loupe(annotator: Annotator) -> Locator:
    return annotator.page.locator("#loupe")


def point_at(annotator: Annotator, place: tuple[float, float]) -> None:
    annotator.page.mouse.move(*annotator.client(place))
    annotator.page.evaluate(TWO_FRAMES)


def test_it_shows_the_pixels_around_the_pointer_while_points_are_placed(
    annotator: Annotator, loupe: Locator, example_photos
) -> None:
    with Image.open(example_photos / "astronaut.jpg") as file:
        photo = np.asarray(file.convert("RGB")).astype(int)
    point_at(annotator, PERSON[0])
    expect(loupe).to_be_hidden()
    annotator.press("n")
    for x, y in ((300, 60), (420, 380)):
        point_at(annotator, (x, y))
        expect(loupe).to_be_visible()
        shown = annotator.canvas("loupe")[..., :3].astype(int)
        middle = shown.shape[0] // 2
        # The lines leave the middle open; the browser decodes the photo a little differently.
        assert np.abs(shown[middle - 2, middle - 2] - photo[y, x]).max() <= 24
        whole = np.asarray(
            Image.fromarray(shown.astype(np.uint8)).resize((5, 5), Image.Resampling.BOX)
        ).astype(int)
        around = photo[y - 12 : y + 13, x - 12 : x + 13].mean((0, 1))
        assert np.abs(whole[1:4, 1:4].mean((0, 1)) - around).max() <= 40


def test_it_goes_when_the_points_are_placed_and_comes_for_a_point_that_is_dragged(
    annotator: Annotator, loupe: Locator
) -> None:
    annotator.mark(*FLAG)
    expect(loupe).to_be_hidden()
    annotator.press("Tab")
    annotator.page.mouse.move(*annotator.client(FLAG[1]))
    annotator.page.mouse.down()
    annotator.page.mouse.move(*annotator.client((130, 155)), steps=4)
    expect(loupe).to_be_visible()
    annotator.page.mouse.up()
    expect(loupe).to_be_hidden()


def test_a_stroke_needs_none(annotator: Annotator, loupe: Locator) -> None:
    annotator.mark(*FLAG)
    annotator.begin_stroke((60, 200), (100, 250))
    expect(loupe).to_be_hidden()
    annotator.page.mouse.up()


@pytest.mark.parametrize("size", [(1280, 800), (360, 640), (844, 390)])
def test_it_stays_on_the_stage_and_beside_the_pointer(
    annotator: Annotator, loupe: Locator, size: tuple[int, int]
) -> None:
    annotator.page.set_viewport_size({"width": size[0], "height": size[1]})
    annotator.press("f", "n")
    stage = annotator.page.locator("#stage").bounding_box()
    assert stage is not None
    for place in ((3, 3), (508, 3), (3, 508), (508, 508), (250, 250)):
        point_at(annotator, place)
        box, (x, y) = loupe.bounding_box(), annotator.client(place)
        assert box is not None
        assert box["x"] >= stage["x"]
        assert box["y"] >= stage["y"]
        assert box["x"] + box["width"] <= stage["x"] + stage["width"]
        assert box["y"] + box["height"] <= stage["y"] + stage["height"]
        assert not (box["x"] <= x <= box["x"] + box["width"] and box["y"] <= y <= box["y"] + box["height"])


def test_a_pixel_of_a_photo_is_a_square_of_the_loupe(annotator: Annotator, loupe: Locator) -> None:
    """Nothing is resampled between the canvas and the screen."""
    annotator.press("n")
    point_at(annotator, (300, 60))
    assert loupe.evaluate("canvas => canvas.width === canvas.clientWidth * devicePixelRatio")


def test_it_can_be_put_away_and_is_when_pixels_are_large(annotator: Annotator, loupe: Locator) -> None:
    annotator.press("n")
    point_at(annotator, (300, 60))
    expect(loupe).to_be_visible()
    annotator.press("q")
    expect(loupe).to_be_hidden()
    annotator.press("q")
    expect(loupe).to_be_visible()
    annotator.page.mouse.wheel(0, -1500)
    expect(loupe).to_be_hidden()


def test_a_finger_that_covers_the_place_has_it_beside_itself(annotator: Annotator, loupe: Locator) -> None:
    session = annotator.page.context.new_cdp_session(annotator.page)
    annotator.press("n")
    x, y = annotator.client((300, 200))
    session.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [{"x": x, "y": y}]})
    expect(loupe).to_be_visible()
    session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    expect(loupe).to_be_hidden()
    assert len(annotator.state()["points"]) == 1
