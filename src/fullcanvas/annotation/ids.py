"""The ids of regions: each is used once, on whichever branch, and not again when its region is gone."""

from __future__ import annotations

from collections.abc import Sequence

from fullcanvas.annotation.branches import Fork, replay
from fullcanvas.annotation.entries import Entry, new_region
from fullcanvas.annotation.errors import AnnotationError
from fullcanvas.annotation.region import LARGEST_ID


def id_after(entry: Entry, free: int) -> int:
    """The id that is free after an entry.

    Raises:
        AnnotationError: the entry makes a region whose id was used before, or is past the last.
    """
    made = new_region(entry)
    if made is None:
        return free
    if made < free:
        raise AnnotationError(f"region id {made} was used before; the next one is {free}")
    if made > LARGEST_ID:
        raise AnnotationError(f"a photo's region ids end at {LARGEST_ID}: no region can be added")
    return made + 1


def first_free_id(entries: Sequence[Entry], forks: Sequence[Fork]) -> int:
    """The id that is free after entries, each of which fits what it follows.

    Raises:
        AnnotationError: one does not.
    """
    free = 1
    for entry in entries:
        free = id_after(entry, free)
    for _ in replay(entries, forks):
        pass
    return free
