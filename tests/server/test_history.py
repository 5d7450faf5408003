"""The history of a photo: what was done, and going to any point of it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np

from tests.server.conftest import LEFT, RIGHT, Page


def test_every_entry_is_told_in_order(page: Page) -> None:
    assert page.get("/photos/1/history") == {"version": 0, "cursor": 0, "entries": []}
    page.post("/labels", name="cat")
    page.interact(1, "add_region", extreme_points=LEFT)
    page.interact(1, "scribble", region=1, points=[[20, 20], [30, 30]])
    page.interact(1, "label", region=1, label="cat")
    page.interact(1, "undo")
    history = page.get("/photos/1/history")
    assert (history["version"], history["cursor"]) == (4, 2)
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
    # Something new from there takes the place of what was undone.
    again.interact(1, "delete", region=1)
    kinds = [entry["kind"] for entry in again.get("/photos/1/history")["entries"]]
    assert kinds == ["add_region", "add_region", "delete"]
    refused = again.post("/photos/1/interactions", version=8, kind="go", cursor=4)
    assert refused.status_code == 422
    assert "3 entries" in refused.json()["detail"]


def test_the_version_tells_of_changes(page: Page) -> None:
    assert page.get("/photos/1/version") == {"version": 0, "status": "new"}
    page.interact(1, "add_region", extreme_points=LEFT)
    assert page.get("/photos/1/version") == {"version": 1, "status": "in_work"}
    assert page.client.get("/api/v1/photos/99/version").status_code == 404
