"""A region as the annotation describes it: four extreme points, scribbles, maybe a label."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from operator import itemgetter

from fullcanvas.annotation.errors import AnnotationError
from fullcanvas.annotation.mask import Mask
from fullcanvas.annotation.points import Point

LARGEST_ID = 2**31 - 1
"""Of a region: label maps are int32."""


@dataclass(frozen=True, slots=True)
class Scribble:
    """A stroke that starts in the region that should grow and goes into the pixels it should gain.

    Attributes:
        points: one pixel or more, joined in order by straight lines.
    """

    points: tuple[Point, ...]

    def __post_init__(self) -> None:
        if not self.points:
            raise AnnotationError("a scribble needs at least one point")


@dataclass(frozen=True, slots=True)
class Region:
    """An object or a piece of stuff.

    Attributes:
        id: 1 to `LARGEST_ID`, never used twice in one annotation.
        extreme_points: left-most, right-most, top and bottom pixel, in this order.
        scribbles: in the order in which they were drawn.
        label: the name of its class, or None.
        mask: its pixels, if they were imported or kept, until a scribble or moved points correct the region.
        parts: the regions that it was merged from, if it was: at least two, for each of which the mask head
            answers by itself. Its extreme points and scribbles are those of all parts.
        since: the index, among the entries in force, of the one that last said where it is.
    """

    id: int
    extreme_points: tuple[Point, Point, Point, Point]
    scribbles: tuple[Scribble, ...] = ()
    label: str | None = None
    mask: Mask | None = None
    parts: tuple[Region, ...] = ()
    since: int = field(default=0, compare=False)

    @classmethod
    def of_parts(cls, id_: int, parts: Sequence[Region], label: str | None) -> Region:
        """A region merged of at least two parts, none of which has parts."""
        lefts, rights, tops, bottoms = zip(*(part.extreme_points for part in parts), strict=True)
        marked = (*lefts, *rights, *tops, *bottoms)  # a pixel in a corner is extreme on two sides
        x, y = itemgetter(0), itemgetter(1)
        points = (
            min(*lefts, *marked, key=x),
            max(*rights, *marked, key=x),
            min(*tops, *marked, key=y),
            max(*bottoms, *marked, key=y),
        )
        scribbles = tuple(scribble for part in parts for scribble in part.scribbles)
        unlabelled = tuple(replace(part, label=None) if part.label else part for part in parts)
        return cls(id_, points, scribbles, label, parts=unlabelled, since=max(part.since for part in parts))

    @property
    def leaves(self) -> tuple[Region, ...]:
        """What the mask head answers for: the parts, or the region itself."""
        return self.parts or (self,)

    def scribbled(self, scribble: Scribble, index: int) -> Region:
        """The region with a scribble; of several parts, the one in which (or nearest to which) it starts."""
        if not self.parts:
            return replace(self, scribbles=(*self.scribbles, scribble), mask=None, since=index)
        chosen = min(self.parts, key=lambda part: _remoteness(part, scribble.points[0]))
        grown = chosen.scribbled(scribble, index)
        return Region.of_parts(
            self.id, [grown if part is chosen else part for part in self.parts], self.label
        )


def _remoteness(part: Region, point: Point) -> tuple[int, int]:
    """The square of the distance from a part's box to a point, and the box's area."""
    marked = [*part.extreme_points, *(each for scribble in part.scribbles for each in scribble.points)]
    xs, ys = zip(*marked, strict=True)
    dx = max(min(xs) - point[0], point[0] - max(xs), 0)
    dy = max(min(ys) - point[1], point[1] - max(ys), 0)
    return dx * dx + dy * dy, (max(xs) - min(xs) + 1) * (max(ys) - min(ys) + 1)
