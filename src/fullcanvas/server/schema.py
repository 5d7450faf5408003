"""The tables of a project's database."""

from __future__ import annotations

from sqlalchemy import (
    Boolean,
    Column,
    Float,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    Text,
    func,
    select,
)

VERSION = 7
"""Of the tables below. A database of a newer version is refused; an older one is migrated."""

# PostgreSQL would else order by the rules of some language; pages of the list go by the bytes, as in SQLite.
_PATH = Text().with_variant(Text(collation="C"), "postgresql")

metadata = MetaData()

settings = Table(
    "settings",
    metadata,
    Column("name", String(64), primary_key=True),
    Column("value", Text, nullable=False),
)

photos = Table(
    "photos",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=True),
    Column("path", _PATH, nullable=False, unique=True),  # relative to the folder of photos
    Column("present", Boolean, nullable=False, default=True),  # found by the latest scan
    Column("status", String(16), nullable=False, default="new"),
    Column("version", Integer, nullable=False, default=0),  # grows by one with every change
    Column(
        "last_key", String(64)
    ),  # the page's own name of the latest change, whether it made an entry or not
    Column("content_hash", String(64)),  # of the file, when its first entry was stored
    Column("width", Integer),
    Column("height", Integer),
    Column("model", String(64)),
    Column("log_version", Integer),  # of the annotation's JSON form, when it was stored
    Column("cursor", Integer, nullable=False, default=0),
    Column("forks", Text),  # of the annotation's JSON form; null where there are none
    Column("tip", Integer),
    Column("next_region", Integer, nullable=False, default=1),
    Column("regions", Integer, nullable=False, default=0),
    Column("unlabelled", Integer, nullable=False, default=0),
    Column("author", String(64)),  # who changed or completed it last; null where there are no accounts
    Column("verdict", String(16)),  # of its latest review, as those below; null if it never had one
    Column("comment", Text),
    Column("pins", Text),  # a JSON list; null where there are none
    Column("reviewer", String(64)),
    Column("reviewed_at", Float),  # in seconds since 1970
    Column("revision", Integer, nullable=False, default=0),  # of all photos' changes, its latest
    Index("photos_by_status", "present", "status", "path"),
    Index("photos_by_revision", "revision"),
    Index("photos_by_author", "author", "present"),
    Index("photos_by_reviewer", "reviewer", "present"),
    sqlite_autoincrement=True,
)

PRESENT = photos.c.present.is_not(False)
"""Said so, SQLite does not look up in an index that nearly all photos are present, and then sort them."""

_ALL = photos.alias()
NEXT_REVISION = select(func.coalesce(func.max(_ALL.c.revision), 0) + 1).scalar_subquery()
"""One more than that of any photo: changes come one after another."""

entries = Table(
    "entries",
    metadata,
    Column("photo_id", ForeignKey("photos.id"), primary_key=True),
    Column("position", Integer, primary_key=True, autoincrement=False),
    Column("body", Text, nullable=False),  # one entry of the annotation's JSON form
    Column("author", String(64)),  # whose entry it is; null where there are no accounts
    Column("key", String(64)),  # the page's own name of the change that made it, so that a retry is known
    Index("entries_by_key", "photo_id", "key", unique=True),
)

times = Table(
    "times",
    metadata,
    Column("photo_id", ForeignKey("photos.id"), primary_key=True),
    Column("region", Integer, primary_key=True, autoincrement=False),  # 0: spent on no region of its own
    Column("seconds", Float, nullable=False),
)

labels = Table(
    "labels",
    metadata,
    Column("id", Integer, primary_key=True, autoincrement=False),
    Column("name", String(200), nullable=False, unique=True),
    Column("isthing", Boolean, nullable=False),
    Column("color", String(13), nullable=False),  # "[red,green,blue]"
    Column("deleted", Boolean, nullable=False, default=False),  # no region has it; its id is never another's
)

# Follows from the log, as `regions` and `unlabelled` of a photo do: the labels that its regions have now.
labelled = Table(
    "labelled",
    metadata,
    Column("photo_id", ForeignKey("photos.id"), primary_key=True),
    Column("label", String(200), primary_key=True),
    Index("labelled_by_label", "label", "photo_id"),
)

label_maps = Table(
    "label_maps",
    metadata,
    Column("photo_id", ForeignKey("photos.id"), primary_key=True),
    Column("png", LargeBinary, nullable=False),  # 16-bit grey, full resolution, region ids
    Column("model", String(64), nullable=False),
    Column("author", String(64)),  # who completed the photo
)
