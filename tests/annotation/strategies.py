"""Random annotations, made the way people make them: one interaction after the other."""

from __future__ import annotations

import numpy as np
from hypothesis import strategies as st

from fullcanvas.annotation import Annotation, Mask, Point, Region, Scribble, order_extreme_points

LABELS = st.none() | st.text(min_size=1, max_size=200).filter(str.strip)


def points(width: int, height: int) -> st.SearchStrategy[Point]:
    """Pixels of an image."""
    return st.tuples(st.integers(0, width - 1), st.integers(0, height - 1))


def extreme_points(width: int, height: int) -> st.SearchStrategy[list[Point]]:
    """Four pixels in any order that are not all the same."""
    return st.lists(points(width, height), min_size=4, max_size=4).filter(lambda four: len(set(four)) > 1)


def scribbles(width: int, height: int) -> st.SearchStrategy[Scribble]:
    """Strokes of one point or more."""
    return st.lists(points(width, height), min_size=1, max_size=8).map(lambda listed: Scribble(tuple(listed)))


@st.composite
def regions(draw: st.DrawFn, width: int, height: int, id_: int = 1) -> Region:
    """A region with up to three scribbles."""
    ordered = order_extreme_points(draw(extreme_points(width, height)))
    return Region(id_, ordered, tuple(draw(st.lists(scribbles(width, height), max_size=3))), draw(LABELS))


@st.composite
def masks(draw: st.DrawFn, width: int, height: int) -> Mask:
    """A mask of random pixels, rows and columns among them."""
    pixels = np.random.default_rng(draw(st.integers(0, 999))).random((height, width)) < 0.3
    x, y = draw(points(width, height))
    pixels[y:, x] = True
    pixels[y] |= draw(st.booleans())
    return Mask.of(pixels)


@st.composite
def logs(draw: st.DrawFn, longest: int = 25) -> Annotation:
    """A log after random interactions, undo and redo among them."""
    longest_side = draw(st.sampled_from([30, 5000]))
    width, height = (draw(st.integers(2, longest_side)) for _ in range(2))
    log = Annotation(width, height, model=draw(st.none() | st.text()))
    for _ in range(draw(st.integers(0, longest))):
        log = draw(interactions(log))
    return log


@st.composite
def interactions(draw: st.DrawFn, log: Annotation) -> Annotation:  # noqa: C901, PLR0911 (a table)
    """The log after one more interaction."""
    always = ["add", "undo", "redo", "go"]
    small = log.width * log.height <= 10_000  # masks of more pixels are slow to draw
    some = ["scribble", "move", "label", "delete", "paint", "merge", *["split", "keep"] * small]
    kind = draw(st.sampled_from(always + ["fill", *["import"] * small] + some * bool(log.regions)))
    if kind == "add":
        return log.add_region(draw(extreme_points(log.width, log.height)), draw(LABELS))
    if kind == "fill":
        return log.fill()
    if kind == "import":
        return log.import_mask(draw(masks(log.width, log.height)), draw(LABELS))
    if kind == "go":
        return log.go(draw(st.integers(0, len(log.entries))))
    if kind in {"undo", "redo"}:
        return log.undo() if kind == "undo" else log.redo()
    region = draw(st.sampled_from(sorted(log.regions)))
    match kind:
        case "scribble":
            return log.scribble(draw(scribbles(log.width, log.height)).points, region=region)
        case "move":
            return log.move_points(region, draw(extreme_points(log.width, log.height)))
        case "paint":
            stroke = draw(scribbles(log.width, log.height)).points
            return log.paint(
                stroke, region=region, radius=draw(st.floats(0.1, 10_000)), erase=draw(st.booleans())
            )
        case "merge":
            others = sorted(set(log.regions) - {region})
            return log.merge(region, draw(st.permutations(others))[:2]) if others else log
        case "split":
            part, rest = (draw(masks(log.width, log.height)) for _ in range(2))
            return log.split(region, part=part, rest=rest)
        case "keep":
            return log.keep(np.where(draw(masks(log.width, log.height)).pixels, region, 0).astype(np.int32))
        case "label":
            return log.label(region, draw(LABELS))
    return log.delete(region)
