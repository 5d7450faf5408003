"""What a lead does: review complete photos, set the project's rule, change labels."""

from __future__ import annotations

from typing import Annotated, Any

from fastapi import APIRouter, Path
from pydantic import BaseModel, Field

from fullcanvas.server.answers import (
    COMMON,
    MISSING,
    STALE,
    LabelAnswer,
    PhotoAnswer,
    Problem,
    Responses,
)
from fullcanvas.server.labels import MAX_ID, Color, checked_name
from fullcanvas.server.login import Admin, Caller, Reviewer
from fullcanvas.server.progress import Rule
from fullcanvas.server.requests import Name, RedGreenBlue, ReviewRequest
from fullcanvas.server.routes import Bench, PhotoId, describe

LabelId = Annotated[int, Path(ge=1, le=MAX_ID)]
router = APIRouter(responses=COMMON)
_MISSING: Responses = {404: {"model": Problem, "description": "There is no such label."}}
_IN_THE_WAY: Responses = {
    409: {"model": Problem, "description": "Another label has the name, or regions have the label."}
}


class RuleChange(BaseModel):
    """When a photo may be complete: while pixels of it belong to no region, while regions have no label."""

    unassigned_allowed: Annotated[bool | None, Field(strict=True)] = None
    unlabelled_allowed: Annotated[bool | None, Field(strict=True)] = None


class LabelChange(BaseModel):
    """What becomes of a label; its id stays."""

    name: Name | None = None
    isthing: Annotated[bool | None, Field(strict=True)] = None
    color: RedGreenBlue | None = None
    place: Annotated[
        int | None, Field(ge=1, le=MAX_ID, strict=True, description="In the list of labels, counted from 1.")
    ] = None
    merge: Annotated[
        bool, Field(strict=True, description="Whether a label that has the name takes its place.")
    ] = False


@router.post("/photos/{photo_id}/review", dependencies=[Reviewer], responses={**MISSING, **STALE})
def review(bench: Bench, caller: Caller, photo_id: PhotoId, verdict: ReviewRequest) -> PhotoAnswer:
    """Accept a complete photo, or give it back with a comment, and pins at the places that it is about."""
    return describe(bench, bench.review(photo_id, verdict, caller.name))


@router.put("/rule", dependencies=[Admin])
def rule(bench: Bench, change: RuleChange) -> Rule:
    """Say when a photo may be complete; what is left out stays as it is."""
    return bench.project.store.progress.change_rule(**change.model_dump(exclude_none=True))


@router.patch("/labels/{label_id}", dependencies=[Admin], responses={**_MISSING, **_IN_THE_WAY})
def change_label(bench: Bench, label_id: LabelId, change: LabelChange) -> LabelAnswer:
    """Rename a label wherever it was given, give it another color, or say whether it is a thing or stuff.

    With `place`, it moves there in the list of labels, for everybody.

    With `merge`, a label that has the new name already takes its place, and is answered.
    """
    name = None if change.name is None else checked_name(change.name)
    color: Color | None = (change.color[0], change.color[1], change.color[2]) if change.color else None
    asked: dict[str, Any] = {"name": name, "color": color}
    asked |= change.model_dump(include={"isthing", "place", "merge"})
    return LabelAnswer.of(bench.project.store.relabelling.change(label_id, **asked))


@router.delete(
    "/labels/{label_id}", status_code=204, dependencies=[Admin], responses={**_MISSING, **_IN_THE_WAY}
)
def delete_label(bench: Bench, label_id: LabelId) -> None:
    """Take away a label that no region has."""
    bench.project.store.relabelling.delete(label_id)
