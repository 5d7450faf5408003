"""A photo is completed on purpose: what it lacks is asked about, and stray keys complete nothing."""

from __future__ import annotations

import pytest
from playwright.sync_api import Locator, expect

from tests.browser.annotator import FLAG, PERSON, Annotator, Server

MOMENT_MS = 450
ALL = [(0, 200), (511, 200), (200, 0), (200, 511)]


@pytest.fixture
def dialog(annotator: Annotator, astronaut: None) -> Locator:
    return annotator.page.get_by_role("dialog", name="Complete this photo all the same?")


def status(annotator: Annotator, server: Server) -> str:
    annotator.settle()
    found: str = server.photo(1)["status"]
    return found


def test_a_stray_key_completes_nothing(annotator: Annotator, server: Server, dialog: Locator) -> None:
    annotator.press("n", "Enter")
    expect(annotator.message).to_contain_text("place the region's other points first")
    expect(dialog).to_be_hidden()
    annotator.press("Escape", "Enter")
    expect(dialog).to_contain_text("astronaut.jpg: no region is marked.")
    # Pressed twice by mistake, or held: the key that asked does not answer.
    annotator.page.keyboard.press("Enter")
    annotator.page.keyboard.down("Enter")
    annotator.page.wait_for_timeout(MOMENT_MS)
    annotator.page.keyboard.down("Enter")
    expect(dialog).to_be_visible()
    annotator.page.keyboard.up("Enter")
    annotator.page.keyboard.press("Escape")
    expect(dialog).to_be_hidden()
    assert status(annotator, server) == "new"
    assert annotator.state()["photo"]["path"] == "astronaut.jpg"


def test_what_a_photo_lacks_is_asked_about_once(
    annotator: Annotator, server: Server, dialog: Locator
) -> None:
    annotator.mark(*PERSON)
    annotator.mark(*FLAG)
    annotator.press("Enter")
    expect(dialog).to_contain_text("2 regions without a label · ")
    expect(dialog).to_contain_text("% of the pixels belong to no region")
    annotator.page.wait_for_timeout(MOMENT_MS)
    annotator.page.keyboard.press("Enter")
    expect(annotator.page.locator("#photo-name")).to_have_text("chelsea.jpg")
    assert status(annotator, server) == "complete"


def test_a_photo_that_lacks_nothing_is_completed_at_once(
    annotator: Annotator, server: Server, dialog: Locator
) -> None:
    annotator.mark(*ALL)
    # Labelled, though the label is not stored yet.
    annotator.page.keyboard.press("1")
    annotator.page.keyboard.press("Enter")
    expect(annotator.page.locator("#photo-name")).to_have_text("chelsea.jpg")
    assert status(annotator, server) == "complete"


def test_the_key_that_closes_the_box_of_labels_completes_nothing(
    annotator: Annotator, server: Server, dialog: Locator
) -> None:
    annotator.mark(*ALL)
    annotator.press("/")
    annotator.page.keyboard.type("cup")
    annotator.page.keyboard.press("Enter")
    annotator.page.keyboard.press("Enter")
    annotator.settle()
    assert status(annotator, server) == "in_work"
    assert annotator.regions()[1]["label"] == "cup"
    annotator.page.wait_for_timeout(MOMENT_MS)
    annotator.press("Enter")
    assert status(annotator, server) == "complete"


def test_a_project_can_want_every_region_labelled(
    annotator: Annotator, server: Server, dialog: Locator
) -> None:
    annotator.press("y")
    annotator.page.get_by_label("A photo may be complete while regions have no label").uncheck()
    annotator.settle()
    annotator.page.keyboard.press("Escape")
    annotator.mark(*ALL)
    annotator.press("Enter")
    expect(annotator.message).to_contain_text(
        "1 region without a label, and this project wants them all labelled"
    )
    expect(dialog).to_be_hidden()
    annotator.press("1", "Enter")
    assert status(annotator, server) == "complete"
