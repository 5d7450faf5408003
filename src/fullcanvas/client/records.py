"""What the server says, as records; fields that a newer server adds are left out."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields
from typing import Any, TypeVar

Point = tuple[int, int]
T = TypeVar("T")


def take(cls: type[T], data: Mapping[str, Any]) -> T:
    """A record made of the fields of a JSON object that it knows."""
    names = {field.name for field in fields(cls)}  # type: ignore[arg-type]
    return cls(**{name: _frozen(value) for name, value in data.items() if name in names})


def review_of(photo: Mapping[str, Any]) -> Review | None:
    """The latest review of a photo, in what the server says of the photo; None if there is none."""
    said = photo["review"]
    return take(Review, {**said, "pins": [take(Pin, pin) for pin in said["pins"]]}) if said else None


def _frozen(value: Any) -> Any:
    return tuple(map(_frozen, value)) if isinstance(value, list) else value


@dataclass(frozen=True, slots=True)
class Label:
    """A class: its id, name, whether it is a thing, and its colour (red, green, blue, 0 to 255)."""

    id: int
    name: str
    isthing: bool
    color: tuple[int, int, int]


@dataclass(frozen=True, slots=True)
class Pin:
    """What is wrong at a pixel of a photo, as its reviewer sees it.

    Attributes:
        x, y: the pixel, in photo pixels.
        text: what is wrong there; at most 500 characters.
    """

    x: int
    y: int
    text: str


@dataclass(frozen=True, slots=True)
class Review:
    """The latest review of a photo, whatever became of it since.

    Attributes:
        verdict: "reviewed" or "rejected".
        comment: why, or None.
        reviewer: who gave it; None where there are no accounts.
        time: when, in seconds since 1970; None if it was not noted.
        pins: the places that it speaks of.
    """

    verdict: str
    comment: str | None
    reviewer: str | None
    time: float | None
    pins: tuple[Pin, ...]


@dataclass(frozen=True, slots=True)
class PhotoItem:
    """A photo in the list.

    Attributes:
        id: of the photo.
        path: relative to the folder of photos, with forward slashes.
        status: "new", "in_work", "complete", "reviewed" or "rejected".
        version: grows with every change.
        regions, unlabelled: how many there are, and how many of them have no label.
        labels: of its regions, by name; each once.
        seconds: of work.
        author: who changed or completed it last; None where there are no accounts.
        comment: why it was rejected, until it is complete again.
        review: the latest, or None.
    """

    id: int
    path: str
    status: str
    version: int
    regions: int
    unlabelled: int
    labels: tuple[str, ...]
    seconds: float
    author: str | None
    comment: str | None
    review: Review | None

    @classmethod
    def of(cls, data: Mapping[str, Any]) -> PhotoItem:
        """The record made of what the server says."""
        return take(cls, {**data, "review": review_of(data)})


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody else, and the id of the photo that they have open."""

    name: str
    photo: int


@dataclass(frozen=True, slots=True)
class Changes:
    """What changed in a project since a revision.

    Attributes:
        revision: to ask from next time.
        photos: that changed, the earliest change first; when there are many, the first of them.
        people: who else has which photo open; empty where there are no accounts.
    """

    revision: int
    photos: tuple[PhotoItem, ...]
    people: tuple[Person, ...]


@dataclass(frozen=True, slots=True)
class RegionInfo:
    """A region of an opened photo.

    Attributes:
        id: of the region.
        label: the name of its class, or None.
        extreme_points: left-most, right-most, top and bottom pixel (x, y) of the photo.
        box: half-open (x0, y0, x1, y1) in photo pixels.
        scribbles: how many it has.
        seconds: of work.
    """

    id: int
    label: str | None
    extreme_points: tuple[Point, Point, Point, Point]
    box: tuple[int, int, int, int]
    scribbles: int
    seconds: float


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of a photo's history.

    Attributes:
        after: the number of the entry that it follows, counted from 1; 0 is the beginning.
        kind: what was done.
        region, label: what it was about, or None.
        text: the same in words.
        author: who made it; None where there are no accounts.
    """

    after: int
    kind: str
    region: int | None
    label: str | None
    text: str
    author: str | None


@dataclass(frozen=True, slots=True)
class History:
    """Everything that was ever done to a photo, on all branches.

    Attributes:
        cursor: the number of the entry in force last; it and those that lead to it are in force.
        tip: the number of the entry that redoing leads to in the end.
        entries: in the order in which they were made; numbered from 1.
    """

    cursor: int
    tip: int
    entries: tuple[Entry, ...]


@dataclass(frozen=True, slots=True)
class ProjectInfo:
    """The project at a glance.

    Attributes:
        name: of the project.
        photos, complete: how many there are, and how many are done.
        statuses: how many photos have each status.
        seconds: of work, on all photos.
        unassigned_allowed: whether a photo may be complete while pixels of it belong to no region.
        unlabelled_allowed: whether it may be while regions of it have no label.
        model: the name of the model that answers.
        labels: its classes.
        people: who changed, completed or reviewed photos last; empty where there are no accounts.
    """

    name: str
    photos: int
    complete: int
    statuses: Mapping[str, int]
    seconds: float
    unassigned_allowed: bool
    unlabelled_allowed: bool
    model: str
    labels: tuple[Label, ...]
    people: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class User:
    """Who the server takes the client for.

    Attributes:
        name: of the account; None where there are none, on the machine that the server runs on.
        role: "annotator", "reviewer" or "admin"; each may also do what those before it may.
    """

    name: str | None
    role: str
