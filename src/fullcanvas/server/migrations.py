"""From the tables of one version to those of the next, one step after another.

A step is SQL, never the tables of `schema.py`: those will have moved on when it runs. Steps of released
versions are never changed; new ones are added at the end.
"""

from __future__ import annotations

from collections.abc import Mapping

from sqlalchemy import Connection

from fullcanvas.server import schema

STEPS: Mapping[int, tuple[str, ...]] = {
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
}
"""What leads from each version to the one after it."""


def migrate(connection: Connection, version: int) -> None:
    """Bring the tables from a version to the present one, in the transaction that is open."""
    for step in range(version, schema.VERSION):
        for statement in STEPS[step]:
            connection.exec_driver_sql(statement)
