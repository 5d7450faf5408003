"""Exports that are sent while they are made, and how far each of them is."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass, field
from functools import partial
from itertools import chain
from typing import Annotated, Literal

from fastapi import APIRouter, Depends, Query, Request, Response
from fastapi.responses import StreamingResponse
from pydantic import BaseModel
from starlette.types import Receive, Scope, Send

from fullcanvas.formats.records import Category, Outcome
from fullcanvas.formats.segments import Unlabelled
from fullcanvas.formats.sinks import Outflow, ZipSink
from fullcanvas.formats.write import MOST_LISTED, OutFormat, check_exportable, write_export
from fullcanvas.server.answers import COMMON, Problem
from fullcanvas.server.errors import NotFoundError
from fullcanvas.server.export import Asked, Selection, categories, select
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
        left_out: lines about photos that were not to be exported.
        done: how many of the photos it has got through.
        exported: how many of those could be exported.
        failed: lines about those that could not be; the first ones.
        state: it is broken off if the caller has gone, or what was sent cannot be used.
    """

    photos: int
    left_out: list[str]
    done: int = 0
    exported: int = 0
    failed: list[str] = field(default_factory=list)
    state: State = "under_way"

    def count(self, outcome: Outcome) -> None:
        """It has got through one more photo."""
        self.done += 1
        if outcome.left_out is None:
            self.exported += 1
        elif len(self.failed) < MOST_LISTED:
            self.failed.append(outcome.left_out)


class Downloads:
    """The latest downloads, by the keys that their callers gave them. For any thread."""

    def __init__(self) -> None:
        self._known: dict[str, Download] = {}
        self._lock = threading.Lock()

    def begin(self, key: str | None, found: Selection) -> Download:
        """A new download; without a key it is only known to whoever began it."""
        download = Download(len(found.photos), found.left_out)
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

    format: OutFormat = OutFormat.COCO_PANOPTIC
    unlabelled: Unlabelled = Unlabelled.ERROR
    status: Asked = "complete"

    def of(self, bench: Workbench) -> Selection:
        """The photos that are asked for; errors as in `select`."""
        return select(bench.embeddings, self.status)


class Progress(BaseModel):
    """How far an export is.

    Of `photos`, it has got through `done`, and could export `exported`; `failed` says of the first others why
    not. `left_out` is about photos that were not to be exported.
    """

    photos: int
    done: int
    exported: int
    left_out: list[str]
    failed: list[str]
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
        "The files of the format, zipped, without the photos; and `left-out.txt`, if photos failed.",
        "application/zip",
    ),
)
def export(bench: Bench, downloads: _Known, wanted: _Wanted, key: _Key | None = None) -> Response:
    """Complete photos in one of the formats, sent while it is made.

    With `status=reviewed` only those; with `status=all` photos in work, too, as the model answers them now.
    """
    found = wanted.of(bench)
    download = downloads.begin(key, found)
    return Sending(zipped(found, partial(categories, bench.project), wanted, download), wanted.format)


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
    check_exportable(wanted.of(bench).photos, categories(bench.project), wanted.unlabelled, wanted.format)


class Sending(StreamingResponse):
    """A zip file that is made while it is sent, no faster than it is taken, and while somebody waits for it.

    Args:
        chunks: of the file. The first of them is asked for at once: what keeps all of it from being made is
            then raised here, while it can still be said.
        name: of the file, without its suffix.
    """

    def __init__(self, chunks: Generator[bytes], name: str) -> None:
        headers = {"Content-Disposition": f'attachment; filename="{name}.zip"'}
        super().__init__(chain([next(chunks)], chunks), media_type="application/zip", headers=headers)
        self._chunks = chunks

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        try:
            await super().__call__(scope, receive, send)
        finally:
            self._chunks.close()


def zipped(
    found: Selection, classes: Callable[[], Sequence[Category]], wanted: Wanted, download: Download
) -> Generator[bytes]:
    """An export as the bytes of a zip file, which are made as they are asked for; `download` keeps count.

    Raises:
        ExportError: nothing can be exported. That is before the first bytes.
    """
    file = Outflow()
    try:
        with ZipSink(file) as sink:
            for outcome in write_export(found.photos, classes, sink, wanted.unlabelled, form=wanted.format):
                download.count(outcome)
                if chunk := file.take():
                    yield chunk
        yield file.take()
        download.state = "complete"
    finally:
        if download.state == "under_way":
            download.state = "broken_off"
