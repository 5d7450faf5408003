"""What others do at the same time: which photos they changed, and which they have open."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Depends, Query, Request
from pydantic import BaseModel

from fullcanvas.server.answers import COMMON, PhotoItem
from fullcanvas.server.arrivals import Arrivals
from fullcanvas.server.labels import MAX_ID
from fullcanvas.server.login import Caller
from fullcanvas.server.routes import Bench, Here

router = APIRouter(responses=COMMON)
Number = Annotated[int | None, Query(ge=0, le=MAX_ID)]


class PersonAnswer(BaseModel):
    """Somebody else, and the photo that they have open."""

    name: str
    photo: int


class ChangesAnswer(BaseModel):
    """What changed since a revision: the photos, the earliest change first, and where to go on from.

    `statuses` says how many photos have each status now; `people`, who else has which photo open. Where
    `labels_version` is not that of the project as it was seen last, its labels have changed.
    """

    revision: int
    photos: list[PhotoItem]
    statuses: dict[str, int]
    labels_version: int
    people: list[PersonAnswer]


def _look(request: Request) -> None:
    """Take in photos that came: here, because no change waits for this request."""
    arrivals: Arrivals = request.app.state.arrivals
    arrivals.look()


@router.get("/changes", dependencies=[Depends(_look)])
def changes(
    bench: Bench, here: Here, caller: Caller, since: Number = None, photo: Number = None
) -> ChangesAnswer:
    """What changed since a revision, or which one is the latest; `photo` is the one that the caller has open.

    Of many changed photos it tells the first: ask again from the revision that it answers.
    """
    if photo is not None:
        here.note(caller.name, photo)
    store = bench.project.store
    revision, found = store.changed_since(since)
    return ChangesAnswer(
        revision=revision,
        photos=PhotoItem.each(found, store) if found else [],
        statuses=store.progress.statuses(),
        labels_version=store.relabelling.version,
        people=[PersonAnswer(name=other.name, photo=other.photo) for other in here.others(caller.name)],
    )
