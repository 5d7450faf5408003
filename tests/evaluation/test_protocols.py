from __future__ import annotations

import json
import re
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from typer.testing import CliRunner

from fullcanvas.annotation import Annotation, DrawScribble
from fullcanvas.cli import app
from fullcanvas.datasets import DatasetError, Sample, Segment, open_dataset
from fullcanvas.evaluation.engine import Engine
from fullcanvas.evaluation.predictors import Baseline
from fullcanvas.evaluation.protocols import multi_object, single_object
from fullcanvas.evaluation.protocols.clicks import Trace, deepest
from fullcanvas.evaluation.protocols.multi_object import Strategy
from fullcanvas.evaluation.protocols.run import ClickSettings, evaluate_clicks
from tests.panoptic_folder import halves, write_dataset, write_map


def mask(rows: list[str]) -> NDArray[np.bool_]:
    return np.array([[letter == "#" for letter in row] for row in rows])


NOTHING = np.zeros((5, 7), bool)
FREE = ~NOTHING
BLOCK = mask([".......", ".###...", ".###...", ".###...", "......."])
EDGE = mask(["#####..", "#####..", "#####..", ".......", "......."])


def test_the_deepest_pixel_of_the_deeper_error_is_clicked():
    assert deepest(BLOCK, NOTHING, FREE) == (2, 2)
    assert deepest(NOTHING, BLOCK, FREE) == (2, 2)
    assert deepest(EDGE, NOTHING, FREE) == (1, 1)  # the image's edge bounds it; of equals the first
    assert deepest(NOTHING, NOTHING, FREE) is None


def test_equally_deep_errors_shrink_the_object():
    missed = mask([".......", ".#.....", ".......", ".......", "......."])
    extra = mask([".......", ".......", ".......", ".....#.", "......."])
    assert deepest(missed, extra, FREE) == (5, 3)


def test_a_pixel_is_clicked_once():
    free = FREE.copy()
    free[2, 2] = False
    assert deepest(BLOCK, NOTHING, free) == (1, 1)


def sample(truth: NDArray[np.int32], things: tuple[int, ...] = (1,)) -> Sample:
    regions = range(1, int(truth.max()) + 1)
    segments = tuple(
        Segment(region, region, region in things, int((truth == region).sum())) for region in regions
    )
    return Sample(3, np.zeros((*truth.shape, 3), np.uint8), truth, segments)


def painter(truth: NDArray[np.int32], most: int) -> Baseline:
    """Gives every pixel to the region of the nearest click once there are `most` of them, to 2 before."""

    def answer(_image: Any, annotation: Annotation) -> NDArray[np.int32]:
        clicks = sum(len(region.scribbles) for region in annotation.regions.values())
        return truth if clicks >= most else np.full_like(truth, 2)

    return Baseline("painter", answer)


SQUARE = np.full((20, 20), 2, np.int32)
SQUARE[5:15, 5:15] = 1


def test_one_object_is_clicked_until_20_clicks_are_spent():
    trace = single_object.click(sample(SQUARE), painter(SQUARE, 3), seed=0)
    assert trace.ious == ((0.0,),) * 3 + ((1.0,),) * 17


def test_clicks_belong_to_the_region_under_them():
    asked: list[Annotation] = []

    def answer(_image: Any, annotation: Annotation) -> NDArray[np.int32]:
        asked.append(annotation)
        return np.full_like(SQUARE, 1 if len(asked) == 2 else 2)

    single_object.click(sample(SQUARE), Baseline("x", answer), seed=0)
    regions = asked[2].regions
    assert [len(regions[id_].scribbles) for id_ in (1, 2)] == [1, 1]
    ((x, y),) = regions[1].scribbles[0].points
    assert SQUARE[y, x] == 1
    assert regions[2].extreme_points == ((0, 0), (19, 19), (19, 0), (0, 19))


def test_void_is_neither_clicked_nor_scored():
    truth = SQUARE.copy()
    truth[truth == 2] = 0
    truth[0, 0] = 2
    everything = Baseline("x", lambda *_: np.ones_like(truth))
    trace = single_object.click(sample(truth), everything, seed=0)
    assert trace.ious[0] == (100 / 101,)


def test_number_of_clicks_by_hand():
    def trace(step: int) -> Trace:
        return Trace(1, tuple((0.5,) if index < step else (0.87,) for index in range(20)))

    report = single_object.summarise([trace(0), trace(2), trace(18), trace(99)])
    four, one = report["extreme_points_as_4"], report["extreme_points_as_1"]
    assert four["noc"] == {"0.85": (4 + 6 + 20 + 20) / 4, "0.90": 20.0}
    assert one["noc"] == {"0.85": (1 + 3 + 19 + 20) / 4, "0.90": 20.0}
    assert four["not_reached"] == {"0.85": 2, "0.90": 4}
    assert one["not_reached"] == {"0.85": 1, "0.90": 4}
    assert list(four["mean_iou"]) == [str(clicks) for clicks in range(4, 21)]
    assert four["mean_iou"]["4"] == one["mean_iou"]["1"] == pytest.approx((0.87 + 3 * 0.5) / 4)
    assert one["mean_iou"]["20"] == pytest.approx((3 * 0.87 + 0.5) / 4)


@pytest.mark.parametrize("things", [0, 2])
def test_photos_of_no_thing_or_of_several_are_refused_before_any_is_clicked(tmp_path, things):
    data = write_dataset(tmp_path, [halves(), np.arange(12).reshape(3, 4) // 4 + 1])
    if not things:
        for segment in data["annotations"][1]["segments_info"]:
            segment["iscrowd"] = 1
        (tmp_path / "panoptic.json").write_text(json.dumps(data), encoding="utf-8")
    settings = ClickSettings("single-object", "smallest-box")
    with pytest.raises(DatasetError, match=rf"map1\.png: has {things} things"):
        evaluate_clicks(open_dataset(tmp_path), settings, progress=lambda *_: pytest.fail("it began"))


def test_a_thing_of_which_the_json_says_that_it_has_no_pixel_is_no_object(tmp_path):
    data = write_dataset(tmp_path, [halves()])
    empty = {"id": 7, "category_id": 1, "area": 0, "iscrowd": 0}
    data["annotations"][0]["segments_info"].append(empty)
    (tmp_path / "panoptic.json").write_text(json.dumps(data), encoding="utf-8")
    settings = ClickSettings("single-object", "smallest-box")
    assert evaluate_clicks(open_dataset(tmp_path), settings)["objects"] == 1
    data["annotations"][0]["segments_info"] = [{**empty, "id": 1}, {**empty, "id": 2, "area": 9}]
    data["annotations"][0]["segments_info"][1]["category_id"] = 2
    write_map(tmp_path / "panoptic" / "map0.png", np.full((12, 20), 2))
    (tmp_path / "panoptic.json").write_text(json.dumps(data), encoding="utf-8")
    with pytest.raises(DatasetError, match="has 0 things"):
        evaluate_clicks(open_dataset(tmp_path), settings)


def test_a_data_set_without_an_object_is_refused(tmp_path):
    write_dataset(tmp_path, [np.zeros((3, 4), int)])
    with pytest.raises(DatasetError, match="no photo has a region to click on"):
        evaluate_clicks(open_dataset(tmp_path), ClickSettings("multi-object", "smallest-box"))


def test_several_objects_are_clicked_until_all_are_good():
    trace = multi_object.click(sample(SQUARE), painter(SQUARE, 4), Strategy.MAX_DT, seed=0)
    assert len(trace.ious) == 5
    assert trace.ious[-1] == (1.0, 1.0)
    assert trace.ious[0] == (0.0, 300 / 400)


@pytest.mark.parametrize("strategy", Strategy)
def test_the_budget_is_ten_clicks_an_object_and_errors_may_run_out(strategy):
    rows = np.arange(60)[:, None]
    truth = np.broadcast_to(np.where(rows < 30, 1, 2), (60, 60)).astype(np.int32)
    stubborn = Baseline("x", lambda *_: np.full_like(truth, 2))
    trace = multi_object.click(sample(truth), stubborn, strategy, seed=0)
    assert len(trace.ious) == 1 + 9 * 2
    small = np.full((4, 30), 2, np.int32)
    small[:, :3] = 1
    never = Baseline("x", lambda *_: np.full_like(small, 2))
    assert len(multi_object.click(sample(small), never, strategy, seed=0).ious) == 2


def test_strategies_choose_their_object():
    truth = np.repeat(np.array([[1] * 10 + [2] * 20 + [3] * 10], np.int32), 12, 0)
    prediction = truth.copy()
    prediction[:, 2:10] = 3  # what region 1 loses, region 3 claims
    prediction[:, 24:30] = 1
    asked: list[Annotation] = []

    def answer(_image: Any, annotation: Annotation) -> NDArray[np.int32]:
        asked.append(annotation)
        return prediction if len(asked) < 2 else truth

    def clicked(strategy: Strategy) -> tuple[int, int]:
        asked.clear()
        multi_object.click(sample(truth), Baseline("x", answer), strategy, seed=0)
        ((id_, region),) = [item for item in asked[-1].regions.items() if item[1].scribbles]
        return id_, region.scribbles[0].points[0][0]

    # The IoUs are 2 / 16, 14 / 20 and 10 / 18; the errors are 8 and 6 columns wide.
    assert clicked(Strategy.WORST) == (1, 5)
    assert clicked(Strategy.BEST) == (2, 26)
    assert clicked(Strategy.MAX_DT) == (1, 5)


@pytest.mark.parametrize(
    ("strategy", "sides"),
    [(Strategy.WORST_LIMITED, "l" * 9 + "r" * 9), (Strategy.ROUND_ROBIN, "x" * 10 + "y" * 8)],
)
def test_an_object_that_had_its_clicks_waits(strategy, sides):
    """Both objects stay as bad as they were, the left one worse than the right one."""
    truth = np.zeros((60, 200), np.int32)
    truth[:, :60], truth[:, 130:] = 1, 2
    stubborn, asked = truth.copy(), list[Annotation]()
    stubborn[:, :55] = stubborn[:, 150:] = 0

    def answer(_image: Any, annotation: Annotation) -> NDArray[np.int32]:
        asked.append(annotation)
        return stubborn

    multi_object.click(sample(truth), Baseline("x", answer), strategy, seed=0)
    strokes = [entry.points[0][0] for entry in asked[-1].entries if isinstance(entry, DrawScribble)]
    clicked = "".join("l" if x < 100 else "r" for x in strokes)
    first, second = clicked[0], "lr".replace(clicked[0], "")
    assert clicked == sides.replace("x", first).replace("y", second)


def test_clicks_per_object_by_hand():
    good, bad = (0.9, 0.9), (0.9, 0.2)
    traces = [
        Trace(1, (good,)),
        Trace(2, (bad,) * 4 + (good,)),
        Trace(3, (bad,) * 15 + (good,)),
        Trace(4, (bad,) * 19),
        Trace(5, ((),)),
    ]
    report = multi_object.summarise(traces)
    four, one = report["extreme_points_as_4"], report["extreme_points_as_1"]
    assert four["nci"] == pytest.approx((4 + (4 + 2) + 10 + 10) / 4)
    assert one["nci"] == pytest.approx((1 + (1 + 2) + (1 + 7.5) + 10) / 4)
    assert (four["nfo"], four["nfi"], one["nfo"], one["nfi"]) == (2, 2, 1, 1)
    assert one["iou"] == pytest.approx((3 * 0.9 + 0.55) / 4)


@pytest.mark.parametrize("protocol", ["single-object", "multi-object"])
def test_a_whole_data_set(tmp_path, protocol):
    write_dataset(tmp_path / "set", [halves(), halves(column=4)])
    dataset = open_dataset(tmp_path / "set")
    settings = ClickSettings(protocol, "smallest-box")
    out = tmp_path / "out.json"
    report = evaluate_clicks(dataset, settings, out=out)
    assert json.loads(out.read_text()) == report
    assert (report["images"], report["objects"]) == (2, 2 if protocol == "single-object" else 4)
    assert evaluate_clicks(dataset, settings, engine=Engine(2)) == report
    key = "mean_iou" if protocol == "single-object" else "iou"
    found = report["extreme_points_as_1"][key]
    assert (found["1"] if protocol == "single-object" else found) == 1.0


def test_several_annotations_of_a_photo_are_one_image(tmp_path):
    write_dataset(tmp_path, [halves(), halves(column=4), halves()], image_ids=[1, 1, 2])
    report = evaluate_clicks(open_dataset(tmp_path), ClickSettings("multi-object", "smallest-box"))
    assert (report["images"], report["samples"], report["objects"]) == (2, 3, 6)


def test_the_command(tmp_path):
    write_dataset(tmp_path / "set", [halves()])
    arguments = ["evaluate-clicks", str(tmp_path / "set"), "--model", "smallest-box", "--protocol"]
    result = CliRunner().invoke(app, [*arguments, "single-object"])
    assert result.exit_code == 0, result.output
    table = "NoC@85 NoC@90 >=20@85 >=20@90 mIoU@5 mIoU@10 mIoU@20 4 4.00 4.00 0 0 100.0 100.0 100.0 1 1.00"
    assert table in re.sub(r"\s+", " ", result.output)
    result = CliRunner().invoke(app, [*arguments, "multi-object"])
    assert "NCI NFO NFI IoU@85 4 4.00 0 0 100.0 1 1.00 0 0 100.0" in re.sub(r"\s+", " ", result.output)
    result = CliRunner().invoke(app, [*arguments, "multi-object", "--json", "-"])
    assert json.loads(result.stdout)["extreme_points_as_1"]["nci"] == 1
    (tmp_path / "set" / "panoptic" / "map0.png").unlink()
    result = CliRunner().invoke(app, [*arguments, "multi-object"])
    assert result.exit_code == 2
    assert "1 maps are missing" in result.output
