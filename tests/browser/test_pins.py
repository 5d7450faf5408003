"""A reviewer pins what is wrong to places in the photo; whoever gets it back is led there."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Dialog, Locator, expect

from tests.browser.annotator import TWO_FRAMES, Annotator, Place, Server

CAT: list[Place] = [(30, 150), (420, 150), (200, 10), (200, 290)]
EAR: Place = (130, 40)
TAIL: Place = (400, 280)
RING = 13
"""A mark's ring lies within so many pixels of its place."""


@pytest.fixture(autouse=True)
def complete(annotator: Annotator) -> None:
    """The cat, complete, and alone in the list."""
    annotator.open_alone("chelsea.jpg")
    annotator.mark(*CAT)
    annotator.complete()


def pin(annotator: Annotator, place: Place, text: str) -> None:
    annotator.page.evaluate(TWO_FRAMES)  # the form, as it comes, moves the stage
    annotator.page.mouse.click(*annotator.client(place))
    annotator.page.keyboard.type(text)
    annotator.page.keyboard.press("Enter")
    expect(annotator.page.locator("#stage")).to_be_focused()


def reject(annotator: Annotator) -> None:
    annotator.page.get_by_role("button", name="Reject", exact=True).click()
    annotator.settle()


def rows(annotator: Annotator) -> Locator:
    return annotator.page.get_by_role("list", name="Pins").get_by_role("button")


def ink_around(annotator: Annotator, place: Place, reach: int = 34) -> NDArray[np.uint8]:
    """What is drawn above the photo around a place, once a mark is: [2 * reach, 2 * reach, 4]."""
    for _ in range(50):
        ink = ink_now(annotator, place, reach)
        if ink[reach - RING : reach + RING, reach - RING : reach + RING, 3].any():
            return ink
        annotator.page.wait_for_timeout(100)
    raise AssertionError(f"no mark is drawn at {place}")


def ink_now(annotator: Annotator, place: Place, reach: int) -> NDArray[np.uint8]:
    annotator.page.evaluate(TWO_FRAMES)
    x, y = annotator.client(place)
    stage = annotator.page.locator("#stage").bounding_box()
    assert stage is not None
    column, row = round(x - stage["x"]), round(y - stage["y"])
    return annotator.canvas("ink")[row - reach : row + reach, column - reach : column + reach]


def test_what_a_reviewer_pins_leads_the_annotator_there(annotator: Annotator, server: Server) -> None:
    photo_id = annotator.state()["photo"]["id"]
    annotator.press("r")
    annotator.page.keyboard.type("nearly")
    pin(annotator, EAR, "the ear is cut off")
    pin(annotator, TAIL, "is this the tail?")
    reject(annotator)
    review = server.photo(photo_id)["review"]
    assert review["pins"] == [
        {"x": EAR[0], "y": EAR[1], "text": "the ear is cut off"},
        {"x": TAIL[0], "y": TAIL[1], "text": "is this the tail?"},
    ]

    annotator.page.reload()
    annotator.open_alone("chelsea.jpg")
    expect(annotator.page.locator("#comment-text")).to_have_text("Rejected: nearly")
    expect(rows(annotator)).to_have_text(["1the ear is cut off", "2is this the tail?"])
    far = annotator.client(EAR)
    rows(annotator).first.click()
    expect(rows(annotator).first).to_have_attribute("aria-current", "true")
    stage = annotator.page.locator("#stage").bounding_box()
    assert stage is not None
    middle = (stage["x"] + stage["width"] / 2, stage["y"] + stage["height"] / 2)
    assert annotator.client(EAR) == pytest.approx(middle, abs=2)
    assert far != pytest.approx(middle, abs=20)
    for index in (1, 0):
        annotator.press("Shift+J")
        expect(rows(annotator).nth(index)).to_have_attribute("aria-current", "true")
    expect(annotator.message).to_have_text("Pin 1 of 2: the ear is cut off")

    # It stays while the photo is corrected, and for whoever reviews that; what is accepted has none.
    annotator.scribble((200, 150), (210, 160))
    expect(rows(annotator)).to_have_count(2)
    annotator.complete()
    expect(rows(annotator)).to_have_count(2)
    annotator.press("a")
    expect(annotator.page.locator("#comment")).to_be_hidden()
    annotator.press("f")
    annotator.expect_ink(drawn=False)


def test_a_mark_hides_no_pixel_under_it_and_is_as_large_at_any_zoom(annotator: Annotator) -> None:
    annotator.press("r")
    pin(annotator, EAR, "here")
    reject(annotator)
    shown = ink_around(annotator, EAR)
    annotator.press("Shift+J", "+", "+")
    closer = ink_around(annotator, EAR)
    for ink in (shown, closer):
        alpha = ink[..., 3]
        middle = len(ink) // 2
        assert not alpha[middle - 4 : middle + 4, middle - 4 : middle + 4].any()
        ring = ink[middle - RING : middle + RING, middle - RING : middle + RING]
        brightness = ring[ring[..., 3] > 100][:, :3].mean(axis=1)
        assert brightness.max() > 240  # light beside dark: one of both shows on any photo
        assert brightness.min() < 30
    across = [np.ptp(np.nonzero(ink[..., 3].any(axis=0))[0]) for ink in (shown, closer)]
    assert across[0] == pytest.approx(across[1], abs=1)
    annotator.press("h")
    annotator.expect_ink(drawn=False)


def test_what_is_written_is_not_lost_by_a_step_aside(annotator: Annotator) -> None:
    annotator.page.get_by_label("Find photos by name").fill("")
    expect(annotator.page.locator("#photo-list button")).not_to_have_count(1)
    annotator.page.locator("#stage").focus()
    annotator.press("r", "Escape")
    # Nothing is written yet: Enter goes on to the next photo.
    annotator.press("Enter")
    assert annotator.state()["photo"]["path"] != "chelsea.jpg"
    annotator.choose("chelsea.jpg")
    annotator.press("r", "Escape")
    pin(annotator, EAR, "here")
    for key in ("Enter", "a", "Shift+Enter"):
        annotator.press(key)
        expect(annotator.message).to_have_text("Not done: give the photo back first, or give up (Esc).")
        annotator.page.get_by_role("button", name="Dismiss").click()
    annotator.press("Escape")
    expect(annotator.page.locator("#reject-form")).to_be_hidden()
    annotator.expect_ink(drawn=False)
    # Escape is pressed easily, and once more than was meant.
    expect(annotator.message).to_have_text("Given up. R brings back what was written.")
    annotator.press("r")
    expect(annotator.page.get_by_label("Pin 1", exact=True)).to_have_value("here")
    annotator.press("Escape", "Escape")
    assert annotator.state()["photo"]["status"] == "complete"
    annotator.expect_ink(drawn=False)
    annotator.press("a")
    expect(annotator.page.locator("#prompt")).to_contain_text("Reviewed")


def test_whoever_leaves_the_page_is_asked_about_what_is_written(annotator: Annotator) -> None:
    """It is in the page alone until the photo is given back."""
    asked: list[str] = []

    def leave(dialog: Dialog) -> None:
        asked.append(dialog.type)
        dialog.accept()

    annotator.page.on("dialog", leave)
    annotator.press("r")
    pin(annotator, EAR, "here")
    annotator.page.reload()
    annotator.settle()
    assert asked == ["beforeunload"]
    annotator.press("r", "Escape")
    annotator.page.reload()
    assert asked == ["beforeunload"]


def test_pins_can_be_taken_off_and_must_say_something(annotator: Annotator) -> None:
    annotator.press("r")
    pin(annotator, EAR, "one")
    pin(annotator, TAIL, "two")
    pin(annotator, (200, 150), "")
    reject(annotator)
    # The browser says that the third one is empty.
    expect(annotator.page.get_by_label("Pin 3", exact=True)).to_be_focused()
    assert annotator.state()["photo"]["status"] == "complete"
    annotator.page.get_by_role("button", name="Take pin 3 off").click()
    annotator.page.get_by_role("button", name="Take pin 1 off").click()
    expect(annotator.page.get_by_label("Pin 1", exact=True)).to_have_value("two")
    reject(annotator)
    expect(rows(annotator)).to_have_text(["1two"])


def test_a_pin_is_put_by_keys_alone(annotator: Annotator) -> None:
    annotator.press("r", "Escape")
    annotator.page.keyboard.press("Shift+ArrowUp")
    annotator.press("Space")
    annotator.page.keyboard.type("here")
    annotator.page.keyboard.press("Enter")
    annotator.press("r")
    expect(annotator.page.get_by_label("What has to be done?")).to_be_focused()
    for _ in range(3):
        annotator.page.keyboard.press("Tab")
    expect(annotator.page.get_by_role("button", name="Reject", exact=True)).to_be_focused()
    annotator.press("Enter")
    expect(rows(annotator)).to_have_text(["1here"])


def test_a_photo_that_nothing_is_pinned_to_says_so(annotator: Annotator) -> None:
    annotator.press("Shift+J")
    expect(annotator.message).to_have_text("Nothing is pinned to this photo.")
