"""Configurations: what is read, what is refused, and that the shipped ones are right."""

from __future__ import annotations

from pathlib import Path

import pytest

from fullcanvas.learning.config import Config, NetworkConfig, TrainingConfig
from fullcanvas.learning.errors import ConfigError

CONFIGS = sorted((Path(__file__).parents[2] / "configs").rglob("*.toml"))


@pytest.mark.parametrize("path", CONFIGS, ids=lambda path: path.stem)
def test_the_shipped_configurations_are_read_and_round_trip(path):
    config = Config.read(path)
    assert Config.from_mapping(config.to_json()) == config


def test_what_is_not_said_has_defaults_and_the_network_can_be_given(tmp_path):
    assert Config.from_mapping({"name": "x"}).training == TrainingConfig()
    given = NetworkConfig(channels=7)
    (tmp_path / "bare.toml").write_text("name = 'x'")
    (tmp_path / "own.toml").write_text("name = 'x'\n[network]\nchannels = 9")
    assert Config.read(tmp_path / "bare.toml", given).network == given
    assert Config.read(tmp_path / "own.toml", given).network == NetworkConfig(channels=9)


def test_single_values_can_be_changed(tmp_path):
    (tmp_path / "base.toml").write_text("name = 'x'\n[training]\ncrop = 64\nsteps = 9")
    changes = ["training.steps = 3", "network.prior=false", "name='y'"]
    config = Config.read(tmp_path / "base.toml", changes=changes)
    assert (config.name, config.training.crop, config.training.steps) == ("y", 64, 3)
    assert config.network == NetworkConfig(prior=False)
    given = NetworkConfig(channels=7)
    read = Config.read(tmp_path / "base.toml", given, ["network.box_margin=2"])
    assert read.network == NetworkConfig(channels=7, box_margin=2)


@pytest.mark.parametrize(
    ("changes", "budget"),
    [
        ([], (7, 15.0)),
        (["training.steps = 4"], (4, 0.0)),
        (["training = { steps = 4 }"], (4, 0.0)),
        (["training.steps = 4", "training.minutes = 2"], (4, 2.0)),
        (["training.minutes = 2", "training.steps = 4"], (4, 0.0)),
        (["training.crop = 64"], (7, 15.0)),
    ],
)
def test_whoever_asks_for_steps_gets_them_of_a_file_with_minutes_too(
    changes: list[str], budget: tuple[int, float], tmp_path: Path
) -> None:
    (tmp_path / "minutes.toml").write_text("name = 'x'\n[training]\nsteps = 7\nminutes = 15")
    training = Config.read(tmp_path / "minutes.toml", changes=changes).training
    assert (training.steps, training.minutes) == budget


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ("training.step=3", "unknown key 'step'"),
        ("training.steps", "is no line of TOML"),
        ("network.box_margin=-1", "box_margin is 0 or more"),
        ("network=3", "NetworkConfig is a table"),
    ],
)
def test_a_change_that_cannot_be_is_refused(change, message, tmp_path):
    (tmp_path / "base.toml").write_text("name = 'x'")
    with pytest.raises(ConfigError, match=rf"base\.toml: .*{message}"):
        Config.read(tmp_path / "base.toml", changes=[change])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "needs the key 'name'"),
        ("name = 3", "name is of type str, not 3"),
        ("name = 'x'\nnetworks = 1", "unknown key 'networks'"),
        ("name = 'x'\nnetwork = 1", "NetworkConfig is a table"),
        ("name = 'x'\n[network]\nhead = 'big'", "head is one of pyramid, convolutions, not 'big'"),
        ("name = 'x'\n[network]\nprior = 1", "prior is of type bool"),
        ("name = 'x'\n[training]\ncrop = 100", "crop is a positive multiple of 32"),
        ("name = 'x'\n[training]\nsteps = 0", "steps is 1 or more"),
        ("name = 'x'\n[training]\nsteps = 1.5", "steps is of type int"),
        ("name = 'x'\n[training]\nmost_regions = 0", "most_regions is 1 or more"),
        ("name = 'x'\n[training]\nworkers = -1", "workers is 0 or more"),
        ("name = 'x'\n[training]\nscale = [2, 1]", "scale is a pair"),
        ("name = 'x'\n[training]\nlearning_rate = -1e-3", "learning_rate is 0 or more"),
        ("name = 'x'\n[training]\naverage = 2.0", "average is a share of 0 to 1, not 2.0"),
        ("name = 'x'\n[network]\nhead_channels = [64]", "head_channels are 3 widths for a pyramid head"),
        ("name = 'x'\n[network]\ncloser_below = -1", "closer_below is 0 or more"),
        (
            "name='x'\n[network]\ncanvas=false\nink_constraint=false\ngrow_boxes=false\ncloser_below=9",
            "canvas = false needs closer_below = 0",
        ),
        ("name = 'x'\n[training]\nrounds = []", "rounds lists at least one"),
        ("name = 'x'\n[[sources]]\nweight = 1", "Source needs the key 'path'"),
        ("name = 'x'\nsources = 3", "sources is a list of tables, not 3"),
        ("name = 'x'\n[training]\nseed = -1", "seed is 0 or more"),
        ("name = 'x'\n[training]\nlearning_rate = nan", "learning_rate is a finite number, not nan"),
        ("name = 'x'\n[network]\nchannels = 0", "channels is 1 or more"),
        ("name = 'x'\n[network]\nhead_channels = [8, 0, 8]", "head_channels are 1 or more each"),
        ("name = ", "Invalid value"),
    ],
)
def test_a_mistake_is_named_with_its_file(text, message, tmp_path):
    (tmp_path / "bad.toml").write_text(text)
    with pytest.raises(ConfigError, match=rf"bad\.toml: .*{message}"):
        Config.read(tmp_path / "bad.toml")


@pytest.mark.parametrize(
    ("network", "training", "message"),
    [
        ({"backbone": "mobile_sam"}, {}, "a backbone of timm's"),
        ({}, {"arithmetic": "bfloat16"}, "its layers count in float32"),
        ({"context": "vit_small_patch14_dinov2"}, {}, "needs context"),
        ({}, {"sibling": "full-image"}, "knows no scribbles"),
    ],
)
def test_dextr_ignores_nothing_that_is_asked_of_it(network, training, message):
    alone = {"kind": "dextr", "canvas": False, "grow_boxes": False, "ink_constraint": False, **network}
    asked = {"name": "x", "network": alone, "training": {"loss": "mask-wise", **training}}
    with pytest.raises(ConfigError, match=message):
        Config.from_mapping(asked)
