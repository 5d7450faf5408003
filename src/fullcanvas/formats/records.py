"""What an exporter is given: photos with their regions and label maps, and the classes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

GREY = (128, 128, 128)
"""What classes are shown in whose colour nobody has said."""


@dataclass(frozen=True, slots=True)
class Category:
    """A class.

    Attributes:
        id: 1 or more.
        name: of the class.
        isthing: whether its regions are countable; all of an image's stuff of one class is one segment.
        color: red, green, blue, 0 to 255 each; None where nobody has said.
    """

    id: int
    name: str
    isthing: bool
    color: tuple[int, int, int] | None = None


@dataclass(frozen=True, slots=True, eq=False)
class Regions:
    """What was said of a photo.

    Attributes:
        labels: the name of each region's class, by region id; None where nobody has said.
        label_map: makes int32 [height, width] of region ids, 0 = unassigned, of the upright photo. Called
            once, when it is needed. Raises ExportError where it cannot.
    """

    labels: Mapping[int, str | None]
    label_map: Callable[[], NDArray[np.int32]]


@dataclass(frozen=True, slots=True, eq=False)
class ExportedPhoto:
    """A photo to be exported. It is small: what takes memory is made when it is needed, and not kept.

    Attributes:
        id: 1 or more; the same in every export.
        file_name: relative to the folder of photos, with forward slashes.
        unlabelled: how many of its regions have no label.
        regions: reads its regions. Raises ExportError where they cannot be used.
        picture: the file, if its pixels lie as the map's do, or the content of one whose pixels do. Raises
            ExportError where there is none that fits the map.
    """

    id: int
    file_name: str
    unlabelled: int
    regions: Callable[[], Regions]
    picture: Callable[[], Path | bytes]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a photo.

    Attributes:
        left_out: its name and why it could not be exported, or None if it was.
        turned: whether its picture was turned upright.
    """

    left_out: str | None = None
    turned: bool = False
