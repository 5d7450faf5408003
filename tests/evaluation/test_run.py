from __future__ import annotations

import json
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray
from typer.testing import CliRunner

from fullcanvas.cli import app
from fullcanvas.datasets import Dataset, DatasetError, open_dataset
from fullcanvas.evaluation import jobs
from fullcanvas.evaluation.baselines.smallest_box import smallest_box_labels
from fullcanvas.evaluation.engine import Engine
from fullcanvas.evaluation.errors import EvaluationError
from fullcanvas.evaluation.jobs import Progress
from fullcanvas.evaluation.load import load_predictor
from fullcanvas.evaluation.predictors import Baseline, Predictor, training_images
from fullcanvas.evaluation.protocols import run as clicks
from fullcanvas.evaluation.run import Settings, evaluate, plan
from fullcanvas.evaluation.unseen import seen_in_training
from fullcanvas.inference.model_file import ModelError
from fullcanvas.simulation.annotators import Allocation
from fullcanvas.simulation.errors import AnnotatorError
from tests.panoptic_folder import halves, write_dataset, write_map
from tests.tiny_model import write_tiny_model


def blobs(seed: int, regions: int = 4) -> NDArray[np.int64]:
    """A map of 30 x 40 pixels: each belongs to the nearest of some points, a few to none."""
    rng = np.random.default_rng(seed)
    centres = rng.uniform((0, 0), (30, 40), (regions, 2))
    rows, columns = np.mgrid[:30, :40]
    distances = np.hypot(rows[..., None] - centres[:, 0], columns[..., None] - centres[:, 1])
    ids: NDArray[np.int64] = distances.argmin(-1) + 1
    ids[-2:] = 0
    return ids


@pytest.fixture(scope="session")
def model(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(write_tiny_model(tmp_path_factory.mktemp("models") / "tiny.zip"))


@pytest.fixture
def dataset(tmp_path: Path) -> Dataset:
    write_dataset(tmp_path / "blobs", [blobs(seed) for seed in range(5)], image_ids=[11, 12, 13, 14, 15])
    return open_dataset(tmp_path / "blobs")


def test_the_contract_of_the_report(dataset, model, tmp_path):
    out = tmp_path / "new" / "out.json"
    settings = Settings(model, allocation=Allocation.ONE_PER_REGION, rounds=2, seed=3)
    report = evaluate(plan(dataset, settings), out=out, scribble_seconds=2.0)
    assert json.loads(out.read_text()) == json.loads(json.dumps(report))
    assert (report["dataset"], report["images"], report["seed"]) == ("blobs", 5, 3)
    assert report["model"] == report["first_model"]
    assert report["model"]["name"] == "tiny"
    assert len(report["model"]["hash"]) == 64
    assert report["regions"] == sum(len(sample.segments) for sample in dataset)
    assert [point["scribbles_per_region"] for point in report["curve"]] == [0, 1, 2]
    for point in report["curve"]:
        low, high = point["interval"]
        assert 0 <= low <= point["mean_iou"] <= high <= 1
        assert point["things"]["regions"] + point["stuff"]["regions"] == report["regions"]
        assert point["scribbles_drawn"] <= point["scribbles_per_region"]
        assert point["seconds_per_region"] == 7 + 2 * point["scribbles_drawn"]
    assert report["curve"][2]["mean_iou"] > report["curve"][0]["mean_iou"]
    for number, point in enumerate(report["curve"]):
        sums = [photo["iou_sums"][number] for photo in report["photos"]]
        assert sum(sums) / report["regions"] == pytest.approx(point["mean_iou"])
        things = sum(photo["things_iou_sums"][number] for photo in report["photos"])
        assert things / point["things"]["regions"] == pytest.approx(point["things"]["mean"])
    assert [photo["image_id"] for photo in report["photos"]] == [11, 12, 13, 14, 15]
    assert not out.with_name("out.json.parts").exists()


def test_the_mean_is_over_regions_and_the_scores_are_those_of_hand(tmp_path):
    # Two images: the smallest box errs on the L shape alone, whose box holds the square.
    square = np.ones((8, 10), int)
    square[2:6, 4:9] = 2
    write_dataset(tmp_path / "two", [square, halves()])
    point = evaluate(plan(open_dataset(tmp_path / "two"), Settings("smallest-box", rounds=0)))["curve"][0]
    assert point["mean_iou"] == 1.0
    corner = np.ones((8, 10), int)
    corner[4:, 5:] = 2
    corner[0, 9] = 2  # region 2's box now has 8 x 5 pixels, of which it owns 21
    write_dataset(tmp_path / "three", [corner, halves()])
    point = evaluate(plan(open_dataset(tmp_path / "three"), Settings("smallest-box", rounds=0)))["curve"][0]
    expected = [(80 - 40) / (80 - 21), 21 / 40, 1.0, 1.0]
    assert point["mean_iou"] == pytest.approx(np.mean(expected))
    assert point["things"] == {
        "mean": pytest.approx((expected[0] + 1) / 2),
        "interval": pytest.approx([expected[0], 1]),
        "regions": 2,
    }
    assert point["large"] == {"mean": None, "interval": None, "regions": 0}
    qualities = [np.mean([expected[0], 1.0]), np.mean([expected[1], 1.0])]
    assert point["panoptic_quality"] == pytest.approx(np.mean(qualities))


def test_numbers_depend_on_neither_jobs_nor_order(dataset, model):
    settings = Settings(model, rounds=1)
    alone = evaluate(plan(dataset, settings))
    assert evaluate(plan(dataset, settings), engine=Engine(2)) == alone
    backwards = Dataset(dataset.name, dataset.records[::-1])
    curve = evaluate(plan(backwards, settings))["curve"]
    assert [point["mean_iou"] for point in curve] == pytest.approx(
        [point["mean_iou"] for point in alone["curve"]]
    )
    assert evaluate(plan(dataset, Settings(model, rounds=1, seed=1)))["curve"] != alone["curve"]


def interrupt_after(images: int) -> Progress:
    def progress(task: str, done: int, total: int, score: str) -> None:
        if task == "evaluating" and done == images:
            raise KeyboardInterrupt

    return progress


def evaluated(dataset: Dataset, settings: Settings, out: Path, **options: Any) -> list[int]:
    """How many images were done already when an evaluation began, and at each step after."""
    steps: list[int] = []

    def progress(task: str, done: int, total: int, score: str) -> None:
        if task == "evaluating":
            steps.append(done)

    evaluate(plan(dataset, settings), out=out, progress=progress, **options)
    return steps


def test_an_interrupted_run_resumes_with_the_same_numbers(dataset, model, tmp_path):
    settings, out = Settings(model, rounds=1), tmp_path / "out.json"
    with pytest.raises(KeyboardInterrupt):
        evaluate(plan(dataset, settings), out=out, progress=interrupt_after(3))
    assert not out.exists()
    assert evaluated(dataset, settings, out) == [3, 4, 5]
    whole = evaluate(plan(dataset, settings))
    assert json.loads(out.read_text()) == json.loads(json.dumps(whole))
    assert evaluated(dataset, settings, out)[0] == 0


@pytest.mark.parametrize(
    "other",
    [
        {"seed": 1},
        {"rounds": 2},
        {"allocation": Allocation.ONE_PER_REGION},
        {"annotator": "paper:2"},
        {"first_model": "smallest-box"},
    ],
)
def test_other_settings_share_no_results(dataset, model, tmp_path, other):
    settings, out = Settings(model, rounds=1), tmp_path / "out.json"
    with pytest.raises(KeyboardInterrupt):
        evaluate(plan(dataset, settings), out=out, progress=interrupt_after(3))
    changed = Settings(**{"model": model, "rounds": 1, **other})
    assert evaluated(dataset, changed, out)[0] == 0


@pytest.mark.parametrize("what", ["the map", "the photo", "the result"])
def test_what_was_changed_or_broken_is_evaluated_again(dataset, tmp_path, what):
    settings, out = Settings("smallest-box", rounds=1), tmp_path / "out.json"
    with pytest.raises(KeyboardInterrupt):
        evaluate(plan(dataset, settings), out=out, progress=interrupt_after(3))
    if what == "the result":
        next((tmp_path / "out.json.parts").iterdir()).write_text("{", encoding="utf-8")
    else:
        os.utime(dataset.records[0].map if what == "the map" else dataset.records[0].image, ns=(1, 1))
    assert evaluated(dataset, settings, out)[0] == 2


def test_a_run_with_pictures_resumes_none_without(dataset, tmp_path):
    settings, out, gallery = Settings("smallest-box", rounds=0), tmp_path / "out.json", tmp_path / "gallery"
    with pytest.raises(KeyboardInterrupt):
        evaluate(plan(dataset, settings), out=out, progress=interrupt_after(3))
    assert evaluated(dataset, settings, out, gallery=gallery)[0] == 0
    assert len(list(gallery.glob("map*.png"))) == 5


def test_a_broken_map_stops_a_run_before_it_begins(dataset, model):
    write_map(dataset.records[-1].map, np.full((30, 40), 99))
    with pytest.raises(DatasetError, match=r"map4\.png: holds the segments 99"):
        evaluate(plan(dataset, Settings(model)), progress=interrupt_after(0))


def test_photos_that_the_model_was_trained_on_are_left_out(dataset, model, monkeypatch):
    class Trained(Baseline):
        @property
        def training_images(self):
            return {"blobs": [11, 15], "elsewhere": [12]}

    answer = lambda _image, annotation: smallest_box_labels(annotation)  # noqa: E731
    known: dict[str, Predictor] = {"trained": Trained("trained", answer), "none": Baseline("none", answer)}
    monkeypatch.setattr(jobs, "load_predictor", lambda spec, _threads: known[spec])
    report = evaluate(plan(dataset, Settings("trained", rounds=0)))
    assert (report["images"], report["left_out"]) == (3, 2)
    report = evaluate(plan(dataset, Settings("none", first_model="trained", rounds=0), limit=2))
    assert (report["images"], report["left_out"]) == (2, 2)
    with pytest.raises(EvaluationError, match="no photo is left to evaluate; 2 were trained on"):
        evaluate(plan(dataset.only([11, 15]), Settings("trained", rounds=0)))


def test_numbers_of_rounds_and_photos_that_cannot_be_are_refused(dataset):
    with pytest.raises(EvaluationError, match="rounds is a number of 0 or more, not -1"):
        Settings("smallest-box", rounds=-1)
    for limit in (0, -1):
        with pytest.raises(EvaluationError, match=f"limit is a number of 1 or more, not {limit}"):
            plan(dataset, Settings("smallest-box"), limit)


def test_a_model_is_loaded_once(dataset, monkeypatch):
    loaded: list[str] = []

    def load(spec: str, threads: int | None) -> Predictor:
        loaded.append(spec)
        return load_predictor(spec, threads)

    monkeypatch.setattr(jobs, "load_predictor", load)
    evaluate(plan(dataset, Settings("smallest-box", rounds=0)))
    assert loaded == ["smallest-box"]
    clicks.evaluate_clicks(dataset, clicks.ClickSettings("multi-object", "smallest-box"))
    assert loaded == ["smallest-box"] * 2


@pytest.mark.parametrize("listed", [[1, 2], {"coco": 5}, {"coco": ["photo.jpg"]}, "coco"])
def test_a_record_of_training_photos_that_nobody_can_read_is_refused(listed):
    with pytest.raises(ModelError, match=r"training_images .* ids by data set, not"):
        training_images({"training_images": listed})


def test_a_worker_that_finds_another_model_file_stops_the_run(dataset):
    class Changed(Baseline):
        @property
        def hash(self):
            return "what it was when the run was planned"

    planned = plan(dataset, Settings("smallest-box", rounds=0))
    setup: Any = planned.setup
    model = Changed("smallest-box", lambda _image, annotation: smallest_box_labels(annotation))
    with pytest.raises(EvaluationError, match="another model file under the same name"):
        evaluate(replace(planned, setup=replace(setup, model=model)))


def test_a_coco_photo_is_the_same_in_every_coco_data_set(dataset):
    class Trained(Baseline):
        @property
        def training_images(self):
            return {"coco-train100": [12], "bsds-train": [13], "panoptic_train2017": [11]}

    predictor = Trained("trained", lambda _image, annotation: smallest_box_labels(annotation))
    assert seen_in_training(dataset, predictor) == {11, 12}
    first, *others = dataset.records
    street = replace(first, file_name="street.jpg")  # which another data set happens to number as COCO's
    assert seen_in_training(Dataset("streets", (street, *others)), predictor) == {12}


def test_the_training_images_of_a_model_file():
    assert training_images({}) == training_images({"training_images": None}) == {}
    assert training_images({"training_images": {"a": [1, 2]}}) == {"a": frozenset({1, 2})}


def test_unknown_annotators_are_refused(dataset):
    with pytest.raises(AnnotatorError):
        evaluate(plan(dataset, Settings("smallest-box", annotator="nobody")))


def test_several_annotations_of_a_photo_are_drawn_together_in_the_interval(tmp_path):
    write_dataset(tmp_path, [blobs(seed) for seed in range(4)], image_ids=[1, 1, 1, 1])
    point = evaluate(plan(open_dataset(tmp_path), Settings("smallest-box", rounds=0)))["curve"][0]
    assert point["interval"] == pytest.approx([point["mean_iou"]] * 2)


def test_the_command(dataset, model, tmp_path):
    out = tmp_path / "out.json"
    folder = folder_of(dataset)
    options = ["--model", model, "--allocation", "free", "--rounds", "1", "--limit", "2", "--json", str(out)]
    options += ["--gallery", str(tmp_path / "gallery")]
    result = CliRunner().invoke(app, ["evaluate", folder, *options])
    assert result.exit_code == 0, result.output
    report = json.loads(out.read_text())
    assert (report["images"], report["allocation"], len(report["curve"])) == (2, "free", 2)
    assert len(list((tmp_path / "gallery").iterdir())) == 3
    assert f"blobs: 2 images, {report['regions']} regions" in result.output
    assert f"{100 * report['curve'][1]['mean_iou']:.1f}" in result.output


def folder_of(dataset: Dataset) -> str:
    return str(dataset.records[0].map.parent.parent)


QUICK = ["--model", "smallest-box", "--rounds", "0", "--json"]


def test_a_dash_prints_the_scores_and_nothing_else(dataset, tmp_path):
    result = CliRunner().invoke(app, ["evaluate", folder_of(dataset), *QUICK, "-"])
    assert result.exit_code == 0, result.output
    report = evaluate(plan(dataset, Settings("smallest-box", rounds=0)))
    assert json.loads(result.stdout) == json.loads(json.dumps(report))
    assert not Path("-").exists()


def test_a_device_or_a_pipe_is_not_replaced_and_a_link_stays_one(dataset, tmp_path):
    os.mkfifo(tmp_path / "pipe")
    result = CliRunner().invoke(app, ["evaluate", folder_of(dataset), *QUICK, str(tmp_path / "pipe")])
    assert result.exit_code == 2
    assert "is no file that could be written anew" in " ".join(result.output.replace("│", " ").split())
    assert (tmp_path / "pipe").is_fifo()
    (tmp_path / "link").symlink_to(tmp_path / "out.json")
    result = CliRunner().invoke(app, ["evaluate", folder_of(dataset), *QUICK, str(tmp_path / "link")])
    assert result.exit_code == 0, result.output
    assert (tmp_path / "link").is_symlink()
    assert json.loads((tmp_path / "out.json").read_text())["regions"] == 20


@pytest.mark.parametrize(
    ("place", "message"),
    [
        (["--json", "out.json"], "Interrupted: the same command goes on where it was\n"),
        ([], "Interrupted: nothing was kept; with --json FILE, the same command goes on where it was\n"),
    ],
)
def test_who_interrupts_a_command_is_told_how_to_go_on(dataset, tmp_path, monkeypatch, place, message):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("fullcanvas.evaluation.run.evaluate_sample", interrupted)
    result = CliRunner().invoke(app, ["evaluate", folder_of(dataset), *QUICK[:-1], *place])
    assert result.exit_code == 130
    assert result.stderr.endswith(message)


def interrupted(*_: object) -> None:
    raise KeyboardInterrupt


def test_a_command_that_never_begins_shows_no_bar():
    result = CliRunner().invoke(app, ["evaluate", "nowhere"])
    assert result.stderr.startswith("Error: nowhere")


def test_parts_of_a_data_set_share_no_photo_and_miss_none(dataset, tmp_path):
    settings = Settings("smallest-box", rounds=0)
    parts = [evaluate(plan(dataset, settings, fraction=0.5, part=part)) for part in (0, 1)]
    assert sum(part["images"] for part in parts) == 5
    assert [(part["fraction"], part["part"]) for part in parts] == [(0.5, 0), (0.5, 1)]
    whole = evaluate(plan(dataset, settings))["curve"][0]["mean_iou"]
    weighted = sum(part["regions"] * part["curve"][0]["mean_iou"] for part in parts)
    assert weighted / sum(part["regions"] for part in parts) == pytest.approx(whole)
    with pytest.raises(EvaluationError, match="there are 2 parts"):
        evaluate(plan(dataset, settings, fraction=0.5, part=2))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["nowhere"], "nowhere: there is no such file or folder"),
        (["--model", "nothing.zip"], "nothing.zip"),
        (["--model", "smallest-box", "--annotator", "nobody"], "unknown annotator"),
        (["--model", "smallest-box", "--jobs", "0"], "jobs is a number of processes, or -1"),
        (["--model", "smallest-box", "--json", "/dev/null/x.json"], "Not a directory"),
        (["--model", "watershed"], 'pip install "fullcanvas[experiments]"'),
    ],
)
def test_the_command_says_what_is_wrong(dataset, arguments, message, monkeypatch):
    monkeypatch.setitem(sys.modules, "skimage.segmentation", None)  # as where the extra is not installed
    monkeypatch.delitem(sys.modules, "fullcanvas.evaluation.baselines.seeded", raising=False)
    monkeypatch.delattr("fullcanvas.evaluation.baselines.seeded", raising=False)  # other tests imported it
    folder = [] if arguments == ["nowhere"] else [folder_of(dataset)]
    result = CliRunner().invoke(app, ["evaluate", *folder, *arguments])
    assert result.exit_code == 2
    assert message in result.output
    assert isinstance(result.exception, SystemExit)
