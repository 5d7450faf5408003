"""Which photos are asked for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, and_, or_, select

from fullcanvas.server import schema


@dataclass(frozen=True, slots=True)
class Filter:
    """What all photos of a list have in common; what is empty may be anything.

    Attributes:
        status: how far they are.
        name: a part of their paths, in whatever case.
        label: that a region of each has.
        person: who changed or completed each last, or reviewed it last.
    """

    status: str = ""
    name: str = ""
    label: str = ""
    person: str = ""

    @property
    def conditions(self) -> Sequence[ColumnElement[bool]]:
        """What has to hold for a photo's row; that it is present, too."""
        table, labelled = schema.photos.c, schema.labelled.c
        with_label = select(labelled.photo_id).where(labelled.label == self.label)
        asked = [
            (self.status, and_(table.present, table.status == self.status)),
            (self.name, table.path.icontains(self.name, autoescape=True)),
            (self.label, table.id.in_(with_label)),
            (self.person, or_(table.author == self.person, table.reviewer == self.person)),
        ]
        return [schema.PRESENT, *(condition for value, condition in asked if value)]


ALL = Filter()
