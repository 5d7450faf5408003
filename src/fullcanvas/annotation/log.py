"""The annotation: a versioned log of what the person said about one image; a cursor makes undo and redo."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from numbers import Integral
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fullcanvas.annotation import entries as kinds
from fullcanvas.annotation.branches import Fork, forks_from_json, newest_end, path, tip_from_json
from fullcanvas.annotation.entries import (
    AddRegion,
    DeleteRegion,
    DrawScribble,
    Entry,
    LabelRegion,
    MovePoints,
)
from fullcanvas.annotation.errors import AnnotationError
from fullcanvas.annotation.ids import first_free_id, id_after
from fullcanvas.annotation.mask import Mask
from fullcanvas.annotation.points import Point, Positions, order_extreme_points, to_pixels
from fullcanvas.annotation.region import LARGEST_ID, Region, Scribble
from fullcanvas.annotation.shapes import (
    FillRest,
    ImportMask,
    KeepRegions,
    MergeRegions,
    PaintRegion,
    SplitRegion,
)
from fullcanvas.annotation.table import Regions, find

VERSION = 4
"""Of the JSON form. Version 1 had fewer kinds of entry, 2 no branches, 3 no `keep`; all are read."""


@dataclass(frozen=True)
class Annotation:
    """An immutable log; every method that changes something returns a new one.

    The methods are those of `Session`, with the same names, order and meaning: a stroke comes first, and its
    region by name; what is done to a region names it first.

    Attributes:
        width, height: of the upright photo, in pixels.
        entries: everything said, in order; none is ever taken out. They are known by their numbers, from 1.
        cursor: the number of the entry in force last; it and those that lead to it are in force.
        next_region: the id of the next new region; ids are never reused, not even those of undone regions.
        model: the hash of the model that answers this log, or None while no model has.
        forks: which entries do not follow the one before them, and which they follow instead: where the
            person went back and said something else. What was said first stays, as a branch.
        tip: the number of the last entry of the branch that can be redone, if it is not the newest.

    Raises:
        AnnotationError: the width or the height is not a whole number of 1 or more.
    """

    width: int
    height: int
    entries: tuple[Entry, ...] = ()
    cursor: int = 0
    next_region: int = 1
    model: str | None = None
    forks: tuple[Fork, ...] = ()
    tip: int | None = None

    def __post_init__(self) -> None:
        for name in ("width", "height"):
            object.__setattr__(self, name, _whole({name: _plain(getattr(self, name))}, name, 1))

    @cached_property
    def in_force(self) -> tuple[Entry, ...]:
        """The entries in force, in order."""
        return tuple(self.entries[number - 1] for number in path(self.cursor, self.forks))

    @cached_property
    def branch(self) -> tuple[int, ...]:
        """The numbers of the entries that undoing and redoing go through, in order."""
        return path(len(self.entries) if self.tip is None else self.tip, self.forks)

    @cached_property
    def regions(self) -> Mapping[int, Region]:
        """The regions in force, by id, in the order in which they were added.

        Raises:
            AnnotationError: an entry speaks of a region that is not there, or adds one that is.
        """
        regions: Regions = {}
        for index, entry in enumerate(self.in_force):
            regions = entry.apply(regions, index)
        return regions

    @cached_property
    def leaves(self) -> Mapping[int, Region]:
        """What the mask head answers for, by id: the regions, or the parts of merged ones."""
        if not any(region.parts for region in self.regions.values()):
            return self.regions
        return {leaf.id: leaf for region in self.regions.values() for leaf in region.leaves}

    @cached_property
    def filled(self) -> bool:
        """Whether what the regions leave unassigned goes to the nearest of them."""
        return any(isinstance(entry, FillRest) for entry in self.in_force)

    @cached_property
    def size(self) -> int:
        """How many bytes of memory its entries take, near enough, those not in force included."""
        return sum(map(kinds.size_of, self.entries))

    def append(self, entry: Entry) -> Annotation:
        """The log with one more entry in force; what was undone before stays, as a branch to go back to.

        Its points are taken as they are: `add_region`, `scribble` and `move_points` check them first.

        Raises:
            AnnotationError: the entry speaks of a region that is not there, or reuses an id.
        """
        next_region = id_after(entry, self.next_region)
        regions = entry.apply(self.regions, len(self.in_force))
        last = len(self.entries)
        grown = replace(
            self,
            entries=(*self.entries, entry),
            cursor=last + 1,
            next_region=next_region,
            forks=self.forks if self.cursor == last else (*self.forks, (last + 1, self.cursor)),
            tip=None,
        )
        # Spares the new log the fold over all its entries: the correction path must not grow with them.
        grown.__dict__["regions"] = regions
        grown.__dict__["in_force"] = (*self.in_force, entry)
        grown.__dict__["size"] = self.size + kinds.size_of(entry)
        return grown

    def add_region(self, extreme_points: Positions, label: str | None = None) -> Annotation:
        """The log with a new region, whose id is this log's `next_region`.

        Args:
            extreme_points: four positions (x, y) in pixels, in any order.
            label: the name of its class, if known.

        Raises:
            AnnotationError: not four points, a point outside the image, or a box without area.
        """
        points = self._marked(extreme_points)
        return self.append(AddRegion(self.next_region, points, kinds.checked_label(label)))

    def scribble(self, points: Positions, *, region: int) -> Annotation:
        """The log with a scribble that grows a region.

        Args:
            points: positions (x, y) of the stroke in pixels, at least one.
            region: which one grows.

        Raises:
            AnnotationError: an unknown region, no point, or a point outside the image.
        """
        pixels = Scribble(to_pixels(points, self.width, self.height)).points
        return self.append(DrawScribble(self._id(region), pixels))

    def move_points(self, region: int, extreme_points: Positions) -> Annotation:
        """The log with new extreme points for the region; errors as in `add_region`, or an unknown region."""
        return self.append(MovePoints(self._id(region), self._marked(extreme_points)))

    def label(self, region: int, label: str | None) -> Annotation:
        """The log with the region's label set, or taken away with None.

        Raises:
            AnnotationError: an unknown region, or no name of 1 to 200 characters.
        """
        return self.append(LabelRegion(self._id(region), kinds.checked_label(label)))

    def delete(self, region: int) -> Annotation:
        """The log with the region taken away.

        Raises:
            AnnotationError: an unknown region.
        """
        return self.append(DeleteRegion(self._id(region)))

    def paint(self, points: Positions, *, region: int, radius: float, erase: bool = False) -> Annotation:
        """The log with a brush stroke that gives a region pixels, or takes them from it.

        Args:
            points: positions (x, y) of the brush in pixels, at least one.
            region: whose pixels.
            radius: of the brush, in photo pixels, above 0.
            erase: whether the region loses the pixels, each to the next best region.

        Raises:
            AnnotationError: an unknown region, no point, a point outside the image, or no such radius.
        """
        pixels = Scribble(to_pixels(points, self.width, self.height)).points
        return self.append(PaintRegion(self._id(region), pixels, kinds.checked_radius(radius), bool(erase)))

    def merge(self, region: int, others: Iterable[int]) -> Annotation:
        """The log with other regions made part of the first, which keeps its id.

        Raises:
            AnnotationError: an unknown region, one named twice, or no list of others.
        """
        named = tuple(map(self._id, kinds.checked_others(others)))
        return self.append(MergeRegions(self._id(region), named))

    def fill(self) -> Annotation:
        """The log in which no pixel is unassigned from here on: what is left goes to the nearest region."""
        return self.append(FillRest())

    def import_mask(self, mask: Mask | NDArray[np.bool_], label: str | None = None) -> Annotation:
        """The log with a new region, this log's `next_region`, that has the pixels of a mask.

        Args:
            mask: bool [height, width], at least one pixel set; or the same as run lengths.
            label: the name of its class, if known.

        Raises:
            AnnotationError: the mask is empty, or of another size than the photo.
        """
        given = self._fitting(mask)
        return self.append(ImportMask(self.next_region, given, kinds.checked_label(label)))

    def split(
        self, region: int, *, part: Mask | NDArray[np.bool_], rest: Mask | NDArray[np.bool_]
    ) -> Annotation:
        """The log with a region split in two: `part` becomes this log's `next_region`.

        Args:
            region: the one that is split.
            part: the pixels of the new region: bool [height, width], or run lengths.
            rest: the pixels that the region keeps.

        Raises:
            AnnotationError: an unknown region, or masks that are empty or of another size.
        """
        part, rest = self._fitting(part), self._fitting(rest)
        return self.append(SplitRegion(self._id(region), self.next_region, part, rest))

    def keep(self, label_map: NDArray[np.int32]) -> Annotation:
        """The log in which regions have the pixels of a finished label map until they are corrected.

        Args:
            label_map: int32 [height, width] of ids of regions, 0 = unassigned.

        Returns:
            the log with one more entry; itself if no pixel is assigned.

        Raises:
            AnnotationError: an unknown region, or a label map of another size than the photo.
        """
        masks = {id_: self._fitting(mask) for id_, mask in Mask.each(label_map).items() if id_}
        return self.append(KeepRegions(tuple(masks), tuple(masks.values()))) if masks else self

    def _id(self, region: int) -> int:
        """The id of a region that is there, as JSON can hold it: callers read ids from label maps."""
        return find(self.regions, region).id

    def _marked(self, positions: Positions) -> tuple[Point, Point, Point, Point]:
        """Extreme points as a person gives them: all in one pixel are a slip, though logs may hold them."""
        points = order_extreme_points(to_pixels(positions, self.width, self.height))
        if len(set(points)) == 1:
            raise AnnotationError(f"the four extreme points are all {points[0]}: their box has no area")
        return points

    def _fitting(self, mask: Mask | NDArray[np.bool_]) -> Mask:
        given = mask if isinstance(mask, Mask) else Mask.of(mask)
        if (given.width, given.height) != (self.width, self.height):
            sizes = f"{given.width} x {given.height} pixels, the image {self.width} x {self.height}"
            raise AnnotationError(f"the mask has {sizes}")
        return given

    @property
    def can_undo(self) -> bool:
        """Whether an entry is in force."""
        return self.cursor > 0

    @property
    def can_redo(self) -> bool:
        """Whether an undone entry can come back."""
        return self.cursor != (self.branch[-1] if self.branch else 0)

    def undo(self) -> Annotation:
        """The log with its last entry in force undone; itself if there is none."""
        return replace(self, cursor=(0, *path(self.cursor, self.forks))[-2]) if self.can_undo else self

    def redo(self) -> Annotation:
        """The log with its first undone entry in force again; itself if there is none."""
        return replace(self, cursor=self.branch[len(self.in_force)]) if self.can_redo else self

    def go(self, cursor: int) -> Annotation:
        """The log with an entry, and those that lead to it, in force: of whichever branch.

        Args:
            cursor: the entry's number, or 0 for none. Where it is not on the present branch, redoing then
                follows the newest branch that leads through it.

        Raises:
            AnnotationError: there is no such entry.
        """
        number = _plain(cursor)
        if type(number) is not int or not 0 <= number <= len(self.entries):
            raise AnnotationError(
                f"there is no entry {cursor!r:.80}: the log's are 1 to {len(self.entries)}, 0 is none"
            )
        if number in (0, *self.branch):
            return replace(self, cursor=number)
        end = newest_end(number, len(self.entries), self.forks)
        return replace(self, cursor=number, tip=None if end == len(self.entries) else end)

    def to_json(self) -> dict[str, Any]:
        """The log as JSON values that follow `schema.json`; `from_json` returns an equal log."""
        return {
            "version": VERSION,
            "width": self.width,
            "height": self.height,
            "model": self.model,
            "next_region": self.next_region,
            "cursor": self.cursor,
            "forks": [list(fork) for fork in self.forks],
            "tip": self.tip,
            "entries": [kinds.to_json(entry) for entry in self.entries],
        }

    @classmethod
    def from_json(cls, data: Any) -> Annotation:
        """A log read from JSON values, everything in it checked.

        Raises:
            AnnotationError: another version, a missing or ill-typed field, an unknown kind of entry, or
                entries that do not follow from each other.
        """
        if not isinstance(data, Mapping):
            raise AnnotationError(f"an annotation is an object, as json.loads reads it, not {data!r:.80}")
        if _whole(data, "version", 1) > VERSION:
            raise AnnotationError(f"this is not an annotation of version 1 to {VERSION}")
        if unknown := set(map(str, data)) - set(cls(1, 1).to_json()):
            raise AnnotationError(f"an annotation has no fields {sorted(unknown)!s:.200}")
        width, height = (_whole(data, name, 1) for name in ("width", "height"))
        listed = data.get("entries")
        if not isinstance(listed, list):
            raise AnnotationError("an annotation has a list of entries")
        model = data.get("model")
        if model is not None and not isinstance(model, str):
            raise AnnotationError("an annotation names its model by a hash, a string")
        read = [kinds.from_json(item, width, height) for item in listed]
        forks = forks_from_json(data.get("forks", []), len(read))
        cursor, next_region = (
            _whole(data, "cursor", 0),
            _whole(data, "next_region", first_free_id(read, forks)),
        )
        if cursor > len(listed):
            raise AnnotationError(f"the cursor is at {cursor}, past the last of {len(listed)} entries")
        if next_region > LARGEST_ID + 1:
            raise AnnotationError(f"next_region is at most {LARGEST_ID + 1}, not {next_region!s:.80}")
        tip = tip_from_json(data.get("tip"), len(read), forks)
        log = cls(width, height, tuple(read), cursor, next_region, model, forks, tip)
        if cursor not in (0, *log.branch):
            raise AnnotationError(f"no branch through entry {cursor}, the cursor, ends in {tip!r}")
        return log


def _plain(value: Any) -> Any:
    """A whole number as JSON can hold it, not as NumPy has it; anything else as it is."""
    return int(value) if isinstance(value, Integral) else value


def _whole(data: Mapping[str, Any], name: str, least: int) -> int:
    value = data.get(name)
    if type(value) is not int or value < least:
        raise AnnotationError(f"{name} is a whole number of {least} or more, not {value!r:.80}")
    return value
