"""What a stroke would change is shown while it is being drawn, and nothing is stored before it ends."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from playwright.sync_api import Route

from tests.browser.annotator import Annotator, Place, Server
from tests.browser.test_annotating import assert_painted

SAUCER: list[Place] = [(76, 210), (480, 215), (185, 68), (270, 389)]
CUP: list[Place] = [(172, 110), (408, 105), (285, 17), (270, 285)]
OUT: list[Place] = [(260, 380), (300, 395)]
"""From the saucer over its edge."""


@pytest.fixture
def before(annotator: Annotator) -> NDArray[np.uint16]:
    """The label map of two regions, one of them selected."""
    annotator.open("coffee.jpg")
    annotator.mark(*SAUCER)
    annotator.mark(*CUP)
    annotator.press("Tab")
    return annotator.labels()


def wait_for(annotator: Annotator, place: Place, region: int) -> None:
    """Until the page shows the region there."""
    annotator.page.wait_for_function(
        "([x, y, region]) => fullcanvas.regionAt(x, y) === region", arg=[*place, region]
    )


def test_the_label_map_follows_a_stroke(
    annotator: Annotator, server: Server, before: NDArray[np.uint16]
) -> None:
    photo = server.photo(annotator.state()["photo"]["id"])
    annotator.begin_stroke(*OUT)
    wait_for(annotator, OUT[-1], 1)
    assert_painted(annotator, annotator.labels())
    assert server.photo(photo["id"]) == photo
    annotator.page.mouse.move(*annotator.client((330, 395)), steps=3)
    wait_for(annotator, (330, 395), 1)
    annotator.page.mouse.up()
    annotator.settle()
    after = annotator.labels()
    assert np.array_equal(after, server.label_map(photo["id"]))
    assert_painted(annotator, after)
    assert server.photo(photo["id"])["version"] == photo["version"] + 1


@pytest.mark.parametrize("tool", ["scribble", "brush", "point"])
def test_what_is_given_up_leaves_nothing(
    annotator: Annotator, server: Server, before: NDArray[np.uint16], tool: str
) -> None:
    if tool == "brush":
        annotator.press("d")
    start, end = ((270, 389), (270, 398)) if tool == "point" else OUT
    annotator.begin_stroke(start, end)
    if tool == "point":
        annotator.page.wait_for_function("() => fullcanvas.labels().lastIndexOf(1) >= 391 * 600")
    else:
        wait_for(annotator, end, 1)
    annotator.press("Escape")
    assert np.array_equal(annotator.labels(), before)
    assert_painted(annotator, before)
    annotator.page.mouse.up()
    assert np.array_equal(server.label_map(annotator.state()["photo"]["id"]), before)


def test_one_question_at_a_time_always_the_latest(
    annotator: Annotator, server: Server, before: NDArray[np.uint16]
) -> None:
    held: list[Route] = []
    annotator.route("**/preview", lambda route: held.append(route))
    with annotator.page.expect_request("**/preview"):
        annotator.begin_stroke(*OUT)
    for x in (310, 320, 330):
        annotator.page.mouse.move(*annotator.client((x, 395)))
    assert len(held) == 1
    with annotator.page.expect_request("**/preview") as second:
        held[0].continue_()
    points = (second.value.post_data_json or {})["points"]
    assert int(points[-1][0]) == 330
    # Nobody waits for the answer once the stroke has ended.
    with annotator.page.expect_event("requestfailed") as dropped:
        annotator.page.mouse.up()
    assert dropped.value.url.endswith("/preview")
    annotator.settle()
    assert np.array_equal(server.label_map(annotator.state()["photo"]["id"]), annotator.labels())
    assert len(held) == 2


def test_what_the_server_refuses_is_taken_back(
    annotator: Annotator, server: Server, before: NDArray[np.uint16]
) -> None:
    annotator.expected = "422"
    annotator.route("**/interactions", lambda route: route.fulfill(status=422, json={"detail": "it is full"}))
    annotator.begin_stroke(*OUT)
    wait_for(annotator, OUT[-1], 1)
    annotator.page.mouse.up()
    annotator.settle()
    assert "it is full" in annotator.message.inner_text()
    assert np.array_equal(annotator.labels(), before)
    assert_painted(annotator, before)
