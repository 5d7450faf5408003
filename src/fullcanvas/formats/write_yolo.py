"""Writing YOLO's format of segments: an outline of every thing per photo in `labels/`, and `data.yaml`.

Stuff is left out, as in COCO's instances. An outline is one polygon: holes and further parts hang on the
largest part by seams that are passed twice. Who fills it by the even-odd rule, as OpenCV does, has the very
pixels again, and those under the seams.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Sequence

import cv2
import numpy as np
from numpy.typing import NDArray

from fullcanvas.formats.coco_json import MADE_HERE
from fullcanvas.formats.records import Category, ExportedPhoto
from fullcanvas.formats.segments import Segment, Segmented
from fullcanvas.formats.sinks import Sink

IMAGES, OUTLINES = "images", "labels"
CLASSES = "data.yaml"
_MOST_BEGINNINGS, _MOST_ENDS = 4096, 64
"""Of seams, among which the shortest is looked for."""
Ring = NDArray[np.int32]
"""The corners of a closed line, in pixels: int32 [n, 2], x and y."""


class Yolo:
    """Writes an export in YOLO's format of segments, as a `Writer`."""

    names = frozenset({OUTLINES, CLASSES})

    def __init__(self, sink: Sink) -> None:
        self._sink = sink
        self._numbers: dict[int, int] = {}

    def add(
        self, _photo: ExportedPhoto, name: str, segmented: Segmented, classes: Sequence[Category]
    ) -> None:
        """Write a photo's outlines, a line for each thing: its class's number, and its corners."""
        for category in classes:
            if category.isthing:
                self._numbers.setdefault(category.id, len(self._numbers))
        things = (segment for segment in segmented.segments if segment.category.isthing)
        lines = (f"{self._numbers[thing.category.id]} {_line(thing, segmented.map)}\n" for thing in things)
        self._sink.write(_text_of(name), "".join(lines).encode())

    def finish(self, classes: Sequence[Category]) -> None:
        """Write the classes."""
        by_id = {category.id: category.name for category in classes}
        # A JSON string is one of YAML, whatever the name holds.
        names = (f"  {number}: {json.dumps(by_id[id_])}\n" for id_, number in self._numbers.items())
        # Without a `path`, which would begin elsewhere, all is found beside the file.
        head = f"# {MADE_HERE}\ntrain: {IMAGES}\nval: {IMAGES}\nnames:\n"
        self._sink.write(CLASSES, (head + "".join(names)).encode())


def _text_of(name: str) -> str:
    """Where readers look for the text of `images/NAME`: `labels` for the last `images` on the way to it."""
    return f"/{OUTLINES}/".join(f"/{IMAGES}/{name}.txt".rsplit(f"/{IMAGES}/", 1)).removeprefix("/")


def _line(thing: Segment, ids: NDArray[np.int32]) -> str:
    """The corners of a thing's outline: centres of pixels, in fractions of the photo's width and height."""
    x, y, width, height = thing.box
    outline = outline_of(ids[y : y + height, x : x + width] == thing.id)
    places = (outline + np.array([x + 0.5, y + 0.5])) / ids.shape[::-1]
    return " ".join(f"{value:.6f}" for value in places.ravel())


def outline_of(mask: NDArray[np.bool_]) -> Ring:
    """One closed line around all pixels of a mask, through the outermost of them: int32 [n, 2], n >= 3.

    Args:
        mask: bool [H, W], with at least one pixel set.
    """
    found, _ = cv2.findContours(mask.astype(np.uint8), cv2.RETR_CCOMP, cv2.CHAIN_APPROX_NONE)
    rings: list[Ring] = [np.asarray(ring[:, 0], np.int32) for ring in found]
    largest, *others = sorted(rings, key=lambda ring: -cv2.contourArea(ring))
    hung: dict[int, list[Ring]] = defaultdict(list)
    for other in others:
        here, there = _nearest(largest, other)
        # There and around, back to where the seam begins, and so on with the next.
        hung[here] += [np.roll(other, -there, axis=0), other[there : there + 1], largest[here : here + 1]]
    cuts = [here + 1 for here in sorted(hung)]
    pieces = zip(np.split(largest, cuts), [*(hung[cut - 1] for cut in cuts), []], strict=True)
    return _corners(np.concatenate([part for piece, more in pieces for part in (piece, *more)]))


def _nearest(ring: Ring, other: Ring) -> tuple[int, int]:
    """Where a short seam between two rings begins and ends; the shortest, if they are not long."""
    sparse, step = 1 + len(ring) // _MOST_BEGINNINGS, 1 + len(other) // _MOST_ENDS
    apart = ((ring[::sparse, None] - other[None, ::step]) ** 2).sum(2)
    here, there = np.unravel_index(apart.argmin(), apart.shape)
    return int(here) * sparse, int(there) * step


def _corners(line: Ring) -> Ring:
    """A closed line without the points at which it goes straight on; with three at least."""
    come, go = line - np.roll(line, 1, axis=0), np.roll(line, -1, axis=0) - line
    straight = (come[:, 0] * go[:, 1] == come[:, 1] * go[:, 0]) & ((come * go).sum(1) > 0)
    corners = line[~straight]
    return np.resize(corners, (max(len(corners), 3), 2))
