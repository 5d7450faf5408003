"""What a lead does: review complete photos, set the project's rule, change labels."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Annotated

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
from fullcanvas.server.errors import NotFoundError
from fullcanvas.server.labels import MAX_ID, Color, Label, checked_name
from fullcanvas.server.login import Admin, Caller, Reviewer
from fullcanvas.server.requests import Name, RedGreenBlue, ReviewRequest
from fullcanvas.server.routes import Bench, PhotoId, describe

LabelId = Annotated[int, Path(ge=1, le=MAX_ID)]
router = APIRouter(responses=COMMON)
_MISSING: Responses = {404: {"model": Problem, "description": "There is no such label."}}
_IN_THE_WAY: Responses = {
    409: {"model": Problem, "description": "Another label has the name, or regions have the label."}
}


class Rule(BaseModel):
    """When a photo may be complete."""

    unassigned_allowed: Annotated[bool, Field(strict=True)]


class LabelChange(BaseModel):
    """What becomes of a label; its id stays."""

    name: Name | None = None
    isthing: Annotated[bool | None, Field(strict=True)] = None
    color: RedGreenBlue | None = None

    def of(self, label: Label) -> Label:
        """The label as changed, but for its name."""
        color: Color = (self.color[0], self.color[1], self.color[2]) if self.color else label.color
        return replace(label, isthing=label.isthing if self.isthing is None else self.isthing, color=color)


@router.post("/photos/{photo_id}/review", dependencies=[Reviewer], responses={**MISSING, **STALE})
def review(bench: Bench, caller: Caller, photo_id: PhotoId, verdict: ReviewRequest) -> PhotoAnswer:
    """Accept a complete photo, or give it back with a comment."""
    return describe(bench, bench.review(photo_id, verdict, caller.name))


@router.put("/rule", dependencies=[Admin])
def rule(bench: Bench, rule: Rule) -> Rule:
    """Say whether a photo may be complete while pixels of it belong to no region."""
    bench.project.store.progress.allow_unassigned(rule.unassigned_allowed)
    return rule


@router.patch("/labels/{label_id}", dependencies=[Admin], responses={**_MISSING, **_IN_THE_WAY})
def change_label(bench: Bench, label_id: LabelId, change: LabelChange) -> LabelAnswer:
    """Rename a label wherever it was given, give it another color, or say whether it is a thing or stuff."""
    store = bench.project.store
    if change.name is not None:
        store.relabelling.rename(label_id, checked_name(change.name))

    def changed(known: Sequence[Label]) -> Sequence[Label]:
        if all(label.id != label_id or label.deleted for label in known):
            raise NotFoundError(f"there is no label {label_id}")
        return [change.of(label) if label.id == label_id else label for label in known]

    return next(LabelAnswer.of(label) for label in store.change_labels(changed) if label.id == label_id)


@router.delete(
    "/labels/{label_id}", status_code=204, dependencies=[Admin], responses={**_MISSING, **_IN_THE_WAY}
)
def delete_label(bench: Bench, label_id: LabelId) -> None:
    """Take away a label that no region has."""
    bench.project.store.relabelling.delete(label_id)
