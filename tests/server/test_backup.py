"""The backup that docs/team.md describes, made while people work."""

from __future__ import annotations

import re
import sqlite3
import threading
from itertools import count
from pathlib import Path

import pytest

from fullcanvas.annotation import Annotation
from fullcanvas.server.store import Store
from tests.conftest import REPOSITORY
from tests.server.conftest import LEFT


@pytest.fixture
def statement() -> str:
    """What the page gives to SQLite."""
    found = re.search(
        r'^sqlite3 \S+ "(.*)"$', (REPOSITORY / "docs" / "team.md").read_text("utf-8"), re.MULTILINE
    )
    assert found
    return found[1]


def test_a_backup_is_whole_and_soon_made_however_much_is_written(
    tmp_path: Path, statement: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It is of one moment: one that copied page after page would begin anew with each change, for ever."""
    path, stop, written = tmp_path / "fullcanvas.db", threading.Event(), threading.Event()
    store = Store(path)
    store.sync_photos([f"{number}.jpg" for number in range(50)])

    def write() -> None:
        before, photo = Annotation(99, 99), store.list_photos()[0]
        for _ in count():
            after = before.add_region(LEFT)
            photo, before = store.save(photo, "hash", before, after), after
            written.set()
            if stop.is_set():
                return

    writer = threading.Thread(target=write)
    writer.start()
    monkeypatch.chdir(tmp_path)
    try:
        assert written.wait(60)
        connection = sqlite3.connect(path)
        connection.execute(statement)
        connection.close()
    finally:
        stop.set()
        writer.join()
    kept = Store(tmp_path / "backup.db")
    photo, log = kept.annotation(1)
    assert log is not None
    assert kept.count_photos() == 50
    assert photo.version == photo.regions == len(log.entries) > 0
    now, _ = store.annotation(1)
    assert photo.version <= now.version
    kept.close()
    store.close()
