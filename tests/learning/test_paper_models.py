"""The models of the paper: every kind learns, is written and is scored; rows differ where they should."""

from __future__ import annotations

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
from fullcanvas.learning import checkpoint
from fullcanvas.learning.config import Config
from fullcanvas.learning.errors import ConfigError, RunError, WeightsError
from fullcanvas.learning.network import Network
from fullcanvas.learning.rounds import predict
from fullcanvas.learning.run import start
from fullcanvas.learning.samples import Crops
from fullcanvas.learning.sources import open_sources
from fullcanvas.learning.step import train_step
from fullcanvas.learning.train import export_checkpoint, join_sibling, with_classes
from fullcanvas.learning.validation import padded, validate
from fullcanvas.learning.weights import fill, read_weights
from fullcanvas.simulation.annotators import Allocation, PaperAnnotator
from tests.learning import toy
from tests.learning.toy import CPU, HERE, toy_batches

CONFIGS = Path(__file__).parents[2] / "configs"
CELLS = ("single-region", "mask-wise-shared", "pixel-wise-not-shared", "full-image")
ALONE = {"canvas": False, "grow_boxes": False, "ink_constraint": False, "shared": False}
CLASSES = {"class_specific": True, "class_channels": 16, "head": "convolutions", "prior": False}


def read(kind, name):
    return Config.read(CONFIGS / kind / f"{name}.toml")


@pytest.mark.parametrize("kind", ["paper", "small"])
def test_the_cells_of_table_2_differ_in_loss_and_sharing_alone(kind):
    cells = {name: read(kind, name) for name in CELLS}
    told = {name: (cell.training.loss, cell.network.shared) for name, cell in cells.items()}
    assert told == {
        "single-region": ("mask-wise", False),
        "mask-wise-shared": ("mask-wise", True),
        "pixel-wise-not-shared": ("pixel-wise", False),
        "full-image": ("pixel-wise", True),
    }
    first, *others = (
        (
            replace(cell.network, shared=True, canvas=True),
            replace(cell.training, loss="pixel-wise"),
            cell.sources,
        )
        for cell in cells.values()
    )
    assert all(other == first for other in others)


@pytest.mark.parametrize("kind", ["paper", "small"])
@pytest.mark.parametrize("name", ["single-region", "full-image"])
def test_scribble_models_are_their_siblings_on_other_photos(kind, name):
    sibling, config = read(kind, name), read(kind, f"{name}-scribble")
    assert config.network == sibling.network
    assert config.training.sibling == name
    assert sibling.training.rounds == (0,)
    assert min(config.training.rounds) > 0
    assert {source.part for source in sibling.sources} == {0}
    assert {source.part for source in config.sources} == {1}


def test_the_papers_configurations_say_what_the_paper_says():
    for path in sorted((CONFIGS / "paper").glob("*.toml")):
        network = Config.read(path).network
        if network.kind == "dextr":
            continue
        objects = path.stem == "single-region-objects"
        assert (network.roi_size, network.mask_size) == ((14, 33) if objects else (41, 41))
        assert network.backbone == ("resnet101" if objects else "resnet50")
        assert network.channels == 256
        assert network.class_specific
        assert not any((network.prior, network.grow_boxes, network.ink_constraint))
        assert network.points == ("heat-maps" if objects else "discs")
    for path in sorted((CONFIGS / "small").glob("*.toml")):
        config = Config.read(path)
        assert not any((config.network.prior, config.network.class_specific))


def test_rows_that_are_compared_have_the_same_budget():
    training = {path.stem: Config.read(path).training for path in (CONFIGS / "small").glob("*.toml")}
    budgets = {name: (each.steps, each.images_per_step, each.crop) for name, each in training.items()}
    assert all(each.minutes == 0 for each in training.values()), "a clock's budget differs from run to run"
    scribbles = [budgets.pop(name) for name in ("single-region-scribble", "full-image-scribble")]
    budgets.pop("dextr")  # it sees cutouts, not photos
    assert len(set(scribbles)) == len(set(budgets.values())) == 1


@pytest.mark.parametrize("name", ["full-image", "single-region-objects"])
def test_the_papers_networks_answer(name):
    config = replace(read("paper", name).network, classes=(1, 2, 3))
    network = Network(config).eval()
    with torch.no_grad():
        assert network.encoder(torch.zeros(1, 3, 64, 64)).shape == (1, 256, 16, 16)
        assert network.head(*network.example(2)).shape == (2, config.mask_size, config.mask_size)


def setting(toy_set, network, **training):
    sources = [{"path": str(toy_set)}]
    config = toy.toy_config(network=network, sources=sources, images_per_step=2, **training)
    sets = open_sources(config, [])
    return with_classes(config, sets), sets


@pytest.mark.parametrize(
    ("network", "training"),
    [
        (ALONE, {"loss": "mask-wise"}),
        (ALONE | {"shared": True}, {"loss": "mask-wise", "rounds": [0]}),
        (ALONE | {"points": "heat-maps"}, {"loss": "mask-wise", "regions": "things"}),
        (CLASSES, {}),
        (ALONE | CLASSES, {"loss": "mask-wise"}),
    ],
    ids=["single-region", "mask-wise-shared", "heat-maps", "class-specific", "class-specific-single-region"],
)
def test_every_kind_learns_and_is_scored(network, training, toy_set):
    config, sets = setting(toy_set, network, **training)
    run = start(config, CPU)
    before = {name: value.clone() for name, value in run.network.named_parameters()}
    crops = toy_batches(sets, config)
    losses = [train_step(run, next(crops), HERE) for _ in range(2)]
    assert np.isfinite(losses).all()
    still = [name for name, value in run.network.named_parameters() if torch.equal(value, before[name])]
    assert not [name for name in still if name.startswith("head.")]
    assert isinstance(run.average, Network)
    curve = validate(run.average, [sets[0].held_back.load(0)], toy.SIDE, rounds=1)
    assert len(curve) == 2
    assert all(0 <= value <= 1 for value in curve)


def test_the_overlap_has_its_share_of_the_loss(toy_set):
    losses = []
    for share in (0.0, 0.25, 1.0):
        config, sets = setting(toy_set, {}, overlap=share)
        run = start(config, CPU)
        losses.append(train_step(run, next(toy_batches(sets, config)), HERE))
    assert losses[0] != pytest.approx(losses[2], abs=0.01)
    assert losses[1] == pytest.approx(0.75 * losses[0] + 0.25 * losses[2], rel=1e-4)


def test_crops_know_the_classes_of_their_regions(toy_set):
    """In the toy set regions 1 and 3 are things, category 1; the background is stuff, category 2."""
    config, sets = setting(toy_set, CLASSES)
    assert config.network.classes == (1, 2)
    crops = Crops(sets, config.training, config.network.classes)
    backgrounds = []
    for number in range(12):
        crop = crops[number]
        assert len(crop.classes) == len(crop.regions)
        backgrounds.append(crop.classes.count(1))
    assert set(backgrounds) in ({1}, {0, 1})


def test_only_things_are_trained_on_if_wanted(toy_set):
    config, sets = setting(toy_set, CLASSES, regions="things")
    crops = Crops(sets, config.training, config.network.classes)
    assert {place for number in range(8) for place in crops[number].classes} == {0}


def test_a_class_specific_head_answers_with_its_own_choice():
    torch.manual_seed(0)
    network = Network(replace(toy.toy_config(network=CLASSES).network, classes=(1, 2, 5))).eval()
    inputs = network.example(6)
    with torch.no_grad():
        told = [network.answer(inputs, torch.full((6,), place)) for place in range(3)]
        chosen = network.answer(inputs)[0]
    class_logits = told[0][1]
    assert class_logits is not None
    for region, place in enumerate(class_logits.argmax(1).tolist()):
        torch.testing.assert_close(chosen[region], told[place][0][region])
    assert not torch.allclose(told[0][0], told[1][0])


def test_parts_of_a_source_share_no_photo(toy_set):
    parts = []
    for part in (0, 1):
        source = {"path": str(toy_set), "fraction": 0.5, "part": part}
        (only,) = open_sources(toy.toy_config(sources=[source], held_back=0), [])
        parts.append(set(only.training.image_ids))
    assert len(parts[0]) == len(parts[1]) == 5
    assert not parts[0] & parts[1]
    with pytest.raises(ConfigError, match="fraction is above 0"):
        open_sources(toy.toy_config(sources=[{"path": str(toy_set), "fraction": 0.0}]), [])


@pytest.fixture(scope="module")
def single(toy_set, tmp_path_factory):
    """A class-specific single-region model after a few steps: its checkpoint and model file."""
    folder = tmp_path_factory.mktemp("single")
    config, sets = setting(toy_set, ALONE | CLASSES, loss="mask-wise", rounds=[0])
    run = start(config, CPU)
    crops = toy_batches(sets, config)
    for _ in range(8):
        train_step(run, next(crops), HERE)
    checkpoint.save(folder / "checkpoint.pt", run.state())
    export_checkpoint(folder / "checkpoint.pt", folder / "model.zip")
    return folder


def test_a_single_region_model_is_scored_as_torch_answers(single, toy_set):
    weights = read_weights(single / "checkpoint.pt")
    network = Network(weights.network)
    fill(network, weights)
    network.eval()
    sample = open_dataset(toy_set).load(0)
    points = PaperAnnotator().mark(sample.labels, np.random.default_rng(0))
    marks = [Marks(Region(id_, four)) for id_, four in enumerate(points, 1)]
    with torch.no_grad():
        embedding = network.encoder(padded(sample.image))[0]
        (canvas,) = predict(network, [embedding], [marks], (toy.SIDE, toy.SIDE)).canvases
    predictor = load_predictor(str(single / "model.zip"))
    assert isinstance(predictor, SingleRegionPredictor)
    for mask, logits in zip(predictor.look_at(sample.image).masks(marks), canvas.numpy(), strict=True):
        sure = np.abs(logits) > 0.05
        assert sure.mean() > 0.5
        np.testing.assert_array_equal(mask[sure], (logits > 0)[sure])


def test_a_single_region_model_goes_through_the_rounds(single, toy_set):
    settings = Settings(str(single / "model.zip"), allocation=Allocation.ONE_PER_REGION, rounds=1)
    report = evaluate(plan(open_dataset(toy_set), settings))
    assert report["left_out"] > 0  # photos that it was trained on
    assert len(report["curve"]) == 2


def test_a_scribble_model_learns_from_its_siblings_errors(single, toy_set):
    training = {"loss": "mask-wise", "rounds": [1, 2], "sibling": "toy"}
    config, sets = setting(toy_set, ALONE | CLASSES, **training)
    run = start(config, CPU)
    join_sibling(run, str(single / "model.zip"), CPU)
    assert run.sibling is not None
    frozen = {name: value.clone() for name, value in run.sibling.state_dict().items()}
    crops = toy_batches(sets, config)
    assert np.isfinite([train_step(run, next(crops), HERE) for _ in range(2)]).all()
    assert all(torch.equal(value, frozen[name]) for name, value in run.sibling.state_dict().items())
    assert run.origin["sibling"]["name"] == "toy"
    with pytest.raises(RunError, match="another sibling"):
        join_sibling(run, str(single / "checkpoint.pt"), CPU)
    with pytest.raises(RunError, match="name it by --sibling"):
        join_sibling(run, None, CPU)
    other, _ = setting(toy_set, {"grow_boxes": False}, sibling="toy")
    with pytest.raises(RunError, match="no sibling"):
        join_sibling(start(other, CPU), str(single / "checkpoint.pt"), CPU)


def test_mask_logits_are_not_taken_for_those_of_other_categories(single, toy_set):
    config, _ = setting(toy_set, ALONE | CLASSES, loss="mask-wise")
    others = replace(config, network=replace(config.network, classes=(101, 102)))
    weights = read_weights(single / "checkpoint.pt")
    assert start(config, CPU, weights).step == 0
    with pytest.raises(WeightsError, match="other categories"):
        start(others, CPU, weights)


@pytest.mark.parametrize(
    ("network", "training", "message"),
    [
        ({"class_specific": True}, {}, "class_specific needs"),
        ({"points": "heat-maps"}, {}, "heat-maps"),
        ({"canvas": False}, {"loss": "mask-wise"}, "grow_boxes = false"),
        (ALONE, {"loss": "mask-wise", "overlap": 0.5}, "overlap needs a canvas"),
        ({}, {"overlap": 1.5}, "overlap is a share of 0 to 1, not 1.5"),
        (ALONE, {}, "needs a canvas"),
        ({}, {"loss": "mask-wise"}, "canvas = false"),
    ],
)
def test_contradictions_are_refused(network, training, message):
    with pytest.raises(ConfigError, match=message):
        toy.toy_config(network=network, **training)
