"""Brush, merge, fill and split over HTTP: what they do to the label map, and that they can be undone."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from tests.server.conftest import LEFT, RIGHT, Page


@pytest.fixture
def two(page: Page) -> Page:
    """A photo with two regions."""
    page.interact(1, "add_region", extreme_points=LEFT)
    page.interact(1, "add_region", extreme_points=RIGHT)
    return page


def test_a_brush_gives_pixels_and_takes_them(two: Page) -> None:
    two.interact(1, "paint", region=1, points=[[90, 75]], radius=3)
    assert (two.display(1)[73:78, 89:92] == 1).all()
    two.interact(1, "paint", region=1, points=[[90, 75]], radius=3, erase=True)
    assert (two.display(1)[73:78, 89:92] == 0).all()


def test_merged_regions_are_one(two: Page) -> None:
    before = two.display(1)
    answer = two.interact(1, "merge", region=2, others=[1])
    assert answer.header["region"] == 2
    assert np.array_equal(two.display(1) == 2, before > 0)
    assert [region["id"] for region in two.get("/photos/1")["regions"]] == [2]


def test_filling_leaves_nothing_unassigned(two: Page) -> None:
    before = two.display(1)
    two.interact(1, "fill")
    after = two.display(1)
    assert (after > 0).all()
    assert np.array_equal(after[before > 0], before[before > 0])


def test_a_line_splits_a_region(page: Page) -> None:
    page.interact(1, "add_region", extreme_points=LEFT)
    page.interact(1, "paint", region=1, points=[[10, 30], [80, 30]], radius=8)
    before = page.display(1) > 0
    answer = page.interact(1, "split", region=1, points=[[50, 0], [50, 79]])
    assert answer.header["region"] == 2
    after = page.display(1)
    assert set(np.unique(after)) == {0, 1, 2}
    assert np.array_equal(after > 0, before)


@pytest.mark.parametrize(
    ("kind", "fields"),
    [
        ("paint", {"region": 1, "points": [[60, 60], [80, 70]], "radius": 5}),
        ("merge", {"region": 1, "others": [2]}),
        ("fill", {}),
        ("split", {"region": 1, "points": [[0, 30], [95, 30]]}),
    ],
)
def test_each_can_be_undone_and_told(two: Page, kind: str, fields: dict[str, Any]) -> None:
    before = two.display(1)
    two.interact(1, kind, **fields)
    after = two.display(1)
    assert not np.array_equal(after, before)
    two.interact(1, "undo")
    assert np.array_equal(two.display(1), before)
    two.interact(1, "redo")
    assert np.array_equal(two.display(1), after)
    assert two.get("/photos/1/history")["entries"][-1]["kind"] == kind


@pytest.mark.parametrize(
    ("kind", "fields", "reason"),
    [
        ("paint", {"region": 7, "points": [[1, 1]], "radius": 2}, "no region 7"),
        ("paint", {"region": 1, "points": [[1, 1]], "radius": 0}, "radius"),
        ("merge", {"region": 1, "others": [1]}, "none of them twice"),
        ("split", {"region": 1, "points": [[1, 1]]}, "points"),
    ],
)
def test_what_makes_no_sense_changes_nothing(
    two: Page, kind: str, fields: dict[str, Any], reason: str
) -> None:
    refused = two.post("/photos/1/interactions", version=2, kind=kind, **fields)
    assert refused.status_code == 422
    assert reason in refused.json()["detail"]
    assert two.get("/photos/1")["version"] == 2


def test_nothing_is_filled_without_a_region(page: Page) -> None:
    refused = page.post("/photos/1/interactions", version=0, kind="fill")
    assert refused.status_code == 422
    assert "no region yet" in refused.json()["detail"]
