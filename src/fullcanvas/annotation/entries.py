"""The kinds of entry that an annotation's log can hold, and their JSON form.

Each kind is a frozen dataclass whose `kind` names it in JSON. An entry knows how to change the table
of regions that the entries before it made, and nothing else; its index says how many of those there are.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import MISSING, dataclass, fields, replace
from numbers import Real
from typing import Any, ClassVar

from fullcanvas.annotation.errors import AnnotationError
from fullcanvas.annotation.mask import Mask
from fullcanvas.annotation.points import Point, order_extreme_points, to_pixels
from fullcanvas.annotation.region import LARGEST_ID, Region, Scribble
from fullcanvas.annotation.shapes import (
    FillRest,
    ImportMask,
    KeepRegions,
    MergeRegions,
    PaintRegion,
    SplitRegion,
)
from fullcanvas.annotation.table import Regions, added, find

LARGEST_RADIUS = 10_000.0
"""Of a brush, in photo pixels."""
_ENTRY_BYTES = 200
_POINT_BYTES = 100  # two numbers in a tuple, and the place where it is kept


@dataclass(frozen=True, slots=True)
class AddRegion:
    """A new region, marked by its extreme points (left, right, top, bottom)."""

    region: int
    extreme_points: tuple[Point, Point, Point, Point]
    label: str | None = None
    kind: ClassVar[str] = "add_region"

    def apply(self, regions: Regions, index: int) -> Regions:
        """The regions with this one added."""
        return added(regions, Region(self.region, self.extreme_points, (), self.label, since=index))


@dataclass(frozen=True, slots=True)
class DrawScribble:
    """A scribble that grows a region."""

    region: int
    points: tuple[Point, ...]
    kind: ClassVar[str] = "scribble"

    def apply(self, regions: Regions, index: int) -> Regions:
        """The regions with the scribble added to its region."""
        region = find(regions, self.region)
        return {**regions, region.id: region.scribbled(Scribble(self.points), index)}


@dataclass(frozen=True, slots=True)
class MovePoints:
    """New extreme points for a region (left, right, top, bottom); its scribbles stay.

    They replace what was known of its place: an imported mask is dropped, and a merged region has no parts.
    """

    region: int
    extreme_points: tuple[Point, Point, Point, Point]
    kind: ClassVar[str] = "move_points"

    def apply(self, regions: Regions, index: int) -> Regions:
        """The regions with the points moved."""
        old = find(regions, self.region)
        moved = Region(old.id, self.extreme_points, old.scribbles, old.label, since=index)
        return {**regions, old.id: moved}


@dataclass(frozen=True, slots=True)
class LabelRegion:
    """A class name for a region, or None to take it away."""

    region: int
    label: str | None
    kind: ClassVar[str] = "label"

    def apply(self, regions: Regions, _index: int) -> Regions:
        """The regions with the label set."""
        region = find(regions, self.region)
        return {**regions, region.id: replace(region, label=self.label)}


@dataclass(frozen=True, slots=True)
class DeleteRegion:
    """A region taken away; its id is never used again."""

    region: int
    kind: ClassVar[str] = "delete"

    def apply(self, regions: Regions, _index: int) -> Regions:
        """The regions without this one."""
        find(regions, self.region)
        return {id_: region for id_, region in regions.items() if id_ != self.region}


Entry = (
    AddRegion
    | DrawScribble
    | MovePoints
    | LabelRegion
    | DeleteRegion
    | PaintRegion
    | MergeRegions
    | FillRest
    | ImportMask
    | SplitRegion
    | KeepRegions
)
_KINDS: dict[str, type[Entry]] = {cls.kind: cls for cls in Entry.__args__}
_FIELDS = {  # of each kind: those that it must have, and those that it can have
    cls.kind: (
        {field.name for field in fields(cls) if field.default is MISSING},
        {field.name for field in fields(cls)},
    )
    for cls in Entry.__args__
}


def size_of(entry: Entry) -> int:
    """How many bytes of memory an entry takes, near enough."""
    values = [getattr(entry, field.name) for field in fields(entry)]
    points = sum(len(value) for value in values if isinstance(value, tuple))
    masks = [value for value in (*values, *getattr(entry, "masks", ())) if isinstance(value, Mask)]
    return _ENTRY_BYTES + points * _POINT_BYTES + sum(len(mask.counts) for mask in masks)


def new_region(entry: Entry) -> int | None:
    """The id of the region that an entry makes, or None."""
    if isinstance(entry, SplitRegion):
        return entry.new_region
    return entry.region if isinstance(entry, AddRegion | ImportMask) else None


def to_json(entry: Entry) -> dict[str, Any]:
    """The entry as JSON values; `from_json` reads it back."""
    return {"kind": entry.kind, **{field.name: _plain(getattr(entry, field.name)) for field in fields(entry)}}


def _plain(value: Any) -> Any:
    if isinstance(value, Mask):
        return value.counts
    if isinstance(value, tuple):
        return [_plain(item) for item in value]
    return value


def from_json(data: Any, width: int, height: int) -> Entry:
    """An entry read from JSON values, every field checked against an image of width x height pixels.

    Raises:
        AnnotationError: an unknown kind, a missing, superfluous or ill-typed field, or bad points.
    """
    if not isinstance(data, Mapping) or not isinstance(data.get("kind"), str):
        raise AnnotationError(f"an entry is an object with a kind, not {data!r:.80}")
    cls = _KINDS.get(data["kind"])
    if cls is None:
        raise AnnotationError(f"unknown kind of entry {data['kind']!r:.80}; known: {', '.join(_KINDS)}")
    given = set(data) - {"kind"}
    needed, known = _FIELDS[cls.kind]
    if not needed <= given <= known:
        raise AnnotationError(
            f"a {cls.kind} entry has the fields {sorted(known)}, not {sorted(map(str, given))!s:.200}"
        )
    return cls(**{name: _check(name, data[name], width, height) for name in given})


def _check(name: str, value: Any, width: int, height: int) -> Any:
    if name in _CHECKS:
        return _CHECKS[name](value)
    match name:
        case "mask" | "part" | "rest":
            return _mask(value, width, height)
        case "masks":
            return tuple(_mask(item, width, height) for item in _list(value))
        case "extreme_points":
            return order_extreme_points(to_pixels(_list(value), width, height))
        case _:
            return Scribble(to_pixels(_list(value), width, height)).points


def _region_id(value: Any) -> int:
    if type(value) is not int or not 1 <= value <= LARGEST_ID:
        raise AnnotationError(f"a region id is a whole number of 1 to {LARGEST_ID}, not {value!r:.80}")
    return value


def _truth(value: Any) -> bool:
    if not isinstance(value, bool):
        raise AnnotationError(f"erase is true or false, not {value!r:.80}")
    return value


def _mask(value: Any, width: int, height: int) -> Mask:
    if not isinstance(value, str):
        raise AnnotationError(f"a mask is a text of run lengths, not {value!r:.80}")
    return Mask(width, height, value)


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list | tuple):
        raise AnnotationError(
            f"points are a list of pairs, regions of ids, masks of texts, not {value!r:.80}"
        )
    return list(value)


def checked_label(label: Any) -> str | None:
    """The label itself, if it is a name of 1 to 200 characters or None.

    Raises:
        AnnotationError: it is neither.
    """
    if label is not None and (not isinstance(label, str) or not label.strip() or len(label) > 200):
        raise AnnotationError(f"a label is a name of 1 to 200 characters, not {label!r:.80}")
    return label


def checked_others(others: Any) -> tuple[Any, ...]:
    """The regions that a merge names beside its first, which are looked up when it is applied.

    Raises:
        AnnotationError: they are no list.
    """
    if not isinstance(others, Iterable):
        raise AnnotationError(f"a merge takes a list of other regions, not {others!r:.80}")
    return tuple(others)


def checked_radius(radius: Any) -> float:
    """The radius of a brush, in photo pixels, more than 0 and at most `LARGEST_RADIUS`.

    Raises:
        AnnotationError: it is not such a number.
    """
    given: Any = radius if isinstance(radius, Real) and radius is not True else 0.0
    if not 0 < given <= LARGEST_RADIUS:  # false for NaN, too
        raise AnnotationError(
            f"a brush's radius is a number above 0 and up to {LARGEST_RADIUS:g} pixels, not {radius!r:.80}"
        )
    return float(given)


_CHECKS: dict[str, Callable[[Any], Any]] = {
    "region": _region_id,
    "new_region": _region_id,
    "others": lambda value: tuple(_region_id(item) for item in _list(value)),
    "regions": lambda value: tuple(_region_id(item) for item in _list(value)),
    "label": checked_label,
    "radius": checked_radius,
    "erase": _truth,
}
