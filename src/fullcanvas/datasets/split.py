"""Parts of a data set that never share a photo."""

from __future__ import annotations

import hashlib

from fullcanvas.datasets.panoptic import Dataset


def fraction(dataset: Dataset, size: float, part: int = 0, seed: int = 0) -> Dataset:
    """A part of the data set that holds a fraction of its photos; the paper trains on parts of 12.5 %.

    Parts of the same size and seed share no photo. The order behind them is a hash of seed and image id, so
    they are the same on every machine, and with every version of every library.

    Args:
        dataset: the whole.
        size: the fraction, above 0 and up to 1.
        part: which one, 0..floor(1 / size) - 1.
        seed: another seed gives other parts.

    Raises:
        ValueError: `size` or `part` is out of range.
    """
    if not 0 < size <= 1:
        raise ValueError(f"a fraction is above 0 and at most 1, not {size}")
    parts = int(1 / size + 1e-9)
    if not 0 <= part < parts:
        raise ValueError(f"there are {parts} parts of the size {size}, counted from 0; not {part}")
    shuffled = sorted(dataset.image_ids, key=lambda image_id: _rank(seed, image_id))
    start, stop = (round(edge * size * len(shuffled)) for edge in (part, part + 1))
    return dataset.only(shuffled[start:stop])


def _rank(seed: int, image_id: int) -> bytes:
    return hashlib.sha256(f"{seed}/{image_id}".encode()).digest()
