"""The branches of a log: an entry follows the one before it, unless a fork says which other one.

Entries are known by their numbers, counted from 1 in the order in which they were said; 0 is the beginning.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from fullcanvas.annotation.errors import AnnotationError

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


def forks_from_json(data: Any) -> list[Fork]:
    """Forks read from JSON: whether they fit a log is left to whoever has it.

    Raises:
        AnnotationError: it is not a list of pairs of whole numbers.
    """
    pairs = data if isinstance(data, list) else [data]
    if not all(isinstance(pair, list) and [type(part) for part in pair] == [int, int] for pair in pairs):
        raise AnnotationError(f"forks are a list of pairs of entries' numbers, not {data!r:.80}")
    return [(number, base) for number, base in pairs]
