"""What is drawn by hand, masks, fills and cuts, each on its own; their interplay is in tests/inference."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fullcanvas.annotation import Annotation, AnnotationError, Mask
from fullcanvas.canvas.boxes import Framing, region_box
from fullcanvas.canvas.competition import Canvas, Layer
from fullcanvas.canvas.cut import cut
from fullcanvas.canvas.scene import Scene, fill, filled_from
from fullcanvas.canvas.strokes import Stroke, stroke_pixels, strokes_of

WIDTH, HEIGHT = 23, 17
FRAMING = Framing(grow=True)
CANVAS = Canvas(WIDTH, HEIGHT, WIDTH, HEIGHT)
SHRUNK = Canvas(WIDTH, HEIGHT, 61, 40)
LARGE = Canvas(1100, 1000, 1100, 1000)
LINES = st.lists(st.tuples(st.integers(0, 22), st.integers(0, 16)), min_size=1, max_size=4).map(tuple)


def covered(stroke, canvas, area):
    plane = np.zeros((area[3] - area[1], area[2] - area[0]), np.bool_)
    rows, columns = stroke_pixels(stroke, canvas, area)
    assert ((rows >= area[1]) & (rows < area[3]) & (columns >= area[0]) & (columns < area[2])).all()
    plane[rows - area[1], columns - area[0]] = True
    return plane


@given(LINES, st.floats(0.5, 9), st.sampled_from([CANVAS, SHRUNK]))
def test_a_brush_covers_the_centres_within_its_radius(points, radius, canvas):
    x, y = canvas.columns(0, WIDTH), canvas.rows(0, HEIGHT)
    expected = np.zeros((HEIGHT, WIDTH), np.bool_)
    for start, stop in zip(points, points[1:] or points, strict=False):
        for share in np.linspace(0, 1, 200):
            cx, cy = (a + 0.5 + share * (b - a) for a, b in zip(start, stop, strict=True))
            expected |= (x - cx) ** 2 + (y[:, None] - cy) ** 2 <= radius**2
    found = covered(Stroke(0, 1, points, radius), canvas, canvas.area)
    assert not (expected & ~found).any()
    wider = covered(Stroke(0, 1, points, radius - 0.02), canvas, canvas.area)
    assert not (wider & ~expected).any()


@given(LINES, st.sampled_from([0.5, 1.0, 2.0, 2.5, 6.0, 40.0]), st.sampled_from([CANVAS, SHRUNK]))
def test_no_pixel_of_a_brush_depends_on_which_were_looked_at(points, radius, canvas):
    """To the last bit: on the edge as well, where a distance is the radius itself."""
    x, y = canvas.columns(0, WIDTH)[None, :], canvas.rows(0, HEIGHT)[:, None]
    expected = np.zeros((HEIGHT, WIDTH), np.bool_)
    for start, stop in zip(points, points[1:] or points, strict=False):
        dx, dy = x - (start[0] + 0.5), y - (start[1] + 0.5)
        step_x, step_y = stop[0] - start[0], stop[1] - start[1]
        along = np.clip((dx * step_x + dy * step_y) / max(1, step_x**2 + step_y**2), 0, 1)
        expected |= (dx - along * step_x) ** 2 + (dy - along * step_y) ** 2 <= radius**2
    np.testing.assert_array_equal(covered(Stroke(0, 1, points, radius), canvas, canvas.area), expected)


CORNERS = st.tuples(st.integers(0, 22), st.integers(0, 16), st.integers(1, 23), st.integers(1, 17))


@given(LINES, st.floats(0.5, 9), CORNERS)
def test_a_part_of_the_canvas_gets_its_part_of_the_brush(points, radius, corners):
    x0, y0, width, height = corners
    area = x0, y0, min(WIDTH, x0 + width), min(HEIGHT, y0 + height)
    stroke = Stroke(0, 1, points, radius)
    whole = covered(stroke, CANVAS, CANVAS.area)
    np.testing.assert_array_equal(covered(stroke, CANVAS, area), whole[y0 : area[3], x0 : area[2]])
    shifted = Stroke(0, 1, tuple((x + 500, y + 400) for x, y in points), radius)
    far = 500 + x0, 400 + y0, 500 + area[2], 400 + area[3]
    np.testing.assert_array_equal(covered(shifted, LARGE, far), whole[y0 : area[3], x0 : area[2]])


def test_a_brush_elsewhere_covers_nothing():
    assert not covered(Stroke(0, 1, ((2, 2),), 3), CANVAS, (12, 12, 20, 16)).any()


def flat(region, logit, box=CANVAS.area, since=0, mask=None):
    return Layer(region, box, np.full((2, 2), logit, np.float32), since, mask)


def rows_of(start, stop):
    pixels = np.zeros((HEIGHT, WIDTH), np.bool_)
    pixels[start:stop] = True
    return Mask.of(pixels)


def owners(layers, strokes=()):
    """Who owns the column in the middle."""
    return Scene(dict(enumerate(layers)), strokes).labels(CANVAS, CANVAS.area)[:, 11].tolist()


def test_a_scribbles_line_belongs_to_its_region_in_its_box():
    stroke = Stroke(3, 2, ((11, 2), (11, 12)), box=(0, 0, WIDTH, 8))
    assert owners([flat(1, 3), flat(2, 0)], [stroke]) == [1] * 2 + [2] * 6 + [1] * 9


def test_what_is_erased_goes_to_the_next_best_and_can_come_back():
    layers = [flat(1, 3), flat(2, 2), flat(3, 1)]
    erase = Stroke(5, 1, ((0, 4), (22, 4)), 0.5, erase=True)
    assert owners(layers, [erase]) == [1] * 4 + [2] + [1] * 12
    both = [erase, Stroke(6, 2, ((0, 4), (22, 4)), 0.5, erase=True)]
    assert owners(layers, both)[4] == 3
    assert owners(layers, [*both, Stroke(7, 1, ((0, 4), (22, 4)), 0.5)])[4] == 1


def test_where_two_regions_are_painted_the_later_has_it_until_it_is_erased():
    layers = [flat(1, 3), flat(2, 2), flat(3, 1)]
    one, two = Stroke(5, 2, ((11, 4),), 2), Stroke(6, 3, ((11, 4),), 1)
    assert owners(layers, [one, two])[1:8] == [1, 2, 3, 3, 3, 2, 1]
    assert owners(layers, [one, two, Stroke(7, 3, ((11, 4),), 1, erase=True)])[1:8] == [1, 2, 2, 2, 2, 2, 1]


def test_a_mask_beats_what_was_said_earlier_and_competes_with_what_is_said_later():
    mask = rows_of(5, 10)
    imported = flat(2, 1, (0, 5, WIDTH, 10), since=4, mask=mask)
    assert owners([flat(1, 3, since=2), imported]) == [1] * 5 + [2] * 5 + [1] * 7
    assert owners([flat(1, 3, since=6), imported]) == [1] * 17
    assert owners([flat(1, 0, since=6), imported]) == [1] * 5 + [2] * 5 + [1] * 7
    assert owners([flat(1, 3, since=2), imported], [Stroke(3, 1, ((11, 7),), 30)]).count(2) == 5
    assert owners([flat(1, 3, since=2), imported], [Stroke(5, 1, ((11, 7),), 1)]).count(2) == 2
    assert owners([flat(1, 3, since=2), imported], [Stroke(5, 2, ((11, 7),), 30, erase=True)]) == [1] * 17


def test_uncertainty_is_between_regions_not_between_parts_of_one():
    area = CANVAS.area
    merged = Scene({1: flat(1, 1), 2: flat(1, 1)}, ()).uncertainty(CANVAS, area)
    assert (merged == 0).all()
    apart = Scene({1: flat(1, 1), 2: flat(1, 0), 3: flat(2, 1)}, ()).uncertainty(CANVAS, area)
    np.testing.assert_allclose(apart, 1)
    drawn = Scene({1: flat(1, 1), 2: flat(2, 1)}, [Stroke(1, 1, ((11, 4),), 1)]).uncertainty(CANVAS, area)
    assert drawn[4, 11] == 0
    assert drawn[0, 0] == 1


def test_a_mask_on_a_large_canvas_is_read_where_it_is_asked_for():
    pixels = np.zeros((1000, 1100), np.bool_)
    pixels[300:700:2, 200:900:3] = True
    mask = Mask.of(pixels)
    layer = Layer(4, (200, 300, 900, 699), np.ones((2, 2), np.float32), 0, mask)
    for area in ((0, 0, 1100, 1000), (250, 350, 260, 357)):
        x0, y0, x1, y1 = area
        labels = Scene({4: layer}, ()).labels(LARGE, area)
        np.testing.assert_array_equal(labels == 4, pixels[y0:y1, x0:x1])


def test_marks_follow_their_regions():
    log = (
        Annotation(20, 10)
        .add_region([(0, 4), (9, 4), (5, 0), (5, 9)])
        .add_region([(10, 4), (19, 4), (15, 0), (15, 9)])
        .scribble([(11, 4)], region=2)
        .paint([(3, 3)], region=1, radius=2)
    )

    def strokes(annotation, *, scribbles=True):
        boxes = {id_: region_box(region, FRAMING) for id_, region in annotation.regions.items()}
        found = strokes_of(annotation, boxes, scribbles=scribbles)
        assert all(stroke.box == (None if stroke.radius else boxes[stroke.region]) for stroke in found)
        return [(stroke.index, stroke.region, stroke.radius) for stroke in found]

    assert strokes(log) == [(2, 2, None), (3, 1, 2.0)]
    assert strokes(log, scribbles=False) == [(3, 1, 2.0)]
    assert strokes(log.merge(1, [2])) == [(2, 1, None), (3, 1, 2.0)]
    assert strokes(log.delete(2)) == [(3, 1, 2.0)]
    left, right = np.zeros((2, 10, 20), np.bool_)
    left[:, :5], right[:, 5:10] = True, True
    assert strokes(log.split(1, part=left, rest=right)) == [(2, 2, None)]
    assert strokes(log.keep(left.astype(np.int32))) == [(2, 2, None)]


def test_scenes_know_where_they_may_differ():
    stroke = Stroke(4, 2, ((3, 3), (5, 3)), box=(0, 0, 9, 9))
    scene = Scene({1: flat(1, 1), 2: flat(2, 0, (2, 2, 8, 8))}, [stroke])
    assert scene.changes(scene, CANVAS) == []
    fewer = Scene({1: scene.layers[1]}, [stroke])
    assert scene.changes(fewer, CANVAS) == fewer.changes(scene, CANVAS) == [(2, 2, 8, 8)]
    moved = Scene({**scene.layers, 2: flat(2, 0, (4, 4, 12, 12))}, [stroke])
    assert sorted(scene.changes(moved, CANVAS)) == [(2, 2, 8, 8), (4, 4, 12, 12)]
    for said in (
        {"region": 1},
        {"since": 3},
        {"mask": rows_of(3, 5)},
        {"logits": scene.layers[2].logits.copy()},
    ):
        other = Scene({**scene.layers, 2: replace(scene.layers[2], **said)}, [stroke])
        assert set(scene.changes(other, CANVAS)) == {(2, 2, 8, 8)}
    ((x0, y0, x1, y1),) = scene.changes(Scene(scene.layers, ()), CANVAS)
    assert 0 <= x0 <= 3
    assert 0 <= y0 <= 3
    assert x1 >= 6
    assert y1 >= 4


def test_filling_gives_each_pixel_to_the_nearest_region():
    labels = np.zeros((HEIGHT, WIDTH), np.int32)
    labels[:, 2], labels[:, 20] = 5, 7
    filled = fill(labels)
    assert (filled[:, :11] == 5).all()
    assert (filled[:, 12:] == 7).all()
    assert not fill(np.zeros((3, 3), np.int32)).any()
    np.testing.assert_array_equal(fill(filled), filled)


@given(st.lists(st.tuples(st.integers(0, 39), st.integers(0, 29)), min_size=1, max_size=9, unique=True))
def test_what_is_filled_is_nearest_but_for_a_twentieth(places):
    labels = np.zeros((30, 40), np.int32)
    for id_, (x, y) in enumerate(places, 1):
        labels[y, x] = id_
    rows, columns = np.mgrid[:30, :40]
    distances = np.array([np.hypot(columns - x, rows - y) for x, y in places])
    found = np.take_along_axis(distances, fill(labels)[None] - 1, 0)[0]
    assert (found <= 1.05 * distances.min(0) + 1e-9).all()


def test_a_larger_canvas_is_filled_as_the_display_is():
    full, display = Canvas(60, 40, 60, 40), Canvas(20, 10, 60, 40)
    shown = np.arange(1, 201, dtype=np.int32).reshape(10, 20)
    labels = np.zeros((40, 60), np.int32)
    labels[8, 9] = 999
    filled = filled_from(labels, full, full.area, shown, display)
    assert filled[8, 9] == 999
    assert filled[39, 59] == 200
    expected = np.repeat(np.repeat(shown, 4, 0), 3, 1)
    expected[8, 9] = 999
    np.testing.assert_array_equal(filled, expected)
    np.testing.assert_array_equal(
        filled_from(labels[5:9, 7:30], full, (7, 5, 30, 9), shown, display), expected[5:9, 7:30]
    )


DISC = (np.mgrid[:60, :80][0] - 30) ** 2 + (np.mgrid[:60, :80][1] - 40) ** 2 < 400


def halves(mask, line):
    """The columns' or rows' means of both parts, after checking that they are the region."""
    part, rest = cut(mask, line)
    assert not (part & rest).any()
    np.testing.assert_array_equal(part | rest, mask)
    assert 0 < part.sum() <= rest.sum()
    return part, rest


@pytest.mark.parametrize("line", [[(45, 5), (45, 55)], [(45, 55), (45, 5)], [(45, 30), (45, 34)]])
def test_a_line_cuts_a_region_and_the_smaller_part_is_new(line):
    part, rest = halves(DISC, line)
    assert part[:, 46:].sum() == DISC[:, 46:].sum()
    assert rest[:, :46].sum() == DISC[:, :46].sum()


def test_a_line_between_parts_separates_them():
    mask = np.zeros((60, 80), np.bool_)
    mask[10:20, 10:30] = mask[40:45, 10:30] = mask[40:50, 60:70] = True
    part, _ = halves(mask, [(0, 30), (79, 31)])
    assert part[40:].sum() == part.sum() == 200 or part[:30].sum() == part.sum() == 200


def test_only_the_crossed_arm_of_a_bent_region_is_cut_off():
    mask = np.zeros((60, 80), np.bool_)
    mask[10:50, 10:20] = mask[10:20, 10:70] = mask[40:50, 10:70] = True
    part, _ = halves(mask, [(50, 5), (50, 25)])
    np.testing.assert_array_equal(part, mask & (np.mgrid[:60, :80][1] > 50) & (np.mgrid[:60, :80][0] < 30))


def test_a_ring_is_cut_on_both_sides():
    ring = DISC & ~((np.mgrid[:60, :80][0] - 30) ** 2 + (np.mgrid[:60, :80][1] - 40) ** 2 < 100)
    part, rest = halves(ring, [(45, 5), (45, 20)])
    assert part[:, 46:].any()
    assert rest[:, :45].any()
    assert not part[:, :45].any()


def test_a_curved_line_cuts_where_it_was_drawn():
    line = [(x, 30 + round(5 * np.sin(x / 4))) for x in range(10, 75)]
    part, rest = halves(DISC, line)
    upper = part if part[12, 40] else rest
    assert all(not DISC[y - 2, x] or upper[y - 2, x] for x, y in line)
    assert all(not DISC[y + 2, x] or not upper[y + 2, x] for x, y in line)


def test_a_pocket_of_a_shaky_line_is_no_part():
    part, _ = halves(DISC, [(40, 22), (42, 24), (40, 26), (38, 24), (40, 22), (40, 40)])
    assert min(part[:, :40].sum(), part[:, 41:].sum()) < 5
    assert part.sum() > 0.4 * DISC.sum()


def test_a_line_goes_on_as_it_went_for_its_last_few_points():
    """And not as from its last point but one to its last, which knows eight directions only."""
    part, rest = halves(DISC, [*((x, 30) for x in range(30, 45)), (45, 31)])
    lower = part if part[45, 40] else rest
    assert lower[36, 57]


def test_a_piece_belongs_to_the_side_on_which_it_touches_the_line():
    """Even where most of it lies behind the line, beyond its ends."""
    mask = np.zeros((60, 80), np.bool_)
    mask[10:20, 10:70] = mask[20:40, 60:70] = mask[40:60, 5:70] = True
    part, _ = halves(mask, [(50, 5), (50, 25)])
    np.testing.assert_array_equal(part, mask & (np.mgrid[:60, :80][1] < 50) & (np.mgrid[:60, :80][0] < 30))


def test_a_closed_loop_cuts_out_what_it_surrounds():
    part, _ = halves(DISC, [(35, 25), (45, 25), (45, 35), (35, 35), (35, 25)])
    assert part[26:35, 36:45].all()
    assert part.sum() == 81


@pytest.mark.parametrize(
    ("line", "message"),
    [
        ([(5, 5)], "at least two points"),
        ([(5, 5), (5, 5)], "at least two points"),
        ([(2, 2), (2, 50)], "does not cut the region in two"),
    ],
)
def test_a_line_that_cuts_nothing_is_refused(line, message):
    with pytest.raises(AnnotationError, match=message):
        cut(DISC, line)


def test_a_region_without_pixels_cannot_be_cut():
    with pytest.raises(AnnotationError, match="no pixel to split"):
        cut(np.zeros((5, 5), np.bool_), [(0, 2), (4, 2)])
