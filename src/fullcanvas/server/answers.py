"""What the server answers: the JSON objects, and the binary form of a patch."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from pydantic import BaseModel

from fullcanvas.annotation import Region
from fullcanvas.canvas.boxes import Framing, region_box
from fullcanvas.canvas.resolution import display_size
from fullcanvas.inference.patch import Patch
from fullcanvas.inference.segmenter import Segmenter
from fullcanvas.server.labels import Label, distinct_color
from fullcanvas.server.records import Photo, Review, Status, Verdict
from fullcanvas.server.store import Store
from fullcanvas.server.workbench import View

Point = tuple[int, int]
PATCH_FORM = (
    "A patch is: uint32 little-endian n; n bytes of JSON, {x0, y0, x1, y1 (display pixels, half-open), "
    "photo (as GET of the photo answers; null in a preview), region (just added or grown, or null)}; and, "
    "zlib-compressed, the patch's region ids as uint16 little-endian, row by row."
)


class Problem(BaseModel):
    """What went wrong, and what to do about it, in a sentence."""

    detail: str


Responses = dict[int | str, dict[str, Any]]
COMMON: Responses = {
    400: {"model": Problem, "description": "The request is hardly HTTP, or its body is no text in UTF-8."},
    401: {"model": Problem, "description": "The project is served to others, and nobody is logged in."},
    403: {
        "model": Problem,
        "description": "The request comes from another site's page, or from someone "
        "whose role does not allow it.",
    },
    408: {"model": Problem, "description": "The request takes too long to come."},
    413: {"model": Problem, "description": "The request is too long."},
    422: {"model": Problem, "description": "The request makes no sense, or the photo cannot be opened."},
    503: {
        "model": Problem,
        "description": "The project's database cannot be used at the moment; or, with `Retry-After: 0`, "
        "a change came before a preview or a part of a label map: ask again.",
    },
}
"""What any request may be answered."""
MISSING: Responses = {404: {"model": Problem, "description": "There is no such photo."}}


class StaleProblem(Problem):
    """The photo has changed since the caller saw it."""

    version: int


STALE: Responses = {409: {"model": StaleProblem, "description": "The photo has changed since it was seen."}}


class LabelAnswer(BaseModel):
    """A class that regions can have."""

    id: int
    name: str
    isthing: bool
    color: tuple[int, int, int]

    @classmethod
    def of(cls, label: Label) -> LabelAnswer:
        """The answer that describes a label."""
        return cls(id=label.id, name=label.name, isthing=label.isthing, color=label.color)


class ModelAnswer(BaseModel):
    """The model that answers."""

    name: str
    hash: str


class ProjectAnswer(BaseModel):
    """The project at a glance; `people` changed, completed or reviewed photos last.

    The first ten labels have digits in the page; `labels_version` grows with every change of a label.
    """

    name: str
    photos: int
    complete: int
    statuses: dict[str, int]
    seconds: float
    unassigned_allowed: bool
    unlabelled_allowed: bool
    model: ModelAnswer
    labels_version: int
    labels: list[LabelAnswer]
    people: list[str]


class PinAnswer(BaseModel):
    """What is wrong at a pixel of the photo, as its reviewer sees it."""

    x: int
    y: int
    text: str


class ReviewAnswer(BaseModel):
    """The latest review of a photo, whatever became of it since; `time` is in seconds since 1970."""

    verdict: Verdict
    comment: str | None
    reviewer: str | None
    time: float | None
    pins: list[PinAnswer]

    @classmethod
    def of(cls, review: Review | None) -> ReviewAnswer | None:
        """The answer that describes a review, if there was one."""
        return cls.model_validate(review, from_attributes=True) if review else None


class PhotoItem(BaseModel):
    """A photo in the list; `labels` are those of its regions, and `author` changed or completed it last."""

    id: int
    path: str
    status: Status
    version: int
    regions: int
    unlabelled: int
    labels: list[str]
    seconds: float
    author: str | None
    comment: str | None
    review: ReviewAnswer | None

    @classmethod
    def each(cls, photos: Sequence[Photo], store: Store) -> list[PhotoItem]:
        """The answers that list photos, with what else the store knows of them."""
        ids = [photo.id for photo in photos]
        seconds, labels = store.progress.seconds(ids), store.labels_of(ids)
        return [cls.of(photo, seconds.get(photo.id, 0.0), labels.get(photo.id, ())) for photo in photos]

    @classmethod
    def of(cls, photo: Photo, seconds: float, labels: Sequence[str]) -> PhotoItem:
        """The answer that lists a photo."""
        names = ("id", "path", "status", "version", "regions", "unlabelled", "author", "comment")
        said = {name: getattr(photo, name) for name in names}
        review = ReviewAnswer.of(photo.review)
        return cls(**said, labels=list(labels), seconds=round(seconds, 1), review=review)


class PhotoList(BaseModel):
    """A page of the list of photos."""

    total: int
    items: list[PhotoItem]


class RegionAnswer(BaseModel):
    """A region of an opened photo; `box` is half-open (x0, y0, x1, y1) in photo pixels."""

    id: int
    label: str | None
    isthing: bool | None
    color: tuple[int, int, int]
    extreme_points: tuple[Point, Point, Point, Point]
    box: tuple[int, int, int, int]
    scribbles: int
    seconds: float

    @classmethod
    def of(
        cls, region: Region, labels: Mapping[str, Label], framing: Framing, seconds: float
    ) -> RegionAnswer:
        """The answer that describes a region."""
        label = labels.get(region.label) if region.label else None
        return cls(
            id=region.id,
            label=region.label,
            isthing=label.isthing if label else None,
            color=label.color if label else distinct_color(region.id - 1),
            extreme_points=region.extreme_points,
            box=region_box(region, framing),
            scribbles=len(region.scribbles),
            seconds=round(seconds, 1),
        )


class PhotoAnswer(BaseModel):
    """An opened photo; `unassigned` is the fraction of its pixels that no region has.

    `author` changed or completed it last; `begun_with` is the hash of the model that answered its log so far,
    if that is not the one that does now.
    """

    id: int
    path: str
    width: int
    height: int
    display_width: int
    display_height: int
    status: Status
    version: int
    can_undo: bool
    can_redo: bool
    unassigned: float
    seconds: float
    author: str | None
    comment: str | None
    review: ReviewAnswer | None
    begun_with: str | None
    regions: list[RegionAnswer]

    @classmethod
    def of(
        cls, view: View, labels: Mapping[str, Label], segmenter: Segmenter, times: Mapping[int, float]
    ) -> PhotoAnswer:
        """The answer that describes an opened photo."""
        photo, annotation = view.photo, view.annotation
        display_width, display_height = display_size(annotation.width, annotation.height)
        closed = photo.closed
        framing = segmenter.config.framing(annotation.width, annotation.height)
        return cls(
            id=photo.id,
            path=photo.path,
            width=annotation.width,
            height=annotation.height,
            display_width=display_width,
            display_height=display_height,
            status=photo.status,
            version=photo.version,
            can_undo=annotation.can_undo and not closed,
            can_redo=annotation.can_redo and not closed,
            unassigned=view.unassigned,
            seconds=round(sum(times.values()), 1),
            author=photo.author,
            comment=photo.comment,
            review=ReviewAnswer.of(photo.review),
            begun_with=None if closed or photo.model == segmenter.hash else photo.model,
            regions=[
                RegionAnswer.of(region, labels, framing, times.get(region.id, 0.0))
                for region in annotation.regions.values()
            ],
        )


class PatchHeader(BaseModel):
    """What precedes the pixels of a patch: where it lies in display pixels, half-open, and the photo."""

    x0: int
    y0: int
    x1: int
    y1: int
    photo: PhotoAnswer | None
    region: int | None


def pack_patch(patch: Patch, photo: PhotoAnswer | None, region: int | None) -> bytes:
    """A patch as bytes, in the form that `PATCH_FORM` describes."""
    header = PatchHeader(x0=patch.x0, y0=patch.y0, x1=patch.x1, y1=patch.y1, photo=photo, region=region)
    text = header.model_dump_json().encode()
    pixels = zlib.compress(np.ascontiguousarray(patch.labels, "<u2").tobytes(), 1)
    return struct.pack("<I", len(text)) + text + pixels
