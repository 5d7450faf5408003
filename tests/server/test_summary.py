"""A project at a glance."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from typer.testing import CliRunner

from fullcanvas.annotation import Annotation
from fullcanvas.cli import app
from fullcanvas.server.progress import Share
from fullcanvas.server.project import open_project
from fullcanvas.server.records import Review
from fullcanvas.server.store import FinishedMap, Store
from fullcanvas.server.summary import summarise
from tests.server.conftest import LEFT, RIGHT, write_photo
from tests.server.test_migrations import restore

MAP = FinishedMap(np.ones((80, 96), np.int32), "model", "hash")


def annotate(store: Store, photo_id: int, author: str | None, *labels: str | None) -> None:
    annotation = Annotation(96, 80)
    for label, points in zip(labels, (LEFT, RIGHT), strict=False):
        annotation = annotation.add_region(points, label)
    photo, before = store.annotation(photo_id)
    store.save(photo, "hash", before, annotation, author=author, spent=(1, 90.0))


def a_project(folder: Path) -> None:
    """Of four photos, one of which is gone later."""
    for name in ("a.jpg", "b.jpg", "c.jpg", "gone.jpg"):
        write_photo(folder / name)
    project = open_project(folder)
    store = project.store
    for name in ("cat", "sky [blue]", "elk"):
        project.add_label({"name": name})
    annotate(store, 1, "ann", "cat", "sky [blue]")
    annotate(store, 2, "bob", "cat", None)
    annotate(store, 4, "ann", "elk", "cat")
    store.complete(store.photo(1), MAP, author="ann")
    store.complete(store.photo(4), MAP, author="ann")
    store.accept(store.photo(1), Review("reviewed", None, "bob", 0.0))
    store.close()
    (folder / "gone.jpg").unlink()


def run(*arguments: object) -> str:
    result = CliRunner().invoke(app, ["summary", *map(str, arguments)])
    assert result.exit_code == 0, result.output
    return result.output


def test_what_there_is_what_is_done_and_who_did_it(tmp_path: Path) -> None:
    a_project(tmp_path)
    project = open_project(tmp_path)
    found = summarise(project)
    project.store.close()
    assert found.statuses == {"new": 1, "in_work": 1, "complete": 0, "reviewed": 1, "rejected": 0}
    assert (found.regions, found.unlabelled, found.complete) == (4, 1, 1)
    assert [(label.name, photos) for label, photos in found.labels] == [
        ("cat", 2),
        ("sky [blue]", 1),
        ("elk", 0),
    ]
    assert found.people == {"ann": Share(1, 1, 0), "bob": Share(1, 0, 1)}


def test_it_is_told_in_tables(tmp_path: Path) -> None:
    a_project(tmp_path)
    told = run(tmp_path)
    assert "3 photos: 1 new, 1 in work, 1 reviewed" in told
    assert "4 regions, 1 without a label" in told
    assert "minutes for each complete photo" in told
    assert [line.split()[1:-1] for line in told.splitlines() if "cat" in line or "sky" in line] == [
        ["cat", "│", "thing", "│", "2"],
        ["sky", "[blue]", "│", "thing", "│", "1"],
    ]
    assert "1 label that no photo has" in told
    assert "elk" not in told
    assert any(line.split()[1:-1] == ["bob", "│", "1", "│", "0", "│", "1"] for line in told.splitlines())


def test_other_programs_get_figures(tmp_path: Path) -> None:
    a_project(tmp_path)
    printed: dict[str, Any] = json.loads(run(tmp_path, "--json"))
    assert (printed["regions"], printed["statuses"]["reviewed"]) == (4, 1)
    assert printed["people"]["bob"] == {"changed": 1, "completed": 0, "reviewed": 1}
    assert printed["labels"][0] == {"id": 1, "name": "cat", "isthing": True, "photos": 2}


def test_a_new_project_is_told_of_too(tmp_path: Path) -> None:
    write_photo(tmp_path / "a.jpg")
    open_project(tmp_path).store.close()
    told = run(tmp_path)
    assert "1 photo: 1 new" in told
    assert "person" not in told
    assert "label " not in told


def test_to_ask_of_a_folder_without_a_project_begins_none(tmp_path: Path) -> None:
    write_photo(tmp_path / "a.jpg")
    result = CliRunner().invoke(app, ["summary", str(tmp_path)])
    assert (result.exit_code, "there is no project in" in result.output) == (2, True)
    assert [each.name for each in tmp_path.iterdir()] == ["a.jpg"]


def test_an_older_database_is_brought_up_to_date_with_a_word_apart_from_the_figures(tmp_path: Path) -> None:
    (tmp_path / ".fullcanvas").mkdir()
    restore(5, tmp_path / ".fullcanvas" / "fullcanvas.db")
    result = CliRunner().invoke(app, ["summary", str(tmp_path), "--json"])
    assert "is of version 5" in result.stderr
    assert json.loads(result.stdout)["statuses"]["new"] == 0
