"""Annotators by name."""

from __future__ import annotations

from fullcanvas.simulation.annotators import Annotator, PaperAnnotator
from fullcanvas.simulation.clicks import ClickAnnotator
from fullcanvas.simulation.errors import AnnotatorError


def load_annotator(spec: str) -> Annotator:
    """The annotator that `--annotator` names.

    `paper`, or `paper:PERT` with extreme points up to PERT pixels inexact; `clicks`, which clicks instead of
    scribbling; `robust`, or `robust:SIGMA` with extreme points off by SIGMA pixels (see `RobustAnnotator`).

    Raises:
        AnnotatorError: there is no such annotator.
    """
    kind, colon, setting = spec.partition(":")
    if kind == "paper" and (setting.isdecimal() or not colon):
        return PaperAnnotator(int(setting or 0))
    if spec == "clicks":
        return ClickAnnotator()
    if kind == "robust" and (setting.replace(".", "", 1).isdecimal() or not colon):
        # What it draws with comes with the extra `experiments`.
        from fullcanvas.simulation.robust import RobustAnnotator

        return RobustAnnotator(float(setting)) if colon else RobustAnnotator()
    raise AnnotatorError(
        f"unknown annotator {spec!r}; known: paper, paper:PERT, clicks, robust, robust:SIGMA"
    )
