from __future__ import annotations

import json

import numpy as np
import pytest
from PIL import Image

from fullcanvas.annotation import Annotation
from fullcanvas.datasets import Record, open_dataset
from fullcanvas.evaluation.gallery import (
    GAP,
    OPACITY,
    Snapshot,
    color_of,
    draw_picture,
    picture_of,
    stack,
    stack_worst,
)
from fullcanvas.evaluation.run import Settings, evaluate, plan
from tests.panoptic_folder import halves, write_dataset


def test_a_picture_per_sample_with_a_panel_per_round(tmp_path):
    write_dataset(tmp_path / "set", [halves(), halves(column=4)])
    dataset = open_dataset(tmp_path / "set")
    settings = Settings("smallest-box", rounds=2)
    report = evaluate(plan(dataset, settings), gallery=tmp_path / "gallery")
    names = sorted(file.name for file in (tmp_path / "gallery").iterdir())
    assert names == ["map0.png", "map1.png", "worst.png"]
    with Image.open(tmp_path / "gallery" / "map0.png") as picture:
        assert picture.size == (5 * 20 + 4 * GAP, 12)
    assert evaluate(plan(dataset, settings)) == report


def test_the_worst_are_shown_the_worst_first(tmp_path):
    records = [
        Record(id_, f"{id_}.jpg", f"{id_}.png", tmp_path / "a", tmp_path / "b", 9, 9, ()) for id_ in range(9)
    ]
    for record in records:
        grey = Image.new("L", (3 * 10 + 2 * GAP, 10), 20 * record.image_id)
        grey.save(picture_of(record, tmp_path))
    means = [0.9, 0.2, 0.9, 0.5, 0.1, 0.9, 0.3, 0.4, 0.8]
    stack_worst(records, means, 0, tmp_path)
    with Image.open(tmp_path / "worst.png") as picture:
        shades = np.asarray(picture.convert("L"))[5 :: 10 + GAP, 5]
    assert shades.tolist() == [20 * id_ for id_ in (4, 1, 6, 7, 3, 8)]


@pytest.mark.parametrize(("photo", "panels"), [(True, [10, 30, 40, 60, 20]), (False, [30, 40, 60, 20])])
def test_a_figure_shows_some_panels_the_truth_last(photo, panels, tmp_path):
    strip = np.full((10, 6 * (10 + GAP) - GAP), 255, np.uint8)
    for panel in range(6):  # the photo, the truth, and the prediction after 0, 1, 2 and 3 rounds
        strip[:, panel * (10 + GAP) :][:, :10] = 10 * (panel + 1)
    Image.fromarray(strip).save(tmp_path / "one.png")
    stack([tmp_path / "one.png"], 3, tmp_path / "figure.png", photo)
    with Image.open(tmp_path / "figure.png") as figure:
        shown = np.asarray(figure.convert("L"))[5, 5 :: 10 + GAP]
    assert shown.tolist() == panels


def test_a_figure_without_rounds_shows_what_there_is(tmp_path):
    strip = np.full((10, 3 * (10 + GAP) - GAP), 255, np.uint8)
    for panel in range(3):  # the photo, the truth, and the prediction
        strip[:, panel * (10 + GAP) :][:, :10] = 10 * (panel + 1)
    Image.fromarray(strip).save(tmp_path / "one.png")
    stack([tmp_path / "one.png"], 0, tmp_path / "figure.png")
    with Image.open(tmp_path / "figure.png") as figure:
        assert figure.size == (strip.shape[1], 10)
        assert np.asarray(figure.convert("L"))[5, 5 :: 10 + GAP].tolist() == [10, 30, 20]


@pytest.mark.parametrize("image_ids", [[1, 2], [1, 1]])
def test_maps_of_one_name_in_two_folders_have_two_pictures(image_ids, tmp_path):
    folder = tmp_path / "set"
    data = write_dataset(folder, [halves(), halves(column=4)], image_ids)
    for annotation, person in zip(data["annotations"], ("anna", "bert"), strict=True):
        (folder / "panoptic" / person).mkdir()
        (folder / "panoptic" / annotation["file_name"]).rename(folder / "panoptic" / person / "map.png")
        annotation["file_name"] = f"{person}/map.png"
    (folder / "panoptic.json").write_text(json.dumps(data))
    evaluate(plan(open_dataset(folder), Settings("smallest-box", rounds=0)), gallery=tmp_path / "gallery")
    drawn = {file.relative_to(tmp_path / "gallery").as_posix() for file in tmp_path.glob("gallery/**/*.png")}
    assert drawn == {"anna/map.png", "bert/map.png", "worst.png"}


def test_panels_show_photo_truth_and_ink(tmp_path):
    write_dataset(tmp_path / "set", [halves(400, 960, 480)])
    sample = open_dataset(tmp_path / "set").load(0)
    annotation = Annotation(960, 400).add_region([(0, 200), (479, 200), (200, 0), (200, 399)])
    annotation = annotation.scribble([(300, 300), (440, 300)], region=1).scribble([(100, 100)], region=1)
    draw_picture(sample, [Snapshot(annotation, np.zeros((400, 960), np.int32))], tmp_path / "picture.png")
    with Image.open(tmp_path / "picture.png") as picture:
        pixels = np.asarray(picture.convert("RGB")).astype(int)
    assert pixels.shape == (200, 3 * 480 + 2 * GAP, 3)
    photo, truth, prediction = (pixels[:, start : start + 480] for start in (0, 480 + GAP, 960 + 2 * GAP))
    expected = (1 - OPACITY) * photo[20, 40] + OPACITY * np.array(color_of(1))
    assert np.abs(truth[20, 40] - expected).max() <= 2
    assert np.abs(prediction[20, 300] - photo[20, 300]).max() <= 1  # unassigned
    assert np.abs(prediction[150, 185] - color_of(1)).max() <= 4  # on the scribble
    assert np.abs(prediction[50, 50] - color_of(1)).max() <= 4  # on the dot


def test_regions_differ_in_colour():
    colors = {color_of(region) for region in range(1, 200)}
    assert len(colors) > 190
    assert all(0 <= channel <= 255 for color in colors for channel in color)
