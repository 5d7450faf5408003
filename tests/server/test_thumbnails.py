"""Small pictures for the list: like the photo, made once, of whatever opens, and in nobody's way."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageFile

from fullcanvas.canvas.resolution import resize
from fullcanvas.server import thumbnails
from fullcanvas.server.accounts import Role
from fullcanvas.server.photos import decode
from fullcanvas.server.project import Project, open_project
from fullcanvas.server.thumbnails import PIXELS, Thumbnails
from tests.server.conftest import Page, Served, write_photo

Start = Callable[..., Page]


def get(page: Page, photo: int = 1, known: str = "") -> Any:
    headers = {"If-None-Match": known}
    return page.client.get(f"/api/v1/photos/{photo}/thumbnail", headers=headers)


def pixels(response: Any) -> NDArray[np.uint8]:
    assert response.status_code == 200, response.text
    assert response.headers["content-type"] == "image/jpeg"
    return np.asarray(Image.open(BytesIO(response.content)))


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The files that were decoded for the list, in order."""
    seen: list[Path] = []

    def counting(path: Path, most: int, *, side: int) -> NDArray[np.uint8]:
        seen.append(path)
        return decode(path, most, side=side)

    monkeypatch.setattr(thumbnails, "decode", counting)
    return seen


@pytest.mark.parametrize("name", ["a.jpg", "a.png"])
@pytest.mark.parametrize(("width", "height"), [(2000, 1500), (900, 1600), (4000, 100), (60, 40)])
def test_a_thumbnail_is_the_photo_made_small(
    start: Start, tmp_path: Path, name: str, width: int, height: int
) -> None:
    photo = write_photo(tmp_path / "photos" / name, width, height)
    small = pixels(get(start(photo.parent)))
    assert small.shape[0] * small.shape[1] <= PIXELS
    # It fills 60 x 45 pixels on a fine screen, unless the photo is smaller or too long for that.
    assert width < 120 or width == 4000 or (small.shape[1] >= 100 and small.shape[0] >= 90)
    assert small.shape[1] / small.shape[0] == pytest.approx(width / height, rel=0.05)
    same = resize(decode(photo), small.shape[1], small.shape[0])
    assert np.abs(small.astype(int) - same).mean() < 8


def test_it_is_upright(start: Start, tmp_path: Path) -> None:
    stored = np.zeros((1000, 2000, 3), np.uint8)
    stored[:, :1000] = (250, 0, 0)
    exif = Image.Exif()
    exif[0x0112] = 6
    (tmp_path / "photos").mkdir()
    Image.fromarray(stored).save(tmp_path / "photos" / "a.jpg", exif=exif)
    small = pixels(get(start(tmp_path / "photos")))
    height, width, _ = small.shape
    assert height > width
    assert np.abs(small[: height // 3].astype(int) - (250, 0, 0)).max() < 20
    assert small[-height // 3 :].max() < 20


def test_of_a_large_jpeg_a_fraction_is_decoded(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    sizes: list[tuple[int, int]] = []
    load = ImageFile.ImageFile.load

    def noted(picture: ImageFile.ImageFile) -> object:
        loaded = load(picture)
        sizes.append(picture.size)
        return loaded

    monkeypatch.setattr(ImageFile.ImageFile, "load", noted)
    decode(write_photo(tmp_path / "a.jpg", 4000, 3000), side=160)
    assert set(sizes) == {(500, 375)}


def test_it_is_made_once_and_sent_once(page: Page, decoded: list[Path]) -> None:
    first, again = get(page), get(page)
    assert first.content == again.content
    assert len(decoded) == 1
    tag = first.headers["etag"]
    assert first.headers["cache-control"] == "private, no-cache"
    known = get(page, known=tag)
    assert (known.status_code, known.content) == (304, b"")


def test_whoever_has_it_after_a_restart_makes_no_work(
    start: Start, folder: Path, decoded: list[Path]
) -> None:
    tag = get(start(folder)).headers["etag"]
    assert get(start(folder), known=tag).status_code == 304
    assert len(decoded) == 1


def test_a_file_that_was_replaced_has_another(page: Page, folder: Path) -> None:
    first = get(page)
    write_photo(folder / "a.jpg", seed=9)
    later = get(page, known=first.headers["etag"])
    assert np.abs(pixels(later).astype(int) - pixels(first)).mean() > 20


def test_a_photo_that_cannot_be_opened_has_none_and_is_tried_once(
    page: Page, folder: Path, decoded: list[Path]
) -> None:
    (folder / "a.jpg").write_bytes((folder / "a.jpg").read_bytes()[:600])
    for _ in range(2):
        refused = get(page)
        assert (refused.status_code, refused.content) == (204, b"")
    assert len(decoded) == 1
    (folder / "b" / "a.jpg").unlink()
    assert get(page, 2).status_code == 204
    (folder / "c.png").unlink()
    (folder / "c.png").symlink_to("/etc/hostname")
    assert get(page, 3).status_code == 204


def test_there_is_none_of_a_photo_that_is_not_there(page: Page) -> None:
    assert get(page, 99).status_code == 404


def test_the_largest_photo_that_is_opened_bounds_what_is_decoded(start: Start, tmp_path: Path) -> None:
    folder = write_photo(tmp_path / "photos" / "a.png", 100, 101).parent
    assert get(start(folder, max_pixels=10_000)).status_code == 204
    assert get(start(folder, max_pixels=10_100)).status_code == 200


def test_it_takes_an_account_as_the_photo_does(served: Served) -> None:
    path = "/api/v1/photos/1/thumbnail"
    assert served.browser().get(path).status_code == 401
    assert served.browser(Role.ANNOTATOR).get(path).status_code == 200
    served.app.state.thumbnails.close()


@pytest.fixture
def many(tmp_path: Path) -> Iterator[Project]:
    """A project of 60 photos."""
    for number in range(60):
        write_photo(tmp_path / f"{number:02}.png", seed=number)
    opened = open_project(tmp_path)
    yield opened
    opened.store.close()


def test_what_is_kept_is_bounded(many: Project, decoded: list[Path]) -> None:
    one = asyncio.run(Thumbnails(many, threading.Lock()).of(1))
    assert one.jpeg
    made = Thumbnails(many, threading.Lock(), limit=30 * len(one.jpeg))
    for photo in (*range(1, 61), 60, 1):
        asyncio.run(made.of(photo))
    assert 10 * len(one.jpeg) < made._recent.total <= 30 * len(one.jpeg)
    assert [path.stem for path in decoded[-2:]] == ["59", "00"]
    made.close()


def test_who_asks_for_many_keeps_no_thread_from_others(many: Project) -> None:
    """They wait for their turn without one: a server has forty, and corrections need them."""
    room = threading.Lock()
    made = Thumbnails(many, room)
    threads = threading.active_count()

    async def ask() -> None:
        room.acquire()
        waiting = [asyncio.create_task(made.of(photo)) for photo in range(1, 61)]
        await asyncio.sleep(0.05)
        assert threading.active_count() <= threads + 1
        assert not any(task.done() for task in waiting)
        room.release()
        assert all(found.jpeg for found in await asyncio.gather(*waiting))

    asyncio.run(ask())
    made.close()


@pytest.mark.skipif(not hasattr(os, "getpriority"), reason="threads have no priority of their own there")
def test_they_are_made_behind_all_else(many: Project, monkeypatch: pytest.MonkeyPatch) -> None:
    levels: list[int] = []

    def noted(path: Path, most: int, *, side: int) -> NDArray[np.uint8]:
        levels.append(os.getpriority(os.PRIO_PROCESS, threading.get_native_id()))
        return decode(path, most, side=side)

    monkeypatch.setattr(thumbnails, "decode", noted)
    made = Thumbnails(many, threading.Lock())
    asyncio.run(made.of(1))
    made.close()
    assert levels == [19]
