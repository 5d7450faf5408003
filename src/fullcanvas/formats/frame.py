"""How a photo lies: a camera held on its side stores it turned, and says so in its EXIF data.

The annotator shows photos upright. Work made elsewhere may lie over them so, or over the pixels as they are
stored; where both are possible it is taken for the latter, as in COCO, whose tools do not look at EXIF data.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from numpy.typing import NDArray

Size = tuple[int, int]
"""Of a photo or a picture: width and height, in pixels."""

_TURNS: Mapping[int, Callable[[NDArray[Any]], NDArray[Any]]] = {
    1: lambda stored: stored,
    2: lambda stored: stored[:, ::-1],
    3: lambda stored: stored[::-1, ::-1],
    4: lambda stored: stored[::-1],
    5: lambda stored: stored.swapaxes(0, 1),
    6: lambda stored: stored[::-1].swapaxes(0, 1),
    7: lambda stored: stored[::-1, ::-1].swapaxes(0, 1),
    8: lambda stored: stored[:, ::-1].swapaxes(0, 1),
}
"""What makes the pixels upright that are stored with an orientation."""
_BACK = {6: 8, 8: 6}
"""The orientations that do not undo themselves."""


@dataclass(frozen=True, slots=True)
class Frame:
    """How a photo lies.

    Attributes:
        width, height: of the upright photo, in pixels.
        orientation: what its EXIF data say of the stored pixels: 1 that they are upright, or 2 to 8.
    """

    width: int
    height: int
    orientation: int = 1

    @property
    def size(self) -> Size:
        """Of the upright photo."""
        return self.width, self.height

    @property
    def stored(self) -> Size:
        """Of the photo as it is stored."""
        return self.size if self.orientation < 5 else self.size[::-1]

    def over_stored(self, size: Size, upright: bool = False) -> bool:
        """Whether work of a size lies over the stored pixels, unless it is known to lie `upright`."""
        return not upright and size == self.stored

    def turn(self, stored: NDArray[Any]) -> NDArray[Any]:
        """Pixels over the upright photo, [height, width, ...], from those over the stored one; a view."""
        return _TURNS[self.orientation](stored)

    def turn_back(self, upright: NDArray[Any]) -> NDArray[Any]:
        """Pixels over the stored photo, [height, width, ...], from those over the upright one; a view."""
        return _TURNS[_BACK.get(self.orientation, self.orientation)](upright)
