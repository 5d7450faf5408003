"""A session: one photo, its annotation, and the label map that follows from it, kept up to date."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from copy import copy
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from fullcanvas.annotation import Annotation, AnnotationError, Mask, Position, Positions, to_pixels
from fullcanvas.annotation.table import find
from fullcanvas.canvas.boxes import Box, checked_box, within
from fullcanvas.canvas.competition import Canvas
from fullcanvas.canvas.cut import cut
from fullcanvas.canvas.resolution import display_size
from fullcanvas.canvas.scene import filled_from
from fullcanvas.inference.cancellation import Cancellation
from fullcanvas.inference.display import Display, Prospect, unassigned
from fullcanvas.inference.embedding import Embedding, Encode
from fullcanvas.inference.model import Model
from fullcanvas.inference.model_file import ModelError
from fullcanvas.inference.outlook import Outlook, follow
from fullcanvas.inference.patch import Patch
from fullcanvas.inference.viewfinder import Viewfinder

TILE = 1024
"""Side of the tiles, in pixels, in which a large photo's full-resolution label map is made."""
STRIP_PIXELS = 2**18
"""Pixels of the full label map that are made between two checks for cancellation."""


class Session:
    """One photo being annotated. Everything goes through `apply`. A session is not thread-safe.

    A copy of one (`copy.copy`) begins with the same log and goes its own way.

    Args:
        model: that answers.
        encode: encodes the photo with that model: all of it at once, close-ups when regions need them.
        annotation: what was said so far; nothing if None.

    Raises:
        ValueError: the embedding is another model's.
        AnnotationError: the annotation is of a photo of another size.
        ModelError: the model's answer is unusable, or its regions do not compete.
    """

    def __init__(self, model: Model, encode: Encode, annotation: Annotation | None = None) -> None:
        embedding = encode(None)
        if embedding.model != model.hash:
            raise ValueError("the embedding was made by another model; encode the photo with this one")
        if not model.config.canvas:
            raise ModelError(
                f"{model.name} is a single-region model: its masks overlap and make no label map"
            )
        width, height = embedding.width, embedding.height
        self._viewfinder = Viewfinder(model, embedding, encode)
        self._now = Outlook.blank(Annotation(width, height, model=model.hash), self._viewfinder)
        self._foreseen: tuple[Outlook, Prospect] | None = None
        self._display = Display(Canvas(*display_size(width, height), width, height))
        self._full = Canvas(width, height, width, height)
        self._snapshots: dict[str, NDArray[np.int32]] = {}
        if annotation is not None:
            self.apply(annotation)

    def __repr__(self) -> str:
        size, regions = f"{self._full.width} x {self._full.height} pixels", len(self.annotation.regions)
        return f"<Session: {size}, regions: {regions}, unassigned: {100 * self.unassigned:.0f} %>"

    def __copy__(self) -> Session:
        # What is displayed is changed in place: all else, model and embeddings, may be shared.
        return Session(self._viewfinder.model, self._viewfinder.encode, self.annotation)

    def __deepcopy__(self, _memo: object) -> Session:
        return copy(self)

    @property
    def annotation(self) -> Annotation:
        """The current log."""
        return self._now.annotation

    @property
    def embedding(self) -> Embedding:
        """Of all of the photo."""
        return self._viewfinder.embedding

    @property
    def planes(self) -> int:
        """How many working planes of ink are kept, one for each crop; each takes about as much memory."""
        return len(self._now.inks)

    @property
    def kept_bytes(self) -> int:
        """How many bytes the label maps and the preview take that were asked for since the latest change."""
        foreseen = self._foreseen[1].size if self._foreseen is not None else 0
        return foreseen + sum(kept.nbytes for kept in self._snapshots.values())

    @property
    def display(self) -> NDArray[np.int32]:
        """The label map at the display's resolution: int32 [h, w], 0 = unassigned; read-only."""
        return self._snapshot("display", self._display.shown.copy)

    @property
    def unassigned(self) -> float:
        """The share of the display that no region has, in [0, 1]; it needs no copy of the label map."""
        return unassigned(self._display.shown)

    @property
    def label_map(self) -> NDArray[np.int32]:
        """The label map at full resolution: int32 [H, W], 0 = unassigned; read-only.

        Large photos compete here tile by tile, on first use after a change.
        """
        if self._display.canvas == self._full:
            return self.display
        return self._snapshot("full", self._make_full)

    @property
    def uncertainty(self) -> NDArray[np.float32]:
        """How open the competition is: float32 [h, w] at the display's resolution, in [0, 1].

        0 where the person drew, where only one region competes, and where unassigned pixels were filled; 1
        where no region competes.
        """
        return self._display.uncertainty(self._now.scene)

    def region_at(self, position: Position) -> int:
        """The region that is displayed under a position (x, y) of the photo, or 0.

        Raises:
            AnnotationError: the position is not a pair of numbers, or lies outside the photo.
        """
        ((x, y),) = to_pixels([position], self._full.width, self._full.height)
        shown = self._display.shown
        column = (2 * x + 1) * shown.shape[1] // (2 * self._full.width)
        row = (2 * y + 1) * shown.shape[0] // (2 * self._full.height)
        return int(shown[row, column])

    def labels_in(self, area: Iterable[int], cancellation: Cancellation | None = None) -> NDArray[np.int32]:
        """A rectangle of the label map at full resolution: int32 [y1 - y0, x1 - x0].

        Args:
            area: half-open (x0, y0, x1, y1), in photo pixels, inside the photo.
            cancellation: may cancel it, between one strip and the next.

        Raises:
            ValueError: the area holds no pixel, or one outside the photo.
            CancelledError: it was cancelled.
        """
        area = checked_box(area, self._full.width, self._full.height, "area")
        if cancellation is None:
            labels = self._now.scene.labels(self._full, area)
        else:
            labels = self._wanted(area, cancellation)
        if self._display.filled is None:
            return labels
        return filled_from(labels, self._full, area, self._display.filled, self._display.canvas)

    def _wanted(self, area: Box, cancellation: Cancellation) -> NDArray[np.int32]:
        strips = []
        for strip in _strips(area):
            cancellation.check()
            strips.append(self._now.scene.labels(self._full, strip))
        return np.concatenate(strips)

    def apply(self, annotation: Annotation) -> Patch:
        """Go to any annotation of this photo; the mask head re-runs only for regions that see a difference.

        The session's log names the session's model afterwards, whatever model it named before.

        Raises:
            AnnotationError: it is not an `Annotation`, is of a photo of another size, or contradicts itself.
            ModelError: the model's answer is unusable. In either case the session stays as it was.
        """
        self._now, prospect = self._follow(annotation)
        self._foreseen = None
        self._display.take(prospect)
        if prospect.differs:
            self._snapshots.clear()
        return prospect.patch

    def preview(self, annotation: Annotation, cancellation: Cancellation | None = None) -> Patch:
        """What `apply` would answer, while the session stays as it is; errors as in `apply`.

        If that annotation is applied next, the answer is there already.

        Args:
            annotation: as in `apply`.
            cancellation: may cancel the preview.

        Raises:
            CancelledError: it was cancelled.
        """
        cancellation = cancellation or Cancellation()
        cancellation.check()
        self._foreseen = _, prospect = self._follow(annotation, cancellation)
        cancellation.check()
        return prospect.patch

    def add_region(self, extreme_points: Positions, label: str | None = None) -> int:
        """Add a region and return its id.

        Args:
            extreme_points: four positions (x, y) in photo pixels, in any order.
            label: the name of its class, if known.

        Raises:
            AnnotationError: not four points, a point outside the photo, or a box without area.
        """
        region = self.annotation.next_region
        self.apply(self.annotation.add_region(extreme_points, label))
        return region

    def scribble(self, points: Positions, *, region: int | None = None) -> Patch:
        """Grow a region along a stroke.

        Args:
            points: positions (x, y) in photo pixels, at least one.
            region: which one grows; the one displayed under the first point if None.

        Raises:
            AnnotationError: no point, a point outside the photo, an unknown region, or none under the first
                point.
        """
        pixels = to_pixels(points, self._full.width, self._full.height)
        if region is None and pixels:
            region = self.region_at(pixels[0])
            if region == 0:
                raise AnnotationError(
                    f"no region lies under {pixels[0]}, where the scribble starts: name one"
                )
        return self.apply(self.annotation.scribble(pixels, region=region or 0))

    def move_points(self, region: int, extreme_points: Positions) -> Patch:
        """Give a region new extreme points; errors as in `add_region`, or an unknown region."""
        return self.apply(self.annotation.move_points(region, extreme_points))

    def label(self, region: int, label: str | None) -> Patch:
        """Label a region, or take its label away with None; no pixel changes.

        Raises:
            AnnotationError: an unknown region, or no name of 1 to 200 characters.
        """
        return self.apply(self.annotation.label(region, label))

    def delete(self, region: int) -> Patch:
        """Take a region away; its id is never used again.

        Raises:
            AnnotationError: an unknown region.
        """
        return self.apply(self.annotation.delete(region))

    def paint(self, points: Positions, *, region: int, radius: float, erase: bool = False) -> Patch:
        """Give a region the pixels under a brush, or take them from it.

        Args:
            points: the brush's positions (x, y) in photo pixels, at least one.
            region: whose pixels.
            radius: of the brush, in photo pixels, above 0.
            erase: whether the region loses the pixels, each to the next best region.

        Raises:
            AnnotationError: no point, a point outside the photo, an unknown region, or no such radius.
        """
        return self.apply(self.annotation.paint(points, region=region, radius=radius, erase=erase))

    def merge(self, region: int, others: Iterable[int]) -> Patch:
        """Make other regions part of one, which keeps its id; no other pixel changes.

        Raises:
            AnnotationError: an unknown region, one named twice, or no list of others.
        """
        return self.apply(self.annotation.merge(region, others))

    def fill(self) -> Patch:
        """Leave nothing unassigned from here on: what is left goes to the nearest region."""
        return self.apply(self.annotation.fill())

    def import_mask(self, mask: NDArray[np.bool_] | Mask, label: str | None = None) -> int:
        """Add a region that has the pixels of a mask until it is corrected, and return its id.

        Args:
            mask: bool [H, W], at least one pixel set; or run lengths.
            label: the name of its class, if known.

        Raises:
            AnnotationError: the mask is empty, or of another size than the photo.
        """
        region = self.annotation.next_region
        self.apply(self.annotation.import_mask(mask, label))
        return region

    def split(self, region: int, points: Positions) -> int:
        """Cut a region in two along a line, and return the id of the new, smaller one.

        Args:
            region: the one to split, as it is seen.
            points: of the line, (x, y) in photo pixels, at least two; its ends may lie in the region if
                going straight on from them leads out of it.

        Raises:
            AnnotationError: an unknown region, a line of less than two points or outside the photo, or one
                that does not cut the region in two.
        """
        new = self.annotation.next_region
        self.apply(self.with_split(region, points))
        return new

    def with_split(self, region: int, points: Positions) -> Annotation:
        """The log in which a region is cut in two, not yet applied; arguments and errors as in `split`."""
        find(self.annotation.regions, region)
        line = to_pixels(points, self._full.width, self._full.height)
        part, rest = cut(self.label_map == region, line)
        return self.annotation.split(region, part=part, rest=rest)

    def undo(self) -> Patch:
        """Undo the last entry in force; an empty patch if there is none."""
        return self.apply(self.annotation.undo())

    def redo(self) -> Patch:
        """Redo what was undone last; an empty patch if there is nothing to redo."""
        return self.apply(self.annotation.redo())

    def go(self, cursor: int) -> Patch:
        """Go to an entry of the log, on whichever branch it is; 0 is before all of them.

        Raises:
            AnnotationError: there is no such entry.
        """
        return self.apply(self.annotation.go(cursor))

    def _checked(self, annotation: Annotation) -> Annotation:
        if not isinstance(annotation, Annotation):
            raise AnnotationError(
                f"an annotation is wanted, not {type(annotation).__name__}: "
                "Annotation.from_json reads its JSON form"
            )
        size, photo = (annotation.width, annotation.height), (self._full.width, self._full.height)
        if size != photo:
            sizes = (f"{width} x {height}" for width, height in (size, photo))
            raise AnnotationError("the annotation is of a photo of {} pixels, this one has {}".format(*sizes))
        model = self._viewfinder.model.hash
        return annotation if annotation.model == model else replace(annotation, model=model)

    def _follow(
        self, annotation: Annotation, cancellation: Cancellation | None = None
    ) -> tuple[Outlook, Prospect]:
        """What follows from an annotation, and what it makes of the display; it may have been foreseen."""
        annotation = self._checked(annotation)
        if self._foreseen is not None and self._foreseen[0].annotation == annotation:
            return self._foreseen
        outlook = follow(self._now, annotation, self._viewfinder, cancellation)
        return outlook, self._display.prospect(self._now.scene, outlook.scene, annotation.filled)

    def _snapshot(self, name: str, make: Callable[[], NDArray[np.int32]]) -> NDArray[np.int32]:
        if name not in self._snapshots:
            self._snapshots[name] = make()
            self._snapshots[name].flags.writeable = False
        return self._snapshots[name]

    def _make_full(self) -> NDArray[np.int32]:
        labels = np.zeros((self._full.height, self._full.width), np.int32)
        for y0 in range(0, self._full.height, TILE):
            for x0 in range(0, self._full.width, TILE):
                tile = x0, y0, min(x0 + TILE, self._full.width), min(y0 + TILE, self._full.height)
                labels[within(tile, self._full.area)] = self.labels_in(tile)
        return labels


def _strips(area: Box) -> Iterator[Box]:
    """An area from top to bottom, in parts of some `STRIP_PIXELS`."""
    x0, y0, x1, y1 = area
    height = max(1, STRIP_PIXELS // (x1 - x0))
    return ((x0, top, x1, min(top + height, y1)) for top in range(y0, y1, height))
