"""What a person says about one image: regions, extreme points, scribbles, and the log that holds them."""

from fullcanvas.annotation.entries import (
    AddRegion,
    DeleteRegion,
    DrawScribble,
    Entry,
    LabelRegion,
    MovePoints,
)
from fullcanvas.annotation.errors import AnnotationError
from fullcanvas.annotation.log import Annotation
from fullcanvas.annotation.region import Point, Region, Scribble, order_extreme_points, to_pixels

__all__ = [
    "AddRegion",
    "Annotation",
    "AnnotationError",
    "DeleteRegion",
    "DrawScribble",
    "Entry",
    "LabelRegion",
    "MovePoints",
    "Point",
    "Region",
    "Scribble",
    "order_extreme_points",
    "to_pixels",
]
