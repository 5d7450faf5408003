"""Where data sets are looked for, and what of them is held back."""

from __future__ import annotations

import json

import pytest

from fullcanvas.datasets import DatasetError, open_dataset
from fullcanvas.learning.errors import ConfigError
from fullcanvas.learning.kinds import KINDS
from fullcanvas.learning.sources import is_held_back, open_sources, split, with_data
from fullcanvas.learning.train import with_classes
from tests.learning.toy import toy_config, write_toy_set


def test_training_and_held_back_photos_are_all_and_share_none(toy_set):
    whole = open_dataset(toy_set)
    training, held_back = split(whole, 4)
    assert not set(training.image_ids) & set(held_back.image_ids)
    assert sorted(training.image_ids + held_back.image_ids) == list(whole.image_ids)
    assert 0 < len(held_back) < len(whole)
    assert len(split(whole, 0)[1]) == 0


def test_the_same_photos_are_held_back_on_every_machine_and_in_every_release():
    """Models were trained without them, and say so in their files."""
    assert [id_ for id_ in range(40) if is_held_back(id_, 4)] == [1, 8, 26]


def test_relative_sources_lie_in_the_folder_that_data_names(toy_set):
    config = toy_config(sources=[{"path": "toy"}])
    assert with_data(config, [toy_set.parent]) == config
    (only,) = open_sources(config, [toy_set.parent])
    assert only.training.name == "toy"


def test_a_data_set_takes_the_place_of_the_sources(toy_set):
    config = with_data(toy_config(sources=[{"path": "elsewhere"}]), [toy_set])
    assert [source.path for source in config.sources] == [str(toy_set)]
    assert open_sources(config, [toy_set])[0].training.name == "toy"


def test_a_part_of_the_one_set_in_a_folder_stays_a_part(toy_set):
    config = toy_config(sources=[{"path": "panoptic.json", "fraction": 0.5}])
    assert with_data(config, [toy_set]) == config
    whole = toy_config(sources=[{"path": str(toy_set / "panoptic.json"), "fraction": 0.5}])
    assert [source.fraction for source in with_data(whole, [toy_set]).sources] == [1.0]


def test_what_is_missing_is_named(tmp_path, toy_set):
    with pytest.raises(ConfigError, match="--data"):
        open_sources(toy_config(), [])
    with pytest.raises(DatasetError, match="no COCO panoptic data set here"):
        open_sources(toy_config(), [tmp_path])
    with pytest.raises(DatasetError, match="nowhere is missing; looked for"):
        open_sources(toy_config(sources=[{"path": "nowhere"}]), [tmp_path])
    with pytest.raises(DatasetError, match="held_back = 0"):
        open_sources(toy_config(sources=[{"path": str(toy_set)}], held_back=1), [])
    (tmp_path / "panoptic.json").write_text("{")
    with pytest.raises(DatasetError, match=r"panoptic\.json: the folder of its maps is missing"):
        open_sources(with_data(toy_config(), [tmp_path]), [tmp_path])
    with pytest.raises(ConfigError, match="weight"):
        open_sources(toy_config(sources=[{"path": str(toy_set), "weight": 0}]), [])


@pytest.mark.parametrize("regions", ["all", "things"])
def test_a_data_set_without_regions_is_refused(toy_set, tmp_path, regions):
    """The search for a crop with a region in it would never end."""
    folder = write_toy_set(tmp_path / "bare", 3)
    described = json.loads((folder / "panoptic.json").read_text())
    for annotation in described["annotations"]:
        for segment in annotation["segments_info"]:
            segment["iscrowd"] = 1
    if regions == "things":
        described = json.loads((folder / "panoptic.json").read_text())
        for category in described["categories"]:
            category["isthing"] = 0
    (folder / "panoptic.json").write_text(json.dumps(described))
    wanted = "region" if regions == "all" else "thing"
    with pytest.raises(DatasetError, match=f"bare: none of its 3 photos has a {wanted} to train on"):
        open_sources(toy_config(sources=[{"path": str(folder)}], regions=regions, held_back=0), [])


def test_a_network_of_classes_is_no_network_for_others(toy_set):
    sets = open_sources(toy_config(sources=[{"path": str(toy_set)}]), [])
    of_classes = {"class_specific": True, "head": "convolutions", "prior": False}
    known = with_classes(toy_config(network=of_classes), sets)
    assert with_classes(known, sets) == known
    with pytest.raises(DatasetError, match="knows 1 categories, and the data have others, such as"):
        with_classes(toy_config(network={**of_classes, "classes": [77]}), sets)


def test_a_backbone_that_timm_does_not_have_is_named():
    with pytest.raises(ConfigError, match="timm has no model 'resnet_of_mine'"):
        KINDS["regions"].make(toy_config(network={"backbone": "resnet_of_mine"}))
