"""RoIAlign and the projection of logits, written as what they are: separable linear maps.

Averaging bilinear samples over a grid (RoIAlign) and bilinear upsampling into a box (the projection) both
act on rows and columns independently, so `rows @ plane @ columns.T` is either of them. NumPy and torch take
their weights from here, so that training, simulation and the product cannot differ.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

Matrix = NDArray[np.float32]


def align_matrix(start: float, stop: float, cells: int, size: int) -> Matrix:
    """One axis of RoIAlign (Mask R-CNN; half-pixel centres, as torchvision's `aligned=True`).

    Each cell averages ceil(extent / cells) evenly spaced samples, so nothing as wide as the plane's own
    pixels falls between two of them.

    Args:
        start, stop: the box on this axis, in pixels of the plane, fractions allowed; start < stop.
        cells: how many cells the box is cut into.
        size: the plane's extent on this axis, in pixels.

    Returns:
        float32 [cells, size]; a row sums to 1, less what lies more than half a pixel outside the plane.
    """
    samples = max(1, int(np.ceil((stop - start) / cells)))
    offsets = (np.arange(cells * samples) + 0.5) / samples
    position = start - 0.5 + offsets * ((stop - start) / cells)
    inside = (position >= -1) & (position <= size)
    position = np.clip(position, 0, size - 1)
    low = np.minimum(np.floor(position).astype(np.intp), max(size - 2, 0))
    high = np.minimum(low + 1, size - 1)
    fraction = position - low
    matrix = np.zeros((cells, size), np.float32)
    cell = np.arange(cells * samples) // samples
    np.add.at(matrix, (cell, low), np.where(inside, 1 - fraction, 0) / samples)
    np.add.at(matrix, (cell, high), np.where(inside, fraction, 0) / samples)
    return matrix


@dataclass(frozen=True, slots=True)
class Axis:
    """RoIAlign on one axis, without the pixels that no sample touches.

    Attributes:
        start, stop: the pixels that count, half-open.
        weights: float32 [cells, stop - start].
    """

    start: int
    stop: int
    weights: Matrix

    @classmethod
    def of(cls, low: float, high: float, cells: int, size: int) -> Axis:
        """The axis of a box from `low` to `high` on a plane of `size` pixels."""
        full = align_matrix(low, high, cells, size)
        # Bilinear samples lie in the box: the pixels of its border and one more are all they can reach.
        start, stop = max(0, int(np.floor(low - 0.5))), min(size, int(np.floor(high - 0.5)) + 2)
        return cls(start, stop, np.ascontiguousarray(full[:, start:stop]))


def project_matrix(start: float, stop: float, cells: int, positions: NDArray[np.floating]) -> Matrix:
    """One axis of the projection of a logit map into its box (bilinear, half-pixel centres).

    Args:
        start, stop: the box on this axis; start < stop.
        cells: the extent of the logit map on this axis.
        positions: float [n], where on this axis to read the projected map; a pixel i of the plane in which
            the box is given has its centre at i + 0.5. Positions outside the box repeat its border.

    Returns:
        float32 [n, cells]; every row sums to 1.
    """
    low, high, fraction = _taps(start, stop, cells, positions)
    rows = np.arange(len(low))
    matrix = np.zeros((len(low), cells), np.float32)
    matrix[rows, low] = 1 - fraction
    matrix[rows, high] += fraction
    return matrix


def _taps(
    start: float, stop: float, cells: int, positions: NDArray[np.floating]
) -> tuple[NDArray[np.intp], NDArray[np.intp], NDArray[np.float64]]:
    """For each position the two cells around it, and how far it is from the first to the second."""
    source = (np.asarray(positions, np.float64) - start) * (cells / (stop - start)) - 0.5
    source = np.clip(source, 0, cells - 1)
    low = np.minimum(np.floor(source).astype(np.intp), max(cells - 2, 0))
    return low, np.minimum(low + 1, cells - 1), source - low


def stretch(
    plane: NDArray[np.float32],
    box: tuple[float, float, float, float],
    rows: NDArray[np.floating],
    columns: NDArray[np.floating],
) -> NDArray[np.float32]:
    """The projection of a logit map into its box, by picking instead of multiplying.

    The same as `rows @ plane @ columns.T` with two `project_matrix`, but in time that does not depend on the
    cells, and a value depends on its own position alone, to the last bit.

    Args:
        plane: float32 [h, w].
        box: (x0, y0, x1, y1) over which it is stretched.
        rows, columns: float [n] and [m], where on either axis to read the projected map.

    Returns:
        float32 [n, m].
    """
    low, high, fraction = _taps(box[0], box[2], plane.shape[1], columns)
    weights = fraction.astype(np.float32)
    across = plane[:, low] * (1 - weights) + plane[:, high] * weights
    low, high, fraction = _taps(box[1], box[3], plane.shape[0], rows)
    weights = fraction.astype(np.float32)[:, None]
    stretched: NDArray[np.float32] = across[low]
    stretched *= 1 - weights
    other = across[high]
    other *= weights
    stretched += other
    return stretched
