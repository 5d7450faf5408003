"""A training from the command line to the model file, and what that file answers."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
from typer.testing import CliRunner

from fullcanvas.annotation import AddRegion, Annotation, DrawScribble
from fullcanvas.cli import app
from fullcanvas.datasets import open_dataset
from fullcanvas.evaluation.baselines.smallest_box import smallest_box_labels
from fullcanvas.files import alone
from fullcanvas.inference import Segmenter
from fullcanvas.learning import checkpoint
from fullcanvas.learning.competition import label_map
from fullcanvas.learning.config import Config, NetworkConfig, from_table
from fullcanvas.learning.network import Network
from fullcanvas.learning.origin import licence_sentence
from fullcanvas.learning.rounds import first_marks, predict
from fullcanvas.learning.run import start
from fullcanvas.learning.sources import is_held_back
from fullcanvas.learning.train import LOCK
from fullcanvas.learning.validation import padded
from fullcanvas.learning.weights import fill, read_weights
from fullcanvas.simulation.extreme import extreme_points
from fullcanvas.simulation.overlap import confusion, region_ious
from tests.learning import toy


def run_command(*arguments):
    return CliRunner().invoke(app, [str(each) for each in arguments])


def annotated(sample):
    annotation = Annotation(toy.SIDE, toy.SIDE)
    rng = np.random.default_rng(sample.image_id)
    for segment in sample.segments:
        points = extreme_points(sample.labels == segment.id, rng)
        annotation = annotation.append(AddRegion(segment.id, points))
    return annotation


def average_of(path):
    state = checkpoint.load(path)
    network = Network(Config.from_mapping(state["config"]).network)
    network.load_state_dict(state["average"])
    return network.eval()


def best_logits(network, image, annotation):
    with torch.no_grad():
        embedding = network.encoder(padded(image))[0]
        regions = list(annotation.regions.values())
        return predict(network, [embedding], [first_marks(regions)], image.shape[:2]).canvases[0]


def test_training_lowers_the_loss_and_says_how_it_goes(trained):
    lines = [json.loads(line) for line in (trained.folder / "log.jsonl").read_text().splitlines()]
    losses = [line["loss"] for line in lines if "loss" in line]
    curves = [line["curve"] for line in lines if "curve" in line]
    assert [line["step"] for line in lines if "curve" in line] == [30, 60]
    assert losses[-1] < 0.75 * losses[0]  # means of 20 steps
    assert curves[-1][-1] > curves[-1][0]  # scribbles help
    assert all(len(curve) == 5 for curve in curves)
    assert all(0 <= line["waiting"] <= 1 for line in lines if "loss" in line)
    for word in ("loss", "held-back IoU", "images/s", "waiting for data", "min left", "Wrote"):
        assert word in trained.output
    board = EventAccumulator(str(trained.folder / "tensorboard")).Reload()
    written = {tag: [event.step for event in board.Scalars(tag)] for tag in board.Tags()["scalars"]}
    noted = ("loss", "learning rate", "images per second", "waiting for data")
    curve = {f"held-back IoU/{rounds} rounds": [30, 60] for rounds in range(5)}
    assert written == {tag: [20, 40, 60] for tag in noted} | curve


def test_the_trained_model_beats_the_smallest_box(trained, toy_set):
    segmenter = Segmenter.load(trained.model)
    ours, theirs = [], []
    for sample in open_dataset(toy_set):
        annotation, count = annotated(sample), len(sample.segments)
        session = segmenter.open(sample.image, annotation)
        ours += list(region_ious(confusion(sample.labels, session.label_map, count)))
        theirs += list(region_ious(confusion(sample.labels, smallest_box_labels(annotation), count)))
    assert np.mean(ours) > np.mean(theirs) + 0.03


def test_the_model_file_answers_as_torch_does(trained, toy_set):
    network, segmenter = average_of(trained.folder / "checkpoint.pt"), Segmenter.load(trained.model)
    for index in (0, 5):
        sample = open_dataset(toy_set).load(index)
        annotation = annotated(sample).append(DrawScribble(1, ((30, 30), (50, 40), (60, 41))))
        canvas = best_logits(network, sample.image, annotation)
        ours = segmenter.open(sample.image, annotation).label_map
        differs = ours != label_map(canvas)
        ys, xs = np.nonzero(differs)
        on_scribble = (xs >= 30) & (xs <= 60) & (ys >= 29) & (ys <= 42) & (ours[ys, xs] == 1)
        top = canvas.topk(2, 0).values
        near_tie = (top[0] - top[1]).numpy()[ys, xs] < 0.05
        assert (near_tie | on_scribble).all()
        assert differs.mean() < 0.02


def test_the_model_file_says_where_it_comes_from(trained, toy_set):
    segmenter = Segmenter.load(trained.model)
    record = segmenter.provenance
    ids = record["training_images"]["toy"]
    assert ids == sorted(ids)
    assert set(ids) <= set(open_dataset(toy_set).image_ids)
    assert not any(is_held_back(image_id, 4) for image_id in ids)
    assert record["steps"] == 60
    assert record["seed"] == 0
    assert record["seconds"] > 0
    assert len(record["held_back_curve"]) == 5
    assert record["configuration"]["network"]["channels"] == 8
    assert record["data_sets"] == [
        {"path": "toy", "weight": 2.0, "licence": "public domain", "fraction": 1.0, "part": 0}
    ]
    assert set(record["versions"]) >= {"fullcanvas", "torch", "timm", "onnxruntime"}
    assert "divisible by 4" in record["held_back"]
    assert segmenter.licence.startswith("CC0. Trained on toy (public domain)")


def test_torch_loads_a_model_file_and_answers_like_it(trained):
    weights = read_weights(trained.model)
    network = Network(weights.network)
    fill(network, weights)
    network.eval()
    segmenter = Segmenter.load(trained.model)
    image = np.random.default_rng(0).integers(0, 256, (toy.SIDE, toy.SIDE, 3), np.uint8)
    with torch.no_grad():
        embedding = network.encoder(padded(image))[0].numpy()
        logits = network.head(*network.example(4)).numpy()
    expected = segmenter.encode(image).array
    np.testing.assert_allclose(embedding, expected, atol=2e-3 * np.abs(expected).max())
    names = ("features", "annotation", "geometry")
    inputs = {name: each.numpy() for name, each in zip(names, network.example(4), strict=True)}
    answered = segmenter._head.run(inputs)
    np.testing.assert_allclose(logits, answered, atol=2e-3 * np.abs(answered).max())


def test_fine_tuning_starts_from_the_model_file(trained, toy_set, tmp_path, exported):
    """From the shipped file alone, on another data set, with a configuration that names no network."""
    other = toy.write_toy_set(tmp_path / "other", 4)
    training = toy.TRAINING | {"learning_rate": 1e-3, "steps": 3, "held_back": 0}
    config = toy.write_toml(tmp_path / "tune.toml", {"name": "tuned", "training": training})
    result = run_command("train", config, "--init", trained.model, "--data", other, "--out", tmp_path / "out")
    assert result.exit_code == 0, result.output
    state = checkpoint.load(tmp_path / "out" / "checkpoint.pt")
    before = checkpoint.load(trained.folder / "checkpoint.pt")
    assert state["config"]["network"] == before["config"]["network"]
    assert set(state["trained_on"]) == {"toy", "other"}
    assert state["folded"]
    name = "head.enter.1.running_mean"
    assert torch.equal(state["network"][name], torch.zeros_like(state["network"][name]))
    assert state["origin"]["model"]["name"] == "toy"
    sentence = exported[0][1]["licence"]
    assert "Its first weights came from toy: CC0. Trained on toy (public domain)" in sentence


def test_another_backbone_goes_under_a_trained_head(trained, toy_set):
    """From a model file, whose backbone has other layers of the same names."""
    weights = read_weights(trained.model)
    shape = {**toy.NETWORK, "backbone": "test_resnet"}
    config = toy.toy_config(sources=[{"path": str(toy_set)}])
    config = replace(config, network=from_table(NetworkConfig, shape))
    run = start(config, toy.CPU, weights)
    assert run.folded
    begun = run.network.state_dict()
    assert torch.equal(begun["head.out.weight"], weights.state["head.out.weight"])
    torch.manual_seed(config.training.seed)
    for name, value in Network(config.network).encoder.body.state_dict().items():
        assert torch.equal(begun[f"encoder.body.{name}"], value), name
    assert run.origin["backbone"] == "random numbers"
    sentence = licence_sentence(config, run.origin)
    assert " With random numbers as its backbone's first weights. Its first weights came from t" in sentence


def test_a_finished_run_is_not_trained_again(trained, toy_set, exported, tmp_path):
    before = (trained.folder / "checkpoint.pt").read_bytes()
    arguments = ["train", trained.config, "--data", toy_set.parent, "--out"]
    refused = run_command(*arguments, trained.folder)
    assert refused.exit_code == 2
    assert "holds a finished run of 60 steps and its model file: name another" in refused.output
    assert not exported
    # Where the end came before the model file was written, it is written now.
    (tmp_path / "checkpoint.pt").write_bytes(before)
    result = run_command(*arguments, tmp_path)
    assert result.exit_code == 0
    assert "going on from step 60" in result.output
    assert len(exported) == 1
    assert (tmp_path / "checkpoint.pt").read_bytes() == before


def test_an_older_model_file_does_not_pass_for_that_of_a_run_that_broke_off(
    trained, toy_set, tmp_path, exported, monkeypatch
):
    (tmp_path / "checkpoint.pt").write_bytes((trained.folder / "checkpoint.pt").read_bytes())
    (tmp_path / "model.zip").write_bytes(trained.model.read_bytes())
    arguments = ["train", trained.config, "--data", toy_set.parent, "--out", tmp_path]
    longer = [*arguments, "--set", "training.steps=61"]

    def killed(*_arguments):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("fullcanvas.learning.train.export_run", killed)
        assert run_command(*longer).exit_code != 0
    assert not (tmp_path / "model.zip").exists()
    finished = run_command(*longer)
    assert finished.exit_code == 0, finished.output
    ((_, description),) = exported
    assert description["provenance"]["steps"] == 61


def test_a_model_file_that_no_run_left_is_never_touched(trained, toy_set, tmp_path):
    theirs = tmp_path / "model.zip"
    theirs.write_bytes(b"somebody's own")
    arguments = ["train", trained.config, "--data", toy_set.parent, "--out", tmp_path]
    for more in ([], ["--no-resume"]):
        refused = run_command(*arguments, *more)
        assert refused.exit_code == 2
        assert "holds a model.zip and no checkpoint.pt" in refused.output
        assert theirs.read_bytes() == b"somebody's own"


def test_what_would_be_ignored_or_overwritten_is_refused(trained, toy_set, tmp_path):
    arguments = ["train", trained.config, "--data", toy_set.parent, "--out"]
    unwanted = run_command(*arguments, tmp_path / "out", "--sibling", "nowhere.zip")
    assert unwanted.exit_code == 2
    assert "learns from its own errors" in unwanted.output
    (tmp_path / "file").touch()
    taken = run_command(*arguments, tmp_path / "file")
    assert taken.exit_code == 2
    assert "is a file: name a folder" in taken.output


def test_a_run_goes_on_only_from_the_weights_that_it_began_from(trained, toy_set, tmp_path, exported):
    training = toy.TRAINING | {"steps": 1, "held_back": 0, "validate_every": 9}
    config = toy.write_toml(tmp_path / "tune.toml", {"name": "tuned", "training": training})
    arguments = ["train", config, "--data", toy_set, "--out", tmp_path / "out", "--set", "training.steps=2"]
    begun = run_command(*arguments[:-2], "--init", trained.model)
    assert begun.exit_code == 0, begun.output
    other = run_command(*arguments, "--init", trained.folder / "checkpoint.pt")
    assert other.exit_code == 2
    assert "did not begin from" in other.output
    assert run_command(*arguments, "--init", trained.model).exit_code == 0
    assert len(exported) == 2


@pytest.fixture
def exported(monkeypatch):
    """What would be written as a model file: networks and descriptions, one pair per export."""
    found = []

    def note(network, _path, description, _working_size):
        found.append((network, description))
        return "hash"

    monkeypatch.setattr("fullcanvas.learning.kinds.export", note)
    return found


def test_any_checkpoint_can_be_exported(trained, tmp_path, exported, monkeypatch):
    checkpoint_file = str(trained.folder / "checkpoint.pt")
    said = ["--name", "renamed", "--licence", "CC BY 4.0"]
    arguments = ["export-model", checkpoint_file, "--out", str(tmp_path / "x.zip"), *said]
    monkeypatch.setattr("sys.argv", ["/somewhere/bin/fullcanvas", *arguments])
    assert run_command(*arguments).exit_code == 0
    ((network, description),) = exported
    expected = average_of(trained.folder / "checkpoint.pt").state_dict()
    assert all(torch.equal(value, expected[name]) for name, value in network.state_dict().items())
    original = Segmenter.load(trained.model).provenance
    assert description["provenance"]["command"].startswith("fullcanvas export-model ")
    for key in ("training_images", "held_back_curve", "steps", "seconds", "data_sets"):
        assert description["provenance"][key] == original[key]
    assert description["name"] == "renamed"
    assert description["licence"].startswith("CC BY 4.0. Trained on")


def test_what_a_checkpoint_passes_on_is_whole(trained, toy_set, tmp_path, exported):
    """Photos, licence and first weights of the network that one begins from, whatever file it comes in."""
    tuned = toy.TRAINING | {"steps": 1, "held_back": 0, "validate_every": 9}
    config = toy.write_toml(tmp_path / "tune.toml", {"name": "tuned", "training": tuned})
    for init in (trained.model, trained.folder / "checkpoint.pt"):
        out = tmp_path / Path(init).name
        result = run_command("train", config, "--init", init, "--data", toy_set, "--out", out)
        assert result.exit_code == 0, result.output
    (_, of_model), (_, of_checkpoint) = exported
    assert of_model["licence"] == of_checkpoint["licence"]
    assert "came from toy: CC0. Trained on toy (public domain)" in of_model["licence"]
    assert "The backbone's first weights: random numbers" in of_model["licence"]
    one, other = (each["provenance"]["first_weights"]["model"] for each in (of_model, of_checkpoint))
    assert one["first_weights"] == other["first_weights"] == {"backbone": "random numbers"}


def test_the_terms_of_several_stages_are_said_once():
    """Those of another stage in full; and what a stage before it said stays what it was."""
    config = toy.toy_config(sources=[{"path": "toy", "licence": "public domain"}])
    other = replace(toy.toy_config(sources=[{"path": "more", "licence": "CC BY"}]), licence="MIT")
    first = licence_sentence(config, {"backbone": "random numbers"})
    second = licence_sentence(config, {"model": {"name": "first", "licence": first}})
    third = licence_sentence(config, {"model": {"name": "second", "licence": second}})
    own = "CC0. Trained on toy (public domain); photos and annotations keep these terms."
    assert first == f"{own} The backbone's first weights: random numbers."
    assert third == (
        f"{own} Its first weights came from second: the terms named first. "
        "Its first weights came from first: the terms named first. "
        "The backbone's first weights: random numbers."
    )
    model = {"name": "first", "licence": first}
    assert licence_sentence(other, {"model": model}).endswith(f"from first: {first}")
    joined = licence_sentence(other, {"model": model, "context": "a transformer (MIT)"})
    assert " With a transformer (MIT). Its first weights came from first: CC0." in joined


def test_a_second_training_in_the_same_folder_is_refused(tmp_path, toy_set):
    config = toy.write_toml(tmp_path / "toy.toml", {"name": "toy"})
    (tmp_path / "out").mkdir()
    with alone(tmp_path / "out" / LOCK):
        result = run_command("train", config, "--data", toy_set, "--out", tmp_path / "out")
    assert result.exit_code == 2
    assert "another training goes on in" in result.output
    assert [path.name for path in (tmp_path / "out").iterdir()] == [LOCK]


@pytest.mark.parametrize("command", ["train", "export-model"])
def test_a_place_that_cannot_be_written_is_refused_in_one_line(command, trained, toy_set, tmp_path, exported):
    """Before the work, not after it."""
    (tmp_path / "file").touch()
    config = toy.write_toml(tmp_path / "toy.toml", {"name": "toy"})
    inputs = [config, "--data", toy_set] if command == "train" else [trained.folder / "checkpoint.pt"]
    result = run_command(command, *inputs, "--out", tmp_path / "file" / "out")
    assert result.exit_code == 2
    assert result.output.startswith("Error: ")
    assert "file" in result.output
    assert not exported


def test_a_missing_photo_is_named_before_training_begins(tmp_path):
    folder = toy.write_toy_set(tmp_path / "toy", 4)
    photo = sorted((folder / "images").iterdir())[2]
    photo.unlink()
    config = toy.write_toml(tmp_path / "toy.toml", {"name": "toy"})
    result = run_command("train", config, "--data", folder, "--out", tmp_path / "out")
    assert result.exit_code == 2
    assert result.output == f"Error: 1 photos are missing: {photo}\n"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["missing.toml"], "missing.toml"),
        (["{config}", "--init", "nowhere.zip"], "no model file"),
        (["{config}", "--init", "nowhere.pt"], "no checkpoint"),
        (["{config}"], "toy is missing"),
    ],
)
def test_what_cannot_be_trained_is_said_in_one_line(arguments, message, trained, tmp_path):
    filled = [each.format(config=trained.config) for each in arguments]
    result = run_command("train", *filled, "--out", tmp_path)
    assert result.exit_code == 2
    assert message in result.output
    assert len(result.output.strip().splitlines()) == 1
