"""What leads a person through a photo: the line above it, names, gaps, and which row is which region."""

from __future__ import annotations

import numpy as np
import pytest
from playwright.sync_api import expect

from tests.browser.annotator import FLAG, PERSON, TWO_FRAMES, Annotator, Server

pytestmark = pytest.mark.usefixtures("astronaut")
ALL = [(0, 250), (511, 250), (250, 0), (250, 511)]


def test_the_line_above_the_photo_says_what_to_do_next(annotator: Annotator) -> None:
    line = annotator.page.locator("#prompt")
    expect(line).to_contain_text("Press N, then click the four extreme points")
    person = annotator.mark(*PERSON)
    expect(line).to_contain_text("A region alone has its whole box")
    annotator.mark(*FLAG)
    expect(line).to_contain_text("N marks what is left")
    annotator.mark(*ALL)
    expect(line).to_contain_text("K goes to a region without a label")
    annotator.press("k")
    expect(line).to_contain_text(f"Region {person} gets what you draw over")
    annotator.press("1", "k", "1", "k", "2", "Escape")
    expect(line).to_contain_text("Enter completes the photo")


def test_that_line_names_the_keys_that_the_person_chose(annotator: Annotator) -> None:
    annotator.page.evaluate("localStorage.setItem('fullcanvas.keys', JSON.stringify({mark: ['Shift+Q']}))")
    annotator.page.reload()
    annotator.settle()
    expect(annotator.page.locator("#prompt")).to_contain_text("Press Shift+Q, then")
    annotator.press("Tab")
    expect(annotator.message).to_have_text(
        "There is no region to select yet: press Shift+Q and click four extreme points."
    )


def test_the_label_given_last_is_offered_first(annotator: Annotator) -> None:
    annotator.mark(*PERSON)
    annotator.press("/")
    annotator.page.keyboard.type("table")
    annotator.press("Enter")
    flag = annotator.mark(*FLAG)
    annotator.press("/", "Enter")
    assert annotator.regions()[flag]["label"] == "table"


def test_a_label_is_found_by_its_words_in_any_order(annotator: Annotator, server: Server) -> None:
    for name in ("wall-brick", "wall-other-merged"):
        server.send("POST", "/labels", name=name)
    annotator.page.reload()
    annotator.settle()
    annotator.mark(*PERSON)
    annotator.press("/")
    annotator.page.keyboard.type("other wall")
    annotator.press("Enter")
    assert [region["label"] for region in annotator.regions().values()] == ["wall-other-merged"]


def test_names_stand_on_their_regions(annotator: Annotator) -> None:
    person = annotator.mark(*PERSON)
    annotator.press("1")
    annotator.expect_ink(False)
    annotator.press("t")
    annotator.expect_ink(True)
    stage = annotator.page.locator("#stage").bounding_box()
    assert stage is not None
    rows, columns = np.nonzero(annotator.canvas("ink")[..., 3])
    left, top = annotator.client((0, 0))
    scale = (annotator.client((100, 0))[0] - left) / 100
    x = int((columns.mean() + stage["x"] - left) / scale)
    y = int((rows.mean() + stage["y"] - top) / scale)
    assert annotator.labels()[y, x] == person


def test_x_stays_before_y_after_a_name_that_runs_from_right_to_left(annotator: Annotator) -> None:
    annotator.open("astronaut.jpg")
    annotator.mark(*PERSON)
    annotator.press("/")
    annotator.page.keyboard.type("رائدة")
    annotator.press("Enter")
    annotator.page.mouse.move(*annotator.client((123, 456)))
    under = annotator.page.locator("#under")
    expect(under).to_have_text("رائدة · 123, 456")
    ends = """element => {
        const text = element.lastChild, from = text.data.length - "123, 456".length;
        return [from, from + 5].map((start) => {
            const number = document.createRange();
            number.setStart(text, start);
            number.setEnd(text, start + 3);
            return number.getBoundingClientRect().left;
        });
    }"""
    x, y = under.evaluate(ends)
    assert x < y


def test_what_no_region_has_can_be_shown(annotator: Annotator) -> None:
    annotator.mark(*PERSON)
    gap = annotator.labels() == 0
    annotator.press("w")
    fill = annotator.canvas("fill")
    assert {tuple(color) for color in fill[gap]} == {(255, 0, 200, 255)}
    assert (255, 0, 200, 255) not in {tuple(color) for color in fill[~gap]}
    annotator.page.get_by_role("button", name="Unassigned").click()
    assert not annotator.canvas("fill")[gap][:, 3].any()


def test_a_row_and_its_region_are_shown_together(annotator: Annotator) -> None:
    person, flag = annotator.mark(*PERSON), annotator.mark(*FLAG)
    y, x = np.argwhere(annotator.labels() == flag)[0]
    annotator.page.mouse.move(*annotator.client((x, y)))
    under = annotator.page.locator("#region-list [data-under]")
    expect(under).to_have_attribute("data-region", str(flag))
    annotator.page.locator(f'[data-region="{person}"]').hover()
    expect(under).to_have_count(0)
    border, mine = annotator.canvas("border"), annotator.labels() == person
    white, rim = (border == 255).all(axis=2), (border[..., :3] == 0).all(axis=2) & (border[..., 3] > 0)
    assert white[mine].any()
    assert not white[~mine].any()
    # On a white photo the black rim shows it, on a black one the white border.
    assert rim[~mine].any()
    assert not rim[mine].any()


def test_completing_says_what_the_photo_lacks(annotator: Annotator, server: Server) -> None:
    annotator.mark(*PERSON)
    annotator.complete()
    expect(annotator.message).to_have_text(
        "astronaut.jpg is complete · 30.8 % unassigned · 1 region without a label"
    )


def test_the_lists_stay_inside_a_low_window(annotator: Annotator) -> None:
    for points in (PERSON, FLAG, ALL):
        annotator.mark(*points)
    annotator.press("g")
    annotator.page.set_viewport_size({"width": 1024, "height": 600})
    expect(annotator.page.locator("#history-list li")).to_have_count(4)
    bottom = "document.querySelector('#history-list').getBoundingClientRect().bottom"
    assert annotator.page.evaluate(
        f"{bottom} <= document.querySelector('#regions').getBoundingClientRect().bottom"
    )


def test_a_long_message_does_not_move_the_photo(annotator: Annotator) -> None:
    annotator.page.set_viewport_size({"width": 480, "height": 700})
    annotator.page.evaluate(TWO_FRAMES)
    corners = [annotator.client(corner) for corner in ((0, 0), (512, 512))]
    annotator.press("Tab")
    message = annotator.page.locator("#message")
    expect(message).to_contain_text("There is no region to select yet")
    box, status = message.bounding_box(), annotator.page.locator(".status").bounding_box()
    assert box is not None
    assert status is not None
    assert box["height"] > 28
    assert box["y"] >= status["y"]
    annotator.page.evaluate(TWO_FRAMES)
    assert [annotator.client(corner) for corner in ((0, 0), (512, 512))] == corners


def test_long_labels_stay_in_their_panel_and_small_regions_have_a_share(
    annotator: Annotator, server: Server
) -> None:
    annotator.mark(*PERSON)
    dot = annotator.mark((450, 20), (452, 20), (451, 19), (451, 21))
    expect(annotator.page.locator(f'[data-region="{dot}"]')).to_contain_text("0.1 %")
    annotator.press("/")
    annotator.page.keyboard.type("x" * 200)
    annotator.press("Enter")
    try:
        chips = annotator.page.locator("#label-list")
        expect(chips).to_contain_text("x" * 200)
        assert chips.evaluate("list => list.scrollWidth <= list.clientWidth")
    finally:
        annotator.press("z")
        label = next(label for label in annotator.state()["project"]["labels"] if label["name"] == "x" * 200)
        server.send("DELETE", f"/labels/{label['id']}")
