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
from fullcanvas.annotation.mask import Mask
from fullcanvas.annotation.points import Point, Position, Positions, order_extreme_points, to_pixels
from fullcanvas.annotation.region import Region, Scribble
from fullcanvas.annotation.shapes import (
    FillRest,
    ImportMask,
    KeepRegions,
    MergeRegions,
    PaintRegion,
    SplitRegion,
)

__all__ = [
    "AddRegion",
    "Annotation",
    "AnnotationError",
    "DeleteRegion",
    "DrawScribble",
    "Entry",
    "FillRest",
    "ImportMask",
    "KeepRegions",
    "LabelRegion",
    "Mask",
    "MergeRegions",
    "MovePoints",
    "PaintRegion",
    "Point",
    "Position",
    "Positions",
    "Region",
    "Scribble",
    "SplitRegion",
    "order_extreme_points",
    "to_pixels",
]
