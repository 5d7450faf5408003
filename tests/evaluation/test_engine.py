"""The same numbers wherever the work is done, and whatever becomes of the workers."""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Iterator
from typing import Any

import pytest
from typer.testing import CliRunner

from fullcanvas.cli import app
from fullcanvas.datasets import Dataset, open_dataset
from fullcanvas.evaluation import engine
from fullcanvas.evaluation.engine import Engine
from fullcanvas.evaluation.errors import EvaluationError
from fullcanvas.evaluation.run import Settings, evaluate, plan
from fullcanvas.inference.graph import real_cores
from tests.panoptic_folder import halves, write_dataset
from tests.tiny_model import write_tiny_model

distributed = pytest.importorskip("distributed")

IMAGES = 16


@pytest.fixture(scope="module")
def dataset(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    folder = tmp_path_factory.mktemp("data") / "halves"
    write_dataset(folder, [halves(30, 40, 5 + number) for number in range(IMAGES)])
    return open_dataset(folder)


@pytest.fixture(scope="module")
def settings(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    return Settings(str(write_tiny_model(tmp_path_factory.mktemp("models") / "tiny.zip")), rounds=1)


@pytest.fixture(scope="module")
def cluster() -> Iterator[Any]:
    options = {"n_workers": 2, "threads_per_worker": 1, "dashboard_address": None, "silence_logs": 60}
    with distributed.LocalCluster(**options) as started:
        yield started


def workers_of(cluster: Any) -> list[int]:
    with distributed.Client(cluster) as client:
        return list(client.run(os.getpid).values())


def test_a_dask_cluster_finds_the_same_numbers_with_a_worker_killed_in_the_middle(dataset, settings, cluster):
    victim, survivor = workers_of(cluster)
    seen: list[int] = []

    def kill_one(task: str, done: int, total: int, score: str) -> None:
        if task == "evaluating":
            seen.append(done)
            if done == 2:
                os.kill(victim, signal.SIGKILL)

    engine = Engine(kind="dask", address=cluster.scheduler_address)
    report = evaluate(plan(dataset, settings), engine=engine, progress=kill_one)
    assert seen == list(range(IMAGES + 1))
    after = workers_of(cluster)
    assert victim not in after
    assert survivor in after
    assert report == evaluate(plan(dataset, settings))


def test_the_command_takes_a_cluster(dataset, settings, cluster, tmp_path):
    out, folder = tmp_path / "out.json", str(dataset.records[0].map.parent.parent)
    options = ["--model", settings.model, "--rounds", "1", "--limit", "3", "--json", str(out)]
    options += ["--engine", "dask", "--address", cluster.scheduler_address]
    result = CliRunner().invoke(app, ["evaluate", folder, *options])
    assert result.exit_code == 0, result.output
    alone = evaluate(plan(dataset, settings, limit=3))
    assert json.loads(out.read_text()) == json.loads(json.dumps(alone))


def die_at_three(number: int) -> int:
    if number == 3:
        os.kill(os.getpid(), signal.SIGKILL)
    return number


def test_dead_processes_stop_a_run_with_a_word():
    with Engine(2).open() as pool, pytest.raises(EvaluationError, match=r"workers died.*start again"):
        list(pool.spread((die_at_three, (number,)) for number in range(6)))


def test_workers_share_the_cores():
    with Engine(1).open() as pool:
        assert pool.threads is None
    with Engine(2).open() as pool:
        assert pool.threads == max(1, real_cores() // 2)
        assert list(pool.spread([(divmod, (7, 2))])) == [(3, 1)]


def test_without_ray_its_engine_says_so(monkeypatch):
    monkeypatch.setitem(sys.modules, "ray", None)
    with (
        pytest.raises(EvaluationError, match=r"--engine ray needs a package.*pip install ray"),
        Engine(kind="ray").open(),
    ):
        pass


def test_a_scheduler_that_does_not_answer(monkeypatch):
    monkeypatch.setattr(engine, "PATIENCE", 0.2)
    nowhere = Engine(kind="dask", address="tcp://127.0.0.1:9")
    with (
        pytest.raises(EvaluationError, match=r"no Dask scheduler answers at tcp://127\.0\.0\.1:9"),
        nowhere.open(),
    ):
        pass


@pytest.mark.parametrize(("options", "word"), [({"jobs": 0}, "jobs"), ({"address": "x"}, "--engine dask")])
def test_engines_that_cannot_be(options, word):
    with pytest.raises(EvaluationError, match=word):
        Engine(**options)


def test_backends_that_do_not_stream_are_fed_by_the_slice(monkeypatch):
    monkeypatch.setattr(engine, "SLICE", 3)
    workers = engine._Workers(1, {"backend": "sequential"}, streams=False)
    calls = [(pow, (number, 2)) for number in range(8)]
    assert list(workers.spread(calls)) == [number**2 for number in range(8)]
