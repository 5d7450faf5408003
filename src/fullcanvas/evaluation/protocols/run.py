"""A click protocol over a whole data set: `fullcanvas evaluate-clicks`."""

from __future__ import annotations

from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any, Literal

from fullcanvas import __version__
from fullcanvas.datasets import Dataset, Record, load_sample
from fullcanvas.evaluation.clusters import Engine
from fullcanvas.evaluation.engine import Progress, check_files, run_all
from fullcanvas.evaluation.errors import EvaluationError
from fullcanvas.evaluation.files import Parts, write_json
from fullcanvas.evaluation.predictors import Predictor, load_predictor
from fullcanvas.evaluation.protocols import multi_object, single_object
from fullcanvas.evaluation.protocols.clicks import Trace
from fullcanvas.evaluation.run import seen_in_training

Protocol = Literal["single-object", "multi-object"]


@dataclass(frozen=True, slots=True)
class ClickSettings:
    """What is done with every sample.

    Attributes:
        protocol: `single-object` counts as RITM does, `multi-object` as DynaMITe does.
        model: as `load_predictor` knows it.
        strategy: which object the multi-object protocol clicks on next; the other one ignores it.
        seed: of all random numbers, 0 or more.
    """

    protocol: Protocol
    model: str = "default"
    strategy: multi_object.Strategy = multi_object.Strategy.MAX_DT
    seed: int = 0


def evaluate_clicks(
    dataset: Dataset,
    settings: ClickSettings,
    *,
    limit: int | None = None,
    engine: Engine = Engine(),  # noqa: B008 (it is frozen)
    out: Path | None = None,
    progress: Progress = lambda *_: None,
) -> dict[str, Any]:
    """Clicks through a data set; the arguments and what they promise are those of `plan` and `evaluate`.

    Raises:
        DatasetError: the data set is broken, or not of the kind that the protocol is for.
        ModelError: the model cannot be used.
        EvaluationError: there is nothing to evaluate.
    """
    load_once.cache_clear()
    model = load_once(settings.model, None)
    seen = seen_in_training(dataset, model)
    kept = dataset.without(seen)
    kept = kept if limit is None else kept.first(limit)
    if not kept.records:
        raise EvaluationError(f"{dataset.name}: no photo is left to evaluate; {len(seen)} were trained on")
    rules = single_object if settings.protocol == "single-object" else multi_object
    rules.check(kept)
    identity = _identity(dataset.name, settings, model)
    parts = Parts(out and out.with_name(out.name + ".parts"), identity, Trace.from_json)
    with engine.open() as pool:
        check_files(kept, pool, progress)
        work = _Work(settings, model.hash, pool.threads)
        traces = run_all(kept.records, work, parts=parts, pool=pool, progress=progress, score=_RunningScore())
    objects = sum(len(trace.ious[0]) for trace in traces)
    counts = {"images": len({trace.image_id for trace in traces}), "left_out": len(seen), "objects": objects}
    report = {**identity, **counts, **rules.summarise(traces)}
    if out is not None:
        write_json(out, report)
    parts.clear()
    return report


@lru_cache(maxsize=1)
def load_once(spec: str, threads: int | None) -> Predictor:
    """`load_predictor`, once per process."""
    return load_predictor(spec, threads)


@dataclass(frozen=True, slots=True)
class _Work:
    """What travels to a worker."""

    settings: ClickSettings
    hash: str
    threads: int | None

    def __call__(self, record: Record) -> Trace:
        model = load_once(self.settings.model, self.threads)
        if model.hash != self.hash:
            raise EvaluationError("a worker found another model file under the same name: start again")
        sample = load_sample(record)
        if self.settings.protocol == "single-object":
            return single_object.click(sample, model, self.settings.seed)
        return multi_object.click(sample, model, self.settings.strategy, self.settings.seed)


def _identity(dataset: str, settings: ClickSettings, model: Predictor) -> dict[str, Any]:
    strategy = {"strategy": settings.strategy.value} if settings.protocol == "multi-object" else {}
    return {
        "fullcanvas": __version__,
        "dataset": dataset,
        "model": {"name": model.name, "hash": model.hash},
        "protocol": settings.protocol,
        **strategy,
        "seed": settings.seed,
    }


class _RunningScore:
    """The mean number of clicks per object so far, extreme points not counted."""

    def __init__(self) -> None:
        self.clicks = self.objects = 0

    def add(self, trace: Trace) -> None:
        self.clicks += len(trace.ious) - 1
        self.objects += len(trace.ious[0])

    def __str__(self) -> str:
        return f"{self.clicks / max(self.objects, 1):.1f} clicks per object"
