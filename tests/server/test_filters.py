"""Photos by what was said of them, and by whom."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fullcanvas.server.accounts import Role
from tests.server.conftest import LEFT, RIGHT, Page, Served, write_photo


@pytest.fixture
def labelled(page: Page) -> Page:
    """A page on photos of which the first has a cat, and the second a cat and a dog."""
    for name in ("cat", "dog", "owl"):
        page.post("/labels", name=name)
    page.interact(1, "add_region", extreme_points=LEFT, label="cat")
    page.interact(2, "add_region", extreme_points=LEFT, label="cat")
    page.interact(2, "add_region", extreme_points=RIGHT, label="dog")
    return page


def found(page: Page, **wanted: Any) -> list[str]:
    """The paths of the photos that are asked for."""
    listed = page.get("/photos", params=wanted)
    paths = [item["path"] for item in listed["items"]]
    assert listed["total"] == len(paths)
    return paths


def test_photos_are_found_by_the_labels_of_their_regions(labelled: Page) -> None:
    assert found(labelled, label="cat") == ["a.jpg", "b/a.jpg"]
    assert found(labelled, label="dog") == ["b/a.jpg"]
    for nothing in ("owl", "ca", "CAT", "%", "no such label"):
        assert found(labelled, label=nothing) == []
    assert found(labelled, label="") == ["a.jpg", "b/a.jpg", "c.png"]
    assert [item["labels"] for item in labelled.get("/photos")["items"]] == [["cat"], ["cat", "dog"], []]


def test_what_counts_is_the_labels_that_regions_have_now(labelled: Page) -> None:
    def dogs() -> list[str]:
        return found(labelled, label="dog")

    labelled.interact(2, "undo")
    assert dogs() == []
    labelled.interact(2, "redo")
    assert dogs() == ["b/a.jpg"]
    labelled.interact(2, "label", region=1, label="dog")
    assert found(labelled, label="cat") == ["a.jpg"]
    labelled.interact(2, "delete", region=2)
    assert dogs() == ["b/a.jpg"]
    labelled.interact(2, "label", region=1, label=None)
    assert dogs() == []
    labelled.interact(2, "go", cursor=2)
    assert (dogs(), found(labelled, label="cat")) == (["b/a.jpg"], ["a.jpg", "b/a.jpg"])
    labelled.interact(2, "merge", region=1, others=[2])
    assert dogs() == []


def test_a_complete_photo_keeps_its_labels(labelled: Page) -> None:
    labelled.post("/photos/2/complete", version=2, complete=True)
    assert found(labelled, label="dog") == ["b/a.jpg"]
    labelled.post("/photos/2/review", version=3, verdict="rejected")
    assert found(labelled, label="dog") == ["b/a.jpg"]


def test_a_label_is_found_by_its_new_name(labelled: Page) -> None:
    labelled.client.patch("/api/v1/labels/2", json={"name": "hound"})
    assert (found(labelled, label="dog"), found(labelled, label="hound")) == ([], ["b/a.jpg"])
    labelled.client.patch("/api/v1/labels/1", json={"name": "hound", "merge": True})
    assert (found(labelled, label="cat"), found(labelled, label="hound")) == ([], ["a.jpg", "b/a.jpg"])
    assert [item["labels"] for item in labelled.get("/photos")["items"]] == [["hound"], ["hound"], []]
    labelled.interact(2, "delete", region=1)
    labelled.interact(2, "delete", region=2)
    assert found(labelled, label="hound") == ["a.jpg"]


def test_what_is_asked_for_holds_all_at_once(labelled: Page) -> None:
    assert found(labelled, label="cat", name="b/") == ["b/a.jpg"]
    assert found(labelled, label="dog", name="c.png") == []
    assert found(labelled, label="cat", status="complete") == []
    page = labelled.get("/photos", params={"label": "cat", "offset": 1, "limit": 1})
    assert (page["total"], [item["path"] for item in page["items"]]) == (2, ["b/a.jpg"])


def test_the_case_of_a_name_does_not_matter_in_any_alphabet(start: Callable[..., Page], folder: Path) -> None:
    names = ["Ähre/A.jpg", "ähre/b.jpg", "Юг.jpg"]
    for name in names:
        write_photo(folder / name)
    page = start(folder)
    for asked in ("ähre/", "ÄHRE/"):
        assert found(page, name=asked) == names[:2]
    assert found(page, name="юг") == found(page, name="ЮГ.JPG") == names[2:]
    assert found(page, name="ahre") == []


def test_photos_are_found_by_who_did_or_reviewed_them_last(served: Served) -> None:
    annotator, reviewer, admin = (Page(served.browser(role)) for role in Role)
    assert admin.get("/project")["people"] == []
    annotator.interact(1, "add_region", extreme_points=LEFT)
    annotator.post("/photos/1/complete", version=1, complete=True)
    annotator.interact(2, "add_region", extreme_points=LEFT)
    assert admin.get("/project")["people"] == ["annotator"]
    reviewer.post("/photos/1/review", version=2, verdict="reviewed")
    reviewer.interact(3, "add_region", extreme_points=LEFT)
    assert admin.get("/project")["people"] == ["annotator", "reviewer"]
    assert found(admin, person="annotator") == ["a.jpg", "b/a.jpg"]
    assert found(admin, person="reviewer") == ["a.jpg", "c.png"]
    assert found(admin, person="reviewer", status="reviewed") == ["a.jpg"]
    assert found(admin, person="admin") == []
    admin.interact(2, "undo")
    assert found(admin, person="annotator") == ["a.jpg"]
    assert found(admin, person="admin") == ["b/a.jpg"]


def test_where_there_are_no_accounts_there_are_no_people(labelled: Page) -> None:
    assert labelled.get("/project")["people"] == []
    assert found(labelled, person="anna") == []


@pytest.mark.parametrize(
    "query", ["label=a%00b", "person=a%00b", f"label={'a' * 201}", f"person={'a' * 201}"]
)
def test_what_no_label_and_no_name_can_be_is_refused(page: Page, query: str) -> None:
    assert page.client.get(f"/api/v1/photos?{query}").status_code == 422
