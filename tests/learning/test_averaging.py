"""Averages of two trainings: what may be averaged, what comes out, and what its record says."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from fullcanvas.learning import checkpoint
from fullcanvas.learning.averaging import average
from fullcanvas.learning.errors import WeightsError
from fullcanvas.learning.origin import licence_sentence
from fullcanvas.learning.run import restore, resume, start
from fullcanvas.learning.weights import read_weights
from tests.learning.toy import CPU, toy_config

SOURCE = {"path": "toy", "licence": "public domain"}


def nudged(run, step, seed):
    """The run as if it had learnt something."""
    generator = torch.Generator().manual_seed(seed)
    for network in (run.network, run.average):
        for value in network.state_dict().values():
            if value.is_floating_point():
                value.add_(0.01 * torch.rand(value.shape, generator=generator))
    run.step, run.seconds = step, 10.0 * step
    run.saw([("toy", seed)])
    return run


def saved(folder, name, run):
    path = folder / f"{name}.pt"
    checkpoint.save(path, run.state())
    return path


def scratch(seed=0):
    """A training from no other weights."""
    return start(toy_config(sources=[SOURCE], seed=seed), CPU)


def later(init, step, seed, name="toy", licence="CC0"):
    """A training that began from a file."""
    config = replace(toy_config(sources=[SOURCE]), name=name, licence=licence)
    return nudged(start(config, CPU, read_weights(init)), step, seed)


@pytest.fixture
def begin(tmp_path):
    return saved(tmp_path, "begin", nudged(scratch(), 7, 1))


def assert_between(run, one, other, share):
    ours, ones, others = (each.average.state_dict() for each in (run, one, other))
    for name in (name for name, value in ones.items() if value.is_floating_point()):
        assert torch.equal(ours[name], ones[name].lerp(others[name], share)), name
        assert torch.equal(run.network.state_dict()[name], ours[name]), name


def test_two_trainings_from_one_start_have_a_mean_and_means_have_means(begin, tmp_path):
    first, second, third = (later(begin, step, step) for step in (10, 20, 30))
    paths = [saved(tmp_path, str(run.step), run) for run in (first, second, third)]
    mean = average(paths[0], paths[1], 0.25)
    assert_between(mean, first, second, 0.25)
    assert (mean.step, mean.seconds) == (30, 300.0)
    assert mean.trained_on == {"toy": {1, 10, 20}}
    again = average(saved(tmp_path, "mean", mean), paths[2], 0.5)
    assert_between(again, mean, third, 0.5)
    parts = [(each["name"], each["steps"], each["share"]) for each in again.origin["average"]]
    assert parts == [("toy", 10, 0.375), ("toy", 20, 0.125), ("toy", 30, 0.5)]


@pytest.mark.parametrize("backwards", [False, True])
def test_a_training_may_be_averaged_with_what_it_began_from(begin, tmp_path, backwards):
    """Name, licence and sources are those of the one that is named last."""
    before = restore(checkpoint.load(begin), toy_config(sources=[SOURCE]), CPU)
    after = later(begin, 3, 2, name="narrow", licence="research only")
    files = {id(before): begin, id(after): saved(tmp_path, "after", after)}
    one, other = (after, before) if backwards else (before, after)
    mean = average(files[id(one)], files[id(other)], 0.6)
    assert_between(mean, one, other, 0.6)
    assert mean.config.name == other.config.name
    sentence = licence_sentence(mean.config, mean.origin)
    assert sentence.startswith(f"{other.config.licence}. Trained on toy (public domain)")
    assert "Its first weights came from toy: " in sentence
    assert [each["steps"] for each in mean.origin["average"]] == ([3, 7] if backwards else [7, 3])
    assert mean.trained_on == {"toy": {1, 2}}


def test_what_began_from_a_model_file_may_be_averaged_with_that_file(trained, tmp_path):
    after = later(trained.model, 3, 2, name="narrow", licence="research only")
    mean = average(trained.model, saved(tmp_path, "after", after), 0.6)
    before = start(after.config, CPU, read_weights(trained.model))
    assert_between(mean, before, after, 0.6)
    assert mean.folded
    assert mean.step == 63
    assert licence_sentence(mean.config, mean.origin).startswith("research only. Trained on toy")
    path = saved(tmp_path, "mean", mean)
    assert read_weights(path).record["first_weights"]["model"]["name"] == "toy"
    assert_between(resume(path, mean.config, CPU), before, after, 0.6)


@pytest.mark.parametrize("names", [("checkpoint.pt", "model.zip"), ("model.zip", "checkpoint.pt")])
def test_the_numbers_of_a_checkpoint_are_not_those_of_a_model_file(trained, names):
    """Even of one training: in the file a convolution's weights are scaled as the norm after it says."""
    one, other = (trained.folder / name for name in names)
    with pytest.raises(WeightsError, match="Name both checkpoints, or both model files"):
        average(one, other, 0.5)


def test_what_has_no_mean_is_refused(begin, tmp_path):
    same, other = saved(tmp_path, "same", scratch()), saved(tmp_path, "other", scratch(seed=1))
    assert average(begin, same, 1.0).step == 7
    with pytest.raises(WeightsError, match=r"other\.pt began from different weights, and neither from the"):
        average(begin, other, 0.5)
    elsewhere = saved(tmp_path, "elsewhere", later(other, 1, 1))
    with pytest.raises(WeightsError, match="began from different weights"):
        average(begin, elsewhere, 0.5)
    wide = start(toy_config(network={"channels": 9}, sources=[SOURCE]), CPU)
    with pytest.raises(WeightsError, match="networks of different shapes"):
        average(begin, saved(tmp_path, "wide", wide), 0.5)
    with pytest.raises(WeightsError, match=r"a share is 0 to 1, not 1\.5"):
        average(begin, same, 1.5)
