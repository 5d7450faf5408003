"""What was done to a photo, entry by entry, and whether anything has been done since."""

from __future__ import annotations

from fastapi import APIRouter
from pydantic import BaseModel

from fullcanvas.annotation.history import history as told
from fullcanvas.server.answers import COMMON, MISSING
from fullcanvas.server.records import Status
from fullcanvas.server.routes import Bench, PhotoId

router = APIRouter(responses={**COMMON, **MISSING})


class EntryAnswer(BaseModel):
    """An entry of a photo's history: its kind, its region, that region's label, and what it did in words.

    `after` is the number of the entry that it follows, counted from 1; 0 is the beginning. Where there are
    accounts, `author` is who made it.
    """

    after: int
    kind: str
    region: int | None
    label: str | None
    text: str
    author: str | None


class HistoryAnswer(BaseModel):
    """A photo's history: every entry that there ever was, those of other branches too.

    The entry `cursor` and all that lead to it are in force; redoing goes on to the entry `tip`.
    """

    version: int
    cursor: int
    tip: int
    entries: list[EntryAnswer]


class VersionAnswer(BaseModel):
    """How far a photo is."""

    version: int
    status: Status


@router.get("/photos/{photo_id}/history")
def history(bench: Bench, photo_id: PhotoId) -> HistoryAnswer:
    """What was done to a photo, whatever of it is in force."""
    stored, annotation = bench.project.store.annotation(photo_id)
    if annotation is None:
        return HistoryAnswer(version=stored.version, cursor=0, tip=0, entries=[])
    authors = bench.project.store.authors(photo_id)  # of what was said since, too
    entries = [
        EntryAnswer(
            after=step.after,
            kind=step.kind,
            region=step.region,
            label=step.label,
            text=step.text,
            author=author,
        )
        for step, author in zip(told(annotation), authors, strict=False)
    ]
    tip = annotation.branch[-1] if annotation.branch else 0
    return HistoryAnswer(version=stored.version, cursor=annotation.cursor, tip=tip, entries=entries)


@router.get("/photos/{photo_id}/version")
def version(bench: Bench, photo_id: PhotoId) -> VersionAnswer:
    """Whether a photo has changed since it was seen; costs next to nothing."""
    stored = bench.project.store.photo(photo_id)
    return VersionAnswer(version=stored.version, status=stored.status)
