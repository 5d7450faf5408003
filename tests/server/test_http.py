"""The interface under /api/v1, as the page uses it."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from fullcanvas.annotation import Annotation
from fullcanvas.inference.segmenter import Segmenter
from fullcanvas.server.errors import StoreError
from fullcanvas.server.photos import decode
from fullcanvas.server.store import Store
from tests.server.conftest import LEFT, RIGHT, Page, read_patch, write_photo

Start = Callable[..., Page]


def test_the_project_at_a_glance(page: Page, segmenter: Segmenter) -> None:
    assert page.get("/project") == {
        "name": "photos",
        "photos": 3,
        "complete": 0,
        "statuses": {"new": 3},
        "seconds": 0.0,
        "unassigned_allowed": True,
        "model": {"name": "tiny", "hash": segmenter.hash},
        "labels": [],
    }


def test_photos_are_listed_in_pages_without_decoding(page: Page, folder: Path) -> None:
    (folder / "a.jpg").write_text("no photo at all")
    listed = page.get("/photos", params={"offset": 0, "limit": 2})
    assert listed["total"] == 3
    assert [item["path"] for item in listed["items"]] == ["a.jpg", "b/a.jpg"]
    assert listed["items"][0] == {
        "id": 1,
        "path": "a.jpg",
        "status": "new",
        "regions": 0,
        "unlabelled": 0,
        "seconds": 0.0,
        "comment": None,
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
        "comment": None,
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
    log = Annotation(96, 80).add_region(LEFT).add_region(RIGHT).scribble(2, [(80, 40), (30, 40)])
    log = log.scribble(1, [(10, 21)]).move_points(1, [[2, 20], [50, 22], [20, 4], [25, 60]])
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


def test_labels_are_added_once(page: Page) -> None:
    response = page.post("/labels", name="  cat ")
    assert response.status_code == 201
    cat = response.json()
    assert (cat["id"], cat["name"], cat["isthing"]) == (1, "cat", True)
    response = page.post("/labels", name="cat")
    assert response.status_code == 409
    assert "'cat' already" in response.json()["detail"]
    sky = page.post("/labels", name="sky", isthing=False, color=[1, 2, 3]).json()
    assert sky == {"id": 2, "name": "sky", "isthing": False, "color": [1, 2, 3]}
    assert page.get("/project")["labels"] == [cat, sky]


@pytest.mark.parametrize("name", ["", "   ", "a\nb", "a\x00b", "x" * 201, 5, None, "\ud800"])
def test_a_name_that_is_none_is_refused(page: Page, name: Any) -> None:
    text = '{"name": "\\ud800"}' if name == "\ud800" else None
    options: dict[str, Any] = {"content": text} if text else {"json": {"name": name}}
    response = page.client.post("/api/v1/labels", headers={"Content-Type": "application/json"}, **options)
    assert response.status_code == 422, response.text
    assert isinstance(response.json()["detail"], str)


def test_a_label_that_does_not_exist_is_refused(page: Page) -> None:
    response = page.post(
        "/photos/1/interactions", version=0, kind="add_region", extreme_points=LEFT, label="elk"
    )
    assert response.status_code == 422
    assert "no label 'elk'" in response.json()["detail"]
    assert page.get("/photos/1")["version"] == 0


@pytest.mark.parametrize(
    ("fields", "message"),
    [
        ({"kind": "add_region", "extreme_points": LEFT[:3]}, "extreme_points"),
        ({"kind": "add_region", "extreme_points": [[5, 5]] * 4}, "no area"),
        ({"kind": "add_region", "extreme_points": [[5, 5], [96, 5], [7, 2], [7, 9]]}, "outside the image"),
        ({"kind": "add_region", "extreme_points": [[-0.5, 5], [9, 5], [7, 2], [7, 9]]}, "outside the image"),
        ({"kind": "add_region", "extreme_points": [[5, 5, 5], [9, 5], [7, 2], [7, 9]]}, "extreme_points"),
        ({"kind": "add_region"}, "extreme_points"),
        ({"kind": "scribble", "points": []}, "points"),
        ({"kind": "scribble", "points": [[90, 75]]}, "no region is under the start"),
        ({"kind": "scribble", "points": [[9, 9]], "region": 7}, "no region 7"),
        ({"kind": "scribble", "points": [[9, 9]], "region": 0}, "region"),
        ({"kind": "scribble", "points": [["a", 9]]}, "points"),
        ({"kind": "scribble", "points": [[1e300, 9]], "region": 1}, "points"),
        ({"kind": "delete", "region": 7}, "no region 7"),
        ({"kind": "delete", "region": 2**70}, "region"),
        ({"kind": "label", "region": 1}, "label"),
        ({"kind": "label", "region": 7, "label": None}, "no region 7"),
        ({"kind": "move_points", "region": 7, "extreme_points": LEFT}, "no region 7"),
        ({"kind": "redo"}, "nothing to redo"),
        ({"kind": "smudge"}, "kind"),
        ({}, "kind"),
    ],
)
def test_requests_that_make_no_sense_change_nothing(page: Page, fields: dict[str, Any], message: str) -> None:
    page.interact(1, "add_region", extreme_points=LEFT)
    before = page.get("/photos/1")
    response = page.post("/photos/1/interactions", version=1, **fields)
    assert response.status_code == 422, response.text
    assert message in response.json()["detail"]
    assert page.get("/photos/1") == before


@pytest.mark.parametrize("body", ["NaN", "[[1, NaN]]", "{", '{"version": NaN}', "null", "5", "[" * 5000])
def test_broken_json_is_refused_in_a_sentence(page: Page, body: str) -> None:
    headers = {"Content-Type": "application/json"}
    response = page.client.post("/api/v1/photos/1/interactions", content=body, headers=headers)
    assert response.status_code in (400, 422)
    assert isinstance(response.json()["detail"], str)


def test_not_a_number_is_refused(page: Page) -> None:
    body = '{"version": 0, "kind": "scribble", "region": 1, "points": [[NaN, 1], [Infinity, 2]]}'
    headers = {"Content-Type": "application/json"}
    response = page.client.post("/api/v1/photos/1/interactions", content=body, headers=headers)
    assert response.status_code == 422
    assert "finite" in response.json()["detail"]


def test_nothing_to_undo_is_said(page: Page) -> None:
    response = page.post("/photos/1/interactions", version=0, kind="undo")
    assert (response.status_code, response.json()["detail"]) == (422, "there is nothing to undo")


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


@pytest.mark.parametrize("key", ["a\0", "\n", "x" * 65])
def test_a_key_that_a_database_could_not_keep_is_refused(page: Page, key: str) -> None:
    body = {"kind": "add_region", "extreme_points": LEFT, "key": key}
    assert page.post("/photos/1/interactions", version=0, **body).status_code == 422


def test_text_that_is_no_unicode_is_refused(page: Page) -> None:
    for body in ('{"name": "\\ud800"}', '{"name": "cat", "color": "\\udfff"}'):
        response = page.client.post(
            "/api/v1/labels", content=body, headers={"Content-Type": "application/json"}
        )
        assert response.status_code == 422


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


def test_the_photo_is_sent_once(page: Page) -> None:
    response = page.client.get("/api/v1/photos/1/image")
    assert response.headers["content-type"] == "image/jpeg"
    etag = response.headers["etag"]
    again = page.client.get("/api/v1/photos/1/image", headers={"If-None-Match": etag})
    assert (again.status_code, again.content) == (304, b"")
    other = page.client.get("/api/v1/photos/2/image", headers={"If-None-Match": etag})
    assert other.status_code == 200


def test_the_photo_is_sent_upright_at_the_display_size(start: Start, tmp_path: Path) -> None:
    folder = tmp_path / "large"
    pixels = np.zeros((1000, 2000, 3), np.uint8)
    pixels[:, :1000] = (250, 0, 0)
    exif = Image.Exif()
    exif[0x0112] = 6
    folder.mkdir()
    Image.fromarray(pixels).save(folder / "a.jpg", exif=exif, quality=95)
    page = start(folder)
    photo = page.get("/photos/1")
    assert (photo["width"], photo["height"]) == (1000, 2000)
    size = (photo["display_width"], photo["display_height"])
    assert size[0] * size[1] <= 1_000_000
    (tmp_path / "sent.jpg").write_bytes(page.client.get("/api/v1/photos/1/image").content)
    sent = decode(tmp_path / "sent.jpg")
    assert sent.shape[1::-1] == size
    assert np.abs(sent[:600].astype(int) - (250, 0, 0)).max() < 12
    assert sent[800:].max() < 12
    (tmp_path / "full.jpg").write_bytes(page.client.get("/api/v1/photos/1/image?size=full").content)
    assert decode(tmp_path / "full.jpg").shape == (2000, 1000, 3)
    page.interact(1, "add_region", extreme_points=[[0, 900], [999, 900], [500, 0], [500, 1999]])
    shown = page.display(1)
    done = page.post("/photos/1/complete", version=1, complete=True).json()
    assert (done["display_width"], done["display_height"]) == size
    assert page.display(1).shape == shown.shape == size[::-1]


def test_uncertainty_is_a_byte_per_pixel(page: Page) -> None:
    page.interact(1, "add_region", extreme_points=LEFT)
    response = page.client.get("/api/v1/photos/1/uncertainty")
    levels = np.frombuffer(zlib.decompress(response.content), np.uint8).reshape(80, 96)
    assert levels[79, 95] == 255
    assert levels[30, 30] == 0


@pytest.mark.parametrize("path", ["", "/image", "/labels", "/uncertainty"])
@pytest.mark.parametrize("photo", ["99", "0", "-1", "abc", str(2**63), str(10**30)])
def test_a_photo_that_is_not_there(page: Page, photo: str, path: str) -> None:
    response = page.client.get(f"/api/v1/photos/{photo}{path}")
    assert response.status_code == (404 if photo == "99" else 422)
    assert isinstance(response.json()["detail"], str)


@pytest.mark.parametrize(
    "query", ["offset=-1", "limit=0", "limit=5000", f"offset={10**30}", "status=done", "name=%00"]
)
def test_bad_pages_of_the_list_are_refused(page: Page, query: str) -> None:
    response = page.client.get(f"/api/v1/photos?{query}")
    assert response.status_code == 422
    assert isinstance(response.json()["detail"], str)


def test_broken_photos_say_why_and_the_others_still_work(start: Start, folder: Path) -> None:
    whole = (folder / "a.jpg").read_bytes()
    (folder / "empty.jpg").touch()
    (folder / "text.jpg").write_text("dear diary")
    (folder / "truncated.jpg").write_bytes(whole[: len(whole) // 2])
    write_photo(folder / "z.png")
    page = start(folder)
    photos = {item["path"]: item["id"] for item in page.get("/photos")["items"]}
    for path, message in (
        ("empty.jpg", "the file is empty"),
        ("text.jpg", "not a photo"),
        ("truncated.jpg", "ends too early"),
    ):
        for suffix in ("", "/image", "/labels", "/uncertainty"):
            if (path, suffix) == ("empty.jpg", "/x"):
                continue
            response = page.client.get(f"/api/v1/photos/{photos[path]}{suffix}")
            assert response.status_code == 422
            assert response.json()["detail"].startswith(f"{path}: ")
            assert message in response.json()["detail"]
        body = {"version": 0, "kind": "add_region", "extreme_points": LEFT}
        assert page.post(f"/photos/{photos[path]}/interactions", **body).status_code == 422
    for path in ("a.jpg", "b/a.jpg", "c.png", "z.png"):
        assert page.interact(photos[path], "add_region", extreme_points=LEFT).header["region"] == 1


@pytest.mark.parametrize(("width", "height"), [(1, 1), (1, 2000), (1, 65_500), (3, 3)])
def test_tiny_and_thin_photos_open(start: Start, tmp_path: Path, width: int, height: int) -> None:
    write_photo(tmp_path / "thin" / "a.png", width, height)
    page = start(tmp_path / "thin")
    assert page.get("/photos/1")["height"] == height
    assert page.client.get("/api/v1/photos/1/image").status_code == 200
    if height > 1:
        points = [[0, 0], [0, height - 1], [0, 0], [0, 1]]
        assert page.interact(1, "add_region", extreme_points=points).labels.any()


def test_an_empty_folder_has_no_photos(start: Start, tmp_path: Path) -> None:
    (tmp_path / "none").mkdir()
    page = start(tmp_path / "none")
    assert page.get("/project")["photos"] == 0
    assert page.get("/photos") == {"total": 0, "items": []}


def test_a_photo_that_changed_on_disk_is_not_annotated_on(page: Page, folder: Path) -> None:
    page.interact(1, "add_region", extreme_points=LEFT)
    old = (folder / "a.jpg").read_bytes()
    write_photo(folder / "a.jpg", seed=99)
    for response in (
        page.client.get("/api/v1/photos/1"),
        page.client.get("/api/v1/photos/1/image"),
        page.post("/photos/1/interactions", version=1, kind="undo"),
        page.post("/photos/1/complete", version=1, complete=True),
        page.client.get("/api/v1/export?unlabelled=region"),
    ):
        assert response.status_code == 422
        assert "a.jpg: the file has changed since it was annotated" in response.json()["detail"]
    (folder / "a.jpg").write_bytes(old)
    assert page.get("/photos/1")["version"] == 1


def test_a_photo_that_changed_before_it_was_annotated_is_simply_new(page: Page, folder: Path) -> None:
    page.get("/photos/1")
    write_photo(folder / "a.jpg", 50, 60, seed=99)
    assert page.get("/photos/1")["width"] == 50


def test_a_photo_that_is_gone_says_so(page: Page, folder: Path) -> None:
    page.interact(1, "add_region", extreme_points=LEFT)
    (folder / "a.jpg").unlink()
    response = page.client.get("/api/v1/photos/1")
    assert response.status_code == 422
    assert "no longer there" in response.json()["detail"]


def test_a_photo_replaced_by_a_link_out_is_refused(page: Page, folder: Path, tmp_path: Path) -> None:
    write_photo(tmp_path / "secret.jpg")
    (folder / "a.jpg").unlink()
    (folder / "a.jpg").symlink_to(tmp_path / "secret.jpg")
    for suffix in ("", "/image", "/labels"):
        response = page.client.get(f"/api/v1/photos/1{suffix}")
        assert response.status_code == 422
        assert "leads out" in response.json()["detail"]


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
            "/photos/{photo_id}/labels",
            "/photos/{photo_id}/uncertainty",
            "/photos/{photo_id}/interactions",
            "/photos/{photo_id}/preview",
            "/photos/{photo_id}/complete",
            "/export",
            "/export/check",
            "/photos/{photo_id}/history",
            "/photos/{photo_id}/version",
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
    assert {"200", "400", "401", "403", "404", "409", "413", "422", "503"} == set(interact)
    assert set(interact["200"]["content"]) == {"application/octet-stream"}
