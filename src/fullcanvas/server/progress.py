"""How far a project is: photos by status, the time that people spent, and when a photo may be complete."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sqlalchemy import ColumnElement, Connection, FromClause, func, insert, or_, select, update

from fullcanvas.server import schema
from fullcanvas.server.database import Database
from fullcanvas.server.errors import RefusedError
from fullcanvas.server.records import CLOSED, Photo
from fullcanvas.server.settings import remember, setting


@dataclass(frozen=True, slots=True)
class Rule:
    """When a photo may be complete.

    Attributes:
        unassigned_allowed: whether it may be while pixels of it belong to no region.
        unlabelled_allowed: whether it may be while regions of it have no label.
    """

    unassigned_allowed: bool
    unlabelled_allowed: bool

    def check_labels(self, photo: Photo) -> None:
        """See that as many regions have a label as must.

        Raises:
            RefusedError: some have none.
        """
        if photo.unlabelled and not self.unlabelled_allowed:
            raise RefusedError(
                f"{photo.path}: regions without a label: {photo.unlabelled}; "
                "this project wants them all labelled"
            )

    def check_pixels(self, photo: Photo, label_map: NDArray[np.int32]) -> None:
        """See that as many pixels belong to a region as must.

        Args:
            photo: that is to be complete.
            label_map: int32 [height, width] of its region ids, 0 = unassigned.

        Raises:
            RefusedError: some belong to none.
        """
        if self.unassigned_allowed or (left := label_map.size - np.count_nonzero(label_map)) == 0:
            return
        share = f"{max(0.01, 100 * left / label_map.size):.2f} %"
        raise RefusedError(
            f"{left} pixels of {photo.path} ({share}) belong to no region, "
            "and this project wants them all assigned"
        )


@dataclass(frozen=True, slots=True)
class Share:
    """What one person did, in photos.

    Attributes:
        changed: those that they changed or completed last.
        completed: complete ones that they completed.
        reviewed: those whose latest review is theirs.
    """

    changed: int
    completed: int
    reviewed: int


def _rule(connection: Connection) -> Rule:
    return Rule(**{field.name: setting(connection, field.name) != "false" for field in fields(Rule)})


class Progress:
    """The part of the store that tells how far the project is. Its methods may be called from any thread."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def statuses(self) -> dict[str, int]:
        """How many of the photos that are present have each status."""
        table = schema.photos
        query = select(table.c.status, func.count()).where(table.c.present).group_by(table.c.status)
        with self._database.read() as connection:
            return {status: int(count) for status, count in connection.execute(query)}

    def missing(self) -> list[str]:
        """The paths of photos with regions, or complete ones, whose files were gone at the latest scan."""
        table = schema.photos
        worked_on = or_(table.c.regions > 0, table.c.status.in_(CLOSED))
        query = select(table.c.path).where(~table.c.present, worked_on).order_by(table.c.path)
        with self._database.read() as connection:
            return list(connection.execute(query).scalars())

    def times(self, photo_id: int) -> Mapping[int, float]:
        """Seconds of work by region; 0 stands for what went to no region of its own."""
        table = schema.times
        query = select(table.c.region, table.c.seconds).where(table.c.photo_id == photo_id)
        with self._database.read() as connection:
            return {row.region: row.seconds for row in connection.execute(query)}

    def seconds(self, photo_ids: Sequence[int]) -> Mapping[int, float]:
        """Seconds of work by photo, for these photos; those without any are left out."""
        table = schema.times
        mine = table.c.photo_id.in_(photo_ids)
        query = select(table.c.photo_id, func.sum(table.c.seconds)).where(mine).group_by(table.c.photo_id)
        with self._database.read() as connection:
            return {photo_id: float(seconds) for photo_id, seconds in connection.execute(query)}

    def total_seconds(self) -> float:
        """Seconds of work on all photos, added up by the database: there may be hundreds of thousands."""
        query = select(func.coalesce(func.sum(schema.times.c.seconds), 0.0))
        with self._database.read() as connection:
            return float(connection.execute(query).scalar_one())

    def people(self) -> Sequence[str]:
        """Who changed or completed a photo last, or reviewed one last; none where there are no accounts."""
        table = schema.photos
        authors, reviewers = (
            select(name).where(schema.PRESENT, name.is_not(None))
            for name in (table.c.author, table.c.reviewer)
        )
        with self._database.read() as connection:
            return sorted(connection.execute(authors.union(reviewers)).scalars())

    def regions(self) -> tuple[int, int]:
        """How many regions the photos have together, and how many of those have no label."""
        totals = (
            func.coalesce(func.sum(each), 0) for each in (schema.photos.c.regions, schema.photos.c.unlabelled)
        )
        with self._database.read() as connection:
            regions, unlabelled = connection.execute(select(*totals).where(schema.PRESENT)).one()
        return int(regions), int(unlabelled)

    def photos_by_label(self) -> Mapping[str, int]:
        """In how many photos a region has each label; labels that no region has are left out."""
        table = schema.labelled
        query = select(table.c.label, func.count()).join(schema.photos).where(schema.PRESENT)
        with self._database.read() as connection:
            return {label: int(count) for label, count in connection.execute(query.group_by(table.c.label))}

    def shares(self) -> Mapping[str, Share]:
        """What everybody did who did something, by name; none where there are no accounts."""
        photos, maps = schema.photos, schema.label_maps
        with self._database.read() as connection:
            changed, completed, reviewed = (
                _count_by(connection, name, source)
                for name, source in (
                    (photos.c.author, photos),
                    (maps.c.author, maps.join(photos)),
                    (photos.c.reviewer, photos),
                )
            )
        names = sorted({*changed, *completed, *reviewed})
        counts = ((each.get(name, 0) for each in (changed, completed, reviewed)) for name in names)
        return {name: Share(*count) for name, count in zip(names, counts, strict=True)}

    @property
    def rule(self) -> Rule:
        """When a photo may be complete."""
        with self._database.read() as connection:
            return _rule(connection)

    def change_rule(self, **allowed: bool) -> Rule:
        """Set these parts of the rule, by their names; return the rule as it is now."""
        with self._database.write() as connection:
            for name, value in allowed.items():
                remember(connection, name, "true" if value else "false")
            return _rule(connection)


def _count_by(connection: Connection, name: ColumnElement[Any], source: FromClause) -> dict[str, int]:
    """How many of the photos that are present have each name there."""
    query = select(name, func.count()).select_from(source).where(schema.PRESENT, name.is_not(None))
    return {found: int(count) for found, count in connection.execute(query.group_by(name))}


def spend(connection: Connection, photo_id: int, region: int, seconds: float) -> None:
    """Add to the time that was spent on a region, in the transaction that is open."""
    if seconds <= 0:
        return
    table = schema.times
    mine = (table.c.photo_id == photo_id, table.c.region == region)
    added = connection.execute(update(table).where(*mine).values(seconds=table.c.seconds + seconds))
    if not added.rowcount:
        connection.execute(insert(table).values(photo_id=photo_id, region=region, seconds=seconds))
