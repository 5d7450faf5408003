"""What the store says of a photo."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from typing import Any, Literal

from sqlalchemy import RowMapping

from fullcanvas.server.logs import dump

Status = Literal["new", "in_work", "complete", "reviewed", "rejected"]
Verdict = Literal["reviewed", "rejected"]
CLOSED = ("complete", "reviewed")
"""What does not change, and keeps its label map."""


@dataclass(frozen=True, slots=True)
class Pin:
    """A place in a photo that a review speaks of.

    Attributes:
        x, y: the pixel, in photo pixels.
        text: what is wrong there.
    """

    x: int
    y: int
    text: str


@dataclass(frozen=True, slots=True)
class Review:
    """What was said of a photo that was complete.

    Attributes:
        verdict: what the photo became by it.
        comment: why, or None.
        reviewer: who said it; None where there are no accounts.
        time: when, in seconds since 1970; None if it was not noted.
        pins: the places that it speaks of, in the order in which the reviewer put them.
    """

    verdict: Verdict
    comment: str | None
    reviewer: str | None
    time: float | None
    pins: tuple[Pin, ...] = ()

    @property
    def values(self) -> dict[str, Any]:
        """What the photo's row says of it, and of the photo by it."""
        pins = dump([asdict(pin) for pin in self.pins]) if self.pins else None
        noted = {"comment": self.comment, "pins": pins, "reviewer": self.reviewer, "reviewed_at": self.time}
        return {"status": self.verdict, "verdict": self.verdict, **noted}


@dataclass(frozen=True, slots=True)
class Photo:
    """A photo as the store knows it.

    Attributes:
        id: stays with the path for good.
        path: relative to the folder of photos, with forward slashes.
        status: how far it is; a rejected one is in work again.
        version: grows by one with every change.
        regions, unlabelled: how many regions are in force, and how many of them have no label.
        content_hash: of the file when its first entry was stored, or None before that.
        model: the hash of the model that answered its log last, or None before that.
        author: who changed or completed it last; None where there are no accounts.
        width, height: in pixels; None before its first entry or label map was stored.
        review: the latest, whatever became of the photo since; None if there was none.
    """

    id: int
    path: str
    status: Status
    version: int
    regions: int
    unlabelled: int
    content_hash: str | None
    model: str | None
    author: str | None
    width: int | None
    height: int | None
    review: Review | None

    @classmethod
    def of(cls, row: RowMapping) -> Photo:
        """The photo that a row of the table describes."""
        said = {name: row[name] for name in cls.__dataclass_fields__ if name in row}
        return cls(**said, review=_review(row))

    @property
    def closed(self) -> bool:
        """Whether it does not change, and keeps its label map."""
        return self.status in CLOSED

    def completed_by(self, name: str | None) -> bool:
        """Whether it is complete because a person of that name said so, and has not been reviewed since."""
        return name is not None and self.author == name and self.status == "complete"

    @property
    def comment(self) -> str | None:
        """Why it was rejected, until it is complete again."""
        rejected = self.review is not None and self.review.verdict == "rejected"
        return self.review.comment if self.review and rejected and not self.closed else None


def _review(row: RowMapping) -> Review | None:
    if not row["verdict"]:
        return None
    pins = tuple(Pin(**pin) for pin in json.loads(row["pins"] or "[]"))
    return Review(row["verdict"], row["comment"], row["reviewer"], row["reviewed_at"], pins)
