"""DEXTR: its cutouts, its loss, its network, and a run of it from training to the harness."""

from __future__ import annotations

import math
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from fullcanvas.annotation import Region
from fullcanvas.annotation.marks import Marks
from fullcanvas.datasets import open_dataset
from fullcanvas.evaluation.load import load_predictor
from fullcanvas.evaluation.predictors import SingleRegionPredictor
from fullcanvas.evaluation.run import Settings, evaluate, plan
from fullcanvas.inference.dextr import Dextr, cutout, cutout_box, mask_of, padded_crop
from fullcanvas.inference.model_file import ModelError
from fullcanvas.learning import checkpoint, dextr
from fullcanvas.learning.config import Config
from fullcanvas.learning.dextr import Cutouts, DextrNetwork, balanced_loss
from fullcanvas.learning.kinds import KINDS
from fullcanvas.learning.run import restore, start
from fullcanvas.learning.sources import open_sources
from fullcanvas.learning.train import export_run, train_to_end
from fullcanvas.simulation.single_region import OWN, REST
from tests.learning import toy
from tests.learning.test_paper_models import ALONE, CONFIGS
from tests.learning.toy import CPU, HERE

POINTS = ((4, 20), (40, 22), (20, 2), (22, 30))


def test_a_cutout_reaches_beyond_the_box_and_is_black_beyond_the_photo():
    image = np.full((40, 60, 3), 200, np.uint8)
    box = cutout_box(POINTS, 10)
    assert box == (-6, -8, 51, 41)
    part = padded_crop(image, box)
    assert part.shape == (49, 57, 3)
    assert not part[:8].any()
    assert not part[:, :6].any()
    assert (part[8:48, 6:] == 200).all()


def test_a_cutout_reaches_50_pixels_beyond_the_box_as_the_papers_does():
    assert cutout_box(POINTS) == (-46, -48, 91, 81)


def test_the_heat_map_is_highest_at_the_points():
    image = np.zeros((40, 60, 3), np.uint8)
    box = cutout_box(POINTS, 10)
    seen = cutout(image, POINTS, box, 64)
    assert seen.shape == (4, 64, 64)
    for x, y in POINTS:
        column, row = (x - box[0] + 0.5) * 64 / 57, (y - box[1] + 0.5) * 64 / 49
        assert seen[3, int(row), int(column)] > 0.95
    assert seen[3, 0, 0] < 0.1


def test_a_mask_lies_where_its_cutout_was():
    box = cutout_box(POINTS, 10)
    inside = padded_crop(np.ones((40, 60), np.float32), box)
    logits = np.where(np.arange(64) < 32, 1.0, -1.0)[None].repeat(64, 0).astype(np.float32)
    mask = mask_of(logits, box, 60, 40)
    assert mask.shape == (40, 60)
    assert mask[:, :22].all()  # the middle of the cutout is at 22.5
    assert not mask[:, 23:].any()
    assert inside.sum() == 40 * 51


def test_the_loss_equals_its_definition():
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 2, (2, 6, 5))
    truth = rng.integers(0, 3, (2, 6, 5))
    means = []
    for each, labels in zip(logits, truth, strict=True):
        known = [(x, label) for x, label in zip(each.flat, labels.flat, strict=True) if label]
        own = sum(label == OWN for _, label in known) / len(known)
        losses = [
            -math.log(1 / (1 + math.exp(-x if label == OWN else x))) * (1 - own if label == OWN else own)
            for x, label in known
        ]
        means.append(sum(losses) / len(known))
    found = balanced_loss(torch.from_numpy(logits), torch.from_numpy(truth))
    assert found.item() == pytest.approx(np.mean(means), rel=1e-6)


def test_the_papers_network_answers_and_starts_from_three_channels():
    config = Config.read(CONFIGS / "paper" / "dextr.toml")
    assert (config.network.backbone, config.training.crop) == ("resnet101", 512)
    network = DextrNetwork(config.network, 64).eval()
    with torch.no_grad():
        assert network(torch.zeros(1, 4, 64, 64)).shape == (1, 64, 64)
    wide = network.body.state_dict()
    narrow = {name: value[:, :3] if name == "conv1.weight" else value for name, value in wide.items()}
    state = dextr.widened(narrow, wide)
    assert torch.equal(state["conv1.weight"][:, :3], wide["conv1.weight"][:, :3])
    assert not state["conv1.weight"][:, 3].any()


@pytest.fixture(scope="module")
def config(toy_set):
    return toy.toy_config(
        network=ALONE | {"kind": "dextr", "channels": 8},
        sources=[{"path": str(toy_set)}],
        loss="mask-wise",
        regions="things",
        steps=6,
        validate_every=6,
        freeze_norms=0.5,
    )


@pytest.fixture(scope="module")
def folder(config, tmp_path_factory) -> Path:
    """A short run: its checkpoint and its model file."""
    folder: Path = tmp_path_factory.mktemp("dextr")
    run = start(config, CPU)
    train_to_end(run, open_sources(config, []), folder / "checkpoint.pt", HERE, [])
    assert len(run.curve) == 1
    export_run(run, folder / "model.zip")
    return folder


def test_examples_are_things_alone_and_depend_on_their_number(config):
    cutouts = Cutouts(open_sources(config, []), config.training)
    for number in range(4):
        example = cutouts[number]
        assert example.seen.shape == (4, 64, 64)
        assert (example.truth == OWN).any()
        assert set(np.unique(example.truth)) <= {0, OWN, REST}
        np.testing.assert_array_equal(example.seen, cutouts[number].seen)


def test_the_model_file_answers_as_torch_does(folder, toy_set):
    state = checkpoint.load(folder / "checkpoint.pt")
    network = restore(state, Config.from_mapping(state["config"]), CPU).average.eval()
    image = open_dataset(toy_set).load(0).image
    box = cutout_box(POINTS)
    with torch.no_grad():
        logits = network(torch.from_numpy(cutout(image, POINTS, box, 64)[None]))[0].numpy()
    expected = mask_of(logits, box, toy.SIDE, toy.SIDE)
    predictor = load_predictor(f"dextr:{folder / 'model.zip'}")
    assert isinstance(predictor, SingleRegionPredictor)
    (mask,) = predictor.look_at(image).masks([Marks(Region(1, POINTS))])
    assert (mask != expected).mean() < 0.01


def test_dextr_is_scored_like_single_region_models(folder, toy_set):
    report = evaluate(plan(open_dataset(toy_set), Settings(f"dextr:{folder / 'model.zip'}", rounds=0)))
    assert 0 < report["curve"][0]["mean_iou"] < 1
    assert report["left_out"] > 0


def test_a_run_resumes_exactly(config, tmp_path):
    sets = open_sources(config, [])
    straight = start(config, CPU)
    train_to_end(straight, sets, tmp_path / "one.pt", HERE, [])
    half = start(replace(config, training=replace(config.training, checkpoint_every=3)), CPU)
    states = []

    class Stop(Exception):  # noqa: N818
        pass

    class Watch:
        def stepped(self, run, pace):
            if run.step == 3:
                states.append(run.state())
                checkpoint.save(tmp_path / "two.pt", run.state())
                raise Stop

        def validated(self, run):
            pass

    with pytest.raises(Stop):
        train_to_end(half, sets, tmp_path / "two.pt", HERE, [Watch()])
    again = restore(checkpoint.load(tmp_path / "two.pt"), config, CPU)
    train_to_end(again, sets, tmp_path / "two.pt", HERE, [])
    expected = straight.network.state_dict()
    assert all(torch.equal(value, expected[name]) for name, value in again.network.state_dict().items())


def test_what_is_no_dextr_model_is_refused(tmp_path, config):
    assert isinstance(KINDS[config.network.kind].make(config), DextrNetwork)
    with pytest.raises(ModelError, match="no model file"):
        Dextr.load(tmp_path / "none.zip")
    (tmp_path / "text.zip").write_text("hello")
    with pytest.raises(ModelError, match="not a DEXTR model file"):
        Dextr.load(tmp_path / "text.zip")
