"""A mask as a log holds it: run lengths in COCO's compressed form, exact to the pixel."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from fullcanvas.annotation.errors import AnnotationError
from fullcanvas.annotation.points import Point

_ZERO, _DIGIT, _SIGN, _MORE = 48, 31, 16, 32
_LONGEST = 12  # characters of one number: five bits each, so that none leaves 64 bits


@dataclass(frozen=True, slots=True)
class Mask:
    """The pixels of a region, of which there is at least one.

    Attributes:
        width, height: of the upright photo, in pixels.
        counts: run lengths, column by column from the top left, the first of pixels outside the region, in
            the compressed form of COCO's files.
    """

    width: int
    height: int
    counts: str = field(repr=False)

    def __post_init__(self) -> None:
        if not checked_runs(self.counts, self.width, self.height)[1::2].any():
            raise AnnotationError("a mask without pixels is no region")

    @classmethod
    def of(cls, pixels: NDArray[np.bool_]) -> Mask:
        """The mask of an array, bool [H, W].

        Raises:
            AnnotationError: `pixels` is not such an array, or no pixel is set.
        """
        if getattr(pixels, "dtype", None) != np.bool_ or pixels.ndim != 2:
            raise AnnotationError(
                f"a mask is a NumPy array, bool [H, W] (`numbers > 0`), not {_found(pixels)}"
            )
        edges = np.flatnonzero(np.diff(pixels.T.reshape(-1), prepend=False, append=False))
        if not len(edges):
            raise AnnotationError("a mask without pixels is no region")
        return cls(pixels.shape[1], pixels.shape[0], compress(_runs_between(edges, pixels.size)))

    @classmethod
    def each(cls, labels: NDArray[np.integer[Any]]) -> dict[int, Mask]:
        """The mask of each value of a label map, whole numbers [H, W], in one pass, however many there are.

        Raises:
            AnnotationError: `labels` is not such an array.
        """
        if not np.issubdtype(getattr(labels, "dtype", bool), np.integer) or labels.ndim != 2:
            raise AnnotationError(
                f"a label map is a NumPy array of whole numbers [H, W], not {_found(labels)}"
            )
        height, width = labels.shape
        flat = labels.T.reshape(-1)
        starts = np.flatnonzero(np.diff(flat, prepend=~flat[:1]))
        edges = np.stack([starts, np.append(starts[1:], flat.size)], axis=1)
        order = np.argsort(flat[starts], kind="stable")
        values, first = np.unique(flat[starts[order]], return_index=True)
        parts = np.split(edges[order].reshape(-1), 2 * first[1:])
        return {
            value: cls(width, height, compress(_runs_between(part, flat.size)))
            for value, part in zip(values.tolist(), parts, strict=True)
        }

    @property
    def pixels(self) -> NDArray[np.bool_]:
        """The mask as an array: bool [H, W]."""
        return self.columns(0, self.width)

    def columns(self, start: int, stop: int) -> NDArray[np.bool_]:
        """Some columns of the mask: bool [H, stop - start], for start < stop."""
        ends = np.cumsum(_runs(self.counts))
        low, high = start * self.height, stop * self.height
        first, last = np.searchsorted(ends, low, "right"), np.searchsorted(ends, high, "left")
        lengths = np.diff(np.minimum(ends[first : last + 1], high), prepend=low)
        values = np.arange(first, last + 1) % 2 == 1
        return np.repeat(values, lengths).reshape(stop - start, self.height).T

    @property
    def extreme_points(self) -> tuple[Point, Point, Point, Point]:
        """Its left-most, right-most, top and bottom pixel; the middle one of several."""
        return _extreme_points(self)


@lru_cache(maxsize=256)
def _extreme_points(mask: Mask) -> tuple[Point, Point, Point, Point]:
    runs, height = _runs(mask.counts), mask.height
    ends = np.cumsum(runs)
    used = runs[1::2] > 0
    stops = ends[1::2][used]
    starts = stops - runs[1::2][used]
    (x0, y0), (x1, y1) = (np.divmod(at, height) for at in (starts, stops - 1))
    wraps = x1 > x0  # a run that goes on in the next column touches both the bottom and the top
    left = _middle(x0 == x0[0], x0, (y0 + np.where(wraps, height - 1, y1)) // 2)
    right = _middle(x1 == x1[-1], x1, (np.where(wraps, 0, y0) + y1) // 2)
    tops, bottoms = np.where(wraps, 0, y0), np.where(wraps, height - 1, y1)
    top = _middle(tops == tops.min(), np.where(wraps, x0 + 1, x0), tops)
    bottom = _middle(bottoms == bottoms.max(), np.where(wraps, x1 - 1, x1), bottoms)
    return left, right, top, bottom


def _middle(which: NDArray[np.bool_], xs: NDArray[np.int64], ys: NDArray[np.int64]) -> Point:
    candidates = np.flatnonzero(which)
    index = candidates[len(candidates) // 2]
    return int(xs[index]), int(ys[index])


def _found(value: Any) -> str:
    """Describes in an error message what was given instead of a suitable array."""
    if not isinstance(value, np.ndarray):
        return type(value).__name__
    return f"{value.dtype} of {' x '.join(map(str, value.shape))}"


def _runs_between(edges: NDArray[np.int64], size: int) -> NDArray[np.int64]:
    """The run lengths of a mask of `size` pixels, set from the first edge to the second, and so on."""
    runs = np.diff(edges, prepend=0)
    return runs if edges[-1] == size else np.append(runs, size - edges[-1])


@lru_cache(maxsize=256)
def _runs(counts: str) -> NDArray[np.int64]:
    """The run lengths of a compressed text: int64 [n]; read-only."""
    runs = expand(counts)
    runs.flags.writeable = False
    return runs


def checked_runs(counts: str, width: int, height: int) -> NDArray[np.int64]:
    """The run lengths that COCO's compressed text stands for, if they fill a picture: int64 [n], read-only.

    Raises:
        AnnotationError: the text cannot be one, or is of another number of pixels.
    """
    runs, size = _runs(counts), width * height
    # No run is longer than the photo, so the sum cannot overflow 64 bits and wrap around to the right one.
    if (runs < 0).any() or (runs > size).any() or runs.sum() != size:
        raise AnnotationError(f"a mask's run lengths do not fill {width} x {height} pixels")
    return runs


def expand(counts: str) -> NDArray[np.int64]:
    """The run lengths that COCO's compressed text stands for: int64 [n].

    A number is written five bits a character, the lowest first; from the fourth on, a run length is written
    as the difference from the one before the previous.

    Raises:
        AnnotationError: the text cannot be one.
    """
    codes = np.frombuffer(counts.encode("utf-32-le", "surrogatepass"), "<u4").astype(np.int64) - _ZERO
    last = np.flatnonzero((codes & _MORE) == 0)
    lengths = np.diff(last, prepend=-1)
    whole = len(codes) and codes.min() >= 0 and codes.max() < 2 * _MORE and len(last)
    if not whole or last[-1] != len(codes) - 1 or lengths.max() > _LONGEST:
        raise AnnotationError(f"a mask's run lengths are not in COCO's compressed form: {counts!r:.80}")
    begins = last - lengths + 1
    shifts = 5 * (np.arange(len(codes)) - np.repeat(begins, lengths))
    values = np.add.reduceat((codes & _DIGIT) << shifts, begins)
    values -= np.where(codes[last] & _SIGN, np.int64(1) << (5 * lengths), 0)
    for series in (values[1::2], values[2::2]):
        np.cumsum(series, out=series)
    return values


def compress(runs: NDArray[np.int64]) -> str:
    """Run lengths, int64 [n], in COCO's compressed form, which `expand` reads."""
    values = np.asarray(runs, np.int64).copy()
    values[3:] -= np.asarray(runs, np.int64)[1:-2]
    return "".join(map(_compress_number, values.tolist()))


def _compress_number(value: int) -> str:
    text = ""
    while True:
        digit, value = value & _DIGIT, value >> 5
        done = value == (-1 if digit & _SIGN else 0)
        text += chr(digit + _ZERO + (0 if done else _MORE))
        if done:
            return text
