"""People who are quicker than the answers, and keys that belong to what has the focus."""

from __future__ import annotations

import re

import numpy as np
import pytest
from playwright.sync_api import Route, expect

from tests.browser.annotator import FLAG, PERSON, Annotator, Server

SKY = [(300, 40), (500, 40), (400, 10), (400, 90)]
ALONE = "rocket.jpg"


@pytest.mark.parametrize("panel", ["adjust", "history"])
def test_a_panel_opens_by_its_own_keys(annotator: Annotator, panel: str) -> None:
    annotator.open("astronaut.jpg")
    annotator.mark(*PERSON)
    summary = annotator.page.locator(f"#{panel} summary")
    for key in ("Enter", "Space"):
        was_open = annotator.page.locator(f"#{panel}").evaluate("panel => panel.open")
        summary.focus()
        annotator.press(key)
        expect(annotator.page.locator(f"#{panel}")).to_have_js_property("open", not was_open)
    assert annotator.state()["photo"]["path"] == "astronaut.jpg"
    assert annotator.state()["photo"]["status"] == "in_work"


@pytest.mark.parametrize("control", ["#adjust summary", "#history summary", "#opacity"])
def test_after_a_click_the_keys_belong_to_the_stage(annotator: Annotator, control: str) -> None:
    annotator.open("astronaut.jpg")
    region = annotator.mark(*PERSON)
    annotator.page.locator(control).click()
    expect(annotator.page.locator("#stage")).to_be_focused()
    annotator.press("Tab")
    assert annotator.state()["selected"] == region


def test_a_digit_labels_the_region_that_was_just_marked(annotator: Annotator) -> None:
    """... and not the one that was selected while marking went on."""
    annotator.open("astronaut.jpg")
    annotator.press("Shift+N")
    for point in PERSON:
        annotator.click(point)
    annotator.press("k", "1")
    for point in FLAG:
        annotator.click(point)
    annotator.press("2")
    assert [region["label"] for region in annotator.regions().values()] == ["cup", "table"]


def test_points_are_not_lost_by_completing_the_photo(annotator: Annotator) -> None:
    annotator.open("astronaut.jpg")
    annotator.press("n")
    annotator.click(PERSON[0])
    annotator.press("Enter")
    expect(annotator.message).to_contain_text("other points")
    assert len(annotator.state()["points"]) == 1
    assert annotator.state()["photo"]["status"] == "new"


def test_a_complete_photo_is_not_marked_on(annotator: Annotator) -> None:
    annotator.open_alone(ALONE)
    annotator.press("n", "Enter")
    expect(annotator.message).to_contain_text("place the region's other points first")
    assert annotator.state()["photo"]["status"] == "new"
    annotator.press("Escape")
    annotator.complete()
    expect(annotator.page.locator("#prompt")).to_contain_text("Complete")
    annotator.press("n")
    assert not annotator.state()["marking"]


def test_what_a_stroke_would_have_changed_goes_if_the_photo_is_complete_by_then(
    annotator: Annotator, server: Server
) -> None:
    annotator.open_alone(ALONE)
    annotator.mark((0, 200), (639, 200), (300, 0), (300, 426))
    annotator.press("1")
    annotator.mark((200, 200), (450, 200), (300, 50), (300, 390))
    annotator.press("1")
    before = annotator.labels()
    annotator.begin_stroke((320, 200), (480, 210), (560, 230))
    annotator.page.wait_for_function(
        "before => fullcanvas.labels().some((label, at) => label !== before[at])", arg=before.ravel().tolist()
    )
    annotator.press("Enter")
    annotator.page.mouse.up()
    expect(annotator.page.locator("#prompt")).to_contain_text("Complete")
    photo = annotator.state()["photo"]
    assert np.array_equal(annotator.labels(), server.label_map(photo["id"]))
    assert np.array_equal(annotator.labels(), before)


def test_the_buttons_take_a_point_back(annotator: Annotator) -> None:
    annotator.open("astronaut.jpg")
    annotator.press("n")
    buttons = [annotator.page.locator(f"#toolbar [data-command={name}]") for name in ("undo", "delete")]
    for button in buttons:
        expect(button).to_be_disabled()
    annotator.click(PERSON[0])
    annotator.click(PERSON[1])
    for left, button in zip((1, 0), buttons, strict=True):
        button.click()
        assert len(annotator.state()["points"]) == left
    assert annotator.state()["marking"]


def test_the_newest_row_is_seen_and_whoever_looks_elsewhere_is_left_there(annotator: Annotator) -> None:
    annotator.page.set_viewport_size({"width": 1280, "height": 640})
    annotator.open("astronaut.jpg")
    for number in range(16):
        x, y = 20 + 110 * (number % 4), 20 + 110 * (number // 4)
        annotator.mark((x, y + 40), (x + 90, y + 40), (x + 45, y), (x + 45, y + 80))
    rows = annotator.page.locator("#region-list li")
    expect(rows.last).to_be_in_viewport(ratio=0.9)
    rows.first.scroll_into_view_if_needed()
    annotator.scribble((60, 60), (70, 62))
    expect(rows.first).to_be_in_viewport()


def test_rows_say_in_full_what_they_have_no_room_for(annotator: Annotator) -> None:
    annotator.open("astronaut.jpg")
    region = annotator.mark(*PERSON)
    annotator.press("1", "Tab", "Shift+H")
    row = annotator.page.locator(f"[data-region='{region}']")
    expect(row).to_have_attribute(
        "title", f"{row.locator('.name').inner_text()} · {row.locator('.quiet').inner_text()}"
    )
    # What is read most comes first: a long label leaves room for that alone.
    expect(row.locator(".quiet")).to_have_text(re.compile(r"^hidden · [\d.]+ % · #1( · \d+ s)?$"))


def test_a_label_is_never_for_a_region_of_another_photo(annotator: Annotator) -> None:
    """A box that is dragged is a sketch as the marks of a new region are; there is no new region."""
    annotator.open("chelsea.jpg")
    only = annotator.mark((50, 150), (400, 150), (200, 20), (200, 290))
    annotator.open("astronaut.jpg")
    for points in (PERSON, FLAG, SKY):
        annotator.mark(*points)
    annotator.open("chelsea.jpg")
    annotator.press("Tab")
    held: list[Route] = []
    annotator.route("**/interactions", lambda route: route.continue_() if held else held.append(route))
    annotator.page.mouse.move(*annotator.client((50, 150)))
    annotator.page.mouse.down()
    annotator.page.mouse.move(*annotator.client((30, 150)), steps=4)
    annotator.page.mouse.up()
    annotator.page.keyboard.press("Escape")
    annotator.page.keyboard.press("1")
    annotator.page.wait_for_function("() => fullcanvas.state().waiting === 2")
    held[0].continue_()
    annotator.settle()
    assert annotator.regions()[only]["label"] == "cup"
    assert annotator.state()["message"] is None


def test_a_point_under_way_is_none_when_another_window_completes_the_photo(
    annotator: Annotator, server: Server
) -> None:
    annotator.open("astronaut.jpg")
    person = annotator.mark(*PERSON)
    annotator.press("n")
    for point in FLAG[:3]:
        annotator.click(point)
    annotator.page.mouse.move(*annotator.client(FLAG[3]))
    photo = annotator.state()["photo"]
    held: list[Route] = []
    annotator.route(f"**/photos/{photo['id']}", lambda route: held.append(route))
    # The page has asked for the photo as it is now, and gets the answer while the pointer is down.
    with annotator.page.expect_request(f"**/photos/{photo['id']}"):
        server.send("POST", f"/photos/{photo['id']}/complete", version=photo["version"], complete=True)
    annotator.page.mouse.down()
    held[0].continue_()
    expect(annotator.page.locator("#prompt")).to_contain_text("Complete")
    annotator.page.mouse.up()
    assert annotator.state()["points"] == []
    annotator.press("Shift+Enter")
    annotator.settle()
    annotator.press("1")
    assert annotator.regions()[person]["label"] == "cup"
    annotator.complete()
    expect(annotator.page.locator("#photo-name")).not_to_have_text("astronaut.jpg")


def test_twice_is_once(annotator: Annotator) -> None:
    annotator.open("astronaut.jpg")
    person = annotator.mark(*PERSON)
    flag = annotator.mark(*FLAG)
    annotator.press("Shift+Tab")
    annotator.page.keyboard.press("Delete")
    annotator.page.keyboard.press("Delete")
    annotator.settle()
    assert list(annotator.regions()) == [person]
    assert annotator.state()["message"]["tone"] == "info"
    annotator.press("z", "Tab", "m")
    annotator.page.mouse.dblclick(*annotator.client((10, 200)))
    annotator.settle()
    assert list(annotator.regions()) == [person]
    assert flag not in annotator.regions()
    assert annotator.state()["message"]["tone"] == "info"
