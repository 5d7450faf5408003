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
    """

    id: int
    path: str
    status: str
    regions: int
    unlabelled: int


@dataclass(frozen=True, slots=True)
class RegionInfo:
    """A region of an opened photo.

    Attributes:
        id: of the region.
        label: the name of its class, or None.
        extreme_points: left-most, right-most, top and bottom pixel (x, y) of the photo.
        box: half-open (x0, y0, x1, y1) in photo pixels.
        scribbles: how many it has.
    """

    id: int
    label: str | None
    extreme_points: tuple[Point, Point, Point, Point]
    box: tuple[int, int, int, int]
    scribbles: int


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of a photo's history: its kind, and the region and the label that it was about, or None."""

    kind: str
    region: int | None
    label: str | None


@dataclass(frozen=True, slots=True)
class ProjectInfo:
    """The project at a glance.

    Attributes:
        name: of the project.
        photos, complete: how many there are, and how many are done.
        model: the name of the model that answers.
        labels: its classes.
    """

    name: str
    photos: int
    complete: int
    model: str
    labels: tuple[Label, ...]
