"""Statuses beyond complete, the project's rule, time spent, and labels that change."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.server.conftest import LEFT, RIGHT, Page

WHOLE = [[0, 40], [95, 40], [50, 0], [50, 79]]


def done(page: Page, photo: int = 1) -> Any:
    page.interact(photo, "add_region", extreme_points=LEFT)
    answer = page.post(f"/photos/{photo}/complete", version=1, complete=True)
    assert answer.status_code == 200, answer.text
    return answer.json()


def test_a_reviewed_photo_stays_closed_and_is_exported(page: Page) -> None:
    done(page)
    answer = page.post("/photos/1/review", version=2, verdict="reviewed").json()
    assert (answer["status"], answer["version"]) == ("reviewed", 3)
    refused = page.post("/photos/1/interactions", version=3, kind="delete", region=1)
    assert refused.status_code == 422
    glance = page.get("/project")
    assert (glance["complete"], glance["statuses"]) == (1, {"new": 2, "reviewed": 1})
    assert page.get("/photos?status=reviewed")["total"] == 1
    exported = page.client.get("/api/v1/export?status=complete&unlabelled=void")
    assert exported.status_code == 200


def test_a_rejected_photo_is_open_again_and_says_why(page: Page) -> None:
    done(page)
    answer = page.post(
        "/photos/1/review", version=2, verdict="rejected", comment="the tail is missing"
    ).json()
    assert (answer["status"], answer["comment"]) == ("rejected", "the tail is missing")
    assert page.get("/photos?status=rejected")["items"][0]["comment"] == "the tail is missing"
    page.interact(1, "add_region", extreme_points=RIGHT)
    again = page.get("/photos/1")
    assert (again["status"], again["comment"]) == ("in_work", "the tail is missing")
    complete = page.post("/photos/1/complete", version=4, complete=True).json()
    assert (complete["status"], complete["comment"]) == ("complete", None)
    # Whoever reviews it again sees what was asked for.
    assert (complete["review"]["verdict"], complete["review"]["comment"]) == (
        "rejected",
        "the tail is missing",
    )
    assert complete["review"]["time"] == pytest.approx(time.time(), abs=60)
    accepted = page.post("/photos/1/review", version=5, verdict="reviewed", comment="now it is there").json()
    assert (accepted["comment"], accepted["review"]["comment"]) == (None, "now it is there")
    reopened = page.post("/photos/1/complete", version=6, complete=False).json()
    assert (reopened["status"], reopened["comment"]) == ("in_work", None)


def test_a_comment_that_a_database_could_not_keep_is_refused(page: Page) -> None:
    body = {"version": 0, "verdict": "rejected", "comment": "a\0b"}
    assert page.post("/photos/1/review", **body).status_code == 422


def test_pins_say_where_and_stay_as_long_as_the_comment(
    start: Callable[..., Page], folder: Path, page: Page
) -> None:
    done(page)
    pins = [{"x": 0, "y": 0, "text": "<b>a</b> corner"}, {"x": 95, "y": 79, "text": "ü, and the other"}]
    given = page.post("/photos/1/review", version=2, verdict="rejected", pins=pins).json()
    assert (given["comment"], given["review"]["pins"]) == (None, pins)
    again = start(folder)  # a restart, or another server on the same database
    assert again.get("/photos?status=rejected")["items"][0]["review"]["pins"] == pins
    complete = again.post("/photos/1/complete", version=3, complete=True).json()
    assert complete["review"]["pins"] == pins
    accepted = again.post("/photos/1/review", version=4, verdict="reviewed").json()
    assert accepted["review"]["pins"] == []


@pytest.mark.parametrize(
    "pin",
    [
        {"x": 96, "y": 0, "text": "beside the photo"},
        {"x": 0, "y": 80, "text": "below it"},
        {"x": -1, "y": 0, "text": "before it"},
        {"x": 1.5, "y": 0, "text": "between pixels"},
        {"x": 1, "y": 1, "text": " "},
        {"x": 1, "y": 1, "text": "a\0b"},
        {"x": 1, "y": 1, "text": "a" * 501},
        {"x": 1, "y": 1},
    ],
)
def test_a_pin_that_means_nothing_gives_nothing_back(page: Page, pin: dict[str, Any]) -> None:
    done(page)
    refused = page.post("/photos/1/review", version=2, verdict="rejected", pins=[pin])
    assert refused.status_code == 422
    assert page.get("/photos/1")["status"] == "complete"


def test_a_review_has_fifty_pins_at_most(page: Page) -> None:
    done(page)
    pin = {"x": 1, "y": 1, "text": "a" * 500}
    refused = page.post("/photos/1/review", version=2, verdict="rejected", pins=[pin] * 51)
    assert refused.status_code == 422
    given = page.post("/photos/1/review", version=2, verdict="rejected", pins=[pin] * 50)
    assert given.json()["review"]["pins"] == [pin] * 50


def test_a_refused_pin_says_where_the_photo_ends(page: Page) -> None:
    done(page)
    pin = {"x": 96, "y": 2, "text": "beside"}
    refused = page.post("/photos/1/review", version=2, verdict="rejected", pins=[pin])
    assert refused.json()["detail"] == "there is no pixel (96, 2) in a.jpg, which has 96 x 80"


def test_only_complete_photos_are_reviewed_and_nobody_overwrites(page: Page) -> None:
    refused = page.post("/photos/1/review", version=0, verdict="reviewed")
    assert refused.status_code == 422
    assert "not complete" in refused.json()["detail"]
    done(page)
    assert page.post("/photos/1/review", version=1, verdict="rejected").status_code == 409
    body = {"version": 2, "verdict": "reviewed", "key": "k"}
    assert [page.post("/photos/1/review", **body).json()["version"] for _ in range(2)] == [3, 3]
    assert page.post("/photos/1/review", version=3, verdict="fine").status_code == 422


def test_a_project_can_want_every_pixel_assigned(page: Page) -> None:
    assert page.client.put("/api/v1/rule", json={"unassigned_allowed": False}).status_code == 200
    assert page.get("/project")["unassigned_allowed"] is False
    page.interact(1, "add_region", extreme_points=LEFT)
    refused = page.post("/photos/1/complete", version=1, complete=True)
    assert refused.status_code == 422
    assert "belong to no region" in refused.json()["detail"]
    assert page.get("/photos/1")["status"] == "in_work"
    page.interact(1, "add_region", extreme_points=WHOLE)
    assert page.get("/photos/1")["unassigned"] == 0
    assert page.post("/photos/1/complete", version=2, complete=True).json()["status"] == "complete"


def test_a_project_can_want_every_region_labelled(page: Page) -> None:
    page.post("/labels", name="cat")
    assert page.get("/project")["unlabelled_allowed"] is True
    changed = page.client.put("/api/v1/rule", json={"unlabelled_allowed": False}).json()
    assert changed == {"unassigned_allowed": True, "unlabelled_allowed": False}
    assert page.get("/project")["unlabelled_allowed"] is False
    page.interact(1, "add_region", extreme_points=LEFT)
    refused = page.post("/photos/1/complete", version=1, complete=True)
    assert refused.status_code == 422
    assert "a.jpg: regions without a label: 1" in refused.json()["detail"]
    page.interact(1, "label", region=1, label="cat")
    assert page.post("/photos/1/complete", version=2, complete=True).json()["status"] == "complete"


def test_time_is_added_up_by_region_and_photo_and_never_twice(page: Page) -> None:
    page.interact(1, "add_region", extreme_points=LEFT, seconds=7.5)
    page.interact(1, "scribble", points=[[20, 20], [30, 30]], region=1, seconds=2, key="k")
    repeated = page.post(
        "/photos/1/interactions", version=1, kind="scribble", points=[[20, 20]], region=1, seconds=2, key="k"
    )
    assert repeated.status_code == 200
    page.interact(1, "undo", seconds=1)
    photo = page.get("/photos/1")
    assert photo["seconds"] == pytest.approx(10.5)
    assert photo["regions"][0]["seconds"] == pytest.approx(9.5)
    page.post("/photos/1/complete", version=3, complete=True, seconds=4)
    assert page.get("/photos")["items"][0]["seconds"] == pytest.approx(14.5)
    assert page.get("/project")["seconds"] == pytest.approx(14.5)
    page.post("/photos/1/review", version=4, verdict="reviewed", seconds=3)
    page.post("/photos/1/review", version=5, verdict="rejected", seconds=2)
    page.post("/photos/1/complete", version=6, complete=True)
    page.post("/photos/1/complete", version=7, complete=False, seconds=1)
    assert page.get("/photos/1")["seconds"] == pytest.approx(20.5)
    refused = page.post("/photos/2/interactions", version=0, kind="undo", seconds=-1)
    assert refused.status_code == 422


def test_labels_change_their_color_and_kind(page: Page) -> None:
    label = page.post("/labels", name="sky").json()
    changed = page.client.patch(f"/api/v1/labels/{label['id']}", json={"color": [1, 2, 3], "isthing": False})
    assert changed.json() == {"id": label["id"], "name": "sky", "color": [1, 2, 3], "isthing": False}
    assert page.get("/project")["labels"] == [changed.json()]
    assert page.client.patch("/api/v1/labels/99", json={}).status_code == 404
    assert page.client.patch(f"/api/v1/labels/{label['id']}", json={"color": [1, 2]}).status_code == 422
