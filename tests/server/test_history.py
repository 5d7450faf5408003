"""The history of a photo: what was done, and going to any point of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from tests.server.conftest import LEFT, RIGHT, Page


def test_every_entry_is_told_in_order(page: Page) -> None:
    assert page.get("/photos/1/history") == {"version": 0, "cursor": 0, "tip": 0, "entries": []}
    page.post("/labels", name="cat")
    page.interact(1, "add_region", extreme_points=LEFT)
    page.interact(1, "scribble", region=1, points=[[20, 20], [30, 30]])
    page.interact(1, "label", region=1, label="cat")
    page.interact(1, "undo")
    history = page.get("/photos/1/history")
    assert (history["version"], history["cursor"], history["tip"]) == (4, 2, 3)
    assert [(entry["kind"], entry["region"], entry["label"]) for entry in history["entries"]] == [
        ("add_region", 1, None),
        ("scribble", 1, None),
        ("label", 1, "cat"),
    ]
    assert history["entries"][1]["text"] == "Grew region 1 with a scribble"


def test_any_point_of_the_history_can_be_gone_to_across_a_restart(
    start: Callable[..., Page], folder: Path
) -> None:
    page = start(folder)
    seen = [page.display(1)]
    for points in (LEFT, RIGHT, LEFT):
        page.interact(1, "add_region", extreme_points=points)
        seen.append(page.display(1))
    again = start(folder)
    for cursor in (1, 3, 0, 2):
        again.interact(1, "go", cursor=cursor)
        assert np.array_equal(again.display(1), seen[cursor])
    refused = again.post("/photos/1/interactions", version=7, kind="go", cursor=4)
    assert refused.status_code == 422
    assert "1 to 3" in refused.json()["detail"]


def test_what_was_left_stays_a_branch_across_a_restart(start: Callable[..., Page], folder: Path) -> None:
    page = start(folder)
    for points in (LEFT, RIGHT):
        page.interact(1, "add_region", extreme_points=points)
    left = page.display(1)
    page.interact(1, "go", cursor=1)
    page.interact(1, "delete", region=1)
    again = start(folder)
    history = again.get("/photos/1/history")
    assert [(entry["kind"], entry["after"]) for entry in history["entries"]] == [
        ("add_region", 0),
        ("add_region", 1),
        ("delete", 1),
    ]
    assert (history["cursor"], history["tip"]) == (3, 3)
    again.interact(1, "go", cursor=2)
    assert np.array_equal(again.display(1), left)
    assert again.get("/photos/1/history")["tip"] == 2
    again = start(folder)
    again.interact(1, "undo")
    again.interact(1, "redo")
    assert np.array_equal(again.display(1), left)


def test_the_version_tells_of_changes(page: Page) -> None:
    assert page.get("/photos/1/version") == {"version": 0, "status": "new"}
    page.interact(1, "add_region", extreme_points=LEFT)
    assert page.get("/photos/1/version") == {"version": 1, "status": "in_work"}
    assert page.client.get("/api/v1/photos/99/version").status_code == 404
