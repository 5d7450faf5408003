"""Exports that are sent while they are made, and how far each of them is."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel

from fullcanvas.formats.coco_panoptic import Unlabelled, check_labels, write_coco_panoptic
from fullcanvas.formats.records import Category
from fullcanvas.formats.sinks import Outflow, ZipSink
from fullcanvas.server.answers import COMMON, Problem
from fullcanvas.server.errors import NotFoundError
from fullcanvas.server.export import Selection, categories, select
from fullcanvas.server.login import Reviewer
from fullcanvas.server.routes import Bench, binary
from fullcanvas.server.workbench import Workbench

MOST_KNOWN = 100
"""How many downloads are remembered: who asks does so while theirs is under way."""

State = Literal["under_way", "complete", "broken_off"]
router = APIRouter(responses=COMMON)


@dataclass(slots=True)
class Download:
    """How far an export is.

    Attributes:
        photos: how many are to be exported.
        done: how many of them are written, or left out because they could not be.
        left_out: lines about photos that were not to be exported, and those that could not be.
        state: it is broken off if the caller has gone, or what was sent cannot be used.
    """

    photos: int
    done: int = 0
    left_out: list[str] = field(default_factory=list)
    state: State = "under_way"


class Downloads:
    """The latest downloads, by the keys that their callers gave them. For any thread."""

    def __init__(self) -> None:
        self._known: dict[str, Download] = {}
        self._lock = threading.Lock()

    def begin(self, key: str | None, found: Selection) -> Download:
        """A new download; without a key it is only known to whoever began it."""
        download = Download(len(found.photos), left_out=found.left_out)
        if key is not None:
            with self._lock:
                self._known[key] = download
                while len(self._known) > MOST_KNOWN:
                    del self._known[next(iter(self._known))]
        return download

    def of(self, key: str) -> Download:
        """The download of this key.

        Raises:
            NotFoundError: there is none, or it was long ago.
        """
        with self._lock:
            if key not in self._known:
                raise NotFoundError("there is no export of this key")
            return self._known[key]


class Wanted(BaseModel):
    """What to export, and how."""

    format: Literal["coco-panoptic"] = "coco-panoptic"
    unlabelled: Unlabelled = Unlabelled.ERROR
    status: Literal["complete", "all"] = "all"

    def of(self, bench: Workbench) -> Selection:
        """The photos that are asked for."""
        return select(bench.embeddings, self.status == "complete")


class Progress(BaseModel):
    """How far an export is; `left_out` says why photos are not in it."""

    photos: int
    done: int
    left_out: list[str]
    state: State


async def _downloads(request: Request) -> Downloads:
    found: Downloads = request.app.state.downloads
    return found


_Known = Annotated[Downloads, Depends(_downloads)]
_Wanted = Annotated[Wanted, Query()]
_Key = Annotated[str, Query(min_length=1, max_length=64, description="The caller's own name of an export.")]


@router.get(
    "/export",
    dependencies=[Reviewer],
    response_class=Response,
    responses=binary(
        "`panoptic.json` and the folder `panoptic`, zipped; and `left-out.txt`, if photos failed.",
        "application/zip",
    ),
)
def export(bench: Bench, downloads: _Known, wanted: _Wanted, key: _Key | None = None) -> Response:
    """Complete photos, or also all that have regions, in COCO's panoptic format; sent while it is made."""
    found = wanted.of(bench)
    chunks = send(found, categories(bench.project), wanted.unlabelled, downloads.begin(key, found))
    headers = {"Content-Disposition": 'attachment; filename="coco-panoptic.zip"'}
    return StreamingResponse(chunks, media_type="application/zip", headers=headers)


@router.get(
    "/export/progress",
    dependencies=[Reviewer],
    responses={404: {"model": Problem, "description": "There is no such export."}},
)
def export_progress(downloads: _Known, key: _Key) -> Progress:
    """How far the export is that was asked for with this key."""
    return Progress.model_validate(downloads.of(key), from_attributes=True)


@router.get("/export/check", status_code=204, dependencies=[Reviewer])
def check_export(bench: Bench, wanted: _Wanted) -> None:
    """Say whether `/export` would refuse, and why, before a browser is sent there to download."""
    check_labels(wanted.of(bench).photos, wanted.unlabelled)


def send(
    found: Selection, classes: Sequence[Category], unlabelled: Unlabelled, download: Download
) -> Iterator[bytes]:
    """An export as the bytes of a zip file, which are made as they are asked for.

    The first of them are made at once, so that what keeps all of it from being exported is said instead.
    Whoever asks for no more ends the export.

    Raises:
        ExportError: nothing can be exported.
    """
    chunks = _zipped(found, classes, unlabelled, download)
    return chain([next(chunks)], chunks)


def _zipped(
    found: Selection, classes: Sequence[Category], unlabelled: Unlabelled, download: Download
) -> Iterator[bytes]:
    file = Outflow()
    try:
        with ZipSink(file) as sink:
            for outcome in write_coco_panoptic(found.photos, classes, sink, unlabelled):
                download.done += 1
                download.left_out += [outcome.left_out] if outcome.left_out else []
                if chunk := file.take():
                    yield chunk
        yield file.take()
        download.state = "complete"
    finally:
        if download.state == "under_way":
            download.state = "broken_off"
