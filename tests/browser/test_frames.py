"""Photos that look like the one before, as frames of a video do."""

from __future__ import annotations

import numpy as np
from playwright.sync_api import Route, expect

from tests.browser.annotator import FLAG, PERSON, Annotator, Server


def test_a_photo_begins_with_the_regions_of_the_one_before(annotator: Annotator, server: Server) -> None:
    annotator.open("astronaut.jpg")
    annotator.mark(*PERSON)
    annotator.press("1")
    annotator.mark(*FLAG)
    before = annotator.state()["photo"]
    annotator.press("ArrowRight")
    opened: list[str] = []
    annotator.page.on("request", lambda request: opened.append(request.url.partition("?")[0]))
    annotator.press("Shift+V")
    expect(annotator.message).to_contain_text("2 regions taken over from astronaut.jpg")
    annotator.page.wait_for_function("() => fullcanvas.state().photo.regions.length === 2")
    annotator.settle()
    photo = server.photo(annotator.state()["photo"]["id"])
    assert photo["path"] == "chelsea.jpg"
    assert [region["label"] for region in photo["regions"]] == [before["regions"][0]["label"], None]
    scale = photo["width"] / before["width"], photo["height"] / before["height"]
    for region, taken in zip(photo["regions"], before["regions"], strict=True):
        placed = np.array(taken["extreme_points"]) * scale
        assert np.abs(np.array(region["extreme_points"]) - placed).max() <= 1
    assert (annotator.labels() == server.label_map(photo["id"])).all()
    annotator.press("z")
    assert len(annotator.regions()) == 1
    # The photo before is read without anybody's seeing this person there.
    assert f"{server.address}/api/v1/photos/{before['id']}" not in opened


def test_regions_are_taken_over_by_a_photo_that_has_none(annotator: Annotator, server: Server) -> None:
    annotator.open("astronaut.jpg")
    annotator.press("Shift+V")
    expect(annotator.message).to_contain_text("There is no photo before this one")
    annotator.press("ArrowRight", "Shift+V")
    expect(annotator.message).to_contain_text("astronaut.jpg has no regions")
    annotator.mark((30, 150), (420, 150), (200, 10), (200, 290))
    annotator.press("Shift+V")
    expect(annotator.message).to_contain_text("by a photo that has none yet")
    assert len(annotator.regions()) == 1


def test_whoever_has_gone_on_meanwhile_gets_no_regions(annotator: Annotator, server: Server) -> None:
    annotator.open("astronaut.jpg")
    annotator.mark(*PERSON)
    before = annotator.state()["photo"]["id"]
    annotator.press("ArrowRight")
    held: list[Route] = []
    annotator.route(f"**/photos/{before}/labels", lambda route: held.append(route))
    with annotator.page.expect_request(f"**/photos/{before}/labels"):
        annotator.page.keyboard.press("Shift+V")
    annotator.page.keyboard.press("ArrowRight")
    held[0].continue_()
    annotator.settle()
    assert annotator.state()["photo"]["path"] == "coffee.jpg"
    assert [photo["regions"] for photo in server.photos()[1:]] == [0, 0, 0]
    assert not annotator.state()["message"]
