"""What people who work at the same time learn of each other."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fullcanvas.server.accounts import Role
from fullcanvas.server.presence import LASTS_SECONDS, Person, Presence
from fullcanvas.server.store import Store
from tests.server.conftest import LEFT, RIGHT, Page, Served, write_photo


@pytest.fixture
def team(served: Served) -> dict[Role, Page]:
    return {role: Page(served.browser(role)) for role in Role}


def changed(page: Page, since: int) -> list[tuple[str, str]]:
    """What a page learns that asks what has changed."""
    return [(item["path"], item["status"]) for item in page.get(f"/changes?since={since}")["photos"]]


def test_what_one_changes_the_others_learn_in_order(page: Page) -> None:
    start = page.get("/changes")
    told = {"revision": 3, "photos": [], "statuses": {"new": 3}, "labels_version": 0, "people": []}
    assert start == told
    assert changed(page, 3) == []
    page.interact(2, "add_region", extreme_points=LEFT, seconds=7)
    page.interact(1, "add_region", extreme_points=LEFT)
    page.interact(2, "undo")
    assert changed(page, 3) == [("a.jpg", "in_work"), ("b/a.jpg", "in_work")]
    told = page.get("/changes?since=5")
    assert [item["path"] for item in told["photos"]] == ["b/a.jpg"]
    assert told["photos"] == page.get("/photos?name=b/")["items"]
    assert (told["revision"], told["statuses"]) == (6, {"new": 1, "in_work": 2})
    page.post("/photos/1/complete", version=1, complete=True)
    page.post("/photos/1/review", version=2, verdict="rejected")
    assert changed(page, 6) == [("a.jpg", "rejected")]
    # Who asks from a revision that there never was is told where things stand.
    assert page.get("/changes?since=999")["revision"] == 8


def test_photos_that_came_are_changes(page: Page, folder: Path, start: Callable[..., Page]) -> None:
    write_photo(folder / "d.jpg")
    (folder / "c.png").unlink()
    again = start(folder)
    assert changed(again, 3) == [("d.jpg", "new")]
    write_photo(folder / "c.png")
    assert changed(start(folder), 5) == [("c.png", "new")]


def test_many_changes_are_told_in_parts_and_none_is_left_out(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("fullcanvas.server.store.MOST_CHANGED", 2)
    store = Store(tmp_path / "fullcanvas.db")
    store.sync_photos([f"{number}.jpg" for number in range(5)])
    told: list[str] = []
    revision = 0
    for _ in range(3):
        revision, photos = store.changed_since(revision)
        told += [photo.path for photo in photos]
    assert sorted(told) == [f"{number}.jpg" for number in range(5)]
    assert store.changed_since(revision) == (revision, [])
    store.close()


def test_a_refused_change_is_none(page: Page) -> None:
    page.interact(1, "add_region", extreme_points=LEFT)
    refused = page.post("/photos/1/interactions", version=0, kind="add_region", extreme_points=RIGHT)
    assert refused.status_code == 409
    assert page.get("/changes")["revision"] == 4


def test_the_others_see_who_is_on_which_photo(team: dict[Role, Page]) -> None:
    annotator, reviewer, admin = (team[role] for role in Role)
    annotator.get("/photos/1")
    assert annotator.get("/changes")["people"] == []
    assert reviewer.get("/changes?photo=2")["people"] == [{"name": "annotator", "photo": 1}]
    people = admin.get("/changes")["people"]
    assert people == [{"name": "annotator", "photo": 1}, {"name": "reviewer", "photo": 2}]
    annotator.get("/changes?photo=3")
    assert admin.get("/changes")["people"][0] == {"name": "annotator", "photo": 3}
    # Who takes the regions of another photo over reads its label map, and is not there.
    annotator.display(1)
    assert admin.get("/changes")["people"][0] == {"name": "annotator", "photo": 3}


def test_whoever_does_not_ask_any_more_has_gone() -> None:
    now = [0.0]
    presence = Presence(lambda: now[0])
    presence.note("anna", 1)
    presence.note(None, 2)
    now[0] = LASTS_SECONDS - 1
    presence.note("bert", 2)
    assert presence.others(None) == [Person("anna", 1), Person("bert", 2)]
    now[0] = LASTS_SECONDS
    assert presence.others(None) == [Person("bert", 2)]
    presence.note("anna", 1)
    assert presence.others("bert") == [Person("anna", 1)]


def test_who_did_what_is_told(team: dict[Role, Page]) -> None:
    annotator, reviewer, admin = (team[role] for role in Role)
    annotator.interact(1, "add_region", extreme_points=LEFT)
    admin.interact(1, "add_region", extreme_points=RIGHT)
    entries = annotator.get("/photos/1/history")["entries"]
    assert [entry["author"] for entry in entries] == ["annotator", "admin"]

    def told() -> Any:
        photo = reviewer.get("/photos/1")
        (item,) = reviewer.get("/photos?name=a.jpg")["items"][:1]
        assert (item["author"], item["review"]) == (photo["author"], photo["review"])
        return photo

    assert told()["author"] == "admin"
    annotator.post("/photos/1/complete", version=2, complete=True)
    assert (told()["author"], told()["review"]) == ("annotator", None)
    reviewer.post("/photos/1/review", version=3, verdict="rejected", comment="split them")
    assert (told()["author"], told()["review"]["reviewer"]) == ("annotator", "reviewer")
    annotator.post("/photos/1/complete", version=4, complete=True)
    admin.post("/photos/1/review", version=5, verdict="reviewed")
    assert (told()["author"], told()["review"]["reviewer"]) == ("annotator", "admin")
    reviewer.post("/photos/1/complete", version=6, complete=False)
    assert told()["author"] == "reviewer"


def test_what_an_older_version_knew_of_people_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "fullcanvas.db"
    connection = sqlite3.connect(path)
    connection.executescript((Path(__file__).parent / "data" / "version-4.sql").read_text())
    with connection:
        connection.execute("UPDATE entries SET author = 'anna'")
        connection.execute("UPDATE label_maps SET author = 'bert'")
        connection.execute("UPDATE photos SET comment = 'split them' WHERE id = 1")
        connection.execute("UPDATE photos SET status = 'reviewed' WHERE id = 2")
    connection.close()
    store = Store(path)
    work, done = store.list_photos()
    assert (work.author, done.author) == ("anna", "bert")
    assert work.review is not None
    assert (work.review.verdict, work.review.time, work.comment) == ("rejected", None, "split them")
    assert done.review is not None
    assert (done.review.verdict, done.review.comment) == ("reviewed", None)
    store.close()
