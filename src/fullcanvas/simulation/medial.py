"""Strokes along the middle of an error, as the robot of the DAVIS challenge draws them.

Written from the description of its steps; needs scikit-image and SciPy (the `experiments` extra).
"""

from __future__ import annotations

import cv2
import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import connected_components, dijkstra, minimum_spanning_tree
from skimage.morphology import medial_axis

from fullcanvas.annotation import Point
from fullcanvas.simulation.components import ErrorComponent
from fullcanvas.simulation.overlap import BinaryMask

Pixels = NDArray[np.intp]

LEAST_NODES = 4
LEAST_SAMPLES = 1000


def medial_stroke(component: ErrorComponent, rng: np.random.Generator) -> tuple[Point, ...]:
    """A smooth stroke along the longest path of the component's medial axis.

    The component is opened with a disc, its medial axis becomes a graph of neighbouring pixels, a spanning
    forest takes its cycles away, trees of fewer than 4 pixels are dropped, and a Bezier curve with the pixels
    of the longest path as its control points smooths it. Where no tree is left, the stroke is the
    component's innermost pixel.

    Returns:
        The pixels (x, y) in drawing order, neighbours 8-adjacent; at least one. The curve may leave a
        component that is not convex.
    """
    mask = np.pad(component.mask, 1)
    axis: BinaryMask = medial_axis(_opened(mask), rng=rng)  # type: ignore[no-untyped-call]
    path = _longest_path(np.argwhere(axis)[:, ::-1])
    if path is None:
        path = _innermost(mask)
    offset = np.array(component.box[:2]) - 1
    return tuple((int(x), int(y)) for x, y in _smoothed(path) + offset)


def _opened(mask: BinaryMask) -> BinaryMask:
    """The mask opened with the largest disc, up to one that its area allows, that leaves anything."""
    radius = min(0.15 * np.sqrt(mask.sum()) * 0.5, 16.0)
    while True:
        reach = int(radius)
        rows, columns = np.mgrid[-reach : reach + 1, -reach : reach + 1]
        disc = (rows**2 + columns**2 <= radius**2).astype(np.uint8)
        opened: BinaryMask = cv2.morphologyEx(mask.astype(np.uint8), cv2.MORPH_OPEN, disc) > 0
        if opened.any():
            return opened
        radius *= 0.9


def _innermost(mask: BinaryMask) -> Pixels:
    distance = cv2.distanceTransform(mask.astype(np.uint8), cv2.DIST_L2, cv2.DIST_MASK_PRECISE)
    row, column = np.unravel_index(int(distance.argmax()), mask.shape)
    return np.array([[column, row]], np.intp)


def _longest_path(pixels: Pixels) -> Pixels | None:
    """The longest path through the spanning forest of the pixels (x, y): [n, 2]; None if no tree is large."""
    forest = minimum_spanning_tree(_neighbours(pixels))
    _, tree = connected_components(forest, directed=False)
    large = np.flatnonzero(np.bincount(tree) >= LEAST_NODES)
    paths = [_diameter(forest, int(np.flatnonzero(tree == one)[0])) for one in large]
    return pixels[max(paths, key=len)] if paths else None


def _neighbours(pixels: Pixels) -> csr_array:
    """The graph of 8-adjacent pixels, weighed by their distance."""
    index = {(int(x), int(y)): node for node, (x, y) in enumerate(pixels)}
    edges = [
        (node, index[x + dx, y + dy], float(np.hypot(dx, dy)))
        for (x, y), node in index.items()
        for dx, dy in ((1, 0), (0, 1), (1, 1), (1, -1))
        if (x + dx, y + dy) in index
    ]
    starts, ends, weights = zip(*edges, strict=True) if edges else ((), (), ())
    return coo_array((weights, (starts, ends)), shape=(len(pixels), len(pixels)), dtype=float).tocsr()


def _diameter(forest: csr_array, node: int) -> list[int]:
    """The nodes of the longest path of the tree that holds `node`."""
    start = _farthest(dijkstra(forest, directed=False, indices=node))
    distances, before = dijkstra(forest, directed=False, indices=start, return_predecessors=True)
    path = [_farthest(distances)]
    while path[-1] != start:
        path.append(int(before[path[-1]]))
    return path[::-1]


def _farthest(distances: NDArray[np.float64]) -> int:
    return int(np.where(np.isfinite(distances), distances, -1).argmax())


def _smoothed(path: Pixels) -> Pixels:
    """The pixels of the Bezier curve with the path as its control points, each once in a row."""
    degree = len(path) - 1
    # Neighbouring control points are at most a diagonal apart, so twice as many samples leave no gap.
    t = np.linspace(0, 1, max(LEAST_SAMPLES, 2 * len(path)))[1:-1, None]
    terms = np.log(np.arange(1, degree + 1))
    choose = np.concatenate([[0.0], np.cumsum(terms[::-1] - terms)])
    power = np.arange(degree + 1)
    weights = np.exp(choose + power * np.log(t) + (degree - power) * np.log1p(-t))
    curve = np.round(weights @ path).astype(np.intp)
    curve = np.concatenate([path[:1], curve, path[-1:]])
    changes = np.flatnonzero((np.diff(curve, axis=0) != 0).any(1)) + 1
    pixels: Pixels = curve[np.concatenate([[0], changes])]
    return pixels
