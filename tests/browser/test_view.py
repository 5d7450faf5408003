"""What is shown of the photo and of its regions, and where."""

from __future__ import annotations

import json

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import expect

from fullcanvas.server.labels import distinct_color
from tests.browser.annotator import FLAG, PERSON, TWO_FRAMES, Annotator

pytestmark = pytest.mark.usefixtures("astronaut")


def test_zoom_stays_at_the_pointer_and_fit_comes_back(annotator: Annotator) -> None:
    fitted = annotator.client((0, 0)), annotator.client((512, 512))
    place = annotator.client((100, 400))
    zoom = annotator.page.locator("#zoom").inner_text()
    annotator.page.mouse.move(*place)
    annotator.page.mouse.wheel(0, -600)
    expect(annotator.page.locator("#zoom")).not_to_have_text(zoom)
    expect(annotator.page.locator("#under")).to_contain_text("100, 400")
    # A wheel tells whole pixels only.
    assert annotator.client((100, 400)) == pytest.approx(place, abs=2)
    assert annotator.client((512, 0))[0] - annotator.client((0, 0))[0] > 1.5 * (fitted[1][0] - fitted[0][0])

    annotator.page.keyboard.down("Space")
    annotator.begin_stroke((100, 400), (130, 420))
    annotator.page.mouse.up()
    annotator.page.keyboard.up("Space")
    assert annotator.client((100, 400)) != pytest.approx(place)
    assert annotator.state()["message"] is None

    annotator.press("f")
    assert annotator.client((0, 0)) == pytest.approx(fitted[0])
    assert annotator.client((512, 512)) == pytest.approx(fitted[1])


def test_views_of_the_overlay(annotator: Annotator) -> None:
    annotator.mark(*PERSON)
    fill, border = annotator.page.locator("#fill"), annotator.page.locator("#border")
    expect(fill).to_have_css("opacity", "0.45")
    annotator.press("b")
    expect(fill).to_have_css("opacity", "0")
    expect(border).to_be_visible()
    annotator.press("h")
    expect(border).to_be_hidden()
    annotator.press("h")
    expect(border).to_be_visible()
    annotator.page.keyboard.down("p")
    expect(border).to_be_hidden()
    annotator.page.keyboard.up("p")
    expect(border).to_be_visible()
    annotator.press("]")
    expect(fill).to_have_css("opacity", "0.55")
    annotator.press("u")
    expect(annotator.page.locator("#heat")).to_be_visible()
    annotator.page.keyboard.down("p")
    expect(annotator.page.locator("#heat")).to_be_hidden()
    annotator.page.keyboard.up("p")
    expect(annotator.page.locator("#heat")).to_be_visible()
    annotator.press("u")
    expect(annotator.page.locator("#heat")).to_be_hidden()


def test_borders_alone_have_the_regions_own_colours(annotator: Annotator) -> None:
    """On the fill they are lighter, to be seen; on a bright sky that would hide them."""
    region = annotator.mark(*PERSON)
    color = tuple(annotator.regions()[region]["color"])

    def shown() -> set[tuple[int, ...]]:
        border = annotator.canvas("border")[annotator.labels() == region]
        return {tuple(pixel[:3]) for pixel in border[border[:, 3] > 0].tolist()}

    on_fill = shown()
    assert color not in on_fill
    annotator.press("b")
    annotator.page.evaluate(TWO_FRAMES)
    assert shown() == {color}
    annotator.press("b")
    annotator.page.evaluate(TWO_FRAMES)
    assert shown() == on_fill


def test_how_somebody_likes_to_see_photos_is_kept(annotator: Annotator) -> None:
    annotator.press("]", ".", "q", "t", "h", "w")
    chosen = annotator.state()
    annotator.page.reload()
    annotator.settle()
    found = annotator.state()
    kept = ("opacity", "brush", "loupe", "names")
    assert [found[name] for name in kept] == [chosen[name] for name in kept]
    assert (found["brush"], found["loupe"], found["names"]) == (14, False, True)
    # What would hide work, or is for a moment, is not.
    assert (found["overlay"], found["gaps"]) == ("full", False)
    wrong = json.dumps({"opacity": "much", "names": 1})
    annotator.page.evaluate("wrong => localStorage.setItem('fullcanvas.view', wrong)", wrong)
    annotator.page.reload()
    annotator.settle()
    assert (annotator.state()["opacity"], annotator.state()["names"]) == (0.45, False)


def test_solo_fills_the_selected_region_only(annotator: Annotator) -> None:
    person = annotator.mark(*PERSON)
    annotator.mark(*FLAG)
    annotator.page.locator(f'[data-region="{person}"]').click()
    annotator.press("o")
    assert np.array_equal(annotator.canvas("fill")[..., 3] > 0, annotator.labels() == person)
    annotator.press("o")
    assert np.array_equal(annotator.canvas("fill")[..., 3] > 0, annotator.labels() > 0)


def test_a_region_is_hidden_and_shown_again(annotator: Annotator) -> None:
    person, flag = annotator.mark(*PERSON), annotator.mark(*FLAG)
    annotator.press("Shift+H")
    expect(annotator.message).to_contain_text("Select the region to hide")
    row = annotator.page.locator(f'[data-region="{person}"]')
    row.click()
    annotator.press("Shift+H")
    expect(row).to_contain_text("hidden")
    assert np.array_equal(annotator.canvas("fill")[..., 3] > 0, annotator.labels() == flag)
    assert not annotator.canvas("border")[..., 3][annotator.labels() == person].any()
    annotator.press("Escape", "Shift+H")
    expect(row).not_to_contain_text("hidden")
    assert np.array_equal(annotator.canvas("fill")[..., 3] > 0, annotator.labels() > 0)


def test_a_region_is_selected_under_the_pointer_and_shown_wherever_it_is(annotator: Annotator) -> None:
    person, flag = annotator.mark(*PERSON), annotator.mark(*FLAG)
    y, x = np.argwhere(annotator.labels() == flag)[-1]
    annotator.page.mouse.move(*annotator.client((x, y)))
    annotator.press("s")
    assert annotator.state()["selected"] == flag
    # Brushed pixels may lie outside a region's box, and are its own all the same.
    annotator.press("d")
    annotator.scribble((450, 20), (480, 20))
    annotator.press("Escape")
    y, x = np.argwhere(annotator.labels() == person)[-1]
    annotator.page.keyboard.down("Control")
    annotator.click((x, y))
    annotator.page.keyboard.up("Control")
    assert annotator.state()["selected"] == person
    assert len(annotator.regions()) == 2
    border, labels = annotator.canvas("border"), annotator.labels()
    white = (border == 255).all(axis=2)
    assert white[labels == person].any()
    assert not white[labels == flag].any()
    annotator.press("Escape")
    annotator.page.mouse.move(*annotator.client((460, 20)))
    annotator.press("s")
    assert (annotator.canvas("border") == 255).all(axis=2)[15:25, 440:490].any()


def test_a_region_that_is_selected_comes_into_sight(annotator: Annotator) -> None:
    coin = annotator.mark((440, 470), (460, 470), (450, 460), (450, 480))
    hat = annotator.mark((10, 20), (40, 20), (25, 10), (25, 40))
    stage = annotator.page.locator("#stage").bounding_box()
    assert stage is not None

    def in_sight(place: tuple[float, float]) -> bool:
        x, y = annotator.client(place)
        right, bottom = stage["x"] + stage["width"], stage["y"] + stage["height"]
        return stage["x"] <= x <= right and stage["y"] <= y <= bottom

    annotator.press("Shift+S")
    expect(annotator.message).to_contain_text("Select the region to zoom to first")
    annotator.page.mouse.move(*annotator.client((25, 25)))
    annotator.page.mouse.wheel(0, -1200)
    assert not in_sight((450, 470))
    before = annotator.client((25, 25))
    annotator.page.locator(f'[data-region="{hat}"]').click()
    assert annotator.client((25, 25)) == before
    scale = annotator.page.locator("#zoom").inner_text()
    annotator.press("Tab")
    assert annotator.state()["selected"] == coin
    assert all(in_sight(place) for place in ((440, 460), (461, 481)))
    assert annotator.page.locator("#zoom").inner_text() == scale
    annotator.press("f", "Shift+S")
    left, right = annotator.client((440, 470)), annotator.client((461, 470))
    assert right[0] - left[0] == pytest.approx(6 * 21, abs=1)
    assert (left[0] + right[0]) / 2 == pytest.approx(stage["x"] + stage["width"] / 2, abs=10)


def test_regions_of_one_label_are_told_apart_as_soon_as_the_photo_opens(annotator: Annotator) -> None:
    person = annotator.mark(*PERSON)
    annotator.press("1")
    flag = annotator.mark(*FLAG)
    annotator.press("1")
    annotator.page.reload()
    annotator.settle()
    fill, labels = annotator.canvas("fill"), annotator.labels()
    colors = {region: {tuple(color) for color in fill[labels == region]} for region in (person, flag)}
    assert [len(shown) for shown in colors.values()] == [1, 1]
    assert colors[person] != colors[flag]


def test_colours_that_are_alike_are_told_apart_and_the_others_kept(annotator: Annotator) -> None:
    colors = [distinct_color(number) for number in (0, 1, 9, 14, 22, 35, 0, 0, 22)]
    apart = """async (colors) => {
        const { tellApart } = await import("/static/palette.js");
        return tellApart({ regions: colors.map((color) => ({ color })) }).regions.map(({ color }) => color);
    }"""
    shown = annotator.page.evaluate(apart, colors)

    def distances(colors: object) -> NDArray[np.float64]:
        """From each colour to the nearest before it."""
        lab = cv2.cvtColor(np.array([colors], np.float32) / 255, cv2.COLOR_RGB2LAB)[0].astype(np.float64)
        pairs = np.linalg.norm(lab[:, None] - lab[None], axis=2)
        return np.array([pairs[at, :at].min() for at in range(1, len(lab))])

    assert distances(colors).min() == 0
    assert distances(shown).min() > 25
    far = distances(colors) > 60
    kept = [tuple(new) == old for new, old in zip(shown, colors, strict=True)]
    assert kept[0]
    assert far.any()
    assert all(kept[at + 1] for at in np.flatnonzero(far))


def test_the_map_of_the_uncertainty_leaves_out_what_is_unassigned(annotator: Annotator) -> None:
    annotator.mark(*PERSON)
    annotator.mark(*FLAG)
    annotator.press("u")
    expect(annotator.page.locator("#heat")).to_be_visible()
    heat, labels = annotator.canvas("heat")[..., 3], annotator.labels()
    assert heat[labels > 0].any()
    assert not heat[labels == 0].any()


def test_the_next_place_to_look_and_the_next_region_without_a_label(annotator: Annotator) -> None:
    person, flag = annotator.mark(*PERSON), annotator.mark(*FLAG)
    fitted = *annotator.client((0, 0)), *annotator.client((512, 512))
    annotator.press("j")
    expect(annotator.message).to_contain_text("Unassigned area 1 of")
    # The area is around the person, so it takes the whole photo to see it: that, and no less.
    assert (*annotator.client((0, 0)), *annotator.client((512, 512))) == pytest.approx(fitted)
    annotator.expect_ink(True)
    annotator.press("Escape")
    annotator.expect_ink(False)
    annotator.mark((0, 100), (511, 100), (100, 0), (100, 511))
    annotator.press("j")
    expect(annotator.message).to_contain_text("nsure place")
    annotator.press("k")
    assert annotator.state()["selected"] == person
    annotator.press("1", "k")
    assert annotator.state()["selected"] == flag


def test_the_next_place_is_on_the_photo_that_is_shown(annotator: Annotator) -> None:
    """Two photos that as much was done to."""
    annotator.mark((0, 250), (255, 250), (100, 0), (100, 511))
    annotator.press("j")
    expect(annotator.message).to_have_text("Unassigned area 1 of 1: up to 50.00 % of the photo to gain.")
    annotator.choose("chelsea.jpg")
    annotator.mark((200, 150), (450, 150), (300, 0), (300, 299))
    annotator.press("j")
    expect(annotator.message).to_have_text("Unassigned area 1 of 1: up to 44.35 % of the photo to gain.")
    place = annotator.state()["place"]
    assert [place[side] for side in ("x0", "y0", "x1", "y1")] == [0, 0, 200, 300]


def test_brightness_changes_the_photo_and_nothing_else(annotator: Annotator) -> None:
    annotator.page.get_by_label("Brightness and contrast of the photo").click()
    annotator.page.get_by_label("Brightness", exact=True).fill("200")
    expect(annotator.page.locator("#picture")).to_have_css("filter", "brightness(2)")
    annotator.page.get_by_role("button", name="Reset").click()
    expect(annotator.page.locator("#picture")).to_have_css("filter", "none")
    annotator.click((10, 10))
    expect(annotator.page.get_by_label("Brightness", exact=True)).to_be_hidden()


def test_the_photo_alone_moves_beside_the_stage(annotator: Annotator) -> None:
    annotator.mark(*PERSON)
    annotator.press("v")
    twin = annotator.page.locator("#twin-picture img")
    expect(twin).to_be_visible()
    annotator.page.mouse.move(*annotator.client((100, 400)))
    annotator.page.mouse.wheel(0, -300)
    expect(annotator.page.locator("#twin-mark")).to_be_visible()
    stage, shown = annotator.page.locator("#picture img").bounding_box(), twin.bounding_box()
    assert stage is not None
    assert shown is not None
    offset = annotator.page.locator("#twin").bounding_box()
    assert offset is not None
    left = annotator.page.locator("#stage").bounding_box()
    assert left is not None
    assert shown["x"] - offset["x"] == pytest.approx(stage["x"] - left["x"], abs=1.5)
    assert (shown["y"], shown["width"]) == pytest.approx((stage["y"], stage["width"]), abs=1.5)
    annotator.press("v")
    expect(twin).to_be_hidden()


def test_many_regions_have_a_line_each_so_that_more_are_seen(annotator: Annotator) -> None:
    height = "row => row.getBoundingClientRect().height"
    rows = annotator.page.locator("#region-list li")
    heights = []
    for number in range(9):
        annotator.mark(
            (10 + 50 * number, 40), (50 + 50 * number, 40), (30 + 50 * number, 20), (30 + 50 * number, 60)
        )
        expect(rows).to_have_count(number + 1)
        heights.append(rows.first.evaluate(height))
    assert len(set(heights[:8])) == 1
    assert 24 <= heights[8] <= 0.6 * heights[7]  # as low as a target for pointers may be, and no lower
