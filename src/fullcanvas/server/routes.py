"""The requests under /api/v1. Each runs in a thread of its own, so none of them delays another's."""

from __future__ import annotations

import zlib
from dataclasses import asdict
from typing import Annotated, Any, Literal

import numpy as np
from fastapi import APIRouter, Depends, Path, Query, Request, Response
from pydantic import BaseModel, Field

from fullcanvas.canvas.resolution import DISPLAY_PIXELS
from fullcanvas.server.accounts import Role
from fullcanvas.server.answers import (
    COMMON,
    MISSING,
    PATCH_FORM,
    STALE,
    LabelAnswer,
    ModelAnswer,
    PhotoAnswer,
    PhotoItem,
    PhotoList,
    Problem,
    ProjectAnswer,
    Responses,
    pack_patch,
)
from fullcanvas.server.filters import Filter
from fullcanvas.server.labels import MAX_ID
from fullcanvas.server.login import Admin, Caller, require
from fullcanvas.server.presence import Presence
from fullcanvas.server.records import CLOSED, Photo
from fullcanvas.server.requests import CompleteRequest, Interaction, NewLabel
from fullcanvas.server.workbench import View, Workbench

PREFIX = "/api/v1"
_MOST_SENT_PIXELS = 40_000_000  # a browser holds four bytes for each


def binary(description: str, media: str = "application/octet-stream") -> Responses:
    """The description of an answer that is no JSON."""
    schema = {"schema": {"type": "string", "format": "binary"}}
    return {200: {"description": description, "content": {media: schema}}}


def text(description: str) -> Any:
    """A part of the query that is any text, as far as a database can keep it."""
    return Query(max_length=200, pattern=r"^[^\x00]*$", description=description)


async def _workbench(request: Request) -> Workbench:  # not async, it would be called in a thread of its own
    found: Workbench = request.app.state.workbench
    return found


async def _presence(request: Request) -> Presence:
    found: Presence = request.app.state.presence
    return found


Bench = Annotated[Workbench, Depends(_workbench)]
Here = Annotated[Presence, Depends(_presence)]
PhotoId = Annotated[int, Path(ge=1, le=MAX_ID)]
Pixel = Annotated[int, Field(ge=-MAX_ID, le=MAX_ID)]
router = APIRouter(responses=COMMON)


class Window(BaseModel):
    """A rectangle of photo pixels, half-open; what lies out of the photo is cut off."""

    x0: Pixel
    y0: Pixel
    x1: Pixel
    y1: Pixel


@router.get("/project")
def project(bench: Bench) -> ProjectAnswer:
    """The project at a glance."""
    store = bench.project.store
    statuses = store.progress.statuses()
    return ProjectAnswer(
        name=bench.project.name,
        photos=sum(statuses.values()),
        complete=sum(statuses.get(status, 0) for status in CLOSED),
        statuses=statuses,
        seconds=round(store.progress.total_seconds(), 1),
        **asdict(store.progress.rule),
        model=ModelAnswer(name=bench.segmenter.name, hash=bench.segmenter.hash),
        labels_version=store.relabelling.version,  # before the labels: nobody takes old ones for new
        labels=[LabelAnswer.of(label) for label in store.labels()],
        people=list(store.progress.people()),
    )


@router.post(
    "/labels",
    status_code=201,
    dependencies=[Admin],
    responses={409: {"model": Problem, "description": "There is a label of this name."}},
)
def add_label(bench: Bench, label: NewLabel) -> LabelAnswer:
    """Add a label; without a color it gets one of its own."""
    return LabelAnswer.of(bench.project.add_label(label.item()))


@router.get("/photos")
def photos(
    bench: Bench,
    *,
    offset: Annotated[int, Query(ge=0, le=MAX_ID)] = 0,
    limit: Annotated[int, Query(ge=1, le=1000)] = 100,
    status: Literal["", "new", "in_work", "complete", "reviewed", "rejected"] = "",
    name: Annotated[str, text("A part of their paths, in whatever case.")] = "",
    label: Annotated[str, text("That a region of theirs has.")] = "",
    person: Annotated[str, text("Who changed, completed or reviewed them last.")] = "",
) -> PhotoList:
    """A page of the list of photos, by path: those for which all holds that is given. Nothing is decoded."""
    store, wanted = bench.project.store, Filter(status, name, label, person)
    found = store.list_photos(offset, limit, wanted)
    return PhotoList(total=store.count_photos(wanted), items=PhotoItem.each(found, store))


@router.get("/photos/{photo_id}", responses=MISSING)
def photo(bench: Bench, here: Here, caller: Caller, photo_id: PhotoId) -> PhotoAnswer:
    """Open a photo."""
    here.note(caller.name, photo_id)
    answer = describe(bench, bench.view(photo_id))
    bench.embeddings.encode_after(photo_id)
    return answer


@router.get(
    "/photos/{photo_id}/image",
    response_class=Response,
    responses={
        **MISSING,
        **binary("The upright photo.", "image/jpeg"),
        304: {"description": "The caller has it."},
    },
)
def image(
    bench: Bench, request: Request, photo_id: PhotoId, size: Literal["display", "full"] = "display"
) -> Response:
    """The upright photo as JPEG: at the display's size, or in full so that a person can look closely."""
    tag = f'"{bench.fingerprint(photo_id)}"'
    headers = {"ETag": tag, "Cache-Control": "private, no-cache"}
    if tag in request.headers.get("if-none-match", ""):
        return Response(status_code=304, headers=headers)
    most = DISPLAY_PIXELS if size == "display" else _MOST_SENT_PIXELS
    return Response(bench.jpeg(photo_id, most), media_type="image/jpeg", headers=headers)


@router.get(
    "/photos/{photo_id}/labels",
    response_class=Response,
    responses={**MISSING, **binary(f"The whole display as a patch. {PATCH_FORM}")},
)
def labels(bench: Bench, photo_id: PhotoId) -> Response:
    """The label map at the display's resolution, as a patch."""
    answer = bench.display(photo_id)
    return _octets(pack_patch(answer.patch, describe(bench, answer.view), None))


@router.get(
    "/photos/{photo_id}/labels/full",
    response_class=Response,
    responses={
        **MISSING,
        **binary(f"That rectangle as a patch, in photo pixels instead; without the photo. {PATCH_FORM}"),
    },
)
def full_labels(bench: Bench, photo_id: PhotoId, window: Annotated[Window, Query()]) -> Response:
    """A rectangle of the label map at full resolution, of at most 4 million pixels."""
    area = window.x0, window.y0, window.x1, window.y1
    return _octets(pack_patch(bench.labels_in(photo_id, area), None, None))


@router.get(
    "/photos/{photo_id}/uncertainty",
    response_class=Response,
    responses={**MISSING, **binary("zlib of a uint8 per display pixel, row by row: 0 is sure.")},
)
def uncertainty(bench: Bench, photo_id: PhotoId) -> Response:
    """How open the competition is."""
    levels = np.round(bench.uncertainty(photo_id) * 255).astype(np.uint8)
    return _octets(zlib.compress(levels.tobytes(), 1))


@router.post(
    "/photos/{photo_id}/interactions",
    response_class=Response,
    responses={
        **MISSING,
        **STALE,
        **binary(f"What changed, as a patch; the whole display if the key was repeated. {PATCH_FORM}"),
    },
)
def interact(bench: Bench, caller: Caller, photo_id: PhotoId, interaction: Interaction) -> Response:
    """Do what the person asked; it is stored before this answers."""
    answer = bench.interact(photo_id, interaction, caller.name)
    return _octets(pack_patch(answer.patch, describe(bench, answer.view), answer.region))


@router.post(
    "/photos/{photo_id}/preview",
    response_class=Response,
    responses={
        **MISSING,
        **STALE,
        **binary(f"What would change, as a patch on what is stored. {PATCH_FORM}"),
    },
)
def preview(bench: Bench, photo_id: PhotoId, interaction: Interaction) -> Response:
    """What an interaction would change, while it is still being drawn: nothing is stored."""
    patch, region = bench.preview(photo_id, interaction)
    return _octets(pack_patch(patch, None, region))


@router.post("/photos/{photo_id}/complete", responses={**MISSING, **STALE})
def complete(bench: Bench, caller: Caller, photo_id: PhotoId, change: CompleteRequest) -> PhotoAnswer:
    """Close a photo, keeping its label map as it is, or open it again.

    Who completed it may do so until it is reviewed; otherwise it takes a reviewer.
    """

    def check(seen: Photo) -> None:
        if not change.complete and not seen.completed_by(caller.name):
            require(caller, Role.REVIEWER)

    return describe(bench, bench.complete(photo_id, change, caller.name, check))


def describe(bench: Workbench, view: View) -> PhotoAnswer:
    """The answer that describes an opened photo."""
    store = bench.project.store
    known = {label.name: label for label in store.labels()}
    return PhotoAnswer.of(view, known, bench.segmenter, store.progress.times(view.photo.id))


def _octets(content: bytes) -> Response:
    return Response(content, media_type="application/octet-stream")
