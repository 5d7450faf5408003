"""All regions' ink in working pixels, kept up to date change by change."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fullcanvas.annotation import Point, Region
from fullcanvas.annotation.ink import Ink
from fullcanvas.canvas.boxes import Box, intersection, within

Change = tuple[Region | None, Region | None]
"""A region before and after; None where it does not exist, but not twice."""


@dataclass(frozen=True, slots=True, eq=False)
class Touch:
    """Where a region's own ink came or went.

    Attributes:
        region: its id.
        window: half-open, in working pixels; nothing changed outside.
        changed: bool [h, w] inside the window.
    """

    region: int
    window: Box
    changed: NDArray[np.bool_]

    def reaches(self, window: Box) -> bool:
        """Whether ink changed inside another window."""
        common = intersection(self.window, window)
        return common is not None and bool(self.changed[within(common, self.window)].any())


@dataclass(frozen=True, slots=True, eq=False)
class InkMap:
    """How many regions have ink at each working pixel.

    Attributes:
        ink: how it is drawn.
        counts: uint16 [h, w].
    """

    ink: Ink
    counts: NDArray[np.uint16]

    @classmethod
    def empty(cls, ink: Ink, width: int, height: int) -> InkMap:
        """A map of a working plane without ink."""
        return cls(ink, np.zeros((height, width), np.uint16))

    def changed(self, changes: Iterable[Change]) -> tuple[InkMap, list[Touch]]:
        """The map after some regions changed (this one stays as it is), and where each of them did."""
        counts = self.counts.copy()
        touches = []
        for old, new in changes:
            window = self._extent(old, new)
            if window is not None:
                before, after = self._own(old, window), self._own(new, window)
                inside = counts[within(window, self._plane)]
                inside += after
                inside -= before
                touches.append(Touch(_id(old, new), window, before != after))
        return InkMap(self.ink, counts), touches

    def maps(self, region: Region, window: Box, shared: bool) -> NDArray[np.uint8]:
        """A region's annotation map inside a window: uint8 [2, h, w], own ink and everybody else's.

        Args:
            region: one of those that the map counts.
            window: half-open, in working pixels.
            shared: whether everybody else's ink is seen at all.
        """
        own = self.ink.draw(region, window)
        others = np.zeros_like(own)
        if shared:
            np.greater(self.counts[within(window, self._plane)], own, out=others, casting="unsafe")
        return np.stack((own, others))

    @property
    def _plane(self) -> Box:
        height, width = self.counts.shape
        return 0, 0, width, height

    def _own(self, region: Region | None, window: Box) -> NDArray[np.uint8]:
        if region is None:
            return np.zeros((window[3] - window[1], window[2] - window[0]), np.uint8)
        return self.ink.draw(region, window)

    def _extent(self, old: Region | None, new: Region | None) -> Box | None:
        points = _differing_points(old, new)
        if not points:
            return None
        height, width = self.counts.shape
        return self.ink.extent(points, width, height)


def _id(old: Region | None, new: Region | None) -> int:
    return next(region.id for region in (old, new) if region is not None)


def _differing_points(old: Region | None, new: Region | None) -> set[Point]:
    """Points around all ink that only one of the two has."""
    before, after = _marks(old), _marks(new)
    return {point for mark in before ^ after for point in mark}


def _marks(region: Region | None) -> set[tuple[Point, ...]]:
    if region is None:
        return set()
    discs = ((point,) for point in region.extreme_points)
    return {*discs, *(scribble.points for scribble in region.scribbles)}
