"""What is displayed: label map and uncertainty, brought from one scene to the next where the two differ."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from fullcanvas.canvas.boxes import Box, hull, intersection, within
from fullcanvas.canvas.competition import Canvas
from fullcanvas.canvas.scene import Scene, fill
from fullcanvas.inference.patch import Patch, difference

_NOWHERE: Box = (0, 0, 0, 0)


@dataclass(frozen=True, slots=True, eq=False)
class Prospect:
    """What the display would become with another scene.

    Attributes:
        differs: whether the label map may come out differently, at whatever resolution.
        area: half-open, in display pixels; outside of it the competition stays as it is.
        labels: int32 [y1 - y0, x1 - x0], who has the pixels of the area.
        filled: int32 [h, w], all that is shown, if what is unassigned goes to the nearest region; else None.
        patch: what is shown differently.
    """

    differs: bool
    area: Box
    labels: NDArray[np.int32]
    filled: NDArray[np.int32] | None
    patch: Patch

    @property
    def size(self) -> int:
        """How many bytes of memory it takes."""
        kept = (self.labels, self.filled, self.patch.labels)
        return sum(labels.nbytes for labels in kept if labels is not None)


class Display:
    """What is displayed of a photo; nothing is assigned at first.

    Attributes:
        canvas: at whose resolution.
        filled: int32 [h, w], the label map with nothing unassigned, while the log says so; else None.
    """

    def __init__(self, canvas: Canvas) -> None:
        self.canvas = canvas
        self.filled: NDArray[np.int32] | None = None
        self._labels = np.zeros((canvas.height, canvas.width), np.int32)
        self._uncertainty = np.ones(self._labels.shape, np.float32)
        self._unsure = _NOWHERE  # where the uncertainty is out of date

    @property
    def shown(self) -> NDArray[np.int32]:
        """The label map as it is displayed: int32 [h, w], 0 = unassigned; `take` writes to it."""
        return self._labels if self.filled is None else self.filled

    def prospect(self, now: Scene, then: Scene, filled: bool) -> Prospect:
        """What the display would become with another scene; it stays as it is.

        Args:
            now: the scene that is displayed.
            then: the other.
            filled: whether what that leaves unassigned goes to the nearest region.
        """
        changes = then.changes(now, self.canvas)
        area = _hull(changes)
        labels, place = then.labels(self.canvas, area), within(area, self.canvas.area)
        if not filled and self.filled is None:
            # Where no centre of a pixel of the display lies, the full label map may have some.
            return Prospect(bool(changes), area, labels, None, difference(self._labels[place], labels, area))
        whole = self._labels.copy()
        whole[place] = labels
        shown = fill(whole) if filled else whole  # filling may change any pixel
        patch = difference(self.shown, shown, self.canvas.area)
        return Prospect(True, area, labels, shown if filled else None, patch)

    def take(self, prospect: Prospect) -> None:
        """Display what was a prospect of this display as it is now."""
        self._labels[within(prospect.area, self.canvas.area)] = prospect.labels
        self.filled = prospect.filled
        self._unsure = _hull([self._unsure, prospect.area])

    def uncertainty(self, now: Scene) -> NDArray[np.float32]:
        """How open the competition is in the scene that is displayed: float32 [h, w] in [0, 1]; a copy."""
        if self._unsure != _NOWHERE:
            place = within(self._unsure, self.canvas.area)
            self._uncertainty[place] = now.uncertainty(self.canvas, self._unsure)
            self._unsure = _NOWHERE
        if self.filled is not None:  # who gets these pixels was the person's choice, not the model's
            return np.where(self.filled != self._labels, np.float32(0), self._uncertainty)
        return self._uncertainty.copy()


def unassigned(labels: NDArray[np.int32]) -> float:
    """The share of a label map that no region has, in [0, 1]."""
    return 1 - np.count_nonzero(labels) / labels.size


def _hull(areas: Iterable[Box]) -> Box:
    """The smallest box that holds every area; those without a pixel do not count."""
    return hull(area for area in areas if intersection(area, area)) or _NOWHERE
