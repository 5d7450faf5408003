"""Brushes, merging, splitting and filling, by keys and by buttons."""

from __future__ import annotations

import numpy as np
import pytest
from playwright.sync_api import expect

from tests.browser.annotator import FLAG, PERSON, Annotator

pytestmark = pytest.mark.usefixtures("astronaut")


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


def test_a_digit_labels_what_was_split_off(annotator: Annotator) -> None:
    """It is the newest region; the one that was marked last keeps its label."""
    person = annotator.mark(*PERSON)
    annotator.press("1")
    flag = annotator.mark(*FLAG)
    annotator.press("1", "c")
    annotator.begin_stroke((150, 290), (480, 290))
    annotator.page.mouse.up()
    annotator.press("2")
    (part,) = set(annotator.regions()) - {person, flag}
    labels = {number: region["label"] for number, region in annotator.regions().items()}
    assert labels == {person: "cup", flag: "cup", part: "table"}


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
    annotator.page.evaluate(
        "document.getElementById('project-name').textContent = 'a project of some length'"
    )
    for width, height in (
        (1561, 900),
        (1321, 800),
        (1280, 800),
        (1191, 700),
        (1024, 640),
        (700, 600),
        (640, 400),
    ):
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


def test_a_brush_sends_a_point_a_pixel(annotator: Annotator) -> None:
    annotator.mark(*PERSON)
    annotator.press("Tab", "d")
    annotator.page.mouse.move(*annotator.client((250, 250)))
    zoom = annotator.page.locator("#zoom")
    fitted = zoom.inner_text()
    annotator.page.mouse.wheel(0, -2000)
    expect(zoom).not_to_have_text(fitted)
    annotator.begin_stroke((250, 250))
    annotator.page.mouse.move(*annotator.client((253, 250)), steps=60)
    with annotator.page.expect_request("**/interactions") as sent:
        annotator.page.mouse.up()
    points = (sent.value.post_data_json or {})["points"]
    assert [[int(x), int(y)] for x, y in points] == [[x, 250] for x in range(250, 254)]
    annotator.settle()


def test_the_next_place_passes_over_what_was_filled(annotator: Annotator) -> None:
    annotator.mark(*FLAG)
    annotator.press("l")
    assert (annotator.labels() > 0).all()
    # A region alone has no rival: only what was filled could look unsure.
    annotator.press("j")
    expect(annotator.message).to_contain_text("No pixel is unassigned, and the model is sure everywhere")
