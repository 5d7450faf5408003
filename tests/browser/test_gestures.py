"""Every gesture and key does what the sheet of keys says."""

from __future__ import annotations

import numpy as np
import pytest
from playwright.sync_api import expect

from tests.browser.annotator import FLAG, PERSON, Annotator

pytestmark = pytest.mark.usefixtures("astronaut")


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


def test_whoever_goes_to_another_photo_loses_no_points(annotator: Annotator) -> None:
    annotator.press("n")
    for point in PERSON[:3]:
        annotator.click(point)
    other = next(item for item in annotator.state()["items"] if item["path"] == "rocket.jpg")
    address = annotator.page.url
    for leave in (
        lambda: annotator.choose("rocket.jpg"),
        lambda: annotator.page.evaluate(f"location.hash = '#{other['id']}'"),
    ):
        leave()
        expect(annotator.message).to_contain_text("place the region's other points first")
        annotator.page.get_by_role("button", name="Dismiss").click()
        expect(annotator.page).to_have_url(address)
        assert len(annotator.state()["points"]) == 3
    annotator.press("Escape")
    annotator.choose("rocket.jpg")
    expect(annotator.page.locator("#photo-name")).to_have_text("rocket.jpg")


def test_clicks_beside_the_photo_mean_its_edge(annotator: Annotator) -> None:
    region = annotator.mark((-8, 200), (120, 150), (60, 100), (60, 330))
    assert annotator.regions()[region]["box"][0] == 0


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


@pytest.mark.parametrize("key", ["n", "Tab"])
def test_a_stroke_is_for_the_region_that_was_selected_when_it_began(annotator: Annotator, key: str) -> None:
    """Quick hands press the next key before they let go."""
    person, flag = annotator.mark(*PERSON), annotator.mark(*FLAG)
    annotator.page.locator(f'[data-region="{person}"]').click()
    annotator.begin_stroke((30, 250), (60, 260))
    annotator.page.keyboard.press(key)
    annotator.page.mouse.up()
    annotator.settle()
    assert [annotator.regions()[region]["scribbles"] for region in (person, flag)] == [1, 0]


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
    annotator.press("?")
    sheet.locator('[data-change="hide"]').click()
    annotator.page.keyboard.press(" ")
    annotator.page.keyboard.press("Escape")
    annotator.press(" ")
    assert annotator.state()["overlay"] == "hidden"


def test_a_right_click_selects_and_draws_nothing(annotator: Annotator) -> None:
    person, flag = annotator.mark(*PERSON), annotator.mark(*FLAG)
    for region in (flag, person):
        y, x = np.argwhere(annotator.labels() == region)[-1]
        annotator.page.mouse.click(*annotator.client((x, y)), button="right")
        assert annotator.state()["selected"] == region
    annotator.settle()
    assert all(region["scribbles"] == 0 for region in annotator.regions().values())


def test_whoever_saves_out_of_habit_is_told_that_all_is_stored(annotator: Annotator) -> None:
    annotator.mark(*PERSON)
    annotator.press("Control+s")
    expect(annotator.message).to_have_text("Everything is stored as you go: there is nothing to save.")


def test_keys_belong_to_the_stage_after_a_dialog_that_a_click_opened(annotator: Annotator) -> None:
    annotator.page.get_by_role("toolbar").get_by_role("button", name="This sheet").click()
    sheet = annotator.page.locator("#help-dialog")
    expect(sheet).to_be_visible()
    annotator.page.keyboard.press("Escape")
    expect(sheet).to_be_hidden()
    expect(annotator.page.locator("#stage")).to_be_focused()


def test_a_stroke_ends_with_its_photo(annotator: Annotator) -> None:
    person = annotator.mark(*PERSON)
    annotator.choose("chelsea.jpg")
    cat = annotator.mark((30, 150), (420, 150), (200, 10), (200, 290))
    annotator.begin_stroke((200, 150), (240, 160))
    annotator.press("ArrowLeft")
    assert annotator.state()["photo"]["path"] == "astronaut.jpg"
    annotator.page.mouse.up()
    annotator.settle()
    assert annotator.regions()[person]["scribbles"] == 0
    annotator.press("ArrowRight")
    assert annotator.regions()[cat]["scribbles"] == 0


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
    annotator.press("F6", "F6")
    expect(annotator.page.get_by_role("button", name="Mark region")).to_be_focused()
    annotator.press("ArrowLeft")
    expect(annotator.page.get_by_role("button", name="This sheet")).to_be_focused()
    annotator.press("ArrowRight")
    expect(annotator.page.get_by_role("button", name="Mark region")).to_be_focused()
    assert annotator.state()["photo"]["path"] == "astronaut.jpg"


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


def test_a_region_is_marked_and_corrected_by_keys_alone(annotator: Annotator) -> None:
    """WCAG 2.1.1: whoever cannot use a pointer does what those do who can."""

    def crosshair() -> list[float]:
        found: list[float] = annotator.page.evaluate("""() => {
            const [x, y] = document.getElementById("under").textContent.split("·").at(-1).split(",");
            return [Number(x), Number(y)];
        }""")
        return found

    def steer(x: int, y: int) -> None:
        """To a place, in long steps and short ones."""
        for axis, wanted, keys in ((0, x, ("ArrowLeft", "ArrowRight")), (1, y, ("ArrowUp", "ArrowDown"))):
            while abs(off := wanted - crosshair()[axis]) > 1:
                annotator.page.keyboard.press(f"{'Shift+' if abs(off) > 12 else ''}{keys[off > 0]}")

    annotator.press("n")
    annotator.page.keyboard.press("ArrowUp")
    for place in ((100, 300), (400, 300), (250, 200), (250, 400)):
        steer(*place)
        annotator.press("Space")
    (region,) = annotator.regions().values()
    assert region["box"] == pytest.approx([100, 200, 401, 401], abs=2)
    assert annotator.state()["photo"]["path"] == "astronaut.jpg"
    # A stroke: begun, drawn and ended.
    annotator.press("i")
    expect(annotator.page.locator("#prompt")).to_contain_text("Space begins a stroke")
    steer(250, 300)
    annotator.press("Space")
    steer(450, 300)
    annotator.press("Space")
    (region,) = annotator.regions().values()
    assert region["scribbles"] == 1
    assert region["box"][2] == pytest.approx(451, abs=2)
    # Another one, given up.
    annotator.press("Space")
    annotator.page.keyboard.press("ArrowDown")
    annotator.press("Escape")
    expect(annotator.message).to_contain_text("given up")
    # A pointer that moves takes over: the space bar pans again.
    annotator.page.mouse.move(*annotator.client((300, 300)))
    annotator.press("Space")
    (region,) = annotator.regions().values()
    assert region["scribbles"] == 1
    annotator.press("Escape", "ArrowRight")
    expect(annotator.page.locator("#photo-name")).to_have_text("chelsea.jpg")
