"""The branches of a log: an entry follows the one before it, unless a fork says which other one.

Entries are known by their numbers, counted from 1 in the order in which they were said; 0 is the beginning.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import pairwise
from typing import Any, NamedTuple

from fullcanvas.annotation.entries import Entry
from fullcanvas.annotation.errors import AnnotationError
from fullcanvas.annotation.table import Regions

Fork = tuple[int, int]
"""The number of an entry, and that of the entry which it follows instead of the one before it."""


def path(end: int, forks: Sequence[Fork]) -> tuple[int, ...]:
    """The entries that lead from the beginning to an entry, that one included."""
    if not forks:
        return tuple(range(1, end + 1))
    followed = dict(forks)
    numbers = []
    while end:
        numbers.append(end)
        end = followed.get(end, end - 1)
    return tuple(reversed(numbers))


def newest_end(number: int, count: int, forks: Sequence[Fork]) -> int:
    """The last entry of the newest branch that leads through an entry, of a log of `count` entries."""
    followed = dict(forks)
    through = {number}
    for later in range(number + 1, count + 1):
        if followed.get(later, later - 1) in through:
            through.add(later)
    return max(through)


class Replayed(NamedTuple):
    """What an entry followed, and what it changed.

    Attributes:
        base: the number of the entry that it follows.
        before, after: the regions right before and right after it.
    """

    base: int
    before: Regions
    after: Regions


def replay(entries: Sequence[Entry], forks: Sequence[Fork]) -> Iterator[Replayed]:
    """The entries of all branches, applied one after the other in the order in which they were said.

    Raises:
        AnnotationError: an entry does not fit what it follows.
    """
    followed = dict(forks)
    # A table of regions for each entry would take the square of their number: those alone are kept to which
    # a fork still goes back.
    last_fork_from = {base: number for number, base in forks}
    regions: Regions = {}
    index = 0
    kept = {0: (regions, index)}
    for number, entry in enumerate(entries, 1):
        base = followed.get(number, number - 1)
        if number in followed:
            regions, index = kept[base] if number < last_fork_from[base] else kept.pop(base)
        before = regions
        regions, index = entry.apply(before, index), index + 1
        if number in last_fork_from:
            kept[number] = regions, index
        yield Replayed(base, before, regions)


def forks_from_json(data: Any, count: int) -> tuple[Fork, ...]:
    """Forks of a log of `count` entries, read from JSON.

    Raises:
        AnnotationError: it is not a list of pairs of whole numbers, each an entry and one before its
            predecessor, in the order of the entries.
    """
    pairs = data if isinstance(data, list) else [data]
    if not all(isinstance(pair, list) and [type(part) for part in pair] == [int, int] for pair in pairs):
        raise AnnotationError(f"forks are a list of pairs of entries' numbers, not {data!r:.80}")
    numbers = [number for number, _ in pairs]
    joined = all(0 <= base < number - 1 < count for number, base in pairs)
    if not joined or any(later <= earlier for earlier, later in pairwise(numbers)):
        raise AnnotationError("a fork joins an entry to one before its predecessor, in order")
    return tuple((number, base) for number, base in pairs)


def tip_from_json(tip: Any, count: int, forks: Sequence[Fork]) -> int | None:
    """The last entry of a branch of a log of `count` entries, or None for the newest; read from JSON.

    Raises:
        AnnotationError: no branch ends in it, or it is the newest.
    """
    if tip is None:
        return None
    if type(tip) is int and 0 < tip < count and newest_end(tip, count, forks) == tip:
        return tip
    raise AnnotationError(f"no branch but the newest ends in {tip!r:.80}")
