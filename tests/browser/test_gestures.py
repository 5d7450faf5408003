"""Every gesture and key does what the sheet of keys says."""

from __future__ import annotations

import re

import numpy as np
import pytest
from playwright.sync_api import expect

from tests.browser.annotator import Annotator

PERSON = [(92, 297), (448, 400), (207, 3), (250, 510)]
FLAG = [(0, 200), (120, 150), (60, 100), (60, 330)]


@pytest.fixture(autouse=True)
def photo(annotator: Annotator) -> None:
    """The astronaut, with nothing on her."""
    annotator.open("astronaut.jpg")


def test_escape_gives_up_marking(annotator: Annotator) -> None:
    annotator.press("n")
    annotator.click(PERSON[0])
    annotator.click(PERSON[1])
    assert len(annotator.state()["points"]) == 2
    annotator.press("Escape")
    assert annotator.state()["points"] == []
    assert not annotator.state()["marking"]
    annotator.press("n")
    for point in PERSON:
        annotator.click(point)
    assert len(annotator.regions()) == 1
    assert sorted(map(tuple, annotator.regions()[annotator.state()["newest"]]["extreme_points"])) == sorted(
        PERSON
    )


def test_a_point_can_be_taken_back_and_the_running_box_shows(annotator: Annotator) -> None:
    annotator.press("n")
    annotator.click(PERSON[0])
    annotator.click((10, 10))
    annotator.press("Backspace")
    assert [[int(x), int(y)] for x, y in annotator.state()["points"]] == [list(PERSON[0])]
    annotator.page.mouse.move(*annotator.client((300, 400)))
    expect(annotator.page.locator("#prompt")).to_contain_text("1 of 4")
    assert annotator.canvas("ink")[..., 3].any()


def test_shift_n_marks_region_after_region(annotator: Annotator) -> None:
    annotator.press("Shift+N")
    for point in (*PERSON, *FLAG):
        annotator.click(point)
    assert len(annotator.regions()) == 2
    assert annotator.state()["marking"]
    annotator.press("Escape")
    assert not annotator.state()["marking"]


def test_clicks_beside_the_photo_mean_its_edge(annotator: Annotator) -> None:
    region = annotator.mark((-8, 200), (120, 150), (60, 100), (60, 330))
    assert annotator.regions()[region]["box"][0] == 0


def test_undo_and_redo_by_keys(annotator: Annotator) -> None:
    annotator.mark(*PERSON)
    one = annotator.labels()
    annotator.mark(*FLAG)
    two = annotator.labels()
    annotator.press("z")
    assert np.array_equal(annotator.labels(), one)
    annotator.press("z")
    assert not annotator.labels().any()
    assert not annotator.canvas("fill").any()
    annotator.press("z")
    expect(annotator.message).to_contain_text("nothing to undo")
    annotator.press("Shift+Z", "Shift+Z")
    assert np.array_equal(annotator.labels(), two)
    annotator.press("Shift+Z")
    expect(annotator.message).to_contain_text("nothing to redo")


def test_nothing_done_in_a_hurry_is_lost(annotator: Annotator) -> None:
    """Keys and clicks that come before the server has answered are carried out in their order."""
    annotator.page.keyboard.press("n")
    for point in PERSON:
        annotator.page.mouse.click(*annotator.client(point))
    annotator.page.keyboard.press("2")
    annotator.page.keyboard.press("n")
    for point in FLAG:
        annotator.page.mouse.click(*annotator.client(point))
    annotator.page.keyboard.press("1")
    annotator.settle()
    assert [region["label"] for region in annotator.regions().values()] == ["table", "cup"]
    annotator.page.keyboard.press("z")
    annotator.page.keyboard.press("z")
    annotator.page.keyboard.press("Shift+Z")
    annotator.settle()
    assert [region["label"] for region in annotator.regions().values()] == ["table", None]


def test_a_selected_region_owns_the_next_stroke(annotator: Annotator) -> None:
    person, flag = annotator.mark(*PERSON), annotator.mark(*FLAG)
    annotator.press("Tab", "Tab")
    assert annotator.state()["selected"] == flag
    # Far outside its box, in the other region.
    annotator.scribble((300, 350), (320, 380))
    assert annotator.regions()[flag]["scribbles"] == 1
    assert annotator.labels()[350, 300] == flag
    annotator.press("Shift+Tab")
    assert annotator.state()["selected"] == person
    annotator.press("Escape")
    assert annotator.state()["selected"] is None


def test_a_click_is_a_scribble_of_one_point_and_needs_a_region(annotator: Annotator) -> None:
    person = annotator.mark(*PERSON)
    annotator.click((490, 20))
    expect(annotator.message).to_contain_text("No region here")
    assert annotator.regions()[person]["scribbles"] == 0
    y, x = np.argwhere(annotator.labels() == person)[0]
    annotator.click((x, y))
    assert annotator.regions()[person]["scribbles"] == 1


def test_extreme_points_are_moved_by_dragging(annotator: Annotator) -> None:
    region = annotator.mark(*FLAG)
    annotator.press("Tab")
    annotator.scribble((120, 150), (200, 160))
    assert annotator.regions()[region]["box"] == [0, 100, 201, 331]
    annotator.scribble((150, 331), (150, 400))
    assert annotator.regions()[region]["box"] == [0, 100, 201, 401]
    assert annotator.regions()[region]["scribbles"] == 0


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
    annotator.press("u")
    expect(annotator.page.locator("#heat")).to_be_hidden()


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


def test_shift_draws_straight(annotator: Annotator) -> None:
    annotator.mark(*PERSON)
    annotator.press("Tab")
    annotator.page.keyboard.down("Shift")
    annotator.begin_stroke((250, 250), (300, 300), (340, 250))
    annotator.page.keyboard.up("Shift")
    with annotator.page.expect_request("**/interactions") as sent:
        annotator.page.mouse.up()
    points = (sent.value.post_data_json or {})["points"]
    assert [[int(x), int(y)] for x, y in points] == [[250, 250], [340, 250]]
    annotator.settle()


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


def test_the_next_place_to_look_and_the_next_region_without_a_label(annotator: Annotator) -> None:
    person, flag = annotator.mark(*PERSON), annotator.mark(*FLAG)
    fitted = annotator.client((0, 0))
    annotator.press("j")
    expect(annotator.message).to_contain_text("Unassigned area 1 of")
    assert annotator.client((0, 0)) != pytest.approx(fitted)
    annotator.mark((0, 100), (511, 100), (100, 0), (100, 511))
    annotator.press("j")
    expect(annotator.message).to_contain_text("nsure place")
    annotator.press("k")
    assert annotator.state()["selected"] == person
    annotator.press("1", "k")
    assert annotator.state()["selected"] == flag


def test_the_sheet_lists_every_key_and_changes_them(annotator: Annotator) -> None:
    annotator.press("?")
    sheet = annotator.page.locator("#help-dialog")
    expect(sheet).to_be_visible()
    for key in [
        "N",
        "Shift+N",
        "Esc",
        "Tab",
        "Shift+Tab",
        "Del",
        "Z",
        "Shift+Z",
        "/",
        "F",
        "H",
        "B",
        "P",
        "U",
        "J",
        "K",
    ]:
        expect(sheet.locator("kbd", has_text=key).first).to_be_visible()
    for key in ["Enter", "←", "→", "?", "1 … 9, 0"]:
        expect(sheet.locator("kbd", has_text=key).first).to_be_visible()
    buttons = annotator.page.locator("button[data-command]").all()
    rows = {row.get_attribute("data-command-row") for row in sheet.locator("[data-command-row]").all()}
    assert {button.get_attribute("data-command") for button in buttons} <= rows

    sheet.locator('[data-change="mark"]').click()
    annotator.page.keyboard.press("m")
    annotator.page.keyboard.press("Escape")
    expect(sheet).to_be_hidden()
    annotator.press("n")
    assert not annotator.state()["marking"]
    annotator.press("m")
    assert annotator.state()["marking"]


def test_brightness_changes_the_photo_and_nothing_else(annotator: Annotator) -> None:
    annotator.page.get_by_label("Brightness and contrast of the photo").click()
    annotator.page.get_by_label("Brightness", exact=True).fill("200")
    expect(annotator.page.locator("#picture")).to_have_css("filter", "brightness(2)")
    annotator.page.get_by_role("button", name="Reset").click()
    expect(annotator.page.locator("#picture")).to_have_css("filter", "none")
    annotator.click((10, 10))
    expect(annotator.page.get_by_label("Brightness", exact=True)).to_be_hidden()


def test_every_control_has_a_name(annotator: Annotator) -> None:
    annotator.mark(*PERSON)
    annotator.page.set_viewport_size({"width": 700, "height": 600})
    tree = annotator.page.locator("body").aria_snapshot()
    assert "button" in tree
    assert re.findall(r"^\s*- (?:button|slider|combobox|textbox)(?:$|:| \[).*", tree, re.MULTILINE) == []


def test_the_keyboard_reaches_every_part_of_the_page(annotator: Annotator) -> None:
    region = annotator.mark(*PERSON)
    annotator.press("F6")
    expect(annotator.page.locator(f'[data-region="{region}"]')).to_be_focused()
    annotator.press("Enter")
    assert annotator.state()["selected"] == region
    # The row was drawn anew, and has the focus still.
    expect(annotator.page.locator(f'[data-region="{region}"]')).to_be_focused()
    annotator.press("Shift+F6")
    expect(annotator.page.locator("#stage")).to_be_focused()


def test_two_fingers_zoom_and_a_finger_draws(annotator: Annotator) -> None:
    annotator.mark(*PERSON)
    session = annotator.page.context.new_cdp_session(annotator.page)

    def touch(kind: str, *places: tuple[float, float]) -> None:
        points = [{"x": x, "y": y, "id": index} for index, (x, y) in enumerate(places)]
        session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    one, other = annotator.client((200, 250)), annotator.client((300, 250))
    touch("touchStart", one)
    touch("touchStart", one, other)
    touch("touchMove", (one[0] - 60, one[1]), (other[0] + 60, other[1]))
    touch("touchEnd")
    annotator.settle()
    assert annotator.client((300, 250))[0] - annotator.client((200, 250))[0] == pytest.approx(
        other[0] - one[0] + 120, abs=2
    )
    (person,) = annotator.regions().values()
    assert person["scribbles"] == 0

    y, x = np.argwhere(annotator.labels()[150:350, 150:350] == person["id"])[0] + 150
    place = annotator.client((x, y))
    touch("touchStart", place)
    touch("touchMove", (place[0] + 20, place[1] + 5))
    touch("touchEnd")
    annotator.settle()
    assert annotator.regions()[person["id"]]["scribbles"] == 1


def test_the_history_goes_to_any_point_across_reloads(annotator: Annotator) -> None:
    person = annotator.mark(*PERSON)
    one = annotator.labels()
    annotator.press("1")
    flag = annotator.mark(*FLAG)
    three = annotator.labels()
    annotator.page.reload()
    annotator.settle()
    annotator.press("g")
    rows = annotator.page.locator("#history-list button")
    expect(rows).to_have_text(
        [
            "0Nothing yet",
            f"1Added region {person}",
            f"2Labelled region {person} cup",
            f"3Added region {flag}",
        ]
    )
    rows.nth(1).click()
    annotator.settle()
    expect(rows.nth(1)).to_have_attribute("aria-current", "step")
    assert np.array_equal(annotator.labels(), one)
    rows.nth(3).click()
    annotator.settle()
    assert np.array_equal(annotator.labels(), three)
    rows.nth(0).click()
    annotator.settle()
    assert annotator.regions() == {}
    # Going on from there leaves what was undone as a branch, which can be gone back to.
    other = annotator.mark(*FLAG)
    expect(rows).to_have_text(
        [
            "0Nothing yet",
            f"1Added region {person}",
            f"2Labelled region {person} cup",
            f"3Added region {flag}",
            f"4Added region {other}",
        ]
    )
    expect(rows.nth(1)).to_have_attribute("data-depth", "1")
    expect(rows.nth(4)).to_have_attribute("aria-current", "step")
    rows.nth(3).click()
    annotator.settle()
    assert np.array_equal(annotator.labels(), three)
    expect(rows.nth(1)).to_contain_text(f"4Added region {other}")
    annotator.press("z", "z", "z", "Shift+Z")
    assert np.array_equal(annotator.labels(), one)


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


def test_brush_in_and_out(annotator: Annotator) -> None:
    person = annotator.mark(*PERSON)
    before = annotator.labels()
    annotator.press("Tab", "d", ".", ".")
    expect(annotator.page.locator("#prompt")).to_contain_text("Brush in")
    annotator.scribble((20, 20), (60, 20))
    after = annotator.labels()
    assert (after[18:23, 20:60] == person).all()
    assert np.array_equal(after[200:], before[200:])
    annotator.press("x")
    annotator.scribble((20, 20), (60, 20))
    assert np.array_equal(annotator.labels(), before)
    annotator.press("z")
    assert np.array_equal(annotator.labels(), after)
    # Escape puts the brush down: the next drag is a scribble.
    annotator.press("Escape", "Tab")
    annotator.scribble((250, 250), (260, 255))
    assert annotator.regions()[person]["scribbles"] == 1


def test_merge_split_and_fill(annotator: Annotator) -> None:
    person, flag = annotator.mark(*PERSON), annotator.mark(*FLAG)
    two = annotator.labels()
    annotator.press("Tab", "m")
    y, x = np.argwhere(two == flag)[0]
    annotator.click((x, y))
    assert set(annotator.regions()) == {person}
    assert np.array_equal(annotator.labels() > 0, two > 0)
    annotator.press("Escape", "z")
    assert np.array_equal(annotator.labels(), two)

    annotator.press("Tab", "c")
    annotator.scribble((60, 290), (480, 290))
    assert len(annotator.regions()) == 3
    assert np.array_equal(annotator.labels() > 0, two > 0)
    three = annotator.labels()
    annotator.press("l")
    assert (annotator.labels() > 0).all()
    assert annotator.state()["photo"]["unassigned"] == 0
    annotator.press("z")
    assert np.array_equal(annotator.labels(), three)
    annotator.press("z")
    assert np.array_equal(annotator.labels(), two)


def test_the_shape_tools_have_buttons_in_one_row(annotator: Annotator) -> None:
    bar = annotator.page.get_by_role("toolbar", name="Tools")
    names = ("Brush in", "Brush out", "Split a region", "Merge", "Fill")
    buttons = {name: bar.get_by_role("button", name=name, exact=True) for name in names}
    for button in buttons.values():
        expect(button).to_be_disabled()
    person = annotator.mark(*PERSON)
    for name, tool in zip(names, ("paint", "erase", "split", "merge"), strict=False):
        buttons[name].click()
        assert annotator.state()["tool"] == tool
        expect(buttons[name]).to_have_attribute("aria-pressed", "true")
        annotator.press("Escape")
        expect(buttons[name]).to_have_attribute("aria-pressed", "false")
    buttons["Fill"].click()
    annotator.settle()
    assert (annotator.labels() == person).all()
    for width, height in ((1280, 800), (1024, 640), (640, 400)):
        annotator.page.set_viewport_size({"width": width, "height": height})
        tops = {round(button.bounding_box()["y"]) for button in bar.get_by_role("button").all()}  # type: ignore[index]
        assert max(tops) - min(tops) < 10, f"the bar wraps at {width} pixels"
        shown = annotator.page.locator("#stage").bounding_box()
        assert shown is not None
        assert shown["height"] > height / 2


def test_the_brush_is_never_thinner_than_a_pixel(annotator: Annotator) -> None:
    person = annotator.mark(*PERSON)
    y, x = np.argwhere(annotator.labels() == 0)[0]
    annotator.press("Tab", "d", *[","] * 20)
    assert annotator.state()["brush"] == 1
    annotator.page.mouse.move(*annotator.client((x, y)))
    annotator.page.mouse.wheel(0, -2000)
    assert annotator.client((1, 0))[0] - annotator.client((0, 0))[0] > 8
    with annotator.page.expect_request("**/interactions") as sent:
        annotator.click((x, y))
    assert (sent.value.post_data_json or {})["radius"] == pytest.approx(1)
    assert annotator.labels()[y, x] == person


def test_the_next_place_passes_over_what_was_filled(annotator: Annotator) -> None:
    annotator.mark(*FLAG)
    annotator.press("l")
    assert (annotator.labels() > 0).all()
    # A region alone has no rival: only what was filled could look unsure.
    annotator.press("j")
    expect(annotator.message).to_contain_text("No pixel is unassigned, and the model is sure everywhere")
