"""What the store says of a photo."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Status = Literal["new", "in_work", "complete", "reviewed", "rejected"]
Verdict = Literal["reviewed", "rejected"]
CLOSED = ("complete", "reviewed")
"""What does not change, and keeps its label map."""


@dataclass(frozen=True, slots=True)
class Review:
    """What was said of a photo that was complete.

    Attributes:
        verdict: what the photo became by it.
        comment: why, or None.
        reviewer: who said it; None where there are no accounts.
        time: when, in seconds since 1970; None if it was not noted.
    """

    verdict: Verdict
    comment: str | None
    reviewer: str | None
    time: float | None


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
    review: Review | None

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
