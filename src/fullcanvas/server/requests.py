"""What the page may ask for, checked before anything is done, and what each request does to an annotation."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

from fullcanvas.annotation import Annotation
from fullcanvas.server.errors import RefusedError
from fullcanvas.server.labels import MAX_ID

MAX_POINTS = 20_000
RegionAt = Callable[[float, float], int]
Coordinate = Annotated[float, Field(allow_inf_nan=False, ge=-1e9, le=1e9)]
Position = Annotated[list[Coordinate], Field(min_length=2, max_length=2, description="x, y in photo pixels")]
ExtremePoints = Annotated[list[Position], Field(min_length=4, max_length=4)]
RegionId = Annotated[int, Field(ge=1, le=MAX_ID, strict=True)]
Name = Annotated[str, StringConstraints(strip_whitespace=True, min_length=1, max_length=200)]
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

    def change(self, annotation: Annotation, _region_at: RegionAt) -> Outcome:
        """The annotation with the region, and the region's id."""
        return annotation.add_region(self.extreme_points, self.label), annotation.next_region


class ScribbleRequest(Change):
    """A scribble that grows a region: the given one, or the one under the first point."""

    kind: Literal["scribble"]
    points: Annotated[list[Position], Field(min_length=1, max_length=MAX_POINTS)]
    region: RegionId | None = None

    def change(self, annotation: Annotation, region_at: RegionAt) -> Outcome:
        """The annotation with the scribble, and the id of the region that grew."""
        x, y = self.points[0]
        region = self.region or region_at(x, y)
        if not region:
            raise RefusedError("no region is under the start of the scribble; start in one that should grow")
        return annotation.scribble(region, self.points), region


class MovePointsRequest(Change):
    """New extreme points for a region."""

    kind: Literal["move_points"]
    region: RegionId
    extreme_points: ExtremePoints

    def change(self, annotation: Annotation, _region_at: RegionAt) -> Outcome:
        """The annotation with the points moved."""
        return annotation.move_points(self.region, self.extreme_points), None


class LabelRequest(Change):
    """A label for a region, or null to take it away."""

    kind: Literal["label"]
    region: RegionId
    label: Name | None

    def change(self, annotation: Annotation, _region_at: RegionAt) -> Outcome:
        """The annotation with the label set."""
        return annotation.label(self.region, self.label), None


class DeleteRequest(Change):
    """A region to be taken away."""

    kind: Literal["delete"]
    region: RegionId

    def change(self, annotation: Annotation, _region_at: RegionAt) -> Outcome:
        """The annotation without the region."""
        return annotation.delete(self.region), None


class UndoRequest(Change):
    """Undo the latest interaction."""

    kind: Literal["undo"]

    def change(self, annotation: Annotation, _region_at: RegionAt) -> Outcome:
        """The annotation one entry back."""
        if not annotation.can_undo:
            raise RefusedError("there is nothing to undo")
        return annotation.undo(), None


class RedoRequest(Change):
    """Redo what was undone last."""

    kind: Literal["redo"]

    def change(self, annotation: Annotation, _region_at: RegionAt) -> Outcome:
        """The annotation one entry forward."""
        if not annotation.can_redo:
            raise RefusedError("there is nothing to redo")
        return annotation.redo(), None


class GoRequest(Change):
    """Go to any point of the photo's history."""

    kind: Literal["go"]
    cursor: Annotated[
        int, Field(ge=0, le=MAX_ID, strict=True, description="How many entries are in force then.")
    ]

    def change(self, annotation: Annotation, _region_at: RegionAt) -> Outcome:
        """The annotation with that many entries in force."""
        if self.cursor > len(annotation.entries):
            raise RefusedError(
                f"this photo's history has {len(annotation.entries)} entries, not {self.cursor}"
            )
        return replace(annotation, cursor=self.cursor), None


Interaction = Annotated[
    AddRegionRequest
    | ScribbleRequest
    | MovePointsRequest
    | LabelRequest
    | DeleteRequest
    | UndoRequest
    | RedoRequest
    | GoRequest,
    Field(discriminator="kind"),
]


class CompleteRequest(Change):
    """Close a photo, or open it again."""

    complete: Annotated[bool, Field(strict=True)]


class NewLabel(BaseModel):
    """A label to be added."""

    name: Name
    isthing: Annotated[bool, Field(strict=True)] = True
    color: Annotated[
        list[Annotated[int, Field(ge=0, le=255, strict=True)]] | None, Field(min_length=3, max_length=3)
    ] = None

    def item(self) -> dict[str, Any]:
        """The label as in a file of labels."""
        return self.model_dump(exclude_none=True)
