"""DEXTR: the whole network looks at one region, cut out of the photo around its extreme points.

Another kind of model file: one graph, `network.onnx`, from a four-channel cutout to logits of its size. It
knows extreme points only, so scribbles change nothing; the paper compares with it in table 1.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
from numpy.typing import NDArray

from fullcanvas.annotation import Point
from fullcanvas.annotation.ink import Pen
from fullcanvas.annotation.marks import heat_map
from fullcanvas.canvas.boxes import Box, box_of_points
from fullcanvas.inference.graph import Graph
from fullcanvas.inference.model_file import (
    DESCRIPTION,
    FORMAT,
    ModelError,
    check_description,
    unpack,
    write_archive,
)

RELAX = 50
"""How far, in photo pixels, the cutout reaches beyond the box of the extreme points."""

NETWORK, KIND = "network.onnx", "dextr"


def cutout_box(points: Sequence[Point], relax: int = RELAX) -> Box:
    """The part of the photo that the network sees; it may reach beyond the photo."""
    x0, y0, x1, y1 = box_of_points(points)
    return x0 - relax, y0 - relax, x1 + relax, y1 + relax


def padded_crop(plane: NDArray[Any], box: Box) -> NDArray[Any]:
    """The pixels of a box, zero where the plane does not reach: [y1 - y0, x1 - x0, ...]."""
    x0, y0, x1, y1 = box
    height, width = plane.shape[:2]
    result = np.zeros((y1 - y0, x1 - x0, *plane.shape[2:]), plane.dtype)
    left, top, right, bottom = max(x0, 0), max(y0, 0), min(x1, width), min(y1, height)
    result[top - y0 : bottom - y0, left - x0 : right - x0] = plane[top:bottom, left:right]
    return result


def cutout(image: NDArray[np.uint8], points: Sequence[Point], box: Box, size: int) -> NDArray[np.float32]:
    """What the network sees of a region.

    Args:
        image: uint8 [H, W, 3], RGB.
        points: its extreme points, in photo pixels.
        box: from `cutout_box`.
        size: side of the result.

    Returns:
        float32 [4, size, size]: RGB in 0..255, and a heat map of the points in 0..1.
    """
    x0, y0, x1, y1 = box
    seen = padded_crop(image, box)
    method = cv2.INTER_AREA if (x1 - x0) * (y1 - y0) > size * size else cv2.INTER_LINEAR
    colours = cv2.resize(seen, (size, size), interpolation=method).astype(np.float32)
    inside = [(x - x0, y - y0) for x, y in points]
    heat = heat_map(inside, Pen(size / (x1 - x0), size / (y1 - y0)), size, size)
    return np.concatenate([colours.transpose(2, 0, 1), heat[None]])


def mask_of(logits: NDArray[np.float32], box: Box, width: int, height: int) -> NDArray[np.bool_]:
    """Where the logits of a cutout, [size, size], are positive: bool [height, width]."""
    x0, y0, x1, y1 = box
    stretched = cv2.resize(logits, (x1 - x0, y1 - y0), interpolation=cv2.INTER_LINEAR)
    mask = np.zeros((height, width), np.bool_)
    left, top, right, bottom = max(x0, 0), max(y0, 0), min(x1, width), min(y1, height)
    mask[top:bottom, left:right] = stretched[top - y0 : bottom - y0, left - x0 : right - x0] > 0
    return mask


@dataclass(frozen=True, slots=True, eq=False)
class Dextr:
    """A loaded model.

    Attributes:
        name: of the model.
        hash: of the model file.
        size: side of the cutouts.
        provenance: how the model came about.
        graph: the network.
    """

    name: str
    hash: str
    size: int
    provenance: Mapping[str, Any]
    graph: Graph

    @classmethod
    def load(cls, path: str | Path, threads: int | None = None) -> Dextr:
        """The model in a file.

        Args:
            path: of the file.
            threads: how many ONNX Runtime may use; None is one per core.

        Raises:
            ModelError: there is no such file, or it is not a DEXTR model file.
        """
        if not Path(path).is_file():
            raise ModelError(f"there is no model file {str(path)!r}")
        data = Path(path).read_bytes()
        try:
            graph, text = unpack(data, NETWORK, DESCRIPTION)
            meta = json.loads(text)
            check_description(meta)
            size = _checked_size(meta["config"].get("size"))
        except (ValueError, RecursionError) as error:
            raise ModelError(f"{Path(path).name} is not a DEXTR model file: {error}") from error
        loaded = Graph(graph, NETWORK, ("cutout",), "logits", threads)
        return cls(meta["name"], hashlib.sha256(data).hexdigest(), size, meta["provenance"], loaded)

    def mask(self, image: NDArray[np.uint8], points: Sequence[Point]) -> NDArray[np.bool_]:
        """The mask of the region with these extreme points: bool [H, W].

        Raises:
            ModelError: the network's answer is unusable.
        """
        box = cutout_box(points)
        logits = self.graph.run({"cutout": cutout(image, points, box, self.size)[None]})
        if logits.shape != (1, self.size, self.size):
            raise ModelError(f"{NETWORK} answers with {logits.shape}, not (1, {self.size}, {self.size})")
        return mask_of(logits[0], box, image.shape[1], image.shape[0])


def _checked_size(size: Any) -> int:
    if type(size) is not int or size < 1:
        raise ModelError(f"its cutouts have a size of 1 or more, not {size!r:.80}")
    return size


def write_dextr(path: Path, graph: bytes, meta: Mapping[str, Any], size: int) -> str:
    """Write a model file at once or not at all; returns its hash.

    Args:
        path: of the file.
        graph: the network, serialised.
        meta: `name`, `provenance` and `licence`.
        size: side of the cutouts.
    """
    description = {**meta, "format": FORMAT, "kind": KIND, "config": {"size": size}}
    return write_archive(path, description, {NETWORK: graph})
