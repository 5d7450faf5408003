"""Which crop of a photo the encoder looks at for a region: all of it, or a close-up of a small one."""

from __future__ import annotations

from fullcanvas.canvas.boxes import Box

MOST_STRETCHED = 2.5
"""Working pixels per photo pixel in the closest close-up: beyond that there is nothing more to see."""


def crop_for(box: Box, width: int, height: int, working: int, closer_below: int) -> Box:
    """The crop of the photo through which a region is seen: half-open, in photo pixels.

    A close-up has the shape of the photo, and half its sides, or a quarter, and so on. Close-ups of one
    size overlap by half, and the nearest is taken, so that regions side by side share one and each has
    some of what surrounds it. All follows from the box alone: a correction elsewhere changes nothing.

    Args:
        box: the region's, in photo pixels, inside the photo.
        width, height: of the photo.
        working: the long side to which a crop is resized for the encoder, in working pixels.
        closer_below: close-ups are for boxes whose long side has fewer working pixels than this; 0 for none.
    """
    level = _level(box, width, height, working, closer_below)
    if not level:
        return 0, 0, width, height
    x0, x1 = _span(box[0], box[2], width, level)
    y0, y1 = _span(box[1], box[3], height, level)
    return x0, y0, x1, y1


def _level(box: Box, width: int, height: int, working: int, closer_below: int) -> int:
    """How often the photo's sides are halved."""
    box_width, box_height = box[2] - box[0], box[3] - box[1]
    scale = working / max(width, height)
    level = 0
    while (
        max(box_width, box_height) * scale * 2**level < closer_below
        and scale * 2 ** (level + 1) <= MOST_STRETCHED
        # The nearest close-up's centre is up to a quarter of its side away: half of it always holds the box.
        and 2 * (box_width + 1) <= _side(width, level + 1)
        and 2 * (box_height + 1) <= _side(height, level + 1)
    ):
        level += 1
    return level


def _span(low: int, high: int, size: int, level: int) -> tuple[int, int]:
    """The nearest close-up along one axis of the photo."""
    side = _side(size, level)
    step = side / 2
    start = round(step * round(((low + high) / 2 - step) / step))
    start = min(max(start, 0), size - side)
    return start, start + side


def _side(size: int, level: int) -> int:
    return -(-size >> level)
