"""Pens, input methods, screens of other scales, screen readers, and machines without a network."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlsplit

import numpy as np
import pytest
from playwright.sync_api import Browser, expect

from tests.browser.annotator import FLAG, PERSON, Annotator, Server
from tests.browser.conftest import TIMEOUT_MS
from tests.browser.hands import Hands

CONTROLS = {"button", "ColorWell", "slider", "combobox", "textbox", "checkbox", "radio", "link", "listbox"}


def test_a_pen_draws_while_the_palm_rests_and_fingers_pan(annotator: Annotator) -> None:
    annotator.open("astronaut.jpg")
    person = annotator.mark(*PERSON)
    annotator.press("Tab")
    hands = Hands(annotator)
    hands.pen("mousePressed", (250, 250))
    hands.pen("mouseMoved", (260, 255))
    # The palm comes down and moves in the middle of the stroke.
    palm = annotator.client((400, 450))
    before = annotator.client((0, 0))
    hands.touch("touchStart", palm)
    hands.touch("touchMove", (palm[0] + 30, palm[1] + 30))
    hands.pen("mouseMoved", (300, 260))
    hands.touch("touchEnd")
    hands.pen("mouseReleased", (300, 260))
    annotator.settle()
    assert annotator.client((0, 0)) == before
    assert annotator.regions()[person]["scribbles"] == 1
    assert annotator.labels()[260, 300] == person

    # A finger alone moves the photo, and draws nothing.
    finger = annotator.client((200, 200))
    hands.touch("touchStart", finger)
    hands.touch("touchMove", (finger[0] + 40, finger[1] + 25))
    hands.touch("touchEnd")
    annotator.settle()
    assert annotator.client((200, 200)) == pytest.approx((finger[0] + 40, finger[1] + 25), abs=1)
    assert annotator.regions()[person]["scribbles"] == 1


def test_the_keys_of_an_input_method_are_its_own(annotator: Annotator) -> None:
    """With one, Enter ends a word of Chinese, and Escape gives it up, before all is written."""
    annotator.open_alone("astronaut.jpg")
    person, hands, page = annotator.mark(*PERSON), Hands(annotator), annotator.page
    annotator.complete()
    annotator.press("r")
    hands.compose("太粗", "Escape")
    expect(page.get_by_label("What has to be done?")).to_be_focused()
    annotator.press("Escape")
    annotator.click((100, 100))
    hands.compose("头发", "Enter")
    expect(page.get_by_label("Pin 1", exact=True)).to_be_focused()
    annotator.press("Escape", "Escape", "Shift+F")
    hands.compose("人", "Enter")
    expect(page.get_by_label("Find photos by name")).to_be_focused()
    annotator.press("Escape", "Shift+Enter", "/")
    hands.compose("宇航", "Enter")
    hands.compose("员", "Enter")
    annotator.press("Enter")
    assert annotator.regions()[person]["label"] == "宇航员"


def test_a_finger_beside_an_extreme_point_drags_it(annotator: Annotator) -> None:
    annotator.open("astronaut.jpg")
    person = annotator.mark(*PERSON)
    annotator.press("Tab")
    left = annotator.client(PERSON[0])
    finger, hands = (left[0] + 14, left[1] + 9), Hands(annotator)
    hands.touch("touchStart", finger)
    hands.touch("touchMove", (finger[0] - 20, finger[1]))
    hands.touch("touchMove", (finger[0] - 40, finger[1]))
    hands.touch("touchEnd")
    annotator.settle()
    assert annotator.regions()[person]["scribbles"] == 0
    assert annotator.regions()[person]["box"][0] < PERSON[0][0]


@pytest.mark.parametrize("size", [(360, 640), (390, 844)])
def test_everything_can_be_reached_on_a_telephone(annotator: Annotator, size: tuple[int, int]) -> None:
    annotator.page.set_viewport_size({"width": size[0], "height": size[1]})
    annotator.open("astronaut.jpg")
    annotator.mark(*PERSON)
    for thing in ("#label-list button >> nth=-1", "#history summary", "#region-list button >> nth=0"):
        found = annotator.page.locator(thing)
        found.scroll_into_view_if_needed()
        expect(found).to_be_in_viewport(ratio=0.9)
        middle = """thing => {
            const { x, y, width, height } = thing.getBoundingClientRect();
            return thing.contains(document.elementFromPoint(x + width / 2, y + height / 2));
        }"""
        assert found.evaluate(middle)
    annotator.press("Shift+N")
    prompt = annotator.page.locator("#prompt")
    count = """prompt => {
        const range = document.createRange();
        range.setStart(prompt.firstChild, 0);
        range.setEnd(prompt.firstChild, "0 of 4".length);
        const [text, line] = [range.getBoundingClientRect(), prompt.parentElement.getBoundingClientRect()];
        return text.top >= line.top && text.bottom <= line.bottom;
    }"""
    assert prompt.evaluate(count)


@pytest.mark.parametrize("scale", [1.25, 1.5, 2])
def test_a_click_means_the_same_pixel_at_every_scale(chromium: Browser, server: Server, scale: float) -> None:
    context = chromium.new_context(viewport={"width": 1280, "height": 800}, device_scale_factor=scale)
    context.set_default_timeout(TIMEOUT_MS)
    try:
        annotator = Annotator(context.new_page(), server.address)
        annotator.open("chelsea.jpg")
        points = [(30, 150), (420, 151), (200, 10), (201, 290)]
        region = annotator.mark(*points)
        assert sorted(map(tuple, annotator.regions()[region]["extreme_points"])) == sorted(points)
        annotator.press("Tab", "d", *[","] * 20)
        annotator.page.mouse.move(*annotator.client((3, 4)))
        annotator.page.mouse.wheel(0, -1500)
        annotator.click((3, 4))
        # The brush has at least a pixel's radius: its neighbours may be covered, all or none of them.
        assert np.argwhere(annotator.labels()[:10, :10]).mean(axis=0).tolist() == [4, 3]
        # What is drawn is as fine as the screen.
        ink, stage = annotator.canvas("ink"), annotator.page.locator("#stage").bounding_box()
        assert stage is not None
        assert ink.shape[:2] == (round(stage["height"] * scale), round(stage["width"] * scale))
        assert annotator.complaints == []
    finally:
        context.close()


def test_nothing_overflows_when_everything_is_twice_as_large(chromium: Browser, server: Server) -> None:
    """A window of 1280 x 800 at 200 %: the browser then has 640 x 400 for the page."""
    context = chromium.new_context(viewport={"width": 640, "height": 400}, device_scale_factor=2)
    context.set_default_timeout(TIMEOUT_MS)
    try:
        annotator = Annotator(context.new_page(), server.address)
        annotator.open("chelsea.jpg")
        annotator.mark((30, 150), (420, 150), (200, 10), (200, 290))
        root = "document.documentElement"
        sizes = annotator.page.evaluate(f"() => [{root}.scrollWidth, {root}.scrollHeight]")
        assert sizes == [640, 400]
        for button in annotator.page.get_by_role("toolbar", name="Tools").get_by_role("button").all():
            assert_inside(button.bounding_box(), 640, 400)
        for key, dialog in (("?", "Keys and gestures"), ("y", "Project"), ("e", "Export")):
            annotator.press(key)
            shown = annotator.page.get_by_role("dialog", name=dialog)
            expect(shown).to_be_visible()
            assert_inside(shown.bounding_box(), 640, 400)
            assert shown.evaluate("dialog => dialog.scrollWidth <= dialog.clientWidth")
            annotator.page.keyboard.press("Escape")
    finally:
        context.close()


def assert_inside(box: Any, width: int, height: int) -> None:
    assert box is not None
    assert box["x"] >= 0
    assert box["y"] >= 0
    assert box["x"] + box["width"] <= width
    assert box["y"] + box["height"] <= height


def test_every_control_has_a_name_for_a_screen_reader(annotator: Annotator) -> None:
    annotator.open("chelsea.jpg")
    annotator.mark((30, 150), (420, 150), (200, 10), (200, 290))
    seen: set[str] = set()
    session = annotator.page.context.new_cdp_session(annotator.page)

    def check() -> None:
        for node in session.send("Accessibility.getFullAXTree")["nodes"]:
            role = node.get("role", {}).get("value")
            if node["ignored"] or role not in CONTROLS:
                continue
            name = node.get("name", {}).get("value", "").strip()
            assert name, node
            seen.add(name)

    annotator.press("g")
    expect(annotator.page.locator("#history-list button")).to_have_count(2)
    check()
    annotator.page.get_by_label("Brightness and contrast of the photo").click()
    check()
    annotator.page.locator("#stage").focus()
    annotator.press("/")
    check()
    annotator.page.keyboard.press("Escape")
    for key in ("y", "e", "?"):
        annotator.press(key)
        check()
        annotator.page.keyboard.press("Escape")
    annotator.press("Enter")
    check()
    annotator.page.locator("#complete-go").click()
    annotator.settle()
    annotator.press("ArrowLeft", "r")
    check()
    annotator.page.keyboard.press("Escape")
    annotator.page.set_viewport_size({"width": 640, "height": 400})
    check()
    assert {"Mark region", "Undo", "Label", "Colour of cup", "Delete cup", "Contrast", "Reject"} <= seen


def test_high_contrast_leaves_colours_of_regions_and_shows_what_is_chosen(annotator: Annotator) -> None:
    annotator.page.emulate_media(forced_colors="active")
    annotator.open("astronaut.jpg")
    person, _ = annotator.mark(*PERSON), annotator.mark(*FLAG)
    annotator.page.locator(f'[data-region="{person}"]').click()
    annotator.press("d", "g")
    ground = "element => getComputedStyle(element).backgroundColor"
    swatches = annotator.page.locator("#region-list .swatch").evaluate_all(f"all => all.map({ground})")
    colors = [tuple(region["color"]) for region in annotator.regions().values()]
    assert swatches == [f"rgb({red}, {green}, {blue})" for red, green, blue in colors]
    chosen = annotator.page.locator('[aria-pressed="true"], [aria-current]')
    expect(chosen).to_have_count(4)  # the photo, the brush, the region, and the last step of the history
    assert len(set(chosen.evaluate_all(f"all => all.map({ground})"))) == 1
    others = annotator.page.locator("[aria-pressed=false], #photo-list button:not([aria-current])")
    assert chosen.first.evaluate(ground) not in others.evaluate_all(f"all => all.map({ground})")


def test_nothing_is_asked_of_any_other_machine(annotator: Annotator, server: Server) -> None:
    asked: list[str] = []
    annotator.page.context.on("request", lambda request: asked.append(request.url))
    annotator.open("chelsea.jpg")
    annotator.mark((30, 150), (420, 150), (200, 10), (200, 290))
    annotator.press("1", "u", "j", "g", "y")
    annotator.page.keyboard.press("Escape")
    annotator.press("v", "+", "+", "+", "e")
    annotator.page.get_by_label("photos in work, too").check()
    with annotator.page.expect_download():
        annotator.page.get_by_role("button", name="Export", exact=True).last.click()
    assert len(asked) > 40
    elsewhere = [url for url in asked if urlsplit(url).scheme not in ("blob", "data")]
    assert {f"{urlsplit(url).scheme}://{urlsplit(url).netloc}" for url in elsewhere} == {server.address}
