"""A project from the page: review, the rule for completing, labels, time."""

from __future__ import annotations

import json

import pytest
from playwright.sync_api import Dialog, Route, expect

from tests.browser.annotator import Annotator, Place, Server

WHOLE: list[Place] = [(0, 150), (450, 150), (200, 0), (200, 299)]
CAT: list[Place] = [(30, 150), (420, 150), (200, 10), (200, 290)]


@pytest.fixture(autouse=True)
def photo(annotator: Annotator) -> None:
    """The cat, with nothing on her."""
    annotator.open("chelsea.jpg")


def test_a_complete_photo_is_given_back_with_a_comment_and_then_accepted(
    annotator: Annotator, server: Server
) -> None:
    photo_id = annotator.state()["photo"]["id"]
    annotator.press("r")
    expect(annotator.message).to_contain_text("Only a complete photo")
    annotator.mark(*CAT)
    annotator.complete()
    annotator.press("ArrowLeft", "r")
    expect(annotator.page.get_by_label("What has to be done?")).to_be_focused()
    annotator.page.keyboard.type("the ears are missing")
    annotator.page.get_by_role("button", name="Reject", exact=True).click()
    annotator.settle()
    comment = annotator.page.locator("#comment")
    expect(comment).to_have_text("Rejected: the ears are missing")
    annotator.press("n")
    expect(annotator.page.locator("#prompt")).to_contain_text("0 of 4")
    expect(comment).to_be_visible()
    annotator.press("Escape")
    assert server.photo(photo_id)["status"] == "rejected"
    shown = annotator.page.get_by_label("Show photos")
    shown.focus()
    shown.select_option("rejected")
    expect(annotator.page.locator("#photo-list button")).to_have_count(1)
    # Letters are commands still, and choose no other status.
    annotator.press("n")
    assert annotator.state()["marking"]
    expect(shown).to_have_value("rejected")
    annotator.page.locator("#stage").focus()
    annotator.press("Escape")
    annotator.scribble((200, 150), (210, 160))
    annotator.complete()
    annotator.page.get_by_label("Show photos").select_option("All photos")
    annotator.choose("chelsea.jpg")
    annotator.page.locator("#stage").focus()
    annotator.press("a")
    expect(comment).to_be_hidden()
    row = annotator.page.locator(f'[data-photo="{photo_id}"]')
    expect(row).to_contain_text("Reviewed")
    assert server.photo(photo_id)["status"] == "reviewed"
    assert annotator.state()["photo"]["path"] == "chelsea.jpg"
    expect(annotator.page.locator("#progress-text")).to_have_text("1 of 4 complete")


def test_a_comment_of_any_length_can_be_read_beside_the_photo(annotator: Annotator, server: Server) -> None:
    photo_id = annotator.state()["photo"]["id"]
    server.send(
        "POST", f"/photos/{photo_id}/complete", version=server.photo(photo_id)["version"], complete=True
    )
    comment, version = "the ears are missing, and so is the tail; " * 40, server.photo(photo_id)["version"]
    server.send("POST", f"/photos/{photo_id}/review", version=version, verdict="rejected", comment=comment)
    annotator.page.reload()
    annotator.settle()
    shown = annotator.page.locator("#comment")
    expect(shown).to_have_text(f"Rejected: {comment.strip()}")
    end = shown.evaluate("""line => {
        line.scrollTop = line.scrollHeight;
        const text = document.createRange();
        text.selectNodeContents(line);
        return [...text.getClientRects()].at(-1).bottom <= line.getBoundingClientRect().bottom;
    }""")
    assert end
    stage = annotator.page.locator("#stage").bounding_box()
    assert stage is not None
    assert stage["height"] > 400


def test_what_is_done_while_a_photo_opens_is_not_done_to_the_one_before(
    annotator: Annotator, server: Server
) -> None:
    before = annotator.state()["photo"]["id"]
    annotator.mark(*CAT)
    held: list[Route] = []
    annotator.route("**/image?*", lambda route: held.append(route))
    with annotator.page.expect_request("**/image?*"):
        annotator.page.keyboard.press("ArrowRight")
    for key in ("Enter", "a", "r", "Shift+Enter", "l", "n", "d", "/"):
        annotator.page.keyboard.press(key)
        expect(annotator.message).to_have_text("Not done: the photo is still being opened.")
        annotator.page.get_by_role("button", name="Dismiss").click()
    held[0].continue_()
    annotator.settle()
    assert annotator.state()["photo"]["path"] == "coffee.jpg"
    assert server.photo(before)["status"] == "in_work"


def test_a_key_held_down_completes_one_photo(annotator: Annotator, server: Server) -> None:
    annotator.mark(*WHOLE)
    annotator.press("1")
    for _ in range(3):
        annotator.page.keyboard.down("Enter")
        annotator.settle()
    annotator.page.keyboard.up("Enter")
    assert [item["status"] for item in server.photos()].count("complete") == 1
    # Going through photos is what a key may be held down for.
    for _ in range(2):
        annotator.page.keyboard.down("ArrowRight")
        annotator.settle()
    assert annotator.state()["photo"]["path"] == "rocket.jpg"


def test_the_rule_keeps_photos_with_unassigned_pixels_open(annotator: Annotator, server: Server) -> None:
    photo_id = annotator.state()["photo"]["id"]
    annotator.mark(*CAT)
    annotator.press("y")
    rule = annotator.page.get_by_label("A photo may be complete while pixels belong to no region")
    rule.uncheck()
    annotator.settle()
    annotator.page.keyboard.press("Escape")
    annotator.complete()
    expect(annotator.message).to_contain_text("belong to no region")
    assert server.photo(photo_id)["status"] == "in_work"
    assert annotator.state()["photo"]["id"] == photo_id
    annotator.mark(*WHOLE)
    assert annotator.state()["photo"]["unassigned"] == 0
    annotator.complete()
    assert server.photo(photo_id)["status"] == "complete"
    annotator.press("y")
    rule.check()
    annotator.settle()
    assert json.loads(server.get("/project"))["unassigned_allowed"] is True


def test_labels_are_made_and_changed_in_the_page(annotator: Annotator, server: Server) -> None:
    region = annotator.mark(*CAT)
    annotator.press("1", "y")
    dialog = annotator.page.locator("#project-dialog")
    dialog.get_by_label("Colour of cup").fill("#ff8000")
    annotator.settle()
    dialog.get_by_label("Kind of cup").select_option("stuff")
    annotator.settle()
    dialog.get_by_label("Name of a new label").fill("whisker")
    dialog.get_by_role("button", name="Add").click()
    expect(dialog.get_by_label("Kind of whisker")).to_have_value("thing")
    annotator.settle()
    labels = {label["name"]: label for label in json.loads(server.get("/project"))["labels"]}
    assert (labels["cup"]["color"], labels["cup"]["isthing"]) == ([255, 128, 0], False)
    assert labels["whisker"]["isthing"]
    dialog.get_by_label("Kind of cup").select_option("thing")
    # The photo shows it at once.
    y, x = next(zip(*(annotator.labels() == region).nonzero(), strict=True))
    assert annotator.canvas("fill")[y, x].tolist() == [255, 128, 0, 255]
    annotator.expected = "409"
    dialog.get_by_label("Name of cup").fill("mug")
    dialog.get_by_label("Name of cup").press("Enter")
    expect(dialog.get_by_label("Name of mug")).to_have_value("mug")
    annotator.settle()
    assert annotator.regions()[region]["label"] == "mug"
    expect(annotator.page.locator("#label-list")).to_contain_text("mug")
    dialog.get_by_role("button", name="Delete mug").click()
    expect(dialog.get_by_role("alert")).to_contain_text("labelled 'mug': chelsea.jpg")
    dialog.get_by_role("button", name="Delete whisker").click()
    expect(dialog.get_by_label("Name of whisker")).to_be_hidden()
    dialog.get_by_label("Name of mug").fill("cup")
    dialog.get_by_label("Name of mug").press("Enter")
    expect(dialog.get_by_label("Name of cup")).to_have_value("cup")
    expect(dialog.get_by_role("alert")).to_be_hidden()
    dialog.get_by_label("Name of a new label").fill("cup")
    dialog.get_by_role("button", name="Add").click()
    expect(dialog.get_by_role("alert")).to_contain_text("there is a label 'cup' already")


def test_a_label_that_gets_the_name_of_another_becomes_part_of_it(
    annotator: Annotator, server: Server
) -> None:
    labels = json.loads(server.get("/project"))["labels"]
    server.send("POST", "/labels", name="mug")
    annotator.page.reload()
    annotator.settle()
    region = annotator.mark(*CAT)
    annotator.press("/")  # a digit would depend on the labels that there are already
    annotator.page.keyboard.type("mug")
    annotator.page.keyboard.press("Enter")
    annotator.settle()
    annotator.press("y")
    dialog = annotator.page.locator("#project-dialog")
    asked: list[str] = []

    def answer(question: Dialog) -> None:
        asked.append(question.message)
        question.dismiss() if len(asked) == 1 else question.accept()

    annotator.page.on("dialog", answer)
    for _ in range(2):
        dialog.get_by_label("Name of mug").fill("cup")
        with annotator.page.expect_event("dialog"):
            dialog.get_by_label("Name of mug").press("Enter")
        annotator.settle()
        if len(asked) == 1:
            expect(dialog.get_by_label("Name of mug")).to_have_value("mug")
            assert annotator.regions()[region]["label"] == "mug"
    expect(dialog.get_by_label("Name of mug")).to_be_hidden()
    annotator.settle()
    assert asked[0].startswith("Merge “mug” into “cup”?")
    assert annotator.regions()[region]["label"] == "cup"
    assert json.loads(server.get("/project"))["labels"] == labels


def test_the_time_of_work_is_kept_and_pauses_are_not(annotator: Annotator, server: Server) -> None:
    photo_id = annotator.state()["photo"]["id"]
    before = server.photo(photo_id)["seconds"]
    annotator.page.clock.install()
    annotator.page.reload()
    annotator.settle()
    annotator.page.mouse.move(500, 300)
    for seconds in (10, 10, 3600):
        annotator.page.clock.run_for(seconds * 1000)
        annotator.page.mouse.move(505, 300 + seconds % 7)
    region = annotator.mark(*CAT)
    after = server.photo(photo_id)
    # 20 seconds of moving; the hour in which nothing was touched does not count.
    assert 20 <= after["seconds"] - before < 60
    assert 20 <= after["regions"][0]["seconds"] < 60
    expect(annotator.page.locator(f'[data-region="{region}"]')).to_contain_text(" s")
