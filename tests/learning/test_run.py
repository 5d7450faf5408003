"""Runs resume exactly, are deterministic, and their checkpoints are never half written."""

from __future__ import annotations

import os
import tempfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from fullcanvas.datasets import DatasetError
from fullcanvas.learning import checkpoint, kinds, samples, train
from fullcanvas.learning.errors import CheckpointError, RunError
from fullcanvas.learning.grading import Lesson
from fullcanvas.learning.progress import EVERY, Pace
from fullcanvas.learning.rounds import corrected
from fullcanvas.learning.run import resume, start
from fullcanvas.learning.sources import open_sources
from fullcanvas.learning.step import learning_rate_factor, train_step
from fullcanvas.learning.train import batches_of, train_to_end
from tests.learning import toy
from tests.learning.toy import CPU, HERE, toy_batches, toy_config
from tests.panoptic_folder import write_dataset


@pytest.fixture
def config(toy_set):
    return toy_config(sources=[{"path": str(toy_set)}], steps=6, images_per_step=2, rounds=[1], held_back=0)


def advance(run, steps):
    crops = toy_batches(open_sources(run.config, []), run.config, run.step)
    return [train_step(run, next(crops), HERE) for _ in range(steps)]


def assert_same(one, other):
    assert one.keys() == other.keys()
    for name, value in one.items():
        assert torch.equal(value, other[name]), name


def test_six_steps_are_three_and_three_more(config, tmp_path):
    straight = start(config, CPU)
    advance(straight, 6)
    first = start(config, CPU)
    advance(first, 3)
    checkpoint.save(tmp_path / "checkpoint.pt", first.state())
    second = resume(tmp_path / "checkpoint.pt", config, CPU)
    advance(second, 3)
    assert second.step == 6
    assert_same(straight.network.state_dict(), second.network.state_dict())
    assert_same(straight.average.state_dict(), second.average.state_dict())
    assert straight.trained_on == second.trained_on


def test_a_seed_decides_everything(config):
    first, second = start(config, CPU), start(config, CPU)
    losses = advance(first, 2)
    assert advance(second, 2) == losses
    assert_same(first.network.state_dict(), second.network.state_dict())
    other = replace(config, training=replace(config.training, seed=1))
    assert advance(start(other, CPU), 2) != losses


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")  # Python's, from 3.12 on
def test_layers_count_in_what_is_asked_for(config):
    """bfloat16 leads to nearly the same loss, and leaves weights as fine as they were."""
    sets, losses = open_sources(config, []), {}
    for arithmetic in ("automatic", "float32", "bfloat16"):
        run = start(replace(config, training=replace(config.training, arithmetic=arithmetic)), CPU)
        losses[arithmetic] = train_step(run, next(toy_batches(sets, config)), HERE)
        assert all(value.dtype == torch.float32 for value in run.network.parameters())
    assert losses["automatic"] == losses["float32"] != losses["bfloat16"]
    assert losses["bfloat16"] == pytest.approx(losses["float32"], rel=0.02)


def test_workers_change_no_crop(config):
    sets = open_sources(config, [])
    streams = []
    for workers in (0, 2):
        training = replace(config.training, workers=workers)
        crops = toy_batches(sets, replace(config, training=training), 3)
        streams.append([crop for _ in range(3) for crop in next(crops)])
    for one, other in zip(*streams, strict=True):
        assert one.regions == other.regions
        assert (one.image == other.image).all()
        assert (one.truth == other.truth).all()


@pytest.mark.filterwarnings("ignore:.*fork.*:DeprecationWarning")  # Python's, from 3.12 on
@pytest.mark.parametrize("workers", [0, 1])
def test_a_broken_photo_is_named_in_one_line(workers, tmp_path):
    folder = toy.write_toy_set(tmp_path / "toy", 1)
    (photo,) = (folder / "images").iterdir()
    photo.write_text("hello")
    run = start(toy_config(sources=[{"path": str(folder)}], held_back=0, workers=workers), CPU)
    crops = batches_of(run, open_sources(run.config, []), HERE)
    with pytest.raises(DatasetError) as refused:
        next(crops)
    assert str(refused.value).startswith(f"{photo}: cannot be decoded")
    assert "\n" not in str(refused.value)


def test_a_budget_may_grow_but_nothing_else_may_change(config, tmp_path):
    checkpoint.save(tmp_path / "checkpoint.pt", start(config, CPU).state())
    longer = replace(config, training=replace(config.training, steps=9))
    assert resume(tmp_path / "checkpoint.pt", longer, CPU).config.training.steps == 9
    other = replace(config, training=replace(config.training, seed=1))
    with pytest.raises(RunError, match=r"training differ.*--no-resume"):
        resume(tmp_path / "checkpoint.pt", other, CPU)


def test_a_budget_in_minutes_ends_by_the_clock(config, toy_set, tmp_path):
    timed = replace(config, training=replace(config.training, minutes=1e-6, steps=10**6))
    run = start(timed, CPU)
    assert run.progress == 0
    train_to_end(run, open_sources(timed, []), tmp_path / "checkpoint.pt", HERE, [])
    assert run.step == 1
    assert run.progress == 1
    assert run.seconds > 0


def test_a_validation_that_was_broken_off_is_made_up(toy_set, tmp_path, monkeypatch):
    config = toy_config(sources=[{"path": str(toy_set)}], steps=2, validate_every=9, checkpoint_every=9)
    sets, path = open_sources(config, []), tmp_path / "checkpoint.pt"
    run = start(config, CPU)

    def killed(*_arguments):
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(kinds, "validate", killed)
        with pytest.raises(KeyboardInterrupt):
            train_to_end(run, sets, path, HERE, [])
    again = resume(path, config, CPU)
    assert (again.step, again.curve) == (2, [])
    train_to_end(again, sets, path, HERE, [])
    assert again.curve
    assert checkpoint.load(path)["curve"] == again.curve
    assert checkpoint.load(path)["validated"] == 2
    calls = []
    monkeypatch.setattr(kinds, "validate", lambda *_arguments: calls.append(1))
    train_to_end(resume(path, config, CPU), sets, path, HERE, [])
    assert not calls


def test_photos_that_first_weights_know_are_not_held_back(toy_set):
    config = toy_config(sources=[{"path": str(toy_set)}])
    run, (opened,) = start(config, CPU), open_sources(config, [])
    known, *others = opened.held_back.image_ids
    run.saw([("toy", known), ("elsewhere", others[0])])
    (left,) = train.unseen([opened], run)
    assert left.held_back.image_ids == tuple(others)
    assert left.training.image_ids == opened.training.image_ids


def test_a_loss_that_is_not_finite_ends_the_run_before_it_does_harm(config):
    run = start(config, CPU)
    with torch.no_grad():
        run.network.get_parameter("head.enter.0.weight").fill_(float("nan"))
    before = {name: value.detach().clone() for name, value in run.network.named_parameters()}
    with pytest.raises(RunError, match=r"step 1 leads to numbers that are not finite: .*learning_rate"):
        advance(run, 1)
    assert run.step == 0
    for name, value in run.network.named_parameters():
        assert torch.equal(value, before[name]) or name == "head.enter.0.weight"


def test_regions_that_are_all_too_small_are_no_endless_search(tmp_path, monkeypatch):
    labels = np.zeros((toy.SIDE, toy.SIDE), np.int64)
    labels[5:7, 5] = 1
    write_dataset(tmp_path / "dots", [labels])
    monkeypatch.setattr(samples, "MOST_DRAWS", 3)
    config = toy_config(sources=[{"path": str(tmp_path / "dots")}], held_back=0)
    with pytest.raises(DatasetError, match="none of 3 draws from dots has a region of 12 pixels"):
        next(toy_batches(open_sources(config, []), config))


def test_a_process_that_makes_crops_and_ends_is_told_of(config, monkeypatch):
    def ended():
        yield from ()
        raise RuntimeError("DataLoader worker (pid 7) is killed by signal: Killed.")

    monkeypatch.setattr(train, "batches", lambda *_arguments: ended())
    with pytest.raises(RunError, match=r"signal: Killed.*training\.workers=0"):
        next(batches_of(start(config, CPU), open_sources(config, []), HERE))


def test_the_pace_is_that_of_the_last_steps(config):
    run = start(config, CPU)
    pace = Pace(run)
    for waited in [5.0] * 30 + [1.0] * EVERY:
        run.step, run.seconds = run.step + 1, run.seconds + 10
        pace.stepped(loss=waited, waited=waited, took=10.0)
    assert (pace.loss, pace.waiting) == (1.0, 0.1)
    assert pace.images_per_second == pytest.approx(config.training.images_per_step / 10)


def test_a_backbone_learns_at_its_own_rate(config):
    rates = {"learning_rate": 1e-3, "backbone_learning_rate": 0.0, "warmup": 1}
    run = start(replace(config, training=replace(config.training, **rates)), CPU)
    before = {name: value.detach().clone() for name, value in run.network.named_parameters()}
    advance(run, 1)
    moved = {name for name, value in run.network.named_parameters() if not torch.equal(value, before[name])}
    assert not any(name.startswith("encoder.body.") for name in moved)
    assert {"encoder.out.weight", "head.out.weight", "head.prior.scale"} <= moved


def test_the_average_of_weights_begins_as_a_short_one(config):
    """However slow it is to be in the end, it soon has left the random numbers that it began with."""
    config = replace(config, training=replace(config.training, average=0.9999))
    run = start(config, CPU)
    first = run.network.state_dict()["head.out.weight"].clone()
    advance(run, 3)
    live, mean = (network.state_dict()["head.out.weight"] for network in (run.network, run.average))
    assert (mean - live).norm() < 0.5 * (first - live).norm()


def test_scribbles_are_drawn_anew_in_every_step_and_for_every_image(config):
    lessons = [Lesson.of(config.training, None, step, range(2)) for step in (0, 1)]
    drawn = [rng.random() for lesson in lessons for rng in (lesson.shared, *lesson.own)]
    assert len(set(drawn)) == 6
    again = Lesson.of(config.training, None, 1, range(1, 2))
    assert [rng.random() for rng in (again.shared, *again.own)] == [drawn[3], drawn[5]]


@pytest.mark.parametrize(("share", "expected"), [(0.0, {"one-per-region"}), (1.0, {"free"})])
def test_rounds_are_allocated_freely_as_often_as_is_asked_for(share, expected, config, monkeypatch):
    allocations = set()

    def noted(*arguments, **options):
        allocations.add(options["allocation"])
        return corrected(*arguments, **options)

    monkeypatch.setattr("fullcanvas.learning.grading.corrected", noted)
    advance(start(replace(config, training=replace(config.training, free_share=share)), CPU), 2)
    assert allocations == expected


def test_rates_warm_up_and_fall_to_nothing():
    assert learning_rate_factor(0, 0.0, 10) == pytest.approx(0.1)
    assert learning_rate_factor(20, 0.5, 10) == pytest.approx(0.5)
    assert learning_rate_factor(20, 1.0, 10) == pytest.approx(0.0)


@pytest.mark.parametrize("failing", ["mkstemp", "save", "fsync", "replace"])
def test_a_failing_write_leaves_the_old_checkpoint(failing, config, tmp_path, monkeypatch):
    path = tmp_path / "checkpoint.pt"
    checkpoint.save(path, start(config, CPU).state())
    old = path.read_bytes()

    def fail(*_arguments: object, **_more: object) -> None:
        raise OSError("the disk is full")

    owner = {"mkstemp": tempfile, "save": torch, "fsync": os, "replace": Path}[failing]
    with monkeypatch.context() as patch:
        patch.setattr(owner, failing, fail)
        with pytest.raises(OSError, match="full"):
            checkpoint.save(path, {"step": 1})
    assert path.read_bytes() == old
    assert [file.name for file in tmp_path.iterdir()] == ["checkpoint.pt"]


def test_what_is_no_checkpoint_is_refused(tmp_path):
    with pytest.raises(CheckpointError, match="there is no checkpoint"):
        checkpoint.load(tmp_path / "none.pt")
    (tmp_path / "text.pt").write_text("hello")
    with pytest.raises(CheckpointError, match=r"text\.pt is not a checkpoint"):
        checkpoint.load(tmp_path / "text.pt")
    torch.save({"step": 1}, tmp_path / "other.pt")
    with pytest.raises(CheckpointError, match="lacks"):
        checkpoint.load(tmp_path / "other.pt")
