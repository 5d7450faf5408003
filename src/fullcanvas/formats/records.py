"""What an exporter is given: photos with their regions and label maps, and the classes."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True)
class Category:
    """A class.

    Attributes:
        id: 1 or more.
        name: of the class.
        isthing: whether its regions are countable; all of an image's stuff of one class is one segment.
    """

    id: int
    name: str
    isthing: bool


@dataclass(frozen=True, slots=True, eq=False)
class ExportedPhoto:
    """A photo to be exported.

    Attributes:
        id: 1 or more; the same in every export.
        file_name: relative to the folder of photos, with forward slashes.
        file: where the photo is.
        width, height: of the upright photo, in pixels.
        labels: the name of each region's class, by region id; None where nobody has said.
        label_map: makes int32 [height, width] of region ids, 0 = unassigned. Asked for once, when it is due.
    """

    id: int
    file_name: str
    file: Path
    width: int
    height: int
    labels: Mapping[int, str | None]
    label_map: Callable[[], NDArray[np.int32]]
