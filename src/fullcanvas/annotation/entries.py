"""The kinds of entry that an annotation's log can hold, and their JSON form.

Each kind is a frozen dataclass whose `kind` names it in JSON. An entry knows how to change the table
of regions that the entries before it made, and nothing else.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import MISSING, dataclass, fields, replace
from typing import Any, ClassVar

from fullcanvas.annotation.errors import AnnotationError
from fullcanvas.annotation.region import Point, Region, Scribble, order_extreme_points, to_pixels

Regions = Mapping[int, Region]


@dataclass(frozen=True, slots=True)
class AddRegion:
    """A new region, marked by its extreme points (left, right, top, bottom)."""

    region: int
    extreme_points: tuple[Point, Point, Point, Point]
    label: str | None = None
    kind: ClassVar[str] = "add_region"

    def apply(self, regions: Regions) -> Regions:
        """The regions with this one added."""
        if self.region in regions:
            raise AnnotationError(f"region {self.region} exists already")
        return {**regions, self.region: Region(self.region, self.extreme_points, (), self.label)}


@dataclass(frozen=True, slots=True)
class DrawScribble:
    """A scribble that grows a region."""

    region: int
    points: tuple[Point, ...]
    kind: ClassVar[str] = "scribble"

    def apply(self, regions: Regions) -> Regions:
        """The regions with the scribble added to its region."""
        region = find(regions, self.region)
        return {**regions, region.id: replace(region, scribbles=(*region.scribbles, Scribble(self.points)))}


@dataclass(frozen=True, slots=True)
class MovePoints:
    """New extreme points for a region (left, right, top, bottom); its scribbles stay."""

    region: int
    extreme_points: tuple[Point, Point, Point, Point]
    kind: ClassVar[str] = "move_points"

    def apply(self, regions: Regions) -> Regions:
        """The regions with the points moved."""
        region = find(regions, self.region)
        return {**regions, region.id: replace(region, extreme_points=self.extreme_points)}


@dataclass(frozen=True, slots=True)
class LabelRegion:
    """A class name for a region, or None to take it away."""

    region: int
    label: str | None
    kind: ClassVar[str] = "label"

    def apply(self, regions: Regions) -> Regions:
        """The regions with the label set."""
        region = find(regions, self.region)
        return {**regions, region.id: replace(region, label=self.label)}


@dataclass(frozen=True, slots=True)
class DeleteRegion:
    """A region taken away; its id is never used again."""

    region: int
    kind: ClassVar[str] = "delete"

    def apply(self, regions: Regions) -> Regions:
        """The regions without this one."""
        find(regions, self.region)
        return {id_: region for id_, region in regions.items() if id_ != self.region}


Entry = AddRegion | DrawScribble | MovePoints | LabelRegion | DeleteRegion
_KINDS: dict[str, type[Entry]] = {
    cls.kind: cls for cls in (AddRegion, DrawScribble, MovePoints, LabelRegion, DeleteRegion)
}


def find(regions: Regions, region: int) -> Region:
    """The region with this id.

    Raises:
        AnnotationError: there is none.
    """
    try:
        return regions[region]
    except KeyError:
        raise AnnotationError(f"there is no region {region}") from None


def to_json(entry: Entry) -> dict[str, Any]:
    """The entry as JSON values; `from_json` reads it back."""
    return {"kind": entry.kind, **{field.name: _plain(getattr(entry, field.name)) for field in fields(entry)}}


def _plain(value: Any) -> Any:
    return [list(point) for point in value] if isinstance(value, tuple) else value


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
    known = {field.name for field in fields(cls)}
    needed = {field.name for field in fields(cls) if field.default is MISSING}
    if not needed <= given <= known:
        raise AnnotationError(
            f"a {cls.kind} entry has the fields {sorted(known)}, not {sorted(map(str, given))!s:.200}"
        )
    return cls(**{name: _check(name, data[name], width, height) for name in given})


def _check(name: str, value: Any, width: int, height: int) -> Any:
    match name:
        case "region":
            if type(value) is not int or value < 1:
                raise AnnotationError(f"a region id is a whole number of 1 or more, not {value!r:.80}")
            return value
        case "label":
            return checked_label(value)
        case "extreme_points":
            return order_extreme_points(to_pixels(_list(value), width, height))
        case _:
            return Scribble(to_pixels(_list(value), width, height)).points


def _list(value: Any) -> list[Any]:
    if not isinstance(value, list | tuple):
        raise AnnotationError(f"points are a list of pairs, not {value!r:.80}")
    return list(value)


def checked_label(label: Any) -> str | None:
    """The label itself, if it can be one: a name of 1 to 200 characters, or None.

    Raises:
        AnnotationError: it cannot.
    """
    if label is not None and (not isinstance(label, str) or not label.strip() or len(label) > 200):
        raise AnnotationError(f"a label is a name of 1 to 200 characters, not {label!r:.80}")
    return label
