"""The same promises on PostgreSQL as on SQLite. Skipped where PostgreSQL is not installed."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, wait
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from fastapi.testclient import TestClient
from sqlalchemy import create_engine

from fullcanvas.annotation import Annotation
from fullcanvas.inference.segmenter import Segmenter
from fullcanvas.server import schema
from fullcanvas.server.app import create_app
from fullcanvas.server.errors import ConflictError, StaleError, StoreError
from fullcanvas.server.filters import Filter
from fullcanvas.server.label_maps import MAX_REGIONS
from fullcanvas.server.labels import MAX_ID, Label, merge, parse_labels
from fullcanvas.server.migrations import STEPS
from fullcanvas.server.project import open_project
from fullcanvas.server.requests import CompleteRequest, UndoRequest
from fullcanvas.server.store import FinishedMap, Store
from tests.server.conftest import ADDRESS, LEFT, RIGHT, Page
from tests.server.postgres import running

POINTS = [(1, 2), (8, 3), (4, 0), (5, 7)]
EMPTY = Annotation(10, 9, model="m")
UNDO = {
    1: ("ALTER TABLE entries DROP COLUMN author", "ALTER TABLE label_maps DROP COLUMN author"),
    2: ("ALTER TABLE photos DROP COLUMN comment", "DROP TABLE times"),
    3: (
        "ALTER TABLE photos DROP COLUMN forks",
        "ALTER TABLE photos DROP COLUMN tip",
        "ALTER TABLE labels DROP COLUMN deleted",
    ),
    4: (
        "ALTER TABLE entries DROP COLUMN key",  # and its index with it
        "DROP INDEX photos_by_revision",
        *(
            f"ALTER TABLE photos DROP COLUMN {column}"
            for column in ("author", "verdict", "reviewer", "reviewed_at", "revision")
        ),
    ),
    5: ("DROP TABLE labelled", "DROP INDEX photos_by_author", "DROP INDEX photos_by_reviewer"),
    6: ("ALTER TABLE photos DROP COLUMN pins",),
}
"""What makes tables of a version out of those of the next."""
_NUMBERS = itertools.count(1)


@pytest.fixture(scope="module")
def server() -> Iterator[str]:
    with running() as address:
        yield address


def execute(address: str, *statements: str) -> None:
    engine = create_engine(
        address.replace("postgresql:", "postgresql+psycopg:"), isolation_level="AUTOCOMMIT"
    )
    with engine.connect() as connection:
        for statement in statements:
            connection.exec_driver_sql(statement)
    engine.dispose()


def rows(address: str, query: str) -> list[tuple[Any, ...]]:
    engine = create_engine(address.replace("postgresql:", "postgresql+psycopg:"))
    with engine.connect() as connection:
        found = [tuple(row) for row in connection.exec_driver_sql(query)]
    engine.dispose()
    return found


@pytest.fixture
def address(server: str) -> str:
    """Of an empty database."""
    name = f"project{next(_NUMBERS)}"
    execute(f"{server}/postgres", f"CREATE DATABASE {name}")
    return f"{server}/{name}"


@pytest.fixture
def store(address: str) -> Iterator[Store]:
    opened = Store(address)
    opened.sync_photos(["b.jpg", "a.jpg", "Ä.jpg", "B.jpg"])
    yield opened
    opened.close()


def give_label(store: Store) -> None:
    store.change_labels(lambda known: merge([{"name": "cat"}], known))


def test_photos_are_listed_by_the_bytes_of_their_paths_as_in_sqlite(store: Store, tmp_path: Path) -> None:
    other = Store(tmp_path / "fullcanvas.db")
    other.sync_photos(["b.jpg", "a.jpg", "Ä.jpg", "B.jpg"])
    listed = [photo.path for photo in store.list_photos()]
    assert listed == [photo.path for photo in other.list_photos()] == ["B.jpg", "a.jpg", "b.jpg", "Ä.jpg"]
    other.close()
    after = store.photo_after(store.list_photos()[0].id)
    assert after is not None
    assert after.path == "a.jpg"


def test_what_is_saved_is_there_after_opening_again(store: Store, address: str) -> None:
    give_label(store)
    photo = store.list_photos()[0]
    log = EMPTY.add_region(POINTS, "cat").scribble([(3, 3), (6, 6)], region=1)
    photo = store.save(photo, "hash", None, log, key="k", author="anna")
    label_map = np.random.default_rng(0).integers(0, MAX_REGIONS + 1, (9, 10)).astype(np.int32)
    done = store.complete(photo, FinishedMap(label_map, "m", "hash"), author="bob")
    other = Store(address)
    assert other.annotation(photo.id) == (done, log)
    assert (other.label_map(photo.id) == label_map).all()
    reopened = other.reopen(done)
    assert (reopened.status, reopened.version) == ("in_work", 3)
    other.close()
    assert rows(address, "SELECT author FROM entries") == [("anna",), ("anna",)]


def test_photos_are_found_by_label_and_person(store: Store) -> None:
    give_label(store)
    first, second, *_ = store.list_photos()
    first = store.save(first, "h", None, EMPTY.add_region(POINTS, "cat"), author="anna")
    store.save(second, "h", None, EMPTY.add_region(POINTS, "cat"), author="bob")
    assert store.count_photos(Filter(label="cat")) == 2
    assert store.list_photos(wanted=Filter(label="cat", person="anna")) == [first]
    assert store.progress.people() == ["anna", "bob"]


def test_a_stale_change_stores_nothing(store: Store) -> None:
    seen = store.list_photos()[0]
    saved = store.save(seen, "h", None, EMPTY.add_region(POINTS))
    with pytest.raises(StaleError) as caught:
        store.save(seen, "h", None, EMPTY)
    assert caught.value.version == 1
    assert store.annotation(seen.id) == (saved, EMPTY.add_region(POINTS))


def test_labels_of_any_color_and_id(store: Store) -> None:
    listed = [{"id": MAX_ID, "name": "ü" * 200, "color": (255, 255, 255)}, {"id": 1, "name": "a"}]
    labels = merge(listed, ())
    store.change_labels(lambda _known: labels)
    assert store.labels() == tuple(sorted(labels, key=lambda label: label.id))


def test_labels_are_renamed_merged_and_deleted(store: Store) -> None:
    store.change_labels(lambda _known: merge([{"name": 'a "cat"'}, {"name": "dog"}, {"name": "owl"}], ()))
    photo = store.list_photos()[0]
    store.save(photo, "h", None, EMPTY.add_region(POINTS, 'a "cat"').add_region(POINTS, "dog"))
    store.save(store.list_photos()[1], "h", None, EMPTY.add_region(POINTS, 'a "cat"'))
    revision, _ = store.changed_since(None)
    assert store.relabelling.change(1, name="tiger").name == "tiger"
    assert len(store.changed_since(revision)[1]) == 2
    assert store.changed_since(revision + 1)[0] == revision + 2
    with pytest.raises(ConflictError, match="labelled 'tiger': "):
        store.relabelling.delete(1)
    assert store.relabelling.change(1, name="dog", merge=True).id == 2
    store.relabelling.delete(3)
    assert [label.name for label in store.labels()] == ["dog"]
    changed, log = store.annotation(photo.id)
    assert log is not None
    assert [region.label for region in log.regions.values()] == ["dog", "dog"]
    assert store.labels_of([photo.id]) == {photo.id: ["dog"]}
    assert changed.version == 3


def test_labels_added_at_the_same_time_are_all_there_and_none_twice(store: Store) -> None:
    def add(number: int) -> bool:
        def change(known: Any) -> Any:
            if any(label.name == f"label{number % 10}" for label in known):
                raise ConflictError("twice")
            return merge(parse_labels(f'["label{number % 10}"]'), known)

        try:
            store.change_labels(change)
        except ConflictError:
            return False
        return True

    with ThreadPoolExecutor(20) as pool:
        added = list(pool.map(add, range(20)))
    assert sum(added) == 10
    assert sorted(label.name for label in store.labels()) == [f"label{number}" for number in range(10)]


def test_a_database_from_a_newer_version_is_refused(store: Store, address: str) -> None:
    execute(address, f"UPDATE settings SET value = '{schema.VERSION + 1}'")
    with pytest.raises(StoreError, match=r"newer Fullcanvas.*update Fullcanvas"):
        Store(address)


def test_an_old_database_is_migrated_after_a_backup(store: Store, address: str) -> None:
    assert UNDO.keys() == STEPS.keys()
    give_label(store)
    log = EMPTY.add_region(POINTS, "cat")
    photo = store.save(store.list_photos()[0], "h", None, log)
    execute(address, "UPDATE settings SET value = '1' WHERE name = 'schema_version'")
    for version in sorted(UNDO, reverse=True):
        execute(address, *UNDO[version])
    other = Store(address)
    assert other.annotation(photo.id) == (photo, log)
    assert other.list_photos(wanted=Filter(label="cat")) == [photo]
    other.close()
    of_the_tables = "settings WHERE name = 'schema_version'"
    assert rows(address, f"SELECT value FROM {of_the_tables}") == [(str(schema.VERSION),)]
    assert rows(address, f"SELECT value FROM fullcanvas_backup_1.{of_the_tables}") == [("1",)]
    assert len(rows(address, "SELECT * FROM fullcanvas_backup_1.entries")) == 1


def test_a_locked_database_says_so(store: Store, address: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fullcanvas.server.engines.BUSY_SECONDS", "0.05")
    locked, over = threading.Event(), threading.Event()

    def hold() -> None:
        with store._database.write():
            locked.set()
            over.wait(30)

    holder = threading.Thread(target=hold)
    holder.start()
    locked.wait(30)
    try:
        with pytest.raises(StoreError, match="another program holds the database"):
            store.save(store.list_photos()[0], "h", None, EMPTY)
    finally:
        over.set()
        holder.join()
    assert store.save(store.list_photos()[0], "h", None, EMPTY).version == 1


def test_a_database_that_is_not_there_is_said(server: str) -> None:
    with pytest.raises(StoreError, match=r"does not answer|does not exist"):
        Store(f"{server}/nowhere")


def test_a_transaction_that_reads_cannot_write(store: Store) -> None:
    with pytest.raises(StoreError, match="may not be written"), store._database.read() as connection:
        connection.exec_driver_sql("DELETE FROM photos")


def test_connections_that_were_cut_are_made_anew(store: Store, address: str) -> None:
    assert store.count_photos() == 4
    execute(
        address,
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid <> pg_backend_pid() "
        "AND datname = current_database()",
    )
    assert store.count_photos() == 4


@pytest.fixture(params=["sqlite", "postgresql"])
def served(
    request: pytest.FixtureRequest, folder: Path, segmenter: Segmenter
) -> Iterator[Callable[[], Page]]:
    """Programs that serve the same project: each call starts one more."""
    database = request.getfixturevalue("address") if request.param == "postgresql" else None
    closers: list[Callable[[], object]] = []

    def start() -> Page:
        project = open_project(folder, database=database)
        client = TestClient(create_app(project, segmenter), base_url=ADDRESS)
        client.__enter__()
        closers.extend([project.store.close, lambda: client.__exit__(None, None, None)])
        return Page(client)

    yield start
    for close in reversed(closers):
        close()


def test_twenty_clients_of_two_programs_lose_no_update(served: Callable[[], Page]) -> None:
    """On the same photo and on others, all at once: every acknowledged change is there, once."""
    programs = [served(), served()]
    for photo in (1, 2):
        programs[0].interact(photo, "add_region", extreme_points=LEFT)

    def work(number: int) -> tuple[int, int]:
        page, photo, acknowledged, conflicts = programs[number % 2], 1 + number // 10, 0, 0
        version = page.get(f"/photos/{photo}")["version"]
        while acknowledged < 3:
            points = [[number, acknowledged]]
            body = {"kind": "scribble", "region": 1, "points": points, "version": version}
            response = page.client.post(f"/api/v1/photos/{photo}/interactions", json=body)
            assert response.status_code in (200, 409), response.text
            if response.status_code == 200:
                acknowledged += 1
                version += 1
            else:
                conflicts += 1
                version = response.json()["version"]
        return photo, conflicts

    with ThreadPoolExecutor(20) as pool:
        done = list(pool.map(work, range(20)))
    assert sum(conflicts for _, conflicts in done) > 0
    for photo in (1, 2):
        answers = [page.get(f"/photos/{photo}") for page in programs]
        assert answers[0] == answers[1]
        assert answers[0]["version"] == 1 + 30
        assert answers[0]["regions"][0]["scribbles"] == 30
        assert (programs[0].display(photo) == programs[1].display(photo)).all()


def test_a_change_that_begins_by_reading_keeps_other_programs_waiting(served: Callable[[], Page]) -> None:
    """Else it would find its transaction out of date when it comes to write."""
    first, second = (served().client.app.state.workbench.project for _ in range(2))  # type: ignore[attr-defined]

    with ThreadPoolExecutor(1) as pool:

        def change(known: Sequence[Label]) -> Sequence[Label]:
            added = pool.submit(second.add_label, {"name": "dog"})
            wait([added], 0.3)  # in which it would be done
            return merge(parse_labels("cat"), known)

        first.store.change_labels(change)
    assert [label.name for label in first.store.labels()] == ["cat", "dog"]


@pytest.mark.parametrize("other", ["complete", "change"])
def test_a_change_between_reading_and_making_ready_is_seen(
    served: Callable[[], Page], monkeypatch: pytest.MonkeyPatch, other: str
) -> None:
    """One program reads the photo, another changes it, and only then the first makes it ready."""
    programs = [served(), served()]
    programs[0].interact(1, "add_region", extreme_points=LEFT)
    late, early = (page.client.app.state.workbench for page in programs)  # type: ignore[attr-defined]
    encode = late.embeddings.of

    def meanwhile(*arguments: Any) -> Any:
        if other == "complete":
            early.complete(1, CompleteRequest(version=1, complete=True))
        else:
            early.interact(1, UndoRequest(version=1, kind="undo"))
        return encode(*arguments)

    late._works.drop(1)
    monkeypatch.setattr(late.embeddings, "of", meanwhile)
    body = {"version": 1, "kind": "add_region", "extreme_points": RIGHT}
    assert programs[0].post("/photos/1/interactions", **body).status_code == 409
    photo = programs[1].get("/photos/1")
    assert photo["version"] == 2
    assert len(photo["regions"]) == (1 if other == "complete" else 0)


def test_a_photo_completed_while_it_is_opened_shows_what_was_stored(
    served: Callable[[], Page], monkeypatch: pytest.MonkeyPatch
) -> None:
    programs = [served(), served()]
    programs[0].interact(1, "add_region", extreme_points=LEFT)
    late, early = (page.client.app.state.workbench for page in programs)  # type: ignore[attr-defined]
    encode = late.embeddings.of

    def meanwhile(*arguments: Any) -> Any:
        photo, anothers = early.project.store.photo(1), np.ones((80, 96), np.int32)
        early.project.store.complete(photo, FinishedMap(anothers, "another model", photo.content_hash or ""))
        return encode(*arguments)

    late._works.drop(1)
    monkeypatch.setattr(late.embeddings, "of", meanwhile)
    answer = late.display(1)
    assert answer.view.photo.status == "complete"
    assert answer.view.unassigned == 0
    assert (answer.patch.labels == 1).all()


def test_completing_and_changing_at_once_ends_in_one_of_both(served: Callable[[], Page]) -> None:
    programs = [served(), served()]
    programs[0].interact(1, "add_region", extreme_points=LEFT)
    requests = [
        ("/photos/1/complete", {"version": 1, "complete": True}),
        ("/photos/1/interactions", {"version": 1, "kind": "add_region", "extreme_points": RIGHT}),
    ]
    with ThreadPoolExecutor(2) as pool:
        answers = list(
            pool.map(
                lambda item: item[0].post(item[1][0], **item[1][1]), zip(programs, requests, strict=True)
            )
        )
    assert sorted(answer.status_code for answer in answers) in ([200, 409], [200, 422])
    photo = programs[0].get("/photos/1")
    assert photo["version"] == 2
    assert (photo["status"] == "complete") == (len(photo["regions"]) == 1)
