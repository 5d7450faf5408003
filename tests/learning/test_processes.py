"""Several processes train one network: together they learn what one would, and one of them writes."""

from __future__ import annotations

import json
import multiprocessing
import os
import shutil
import signal
from contextlib import nullcontext
from pathlib import Path
from unittest.mock import patch

import pytest
import torch
from rich.console import Console
from timm.layers.norm_act import convert_sync_batchnorm
from torch.distributed.launcher.api import LaunchConfig, elastic_launch

from fullcanvas.learning import checkpoint
from fullcanvas.learning.errors import RunError
from fullcanvas.learning.processes import Process, device_named, joined
from fullcanvas.learning.run import start
from fullcanvas.learning.sources import open_sources
from fullcanvas.learning.step import train_step
from fullcanvas.learning.train import Request, batches_of, train
from tests.learning import toy
from tests.learning.test_paper_models import ALONE, CLASSES
from tests.learning.toy import CPU, HERE

HALF_WAY = "half-way.pt"


def test_a_process_that_does_not_know_which_it_is_is_refused(monkeypatch):
    monkeypatch.setenv("WORLD_SIZE", "2")
    monkeypatch.delenv("LOCAL_RANK", raising=False)
    with pytest.raises(RunError, match="LOCAL_RANK is not: start the processes with torchrun"), joined("cpu"):
        pass


def launch(count, function, *arguments):
    """What `torchrun --nproc-per-node COUNT` does, but the processes come from one that has torch already."""
    multiprocessing.set_forkserver_preload(["fullcanvas.learning.train"])
    config = LaunchConfig(
        min_nodes=1,
        max_nodes=1,
        nproc_per_node=count,
        run_id="test",
        rdzv_backend="c10d",
        rdzv_endpoint="localhost:0",
        max_restarts=0,
        start_method="forkserver",
    )
    elastic_launch(config, function)(*arguments)


def train_in(folder, config):
    """A training on the CPU, which keeps its checkpoint of step 2."""
    torch.set_num_threads(1)
    save = checkpoint.save

    def keep(path, state):
        save(path, state)
        if state["step"] == 2:
            shutil.copy(path, folder / HALF_WAY)

    # The export takes long, and knows nothing of processes.
    with patch("fullcanvas.learning.train.export_run"), patch.object(checkpoint, "save", keep):
        train(Request(config, [], folder, device="cpu"), Console(quiet=True))


def end_of(folder):
    return checkpoint.load(folder / "checkpoint.pt")


def resumed(folder, source):
    folder.mkdir()
    shutil.copy(source / HALF_WAY, folder / "checkpoint.pt")
    return folder


def assert_close(state, other):
    """Equal but for the order of additions."""
    assert state["trained_on"] == other["trained_on"]
    for part in ("network", "average"):
        # The last bias moves all logits alike; nothing but that order decides where it goes.
        ours, theirs = ({**each[part], "head.out.bias": 0} for each in (state, other))
        torch.testing.assert_close(ours, theirs, rtol=1e-3, atol=1e-4)


@pytest.fixture(scope="module")
def config(toy_set, tmp_path_factory) -> Path:
    """Norms are frozen from the beginning: on CPUs each process would norm its own images."""
    training = toy.TRAINING | {"steps": 4, "freeze_norms": 0.0, "validate_every": 4, "checkpoint_every": 2}
    source = {"path": str(toy_set)}
    tables = {"name": "toy", "sources": [source], "network": toy.NETWORK, "training": training}
    return toy.write_toml(tmp_path_factory.mktemp("config") / "toy.toml", tables)


@pytest.fixture(scope="module")
def one(config, tmp_path_factory) -> Path:
    """The folder of a run by one process."""
    folder: Path = tmp_path_factory.mktemp("one")
    train_in(folder, config)
    return folder


@pytest.fixture(scope="module")
def two(config, tmp_path_factory) -> Path:
    """The folder of a run by two processes."""
    folder: Path = tmp_path_factory.mktemp("two")
    launch(2, train_in, folder, config)
    return folder


def test_two_processes_learn_what_one_does(one, two):
    assert_close(end_of(two), end_of(one))


def test_one_of_them_writes(one, two):
    files, theirs = (sorted(path.name for path in folder.iterdir()) for folder in (one, two))
    assert files == theirs
    assert len(list((two / "tensorboard").iterdir())) == 1
    curves = [json.loads((folder / "log.jsonl").read_text())["curve"] for folder in (one, two)]
    assert curves[1] == pytest.approx(curves[0], abs=0.01)


def test_any_number_of_processes_goes_on_with_a_run(two, config, tmp_path):
    train_in(resumed(tmp_path / "two-then-one", two), config)
    assert_close(end_of(tmp_path / "two-then-one"), end_of(two))


def test_a_resumed_run_of_two_processes_equals_the_uninterrupted_one(two, config, tmp_path):
    launch(2, train_in, resumed(tmp_path / "again", two), config)
    expected = end_of(two)["network"]
    for name, value in end_of(tmp_path / "again")["network"].items():
        assert torch.equal(value, expected[name]), name


def killed_in(folder, config, call):
    """A training that is killed, as by `kill -9`, when it calls this for the second time."""
    calls = []

    def kill(*_arguments, **_more):
        calls.append(call)
        if len(calls) == 2:
            os.kill(os.getpid(), signal.SIGKILL)

    with patch(call, kill):
        train_in(folder, config)


@pytest.mark.parametrize("call", ["pathlib.Path.chmod", "fullcanvas.learning.progress.JsonListener.stepped"])
def test_a_killed_run_goes_on_as_if_nothing_had_happened(call, one, config, tmp_path):
    """Killed in its second step, before any checkpoint; or while the second checkpoint was written."""
    victim = multiprocessing.get_context("forkserver").Process(
        target=killed_in, args=(tmp_path, config, call)
    )
    victim.start()
    victim.join()
    assert victim.exitcode == -signal.SIGKILL
    assert bool(list(tmp_path.glob("*.partial"))) == (call == "pathlib.Path.chmod")
    train_in(tmp_path, config)
    expected = end_of(one)
    for part in ("network", "average"):
        assert all(torch.equal(value, expected[part][name]) for name, value in end_of(tmp_path)[part].items())


def what_is_averaged(config, number, count):
    """Loss and gradients of the first step, of one of some processes."""
    said: list[torch.Tensor] = []

    class Heard(Process):
        def average(self, tensors):
            said.extend(each.clone() for each in tensors)

        def gather(self, word):
            return [word]

    run, sets, process = start(config, CPU), open_sources(config, []), Heard(CPU, number, count)
    train_step(run, next(batches_of(run, sets, process)), process)
    return said


@pytest.mark.parametrize(
    ("network", "training"),
    [
        ({}, {"rounds": [2]}),
        (CLASSES | {"classes": (1, 2)}, {}),
        (ALONE, {"loss": "mask-wise"}),
        (ALONE | {"kind": "dextr", "channels": 8}, {"loss": "mask-wise"}),
    ],
    ids=["regions", "class-specific", "single-region", "dextr"],
)
def test_the_mean_over_processes_is_that_over_all_images(network, training, toy_set):
    source = {"path": str(toy_set)}
    config = toy.toy_config(network=network, sources=[source], freeze_norms=0.0, **training)
    whole = what_is_averaged(config, 0, 1)
    parts = zip(what_is_averaged(config, 0, 2), what_is_averaged(config, 1, 2), strict=True)
    torch.testing.assert_close([(one + other) / 2 for one, other in parts], whole, rtol=1e-4, atol=1e-6)


def test_every_image_has_one_process_or_the_number_is_refused():
    assert [Process(CPU, number, 3).places(6) for number in range(3)] == [range(2), range(2, 4), range(4, 6)]
    with pytest.raises(RunError, match="images_per_step = 4 cannot be shared out evenly among 3 processes"):
        Process(CPU, 0, 3).places(4)


def test_processes_that_begin_differently_are_refused(config, tmp_path, monkeypatch):
    class OneOfTwo(Process):
        def gather(self, word):
            return [word, ("toy", 2)]

    monkeypatch.setattr("fullcanvas.learning.train.joined", lambda _: nullcontext(OneOfTwo(CPU, 0, 2)))
    with pytest.raises(RunError, match="do not begin alike"):
        train_in(tmp_path, config)


def test_norms_that_are_shared_change_nothing_for_one_process(toy_set):
    config = toy.toy_config(sources=[{"path": str(toy_set)}])
    ends = []
    for change in (lambda network: network, convert_sync_batchnorm):
        run = start(config, CPU)
        run.network = change(run.network)
        train_step(run, next(batches_of(run, open_sources(config, []), HERE)), HERE)
        ends.append(run.average.state_dict())
    assert any(isinstance(each, torch.nn.SyncBatchNorm) for each in run.network.modules())
    assert all(torch.equal(value, ends[1][name]) for name, value in ends[0].items())


def test_each_process_has_a_gpu_of_its_own(monkeypatch):
    monkeypatch.setattr("torch.cuda.is_available", lambda: True)
    monkeypatch.setattr("torch.cuda.device_count", lambda: 2)
    assert [device_named("auto", place) for place in (0, 1)] == [
        torch.device("cuda", 0),
        torch.device("cuda", 1),
    ]
    assert device_named("cpu", 1) == CPU
    with pytest.raises(RunError, match="torch sees 2 GPUs here"):
        device_named("cuda", 2)
    monkeypatch.setattr("torch.cuda.is_available", lambda: False)
    assert device_named("auto", 2) == CPU
    with pytest.raises(RunError, match="no GPU here: use --device cpu"):
        device_named("cuda")
