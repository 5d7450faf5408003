"""The interface under /api/v1, as the page uses it."""

from __future__ import annotations

import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

from fullcanvas.annotation import Annotation
from fullcanvas.inference.segmenter import Segmenter
from fullcanvas.server.errors import StoreError
from fullcanvas.server.photos import decode
from fullcanvas.server.store import Store
from tests.server.conftest import LEFT, RIGHT, Page, read_patch

Start = Callable[..., Page]


def test_the_project_at_a_glance(page: Page, segmenter: Segmenter) -> None:
    assert page.get("/project") == {
        "name": "photos",
        "photos": 3,
        "complete": 0,
        "statuses": {"new": 3},
        "seconds": 0.0,
        "unassigned_allowed": True,
        "unlabelled_allowed": True,
        "model": {"name": "tiny", "hash": segmenter.hash},
        "labels_version": 0,
        "labels": [],
        "people": [],
    }


@pytest.mark.parametrize(
    "path",
    ["/", "/api/v1", "/login", "/static/main.js", "/api/v1/photos", "/api/v1/photos/1/image", "/nowhere"],
)
def test_a_head_request_is_answered_as_get_without_a_body(page: Page, path: str) -> None:
    """As proxies and load balancers ask whether the server is well."""
    head, whole = page.client.head(path), page.client.get(path)
    assert head.status_code == whole.status_code
    assert head.headers.items() >= whole.headers.items()
    assert head.content == b""


def test_no_export_is_made_for_a_head_request(page: Page) -> None:
    for photo in (1, 2):
        version = page.interact(photo, "add_region", extreme_points=LEFT).header["photo"]["version"]
        page.post(f"/photos/{photo}/complete", version=version, complete=True)
    answered = page.client.head("/api/v1/export?unlabelled=region&key=k")
    assert (answered.status_code, answered.content) == (200, b"")
    assert page.get("/export/progress?key=k")["state"] == "broken_off"


def test_photos_are_listed_in_pages_without_decoding(page: Page, folder: Path) -> None:
    (folder / "a.jpg").write_text("no photo at all")
    listed = page.get("/photos", params={"offset": 0, "limit": 2})
    assert listed["total"] == 3
    assert [item["path"] for item in listed["items"]] == ["a.jpg", "b/a.jpg"]
    assert listed["items"][0] == {
        "id": 1,
        "path": "a.jpg",
        "status": "new",
        "version": 0,
        "regions": 0,
        "unlabelled": 0,
        "labels": [],
        "seconds": 0.0,
        "author": None,
        "comment": None,
        "review": None,
    }
    assert [item["path"] for item in page.get("/photos?offset=2")["items"]] == ["c.png"]
    assert page.get("/photos?status=complete") == {"total": 0, "items": []}
    assert page.get("/photos?status=")["total"] == 3


def test_photos_are_found_by_a_part_of_their_path(page: Page, folder: Path) -> None:
    for name, paths in (("A.JP", ["a.jpg", "b/a.jpg"]), ("b/", ["b/a.jpg"]), ("%", []), ("_", [])):
        found = page.get("/photos", params={"name": name, "limit": 1})
        assert found["total"] == len(paths)
        assert [item["path"] for item in found["items"]] == paths[:1]
    assert page.get("/photos?name=a.jpg&status=complete")["total"] == 0


def test_an_opened_photo_is_described(page: Page) -> None:
    assert page.get("/photos/1") == {
        "id": 1,
        "path": "a.jpg",
        "width": 96,
        "height": 80,
        "display_width": 96,
        "display_height": 80,
        "status": "new",
        "version": 0,
        "can_undo": False,
        "can_redo": False,
        "unassigned": 1.0,
        "seconds": 0.0,
        "author": None,
        "comment": None,
        "review": None,
        "begun_with": None,
        "regions": [],
    }
    assert not page.display(1).any()


def test_a_region_is_segmented_and_comes_back_as_a_patch(page: Page) -> None:
    patch = page.interact(1, "add_region", extreme_points=LEFT)
    header = patch.header
    assert header["region"] == 1
    assert (header["x0"], header["y0"], header["x1"], header["y1"]) == (4, 4, 51, 61)
    assert (patch.labels == 1).all()
    photo = header["photo"]
    assert photo == page.get("/photos/1")
    assert (photo["status"], photo["version"], photo["can_undo"], photo["can_redo"]) == (
        "in_work",
        1,
        True,
        False,
    )
    assert photo["unassigned"] == pytest.approx(1 - 47 * 57 / (96 * 80))
    (region,) = photo["regions"]
    assert region["extreme_points"] == LEFT
    assert region["box"] == [4, 4, 51, 61]
    assert (region["label"], region["isthing"], region["scribbles"]) == (None, None, 0)


def test_patches_add_up_to_the_whole_display(page: Page, segmenter: Segmenter, folder: Path) -> None:
    painted = page.display(1).copy()
    steps: list[dict[str, Any]] = [
        {"kind": "add_region", "extreme_points": LEFT},
        {"kind": "add_region", "extreme_points": [[90.7, 32.2], [60.1, 10], [65, 70.9], [40.3, 30.5]]},
        {"kind": "scribble", "points": [[80, 40], [30, 40]], "region": 2},
        {"kind": "scribble", "points": [[10.5, 21.5]], "region": None},
        {"kind": "undo"},
        {"kind": "redo"},
        {"kind": "move_points", "region": 1, "extreme_points": [[2, 20], [50, 22], [20, 4], [25, 60]]},
        {"kind": "delete", "region": 2},
        {"kind": "undo"},
    ]
    for step in steps:
        patch = page.interact(1, **step)
        header = patch.header
        painted[header["y0"] : header["y1"], header["x0"] : header["x1"]] = patch.labels
        assert (painted == page.display(1)).all(), step
    log = Annotation(96, 80).add_region(LEFT).add_region(RIGHT).scribble([(80, 40), (30, 40)], region=2)
    log = log.scribble([(10, 21)], region=1).move_points(1, [[2, 20], [50, 22], [20, 4], [25, 60]])
    assert (painted == segmenter.open(decode(folder / "a.jpg"), log).display).all()


def test_a_scribble_without_a_region_grows_the_one_under_its_start(page: Page) -> None:
    page.interact(1, "add_region", extreme_points=LEFT)
    patch = page.interact(1, "scribble", points=[[10.9, 20.2], [80, 70]])
    assert patch.header["region"] == 1
    (region,) = patch.header["photo"]["regions"]
    assert (region["scribbles"], region["box"]) == (1, [4, 4, 81, 71])


def test_a_label_changes_no_pixel(page: Page) -> None:
    page.interact(1, "add_region", extreme_points=LEFT)
    sky = page.post("/labels", name="sky", isthing=False).json()
    patch = page.interact(1, "label", region=1, label="sky")
    assert patch.labels.size == 0
    (region,) = patch.header["photo"]["regions"]
    assert (region["label"], region["isthing"], region["color"]) == ("sky", False, sky["color"])
    assert page.get("/photos")["items"][0]["unlabelled"] == 0
    assert page.interact(1, "label", region=1, label=None).header["photo"]["regions"][0]["label"] is None
    assert page.get("/photos")["items"][0]["unlabelled"] == 1


@pytest.mark.parametrize("white", ["  ", "\x1c", "\u3000"])
def test_labels_are_added_once(page: Page, white: str) -> None:
    response = page.post("/labels", name=f"{white}cat ")
    assert response.status_code == 201
    cat = response.json()
    assert (cat["id"], cat["name"], cat["isthing"]) == (1, "cat", True)
    response = page.post("/labels", name="cat")
    assert response.status_code == 409
    assert "'cat' already" in response.json()["detail"]
    sky = page.post("/labels", name="sky", isthing=False, color=[1, 2, 3]).json()
    assert sky == {"id": 2, "name": "sky", "isthing": False, "color": [1, 2, 3]}
    assert page.get("/project")["labels"] == [cat, sky]


def test_a_stale_version_answers_409_and_changes_nothing(page: Page) -> None:
    page.interact(1, "add_region", extreme_points=LEFT)
    before = page.display(1)
    for path, body in (
        ("interactions", {"kind": "add_region", "extreme_points": RIGHT}),
        ("complete", {"complete": True}),
    ):
        for version in (0, 2):
            response = page.post(f"/photos/1/{path}", version=version, **body)
            assert response.status_code == 409
            assert response.json()["version"] == 1
            assert "changed elsewhere" in response.json()["detail"]
    assert page.get("/photos/1")["version"] == 1
    assert (page.display(1) == before).all()


def test_twenty_callers_at_once_lose_no_update(page: Page) -> None:
    page.interact(1, "add_region", extreme_points=LEFT)

    def scribble(number: int) -> int:
        conflicts = 0
        version = page.get("/photos/1")["version"]
        while True:
            body = {"kind": "scribble", "region": 1, "points": [[number, number]]}
            response = page.post("/photos/1/interactions", version=version, **body)
            if response.status_code == 200:
                return conflicts
            assert response.status_code == 409
            version, conflicts = response.json()["version"], conflicts + 1

    with ThreadPoolExecutor(20) as pool:
        conflicts = list(pool.map(scribble, range(20)))
    photo = page.get("/photos/1")
    assert photo["version"] == 21
    assert photo["regions"][0]["scribbles"] == 20
    assert len(conflicts) == 20


def test_a_change_sent_again_with_its_key_is_not_applied_twice(page: Page) -> None:
    body = {"kind": "add_region", "extreme_points": LEFT, "key": "k1"}
    assert page.post("/photos/1/interactions", version=0, **body).status_code == 200
    again = read_patch(page.post("/photos/1/interactions", version=0, **body).content)
    assert again.header["photo"]["version"] == 1
    assert len(again.header["photo"]["regions"]) == 1
    assert again.labels.shape == (80, 96)
    assert (again.labels == page.display(1)).all()
    assert page.post("/photos/1/interactions", version=0, **{**body, "key": "k2"}).status_code == 409
    for _ in range(2):
        response = page.post("/photos/1/complete", version=1, complete=True, key="k3")
        assert response.json()["status"] == "complete"
        assert response.json()["version"] == 2


def test_a_change_whose_answer_was_lost_is_known_whatever_others_did_since(page: Page) -> None:
    page.post("/labels", name="cat")
    body = {"kind": "add_region", "extreme_points": LEFT, "key": "lost"}
    assert page.post("/photos/1/interactions", version=0, **body).status_code == 200
    page.interact(1, "label", region=1, label="cat", key="another's")
    for version in (0, 2):  # sent again, and made again after a conflict
        again = read_patch(page.post("/photos/1/interactions", version=version, **body).content)
        assert (again.header["region"], again.header["photo"]["version"]) == (1, 2)
        assert (again.labels == page.display(1)).all()
    assert [region["label"] for region in page.get("/photos/1")["regions"]] == ["cat"]
    # A key is the photo's own.
    assert page.post("/photos/2/interactions", version=0, **body).status_code == 200
    page.interact(2, "undo", key="undone")
    assert page.post("/photos/2/interactions", version=1, kind="undo", key="undone").status_code == 200
    assert page.get("/photos/2")["version"] == 2


def test_undo_all_the_way_and_back(page: Page) -> None:
    for points in (LEFT, RIGHT):
        page.interact(1, "add_region", extreme_points=points)
    full = page.display(1)
    assert [page.interact(1, "undo").header["photo"]["can_undo"] for _ in range(2)] == [True, False]
    assert not page.display(1).any()
    assert [page.interact(1, "redo").header["photo"]["can_redo"] for _ in range(2)] == [True, False]
    assert (page.display(1) == full).all()
    page.interact(1, "undo")
    assert page.interact(1, "add_region", extreme_points=RIGHT).header["region"] == 3


def test_a_complete_photo_keeps_its_label_map_and_is_closed(page: Page) -> None:
    for points in (LEFT, RIGHT):
        page.interact(1, "add_region", extreme_points=points)
    before, photo = page.display(1), page.get("/photos/1")
    done = page.post("/photos/1/complete", version=2, complete=True).json()
    assert (done["status"], done["version"], done["can_undo"]) == ("complete", 3, False)
    assert done["regions"] == photo["regions"]
    assert done["unassigned"] == photo["unassigned"]
    assert page.get("/project")["complete"] == 1
    assert page.get("/photos?status=complete")["items"][0]["path"] == "a.jpg"
    assert (page.display(1) == before).all()
    response = page.post("/photos/1/interactions", version=3, kind="undo")
    assert response.status_code == 422
    assert "reopen it first" in response.json()["detail"]
    again = page.post("/photos/1/complete", version=3, complete=True).json()
    assert (again["status"], again["version"]) == ("complete", 3)
    opened = page.post("/photos/1/complete", version=3, complete=False).json()
    assert (opened["status"], opened["version"], opened["can_undo"]) == ("in_work", 4, True)
    assert (page.display(1) == before).all()
    page.interact(1, "undo")


def test_a_photo_without_regions_can_be_complete(page: Page) -> None:
    done = page.post("/photos/3/complete", version=0, complete=True).json()
    assert (done["status"], done["unassigned"], done["width"]) == ("complete", 1.0, 96)
    opened = page.post("/photos/3/complete", version=1, complete=False).json()
    assert (opened["status"], opened["regions"]) == ("in_work", [])


def test_another_model_does_not_touch_a_complete_photo(
    page: Page, start: Start, folder: Path, segmenter: Segmenter, monkeypatch: pytest.MonkeyPatch
) -> None:
    page.interact(1, "add_region", extreme_points=LEFT)
    page.post("/photos/1/complete", version=1, complete=True)
    before = page.display(1)

    def never(*_arguments: Any) -> Any:
        raise AssertionError("a complete photo was segmented again")

    monkeypatch.setattr(segmenter, "encode", never)
    monkeypatch.setattr(segmenter, "logits", never)
    assert (start(folder).display(1) == before).all()


def test_what_cannot_be_stored_is_not_shown(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    page.interact(1, "add_region", extreme_points=LEFT)
    before = page.display(1)

    def full(*_arguments: Any, **_options: Any) -> Any:
        raise StoreError("the disk is full; nothing was stored")

    with monkeypatch.context() as patched:
        patched.setattr(Store, "save", full)
        response = page.post("/photos/1/interactions", version=1, kind="add_region", extreme_points=RIGHT)
        assert response.status_code == 503
        assert "disk is full" in response.json()["detail"]
    assert (page.display(1) == before).all()
    assert page.interact(1, "add_region", extreme_points=RIGHT, version=1).header["region"] == 2


def test_a_restart_finds_everything(page: Page, start: Start, folder: Path) -> None:
    page.post("/labels", name="cat")
    page.interact(1, "add_region", extreme_points=LEFT, label="cat")
    page.interact(1, "add_region", extreme_points=RIGHT)
    page.interact(1, "scribble", points=[[45, 40], [85, 40]], region=1)
    page.interact(1, "undo")
    page.interact(2, "add_region", extreme_points=RIGHT)
    page.post("/photos/2/complete", version=1, complete=True)
    again = start(folder)
    for path in ("/project", "/photos", "/photos/1", "/photos/2"):
        assert again.get(path) == page.get(path)
    for photo in (1, 2):
        assert (again.display(photo) == page.display(photo)).all()
    assert again.interact(1, "redo").header["photo"]["regions"][0]["scribbles"] == 1


def test_two_servers_on_one_folder_see_each_other(page: Page, start: Start, folder: Path) -> None:
    other = start(folder)
    page.interact(1, "add_region", extreme_points=LEFT)
    assert other.interact(1, "add_region", extreme_points=RIGHT).header["region"] == 2
    response = page.post("/photos/1/interactions", version=1, kind="undo")
    assert response.status_code == 409
    assert len(page.get("/photos/1")["regions"]) == 2
    assert (page.display(1) == other.display(1)).all()


def test_evicted_photos_come_back(segmenter: Segmenter, folder: Path) -> None:
    from fastapi.testclient import TestClient

    from fullcanvas.server.app import create_app
    from fullcanvas.server.project import open_project

    project = open_project(folder)
    with TestClient(create_app(project, segmenter, memory=1), base_url="http://localhost") as client:
        page = Page(client)
        shown = {}
        for photo in (1, 2, 3):
            page.interact(photo, "add_region", extreme_points=LEFT if photo == 1 else RIGHT)
            shown[photo] = page.display(photo)
        assert all((page.display(photo) == shown[photo]).all() for photo in (1, 2, 3))
        assert page.interact(1, "undo").header["photo"]["regions"] == []
    project.store.close()


def test_the_project_can_lie_elsewhere(start: Start, folder: Path, tmp_path: Path) -> None:
    page = start(folder, place=tmp_path / "work")
    page.interact(1, "add_region", extreme_points=LEFT)
    assert not (folder / ".fullcanvas").exists()
    assert (tmp_path / "work" / "fullcanvas.db").is_file()
    assert len(start(folder, place=tmp_path / "work").get("/photos/1")["regions"]) == 1


def test_region_ids_end_where_label_maps_do(page: Page, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fullcanvas.server.workbench.MAX_REGIONS", 2)
    page.interact(1, "add_region", extreme_points=LEFT)
    page.interact(1, "add_region", extreme_points=RIGHT)
    page.interact(1, "delete", region=2)
    response = page.post("/photos/1/interactions", version=3, kind="add_region", extreme_points=RIGHT)
    assert response.status_code == 422
    assert "2 regions, deleted ones included" in response.json()["detail"]


def test_the_description_of_the_interface_is_true(page: Page) -> None:
    description = page.get("/openapi.json")
    paths = description["paths"]
    assert set(paths) == {
        f"/api/v1{path}"
        for path in (
            "/project",
            "/labels",
            "/photos",
            "/photos/{photo_id}",
            "/photos/{photo_id}/image",
            "/photos/{photo_id}/thumbnail",
            "/photos/{photo_id}/labels",
            "/photos/{photo_id}/labels/full",
            "/photos/{photo_id}/uncertainty",
            "/photos/{photo_id}/interactions",
            "/photos/{photo_id}/preview",
            "/photos/{photo_id}/complete",
            "/export",
            "/export/check",
            "/export/progress",
            "/photos/{photo_id}/history",
            "/photos/{photo_id}/version",
            "/changes",
            "/photos/{photo_id}/review",
            "/rule",
            "/labels/{label_id}",
            "/session",
        )
    }
    problem = "#/components/schemas/Problem"
    for methods in paths.values():
        for operation in methods.values():
            assert operation["responses"]["422"]["content"]["application/json"]["schema"]["$ref"] == problem
    interact = paths["/api/v1/photos/{photo_id}/interactions"]["post"]["responses"]
    assert {"200", "400", "401", "403", "404", "408", "409", "413", "422", "503"} == set(interact)
    assert set(interact["200"]["content"]) == {"application/octet-stream"}


def test_a_body_that_is_no_text_is_answered_as_described(page: Page) -> None:
    asked = 0
    for path, methods in page.get("/openapi.json")["paths"].items():
        for method, operation in methods.items():
            if "requestBody" in operation:
                place = re.sub(r"{\w+}", "1", path)
                json = {"Content-Type": "application/json"}
                response = page.client.request(method, place, content=b'{"name": "\xff"}', headers=json)
                assert (response.status_code, method, path) == (400, method, path)
                assert "400" in operation["responses"]
                asked += 1
    assert asked >= 8
