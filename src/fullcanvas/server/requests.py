"""What the page may ask for, checked before anything is done, and what each request does to an annotation."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import Annotated, Any, Literal

import numpy as np
from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from fullcanvas.annotation import Annotation, Mask
from fullcanvas.annotation.entries import LARGEST_RADIUS
from fullcanvas.inference.session import Session
from fullcanvas.server.errors import RefusedError
from fullcanvas.server.labels import MAX_ID
from fullcanvas.server.records import Photo, Pin, Review, Verdict

MAX_POINTS = 20_000
LONGEST_STROKE = 100
"""In times the photo's width and height together: more than a hand draws, and yet drawn at once."""
MAX_PINS = 50
"""Of a review: more is a matter for its comment."""
Coordinate = Annotated[float, Field(allow_inf_nan=False, ge=-1e9, le=1e9)]
Position = Annotated[list[Coordinate], Field(min_length=2, max_length=2, description="x, y in photo pixels")]
ExtremePoints = Annotated[list[Position], Field(min_length=4, max_length=4)]
Pixel = Annotated[int, Field(ge=0, le=MAX_ID, strict=True, description="In photo pixels.")]
RegionId = Annotated[int, Field(ge=1, le=MAX_ID, strict=True)]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
RedGreenBlue = Annotated[
    list[Annotated[int, Field(ge=0, le=255, strict=True)]], Field(min_length=3, max_length=3)
]
Outcome = tuple[Annotation, int | None]


class Change(BaseModel):
    """What every change carries."""

    model_config = ConfigDict(extra="ignore")

    version: Annotated[int, Field(ge=0, le=MAX_ID, strict=True, description="The photo's, as seen last.")]
    key: Annotated[
        str | None,
        Field(
            max_length=64,
            pattern=r"^[^\x00-\x1f]*$",
            description="Made up per change; repeated, it is not applied twice.",
        ),
    ] = None
    seconds: Annotated[
        float, Field(ge=0, le=3600, allow_inf_nan=False, description="Of work since the change before.")
    ] = 0.0


class AddRegionRequest(Change):
    """A new region."""

    kind: Literal["add_region"]
    extreme_points: ExtremePoints
    label: Name | None = None

    def change(self, annotation: Annotation, _session: Session) -> Outcome:
        """The annotation with the region, and the region's id."""
        return annotation.add_region(self.extreme_points, self.label), annotation.next_region


class ScribbleRequest(Change):
    """A scribble that grows a region: the given one, or the one under the first point."""

    kind: Literal["scribble"]
    points: Annotated[list[Position], Field(min_length=1, max_length=MAX_POINTS)]
    region: RegionId | None = None

    def change(self, annotation: Annotation, session: Session) -> Outcome:
        """The annotation with the scribble, and the id of the region that grew."""
        region = self.region or session.region_at(self.points[0])
        if not region:
            raise RefusedError("no region is under the start of the scribble; start in one that should grow")
        _check_length(self.points, annotation)
        return annotation.scribble(self.points, region=region), region


class MovePointsRequest(Change):
    """New extreme points for a region."""

    kind: Literal["move_points"]
    region: RegionId
    extreme_points: ExtremePoints

    def change(self, annotation: Annotation, _session: Session) -> Outcome:
        """The annotation with the points moved."""
        return annotation.move_points(self.region, self.extreme_points), None


class LabelRequest(Change):
    """A label for a region, or null to take it away."""

    kind: Literal["label"]
    region: RegionId
    label: Name | None

    def change(self, annotation: Annotation, _session: Session) -> Outcome:
        """The annotation with the label set."""
        return annotation.label(self.region, self.label), None


class DeleteRequest(Change):
    """A region to be taken away."""

    kind: Literal["delete"]
    region: RegionId

    def change(self, annotation: Annotation, _session: Session) -> Outcome:
        """The annotation without the region."""
        return annotation.delete(self.region), None


class PaintRequest(Change):
    """A brush stroke that gives a region pixels, or takes them from it."""

    kind: Literal["paint"]
    region: RegionId
    points: Annotated[list[Position], Field(min_length=1, max_length=MAX_POINTS)]
    radius: Annotated[
        float, Field(gt=0, le=LARGEST_RADIUS, allow_inf_nan=False, description="In photo pixels.")
    ]
    erase: Annotated[bool, Field(strict=True)] = False

    def change(self, annotation: Annotation, _session: Session) -> Outcome:
        """The annotation with the stroke, and the region."""
        _check_length(self.points, annotation)
        painted = annotation.paint(self.points, region=self.region, radius=self.radius, erase=self.erase)
        return painted, self.region


class MergeRequest(Change):
    """Regions that become part of one."""

    kind: Literal["merge"]
    region: RegionId
    others: Annotated[list[RegionId], Field(min_length=1, max_length=1000)]

    def change(self, annotation: Annotation, _session: Session) -> Outcome:
        """The annotation with the regions merged, and the one that is left."""
        return annotation.merge(self.region, self.others), self.region


class FillRequest(Change):
    """What is unassigned is to go to the nearest region, from here on."""

    kind: Literal["fill"]

    def change(self, annotation: Annotation, _session: Session) -> Outcome:
        """The annotation that leaves nothing unassigned."""
        if not annotation.regions:
            raise RefusedError("there is no region yet that could take what is unassigned")
        return annotation.fill(), None


class SplitRequest(Change):
    """A region to be cut in two along a line."""

    kind: Literal["split"]
    region: RegionId
    points: Annotated[list[Position], Field(min_length=2, max_length=MAX_POINTS)]

    def change(self, annotation: Annotation, session: Session) -> Outcome:
        """The annotation with the region split, and the id of the new one."""
        _check_length(self.points, annotation)
        return session.with_split(self.region, self.points), annotation.next_region


class ImportMaskRequest(Change):
    """A region that comes with its pixels, from another model or program."""

    kind: Literal["import_mask"]
    mask: Annotated[
        str,
        Field(
            pattern=r"^[0-o]+$",
            description="Run lengths of the whole photo in COCO's compressed form, column by column.",
        ),
    ]
    label: Name | None = None

    def change(self, annotation: Annotation, _session: Session) -> Outcome:
        """The annotation with the region, and its id."""
        mask = Mask(annotation.width, annotation.height, self.mask)
        return annotation.import_mask(mask, self.label), annotation.next_region


class UndoRequest(Change):
    """Undo the latest interaction."""

    kind: Literal["undo"]

    def change(self, annotation: Annotation, _session: Session) -> Outcome:
        """The annotation one entry back."""
        if not annotation.can_undo:
            raise RefusedError("there is nothing to undo")
        return annotation.undo(), None


class RedoRequest(Change):
    """Redo what was undone last."""

    kind: Literal["redo"]

    def change(self, annotation: Annotation, _session: Session) -> Outcome:
        """The annotation one entry forward."""
        if not annotation.can_redo:
            raise RefusedError("there is nothing to redo")
        return annotation.redo(), None


class GoRequest(Change):
    """Go to any entry of the photo's history, on whichever branch."""

    kind: Literal["go"]
    cursor: Annotated[
        int, Field(ge=0, le=MAX_ID, strict=True, description="The entry in force last then; 0 is none.")
    ]

    def change(self, annotation: Annotation, _session: Session) -> Outcome:
        """The annotation as it was right after that entry."""
        return annotation.go(self.cursor), None


Interaction = Annotated[
    AddRegionRequest
    | ScribbleRequest
    | MovePointsRequest
    | LabelRequest
    | DeleteRequest
    | PaintRequest
    | MergeRequest
    | FillRequest
    | SplitRequest
    | ImportMaskRequest
    | UndoRequest
    | RedoRequest
    | GoRequest,
    Field(discriminator="kind"),
]


class CompleteRequest(Change):
    """Close a photo, or open it again."""

    complete: Annotated[bool, Field(strict=True)]


class NewPin(BaseModel):
    """What is wrong, pinned to a pixel of the photo."""

    x: Pixel
    y: Pixel
    text: Annotated[
        str, StringConstraints(strip_whitespace=True, min_length=1, max_length=500, pattern=r"^[^\x00]*$")
    ]


class ReviewRequest(Change):
    """A verdict on a complete photo; a rejected one is open to changes again."""

    verdict: Verdict
    comment: Annotated[str | None, Field(max_length=2000, pattern=r"^[^\x00]*$")] = None
    pins: Annotated[list[NewPin], Field(max_length=MAX_PINS)] = []

    def of(self, photo: Photo, reviewer: str | None) -> Review:
        """The review of the photo, as of now.

        Raises:
            RefusedError: the photo is not complete, or a pin lies outside it.
        """
        if not photo.closed:
            raise RefusedError(f"{photo.path} is not complete, so there is nothing to review")
        width, height = photo.width or 0, photo.height or 0
        for pin in self.pins:
            if pin.x >= width or pin.y >= height:
                raise RefusedError(
                    f"there is no pixel ({pin.x}, {pin.y}) in {photo.path}, which has {width} x {height}"
                )
        pins = tuple(Pin(pin.x, pin.y, pin.text) for pin in self.pins)
        return Review(self.verdict, self.comment, reviewer, time.time(), pins)


class NewLabel(BaseModel):
    """A label to be added."""

    name: Name
    isthing: Annotated[bool, Field(strict=True)] = True
    color: RedGreenBlue | None = None

    def item(self) -> dict[str, Any]:
        """The label as in a file of labels."""
        return self.model_dump(exclude_none=True)


def _check_length(points: Sequence[Sequence[float]], annotation: Annotation) -> None:
    """See that a stroke is not so long that others would wait for it."""
    longest = LONGEST_STROKE * (annotation.width + annotation.height)
    if np.hypot(*np.diff(points, axis=0).T).sum() > longest:
        raise RefusedError(f"the stroke is longer than {longest} pixels; draw it in several")
