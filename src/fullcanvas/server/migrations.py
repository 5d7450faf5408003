"""From the tables of one version to those of the next, one step after another.

A step is SQL, or a function that speaks it, never the tables of `schema.py`: those will have moved on when it
runs. Steps of released versions are never changed; new ones are added at the end.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from contextlib import suppress

from rich.console import Console
from rich.progress import track
from sqlalchemy import Connection, text

from fullcanvas.annotation import AnnotationError
from fullcanvas.server import schema
from fullcanvas.server.logs import labels_in, log_of

Step = str | Callable[[Connection, Console], None]


def _note_labels(connection: Connection, console: Console) -> None:
    """Note which labels the regions of each photo have; a damaged log says so when it is opened."""
    bodies = text("SELECT body FROM entries WHERE photo_id = :id ORDER BY position")
    note = text("INSERT INTO labelled (photo_id, label) VALUES (:id, :label)")
    found = connection.execute(text("SELECT * FROM photos WHERE regions > unlabelled")).mappings().all()
    for row in track(found, "Updating", console=console, disable=console.quiet):
        with suppress(AnnotationError, json.JSONDecodeError):
            log = log_of(row, connection.execute(bodies, {"id": row["id"]}).scalars().all())
            for label in labels_in(log):
                connection.execute(note, {"id": row["id"], "label": label})


STEPS: Mapping[int, tuple[Step, ...]] = {
    1: (
        "ALTER TABLE entries ADD COLUMN author VARCHAR(64)",
        "ALTER TABLE label_maps ADD COLUMN author VARCHAR(64)",
    ),
    2: (
        "ALTER TABLE photos ADD COLUMN comment TEXT",
        """CREATE TABLE times (photo_id INTEGER NOT NULL REFERENCES photos (id), region INTEGER NOT NULL,
        seconds FLOAT NOT NULL, PRIMARY KEY (photo_id, region))""",
    ),
    3: (
        "ALTER TABLE photos ADD COLUMN forks TEXT",
        "ALTER TABLE photos ADD COLUMN tip INTEGER",
        "ALTER TABLE labels ADD COLUMN deleted BOOLEAN NOT NULL DEFAULT FALSE",
    ),
    4: (
        "ALTER TABLE photos ADD COLUMN author VARCHAR(64)",
        """UPDATE photos SET author = COALESCE(
        (SELECT made.author FROM label_maps AS made WHERE made.photo_id = photos.id),
        (SELECT said.author FROM entries AS said WHERE said.photo_id = photos.id
        ORDER BY said.position DESC LIMIT 1))""",
        "ALTER TABLE photos ADD COLUMN verdict VARCHAR(16)",
        "ALTER TABLE photos ADD COLUMN reviewer VARCHAR(64)",
        "ALTER TABLE photos ADD COLUMN reviewed_at FLOAT",
        "UPDATE photos SET verdict = status WHERE status IN ('reviewed', 'rejected')",
        "UPDATE photos SET verdict = 'rejected' WHERE comment IS NOT NULL",
        "ALTER TABLE photos ADD COLUMN revision INTEGER NOT NULL DEFAULT 0",
        "CREATE INDEX photos_by_revision ON photos (revision)",
        "ALTER TABLE entries ADD COLUMN key VARCHAR(64)",
        "CREATE UNIQUE INDEX entries_by_key ON entries (photo_id, key)",
    ),
    5: (
        """CREATE TABLE labelled (photo_id INTEGER NOT NULL REFERENCES photos (id),
        label VARCHAR(200) NOT NULL, PRIMARY KEY (photo_id, label))""",
        "CREATE INDEX labelled_by_label ON labelled (label, photo_id)",
        "CREATE INDEX photos_by_author ON photos (author, present)",
        "CREATE INDEX photos_by_reviewer ON photos (reviewer, present)",
        _note_labels,
    ),
    6: ("ALTER TABLE photos ADD COLUMN pins TEXT",),
}
"""What leads from each version to the one after it."""


def migrate(connection: Connection, version: int, console: Console) -> None:
    """Bring the tables from a version to the present one, in the transaction that is open.

    Args:
        connection: of the transaction.
        version: of the tables.
        console: for the progress bar of steps that take a while.
    """
    for step in range(version, schema.VERSION):
        for part in STEPS[step]:
            if isinstance(part, str):
                connection.exec_driver_sql(part)
            else:
                part(connection, console)
