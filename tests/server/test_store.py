"""The store: exact, versioned, durable, and never silently wrong."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import sqlalchemy
from hypothesis import given, settings
from hypothesis import strategies as st

from fullcanvas.annotation import Annotation
from fullcanvas.server import schema
from fullcanvas.server.errors import NotFoundError, StaleError, StoreError
from fullcanvas.server.filters import Filter
from fullcanvas.server.label_maps import MAX_REGIONS, decode_label_map, encode_label_map
from fullcanvas.server.labels import merge, parse_labels
from fullcanvas.server.records import Photo
from fullcanvas.server.store import FinishedMap, Store

POINTS = [(1, 2), (8, 3), (4, 0), (5, 7)]
EMPTY = Annotation(10, 9, model="m")


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "deep" / "fullcanvas.db"


@pytest.fixture
def store(path: Path) -> Iterator[Store]:
    opened = Store(path)
    opened.sync_photos(["b.jpg", "a.jpg", "c.jpg"])
    opened.change_labels(lambda known: merge([{"name": "cat"}], known))
    yield opened
    opened.close()


def first(store: Store) -> Photo:
    return store.list_photos()[0]


def rows(path: Path, query: str) -> list[Any]:
    connection = sqlite3.connect(path)
    try:
        return connection.execute(query).fetchall()
    finally:
        connection.close()


def execute(path: Path, statement: str) -> None:
    connection = sqlite3.connect(path)
    with connection:
        connection.execute(statement)
    connection.close()


def test_photos_are_listed_by_path_in_pages(store: Store) -> None:
    assert [photo.path for photo in store.list_photos()] == ["a.jpg", "b.jpg", "c.jpg"]
    assert [photo.path for photo in store.list_photos(offset=1, limit=1)] == ["b.jpg"]
    assert store.count_photos() == 3
    assert store.count_photos(Filter(status="complete")) == 0
    assert store.list_photos(wanted=Filter(status="complete")) == []


def test_the_next_photo_is_by_path(store: Store) -> None:
    a, b, c = store.list_photos()
    assert store.photo_after(a.id) == b
    assert store.photo_after(b.id) == c
    assert store.photo_after(c.id) is None


def test_nothing_that_is_asked_all_the_time_sorts_all_photos(store: Store) -> None:
    plans: list[str] = []

    def explain(connection: Any, _cursor: Any, statement: str, parameters: Any, *_more: Any) -> None:
        if statement.startswith("SELECT"):
            driver = connection.connection.driver_connection
            plans.extend(row[3] for row in driver.execute(f"EXPLAIN QUERY PLAN {statement}", parameters))

    sqlalchemy.event.listen(store._database._engine, "before_cursor_execute", explain)
    store.changed_since(1)
    store.photo_after(1)
    store.list_photos(limit=100)
    store.list_photos(limit=100, wanted=Filter(status="complete"))
    store.count_photos(Filter(label="cat"))
    store.count_photos(Filter(person="anna"))
    store.labels_of([1, 2])
    assert len(plans) >= 5
    assert [plan for plan in plans if "TEMP B-TREE" in plan or plan == "SCAN photos"] == []


def test_a_photo_that_went_comes_back_with_its_annotation(store: Store) -> None:
    photo = first(store)
    store.save(photo, "h", None, EMPTY.add_region(POINTS))
    store.sync_photos(["b.jpg"])
    assert [photo.path for photo in store.list_photos()] == ["b.jpg"]
    # Another program may have looked while the folder was away: whoever is at work on it goes on.
    assert store.photo(photo.id).regions == 1
    with pytest.raises(NotFoundError, match="no photo"):
        store.photo(99)
    assert store.progress.missing() == ["a.jpg"]  # but not c.jpg, with which nothing is lost
    store.sync_photos(["a.jpg", "b.jpg", "d.jpg"])
    assert store.progress.missing() == []
    assert [photo.path for photo in store.list_photos()] == ["a.jpg", "b.jpg", "d.jpg"]
    assert store.photo(photo.id).regions == 1


def test_what_is_saved_is_there_after_opening_again(store: Store, path: Path) -> None:
    log = EMPTY.add_region(POINTS, "cat").scribble([(3, 3), (6, 6)], region=1)
    saved = store.save(first(store), "hash", None, log)
    other = Store(path)
    photo, found = other.annotation(saved.id)
    other.close()
    assert found == log
    assert photo == saved
    assert (photo.status, photo.version, photo.regions, photo.unlabelled) == ("in_work", 1, 1, 0)
    assert photo.content_hash == "hash"


def test_a_photo_without_annotation_has_none(store: Store) -> None:
    assert store.annotation(first(store).id)[1] is None


ACTIONS = st.lists(
    st.sampled_from(
        ["add_region", "scribble", "label", "relabel", "unlabel", "move_points", "delete", "undo", "redo"]
    ),
    max_size=25,
)


def step(log: Annotation, action: str) -> Annotation:
    region = max(log.regions, default=0)
    steps: dict[str, Callable[[], Annotation]] = {
        "undo": log.undo,
        "redo": log.redo,
        "add_region": lambda: log.add_region(POINTS),
        "scribble": lambda: log.scribble([(1, 1), (len(log.entries) % 10, 2)], region=region),
        "label": lambda: log.label(region, "cat"),
        "relabel": lambda: log.label(region, "dog"),
        "unlabel": lambda: log.label(region, None),
        "move_points": lambda: log.move_points(region, [(0, 2), (9, 3), (4, 1), (5, 8)]),
        "delete": lambda: log.delete(region),
    }
    return steps[action if region or action in ("undo", "redo") else "add_region"]()


@settings(max_examples=20)
@given(actions=ACTIONS)
def test_any_sequence_of_changes_is_kept_exactly(
    tmp_path_factory: pytest.TempPathFactory, actions: list[str]
) -> None:
    store = Store(tmp_path_factory.mktemp("store") / "fullcanvas.db")
    store.sync_photos(["a.jpg"])
    store.change_labels(lambda known: merge([{"name": "cat"}, {"name": "dog"}], known))
    photo, log = first(store), EMPTY
    for action in actions:
        after = step(log, action)
        photo = store.save(photo, "h", log, after)
        log = after
        kept = store.annotation(photo.id)
        assert kept == (photo, log)
        labels = {region.label for region in log.regions.values() if region.label is not None}
        assert store.labels_of([photo.id]) == ({photo.id: sorted(labels)} if labels else {})
    assert photo.version == len(actions)
    store.close()


def test_a_change_writes_only_its_own_entry(store: Store, path: Path) -> None:
    log = EMPTY.add_region(POINTS)
    photo = store.save(first(store), "h", None, log)
    for _ in range(5):
        after = log.scribble([(3, 3)], region=1)
        photo, log = store.save(photo, "h", log, after), after
    before = rows(path, "SELECT rowid, * FROM entries ORDER BY position")
    store.save(photo, "h", log, log.scribble([(4, 4)], region=1))
    after_rows = rows(path, "SELECT rowid, * FROM entries ORDER BY position")
    assert after_rows[:-1] == before
    assert len(after_rows) == len(before) + 1


def test_a_stale_change_stores_nothing(store: Store) -> None:
    seen = first(store)
    log = EMPTY.add_region(POINTS)
    saved = store.save(seen, "h", None, log)
    with pytest.raises(StaleError, match="changed elsewhere") as caught:
        store.save(seen, "h", None, EMPTY.add_region([(0, 0), (1, 1), (0, 1), (1, 0)]))
    assert caught.value.version == 1
    assert store.annotation(seen.id) == (saved, log)
    made = FinishedMap(np.zeros((9, 10), np.int32), "m", "h")
    with pytest.raises(StaleError):
        store.complete(seen, made)
    with pytest.raises(StaleError):
        store.reopen(seen)
    assert store.photo(seen.id) == saved


def test_a_completed_label_map_comes_back_exactly(store: Store) -> None:
    label_map = np.random.default_rng(0).integers(0, MAX_REGIONS + 1, (9, 10)).astype(np.int32)
    photo = store.complete(first(store), FinishedMap(label_map, "m", "h"))
    assert (photo.status, photo.version) == ("complete", 1)
    found = store.label_map(photo.id)
    assert found.dtype == np.int32
    assert (found == label_map).all()
    photo = store.reopen(photo)
    assert (photo.status, photo.version) == ("in_work", 2)
    with pytest.raises(StoreError, match="no stored label map"):
        store.label_map(photo.id)


def test_label_maps_are_lossless_or_refused() -> None:
    small = np.zeros((3, 4), np.int32)
    assert (decode_label_map(encode_label_map(small)) == small).all()
    for wrong in (-1, MAX_REGIONS + 1):
        with pytest.raises(StoreError, match="region ids from 0"):
            encode_label_map(np.full((2, 2), wrong, np.int32))
    with pytest.raises(StoreError, match="damaged"):
        decode_label_map(b"\x89PNG nonsense")


def test_labels_are_kept_and_a_failed_change_of_them_leaves_them(store: Store) -> None:
    labels = merge(parse_labels('[{"id": 9, "name": "sky", "isthing": false}, "cat"]'), ())
    store.change_labels(lambda _known: labels)
    assert store.labels() == labels

    def fail(_known: Any) -> Any:
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        store.change_labels(fail)
    assert store.labels() == labels


def test_commits_wait_for_the_disk(store: Store, path: Path) -> None:
    with store._database.read() as connection:
        assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        assert connection.exec_driver_sql("PRAGMA synchronous").scalar() == 2
    assert rows(path, "SELECT value FROM settings WHERE name = 'schema_version'") == [(str(schema.VERSION),)]


def test_a_database_from_a_newer_version_is_refused_untouched(store: Store, path: Path) -> None:
    store.close()
    execute(path, f"UPDATE settings SET value = '{schema.VERSION + 1}'")
    before = rows(path, "SELECT * FROM photos")
    with pytest.raises(StoreError, match=r"newer Fullcanvas.*update Fullcanvas"):
        Store(path)
    assert rows(path, "SELECT * FROM photos") == before


def test_a_file_that_is_no_database_is_refused_untouched(path: Path) -> None:
    path.parent.mkdir()
    path.write_text("my shopping list " * 100)
    with pytest.raises(StoreError, match="is not a database"):
        Store(path)
    assert path.read_text().startswith("my shopping list")


def test_a_database_of_something_else_is_refused_untouched(path: Path) -> None:
    path.parent.mkdir()
    execute(path, "CREATE TABLE settings (name TEXT, value TEXT)")
    with pytest.raises(StoreError, match="is a database of something else"):
        Store(path)
    assert rows(path, "SELECT name FROM sqlite_master") == [("settings",)]


def test_a_folder_that_cannot_be_made_says_what_to_do(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="--project DIR"):
        Store(tmp_path / "file" / "fullcanvas.db")


def test_a_locked_database_says_so(store: Store, path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fullcanvas.server.engines.BUSY_SECONDS", 0)
    impatient = Store(path)
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    with pytest.raises(StoreError, match="another program holds the database"):
        impatient.save(first(impatient), "h", None, EMPTY)
    holder.execute("ROLLBACK")
    holder.close()
    assert impatient.save(first(impatient), "h", None, EMPTY).version == 1
    impatient.close()


def test_nothing_is_stored_in_a_file_that_was_deleted_or_replaced(store: Store, path: Path) -> None:
    """What was said there would be gone with the program; and one made anew would be empty."""
    kept = path.with_name("elsewhere.db")
    path.rename(kept)
    for _ in range(2):
        with pytest.raises(StoreError, match=r"moved, deleted or replaced.* put it back, or stop"):
            store.save(Photo(2, "a.jpg", "new", 0, 0, 0, *[None] * 6), "h", None, EMPTY)
        with pytest.raises(StoreError, match="deleted or replaced"):
            store.list_photos()
        path.write_bytes(kept.read_bytes())
    kept.rename(path)
    assert store.save(first(store), "h", None, EMPTY).version == 1


def test_changes_of_one_program_come_in_turn(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fullcanvas.server.engines.TURN_SECONDS", 0.05)
    photo = first(store)
    with ThreadPoolExecutor(1) as pool, store._database.write():
        waiting = pool.submit(store.save, photo, "h", None, EMPTY)
        assert "too many changes are waiting" in str(waiting.exception())
    assert store.save(photo, "h", None, EMPTY).version == 1


def test_a_damaged_annotation_is_reported_not_guessed(store: Store, path: Path) -> None:
    photo = store.save(first(store), "h", None, EMPTY.add_region(POINTS))
    execute(path, 'UPDATE entries SET body = \'{"kind": "fly"}\'')
    with pytest.raises(StoreError, match=r"annotation of a\.jpg is damaged.*unknown kind"):
        store.annotation(photo.id)


@pytest.mark.parametrize(
    ("pragma", "message"),
    [
        ("PRAGMA max_page_count = 1", "the disk is full; nothing was stored"),
        ("PRAGMA query_only = ON", "may not be written; --project DIR"),
    ],
)
def test_what_the_database_refuses_is_said_and_nothing_is_stored(
    store: Store, pragma: str, message: str
) -> None:
    photo = first(store)
    log = EMPTY.add_region(POINTS)
    for number in range(500):
        log = log.scribble([(number % 10, 1)] * 30, region=1)
    with store._database.read() as connection:
        connection.exec_driver_sql(pragma)
    with pytest.raises(StoreError, match=message):
        store.save(photo, "h", None, log)
    with store._database.read() as connection:
        connection.exec_driver_sql("PRAGMA query_only = OFF")
    assert store.annotation(photo.id) == (photo, None)


def test_other_failures_of_the_database_are_passed_on(store: Store, path: Path) -> None:
    execute(path, "DROP TABLE labels")
    with pytest.raises(StoreError, match=r"the database failed .*no such table"):
        store.labels()


def test_a_place_without_a_write_ahead_log_is_refused() -> None:
    """As on a network mount; a database in memory has none either."""
    with pytest.raises(StoreError, match=r"cannot keep the database safely.*--project DIR"):
        Store(Path(":memory:"))
