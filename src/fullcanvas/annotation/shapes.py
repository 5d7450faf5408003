"""Entries about a region's very shape: paint, merge, fill, an imported mask, a split.

What each of them means for the label map is said in docs/decisions/0009-shapes-in-the-log.md.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

from fullcanvas.annotation.errors import AnnotationError
from fullcanvas.annotation.mask import Mask
from fullcanvas.annotation.points import Point
from fullcanvas.annotation.region import Region
from fullcanvas.annotation.table import Regions, added, find


@dataclass(frozen=True, slots=True)
class PaintRegion:
    """Pixels that a region has, or has not, because the person painted them.

    Attributes:
        region: whose pixels.
        points: of the brush's way, joined by straight lines.
        radius: of the brush, in photo pixels; it covers a pixel whose centre is at most so far from the way.
        erase: whether the region loses the pixels, each to the next best region.
    """

    region: int
    points: tuple[Point, ...]
    radius: float
    erase: bool = False
    kind: ClassVar[str] = "paint"

    def apply(self, regions: Regions, _position: int) -> Regions:
        """The regions as they are: paint changes pixels, and nothing that the mask head sees."""
        find(regions, self.region)
        return regions


@dataclass(frozen=True, slots=True)
class MergeRegions:
    """Regions that are one; it keeps the first's id, and its label or else the first of the others'."""

    region: int
    others: tuple[int, ...]
    kind: ClassVar[str] = "merge"

    def apply(self, regions: Regions, _position: int) -> Regions:
        """The regions with the others' parts under the first's id.

        Raises:
            AnnotationError: one of them is not there, or is named twice.
        """
        if not self.others or len({self.region, *self.others}) != 1 + len(self.others):
            raise AnnotationError("a merge names one region and at least one other, none of them twice")
        members = [find(regions, id_) for id_ in (self.region, *self.others)]
        label = next((member.label for member in members if member.label is not None), None)
        merged = Region.of_parts(self.region, [part for one in members for part in one.layers], label)
        kept = {id_: one for id_, one in regions.items() if id_ not in self.others}
        return {**kept, self.region: merged}


@dataclass(frozen=True, slots=True)
class FillRest:
    """From here on no pixel is unassigned: what the regions leave goes to the nearest."""

    kind: ClassVar[str] = "fill"

    def apply(self, regions: Regions, _position: int) -> Regions:
        """The regions as they are."""
        return regions


@dataclass(frozen=True, slots=True)
class ImportMask:
    """A new region that comes with its pixels, which it keeps until a scribble or moved points correct it."""

    region: int
    mask: Mask
    label: str | None = None
    kind: ClassVar[str] = "import_mask"

    def apply(self, regions: Regions, position: int) -> Regions:
        """The regions with this one added."""
        return added(regions, of_mask(self.region, self.mask, self.label, position))


@dataclass(frozen=True, slots=True)
class SplitRegion:
    """A region that is two; each has the pixels it was seen with, as if imported, and the label.

    Attributes:
        region: the one that was split; it keeps `rest`.
        new_region: the id of the other, which gets `part`.
    """

    region: int
    new_region: int
    part: Mask
    rest: Mask
    kind: ClassVar[str] = "split"

    def apply(self, regions: Regions, position: int) -> Regions:
        """The regions with both in the place of one."""
        label = find(regions, self.region).label
        rest = of_mask(self.region, self.rest, label, position)
        return added({**regions, self.region: rest}, of_mask(self.new_region, self.part, label, position))


def of_mask(id_: int, mask: Mask, label: str | None, position: int) -> Region:
    """A region whose pixels and extreme points are those of a mask."""
    return Region(id_, mask.extreme_points, label=label, mask=mask, since=position)
