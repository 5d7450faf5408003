"""Random annotations, made the way people make them: one interaction after the other."""

from __future__ import annotations

from hypothesis import strategies as st

from fullcanvas.annotation import Annotation, Point, Region, Scribble, order_extreme_points

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
def logs(draw: st.DrawFn, longest: int = 25) -> Annotation:
    """A log after random interactions, undo and redo among them."""
    log = Annotation(
        draw(st.integers(2, 5000)), draw(st.integers(2, 5000)), model=draw(st.none() | st.text())
    )
    for _ in range(draw(st.integers(0, longest))):
        log = draw(interactions(log))
    return log


@st.composite
def interactions(draw: st.DrawFn, log: Annotation) -> Annotation:
    """The log after one more interaction."""
    always = ["add", "undo", "redo"]
    kind = draw(st.sampled_from(always + ["scribble", "move", "label", "delete"] * bool(log.regions)))
    if kind == "add":
        return log.add_region(draw(extreme_points(log.width, log.height)), draw(LABELS))
    if kind in {"undo", "redo"}:
        return log.undo() if kind == "undo" else log.redo()
    region = draw(st.sampled_from(sorted(log.regions)))
    match kind:
        case "scribble":
            return log.scribble(region, draw(scribbles(log.width, log.height)).points)
        case "move":
            return log.move_points(region, draw(extreme_points(log.width, log.height)))
        case "label":
            return log.label(region, draw(LABELS))
    return log.delete(region)
