"""Renaming and deleting labels, wherever they were given."""

from __future__ import annotations

import json
import sqlite3
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sqlalchemy

from fullcanvas.annotation import Annotation
from fullcanvas.server import engines
from fullcanvas.server.errors import ConflictError, RefusedError
from fullcanvas.server.labels import merge
from fullcanvas.server.store import Store
from tests.server.conftest import LEFT, RIGHT, Page

CAT = '50 % "cat"_%'
"""A name with all that a database could take for something else."""


@pytest.fixture
def label(page: Page) -> dict[str, Any]:
    """A label, given to two regions of the first photo; one of them has another one since."""
    made: dict[str, Any] = page.post("/labels", name=CAT).json()
    page.post("/labels", name="50 % xcatxyy")
    page.interact(1, "add_region", extreme_points=LEFT, label=CAT)
    page.interact(1, "add_region", extreme_points=RIGHT)
    page.interact(1, "label", region=2, label=CAT)
    page.interact(1, "label", region=2, label="50 % xcatxyy")
    return made


def rename(page: Page, label_id: int, name: str) -> Any:
    return page.client.patch(f"/api/v1/labels/{label_id}", json={"name": name})


def delete(page: Page, label_id: int) -> Any:
    return page.client.request("DELETE", f"/api/v1/labels/{label_id}", json={})


def names(page: Page) -> list[str]:
    return [label["name"] for label in page.get("/project")["labels"]]


def test_a_label_is_renamed_wherever_it_was_given(page: Page, label: dict[str, Any]) -> None:
    shown = page.display(1)
    renamed = rename(page, label["id"], " tiger ")
    assert renamed.json() == {**label, "name": "tiger"}
    photo = page.get("/photos/1")
    assert [region["label"] for region in photo["regions"]] == ["tiger", "50 % xcatxyy"]
    assert photo["regions"][0]["color"] == label["color"]
    # Whoever looks at the photo elsewhere learns of it.
    assert photo["version"] == 5
    assert page.get("/photos/2/version")["version"] == 0
    page.interact(1, "undo")
    assert page.get("/photos/1")["regions"][1]["label"] == "tiger"
    page.interact(1, "redo")
    assert np.array_equal(page.display(1), shown)
    assert rename(page, label["id"], "tiger").status_code == 200
    assert page.get("/photos/1")["version"] == 7


def test_two_labels_never_have_one_name(page: Page, label: dict[str, Any]) -> None:
    refused = rename(page, label["id"], "50 % xcatxyy")
    assert refused.status_code == 409
    assert "there is a label '50 % xcatxyy' already" in refused.json()["detail"]
    assert rename(page, 99, "dog").status_code == 404
    assert rename(page, label["id"], " ").status_code == 422
    assert rename(page, label["id"], "a\nb").status_code == 422


def test_a_label_that_a_region_has_is_not_deleted(page: Page, label: dict[str, Any]) -> None:
    refused = delete(page, label["id"])
    assert refused.status_code == 409
    assert refused.json()["detail"] == f"regions of these photos are labelled {CAT!r}: a.jpg"
    assert delete(page, 99).status_code == 404


def test_a_label_of_very_many_photos_is_not_deleted_either(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A query takes so many numbers and no more: here 40, in earnest some thousands."""

    def prepare(connection: Any, record: object) -> None:
        prepare_as_ever(connection, record)
        connection.setlimit(sqlite3.SQLITE_LIMIT_VARIABLE_NUMBER, 40)

    prepare_as_ever = engines._prepare_sqlite
    monkeypatch.setattr(engines, "_prepare_sqlite", prepare)
    store = Store(tmp_path / "fullcanvas.db")
    store.sync_photos([f"{number:03}.jpg" for number in range(60)])
    store.change_labels(lambda known: merge([{"name": "cat"}], known))
    for photo in store.list_photos():
        store.save(photo, "hash", None, Annotation(99, 99).add_region(LEFT, "cat"))
    with pytest.raises(ConflictError, match=r"are labelled 'cat': 000.jpg, 001.jpg, 002.jpg, …"):
        store.relabelling.delete(1)
    store.close()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    """A store with a label, given to a region of each of 60 photos."""
    made = Store(tmp_path / "fullcanvas.db")
    made.sync_photos([f"{number:03}.jpg" for number in range(61)])
    made.change_labels(lambda known: merge([{"name": "cat"}, {"name": "dog"}], known))
    for photo in made.list_photos(limit=60):
        made.save(photo, "hash", None, Annotation(99, 99).add_region(LEFT, "cat"))
    yield made
    made.close()


def test_however_many_photos_are_relabelled_by_a_few_statements(store: Store) -> None:
    said: list[str] = []

    def note(_connection: Any, _cursor: Any, statement: str, *_more: Any) -> None:
        said.append(statement)

    sqlalchemy.event.listen(store._database._engine, "before_cursor_execute", note)
    store.relabelling.change(1, name="tiger")
    assert len(said) < 12
    _, log = store.annotation(60)
    assert log is not None
    assert log.regions[1].label == "tiger"


def test_a_label_that_is_given_while_it_is_looked_for_is_not_deleted(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    last = store.list_photos()[-1]
    write = store._database.write

    def given_first() -> Any:
        monkeypatch.undo()
        store.save(last, "hash", None, Annotation(99, 99).add_region(LEFT, "dog"))
        return write()

    monkeypatch.setattr(store._database, "write", given_first)
    with pytest.raises(ConflictError, match=r"labelled 'dog': 060\.jpg$"):
        store.relabelling.delete(2)
    assert [label.name for label in store.labels()] == ["cat", "dog"]


def test_a_label_that_is_renamed_before_it_is_stored_is_not_given(store: Store) -> None:
    """It would be none of the project's, and keep its photo from every export."""
    last = store.list_photos()[-1]
    store.relabelling.change(1, name="tiger")
    with pytest.raises(RefusedError, match="there is no label 'cat' any more"):
        store.save(last, "hash", None, Annotation(99, 99).add_region(LEFT, "cat"))
    assert store.annotation(last.id) == (last, None)


def test_whoever_asks_for_changes_learns_of_every_photo_with_a_label_that_is_renamed(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Some at a time, so no two of them may have changed in one revision."""
    monkeypatch.setattr("fullcanvas.server.store.MOST_CHANGED", 7)
    revision, _ = store.changed_since(None)
    store.relabelling.change(1, name="tiger")
    store.save(store.photo(61), "hash", None, Annotation(99, 99).add_region(LEFT, "dog"))
    told: list[int] = []
    while found := store.changed_since(revision)[1]:
        revision, _ = store.changed_since(revision)
        told += [photo.id for photo in found]
    assert sorted(told[:-1]) == list(range(1, 61))
    assert told[-1] == 61


def test_a_label_can_become_part_of_another(page: Page, label: dict[str, Any]) -> None:
    other = page.get("/project")["labels"][1]
    body = {"name": other["name"], "color": [1, 2, 3], "merge": True}
    merged = page.client.patch(f"/api/v1/labels/{label['id']}", json=body).json()
    assert merged == {**other, "color": [1, 2, 3]}
    assert page.get("/project")["labels"] == [merged]
    assert [region["label"] for region in page.get("/photos/1")["regions"]] == [other["name"]] * 2
    page.interact(1, "undo")
    assert page.get("/photos/1")["regions"][1]["label"] == other["name"]
    assert page.get("/project")["labels"] == [merged]


def test_a_change_of_a_label_is_made_whole_or_not_at_all(page: Page, label: dict[str, Any]) -> None:
    body = {"name": "50 % xcatxyy", "color": [1, 2, 3]}
    assert page.client.patch(f"/api/v1/labels/{label['id']}", json=body).status_code == 409
    assert page.get("/project")["labels"][0] == label


def test_what_looks_like_a_label_in_another_is_none(page: Page) -> None:
    """... since quotes in it are written otherwise."""
    page.post("/labels", name="cat")
    tricky = page.post("/labels", name='x","label":"cat"').json()["name"]
    page.interact(1, "add_region", extreme_points=LEFT, label=tricky)
    page.interact(1, "add_region", extreme_points=RIGHT, label="cat")
    rename(page, 1, "Cat")
    assert [region["label"] for region in page.get("/photos/1")["regions"]] == [tricky, "Cat"]


def test_a_deleted_label_comes_back_with_a_region_that_has_it(page: Page, label: dict[str, Any]) -> None:
    page.interact(1, "delete", region=1)
    assert delete(page, label["id"]).status_code == 204
    assert names(page) == ["50 % xcatxyy"]
    assert delete(page, label["id"]).status_code == 404
    refused = page.post("/photos/1/interactions", version=5, kind="label", region=2, label=CAT)
    assert refused.status_code == 422
    page.interact(1, "undo")
    assert names(page) == [CAT, "50 % xcatxyy"]
    assert page.get("/photos/1")["regions"][0]["color"] == label["color"]


def test_the_id_of_a_deleted_label_is_never_anothers(page: Page) -> None:
    first = page.post("/labels", name="cat").json()
    assert delete(page, first["id"]).status_code == 204
    assert page.post("/labels", name="dog").json()["id"] != first["id"]
    assert page.post("/labels", name="cat").json() == first
    assert page.post("/labels", name="cat").status_code == 409


def test_the_name_of_a_deleted_label_can_be_anothers(page: Page) -> None:
    first, second = (page.post("/labels", name=name).json() for name in ("cat", "dog"))
    delete(page, first["id"])
    assert rename(page, second["id"], "cat").json() == {**second, "name": "cat"}
    assert names(page) == ["cat"]


def test_the_id_of_a_deleted_label_whose_name_is_anothers_stays_taken(page: Page) -> None:
    first, second = (page.post("/labels", name=name).json() for name in ("cat", "dog"))
    delete(page, second["id"])
    rename(page, first["id"], "dog")
    assert page.post("/labels", name="bird").json()["id"] == second["id"] + 1
    assert page.post("/labels", name="cat").json()["id"] == second["id"] + 2
    assert names(page) == ["dog", "bird", "cat"]


def test_a_deleted_label_cannot_be_changed(page: Page) -> None:
    label = page.post("/labels", name="sky").json()
    delete(page, label["id"])
    for change in ({"color": [1, 2, 3]}, {"name": "sea"}, {}):
        assert page.client.patch(f"/api/v1/labels/{label['id']}", json=change).status_code == 404
    assert page.post("/labels", name="sky").json() == label


def test_a_start_with_the_same_file_of_labels_changes_nothing_back(
    start: Callable[..., Page], folder: Path, tmp_path: Path
) -> None:
    file = tmp_path / "labels.json"
    file.write_text(json.dumps([{"id": 7, "name": "cat"}, {"id": 8, "name": "dog"}]))
    page = start(folder, labels=file)
    rename(page, 7, "tiger")
    delete(page, 8)
    assert names(start(folder, labels=file)) == ["tiger"]
    file.write_text(json.dumps([{"id": 7, "name": "tiger"}, {"id": 8, "name": "dog"}]))
    assert names(start(folder, labels=file)) == ["tiger", "dog"]
