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
class PhotoItem:
    """A photo in the list.

    Attributes:
        id: of the photo.
        path: relative to the folder of photos, with forward slashes.
        status: "new", "in_work", "complete", "reviewed" or "rejected".
        regions, unlabelled: how many there are, and how many of them have no label.
        seconds: of work.
        comment: why it was rejected, until it is complete again.
    """

    id: int
    path: str
    status: str
    regions: int
    unlabelled: int
    seconds: float
    comment: str | None


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
    """

    after: int
    kind: str
    region: int | None
    label: str | None
    text: str


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
        model: the name of the model that answers.
        labels: its classes.
    """

    name: str
    photos: int
    complete: int
    statuses: Mapping[str, int]
    seconds: float
    unassigned_allowed: bool
    model: str
    labels: tuple[Label, ...]


@dataclass(frozen=True, slots=True)
class User:
    """Who the server takes the client for.

    Attributes:
        name: of the account; None where there are none, on the machine that the server runs on.
        role: "annotator", "reviewer" or "admin"; each may also do what those before it may.
    """

    name: str | None
    role: str
