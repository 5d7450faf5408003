"""The order of labels: an admin moves them, everybody sees it, and no number of an export depends on it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from fullcanvas.server.accounts import Role
from fullcanvas.server.export import categories
from fullcanvas.server.project import open_project
from tests.server.conftest import LEFT, Page, Served

NAMES = ["ant", "bee", "cat", "dog"]


@pytest.fixture
def labels(page: Page) -> dict[str, int]:
    """The ids of four labels, by name."""
    return {name: page.post("/labels", name=name).json()["id"] for name in NAMES}


def names(page: Page) -> list[str]:
    return [label["name"] for label in page.get("/project")["labels"]]


def move(page: Page, label_id: int, place: int) -> Any:
    return page.client.patch(f"/api/v1/labels/{label_id}", json={"place": place})


@pytest.mark.parametrize(
    ("name", "place", "order"),
    [("dog", 1, "dabc"), ("ant", 4, "bcda"), ("ant", 2, "bacd"), ("cat", 3, "abcd"), ("bee", 99, "acdb")],
)
def test_a_label_goes_to_its_place(
    page: Page, labels: dict[str, int], name: str, place: int, order: str
) -> None:
    moved = move(page, labels[name], place)
    assert (moved.status_code, moved.json()["id"]) == (200, labels[name])
    assert "".join(each[0] for each in names(page)) == order


def test_two_admins_who_move_different_labels_both_have_their_way(page: Page, labels: dict[str, int]) -> None:
    move(page, labels["dog"], 1)
    move(page, labels["bee"], 2)
    assert names(page) == ["dog", "bee", "ant", "cat"]


def test_the_order_stays_over_a_restart_and_new_labels_come_last(
    start: Callable[..., Page], page: Page, folder: Path, labels: dict[str, int]
) -> None:
    move(page, labels["dog"], 1)
    page.post("/labels", name="aardvark")
    assert names(start(folder)) == ["dog", "ant", "bee", "cat", "aardvark"]


def test_what_an_admin_moved_stays_so_whatever_a_file_of_labels_says(
    start: Callable[..., Page], folder: Path, tmp_path: Path
) -> None:
    """Which itself gives ids, and with them the order of what nobody moved."""
    file = tmp_path / "labels.txt"
    file.write_text("ant\nbee\ncat\n")
    page = start(folder, labels=file)
    assert names(page) == ["ant", "bee", "cat"]
    move(page, 3, 1)
    file.write_text("emu\nbee\nant\ncat\n")
    again = start(folder, labels=file)
    assert names(again) == ["cat", "ant", "bee", "emu"]


def test_a_deleted_label_comes_back_where_it_was(page: Page, labels: dict[str, int]) -> None:
    page.interact(1, "add_region", extreme_points=LEFT, label="bee")
    page.interact(1, "label", region=1, label=None)
    page.client.request("DELETE", f"/api/v1/labels/{labels['bee']}", json={})
    move(page, labels["dog"], 2)
    assert names(page) == ["ant", "dog", "cat"]
    page.interact(1, "undo")
    assert names(page) == ["ant", "bee", "dog", "cat"]
    assert move(page, labels["dog"], 2).status_code == 200
    assert names(page) == ["ant", "dog", "bee", "cat"]


def test_a_label_that_becomes_part_of_another_leaves_that_in_its_place(
    page: Page, labels: dict[str, int]
) -> None:
    move(page, labels["dog"], 1)
    page.client.patch(f"/api/v1/labels/{labels['ant']}", json={"name": "dog", "merge": True})
    assert names(page) == ["dog", "bee", "cat"]


def test_no_number_of_an_export_depends_on_the_order(
    page: Page, folder: Path, labels: dict[str, int]
) -> None:
    """A model that was trained on one export has to mean the same by a class of the next."""
    project = open_project(folder)
    before = categories(project)
    assert [(each.id, each.name) for each in before] == [(labels[name], name) for name in NAMES]
    move(page, labels["dog"], 1)
    assert categories(project) == before
    project.store.close()


@pytest.mark.parametrize("place", [0, -1, 2**31, "1", 1.5])
def test_a_place_is_a_number_from_one(page: Page, labels: dict[str, int], place: Any) -> None:
    assert move(page, labels["dog"], place).status_code == 422
    assert names(page) == NAMES


def test_it_takes_an_admin(served: Served) -> None:
    admin, reviewer = served.browser(Role.ADMIN), served.browser(Role.REVIEWER)
    for name in NAMES:
        admin.post("/api/v1/labels", json={"name": name})
    assert reviewer.patch("/api/v1/labels/4", json={"place": 1}).status_code == 403
    assert admin.patch("/api/v1/labels/4", json={"place": 1}).status_code == 200
    found = reviewer.get("/api/v1/project").json()["labels"]
    assert [label["name"] for label in found] == ["dog", "ant", "bee", "cat"]


def test_every_change_of_a_label_is_told_to_pages_that_are_open(page: Page, labels: dict[str, int]) -> None:
    def version() -> int:
        told: int = page.get("/changes")["labels_version"]
        assert page.get("/project")["labels_version"] == told
        return told

    page.interact(1, "add_region", extreme_points=LEFT, label="bee")
    page.interact(1, "label", region=1, label=None)
    place = f"/api/v1/labels/{labels['bee']}"
    changes: dict[str, Callable[[], object]] = {
        "color": lambda: page.client.patch(place, json={"color": [1, 2, 3]}),
        "name": lambda: page.client.patch(place, json={"name": "wasp"}),
        "kind": lambda: page.client.patch(place, json={"isthing": False}),
        "place": lambda: page.client.patch(place, json={"place": 1}),
        "deleted": lambda: page.client.request("DELETE", place, json={}),
        "back by undo": lambda: page.interact(1, "undo"),
        "added": lambda: page.post("/labels", name="emu"),
    }
    for what, change in changes.items():
        before = version()
        change()
        assert version() == before + 1, what
    for change in (lambda: page.interact(1, "redo"), lambda: page.post("/labels", name="emu")):
        before = version()
        change()
        assert version() == before
