"""Entries about a region's very shape: paint, merge, fill, an imported mask, a split, finished pixels.

What each of them means for the label map is said in docs/decisions/0009-shapes-in-the-log.md.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

from fullcanvas.annotation.errors import AnnotationError
from fullcanvas.annotation.mask import Mask
from fullcanvas.annotation.points import Point
from fullcanvas.annotation.region import Region
from fullcanvas.annotation.table import Regions, added, find


@dataclass(frozen=True, slots=True)
class PaintRegion:
    """Pixels that are given to a region, or taken from it, with a brush.

    Attributes:
        region: whose pixels.
        points: the path of the brush, joined by straight lines.
        radius: of the brush, in photo pixels: pixels whose centre is no farther from the path are covered.
        erase: whether the region loses the pixels, each to the next best region.
    """

    region: int
    points: tuple[Point, ...]
    radius: float
    erase: bool = False
    kind: ClassVar[str] = "paint"

    def apply(self, regions: Regions, _index: int) -> Regions:
        """The regions as they are: paint changes pixels, and nothing that the mask head sees."""
        find(regions, self.region)
        return regions


@dataclass(frozen=True, slots=True)
class MergeRegions:
    """Regions merged into one; it keeps the id of the first, and the first label that one of them has."""

    region: int
    others: tuple[int, ...]
    kind: ClassVar[str] = "merge"

    def apply(self, regions: Regions, _index: int) -> Regions:
        """The regions with the others' parts under the first's id.

        Raises:
            AnnotationError: one of them is not there, or is named twice.
        """
        if not self.others or len({self.region, *self.others}) != 1 + len(self.others):
            raise AnnotationError("a merge names one region and at least one other, none of them twice")
        members = [find(regions, id_) for id_ in (self.region, *self.others)]
        label = next((member.label for member in members if member.label is not None), None)
        merged = Region.of_parts(self.region, [part for one in members for part in one.leaves], label)
        kept = {id_: one for id_, one in regions.items() if id_ not in self.others}
        return {**kept, self.region: merged}


@dataclass(frozen=True, slots=True)
class FillRest:
    """From here on no pixel is unassigned: what the regions leave goes to the nearest."""

    kind: ClassVar[str] = "fill"

    def apply(self, regions: Regions, _index: int) -> Regions:
        """The regions as they are."""
        return regions


@dataclass(frozen=True, slots=True)
class ImportMask:
    """A new region that comes with its pixels, which it keeps until a scribble or moved points correct it."""

    region: int
    mask: Mask
    label: str | None = None
    kind: ClassVar[str] = "import_mask"

    def apply(self, regions: Regions, index: int) -> Regions:
        """The regions with this one added."""
        return added(regions, of_mask(self.region, self.mask, self.label, index))


@dataclass(frozen=True, slots=True)
class SplitRegion:
    """A region split in two; each part has the pixels that were shown, as if imported, and the label.

    Attributes:
        region: the one that was split; it keeps `rest`.
        new_region: the id of the other, which gets `part`.
    """

    region: int
    new_region: int
    part: Mask
    rest: Mask
    kind: ClassVar[str] = "split"

    def apply(self, regions: Regions, index: int) -> Regions:
        """The regions with both in the place of one."""
        label = find(regions, self.region).label
        rest = of_mask(self.region, self.rest, label, index)
        return added({**regions, self.region: rest}, of_mask(self.new_region, self.part, label, index))


@dataclass(frozen=True, slots=True)
class KeepRegions:
    """Regions that keep the pixels of a finished label map, each until a scribble or moved points correct it.

    Points and scribbles stay, and count again for the mask head when the region is corrected; what earlier
    strokes did to pixels is in the masks.

    Attributes:
        regions: that have pixels in the label map.
        masks: the pixels of each of them.
    """

    regions: tuple[int, ...]
    masks: tuple[Mask, ...]
    kind: ClassVar[str] = "keep"

    def apply(self, regions: Regions, index: int) -> Regions:
        """The regions with these masks.

        Raises:
            AnnotationError: one of them is not there, or is named twice, or not each of them has a mask.
        """
        if not self.regions or not len(set(self.regions)) == len(self.regions) == len(self.masks):
            raise AnnotationError("finished pixels are those of at least one region, each named once")
        pairs = zip(self.regions, self.masks, strict=True)
        return {**regions, **{id_: _kept(find(regions, id_), mask, index) for id_, mask in pairs}}


def _kept(region: Region, mask: Mask, index: int) -> Region:
    """The region with a mask; its extreme points reach out where the mask does, its scribbles stay."""
    parts = [*region.leaves, of_mask(region.id, mask, None, index)]
    return replace(Region.of_parts(region.id, parts, region.label), parts=(), mask=mask, since=index)


def of_mask(id_: int, mask: Mask, label: str | None, index: int) -> Region:
    """A region whose pixels and extreme points are those of a mask."""
    return Region(id_, mask.extreme_points, label=label, mask=mask, since=index)
