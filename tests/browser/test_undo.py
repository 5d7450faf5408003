"""Undo, redo, and the history with its branches."""

from __future__ import annotations

import json

import numpy as np
import pytest
from playwright.sync_api import Route, expect

from tests.browser.annotator import FLAG, PERSON, TWO_FRAMES, Annotator, Server

pytestmark = pytest.mark.usefixtures("astronaut")


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


def test_a_region_that_a_redo_brings_back_is_the_newest_again(annotator: Annotator) -> None:
    """Else the next digit would be for the region before it, whose label would be lost."""
    person = annotator.mark(*PERSON)
    annotator.press("1")
    flag = annotator.mark(*FLAG)
    annotator.press("z", "Shift+Z", "2")
    labels = {number: region["label"] for number, region in annotator.regions().items()}
    assert labels == {person: "cup", flag: "table"}


def test_a_key_held_down_to_the_beginning_is_no_mistake(annotator: Annotator) -> None:
    annotator.mark(*PERSON)
    for key, end in (("z", "There is nothing to undo."), ("Shift+Z", "There is nothing to redo.")):
        for _ in range(4):  # before the first is answered
            annotator.page.keyboard.press(key)
        annotator.settle()
        expect(annotator.message).to_have_text(end)
        expect(annotator.page.locator("#toast")).to_be_hidden()
    assert len(annotator.regions()) == 1


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


def test_the_history_is_never_an_earlier_one(annotator: Annotator, server: Server) -> None:
    photo_id = annotator.state()["photo"]["id"]
    earlier = json.loads(server.get(f"/photos/{photo_id}/history"))
    held: list[Route] = []
    annotator.route("**/history", lambda route: route.continue_() if held else held.append(route))
    with annotator.page.expect_request("**/history"):
        annotator.press("g")
    annotator.mark(*PERSON)
    rows = annotator.page.locator("#history-list button")
    expect(rows).to_have_count(2)
    with annotator.page.expect_response("**/history"):
        held[0].fulfill(json=earlier)
    annotator.page.evaluate(TWO_FRAMES)
    expect(rows).to_have_count(2)
