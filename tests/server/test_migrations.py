"""Databases of every version that was ever released open, whole, after a backup."""

from __future__ import annotations

import os
import re
import sqlite3
from io import StringIO
from pathlib import Path

import numpy as np
import pytest
from rich.console import Console

from fullcanvas.annotation import Annotation
from fullcanvas.server import schema
from fullcanvas.server.errors import StoreError
from fullcanvas.server.migrations import STEPS
from fullcanvas.server.store import Store

STORED = {
    int(path.stem.split("-")[1]): path for path in (Path(__file__).parent / "data").glob("version-*.sql")
}


def restore(version: int, path: Path) -> None:
    connection = sqlite3.connect(path)
    connection.executescript(STORED[version].read_text())
    connection.close()


def dump(path: Path) -> list[str]:
    connection = sqlite3.connect(path)
    try:
        return list(connection.iterdump())
    finally:
        connection.close()


def tables(path: Path) -> dict[str, set[str]]:
    """The columns and indexes of every table."""
    connection = sqlite3.connect(path)
    try:
        return {
            name: {
                row[1]
                for pragma in ("table_info", "index_list")
                for row in connection.execute(f"PRAGMA {pragma}({name})")
            }
            for name in schema.metadata.tables
        }
    finally:
        connection.close()


def test_there_is_a_stored_database_and_a_step_for_every_older_version() -> None:
    assert sorted(STORED) == sorted(STEPS) == list(range(1, schema.VERSION))


@pytest.mark.parametrize("version", STORED)
def test_an_old_database_opens_with_all_that_is_in_it(tmp_path: Path, version: int) -> None:
    path = tmp_path / "fullcanvas.db"
    restore(version, path)
    before = dump(path)
    store = Store(path)
    work, done = store.list_photos()
    assert (work.path, work.status, work.version) == ("a.jpg", "in_work", 4)
    assert store.photo_and_change(work.id, "k2") == (work, {})
    assert (done.path, done.status, done.version) == ("b/ü.png", "complete", 2)
    log = Annotation(10, 9, model="m").add_region([(1, 2), (8, 3), (4, 0), (5, 7)], "cat")
    log = log.scribble([(3, 3), (6, 6)], region=1).add_region([(0, 2), (9, 3), (4, 1), (5, 8)]).undo()
    assert store.annotation(work.id)[1] == log
    assert store.labels_of([work.id, done.id]) == {work.id: ["cat"], done.id: ["sky"]}
    assert (store.label_map(done.id) == np.repeat([[0], [1], [1]], 4, axis=1)).all()
    assert [label.name for label in store.labels()] == ["sky", "cat"]
    assert store.save(work, "h", log, log.redo(), author="anna").version == 5
    store.close()
    assert dump(tmp_path / f"fullcanvas.db.backup-{version}") == before


@pytest.mark.parametrize("version", STORED)
def test_migrated_tables_are_those_of_a_new_database(tmp_path: Path, version: int) -> None:
    restore(version, tmp_path / "old.db")
    for name in ("old.db", "new.db"):
        Store(tmp_path / name).close()
    assert tables(tmp_path / "old.db") == tables(tmp_path / "new.db")


def test_a_damaged_annotation_keeps_no_database_from_opening(tmp_path: Path) -> None:
    path = tmp_path / "fullcanvas.db"
    restore(5, path)
    connection = sqlite3.connect(path)
    with connection:
        connection.execute("UPDATE entries SET body = '{' WHERE photo_id = 1")
    connection.close()
    store = Store(path)
    assert store.labels_of([1, 2]) == {2: ["sky"]}
    with pytest.raises(StoreError, match=r"annotation of a\.jpg is damaged"):
        store.annotation(1)
    store.close()


def test_an_update_of_the_tables_is_told_with_where_the_backup_is(tmp_path: Path) -> None:
    """It may take a while, and comes before anything else that a command says."""
    path, told = tmp_path / "fullcanvas.db", Console(record=True, width=60, file=StringIO())
    restore(5, path)
    Store(path, told).close()
    text = told.export_text()
    assert f"{path}: is of version 5; copied, and brought to version {schema.VERSION}, once\n" in text
    assert f"As it was, it is kept in {path}.backup-5\n" in text
    assert re.search(r"Updating .* 100% .*\n", text)
    Store(path, told).close()
    Store(tmp_path / "new.db", told).close()
    assert told.export_text() == ""


def test_backups_never_replace_each_other(tmp_path: Path) -> None:
    for _ in range(2):
        (tmp_path / "fullcanvas.db").unlink(missing_ok=True)
        restore(1, tmp_path / "fullcanvas.db")
        Store(tmp_path / "fullcanvas.db").close()
    assert sorted(path.name for path in tmp_path.glob("*backup*")) == [
        "fullcanvas.db.backup-1",
        "fullcanvas.db.backup-1_2",
    ]


def test_without_a_backup_nothing_is_changed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "fullcanvas.db"
    restore(1, path)
    before = dump(path)

    def full(_handle: int) -> None:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", full)
        with pytest.raises(StoreError, match=r"backup .* cannot be made .*No space left.*nothing"):
            Store(path)
    assert dump(path) == before
    assert not list(tmp_path.glob("*backup*"))


def test_a_step_that_fails_leaves_the_old_database(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "fullcanvas.db"
    restore(1, path)
    before = dump(path)
    steps = {1: (*STEPS[1], "ALTER TABLE nonsense ADD COLUMN x INTEGER")}
    with monkeypatch.context() as patched:
        patched.setattr("fullcanvas.server.migrations.STEPS", steps)
        with pytest.raises(StoreError, match="no such table: nonsense"):
            Store(path)
    assert dump(path) == before
    Store(path).close()
