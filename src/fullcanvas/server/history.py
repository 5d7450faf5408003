"""What was done to a photo, entry by entry, and whether anything has been done since."""

from __future__ import annotations

from typing import Any

from fastapi import APIRouter
from pydantic import BaseModel

from fullcanvas.annotation.entries import Entry
from fullcanvas.server.answers import COMMON, Problem
from fullcanvas.server.routes import Bench, PhotoId
from fullcanvas.server.store import Status

router = APIRouter(responses={**COMMON, 404: {"model": Problem, "description": "There is no such photo."}})


class EntryAnswer(BaseModel):
    """An entry of a photo's history: what it did, to which region, and the label that it gave."""

    kind: str
    region: int | None
    label: str | None

    @classmethod
    def of(cls, entry: Entry) -> EntryAnswer:
        """The answer that describes an entry."""
        fields: dict[str, Any] = {name: getattr(entry, name, None) for name in ("region", "label")}
        return cls(kind=entry.kind, **fields)


class HistoryAnswer(BaseModel):
    """A photo's history: the first `cursor` entries are in force, the others can be redone."""

    version: int
    cursor: int
    entries: list[EntryAnswer]


class VersionAnswer(BaseModel):
    """How far a photo is."""

    version: int
    status: Status


@router.get("/photos/{photo_id}/history")
def history(bench: Bench, photo_id: PhotoId) -> HistoryAnswer:
    """What was done to a photo, undone entries included."""
    stored, annotation = bench.project.store.annotation(photo_id)
    entries = annotation.entries if annotation else ()
    cursor = annotation.cursor if annotation else 0
    return HistoryAnswer(
        version=stored.version, cursor=cursor, entries=[EntryAnswer.of(entry) for entry in entries]
    )


@router.get("/photos/{photo_id}/version")
def version(bench: Bench, photo_id: PhotoId) -> VersionAnswer:
    """Whether a photo has changed since it was seen; costs next to nothing."""
    stored = bench.project.store.photo(photo_id)
    return VersionAnswer(version=stored.version, status=stored.status)
