"""Photos over the interface: sent once and upright, whatever becomes of their files."""

from __future__ import annotations

import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from fullcanvas.server.photos import decode
from fullcanvas.server.store import Store
from tests.server.conftest import LEFT, Page, PatchRead, read_patch, write_photo

Start = Callable[..., Page]


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


def test_a_part_of_the_label_map_at_full_resolution(start: Start, tmp_path: Path) -> None:
    page = start(write_photo(tmp_path / "large" / "a.jpg", 2000, 1400).parent)
    page.interact(1, "add_region", extreme_points=[[0, 700], [1999, 700], [900, 0], [900, 1399]])
    page.interact(1, "add_region", extreme_points=[[401, 700], [1203, 690], [900, 307], [890, 1101]])
    page.interact(1, "paint", region=2, points=[[300, 300]], radius=3)

    def part(x0: int, y0: int, x1: int, y1: int) -> PatchRead:
        window = {"x0": x0, "y0": y0, "x1": x1, "y1": y1}
        response = page.client.get("/api/v1/photos/1/labels/full", params=window)
        assert response.status_code == 200, response.text
        return read_patch(response.content)

    brushed = part(295, 295, 306, 306)
    rows, columns = np.indices((11, 11)) - 5
    assert ((brushed.labels == 2) == (rows**2 + columns**2 <= 9)).all()
    for asked, cut in (
        ((1900, 1300, 10**6, 10**6), [1900, 1300, 2000, 1400]),
        ((-20, -(10**6), 30, 40), [0, 0, 30, 40]),
    ):
        corner = part(*asked)
        assert [corner.header[side] for side in ("x0", "y0", "x1", "y1")] == cut
    whole = part(0, 0, 2000, 1400).labels
    assert (whole[300:1110, 400:1210] == part(400, 300, 1210, 1110).labels).all()
    page.post("/photos/1/complete", version=3, complete=True)
    assert (part(0, 0, 2000, 1400).labels == whole).all()


def test_parts_that_are_none_or_too_large_are_refused(start: Start, tmp_path: Path) -> None:
    page = start(write_photo(tmp_path / "large" / "a.jpg", 2001, 2000).parent)
    for window, reason in (
        ("x0=0&y0=0&x1=2001&y1=2000", "at most 4000000 pixels"),
        ("x0=2001&y0=0&x1=2002&y1=1", "no pixel of the photo, which has 2001 x 2000"),
        ("x0=9&y0=9&x1=9&y1=9", "no pixel"),
        ("x0=-9&y0=0&x1=0&y1=9", "no pixel"),
    ):
        refusal = page.client.get(f"/api/v1/photos/1/labels/full?{window}")
        assert (refusal.status_code, reason in refusal.json()["detail"]) == (422, True)


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
        page.client.get("/api/v1/export?status=all&unlabelled=region"),
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


def test_a_complete_photo_whose_file_is_gone_or_another_is_neither_reopened_nor_reviewed(
    page: Page, folder: Path
) -> None:
    page.interact(1, "add_region", extreme_points=LEFT)
    assert page.post("/photos/1/complete", version=1, complete=True).status_code == 200
    old = (folder / "a.jpg").read_bytes()
    for spoil in (lambda: write_photo(folder / "a.jpg", seed=99), (folder / "a.jpg").unlink):
        spoil()
        for refused in (
            page.post("/photos/1/complete", version=2, complete=False),
            page.post("/photos/1/review", version=2, verdict="rejected"),
            page.post("/photos/1/review", version=2, verdict="reviewed"),
        ):
            assert refused.status_code == 422
            assert page.get("/photos/1/version") == {"version": 2, "status": "complete"}
    (folder / "a.jpg").write_bytes(old)
    assert page.post("/photos/1/complete", version=2, complete=False).status_code == 200


@pytest.mark.parametrize("what", ["", "/labels", "/labels/full?x0=0&y0=0&x1=9&y1=9"])
def test_a_photo_that_another_program_reopens_meanwhile_is_shown_as_it_is_then(
    page: Page, start: Start, folder: Path, monkeypatch: pytest.MonkeyPatch, what: str
) -> None:
    page.interact(1, "add_region", extreme_points=LEFT)
    page.post("/photos/1/complete", version=1, complete=True)
    other, read = start(folder), Store.label_map

    def reopened(store: Store, photo_id: int) -> NDArray[np.int32]:
        monkeypatch.undo()
        assert other.post("/photos/1/complete", version=2, complete=False).status_code == 200
        return read(store, photo_id)

    monkeypatch.setattr(Store, "label_map", reopened)
    assert page.client.get(f"/api/v1/photos/1{what}").status_code == 200
    assert page.get("/photos/1")["status"] == "in_work"


def test_a_complete_photo_that_is_too_large_by_now_stays_complete(
    page: Page, start: Start, folder: Path
) -> None:
    page.interact(1, "add_region", extreme_points=LEFT)
    page.post("/photos/1/complete", version=1, complete=True)
    shown = page.display(1)
    again = start(folder, max_pixels=1000)
    for refused in (
        again.post("/photos/1/complete", version=2, complete=False),
        again.post("/photos/1/review", version=2, verdict="rejected"),
    ):
        assert (refused.status_code, "more than the" in refused.json()["detail"]) == (422, True)
    assert again.get("/photos/1")["status"] == "complete"
    assert (again.display(1) == shown).all()


def test_a_photo_replaced_by_a_link_out_is_refused(page: Page, folder: Path, tmp_path: Path) -> None:
    write_photo(tmp_path / "secret.jpg")
    (folder / "a.jpg").unlink()
    (folder / "a.jpg").symlink_to(tmp_path / "secret.jpg")
    for suffix in ("", "/image", "/labels"):
        response = page.client.get(f"/api/v1/photos/1{suffix}")
        assert response.status_code == 422
        assert "leads out" in response.json()["detail"]
