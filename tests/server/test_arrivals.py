"""Photos that come while the annotator runs."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from fullcanvas.server import arrivals
from fullcanvas.server.arrivals import EVERY_SECONDS, SHARE, Arrivals
from fullcanvas.server.photos import Scan, scan
from fullcanvas.server.project import Project, open_project
from tests.server.conftest import LEFT, Page, write_photo


@pytest.fixture
def now() -> list[float]:
    return [0.0]


@pytest.fixture
def looking(project: Project, now: list[float]) -> Arrivals:
    """On the project, which has just been looked through."""
    made = Arrivals(project, lambda: now[0])
    made.look()
    return made


def paths(project: Project) -> list[str]:
    return [photo.path for photo in project.store.list_photos()]


def test_a_photo_that_came_is_listed_and_told(page: Page, folder: Path) -> None:
    write_photo(folder / "d.jpg")
    assert [item["path"] for item in page.get("/changes?since=3")["photos"]] == ["d.jpg"]
    assert page.get("/project")["photos"] == 4
    page.interact(4, "add_region", extreme_points=LEFT)
    assert [item["path"] for item in page.get("/photos")["items"]] == ["a.jpg", "b/a.jpg", "c.png", "d.jpg"]


def test_the_folder_is_not_looked_through_at_every_request(
    looking: Arrivals, project: Project, folder: Path, now: list[float]
) -> None:
    write_photo(folder / "d.jpg")
    now[0] = EVERY_SECONDS - 0.1
    looking.look()
    assert "d.jpg" not in paths(project)
    now[0] = EVERY_SECONDS
    looking.look()
    assert "d.jpg" in paths(project)


def test_a_large_folder_is_looked_through_less_often(
    looking: Arrivals, project: Project, folder: Path, now: list[float], monkeypatch: pytest.MonkeyPatch
) -> None:
    def slow(folder: Path) -> Scan:
        now[0] += 10
        looking.look()  # by somebody else, who does not wait
        return scan(folder)

    monkeypatch.setattr(arrivals, "scan", slow)
    now[0] = EVERY_SECONDS
    looking.look()
    write_photo(folder / "d.jpg")
    now[0] += 10 / SHARE - 1
    looking.look()
    assert "d.jpg" not in paths(project)
    now[0] += 1
    looking.look()
    assert "d.jpg" in paths(project)


def test_a_folder_that_is_away_takes_nothing_along(
    looking: Arrivals, project: Project, folder: Path, now: list[float]
) -> None:
    shutil.move(folder, folder.with_name("elsewhere"))
    now[0] = EVERY_SECONDS
    looking.look()
    shutil.move(folder.with_name("elsewhere"), folder)
    assert paths(project) == ["a.jpg", "b/a.jpg", "c.png"]


def test_a_photo_that_comes_back_has_what_was_said_of_it(
    looking: Arrivals, project: Project, folder: Path, now: list[float]
) -> None:
    (folder / "c.png").unlink()
    open_project(folder).store.close()
    assert "c.png" not in paths(project)
    known = project.store.changed_since(None)[0]
    write_photo(folder / "c.png")
    now[0] = EVERY_SECONDS
    looking.look()
    (photo,) = project.store.changed_since(known)[1]
    assert (photo.id, photo.path) == (3, "c.png")
