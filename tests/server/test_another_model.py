"""A project that goes on with another model: finished pixels stay, and who opens what is in work is told."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fullcanvas.inference.segmenter import Segmenter
from tests.server.conftest import LEFT, RIGHT, Page
from tests.tiny_model import write_tiny_model

Start = Callable[..., Page]


@pytest.fixture(scope="module")
def other(tmp_path_factory: pytest.TempPathFactory) -> Segmenter:
    """Another model."""
    return Segmenter.load(write_tiny_model(tmp_path_factory.mktemp("model") / "other.zip", seed=7))


def work(page: Page) -> None:
    for points in (LEFT, RIGHT):
        page.interact(1, "add_region", extreme_points=points)
    page.interact(1, "scribble", points=[[45, 40], [85, 40]], region=1)


def reject(page: Page, **more: Any) -> Any:
    return page.post("/photos/1/review", version=4, verdict="rejected", comment="the tail", **more)


def reopen(page: Page, **more: Any) -> Any:
    return page.post("/photos/1/complete", version=4, complete=False, **more)


@pytest.mark.parametrize("again", [reject, reopen])
def test_finished_pixels_stay_when_another_model_opens_them_again(
    page: Page, start: Start, folder: Path, other: Segmenter, again: Callable[..., Any]
) -> None:
    work(page)
    page.post("/photos/1/complete", version=3, complete=True)
    done, finished = page.get("/photos/1"), page.display(1)
    page = start(folder, other)
    opened = again(page, key="k").json()
    assert again(page, key="k").json() == opened
    assert (page.display(1) == finished).all()
    assert (opened["version"], opened["begun_with"]) == (5, None)
    for before, now in zip(done["regions"], opened["regions"], strict=True):
        assert {**before, "extreme_points": 0, "box": 0} == {**now, "extreme_points": 0, "box": 0}
    # The other model answers for what is corrected, and undoing goes all the way back.
    corrected = page.interact(1, "scribble", points=[[45, 40], [85, 60]], region=1)
    assert corrected.header["photo"]["regions"][0]["scribbles"] == 2
    assert not (page.display(1) == finished).all()
    page.interact(1, "undo")
    assert (page.display(1) == finished).all()
    assert page.get("/photos/1/history")["entries"][-2]["text"] == "Reopened with the finished pixels"
    assert (start(folder, other).display(1) == finished).all()
    page.interact(1, "undo")
    assert not (page.display(1) == finished).all()


def test_the_same_model_opens_a_photo_as_its_log_has_it(page: Page) -> None:
    work(page)
    page.post("/photos/1/complete", version=3, complete=True)
    reject(page)
    assert len(page.get("/photos/1/history")["entries"]) == 3


def test_who_opens_a_photo_that_was_begun_with_another_model_is_told(
    page: Page, start: Start, folder: Path, segmenter: Segmenter, other: Segmenter
) -> None:
    work(page)
    assert page.get("/photos/1")["begun_with"] is None
    page = start(folder, other)
    assert page.get("/photos/1")["begun_with"] == segmenter.hash
    assert page.get("/photos/2")["begun_with"] is None
    # From here on it is this model's.
    page.interact(1, "undo")
    assert page.get("/photos/1")["begun_with"] is None
