"""The table of regions that a log's entries build up."""

from __future__ import annotations

from collections.abc import Mapping
from textwrap import shorten

from fullcanvas.annotation.errors import AnnotationError
from fullcanvas.annotation.region import Region

Regions = Mapping[int, Region]


def find(regions: Regions, region: int) -> Region:
    """The region with this id.

    Raises:
        AnnotationError: there is none.
    """
    try:
        return regions[region]
    except (KeyError, TypeError):  # TypeError: not hashable, such as a list of ids
        known = shorten(", ".join(map(str, regions)), 80, placeholder=" ...") or "none"
        raise AnnotationError(f"there is no region {region!r:.80}; those there are: {known}") from None


def added(regions: Regions, region: Region) -> Regions:
    """The regions with one more.

    Raises:
        AnnotationError: there is one of its id.
    """
    if region.id in regions:
        raise AnnotationError(f"region {region.id} exists already")
    return {**regions, region.id: region}
